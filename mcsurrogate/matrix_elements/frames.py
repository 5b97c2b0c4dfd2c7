# SPDX-License-Identifier: GPL-3.0-or-later
r"""The frame of a squared amplitude, where fixed widths make it matter.

A fixed width breaks the Ward identities of gluons and photons, and the squared amplitude depends on
their polarisation vectors, :math:`\epsilon^0 = 0` in the frame of the momenta.  A boost along the
beams leaves those of incoming ones alone.  MadGraph evaluates in the partonic centre of mass.
"""

import torch
from torch import Tensor

from mcsurrogate.matrix_elements.orders import propagating
from mcsurrogate.matrix_elements.parameters import StandardModel, as_number
from mcsurrogate.matrix_elements.particles import particle_by_pdg
from mcsurrogate.matrix_elements.process import Process

__all__ = ["depends_on_boost", "partonic_frame"]

_MASSLESS_VECTORS = (21, 22)


def depends_on_boost(process: Process, model: StandardModel) -> bool:
    """Whether a boost along the beams may change the squared amplitude.

    Parameters
    ----------
    process
        The process.
    model
        Widths.
    """
    if not any(pdg in _MASSLESS_VECTORS for pdg in process.outgoing):
        return False
    return any(as_number(particle_by_pdg(pdg).width(model)) > 0.0 for pdg in propagating(process))


def partonic_frame(momenta: Tensor) -> Tensor:
    """Boost events along z to where the incoming particles have no momentum in sum.

    Parameters
    ----------
    momenta
        ``(N, n, 4)`` [E, px, py, pz] in GeV, two incoming legs along z first.

    Returns
    -------
    Tensor
        ``(N, n, 4)``.
    """
    total = momenta[:, 0] + momenta[:, 1]
    plus, minus = total[:, 0] + total[:, 3], total[:, 0] - total[:, 3]
    stretch = torch.sqrt(minus / plus).unsqueeze(1)
    up = (momenta[..., 0] + momenta[..., 3]) * (0.5 * stretch)
    down = (momenta[..., 0] - momenta[..., 3]) * (0.5 / stretch)
    return torch.stack((up + down, momenta[..., 1], momenta[..., 2], up - down), dim=-1)
