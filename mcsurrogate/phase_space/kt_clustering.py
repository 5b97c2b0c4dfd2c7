# SPDX-License-Identifier: GPL-3.0-or-later
r"""The scale of the 2 -> 2 process that is left of an event when its jets are clustered.

MadGraph's ``dynamical_scale_choice`` -1 is the central transverse mass after a kT clustering: for
one heavy particle :math:`\sqrt{M^2 + p_T^2}`, for a pair the geometric mean of both (MadGraph's
FAQ, "default dynamic factorization and renormalization scales").  Jets are clustered with each
other and with the beams by the longitudinally invariant distances

.. math:: d_{ij} = \min(p_{Ti}^2, p_{Tj}^2)\, \Delta R_{ij}^2, \qquad d_{iB} = p_{Ti}^2

(S. Catani, Yu. Dokshitzer, M. Seymour, B. Webber, Nucl. Phys. B406 (1993) 187, with R = 1 and
rapidities).  MadGraph also asks which clusterings the diagrams have, and clusters jets with heavy
quarks; this clustering does not.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from mcsurrogate.kinematics import delta_r, transverse_mass, transverse_momentum

__all__ = ["KtClustering"]


class KtClustering:
    """Clusters jets until two objects are left; the geometric mean of their transverse masses.

    Parameters
    ----------
    jets
        Legs that are clustered.
    colourless
        Legs that are one object together.
    heavy
        Legs that are each an object.
    """

    def __init__(
        self, jets: Sequence[int], colourless: Sequence[int], heavy: Sequence[int]
    ) -> None:
        self._jets, self._colourless, self._heavy = list(jets), list(colourless), list(heavy)
        kept = len(self._heavy) + bool(self._colourless)
        self._steps = min(len(self._jets), max(0, kept + len(self._jets) - 2))

    def __call__(self, momenta: Tensor) -> Tensor:
        """Scale in GeV, ``(N,)``, of momenta ``(N, n, 4)``."""
        objects = [momenta[:, self._heavy]]
        if self._colourless:
            objects.append(momenta[:, self._colourless].sum(dim=1, keepdim=True))
        jets = momenta[:, self._jets]
        for _ in range(self._steps):
            jets = _clustered(jets)
        transverse = transverse_mass(torch.cat([*objects, jets], dim=1))
        return transverse.log().mean(dim=1).exp()


def _clustered(jets: Tensor) -> Tensor:
    """Do one step of the clustering of ``(N, m, 4)``; returns ``(N, m - 1, 4)``."""
    count = jets.shape[1]
    first, second = torch.triu_indices(count, count, 1)
    pt = transverse_momentum(jets)
    one, other = jets[:, first], jets[:, second]
    near = torch.minimum(pt[:, first], pt[:, second]) * delta_r(one, other, use_rapidity=True)
    chosen = torch.cat((pt, near), dim=1).argmin(dim=1)
    # a jet that goes to the beam is dropped; of a pair the sum takes the place of the first
    dropped = torch.cat((torch.arange(count), second))[chosen]
    gained = torch.cat((torch.arange(count), first))[chosen]
    pair = (chosen >= count).to(jets.dtype)[:, None, None]
    lost = jets.take_along_dim(dropped[:, None, None], dim=1)
    at = torch.arange(count) == gained[:, None]
    jets = jets + at[:, :, None] * pair * lost
    keep = torch.arange(count) != dropped[:, None]
    return jets[keep].reshape(len(jets), count - 1, 4)
