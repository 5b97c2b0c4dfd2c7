# SPDX-License-Identifier: GPL-3.0-or-later
"""Particle-flow network: a function of the sum over particles of functions of each.

Komiske, Metodiev and Thaler, "Energy Flow Networks: Deep Sets for Particle Jets",
arXiv:1810.05165, eq. 3.
"""

import torch
from torch import Tensor, nn

from mcsurrogate.validation.particle_sets import CLASSES

__all__ = ["ParticleFlowNetwork", "particle_features"]

_CLASSES = len(CLASSES) + 2
_SMALL = 1e-6


def particle_features(sets: Tensor, scale: float) -> Tensor:
    """Features of each particle, of order one.

    Parameters
    ----------
    sets
        ``(N, P, 6)``; see `mcsurrogate.validation.particle_sets.COLUMNS`.
    scale
        A typical energy of a particle in GeV.

    Returns
    -------
    ``(N, P, F)``: logarithms of energy and transverse momentum, direction, charge, and the
    class, one column each.
    """
    energy, px, py, pz, label, charge = sets.unbind(-1)
    transverse = torch.sqrt(px**2 + py**2 + _SMALL**2)
    momentum = torch.sqrt(transverse**2 + pz**2)
    columns = (
        0.3 * torch.log((energy + _SMALL) / scale),
        0.3 * torch.log(transverse / scale),
        px / momentum,
        py / momentum,
        pz / momentum,
        0.3 * torch.asinh(pz / transverse),
        charge,
    )
    classes = nn.functional.one_hot(label.long(), _CLASSES).to(sets.dtype)
    return torch.cat((torch.stack(columns, dim=-1), classes), dim=-1)


class ParticleFlowNetwork(nn.Module):
    """Classifier on sets of particles; gives a logit.

    Parameters
    ----------
    scale
        A typical energy of a particle in GeV.
    width, latent
        Units of the hidden layers, and dimension of the sum.
    """

    def __init__(self, scale: float, width: int = 64, latent: int = 64) -> None:
        super().__init__()
        self.scale = scale
        self.particle = nn.Sequential(
            nn.Linear(7 + _CLASSES, width),
            nn.SiLU(),
            nn.Linear(width, width),
            nn.SiLU(),
            nn.Linear(width, latent),
        )
        self.event = nn.Sequential(
            nn.Linear(latent + 1, width),
            nn.SiLU(),
            nn.Linear(width, width),
            nn.SiLU(),
            nn.Linear(width, 1),
        )

    def forward(self, sets: Tensor) -> Tensor:
        """Logits ``(N,)`` of sets ``(N, P, 6)``."""
        present = (sets[..., 4] > 0.0).to(sets.dtype)
        encoded = self.particle(particle_features(sets, self.scale)) * present[..., None]
        number = present.sum(dim=1, keepdim=True)
        # a mean and the number: sums would grow with the multiplicity
        summed = torch.cat((encoded.sum(dim=1) / number.clamp(min=1.0), 0.05 * number), dim=-1)
        logits: Tensor = self.event(summed)[:, 0]
        return logits
