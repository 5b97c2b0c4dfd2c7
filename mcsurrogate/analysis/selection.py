# SPDX-License-Identifier: GPL-3.0-or-later
"""Events as an analysis sees them: selected particles, jets and resonances, computed once.

An `Events` object is what an observable's function receives.
"""

from collections.abc import Callable, Hashable
from dataclasses import replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.analysis import durham, shapes
from mcsurrogate.analysis.hard_process import HardProcess
from mcsurrogate.analysis.jets import JetAlgorithm, JetCollection, JetDefinition
from mcsurrogate.analysis.measured_shapes import DURHAM, named_shapes, particle_shapes
from mcsurrogate.analysis.radiation import radiation
from mcsurrogate.analysis.substructure import JetSubstructure
from mcsurrogate.analysis.top_decays import TopDecays
from mcsurrogate.analysis.vertices import VertexBalances
from mcsurrogate.events import EventChunk, Particles, among

__all__ = ["LEADING", "Events"]

T = TypeVar("T")

LEADING = 2
"""Jets of each event whose substructure is looked at."""


class Events:
    """N events of a sample.

    Parameters
    ----------
    chunk
        The events as they were read.
    weights
        ``(N,)`` event weights, of the weight that the comparison uses.
    jet_definition
        How `jets` are made.
    """

    def __init__(
        self,
        chunk: EventChunk,
        weights: NDArray[np.float64],
        jet_definition: JetDefinition | None = None,
    ) -> None:
        self.chunk = chunk
        self.weights = weights
        self.jet_definition = jet_definition or JetDefinition()
        self._jets: dict[JetDefinition, JetCollection] = {}
        self._known: dict[Hashable, Any] = {}

    def __len__(self) -> int:
        return len(self.chunk)

    def once(self, key: Hashable, compute: Callable[[], T]) -> T:
        """Return what is known of these events under a key, computed when first asked for."""
        if key not in self._known:
            self._known[key] = compute()
        found: T = self._known[key]
        return found

    @property
    def final(self) -> Particles:
        """Final-state particles (status 1)."""
        return self.chunk.final

    @cached_property
    def visible(self) -> Particles:
        """Final-state particles without neutrinos and dark-matter candidates."""
        return self.final.where(~self.final.species.invisible)

    @cached_property
    def invisible(self) -> Particles:
        """Final-state neutrinos and dark-matter candidates."""
        return self.final.where(self.final.species.invisible)

    @cached_property
    def charged(self) -> Particles:
        """Charged final-state particles."""
        return self.final.where(self.final.species.charged)

    @property
    def jets(self) -> Particles:
        """Jets of the visible particles by the default definition, by descending pT."""
        return self.jets_with(self.jet_definition)

    def jets_with(self, definition: JetDefinition) -> Particles:
        """Jets of the visible particles by another definition, by descending pT."""
        return self.jet_collection(definition).jets

    def jet_collection(self, definition: JetDefinition | None = None) -> JetCollection:
        """Jets of the visible particles together with their constituents."""
        definition = definition or self.jet_definition
        if definition not in self._jets:
            self._jets[definition] = JetCollection(self.visible, definition)
        return self._jets[definition]

    @cached_property
    def kt_scales(self) -> NDArray[np.float64]:
        """``(N, 3)`` scales d_12, d_23, d_34 of the kt algorithm in GeV^2, visible particles."""
        definition = replace(self.jet_definition, algorithm=JetAlgorithm.KT)
        return self.jet_collection(definition).merging_scales((1, 2, 3))

    @cached_property
    def radiation_scales(self) -> NDArray[np.float64]:
        """``(N, 3)`` scales d_01, d_12, d_23 of the kt algorithm in GeV^2, of `radiation`."""
        definition = replace(self.jet_definition, algorithm=JetAlgorithm.KT)
        return JetCollection(radiation(self.chunk), definition).merging_scales((0, 1, 2))

    @cached_property
    def leading_jets(self) -> JetSubstructure:
        """Substructure of the two leading jets of each event."""
        return JetSubstructure(self.jet_collection(), LEADING)

    @cached_property
    def hard_process(self) -> HardProcess:
        """Legs of the hard process."""
        return HardProcess(self.chunk)

    @cached_property
    def top_decays(self) -> TopDecays:
        """Decays of the top quarks, and of the W bosons that come from them."""
        return TopDecays(self.chunk)

    @cached_property
    def vertex_balances(self) -> VertexBalances:
        """What each vertex keeps of four-momentum and charge."""
        return VertexBalances(self.chunk)

    def bosons(self, *pids: int) -> Particles:
        """Last copies of bosons with these PDG numbers, by descending pT."""
        found = self.last_copies(*pids)
        return found.ordered_by(found.pt)

    def last_copies(self, *pids: int) -> Particles:
        """Last copies of particles with these PDG numbers: as they decay or come out."""
        return self.chunk.select(self.chunk.last_copies(among(self.chunk.pid, pids)))

    @cached_property
    def top(self) -> Particles:
        """The first top quark of each event, last copy before its decay, if any."""
        tops = self.last_copies(6)
        return tops.where(tops.rank == 0)

    @cached_property
    def antitop(self) -> Particles:
        """The first top antiquark of each event, last copy before its decay, if any."""
        tops = self.last_copies(-6)
        return tops.where(tops.rank == 0)

    @cached_property
    def tops(self) -> Particles:
        """Last copies of all top quarks and antiquarks, by descending pT."""
        tops = self.last_copies(6, -6)
        return tops.ordered_by(tops.pt)

    @cached_property
    def top_pair(self) -> Particles:
        """Sum of top quark and antiquark of the events that have both."""
        both = (self.top.counts > 0) & (self.antitop.counts > 0)
        top, anti = (t.where(both[t.event]) for t in (self.top, self.antitop))
        return Particles(
            top.px + anti.px,
            top.py + anti.py,
            top.pz + anti.pz,
            top.energy + anti.energy,
            top.event,
            len(self),
        )

    @cached_property
    def energy_scale(self) -> NDArray[np.float64]:
        """``(N,)`` sqrt(s) in GeV: invariant mass of the two beams, or of the final state."""
        beams = self.chunk.beams
        mass: NDArray[np.float64] = self.final.total().mass
        two = beams.counts == 2
        if two.any():
            mass = np.where(two, beams.total().mass, mass)
        return mass

    @cached_property
    def weak_bottom(self) -> Particles:
        """Hadrons with a b quark that decay to none: the weakly decaying ones."""
        chunk = self.chunk
        index = np.flatnonzero(chunk.species.bottom)
        ends_in = np.isin(chunk.end_vertex[index], chunk.production_vertex[index])
        return chunk.select(index[~ends_in | (chunk.end_vertex[index] < 0)])

    @cached_property
    def thrust(self) -> shapes.Thrust:
        """Thrust of the visible particles."""
        return shapes.thrust(self.visible)

    @cached_property
    def sphericity(self) -> shapes.Sphericity:
        """Shapes from the momentum tensors of the visible particles."""
        return shapes.sphericity(self.visible)

    @cached_property
    def hemispheres(self) -> shapes.Hemispheres:
        """Hemispheres of the thrust axis, visible particles."""
        return shapes.hemispheres(self.visible, self.thrust.axis)

    @cached_property
    def measured_shapes(self) -> dict[str, NDArray[np.float64]]:
        """Event shapes by the names of their measurements, neutrinos included, ``(N,)`` each.

        Only events with neutrinos are computed anew.
        """
        values = named_shapes(self.thrust, self.sphericity, self.hemispheres)
        affected = np.flatnonzero(self.invisible.counts > 0)
        if len(affected):
            anew = particle_shapes(self.final.of_events(affected))
            for name, column in anew.items():
                values[name][affected] = column
        values[DURHAM] = np.nan_to_num(self.durham_scales, nan=0.0).max(axis=1)
        return values

    @cached_property
    def durham_scales(self) -> NDArray[np.float64]:
        """Merging scales y_23, y_34, ... of the visible particles."""
        return durham.merging_scales(self.visible)

    @cached_property
    def sphere_jets(self) -> Particles:
        """Anti-kt jets on the sphere of the visible particles, by descending energy."""
        return durham.sphere_jets(self.visible)

    @cached_property
    def three_jets(self) -> Particles:
        """Exclusive three-jet configuration of the visible particles, Durham algorithm."""
        return durham.three_jets(self.visible)
