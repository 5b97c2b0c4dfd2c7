# SPDX-License-Identifier: GPL-3.0-or-later
"""Jets of many events at once, through FastJet's batch interface.

FastJet: Cacciari, Salam and Soyez, arXiv:1111.6097; anti-kt: arXiv:0802.1189.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import awkward as ak
import fastjet
import fastjet._swig
import numpy as np
from numpy.typing import NDArray

from mcsurrogate.events import Particles

__all__ = ["JetAlgorithm", "JetCollection", "JetDefinition", "cluster", "inclusive_jets"]

FloatArray = NDArray[np.float64]

# FastJet's banner would come once from every process; the report names and cites FastJet instead.
fastjet._swig.ClusterSequence.set_fastjet_banner_stream(None)


class JetAlgorithm(Enum):
    """Sequential recombination algorithms for hadron collisions."""

    ANTI_KT = "anti-kt"
    CAMBRIDGE_AACHEN = "Cambridge/Aachen"
    KT = "kt"


_FASTJET = {
    JetAlgorithm.ANTI_KT: fastjet.antikt_algorithm,
    JetAlgorithm.CAMBRIDGE_AACHEN: fastjet.cambridge_algorithm,
    JetAlgorithm.KT: fastjet.kt_algorithm,
}


def _native(algorithm: JetAlgorithm, radius: float) -> fastjet.JetDefinition:
    # of FastJet's strategies, which give the same jets, the fastest for the hundreds of particles
    # of an event at the LHC, and as fast as others for few; the class with several parameters
    # would take the scheme for a parameter
    return fastjet.JetDefinition1Param(
        _FASTJET[algorithm], radius, fastjet.E_scheme, fastjet.N2MinHeapTiled
    )


@dataclass(frozen=True, slots=True)
class JetDefinition:
    """How jets are made.

    Attributes
    ----------
    algorithm, radius
        Algorithm and radius parameter R; E-scheme recombination.
    min_pt
        Smallest transverse momentum of a jet in GeV.
    max_rapidity
        Largest absolute rapidity of a jet.
    """

    algorithm: JetAlgorithm = JetAlgorithm.ANTI_KT
    radius: float = 0.4
    min_pt: float = 25.0
    max_rapidity: float = 4.5

    def __str__(self) -> str:
        return (
            f"{self.algorithm.value} R = {self.radius:g}, pT > {self.min_pt:g} GeV, "
            f"|y| < {self.max_rapidity:g}"
        )


def jagged(particles: Particles) -> ak.Array:
    """Particles as an awkward array of records, one list an event, without a copy."""
    fields = (particles.px, particles.py, particles.pz, particles.energy)
    record = ak.contents.RecordArray(
        [ak.contents.NumpyArray(np.ascontiguousarray(x)) for x in fields],
        ["px", "py", "pz", "E"],
    )
    return ak.Array(ak.contents.ListOffsetArray(ak.index.Index64(particles.offsets), record))


def cluster(particles: Particles, definition: fastjet.JetDefinition) -> fastjet.ClusterSequence:
    """Cluster all events; the sequence answers for all of them."""
    return fastjet.ClusterSequence(jagged(particles), definition)


class JetCollection:
    """Jets of N events and what they are made of.

    Parameters
    ----------
    particles
        What is clustered; events without any particle get no jet.
    definition
        Algorithm, radius and cuts.

    Attributes
    ----------
    jets
        By descending transverse momentum in each event.
    """

    def __init__(self, particles: Particles, definition: JetDefinition) -> None:
        self.definition = definition
        self._particles = particles
        self._sequence = cluster(particles, _native(definition.algorithm, definition.radius))
        found = self._sequence.inclusive_jets(min_pt=definition.min_pt)
        px, py, pz, energy = (
            np.asarray(ak.flatten(found[name])) for name in ("px", "py", "pz", "E")
        )
        event = np.repeat(np.arange(particles.n_events), np.asarray(ak.num(found)))
        jets = Particles(px, py, pz, energy, event, particles.n_events)
        kept = np.flatnonzero(np.abs(jets.rapidity) < definition.max_rapidity)
        order = np.lexsort((-jets.pt[kept], jets.event[kept]))
        # position of each jet in FastJet's own list
        self._native = kept[order]
        self.jets = jets.where(self._native)

    def constituents(self, leading: int) -> tuple[Particles, Particles]:
        """Return the leading jets of each event, and what they are made of.

        Parameters
        ----------
        leading
            So many jets of each event at most.

        Returns
        -------
        jets
            K jets, with the events they belong to.
        constituents
            Particles whose "events" are the K jets.
        """
        chosen = np.flatnonzero(self.jets.rank < leading)
        jets = self.jets.where(chosen)
        index = self._sequence.constituent_index(min_pt=self.definition.min_pt)
        per_jet = ak.flatten(index, axis=1)
        number = np.asarray(ak.num(per_jet, axis=1))
        flat = np.asarray(ak.flatten(per_jet, axis=1), dtype=np.int64)
        first = np.concatenate(([0], np.cumsum(number)))
        native = self._native[chosen]
        count = number[native]
        slot = np.repeat(first[native] - np.concatenate(([0], np.cumsum(count)))[:-1], count)
        position = flat[slot + np.arange(int(count.sum()))]
        position += np.repeat(self._particles.offsets[jets.event], count)
        owner = np.repeat(np.arange(len(chosen)), count)
        return jets, self._particles.regrouped(position, owner, len(chosen))

    def merging_scales(self, jets: Sequence[int]) -> FloatArray:
        """Scales d at which n + 1 jets become n, in GeV^2.

        Meant for the kt algorithm, whose scales fall from merging to merging.

        Parameters
        ----------
        jets
            The numbers n; that of 0 is the scale at which the last jet joins the beam.

        Returns
        -------
        ``(N, len(jets))``, NaN where an event has at most n particles.
        """
        out = np.full((self._particles.n_events, len(jets)), np.nan)
        counts = self._particles.counts
        if (counts > max(jets)).all():
            for place, n in enumerate(jets):
                out[:, place] = np.asarray(self._sequence.exclusive_dmerge(n))
            return out
        # FastJet's batch interface is only defined for events that have enough particles
        for place, n in enumerate(jets):
            enough = np.flatnonzero(counts > n)
            if len(enough):
                native = _native(self.definition.algorithm, self.definition.radius)
                some = cluster(self._particles.of_events(enough), native)
                out[enough, place] = np.asarray(some.exclusive_dmerge(n))
        return out


def inclusive_jets(particles: Particles, definition: JetDefinition) -> Particles:
    """Jets of each event, by descending transverse momentum.

    Parameters
    ----------
    particles
        What is clustered; events without any particle get no jet.
    definition
        Algorithm, radius and cuts.
    """
    return JetCollection(particles, definition).jets
