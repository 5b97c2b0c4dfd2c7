# SPDX-License-Identifier: GPL-3.0-or-later
"""The partons of a collision of hadrons as events tell of them (HepMC's PDF information)."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.analysis import Events
from mcsurrogate.events import groups_of
from mcsurrogate.validation.histograms import Values
from mcsurrogate.validation.observables.registry import Section, linear, logarithmic, register

__all__ = ["PARTONS"]

FloatArray = NDArray[np.float64]

_parton = Section("hard", feature=False, specific=True)
_FLAVOURS: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("g", (21,)),
    ("d", (1,)),
    ("u", (2,)),
    ("s", (3,)),
    ("c", (4,)),
    ("b", (5,)),
    (r"$\gamma$", (22,)),
)
_SAME = 1e-4
"""Relative difference of x and of the momentum of the parton in the record."""
_SIDES = ("parton of the beam along +z", "parton of the beam along -z")


def _both(first: int) -> Callable[[Events], Values]:
    """Two columns of the information, where they are told."""

    def compute(events: Events) -> Values:
        values = events.chunk.pdf_info[:, first : first + 2].ravel()
        event = np.repeat(np.arange(len(events)), 2)
        told = np.isfinite(values) & (values > 0.0)
        return Values(values[told], event[told])

    return compute


def _scale(events: Events) -> FloatArray:
    scale = events.chunk.pdf_info[:, 4]
    return np.where(scale > 0.0, scale, np.nan)


def _species(events: Events) -> Values:
    """Flavours of the partons of both beams."""
    pids = events.chunk.pdf_info[:, :2]
    event = np.repeat(np.arange(len(events)), 2)[np.isfinite(pids).ravel()]
    side = np.tile([0, 1], len(events))[np.isfinite(pids).ravel()]
    number = pids[np.isfinite(pids)].astype(np.int32)
    flavour = groups_of(np.abs(number), tuple(pids for _, pids in _FLAVOURS))
    slot = 2 * flavour + (number < 0)
    slot[flavour < 0] = 2 * len(_FLAVOURS)
    return Values(slot + side * (2 * len(_FLAVOURS) + 1) + 0.5, event)


def _not_in_record(events: Events) -> Values:
    """Sides whose parton, of the flavour and the momentum that is told, is not in the record."""
    chunk = events.chunk
    beams = chunk.beams
    slots, event = [], []
    for side, sign in enumerate((1.0, -1.0)):
        own = beams.where(sign * beams.pz > 0.0)
        beam = own.take(own.energy, 0)
        pid, share = chunk.pdf_info[:, side], chunk.pdf_info[:, 2 + side]
        told = np.isfinite(pid) & (share > 0.0) & np.isfinite(beam)
        with np.errstate(invalid="ignore"):
            away = np.abs(sign * chunk.particles["pz"] / (share * beam)[chunk.event] - 1.0)
            there = (chunk.pid == pid[chunk.event]) & (away < _SAME)
        lost = np.flatnonzero(told & (np.bincount(chunk.event[there], minlength=len(chunk)) == 0))
        slots.append(np.full(len(lost), side + 0.5))
        event.append(lost)
    return Values(np.concatenate(slots), np.concatenate(event))


_TOLD = "as told by HepMC's PDF information"
_SPECIES = tuple(
    f"{side}: {name}"
    for side in ("+z", "-z")
    for name in (*(f"{q}{bar}" for q, _ in _FLAVOURS for bar in ("", " (anti)")), "others")
)
PARTONS = (
    _parton(
        "parton_x",
        "Momentum fractions of the partons",
        "$x$",
        logarithmic(1e-6, 1.0, 36),
        _both(2),
        f"both partons, {_TOLD}",
        log_x=True,
    ),
    _parton(
        "parton_scale",
        "Scale of the parton densities",
        "$Q$",
        (0.0, *logarithmic(1.0, 5000.0, 40)),
        _scale,
        f"factorisation scale, {_TOLD}",
        "GeV",
        log_y=True,
    ),
    _parton(
        "parton_density",
        "Parton densities",
        "$x f(x)$",
        logarithmic(1e-6, 1e3, 36),
        _both(5),
        f"of both partons, {_TOLD}",
        log_x=True,
    ),
    _parton(
        "parton_species",
        "Flavours of the partons",
        "flavour",
        linear(0, len(_SPECIES), len(_SPECIES)),
        _species,
        f"partons of both beams, {_TOLD}",
        categories=_SPECIES,
        density=False,
    ),
    _parton(
        "parton_record",
        "Partons that the record does not have",
        "beam",
        linear(0, len(_SIDES), len(_SIDES)),
        _not_in_record,
        f"mean number of partons, {_TOLD}, of whose flavour and momentum x E_beam to "
        f"{_SAME:g} no particle is in the event",
        categories=_SIDES,
        density=False,
    ),
)

register(*PARTONS)
