# SPDX-License-Identifier: GPL-3.0-or-later
"""What the training of a cluster model has seen: the plugin leaves everything else to Lund strings.

Single clusters are known by their ends and mass. A fit to whole events sees colour singlets, whose
kind is the pair of their ends, their mass and the number of their gluons; where the fitted model
misses the charged multiplicity of a kind, that kind is not known either.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pythia8mc
from numpy.typing import NDArray

from mcsurrogate.errors import PythiaError
from mcsurrogate.generators import attach_hadronization
from mcsurrogate.hadronization.clusters.flavours import CLUSTER_ENDS
from mcsurrogate.hadronization.clusters.steps import DecaySteps

__all__ = ["cluster_domain", "singlet_domain", "tried_elsewhere"]

# The same numbering as cpp_bindings/hadronization/cluster_domain.cpp.
_KINDS = 5
_OCTAVES = 14
_LOWEST_OCTAVE = -1
_GLUONS = np.array([0, 1, 2, 3, 5, 9])
_GLUON = 21
_SHAPE = (_KINDS * _KINDS, _OCTAVES, len(_GLUONS))

_FEWEST_DECAYS = 200
_FEWEST_SINGLETS = 30
_QUANTILE = 0.001
_STANDARD_DEVIATIONS = 3.0
# Largest deviation of a kind that only another process than that of the fit knows.
_SHOWN = 0.1
_PRIMARY = range(81, 90)
_LARGEST_SEED = 900_000_000


def cluster_domain(steps: DecaySteps) -> NDArray[np.float32]:
    """Masses of the clusters that decays were trained on, by their ends.

    Returns
    -------
    NDArray[np.float32]
        ``(14, 14, 2)``: lightest and heaviest in GeV without the outermost 0.1%, for the ends of
        the canonical cluster; the heaviest is 0 where there were fewer than 200 decays.
    """
    size = len(CLUSTER_ENDS)
    domain = np.zeros((size, size, 2), dtype=np.float32)
    for first in range(size):
        for second in range(first + 1):
            mass = steps.mass[(steps.first == first) & (steps.second == second)]
            if len(mass) >= _FEWEST_DECAYS:
                domain[first, second] = np.quantile(mass, [_QUANTILE, 1.0 - _QUANTILE])
    # What is lighter than the lightest seen has a threshold of its own.
    domain[..., 0] = np.where(domain[..., 1] > 0, 0.0, domain[..., 0])
    return domain


def singlet_domain(
    weights: Path, settings: Sequence[str], *, events: int, seed: int, tolerance: float
) -> dict[str, NDArray[Any]]:
    """Colour singlets that whole events have, by kind, where the model describes them.

    The model and Pythia hadronize equally many events. A kind whose mean charged multiplicity,
    after decays and relative to that of all singlets, deviates by more than `tolerance` and three
    standard deviations counts as not seen.

    Parameters
    ----------
    weights
        The fitted model.
    settings
        Pythia settings of the process that it was fitted to.
    events
        Of either sample.
    seed
        Of the model's sample; the other one's is the next.
    tolerance
        Largest relative deviation.

    Returns
    -------
    dict[str, NDArray[Any]]
        Tensors of a weights file. ``domain.singlets``, ``(25, 14, 6)`` int32: numbers of singlets
        by kinds of both ends (light quark, charm, bottom, diquark, gluon for a closed loop; 5 a + b
        with a >= b), octave of the mass in GeV from 1/2 on, and number of gluons (0, 1, 2, 3 to 4,
        5 to 8, more); below 30 means unknown. ``domain.share``, ``(1,)`` float32: the share of
        unknown ones among these events.

    Raises
    ------
    PythiaError
        If Pythia cannot be initialised.
    """
    model, target = (
        _moments(hadronized_by, settings, events, seed=(seed + i - 1) % _LARGEST_SEED + 1)
        for i, hadronized_by in enumerate([weights, None])
    )
    factor = (model[1].sum() / model[0].sum()) / (target[1].sum() / target[0].sum())
    deviation, error = _deviation(model, target, factor)
    seen = np.where(_misses(deviation, error, tolerance), 0, target[0]).astype(np.int32)
    share = target[0][seen < _FEWEST_SINGLETS].sum() / target[0].sum()
    return {
        "domain.singlets": seen,
        "domain.share": np.array([share], dtype=np.float32),
    }


def tried_elsewhere(
    domain: dict[str, NDArray[Any]],
    weights: Path,
    processes: Sequence[Sequence[str]],
    *,
    events: int,
    seed: int,
    tolerance: float,
) -> dict[str, NDArray[Any]]:
    """Add kinds of singlets that the model describes in processes that it was not fitted to.

    There a kind must be shown to agree: its mean charged multiplicity, not relative to others,
    within the tolerance and 10%, and known to half of that. A kind that misses, by more than the
    tolerance and three standard deviations, is taken away.

    Parameters
    ----------
    domain
        As `singlet_domain` gives it; left as it is.
    weights, tolerance
        As there.
    processes
        Pythia settings of each process.
    events
        Of either sample of each.
    seed
        Of the first sample.

    Raises
    ------
    PythiaError
        If Pythia cannot be initialised.
    """
    seen = domain["domain.singlets"].copy()
    shown = min(tolerance, _SHOWN)
    for i, settings in enumerate(processes):
        model, target = (
            _moments(
                hadronized_by, settings, events, seed=(seed + 2 * i + j - 1) % _LARGEST_SEED + 1
            )
            for j, hadronized_by in enumerate([weights, None])
        )
        deviation, error = _deviation(model, target, 1.0)
        agrees = (np.abs(deviation) <= shown) & (error <= shown / 2.0)
        enough = np.minimum(model[0], target[0]) >= _FEWEST_SINGLETS
        seen = np.where(agrees & enough, np.maximum(seen, target[0]), seen)
        seen = np.where(_misses(deviation, error, tolerance) & enough, 0, seen).astype(np.int32)
    return {**domain, "domain.singlets": seen}


def _misses(
    deviation: NDArray[np.float64], error: NDArray[np.float64], tolerance: float
) -> NDArray[np.bool_]:
    """Kinds that deviate by more than what is tolerated and what is chance."""
    size = np.abs(deviation)
    return (size > tolerance) & (size > _STANDARD_DEVIATIONS * error)


def _deviation(
    model: NDArray[np.float64], target: NDArray[np.float64], factor: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Relative deviation of the mean of each kind, and its error; not a number where none is."""
    with np.errstate(divide="ignore", invalid="ignore"):
        mean, wanted = model[1] / model[0], target[1] / target[0]
        # Squares of the relative errors of both.
        squares = [(m[2] * m[0] / m[1] ** 2 - 1.0) / m[0] for m in (model, target)]
        deviation = mean / (factor * wanted) - 1.0
        return deviation, np.sqrt(np.add(*squares))


def _moments(
    weights: Path | None, settings: Sequence[str], events: int, *, seed: int
) -> NDArray[np.float64]:
    """``(3, *_SHAPE)`` sums of 1, n and n^2 over singlets with n charged particles."""
    pythia = pythia8mc.Pythia("", False)
    own = ["Print:quiet = on", "Random:setSeed = on", f"Random:seed = {seed}"]
    if weights is not None:
        attach_hadronization(pythia, weights)
        own.append("MCSurrogate:beyondTraining = on")
    for line in [*own, *settings]:
        if not pythia.readString(line):
            raise PythiaError(f"Pythia refuses the setting {line!r}")
    if not pythia.init():
        raise PythiaError("Pythia cannot be initialised with the settings of the fit")
    sums = np.zeros((3, *_SHAPE))
    for _ in range(events):
        if not pythia.next():
            continue
        for kind, charged in _singlets(pythia.event):
            sums[(slice(None), *kind)] += (1.0, charged, charged**2)
    return sums


def _singlets(event: Any) -> Iterator[tuple[tuple[int, int, int], int]]:  # noqa: ANN401
    """Kind and charged particles of each singlet of an event record without junctions."""
    charged: dict[tuple[int, int], int] = {}
    singlet: dict[int, tuple[int, int]] = {}
    for i in range(event.size()):
        particle = event[i]
        if abs(particle.status()) in _PRIMARY and particle.isHadron():
            # Its mothers are the first and the last parton, which lie in a row.
            singlet[i] = (particle.mother1(), particle.mother2())
        elif particle.mother1() in singlet:
            singlet[i] = singlet[particle.mother1()]
        if i in singlet:
            charged.setdefault(singlet[i], 0)
            charged[singlet[i]] += particle.isFinal() and particle.isCharged()
    for (first, last), number in charged.items():
        partons = [event[j] for j in range(first, last + 1)]
        codes = [parton.id() for parton in partons]
        if len(codes) < 2 or any(code != _GLUON for code in codes[1:-1]):
            continue
        total = np.sum([[p.e(), p.px(), p.py(), p.pz()] for p in partons], axis=0)
        mass = np.sqrt(max(total[0] ** 2 - (total[1:] ** 2).sum(), 0.0))
        yield _kind(codes, mass), number


def _kind(codes: Sequence[int], mass: float) -> tuple[int, int, int]:
    a, b = sorted((_end_kind(codes[0]), _end_kind(codes[-1])), reverse=True)
    octave = int(np.floor(np.log2(max(mass, 1e-9)))) - _LOWEST_OCTAVE
    gluons = int(np.searchsorted(_GLUONS, sum(code == _GLUON for code in codes), "right")) - 1
    return _KINDS * a + b, int(np.clip(octave, 0, _OCTAVES - 1)), gluons


def _end_kind(code: int) -> int:
    size = abs(code)
    if size == _GLUON:
        return 4
    return 3 if size > 1000 else max(size - 3, 0)
