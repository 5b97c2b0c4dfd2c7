# SPDX-License-Identifier: GPL-3.0-or-later
"""Lorentz-equivariant network on particles.

LorentzNet, Gong et al., arXiv:2201.08187, section 3.2: scalars h_i and four-vectors x_i of the
particles pass through blocks in which pairs exchange messages that depend on the invariants
(x_i - x_j)^2 and x_i x_j alone.  The logit is therefore invariant under Lorentz transformations of
particles and beams together; the two beam directions join the particles, so that the network may
see where an event points, as in that paper.
"""

import torch
from torch import Tensor, nn

from mcsurrogate.validation.particle_sets import CLASSES

__all__ = ["LorentzNetwork", "minkowski"]

_CLASSES = len(CLASSES) + 2
_METRIC = (1.0, -1.0, -1.0, -1.0)
_BEAMS = ((1.0, 0.0, 0.0, 1.0), (1.0, 0.0, 0.0, -1.0))
_STEP = 1e-3


def minkowski(first: Tensor, second: Tensor) -> Tensor:
    """Products of four-vectors [E, px, py, pz] over the last dimension."""
    return (first * second * first.new_tensor(_METRIC)).sum(dim=-1)


def _flat(invariants: Tensor) -> Tensor:
    """Signed logarithm: invariants span many orders of magnitude (eq. 4 of the paper)."""
    return torch.sign(invariants) * torch.log1p(invariants.abs())


class _Block(nn.Module):
    """One exchange of messages between all pairs.

    Parameters
    ----------
    width
        Scalars of each particle.
    moves
        Whether vectors change: nothing looks at them after the last exchange.
    """

    def __init__(self, width: int, *, moves: bool) -> None:
        super().__init__()
        # one linear layer on (h_i, h_j, invariants), taken apart: two terms need no pairs
        self.receiver = nn.Linear(width, width)
        self.sender = nn.Linear(width, width, bias=False)
        self.invariants = nn.Linear(2, width, bias=False)
        self.message = nn.Sequential(nn.SiLU(), nn.Linear(width, width), nn.SiLU())
        self.gate = nn.Sequential(nn.Linear(width, 1), nn.Sigmoid())
        self.pull = (
            nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 1))
            if moves
            else None
        )
        self.update = nn.Sequential(nn.Linear(2 * width, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, scalars: Tensor, vectors: Tensor, pairs: Tensor) -> tuple[Tensor, Tensor]:
        """Return new scalars ``(N, P, H)`` and vectors ``(N, P, 4)``; `pairs` masks pairs."""
        products = (vectors * vectors.new_tensor(_METRIC)) @ vectors.transpose(1, 2)
        own = torch.diagonal(products, dim1=1, dim2=2)
        distances = own[:, :, None] + own[:, None] - 2.0 * products
        invariants = torch.stack((_flat(products), _flat(distances)), dim=-1)
        messages = self.message(
            self.receiver(scalars)[:, :, None]
            + self.sender(scalars)[:, None]
            + self.invariants(invariants)
        )
        if self.pull is not None:
            pull = self.pull(messages)[..., 0].clamp(-10.0, 10.0) * pairs
            vectors = vectors + _STEP * pull @ vectors
        weights = self.gate(messages)[..., 0] * pairs
        heard = (weights[:, :, None] @ messages)[:, :, 0]
        # an average keeps the size whatever the multiplicity
        heard = heard / pairs.sum(dim=2, keepdim=True).clamp(min=1.0)
        return scalars + self.update(torch.cat((scalars, heard), dim=-1)), vectors


class LorentzNetwork(nn.Module):
    """Classifier on sets of particles; gives a logit.

    Parameters
    ----------
    scale
        A typical energy of a particle in GeV.
    particles
        The hardest ones that are looked at: messages grow with the square of their number.
    width, blocks
        Scalars of each particle, and exchanges of messages.
    """

    def __init__(self, scale: float, particles: int = 24, width: int = 24, blocks: int = 2) -> None:
        super().__init__()
        self.scale, self.particles = scale, particles
        self.embedding = nn.Linear(_CLASSES + 3, width)
        self.blocks = nn.ModuleList(_Block(width, moves=i < blocks - 1) for i in range(blocks))
        self.event = nn.Sequential(nn.Linear(width + 1, width), nn.SiLU(), nn.Linear(width, 1))

    def forward(self, sets: Tensor) -> Tensor:
        """Logits ``(N,)`` of sets ``(N, P, 6)``."""
        n = len(sets)
        chosen = sets[:, : self.particles]
        number = (sets[..., 4] > 0.0).sum(dim=1, keepdim=True).to(sets.dtype)
        beams = chosen.new_tensor(_BEAMS).expand(n, -1, -1)
        vectors = torch.cat((chosen[..., :4] / self.scale, beams), dim=1)
        one = chosen.new_ones((n, len(_BEAMS)))
        label = torch.cat((chosen[..., 4], 0.0 * one), dim=1).long()
        charge = torch.cat((chosen[..., 5], 0.0 * one), dim=1)
        is_beam = torch.cat((0.0 * chosen[..., 5], one), dim=1)
        present = torch.cat(((chosen[..., 4] > 0.0).to(sets.dtype), one), dim=1)
        mass2 = minkowski(vectors, vectors)
        scalars = self.embedding(
            torch.cat(
                (
                    nn.functional.one_hot(label, _CLASSES).to(sets.dtype),
                    torch.stack((charge, is_beam, _flat(mass2)), dim=-1),
                ),
                dim=-1,
            )
        )
        others = 1.0 - torch.eye(present.shape[1], dtype=sets.dtype)
        pairs = present[:, :, None] * present[:, None] * others
        for block in self.blocks:
            scalars, vectors = block(scalars, vectors, pairs)
        pooled = (scalars * present[..., None]).sum(dim=1) / present.sum(dim=1, keepdim=True)
        logits: Tensor = self.event(torch.cat((pooled, 0.05 * number), dim=-1))[:, 0]
        return logits
