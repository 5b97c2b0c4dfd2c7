"""Jets of many events at once, through FastJet's batch interface.

FastJet: Cacciari, Salam and Soyez, arXiv:1111.6097; anti-kt: arXiv:0802.1189.
"""

from dataclasses import dataclass
from enum import Enum

import awkward as ak
import fastjet
import numpy as np

from mcsurrogate.validation.record import Particles

__all__ = ["JetAlgorithm", "JetDefinition", "cluster", "inclusive_jets"]


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


def inclusive_jets(particles: Particles, definition: JetDefinition) -> Particles:
    """Jets of each event, by descending transverse momentum.

    Parameters
    ----------
    particles
        What is clustered; events without any particle get no jet.
    definition
        Algorithm, radius and cuts.
    """
    native = fastjet.JetDefinition(_FASTJET[definition.algorithm], definition.radius)
    found = cluster(particles, native).inclusive_jets(min_pt=definition.min_pt)
    px, py, pz, energy = (np.asarray(ak.flatten(found[name])) for name in ("px", "py", "pz", "E"))
    event = np.repeat(np.arange(particles.n_events), np.asarray(ak.num(found)))
    jets = Particles(px, py, pz, energy, event, particles.n_events)
    jets = jets.where(np.abs(jets.rapidity) < definition.max_rapidity)
    return jets.ordered_by(jets.pt)
