# SPDX-License-Identifier: GPL-3.0-or-later
"""Phase-space points for measurements: flat in phase space, nothing more.

RAMBO with masses: R. Kleiss, W. J. Stirling, S. D. Ellis, Comput. Phys. Commun. 40 (1986) 359.
"""

import math

import torch
from torch import Tensor

from mcsurrogate.errors import ProcessError
from mcsurrogate.matrix_elements.parameters import StandardModel, as_number
from mcsurrogate.matrix_elements.process import Process

__all__ = ["probe_points"]


def probe_points(
    process: Process,
    model: StandardModel,
    count: int,
    *,
    sqrt_s: float | None = None,
    seed: int = 1,
) -> Tensor:
    """Return points in the partonic centre of mass, away from soft and collinear corners.

    Parameters
    ----------
    process
        The process.
    model
        Masses.
    count
        Number of points.
    sqrt_s
        Centre-of-mass energy in GeV; by default well above threshold.  That of a decay and of a
        resonance is its mass.
    seed
        Seed of the random numbers.

    Raises
    ------
    ProcessError
        If a decay, or a resonance, has no phase space.

    Returns
    -------
    Tensor
        ``(count, n, 4)`` float64, [E, px, py, pz] in GeV.
    """
    masses = [as_number(particle.mass(model)) for particle in process.particles]
    incoming, outgoing = masses[: process.n_incoming], masses[process.n_incoming :]
    if len(incoming) == 1 or len(outgoing) == 1:
        single = process.particles[0 if len(incoming) == 1 else -1]
        sqrt_s = as_number(single.mass(model))
        if sqrt_s == 0.0 or (len(incoming) == 1 and sqrt_s <= sum(outgoing)):
            raise ProcessError(
                f"{process.name}: {single.name} has {sqrt_s:g} GeV of mass in this model, so that "
                "no point of phase space exists"
            )
    elif sqrt_s is None:
        sqrt_s = 3.0 * max(sum(outgoing), sum(incoming)) + 500.0
    generator = torch.Generator().manual_seed(seed)
    least = 1e-3 if len(masses) > 3 else -1.0
    kept: list[Tensor] = []
    found = 0
    for _ in range(100):
        final = _final(outgoing, 2 * count, sqrt_s, generator)
        points = torch.cat((_initial(incoming, 2 * count, sqrt_s), final), dim=1)
        products = _invariants(points) / sqrt_s**2
        good = points[products > least]
        kept.append(good)
        found += len(good)
        if found >= count:
            break
    return torch.cat(kept)[:count]


def _initial(masses: list[float], count: int, sqrt_s: float) -> Tensor:
    initial = torch.zeros(count, len(masses), 4, dtype=torch.float64)
    initial[:, 0, 0] = sqrt_s
    if len(masses) == 2:
        first = (sqrt_s**2 + masses[0] ** 2 - masses[1] ** 2) / (2.0 * sqrt_s)
        beam = math.sqrt(max(first**2 - masses[0] ** 2, 0.0))
        initial[:, 0, 0], initial[:, 1, 0] = first, sqrt_s - first
        initial[:, 0, 3], initial[:, 1, 3] = beam, -beam
    return initial


def _final(masses: list[float], count: int, sqrt_s: float, generator: torch.Generator) -> Tensor:
    n = len(masses)
    if n == 1:
        return torch.tensor([[sqrt_s, 0.0, 0.0, 0.0]], dtype=torch.float64).expand(count, 1, 4)
    u = torch.rand(count, n, 4, generator=generator, dtype=torch.float64)
    energy = -torch.log(u[..., 0] * u[..., 1])
    cosine, angle = 2.0 * u[..., 2] - 1.0, 2.0 * math.pi * u[..., 3]
    sine = torch.sqrt(1.0 - cosine * cosine)
    q = torch.stack((sine * angle.cos(), sine * angle.sin(), cosine), dim=-1)
    q = q * energy.unsqueeze(-1)
    total, boost = energy.sum(dim=1), -q.sum(dim=1)
    mass = torch.sqrt(total**2 - (boost**2).sum(dim=1))
    boost, gamma = boost / mass.unsqueeze(1), total / mass
    along = (q * boost.unsqueeze(1)).sum(dim=-1)
    scale = (sqrt_s / mass).unsqueeze(1)
    factor = energy + along / (1.0 + gamma).unsqueeze(1)
    p = scale.unsqueeze(-1) * (q + boost.unsqueeze(1) * factor.unsqueeze(-1))
    momentum2 = (p * p).sum(dim=-1)
    mass2 = torch.tensor(masses, dtype=torch.float64) ** 2
    # Rescale momenta so that the energies with masses add up, by Newton's method.
    xi = torch.full((count, 1), math.sqrt(max(0.01, 1.0 - (sum(masses) / sqrt_s) ** 2)))
    xi = xi.to(torch.float64)
    for _ in range(50):
        energies = torch.sqrt(mass2 + xi * xi * momentum2)
        slope = (xi * momentum2 / energies).sum(dim=1, keepdim=True)
        xi = xi - (energies.sum(dim=1, keepdim=True) - sqrt_s) / slope
    energies = torch.sqrt(mass2 + xi * xi * momentum2)
    return torch.cat((energies.unsqueeze(-1), xi.unsqueeze(-1) * p), dim=-1)


def _invariants(points: Tensor) -> Tensor:
    """Smallest product of two momenta with at least one outgoing."""
    metric = torch.tensor([1.0, -1.0, -1.0, -1.0], dtype=torch.float64)
    products = torch.einsum("nia,a,nja->nij", points, metric, points)
    n = points.shape[1]
    skip = torch.eye(n, dtype=torch.bool)
    skip[0, 1] = skip[1, 0] = True
    return products.masked_fill(skip, math.inf).amin(dim=(1, 2))
