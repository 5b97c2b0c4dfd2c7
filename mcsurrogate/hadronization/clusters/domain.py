# SPDX-License-Identifier: GPL-3.0-or-later
"""What the training of a cluster model has seen: the plugin leaves everything else to Lund strings.

Single clusters are known by their ends and mass. A fit to whole events sees colour singlets, whose
kind is the pair of their ends, their mass and the number of their gluons; where the fitted model
misses the charged multiplicity of a kind, or what its hadrons are, that kind is not known either.
"""

from collections.abc import Iterator, Sequence
from functools import cache
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
_METRIC = np.array([1.0, -1.0, -1.0, -1.0])
_SHAPE = (_KINDS * _KINDS, _OCTAVES, len(_GLUONS))

_FEWEST_DECAYS = 200
_FEWEST_SINGLETS = 30
_QUANTILE = 0.001
_STANDARD_DEVIATIONS = 3.0
# What is counted in a singlet, and the largest deviation of its mean; None is what is tolerated.
_QUANTITIES = {
    "charged particles": None,
    "baryons": 0.25,
    "strange hadrons": 0.25,
    "neutral pions": 0.25,
    "baryons with charm or bottom": 0.25,
    "energy of hadrons with charm or bottom over the mass": None,
}
_CHARGED = 0
# Largest error of the multiplicity of a kind, and largest deviation of one that only another
# process than that of the fit knows.
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

    The model and Pythia hadronize equally many events. Of each kind the mean charged multiplicity,
    after decays, is compared, and the mean numbers of baryons, strange hadrons and neutral pions
    among the primary hadrons, of baryons with charm or bottom, and the energy of all hadrons with
    charm or bottom over the mass of the singlet, all relative to those of all singlets. A kind
    where one deviates by more than what is tolerated and three standard deviations counts as not
    seen; so do all masses of the same ends and number of gluons where what their hadrons are does
    so together, and kinds whose multiplicity is not known to 10%.

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
        Largest relative deviation of the multiplicity and the energy; that of the others is 25%.

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
    totals = [m[1].sum(axis=(1, 2, 3)) / m[0].sum(axis=(1, 2, 3)) for m in (model, target)]
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.nan_to_num(totals[0] / totals[1], nan=1.0, posinf=1.0)[:, None, None, None]
    seen = np.where(_misses(model, target, factor, tolerance), 0, target[0, 0]).astype(np.int32)
    share = target[0, 0][seen < _FEWEST_SINGLETS].sum() / target[0, 0].sum()
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

    There a kind must be shown to agree: all quantities of `singlet_domain`, not relative to others,
    within the tolerance or 10% (numbers of hadrons 25%), and known to half of that. A kind that
    misses one is taken away.

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
        deviation, error, expected = _deviation(model, target, 1.0)
        largest = _limits(shown) * expected
        with np.errstate(invalid="ignore"):
            agrees = (np.abs(deviation) <= largest) & (error <= largest / 2.0) | (expected == 0)
        enough = np.minimum(model[0, 0], target[0, 0]) >= _FEWEST_SINGLETS
        misses = _misses(model, target, 1.0, tolerance)
        seen = np.where(agrees.all(axis=0) & ~misses & enough, np.maximum(seen, target[0, 0]), seen)
        seen = np.where(misses & enough, 0, seen).astype(np.int32)
    return {**domain, "domain.singlets": seen}


def _misses(
    model: NDArray[np.float64],
    target: NDArray[np.float64],
    factor: float | NDArray[np.float64],
    tolerance: float,
) -> NDArray[np.bool_]:
    """Kinds where a quantity deviates by more than what is tolerated and what is chance.

    Either by itself or, since most kinds are rare, together with all masses of the same ends and
    number of gluons. What hadrons are is taken to be alike in all of these; the multiplicity must
    deviate in the kind, too. A kind whose multiplicity is not known to 10% misses.
    """
    alone = _wrong(model, target, factor, tolerance)
    together = _wrong(_of_all_masses(model), _of_all_masses(target), factor, tolerance)
    deviation, error, expected = (x[_CHARGED] for x in _deviation(model, target, factor))
    with np.errstate(invalid="ignore"):
        far = np.abs(deviation) > tolerance * expected
        unclear = error > _SHOWN * expected
    found: NDArray[np.bool_] = (
        alone.any(axis=0)
        | together[_CHARGED + 1 :].any(axis=0)
        | (together[_CHARGED] & far)
        | unclear
    )
    return found


def _limits(tolerance: float) -> NDArray[np.float64]:
    """Largest relative deviation of each quantity."""
    limits = [tolerance if largest is None else largest for largest in _QUANTITIES.values()]
    return np.array(limits)[:, None, None, None]


def _of_all_masses(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = sums.sum(axis=3, keepdims=True)
    return found


def _wrong(
    model: NDArray[np.float64],
    target: NDArray[np.float64],
    factor: float | NDArray[np.float64],
    tolerance: float,
) -> NDArray[np.bool_]:
    """Whether each quantity of each kind deviates."""
    deviation, error, expected = _deviation(model, target, factor)
    size = np.abs(deviation)
    # A kind that there was not has no mean.
    with np.errstate(invalid="ignore"):
        found: NDArray[np.bool_] = np.logical_and(
            size > _limits(tolerance) * expected, size > _STANDARD_DEVIATIONS * error
        )
    return found


def _deviation(
    model: NDArray[np.float64], target: NDArray[np.float64], factor: float | NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Difference of the means of each quantity and kind, its error, and what was expected."""
    with np.errstate(divide="ignore", invalid="ignore"):
        (mean, square), (wanted, other) = (
            (m[1] / m[0], (m[2] / m[0] - (m[1] / m[0]) ** 2) / m[0]) for m in (model, target)
        )
        expected = factor * wanted
        error = np.sqrt(np.maximum(square, 0.0) + factor**2 * np.maximum(other, 0.0))
        return mean - expected, error, expected


def _moments(
    weights: Path | None, settings: Sequence[str], events: int, *, seed: int
) -> NDArray[np.float64]:
    """``(3, quantities, *_SHAPE)`` sums of 1, x and x^2 over singlets with quantities x."""
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
    sums = np.zeros((3, len(_QUANTITIES), *_SHAPE))
    for _ in range(events):
        if not pythia.next():
            continue
        for kind, x in _singlets(pythia.event):
            sums[(slice(None), slice(None), *kind)] += (np.ones_like(x), x, x**2)
    return sums


def _singlets(
    event: Any,  # noqa: ANN401
) -> Iterator[tuple[tuple[int, int, int], NDArray[np.float64]]]:
    """Kind and quantities of each singlet of an event record without junctions."""
    found: dict[tuple[int, int], NDArray[np.float64]] = {}
    singlet: dict[int, tuple[int, int]] = {}
    heavy: dict[tuple[int, int], NDArray[np.float64]] = {}
    for i in range(event.size()):
        particle = event[i]
        if abs(particle.status()) in _PRIMARY and particle.isHadron():
            # Its mothers are the first and the last parton, which lie in a row.
            partons = singlet[i] = (particle.mother1(), particle.mother2())
            counts, has_heavy = _content(particle.id())
            x = found.setdefault(partons, np.zeros(len(_QUANTITIES)))
            x[1:-1] += counts
            if has_heavy:
                heavy[partons] = heavy.get(partons, np.zeros(4)) + _momentum(particle)
        elif particle.mother1() in singlet:
            singlet[i] = singlet[particle.mother1()]
        if i in singlet and particle.isFinal() and particle.isCharged():
            found[singlet[i]][0] += 1.0
    for (first, last), x in found.items():
        chain = [event[j] for j in range(first, last + 1)]
        codes = [parton.id() for parton in chain]
        if len(codes) < 2 or any(code != _GLUON for code in codes[1:-1]):
            continue
        total = np.sum([_momentum(parton) for parton in chain], axis=0)
        square = max(float(total @ (_METRIC * total)), 1e-18)
        if (first, last) in heavy:
            # In the rest frame of the singlet.
            x[-1] = heavy[first, last] @ (_METRIC * total) / square
        yield _kind(codes, np.sqrt(square)), x


def _momentum(particle: Any) -> NDArray[np.float64]:  # noqa: ANN401
    return np.array([particle.e(), particle.px(), particle.py(), particle.pz()])


@cache
def _content(code: int) -> tuple[NDArray[np.float64], bool]:
    """Whether a hadron is a baryon, strange, a pi0, a baryon with charm or bottom; and heavy."""
    size = abs(code)
    digits = [size // 10**k % 10 for k in (3, 2, 1)]
    is_baryon, heaviest = digits[0] > 0, max(digits)
    # Mesons of s sbar alone have no strangeness.
    is_strange = heaviest == 3 and (is_baryon or digits[1] != digits[2])
    is_heavy = heaviest > 3
    return np.array([is_baryon, is_strange, size == 111, is_baryon and is_heavy], float), is_heavy


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
