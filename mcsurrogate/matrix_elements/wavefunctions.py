# SPDX-License-Identifier: GPL-3.0-or-later
r"""Wave functions of external legs, helicity by helicity.

Spinors and polarisation vectors are those of HELAS up to phases (H. Murayama, I. Watanabe,
K. Hagiwara, KEK-91-11): helicities are defined in the frame of the momenta, massless vectors
have :math:`\epsilon^0 = 0` and :math:`\vec\epsilon\cdot\vec p = 0`.  With the two-component
helicity spinors :math:`\kappa_\pm` of the direction of a momentum,

.. math::
   u(p,\lambda) = \bigl(\sqrt{E-\lambda p}\,\kappa_\lambda,\ \sqrt{E+\lambda p}\,
   \kappa_\lambda\bigr),\quad
   v(p,\lambda) = \bigl(-\lambda\sqrt{E+\lambda p}\,\kappa_{-\lambda},\
   \lambda\sqrt{E-\lambda p}\,\kappa_{-\lambda}\bigr),\quad
   \epsilon_+ \cdot \sigma = \sqrt2\,\kappa_+\kappa_-^\dagger .
"""

import math
from functools import cached_property

import torch
from torch import Tensor

__all__ = ["HelicitySpinors", "spinor_states", "vector_states"]


class HelicitySpinors:
    r"""Two-component spinors along the direction of each momentum.

    Parameters
    ----------
    momenta
        ``(4, n, N)`` physical momenta [E, px, py, pz] in GeV.

    Attributes
    ----------
    energy, momentum
        ``(n, N)`` energy and absolute three-momentum.
    up, down
        ``(2, n, N)`` complex spinors of positive and negative helicity.
    """

    def __init__(self, momenta: Tensor) -> None:
        energy, px, py, pz = momenta.unbind(0)
        transverse = px * px + py * py
        square = transverse + pz * pz
        # A leg at rest has its spin quantised along the z axis, as in HELAS.
        at_rest = square == 0.0
        if bool(at_rest.any()):
            square = torch.where(at_rest, torch.ones_like(square), square)
            momentum = torch.where(at_rest, torch.zeros_like(square), square.sqrt())
            reference = torch.where(at_rest, torch.ones_like(square), square.sqrt())
            pz = torch.where(at_rest, torch.ones_like(pz), pz)
        else:
            momentum = reference = square.sqrt()
        # The larger component is real, so that both hemispheres are free of cancellations.
        large = reference + pz.abs()
        norm = torch.rsqrt(2.0 * reference * large)
        large, small_x, small_y = large * norm, px * norm, py * norm
        forward = pz >= 0.0
        zero = torch.zeros_like(large)
        first = torch.complex(
            torch.where(forward, large, small_x), torch.where(forward, zero, -small_y)
        )
        second = torch.complex(
            torch.where(forward, small_x, large), torch.where(forward, small_y, zero)
        )
        self.energy, self.momentum = energy, momentum
        self.up = torch.stack((first, second))
        self.down = torch.stack((-second.conj(), first.conj())).resolve_conj()

    @cached_property
    def transverse(self) -> tuple[Tensor, Tensor]:
        """Vectors ``(2, 2, n, N)`` of negative and positive helicity, as if incoming."""
        plus = math.sqrt(2.0) * self.up.unsqueeze(1) * self.down.conj().unsqueeze(0)
        return plus.transpose(0, 1).conj().resolve_conj(), plus

    def pair(self, leg: int) -> tuple[Tensor, Tensor]:
        """Spinors ``(2, N)`` of negative and positive helicity of one leg."""
        return self.down[:, leg], self.up[:, leg]


def spinor_states(
    spinors: HelicitySpinors,
    leg: int,
    part: str,
    mass: Tensor | float | None,
    *,
    antifermion: bool,
    barred: bool,
) -> Tensor:
    """Return one chirality of an external fermion's spinor.

    Parameters
    ----------
    spinors
        Helicity spinors of all legs.
    leg
        Number of the leg.
    part
        ``L`` or ``R``.
    mass
        Mass in GeV; None for a massless fermion, which has one helicity a chirality.
    antifermion, barred
        Whether the physical particle is an antifermion, and whether the spinor is barred.

    Returns
    -------
    Tensor
        ``(2, H, N)`` for helicities -1 and +1 (``H = 2``), or ``(2, 1, N)`` if massless.
    """
    kappa = spinors.pair(leg)
    energy, momentum = spinors.energy[leg], spinors.momentum[leg]
    if mass is None:
        state = kappa[0] if part == "L" else kappa[1]
        states = (state * torch.sqrt(2.0 * energy)).unsqueeze(1)
    else:
        large = torch.sqrt(energy + momentum)
        small = mass / large
        by_helicity = []
        for helicity in (-1, 1):
            aligned = (helicity > 0) == (part == "R")
            if antifermion:
                factor = small if aligned else large
                sign = helicity if part == "R" else -helicity
                by_helicity.append(kappa[(1 - helicity) // 2] * (factor * sign))
            else:
                by_helicity.append(kappa[(1 + helicity) // 2] * (large if aligned else small))
        states = torch.stack(by_helicity, dim=1)
    return states.conj().resolve_conj() if barred else states


def vector_states(
    spinors: HelicitySpinors, leg: int, mass: Tensor | float | None, *, outgoing: bool
) -> Tensor:
    """Return the polarisation vectors of an external vector boson as matrices.

    Parameters
    ----------
    spinors
        Helicity spinors of all legs.
    leg
        Number of the leg.
    mass
        Mass in GeV, None for a massless boson.
    outgoing
        Whether the boson is outgoing (complex conjugate vectors).

    Returns
    -------
    Tensor
        ``(2, 2, H, N)`` for helicities -1, +1 or -1, 0, +1.
    """
    down, up = spinors.pair(leg)
    states = [vectors[:, :, leg] for vectors in spinors.transverse]
    if outgoing:
        states.reverse()
    if mass is not None:
        total = spinors.energy[leg] + spinors.momentum[leg]
        along = (total / mass) * up.unsqueeze(1) * up.conj().unsqueeze(0)
        against = (mass / total) * down.unsqueeze(1) * down.conj().unsqueeze(0)
        states.insert(1, along - against)
    return torch.stack(states, dim=2)
