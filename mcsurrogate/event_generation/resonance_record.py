# SPDX-License-Identifier: GPL-3.0-or-later
"""The particles of events in columns, with the resonances of decay chains among them.

Les Houches conventions (hep-ph/0109068): a resonance has status 2 and stands before its decay
products, which name it as their mother; its colour lines are those of its products that do not end
among them, its mass is the generated one.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, TypedDict

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.matrix_elements import Resonance, StandardModel, as_number, particle_by_pdg

__all__ = ["LegColumns", "ParticleColumns", "has_flight", "particle_columns", "proper_lifetimes"]

_INCOMING, _OUTGOING, _INTERMEDIATE = -1, 1, 2
_INCOMING_LEGS = 2
_UNKNOWN_HELICITY = 9.0
_HBAR_C = 1.973269804e-13  # GeV mm
_SHORTEST = 1e-9  # mm: top, W, Z and Higgs have less than 1e-10 mm
_DIGITS = 2.0**20
"""What a uniform number decides comes from its leading digits, and lifetimes from those after."""


class LegColumns(NamedTuple):
    """The external legs of N events, two of the n incoming.

    Attributes
    ----------
    pdg_id, colour, momenta, mass, helicity
        ``(N, n)``, ``(N, n, 2)``, ``(N, n, 4)``, ``(N, n)``, ``(N, n)``, as in `EventBatch`.
    """

    pdg_id: NDArray[np.int32]
    colour: NDArray[np.int32]
    momenta: NDArray[np.float64]
    mass: NDArray[np.float64]
    helicity: NDArray[np.float64]


class ParticleColumns(TypedDict):
    """What an `EventBatch` holds of its particles."""

    offsets: NDArray[np.int64]
    pdg_id: NDArray[np.int32]
    status: NDArray[np.int32]
    parents: NDArray[np.int32]
    colour: NDArray[np.int32]
    momenta: NDArray[np.float64]
    mass: NDArray[np.float64]
    helicity: NDArray[np.float64]


def particle_columns(
    legs: LegColumns, chosen: NDArray[np.int64], resonances: Sequence[tuple[Resonance, ...]]
) -> ParticleColumns:
    """Return the particles of all events, one event behind the other.

    Parameters
    ----------
    legs
        Their external legs.
    chosen
        ``(N,)`` number of the chain of each event.
    resonances
        Of each chain.
    """
    ordered = [_ordered(items) for items in resonances]
    n = legs.pdg_id.shape[1]
    sizes = np.array([n + len(items) for items in ordered], dtype=np.int64)[chosen]
    offsets = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(sizes)))
    total = int(offsets[-1])
    columns = ParticleColumns(
        offsets=offsets,
        pdg_id=np.zeros(total, dtype=np.int32),
        status=np.zeros(total, dtype=np.int32),
        parents=np.zeros((total, 2), dtype=np.int32),
        colour=np.zeros((total, 2), dtype=np.int32),
        momenta=np.zeros((total, 4)),
        mass=np.zeros(total),
        helicity=np.zeros(total),
    )
    for number, items in enumerate(ordered):
        events = np.flatnonzero(chosen == number)
        if len(events) == 0:
            continue
        rows = offsets[events][:, None] + np.arange(n + len(items))
        own = _resonance_columns(legs, events, items)
        columns["pdg_id"][rows] = _between(legs.pdg_id[events], own.pdg_id)
        columns["colour"][rows] = _between(legs.colour[events], own.colour)
        columns["momenta"][rows] = _between(legs.momenta[events], own.momenta)
        columns["mass"][rows] = _between(legs.mass[events], own.mass)
        columns["helicity"][rows] = _between(legs.helicity[events], own.helicity)
        columns["status"][rows] = _status(items, n)
        columns["parents"][rows] = _parents(items, n)
    return columns


def has_flight(resonance: Resonance, model: StandardModel) -> bool:
    """Whether a resonance flies before it decays, as taus do."""
    return _mean_lifetime(resonance, model) > _SHORTEST


def _mean_lifetime(resonance: Resonance, model: StandardModel) -> float:
    """Mean proper lifetime c tau in mm."""
    width = as_number(particle_by_pdg(resonance.pdg).resonance_width(model))
    return _HBAR_C / width if width > 0.0 else 0.0


def proper_lifetimes(
    columns: ParticleColumns,
    chosen: NDArray[np.int64],
    resonances: Sequence[tuple[Resonance, ...]],
    model: StandardModel,
    choices: NDArray[np.float64],
) -> NDArray[np.float64] | None:
    """Return the proper lifetime c tau in mm of all particles ``(M,)``; None where none flies.

    Parameters
    ----------
    columns, chosen, resonances
        As given by and to `particle_columns`.
    model
        Widths.
    choices
        ``(N, 4)`` uniform numbers that decided about the event by their leading digits.
    """
    if not any(has_flight(item, model) for items in resonances for item in items):
        return None
    found = np.zeros(len(columns["pdg_id"]))
    for number, items in enumerate(resonances):
        events = np.flatnonzero(chosen == number)
        flying = [
            (row, item) for row, item in enumerate(_ordered(items)) if has_flight(item, model)
        ]
        for place, (row, item) in enumerate(flying):
            turn = place // choices.shape[1] + 1
            uniform = np.modf(choices[events, place % choices.shape[1]] * _DIGITS**turn)[0]
            rows = columns["offsets"][events] + _INCOMING_LEGS + row
            found[rows] = -_mean_lifetime(item, model) * np.log1p(-uniform)
    return found


def _ordered(resonances: Sequence[Resonance]) -> list[Resonance]:
    """In the order of the record: the largest first."""
    return sorted(resonances, key=lambda r: (-len(r.legs), r.legs))


def _between(legs: NDArray[Any], own: NDArray[Any]) -> NDArray[Any]:
    """Put what resonances are between the incoming and the outgoing legs."""
    return np.concatenate((legs[:, :2], own, legs[:, 2:]), axis=1)


def _resonance_columns(
    legs: LegColumns, events: NDArray[np.int64], items: Sequence[Resonance]
) -> LegColumns:
    """Return what the R resonances of one chain are, ``(N, R, ...)``."""
    shape = (len(events), len(items))
    ids = np.array([item.pdg for item in items], dtype=np.int32)
    colour, momenta = np.zeros((*shape, 2), dtype=np.int32), np.zeros((*shape, 4))
    for place, item in enumerate(items):
        made = list(item.legs)
        momenta[:, place] = legs.momenta[events][:, made].sum(axis=1)
        colour[:, place] = _open_lines(legs.colour[events][:, made])
    square = momenta[..., 0] ** 2 - (momenta[..., 1:] ** 2).sum(axis=-1)
    return LegColumns(
        np.broadcast_to(ids, shape),
        colour,
        momenta,
        np.sqrt(np.maximum(square, 0.0)),
        np.full(shape, _UNKNOWN_HELICITY),
    )


def _open_lines(lines: NDArray[np.int32]) -> NDArray[np.int32]:
    """Colour and anticolour ``(N, 2)`` of a system from those of its particles ``(N, m, 2)``."""
    found = np.zeros((len(lines), 2), dtype=np.int32)
    for side in (0, 1):
        here, other = lines[:, :, side], lines[:, :, 1 - side]
        ends = (here[:, :, None] == other[:, None, :]).any(axis=2)
        found[:, side] = np.where(ends, 0, here).max(axis=1)
    return found


def _status(items: Sequence[Resonance], n: int) -> NDArray[np.int32]:
    between = [_INTERMEDIATE] * len(items)
    return np.array([_INCOMING] * 2 + between + [_OUTGOING] * (n - 2), dtype=np.int32)


def _parents(items: Sequence[Resonance], n: int) -> NDArray[np.int32]:
    """Mothers ``(n + R, 2)``, counted from one; the incoming particles where there is no other."""

    def mother(legs: frozenset[int]) -> tuple[int, int]:
        around = [
            (len(item.legs), row)
            for row, item in enumerate(items, start=3)
            if legs < frozenset(item.legs)
        ]
        return (min(around)[1],) * 2 if around else (1, 2)

    rows = [(0, 0)] * 2
    rows += [mother(frozenset(item.legs)) for item in items]
    rows += [mother(frozenset((leg,))) for leg in range(2, n)]
    return np.array(rows, dtype=np.int32)
