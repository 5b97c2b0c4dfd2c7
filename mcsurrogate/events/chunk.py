# SPDX-License-Identifier: GPL-3.0-or-later
"""A chunk of events as flat arrays, with the event graph.

One chunk holds some hundreds of events of a HepMC3 or HepMC2 file.  All particles of all
events lie behind one another in flat numpy arrays, and the graph (which vertex a particle
comes from, which it ends in) is kept as vertex numbers, so that questions such as "which is
the last copy of the top quark" are answered without a loop over particles.

The event record is described in "The HepMC3 event record library for Monte Carlo event
generators", arXiv:1912.08005.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.events.hepmc_details import HepmcDetails
from mcsurrogate.events.species import Species, species

__all__ = ["EventChunk", "Particles"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_SPREAD = (0x85EBCA6B, 0x9E3779B1)
"""Odd factors that spread species and vertices over a table."""


class Particles:
    """Four-vectors that belong to events: particles, jets or whatever has a momentum.

    Parameters
    ----------
    px, py, pz, energy
        ``(M,)`` components in GeV.
    event
        ``(M,)`` position of the event in the chunk, ascending.
    n_events
        Number of events in the chunk, those without any entry included.
    pid
        ``(M,)`` PDG numbers, or None where that has no meaning (jets).
    """

    def __init__(
        self,
        px: FloatArray,
        py: FloatArray,
        pz: FloatArray,
        energy: FloatArray,
        event: IntArray,
        n_events: int,
        pid: NDArray[np.int32] | None = None,
    ) -> None:
        self.px, self.py, self.pz, self.energy = px, py, pz, energy
        self.event, self.n_events = event, n_events
        self._pid = pid

    def __len__(self) -> int:
        return len(self.px)

    @property
    def pid(self) -> NDArray[np.int32]:
        """PDG numbers, ``(M,)``."""
        if self._pid is None:
            raise AttributeError("these four-vectors have no PDG numbers")
        return self._pid

    @cached_property
    def species(self) -> Species:
        """Charges and classes of the particles."""
        return species(self.pid)

    @cached_property
    def pt(self) -> FloatArray:
        """Transverse momentum in GeV."""
        return np.hypot(self.px, self.py)

    @cached_property
    def p(self) -> FloatArray:
        """Absolute three-momentum in GeV."""
        return np.hypot(self.pt, self.pz)

    @cached_property
    def phi(self) -> FloatArray:
        """Azimuth in [-pi, pi]."""
        return np.arctan2(self.py, self.px)

    @cached_property
    def eta(self) -> FloatArray:
        """Pseudorapidity; +-inf along the beam."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.arcsinh(self.pz / self.pt)

    @cached_property
    def cos_theta(self) -> FloatArray:
        """Cosine of the polar angle; NaN at rest, where there is no direction."""
        with np.errstate(invalid="ignore"):
            return self.pz / self.p

    @cached_property
    def rapidity(self) -> FloatArray:
        """Rapidity along z; +-inf for massless particles along the beam."""
        # asinh(pz / mT) keeps its precision where E and pz nearly cancel
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.arcsinh(self.pz / np.sqrt(np.maximum(self.mass2 + self.pt**2, 0.0)))

    @cached_property
    def mass2(self) -> FloatArray:
        """Invariant mass squared in GeV^2."""
        return (self.energy - self.p) * (self.energy + self.p)

    @cached_property
    def mass(self) -> FloatArray:
        """Invariant mass in GeV, zero where rounding makes its square negative."""
        return np.sqrt(np.maximum(self.mass2, 0.0))

    @cached_property
    def counts(self) -> IntArray:
        """Number of entries in each event, ``(N,)``."""
        return np.bincount(self.event, minlength=self.n_events).astype(np.int64)

    @cached_property
    def offsets(self) -> IntArray:
        """``(N + 1,)``: entries of event i are ``offsets[i]:offsets[i + 1]``."""
        return np.concatenate(([0], np.cumsum(self.counts)))

    @cached_property
    def rank(self) -> IntArray:
        """Position of each entry inside its event, from 0."""
        return np.arange(len(self)) - self.offsets[self.event]

    def where(self, mask: NDArray[np.bool_] | IntArray) -> "Particles":
        """Entries that a mask or ascending index array selects."""
        if mask.dtype == bool:
            mask = np.flatnonzero(mask)  # a mask would be searched for every column
        pid = None if self._pid is None else self._pid[mask]
        return Particles(
            self.px[mask],
            self.py[mask],
            self.pz[mask],
            self.energy[mask],
            self.event[mask],
            self.n_events,
            pid,
        )

    def regrouped(self, index: IntArray, owner: IntArray, n_owners: int) -> "Particles":
        """Entries at some positions, as members of something else than events (of jets).

        Parameters
        ----------
        index
            ``(K,)`` positions, in any order.
        owner
            ``(K,)`` ascending number of what each belongs to.
        n_owners
            How many owners there are, those without any entry included.
        """
        pid = None if self._pid is None else self._pid[index]
        return Particles(
            self.px[index],
            self.py[index],
            self.pz[index],
            self.energy[index],
            owner,
            n_owners,
            pid,
        )

    def of_events(self, events: IntArray) -> "Particles":
        """Entries of some of the events, which are renumbered from 0."""
        number = np.full(self.n_events, -1)
        number[events] = np.arange(len(events))
        kept = np.flatnonzero(number[self.event] >= 0)
        return self.regrouped(kept, number[self.event[kept]], len(events))

    def sum_over(self, values: FloatArray) -> FloatArray:
        """Sum of a per-entry quantity in each event, ``(N,)``."""
        total = np.bincount(self.event, weights=values, minlength=self.n_events)
        return total.astype(np.float64, copy=False)

    def take(self, values: FloatArray, rank: int) -> FloatArray:
        """Quantity of the entry with a rank in each event; NaN where there are fewer."""
        out = np.full(self.n_events, np.nan)
        chosen = self.rank == rank
        out[self.event[chosen]] = values[chosen]
        return out

    def total(self) -> "Particles":
        """Sum of the four-vectors of each event, one entry an event."""
        return Particles(
            self.sum_over(self.px),
            self.sum_over(self.py),
            self.sum_over(self.pz),
            self.sum_over(self.energy),
            np.arange(self.n_events),
            self.n_events,
        )

    def ordered_by(self, key: FloatArray) -> "Particles":
        """Return the same entries, inside each event by descending key."""
        return self.where(np.lexsort((-key, self.event)))


@dataclass(frozen=True)
class EventChunk:
    """Some events of one file.

    Attributes
    ----------
    offsets
        ``(N + 1,)`` int64: particles of event i are ``offsets[i]:offsets[i + 1]``.
    particles
        ``(M,)`` structured array with ``pid``, ``status``, ``mass``, ``px``, ``py``, ``pz``,
        ``e`` (GeV), in HepMC's order (a particle comes after its ancestors).
    production_vertex, end_vertex
        ``(M,)`` number of the vertex in the chunk, -1 for none.
    vertex_positions
        ``(V, 4)`` x, y, z and time of each vertex in mm; where the file has none, those of the
        vertex that its first incoming particle comes from.
    weights
        ``(N, W)`` event weights.
    event_numbers
        ``(N,)`` numbers that the events carry in the file.
    cross_section
        ``(N, 4)`` estimate of the cross section in pb, its error, and accepted and attempted events
        so far (-1 where not told); NaN where the event has none.
    pdf_info
        ``(N, 9)`` parton ids, x of both, scale in GeV, x f(x) of both and LHAPDF ids of both; NaN
        where the event has none.
    first_event
        How many events of the file lie before this chunk.
    details
        What writing the events again needs besides; None unless it was asked for.
    """

    offsets: IntArray
    particles: NDArray[np.void]
    production_vertex: IntArray
    end_vertex: IntArray
    vertex_positions: FloatArray
    weights: FloatArray
    event_numbers: IntArray
    cross_section: FloatArray
    pdf_info: FloatArray
    first_event: int
    details: HepmcDetails | None = None

    @property
    def n_vertices(self) -> int:
        """Number of vertices in the chunk."""
        return len(self.vertex_positions)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @cached_property
    def event(self) -> IntArray:
        """``(M,)`` position of the event that each particle belongs to."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    @cached_property
    def pid(self) -> NDArray[np.int32]:
        """``(M,)`` PDG numbers."""
        return np.ascontiguousarray(self.particles["pid"])

    @cached_property
    def status(self) -> NDArray[np.int32]:
        """``(M,)`` HepMC status: 1 final, 2 decayed, 4 beam, others of the generator."""
        return np.ascontiguousarray(self.particles["status"])

    @cached_property
    def species(self) -> Species:
        """Charges and classes of all particles."""
        return species(self.pid)

    @cached_property
    def columns(self) -> dict[str, FloatArray]:
        """``(M,)`` each: ``px``, ``py``, ``pz``, ``e`` and ``mass`` of the particles in GeV."""
        names = ("px", "py", "pz", "e", "mass")
        return {name: np.ascontiguousarray(self.particles[name]) for name in names}

    def part(self, first: int, stop: int) -> "EventChunk":
        """Return some of the events, of a chunk with details, as a chunk of their own."""
        details = self.details
        if details is None:
            raise ValueError("a chunk is divided with its details only")
        particles = slice(self.offsets[first], self.offsets[stop])
        vertices = slice(details.vertex_offsets[first], details.vertex_offsets[stop])
        events = slice(first, stop)

        def of_vertices(column: IntArray) -> IntArray:
            return np.where(column < 0, -1, column - vertices.start)

        return EventChunk(
            offsets=self.offsets[first : stop + 1] - particles.start,
            particles=self.particles[particles],
            production_vertex=of_vertices(self.production_vertex[particles]),
            end_vertex=of_vertices(self.end_vertex[particles]),
            vertex_positions=self.vertex_positions[vertices],
            weights=self.weights[events],
            event_numbers=self.event_numbers[events],
            cross_section=self.cross_section[events],
            pdf_info=self.pdf_info[events],
            first_event=self.first_event + first,
            details=HepmcDetails(
                vertex_offsets=details.vertex_offsets[first : stop + 1] - vertices.start,
                vertex_id=details.vertex_id[vertices],
                vertex_status=details.vertex_status[vertices],
                placed=details.placed[vertices],
                listed=details.listed[vertices],
                event_position=details.event_position[events],
                attributes=details.attributes[events],
            ),
        )

    def select(self, chosen: NDArray[np.bool_] | IntArray | slice) -> Particles:
        """Four-vectors of the particles that a mask, ascending index array or slice selects."""
        if isinstance(chosen, np.ndarray) and chosen.dtype == bool:
            chosen = np.flatnonzero(chosen)  # a mask would be searched for every column
        px, py, pz, energy = (self.columns[name][chosen] for name in ("px", "py", "pz", "e"))
        event = self.event[chosen]
        return Particles(px, py, pz, energy, event, len(self), self.pid[chosen])

    def flight(self, index: IntArray) -> FloatArray:
        """Distance in mm that particles travel between their two vertices, ``(K,)``.

        Parameters
        ----------
        index
            ``(K,)`` positions of particles that have both vertices.
        """
        start = self.vertex_positions[self.production_vertex[index], :3]
        stop = self.vertex_positions[self.end_vertex[index], :3]
        distance: FloatArray = np.linalg.norm(stop - start, axis=1)
        return distance

    @cached_property
    def final(self) -> Particles:
        """Final-state particles, status 1."""
        return self.select(np.flatnonzero(self.status == 1))

    @cached_property
    def beams(self) -> Particles:
        """Beam particles, status 4."""
        return self.select(np.flatnonzero(self.status == 4))

    def last_copies(self, chosen: NDArray[np.bool_]) -> IntArray:
        """Positions of chosen particles that do not end in a vertex with a copy of themselves.

        Showers and recoils copy a particle again and again; the last copy is the one that
        decays or reaches the final state.  A neutral meson that turns into its antiparticle,
        alone into a vertex and alone out of it, goes on as a copy too.

        Parameters
        ----------
        chosen
            ``(M,)`` mask.

        Returns
        -------
        ``(K,)`` ascending positions in the chunk.
        """
        index = np.flatnonzero(chosen)
        copy, begins = self._copies
        owner, slot = _listed(begins[index], begins[index + 1])
        last = np.ones(len(index), dtype=bool)
        last[owner[chosen[copy[slot]]]] = False
        return index[last]

    @cached_property
    def _copies(self) -> tuple[IntArray, IntArray]:
        """What goes on as a copy of each particle, and where those of each begin, ``(M + 1,)``."""
        likely = self._likely_copied
        parent, child = self.children(likely)
        parent = likely[parent]
        own, other = self.pid[parent], self.pid[child]
        same = (own == other) | (self._one_to_one[self.end_vertex[parent]] & (own == -other))
        counts = np.bincount(parent[same], minlength=len(self.pid))
        return child[same], np.concatenate(([0], np.cumsum(counts)))

    @property
    def _likely_copied(self) -> IntArray:
        """Positions of all particles that go on as copies, and of a few others.

        One pass with a table of vertices and species, before all pairs of parents and children.
        """
        magnitude = np.abs(self.pid).astype(np.int64)
        last = (1 << (4 * len(magnitude)).bit_length()) - 1
        own = magnitude * _SPREAD[0]
        made = np.zeros(last + 1, dtype=bool)
        made[(self.production_vertex * _SPREAD[1] + own) & last] = True
        ends = self.end_vertex
        return np.flatnonzero(made[(ends * _SPREAD[1] + own) & last] & (ends >= 0))

    @cached_property
    def _one_to_one(self) -> NDArray[np.bool_]:
        """``(n_vertices + 1,)`` whether one particle goes into a vertex and one comes out."""
        into, out = (
            np.bincount(vertex[vertex >= 0], minlength=self.n_vertices + 1)
            for vertex in (self.end_vertex, self.production_vertex)
        )
        single: NDArray[np.bool_] = (into == 1) & (out == 1)
        return single

    def children(self, index: IntArray) -> tuple[IntArray, IntArray]:
        """Return what particles end in.

        Parameters
        ----------
        index
            ``(K,)`` positions of particles.

        Returns
        -------
        parent, child
            For every child the number (0 to K - 1) of its parent, ascending, and its position.
        """
        order, begins = self._by_vertex
        ends = self.end_vertex[index]
        first = begins[ends + 1]
        parent, slot = _listed(first, np.where(ends < 0, first, begins[ends + 2]))
        return parent, order[slot]

    @cached_property
    def _by_vertex(self) -> tuple[IntArray, IntArray]:
        """Positions of all particles by the vertex they come from, and where each begins.

        Those of vertex v lie from entry v + 1 to v + 2; from none come those from entry 0 to 1.
        """
        order = np.argsort(self.production_vertex, kind="stable")
        counts = np.bincount(self.production_vertex + 1, minlength=self.n_vertices + 1)
        return order, np.concatenate(([0], np.cumsum(counts)))

    @cached_property
    def from_hadron(self) -> NDArray[np.bool_]:
        """``(M,)`` whether a particle comes out of a vertex that a hadron goes into."""
        hadronic = np.zeros(self.n_vertices + 1, dtype=bool)
        decaying = self.species.hadron & (self.end_vertex >= 0) & (self.status == 2)
        hadronic[self.end_vertex[decaying]] = True
        return hadronic[self.production_vertex]


def _listed(first: IntArray, stop: IntArray) -> tuple[IntArray, IntArray]:
    """Owner of each entry of the ranges from `first` to `stop`, ascending, and the entry."""
    count = stop - first
    owner = np.repeat(np.arange(len(count)), count)
    start = np.cumsum(count) - count
    return owner, np.arange(len(owner)) + np.repeat(first - start, count)
