# SPDX-License-Identifier: GPL-3.0-or-later
"""Cuts on anti-kt jets of the coloured final state, clustered by FastJet."""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mcsurrogate.errors import PhaseSpaceError

__all__ = ["JetCuts"]

_COLOURED = frozenset({21, *range(1, 6), *range(-5, 0)})


@dataclass(frozen=True, slots=True)
class JetCuts:
    """At least so many anti-kt jets with a transverse momentum, inside a pseudorapidity.

    Anti-kt (M. Cacciari, G. Salam, G. Soyez, arXiv:0802.1189) with the E scheme, over gluons
    and light quarks, b included where ``flavours`` has it; top quarks are no jets.

    Attributes
    ----------
    count
        Least number of jets.
    radius
        R of the algorithm.
    pt_min
        Least transverse momentum of a jet in GeV.
    eta_max
        Largest pseudorapidity of a jet.
    flavours
        PDG ids of the partons that are clustered.
    passes
        Further cuts on the jets that count: of their momenta ``(N, k, 4)`` in GeV, in the order
        of falling transverse momentum, ``(N,)`` bool.
    """

    count: int
    radius: float = 0.4
    pt_min: float = 20.0
    eta_max: float = 5.0
    flavours: frozenset[int] = _COLOURED
    passes: Callable[[Tensor], Tensor] | None = None

    def __post_init__(self) -> None:
        if self.count < 1 or not self.radius > 0 or not self.pt_min >= 0 or not self.eta_max > 0:
            raise PhaseSpaceError(
                f"jet cuts: {self.count} jets of radius {self.radius} with pT > {self.pt_min} GeV "
                f"and |eta| < {self.eta_max}: count, radius and eta must be positive"
            )

    def __call__(self, momenta: Tensor, pdg_ids: Sequence[int]) -> Tensor:
        """Tell which events have enough jets.

        Parameters
        ----------
        momenta
            ``(N, n, 4)`` in GeV, laboratory frame.
        pdg_ids
            Of all external legs.

        Returns
        -------
        Tensor
            ``(N,)`` bool.
        """
        partons = self._partons(pdg_ids)
        if len(partons) < self.count:
            raise PhaseSpaceError(
                f"{self.count} jets asked of a final state with {len(partons)} partons"
            )
        import awkward as ak

        fastjet = importlib.import_module("fastjet")
        values = momenta[:, partons].detach().cpu().to(torch.float64).numpy()
        particles = ak.zip(
            {
                name: ak.from_regular(np.ascontiguousarray(values[..., i]))
                for i, name in enumerate(("E", "px", "py", "pz"))
            },
            with_name="Momentum4D",
        )
        definition = fastjet.JetDefinition(fastjet.antikt_algorithm, self.radius)
        jets = fastjet.ClusterSequence(particles, definition).inclusive_jets()
        pt = np.hypot(jets.px, jets.py)
        good = (pt > self.pt_min) & (abs(np.arcsinh(jets.pz / pt)) < self.eta_max)
        count = torch.from_numpy(ak.to_numpy(ak.sum(good, axis=1)))
        found = count >= self.count
        if self.passes is not None:
            jets = jets[good][ak.argsort(pt[good], axis=1, ascending=False)]
            for size in torch.unique(count[found]).tolist():
                where = (found & (count == size)).nonzero().squeeze(1)
                same = jets[where.numpy()]
                parts = [ak.to_numpy(ak.to_regular(same[name])) for name in ("E", "px", "py", "pz")]
                found[where] = self.passes(torch.from_numpy(np.stack(parts, axis=-1)))
        return found.to(momenta.device)

    def _partons(self, pdg_ids: Sequence[int]) -> list[int]:
        return [leg for leg in range(2, len(pdg_ids)) if pdg_ids[leg] in self.flavours]

    def least_transverse_momentum(self, leg: int, pdg_ids: Sequence[int]) -> float:
        """Least transverse momentum in GeV of a leg: where every parton must be a jet."""
        partons = self._partons(pdg_ids)
        return self.pt_min if leg in partons and len(partons) == self.count else 0.0

    def least_distance(self, a: int, b: int, pdg_ids: Sequence[int]) -> float:
        """Least distance of two legs: where every parton must be a jet.

        Anti-kt measures distances in rapidity, which is the pseudorapidity of partons without
        mass.
        """
        partons = self._partons(pdg_ids)
        every = len(partons) == self.count
        return self.radius if every and a in partons and b in partons else 0.0
