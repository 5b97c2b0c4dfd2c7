# SPDX-License-Identifier: GPL-3.0-or-later
"""Maximum likelihood for the draws of a string break that have discrete inputs and outputs.

Counts are sufficient statistics, so every step sees all the data and the fit is deterministic.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mcsurrogate.errors import HadronizationError
from mcsurrogate.hadronization.string_breaks.flavours import (
    BREAK_CLASSES,
    PICK_OUTCOMES,
    break_class,
)
from mcsurrogate.hadronization.string_breaks.inputs import (
    hadron_input,
    pick_input,
    popcorn_input,
)
from mcsurrogate.hadronization.string_breaks.networks import DenseNetwork, StringBreakNetworks
from mcsurrogate.hadronization.string_breaks.recording import BreakRecording

__all__ = ["fit_discrete", "hadron_vocabularies"]

_PICK_INDEX = {
    (o.id, o.popcorn_mesons, o.popcorn_quark, o.vertex_quark): i
    for i, o in enumerate(PICK_OUTCOMES)
}

# Logarithm of the largest ratio of a Gaussian's width to the mean one, either way.
_LARGEST_LOG_RATIO = 3.0

_Row = tuple[bytes, NDArray[np.float64], NDArray[np.bool_], int, int]
"""Input as a key, input, allowed outcomes, outcome, count."""


def hadron_vocabularies(recording: BreakRecording) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Meson and baryon codes that were made, each with 0 for a rejected attempt first."""
    large, _, hadron, _ = recording.combine.T
    codes = [sorted({int(code) for code in hadron[large > 1000] if code}), []]
    codes[1] = sorted({int(code) for code in hadron[large < 10] if code})
    baryons, mesons = codes
    return (0, *mesons), (0, *baryons)


def _lbfgs(parameters: list[Tensor], loss: Callable[[], Tensor], steps: int) -> float:
    optimiser = torch.optim.LBFGS(
        parameters,
        max_iter=steps,
        history_size=50,
        tolerance_grad=1e-9,
        tolerance_change=1e-11,
        line_search_fn="strong_wolfe",
    )

    def closure() -> Tensor:
        optimiser.zero_grad()
        value = loss()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    return float(loss().detach())


def _fit_categorical(
    network: DenseNetwork,
    inputs: NDArray[np.float64],
    allowed: NDArray[np.bool_],
    counts: NDArray[np.float64],
    steps: int,
) -> float:
    """Fit a masked softmax; returns the divergence from the observed frequencies in nats."""
    x = torch.from_numpy(inputs)
    mask = torch.from_numpy(~allowed)
    n = torch.from_numpy(counts)
    # Inputs are weighted with the square root of their counts, so that rare ones are learned too.
    totals = n.sum(dim=1, keepdim=True)
    shares = n / totals
    importance = totals[:, 0].sqrt()
    importance = importance / importance.sum()
    entropy = -(torch.xlogy(shares, shares)).sum(dim=1)

    def loss() -> Tensor:
        logits = network(x).masked_fill(mask, -torch.inf)
        log_probability = torch.log_softmax(logits, dim=1).masked_fill(mask, 0.0)
        divergence = -(shares * log_probability).sum(dim=1) - entropy
        # A faint pull keeps outcomes that were never seen from running to minus infinity.
        return (importance * divergence).sum() + 1e-9 * (
            (network.last.weight**2).sum() + (network.last.bias**2).sum()
        )

    return _lbfgs(list(network.parameters()), loss, steps)


def _collect(
    kind: str,
    rows: list[_Row],
    outcomes: int,
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64]]:
    """Sum counts of equal inputs: (inputs, allowed outcomes, counts), one row for each input."""
    table: dict[bytes, tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64]]] = {}
    for key, x, allowed, outcome, count in rows:
        if key not in table:
            table[key] = (x, allowed, np.zeros(outcomes))
        table[key][2][outcome] += count
    entries = list(table.values())
    if not entries:
        raise HadronizationError(
            f"the recording has no draws of the kind {kind!r}; record more events, for popcorn "
            "some with hadron beams, whose remnants put diquarks at string ends"
        )
    x, allowed, counts = (np.stack(column) for column in zip(*entries, strict=True))
    return x, allowed, counts


def _popcorn_rows(recording: BreakRecording) -> list[_Row]:
    rows = []
    for code, mesons, quark, count in recording.popcorn.tolist():
        found = popcorn_input(code)
        if found is None:
            continue
        x, allowed = found
        heavy, light = code // 1000, (code // 100) % 10
        outcome = 2 * mesons + (1 if quark == light and heavy != light else 0)
        rows.append((x.tobytes(), x, allowed, outcome, count))
    return rows


def _pick_rows(recording: BreakRecording) -> list[_Row]:
    rows = []
    for old, at_end, mesons, popcorn, *new, count in recording.pick.tolist():
        outcome = _PICK_INDEX.get(tuple(new))
        if outcome is None or (mesons and not popcorn):
            continue
        found = pick_input(old, at_end, popcorn if mesons else 0)
        if found is not None and found[1][outcome]:
            x, allowed = found
            rows.append((x.tobytes(), x, allowed, outcome, count))
    return rows


def _hadron_rows(
    recording: BreakRecording, vocabulary: tuple[int, ...], *, baryons: bool
) -> list[_Row]:
    position = {code: i for i, code in enumerate(vocabulary)}
    rows = []
    for large, small, hadron, count in recording.combine.tolist():
        if (large > 1000) != baryons:
            continue
        found = hadron_input(large, small, vocabulary)
        if found is not None:
            x, allowed = found
            rows.append((x.tobytes(), x, allowed, position[hadron], count))
    return rows


def _fit_transverse(
    network: DenseNetwork, recording: BreakRecording, components: int, steps: int
) -> float:
    """Fit the mixtures to finely binned pT^2: the probability of a bin is exact."""
    classes = break_class(recording.transverse_id)
    classes[classes < 0] = len(BREAK_CLASSES)
    pt2 = (recording.transverse.astype(np.float64) ** 2).sum(axis=1)
    edges = np.quantile(pt2, np.linspace(0.0, 1.0, 401)[1:-1])
    # The broad tail lies in the last bin by quantiles: divide it further.
    edges = np.concatenate([edges, edges[-1] * np.geomspace(1.1, 10.0, 30)])
    bins = len(edges) + 1
    seen = np.unique(classes)
    counts = np.stack(
        [
            np.bincount(np.searchsorted(edges, pt2[classes == c]), minlength=bins).astype(float)
            for c in seen
        ]
    )
    x = torch.zeros((len(seen), len(BREAK_CLASSES) + 1), dtype=torch.float64)
    x[torch.arange(len(seen)), torch.from_numpy(seen)] = 1.0
    n = torch.from_numpy(counts)
    shares = n / n.sum(dim=1, keepdim=True)
    importance = n.sum(dim=1).sqrt()
    importance = importance / importance.sum()
    cut = torch.from_numpy(edges)
    entropy = -torch.xlogy(shares, shares).sum(dim=1)
    width = 0.5 * float(np.log(pt2.mean() / 2.0))

    def loss() -> Tensor:
        output = network(x)
        weight = torch.softmax(output[:, :components], dim=1)
        variance = torch.exp(2.0 * output[:, components:])
        above = (weight[:, :, None] * torch.exp(-0.5 * cut / variance[:, :, None])).sum(dim=1)
        one, zero = torch.ones_like(above[:, :1]), torch.zeros_like(above[:, :1])
        probability = -torch.diff(torch.cat([one, above, zero], dim=1), dim=1)
        log_probability = torch.log(probability.clamp_min(1e-30))
        divergence = (importance * (-(shares * log_probability).sum(dim=1) - entropy)).sum()
        # A component that the data do not need must not shrink to a point or grow without end.
        excess = (output[:, components:] - width).abs() - _LARGEST_LOG_RATIO
        total: Tensor = divergence + excess.clamp_min(0.0).square().sum()
        return total

    # Widths start apart, around the observed one.
    with torch.no_grad():
        network.last.bias[:components] = -1.5 * torch.arange(components)
        network.last.bias[components:] = width + 0.5 * torch.arange(components)
    return _lbfgs(list(network.parameters()), loss, steps)


def fit_discrete(
    networks: StringBreakNetworks, recording: BreakRecording, *, steps: int = 500
) -> dict[str, float]:
    """Fit every network but the one of z.

    Parameters
    ----------
    networks
        Fitted in place; converted to float64 for the fit and back.
    recording
        Training data.
    steps
        Most iterations of L-BFGS for each network.

    Returns
    -------
    dict
        Divergence of each network from the observed frequencies, in nats.

    Raises
    ------
    HadronizationError
        If the recording lacks breaks of one kind altogether.
    """
    meson_rows = _hadron_rows(recording, networks.mesons, baryons=False)
    baryon_rows = _hadron_rows(recording, networks.baryons, baryons=True)
    tables = {
        "popcorn": _collect("popcorn", _popcorn_rows(recording), 4),
        "pick": _collect("pick", _pick_rows(recording), len(PICK_OUTCOMES)),
        "meson": _collect("meson", meson_rows, len(networks.mesons)),
        "baryon": _collect("baryon", baryon_rows, len(networks.baryons)),
    }
    divergence = {}
    for name, (inputs, allowed, counts) in tables.items():
        network = getattr(networks, name).double()
        divergence[name] = _fit_categorical(network, inputs, allowed, counts, steps)
        network.float()
    network = networks.transverse.double()
    divergence["transverse"] = _fit_transverse(network, recording, networks.components, steps)
    network.float()
    return divergence
