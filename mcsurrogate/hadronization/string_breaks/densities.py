# SPDX-License-Identifier: GPL-3.0-or-later
"""Densities that networks give to the draws of a history, and their derivatives.

The networks know other draws than they once made: a history can be weighed by any of them.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mcsurrogate.hadronization.spline import unit_spline_log_density
from mcsurrogate.hadronization.string_breaks.flavours import (
    BREAK_CLASSES,
    PICK_OUTCOMES,
    break_class,
    end_class,
)
from mcsurrogate.hadronization.string_breaks.history import BreakHistory, Draw
from mcsurrogate.hadronization.string_breaks.inputs import (
    DiscreteInput,
    hadron_input,
    pick_input,
    popcorn_input,
)
from mcsurrogate.hadronization.string_breaks.networks import StringBreakNetworks

__all__ = ["DrawGradients", "covered_fractions", "draw_gradients", "history_log_densities"]

_CHUNK = 16_384
_HEADS = {Draw.POPCORN: "popcorn", Draw.PICK: "pick", Draw.MESON: "meson", Draw.BARYON: "baryon"}
# Room of the codes of a draw in one number.
_LARGEST_CODE, _THIRD, _LARGEST_HADRON = 10_000, 4, 10_000_001


class DrawGradients(NamedTuple):
    """Draws of one network, and how their density answers to its outputs.

    Attributes
    ----------
    head
        Name of the network.
    event
        ``(n,)`` event of each draw.
    row
        ``(n,)`` which of U different draws it is.
    gradient
        ``(U, outputs)`` derivative of the logarithm of the density by the outputs.
    hidden
        ``(U, hidden)`` last activations.
    log_density
        ``(U,)``.
    """

    head: str
    event: NDArray[np.int64]
    row: NDArray[np.int64]
    gradient: Tensor
    hidden: Tensor
    log_density: Tensor


class _Rows(NamedTuple):
    """Different discrete draws of one network."""

    event: NDArray[np.int64]
    row: NDArray[np.int64]
    inputs: Tensor
    allowed: Tensor
    outcome: Tensor


def draw_gradients(
    networks: StringBreakNetworks, history: BreakHistory, *, gradients: bool = True
) -> Iterator[DrawGradients]:
    """Draws of every network that it covers, chunk by chunk.

    Parameters
    ----------
    networks
        They need not be those that made the draws.
    history
        Draws by Pythia's own code are left out, and so is what `networks` do not cover.
    gradients
        Without them `gradient` is empty.
    """
    used = history.codes[:, 5] == 0
    events = history.events
    for draw, head in _HEADS.items():
        select = used & (history.codes[:, 0] == draw)
        rows = _discrete_rows(networks, history.codes[select], events[select], draw)
        if rows is not None:
            yield _discrete_gradients(networks, head, rows)
    is_continuous = history.codes[:, 0] >= Draw.TRANSVERSE
    codes, events = history.codes[is_continuous], events[is_continuous]
    used = codes[:, 5] == 0
    select = used & (codes[:, 0] == Draw.TRANSVERSE)
    yield from _transverse(networks, codes[select], history.values[select], events[select])
    select = used & (codes[:, 0] == Draw.FRACTION)
    values = history.values[select]
    select_covered = _covered(networks, codes[select], values)
    codes, values, events = (x[select_covered] for x in (codes[select], values, events[select]))
    for start in range(0, len(codes), _CHUNK):
        part = slice(start, start + _CHUNK)
        yield _fractions(networks, codes[part], values[part], events[part], gradients=gradients)


def history_log_densities(
    networks: StringBreakNetworks, history: BreakHistory
) -> NDArray[np.float64]:
    """``(E,)`` logarithms of the density of all draws of an event that the networks cover."""
    total = np.zeros(len(history))
    for found in draw_gradients(networks, history, gradients=False):
        total += np.bincount(
            found.event, found.log_density.double().numpy()[found.row], minlength=len(history)
        )
    return total


def covered_fractions(networks: StringBreakNetworks, history: BreakHistory) -> NDArray[np.bool_]:
    """``(D,)`` whether each draw is one of z that the networks cover."""
    is_continuous = history.codes[:, 0] >= Draw.TRANSVERSE
    covered = np.zeros(len(history.codes), dtype=bool)
    covered[is_continuous] = _covered(networks, history.codes[is_continuous], history.values)
    covered &= history.codes[:, 0] == Draw.FRACTION
    return covered


def _discrete_rows(
    networks: StringBreakNetworks,
    codes: NDArray[np.int32],
    events: NDArray[np.int64],
    draw: Draw,
) -> _Rows | None:
    first, second, third, outcome = codes[:, 1:5].astype(np.int64).T
    key = ((first * _LARGEST_CODE + second) * _THIRD + third) * _LARGEST_HADRON + outcome + 1
    different, row = np.unique(key, return_inverse=True)
    rest, outcome = np.divmod(different, _LARGEST_HADRON)
    rest, third = np.divmod(rest, _THIRD)
    first, second = np.divmod(rest, _LARGEST_CODE)
    found: list[DiscreteInput] = []
    outcomes: list[int] = []
    position = np.full(len(different), -1)
    for i, (a, b, c, o) in enumerate(
        zip(first.tolist(), second.tolist(), third.tolist(), (outcome - 1).tolist(), strict=True)
    ):
        entry = _encoded(networks, draw, (a, b, c))
        if entry is None:
            continue
        position[i] = len(found)
        found.append(entry)
        outcomes.append(_outcome_position(networks, draw, o))
    row = position[row]
    if not found:
        return None
    return _Rows(
        events[row >= 0],
        row[row >= 0],
        torch.from_numpy(np.stack([x for x, _ in found])).float(),
        torch.from_numpy(np.stack([allowed for _, allowed in found])),
        torch.tensor(outcomes),
    )


def _encoded(
    networks: StringBreakNetworks, draw: Draw, codes: tuple[int, int, int]
) -> DiscreteInput | None:
    first, second, third = codes
    if draw == Draw.POPCORN:
        return popcorn_input(first)
    if draw == Draw.PICK:
        return pick_input(first, second, third)
    entry = hadron_input(first, second, networks.mesons if draw == Draw.MESON else networks.baryons)
    # A pair of flavours of which no hadron is known is left to Pythia's own code.
    return entry if entry is not None and entry[1].sum() > 1 else None


def _outcome_position(networks: StringBreakNetworks, draw: Draw, outcome: int) -> int:
    """Position among the outputs, -1 for what the networks never make."""
    if draw == Draw.PICK:
        return outcome if outcome < len(PICK_OUTCOMES) else -1
    if draw == Draw.POPCORN:
        return outcome
    vocabulary = networks.mesons if draw == Draw.MESON else networks.baryons
    return vocabulary.index(outcome) if outcome in vocabulary else -1


def _discrete_gradients(networks: StringBreakNetworks, head: str, rows: _Rows) -> DrawGradients:
    network = getattr(networks, head)
    with torch.no_grad():
        hidden = network.hidden(rows.inputs)
        logits = network.last(hidden).masked_fill(~rows.allowed, -torch.inf)
        log_probability = torch.log_softmax(logits.double(), dim=1)
        known = rows.outcome >= 0
        place = rows.outcome.clamp(min=0)[:, None]
        density = log_probability.gather(1, place)[:, 0]
        density = torch.where(known, density, -torch.inf)
        gradient = -log_probability.exp()
        gradient.scatter_add_(1, place, torch.ones_like(gradient[:, :1]))
    return DrawGradients(head, rows.event, rows.row, gradient.float(), hidden, density)


def _transverse(
    networks: StringBreakNetworks,
    codes: NDArray[np.int32],
    values: NDArray[np.float64],
    events: NDArray[np.int64],
) -> Iterator[DrawGradients]:
    classes = break_class(codes[:, 1])
    classes[classes < 0] = len(BREAK_CLASSES)
    network, count = networks.transverse, networks.components
    with torch.no_grad():
        hidden = network.hidden(torch.eye(len(BREAK_CLASSES) + 1))
        outputs = network.last(hidden).double()
        share = torch.log_softmax(outputs[:, :count], dim=1)
        variance = torch.exp(2.0 * outputs[:, count:])
        for start in range(0, len(codes), _CHUNK):
            part = slice(start, start + _CHUNK)
            which = torch.from_numpy(classes[part])
            pt2 = torch.from_numpy((values[part] ** 2).sum(axis=1))[:, None]
            v = variance[which]
            parts = share[which] - 0.5 * pt2 / v - torch.log(2.0 * torch.pi * v)
            density = torch.logsumexp(parts, dim=1)
            responsible = torch.exp(parts - density[:, None])
            gradient = torch.cat(
                [responsible - torch.exp(share[which]), responsible * (pt2 / v - 2.0)], dim=1
            )
            yield DrawGradients(
                "transverse", events[part], np.arange(len(which)), gradient.float(),
                hidden[which], density,
            )  # fmt: skip


def _covered(
    networks: StringBreakNetworks, codes: NDArray[np.int32], values: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Whether the network of z covers each draw."""
    old, new = end_class(codes[:, 1]), break_class(codes[:, 2])
    known = (old >= 0) & (new >= 0) & (values[:, 0] > 0)
    log_mass = np.log(np.where(known, values[:, 0], 1.0))
    low, high = networks.range[np.where(known, old, 0), np.where(known, new, 0)].T
    covered: NDArray[np.bool_] = known & (log_mass >= low) & (log_mass <= high)
    return covered


def _fractions(
    networks: StringBreakNetworks,
    codes: NDArray[np.int32],
    values: NDArray[np.float64],
    events: NDArray[np.int64],
    *,
    gradients: bool,
) -> DrawGradients:
    old, new = (torch.from_numpy(f(c)) for f, c in zip(
        (end_class, break_class), codes[:, 1:3].T, strict=True))  # fmt: skip
    log_mass = torch.from_numpy(np.log(values[:, 0])).float()
    with torch.no_grad():
        hidden = networks.fraction.hidden(old, new, log_mass)
        outputs = networks.fraction.rest.last(hidden).T.double().contiguous()
    outputs.requires_grad_(gradients)
    density = unit_spline_log_density(outputs, torch.from_numpy(values[:, 1]))
    gradient = torch.zeros(len(codes), 0)
    if gradients:
        (by_output,) = torch.autograd.grad(density.sum(), outputs)
        gradient = by_output.T.float()
    rows = np.arange(len(codes))
    return DrawGradients("fraction", events, rows, gradient, hidden, density.detach())
