# SPDX-License-Identifier: GPL-3.0-or-later
"""What jets look like inside, through FastJet's and fjcontrib's batch interface.

Every jet is handed to FastJet as an event of its own, which its constituents make up, so that
the functions of fjcontrib run over all jets of all events in one call.
"""

from functools import cached_property

import awkward as ak
import fastjet
import numpy as np
from numpy.typing import NDArray

from mcsurrogate.analysis.jets import JetCollection, cluster

__all__ = ["JetSubstructure", "LundPlane"]

FloatArray = NDArray[np.float64]

_ALL = 100.0
"""Larger than any distance in a jet: clustering stops with one jet, and never with the beam."""


class LundPlane:
    """Primary Lund planes of K jets: the branchings along the harder branch.

    Dreyer, Salam and Soyez, arXiv:1807.04758; Cambridge/Aachen declustering.

    Attributes
    ----------
    delta, kt
        ``(M,)`` distance of the branches in rapidity and azimuth, and transverse momentum of
        the softer one with respect to the harder one in GeV.
    jet
        ``(M,)`` jet of each branching, ascending.
    """

    def __init__(self, delta: FloatArray, kt: FloatArray, jet: NDArray[np.int64]) -> None:
        self.delta, self.kt, self.jet = delta, kt, jet


class JetSubstructure:
    """Substructure of the leading jets of each event; each quantity is computed once.

    Parameters
    ----------
    collection
        Jets with their constituents.
    leading
        So many jets of each event at most.
    beta, symmetry_cut
        Parameters of Soft Drop.
    kappa
        Exponent of the jet charge.

    Attributes
    ----------
    jets
        The K jets.
    constituents
        Particles whose "events" are the K jets.
    radius
        R of the jet definition, the R_0 of N-subjettiness and Soft Drop.
    """

    def __init__(
        self,
        collection: JetCollection,
        leading: int,
        *,
        beta: float = 0.0,
        symmetry_cut: float = 0.1,
        kappa: float = 0.5,
    ) -> None:
        self.jets, self.constituents = collection.constituents(leading)
        self.radius = collection.definition.radius
        self.beta, self.symmetry_cut, self.kappa = beta, symmetry_cut, kappa

    def __len__(self) -> int:
        return len(self.jets)

    @cached_property
    def _sequence(self) -> fastjet.ClusterSequence:
        return cluster(self.constituents, fastjet.JetDefinition(fastjet.cambridge_algorithm, _ALL))

    @cached_property
    def distance(self) -> FloatArray:
        """``(M,)`` distance of each constituent to its jet in rapidity and azimuth."""
        parts, owner = self.constituents, self.constituents.event
        phi = parts.phi - self.jets.phi[owner]
        phi = np.mod(phi + np.pi, 2.0 * np.pi) - np.pi
        return np.hypot(phi, parts.rapidity - self.jets.rapidity[owner])

    @cached_property
    def width(self) -> FloatArray:
        """Girth, sum of pT times distance to the jet over the sum of pT (arXiv:1106.3076)."""
        pt = self.constituents.pt
        return self.constituents.sum_over(pt * self.distance) / self.constituents.sum_over(pt)

    @cached_property
    def dispersion(self) -> FloatArray:
        """PT dispersion, root of the sum of pT^2 over the sum of pT (arXiv:1408.3122)."""
        pt = self.constituents.pt
        return np.sqrt(self.constituents.sum_over(pt**2)) / self.constituents.sum_over(pt)

    @cached_property
    def charge(self) -> FloatArray:
        """Jet charge, sum of charge times (pT / pT of the jet)^kappa (arXiv:1209.2421)."""
        parts = self.constituents
        charge = parts.species.three_charge / 3.0
        share = (parts.pt / self.jets.pt[parts.event]) ** self.kappa
        return parts.sum_over(charge * share)

    @cached_property
    def charged_fraction(self) -> FloatArray:
        """``(M,)`` longitudinal momentum fraction z = p p_jet / p_jet^2; NaN if neutral."""
        z = self._along / self.jets.p[self.constituents.event]
        return np.where(self.constituents.species.charged, z, np.nan)

    @cached_property
    def charged_kt(self) -> FloatArray:
        """``(M,)`` momentum across the jet's axis in GeV; NaN if neutral."""
        across = np.sqrt(np.maximum(self.constituents.p**2 - self._along**2, 0.0))
        return np.where(self.constituents.species.charged, across, np.nan)

    @cached_property
    def _along(self) -> FloatArray:
        """Momentum of each constituent along its jet in GeV."""
        parts, jets, owner = self.constituents, self.jets, self.constituents.event
        product = parts.px * jets.px[owner] + parts.py * jets.py[owner] + parts.pz * jets.pz[owner]
        along: FloatArray = product / jets.p[owner]
        return along

    @cached_property
    def subjettiness(self) -> FloatArray:
        """``(K, 3)`` tau_1, tau_2, tau_3 with beta = 1 and one-pass kt axes (arXiv:1108.2701)."""
        if not len(self):
            return np.zeros((0, 3))
        return np.asarray(
            self._sequence.njettiness(
                measure_definition="NormalizedMeasure",
                axes_definition="OnePass_KT_Axes",
                njets=[1, 2, 3],
                beta=1.0,
                R0=self.radius,
            )
        )

    def subjettiness_ratio(self, n: int) -> FloatArray:
        """tau_n / tau_(n-1); NaN for jets with fewer than n constituents."""
        tau = self.subjettiness
        enough = (self.constituents.counts >= n) & (tau[:, n - 2] > 0.0)
        out = np.full(len(self), np.nan)
        out[enough] = tau[enough, n - 1] / tau[enough, n - 2]
        return out

    def correlator_ratio(self, name: str) -> FloatArray:
        """Ratio of energy correlation functions with beta = 1; NaN below 3 constituents.

        Parameters
        ----------
        name
            ``"c2"`` (arXiv:1305.0007) or ``"d2"`` (arXiv:1409.6298).
        """
        if not len(self):
            return np.zeros(0)
        values = np.asarray(
            self._sequence.exclusive_jets_energy_correlator(njets=1, beta=1.0, func=name)
        )
        return np.where(self.constituents.counts >= 3, values, np.nan)

    @cached_property
    def _groomed(self) -> ak.Array:
        return self._sequence.exclusive_jets_softdrop_grooming(
            njets=1, beta=self.beta, symmetry_cut=self.symmetry_cut, R0=self.radius
        )

    def _soft_drop(self, name: str) -> FloatArray:
        if not len(self):
            return np.zeros(0)
        values = np.asarray(self._groomed[name], dtype=np.float64)
        # fjcontrib marks jets that no branching of which passed by -1
        found = np.asarray(self._groomed["deltaRsoftdrop"]) > 0.0
        return np.where(found, values, np.nan)

    @cached_property
    def momentum_sharing(self) -> FloatArray:
        """z_g of Soft Drop (arXiv:1402.2657); NaN for jets without a branching that passes."""
        return self._soft_drop("symmetrysoftdrop")

    @cached_property
    def groomed_radius(self) -> FloatArray:
        """R_g of Soft Drop; NaN for jets without a branching that passes."""
        return self._soft_drop("deltaRsoftdrop")

    @cached_property
    def groomed_mass(self) -> FloatArray:
        """Mass of the groomed jet in GeV; NaN for jets without a branching that passes."""
        return self._soft_drop("msoftdrop")

    @cached_property
    def lund(self) -> LundPlane:
        """Primary Lund planes."""
        if not len(self):
            empty = np.zeros(0)
            return LundPlane(empty, empty, np.zeros(0, dtype=np.int64))
        found = self._sequence.exclusive_jets_lund_declusterings(1)
        per_jet = ak.flatten(found, axis=2)
        jet = np.repeat(np.arange(len(self)), np.asarray(ak.num(per_jet, axis=1)))
        delta, kt = (np.asarray(ak.flatten(per_jet[name], axis=1)) for name in ("Delta", "kt"))
        return LundPlane(delta, kt, jet)
