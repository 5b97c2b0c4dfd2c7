# SPDX-License-Identifier: GPL-3.0-or-later
"""The event record as such: rules of HepMC, status codes, mothers, decays, flights of length zero.

The rules are those of "The HepMC3 event record library for Monte Carlo event generators",
arXiv:1912.08005, section 3.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from particle import Particle

from mcsurrogate.analysis import Events
from mcsurrogate.events import among, groups_of
from mcsurrogate.validation.histograms import Values
from mcsurrogate.validation.observables.decaying import HEAVY_AND_WEAK
from mcsurrogate.validation.observables.registry import Section, linear, register

__all__ = ["RECORD", "RULES"]

IntArray = NDArray[np.int64]

_rule = Section("consistency", log_y=True, feature=False)
_record = Section("correlation", feature=False, specific=True)

_RULES = (
    "final, with an end vertex",
    "decayed, without an end vertex",
    "without a production vertex, no beam",
    "status 0",
    "vertex without incoming particles",
    "vertex without outgoing particles",
    "not two beams",
    "end vertex before the production vertex",
    "generated mass beside that of its momentum",
    "status that HepMC reserves",
    "final, without energy",
)
_STATUS = (
    "1",
    "2",
    "3",
    "4",
    *(f"{10 * i + (i == 1)} … {10 * i + 9}" for i in range(1, 11)),
    "others",
)
_CODES = ("1", "2", "3", "reserved", "above 10")
_ENDED = tuple(f"{kind}: {code}" for kind in ("hadrons and tau", "others") for code in _CODES)
_BEAM, _TAU = 4, 15
_MOTHERS: tuple[tuple[str, tuple[int, ...]], ...] = (
    (r"$\pi^0$", (111,)),
    (r"$\rho$", (113, 213)),
    (r"$\omega$", (223,)),
    (r"$\eta$", (221,)),
    (r"$\eta'$", (331,)),
    (r"$\phi$", (333,)),
    ("$K^0_S$", (310,)),
    ("$K^*$", (313, 323)),
    (r"$\Delta$", (1114, 2114, 2214, 2224)),
    (r"$\Lambda, \Sigma, \Xi, \Omega$", (3122, 3112, 3212, 3222, 3312, 3322, 3334)),
    (r"$\tau$", (15,)),
)
_MOTHER_NAMES = (*(label for label, _ in _MOTHERS), "charm", "bottom", "other hadron", "no hadron")
_DAUGHTERS: tuple[tuple[str, tuple[int, ...]], ...] = (
    (r"$\gamma$", (22,)),
    (r"$\pi^\pm$", (211,)),
    (r"$K^\pm$", (321,)),
    (r"$p$", (2212,)),
    ("$e$", (11,)),
    (r"$\mu$", (13,)),
    ("$n$", (2112,)),
    (r"$\nu$", (12, 14, 16)),
)
_DECAYING: tuple[tuple[str, int], ...] = (
    (r"$\pi^0$", 111),
    (r"$\eta$", 221),
    (r"$\omega$", 223),
    ("$K^0_S$", 310),
    (r"$\Lambda$", 3122),
    (r"$\phi$", 333),
    ("$D^0$", 421),
    ("$D^+$", 411),
    ("$B^+$", 521),
    ("$B^0$", 511),
    (r"$\tau$", 15),
)
_MOST_PRODUCTS = 5
_LONG_LIVED: tuple[tuple[str, int], ...] = (
    ("$K^0_S$", 310),
    (r"$\Lambda$", 3122),
    (r"$\Sigma^+$", 3222),
    (r"$\Sigma^-$", 3112),
    (r"$\Xi^-$", 3312),
    (r"$\Xi^0$", 3322),
    (r"$\Omega$", 3334),
    *HEAVY_AND_WEAK,
    (r"$\pi^\pm$", 211),
    (r"$K^\pm$", 321),
    ("$K^0_L$", 130),
    (r"$\mu$", 13),
)
_NO_FLIGHT = 1e-5
"""Share of c tau; one decay in 100,000 is as short."""
_SAME_TIME, _SAME_MASS, _ROUNDING = 1e-9, 1e-3, 1e-7
"""What rounding explains: of times, of squared masses, and of squared energies."""


def _broken_rules(events: Events) -> Values:
    """Which rule of HepMC is broken, once for every particle or vertex that breaks it."""
    chunk = events.chunk
    start, stop, status = chunk.production_vertex, chunk.end_vertex, chunk.status
    found = [
        np.flatnonzero((status == 1) & (stop >= 0)),
        np.flatnonzero((status == 2) & (stop < 0)),
        np.flatnonzero((start < 0) & (status != 4)),
        np.flatnonzero(status == 0),
    ]
    event = [chunk.event[index] for index in found]
    # a vertex is told by the first particle of its other side
    sides = [_first_particles(chunk.n_vertices, vertex) for vertex in (start, stop)]
    for own, other in (sides, sides[::-1]):
        event.append(chunk.event[own[(own >= 0) & (other < 0)]])
    event.append(np.flatnonzero(chunk.beams.counts != 2))
    empty = np.flatnonzero((status == 1) & (chunk.columns["e"] <= 0.0))
    found = [_backward(events), _other_mass(events), np.flatnonzero(_reserved(status)), empty]
    event += [chunk.event[index] for index in found]
    rule = np.repeat(np.arange(len(event)), [len(one) for one in event])
    return Values(rule.astype(np.float64) + 0.5, np.concatenate(event))


def _backward(events: Events) -> IntArray:
    """Particles that end before they begin."""
    chunk = events.chunk
    index = np.flatnonzero((chunk.production_vertex >= 0) & (chunk.end_vertex >= 0))
    time = chunk.vertex_positions[:, 3]
    start, stop = time[chunk.production_vertex[index]], time[chunk.end_vertex[index]]
    return index[stop < start - _SAME_TIME * (1.0 + np.abs(start))]


def _other_mass(events: Events) -> IntArray:
    """Particles whose generated mass is not that of their four-momentum (negative: spacelike)."""
    chunk = events.chunk
    square, energy = chunk.select(slice(None)).mass2, chunk.columns["e"]
    told = chunk.columns["mass"] ** 2
    allowed = _SAME_MASS * (told + np.abs(square)) + _ROUNDING * energy**2
    return np.flatnonzero(~(np.abs(np.abs(square) - told) <= allowed) & (told > 0.0))


def _reserved(status: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
    """Whether a status is neither one of HepMC's own nor a generator's."""
    reserved: NDArray[np.bool_] = (status < 1) | ((status > 4) & (status < 11)) | (status > 200)
    return reserved


def _status(events: Events) -> Values:
    """Bin of the status code of each particle."""
    status = events.chunk.status.astype(np.int64)
    slot = np.where((status >= 11) & (status < 110), 3 + status // 10, len(_STATUS) - 1)
    slot = np.where((status >= 1) & (status <= 4), status - 1, slot)
    return Values(slot.astype(np.float64) + 0.5, events.chunk.event)


def _first_particles(vertices: int, vertex: IntArray) -> IntArray:
    """Position of the first particle of each vertex, -1 for none, ``(V + 1,)``."""
    first = np.full(vertices + 1, -1, dtype=np.int64)
    index = np.flatnonzero(vertex >= 0)[::-1]
    first[vertex[index]] = index
    return first


def _mothers(events: Events) -> Values:
    """Kinds of final-state particles and of their mothers."""
    chunk = events.chunk
    magnitude = np.abs(chunk.pid)
    daughter = groups_of(magnitude, tuple(pids for _, pids in _DAUGHTERS))
    index = np.flatnonzero((daughter >= 0) & (chunk.status == 1))
    mother = _first_particles(chunk.n_vertices, chunk.end_vertex)[chunk.production_vertex[index]]
    known = mother >= 0
    index, mother = index[known], mother[known]
    own = chunk.species
    kind = np.full(len(mother), len(_MOTHER_NAMES) - 1)
    kind[own.hadron[mother] & (chunk.status[mother] != 4)] = len(_MOTHER_NAMES) - 2
    kind[own.charm[mother]] = len(_MOTHERS)
    kind[own.bottom[mother]] = len(_MOTHERS) + 1
    for i, (_, pids) in enumerate(_MOTHERS):
        kind[among(magnitude[mother], pids)] = i
    slot = daughter[index] * len(_MOTHER_NAMES) + kind
    return Values(slot.astype(np.float64) + 0.5, chunk.event[index])


def _slots(events: Events, table: tuple[tuple[str, int], ...]) -> tuple[IntArray, IntArray]:
    """Last copies of decayed particles of a table, and their places in it."""
    chunk = events.chunk
    magnitude = np.abs(chunk.pid)
    slot = np.full(len(magnitude), -1, dtype=np.int64)
    for i, (_, pid) in enumerate(table):
        slot[magnitude == pid] = i
    index = chunk.last_copies(slot >= 0)
    index = index[chunk.end_vertex[index] >= 0]
    return index, slot[index]


def _products(events: Events) -> Values:
    """Species and number of products of decayed particles."""
    index, slot = _slots(events, _DECAYING)
    parent, _ = events.chunk.children(index)
    number = np.bincount(parent, minlength=len(index))
    slot = slot * _MOST_PRODUCTS + np.clip(number, 1, _MOST_PRODUCTS) - 1
    return Values(slot.astype(np.float64) + 0.5, events.chunk.event[index])


def _unmoved(events: Events) -> Values:
    """Species of long-lived particles that decay where they are made."""
    chunk = events.chunk
    index, slot = _slots(events, _LONG_LIVED)
    made = chunk.production_vertex[index] >= 0
    index, slot = index[made], slot[made]
    lengths = np.array([float(Particle.from_pdgid(pid).ctau or 0.0) for _, pid in _LONG_LIVED])
    chosen = chunk.select(index)
    with np.errstate(divide="ignore", invalid="ignore"):
        proper = chunk.flight(index) * chosen.mass / chosen.p
    short = proper < _NO_FLIGHT * lengths[slot]
    return Values(slot[short].astype(np.float64) + 0.5, chosen.event[short])


def _decayed_status(events: Events) -> Values:
    """Status of decayed hadrons and tau leptons, and of all others that do not stay."""
    chunk = events.chunk
    index = np.flatnonzero((chunk.end_vertex >= 0) & (chunk.status != _BEAM))
    status = chunk.status[index]
    slot = np.where((status >= 1) & (status <= 3), status - 1, 3 + (status > 10))
    decays = (chunk.species.hadron | (np.abs(chunk.pid) == _TAU))[index]
    return Values(slot + np.where(decays, 0.5, len(_CODES) + 0.5), chunk.event[index])


RULES = (
    _rule(
        "record_rules",
        "Rules of HepMC",
        "rule",
        linear(0, len(_RULES), len(_RULES)),
        _broken_rules,
        "mean number of particles and vertices that break a rule of the event record",
        categories=_RULES,
        density=False,
    ),
)

RECORD = (
    _record(
        "no_flight",
        "Long-lived particles that decay where they are made",
        "species",
        linear(0, len(_LONG_LIVED), len(_LONG_LIVED)),
        _unmoved,
        f"mean number of decayed particles whose proper flight is below {_NO_FLIGHT:g} of c tau",
        categories=tuple(label for label, _ in _LONG_LIVED),
        density=False,
    ),
    _record(
        "mothers",
        "Mothers of final-state particles",
        "particle from mother",
        linear(0, len(_DAUGHTERS) * len(_MOTHER_NAMES), len(_DAUGHTERS) * len(_MOTHER_NAMES)),
        _mothers,
        "mean number of final-state particles by their own kind and that of the first particle of "
        "their production vertex",
        categories=tuple(f"{d} from {m}" for d, _ in _DAUGHTERS for m in _MOTHER_NAMES),
        density=False,
    ),
    _record(
        "decay_products",
        "Number of decay products",
        "species and number",
        linear(0, len(_DECAYING) * _MOST_PRODUCTS, len(_DECAYING) * _MOST_PRODUCTS),
        _products,
        f"mean number of decays by species and number of products ({_MOST_PRODUCTS}: or more)",
        categories=tuple(
            f"{label} to {n}" for label, _ in _DECAYING for n in range(1, _MOST_PRODUCTS + 1)
        ),
        density=False,
    ),
    _record(
        "decayed_status",
        "Status of particles that do not stay",
        "status",
        linear(0, len(_ENDED), len(_ENDED)),
        _decayed_status,
        "mean number of particles with an end vertex by their HepMC status (2: decayed), hadrons "
        "and tau leptons apart from others, beams excepted",
        categories=_ENDED,
        density=False,
    ),
    _record(
        "status_codes",
        "Particles by status",
        "status",
        linear(0, len(_STATUS), len(_STATUS)),
        _status,
        "mean number of particles by HepMC status; for information, as codes beyond 4 are the "
        "generator's own",
        categories=_STATUS,
        density=False,
        counts=False,
    ),
)

register(*RULES, *RECORD)
