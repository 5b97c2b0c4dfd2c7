"""Phase-space points for measurements: flat in phase space, nothing more.

RAMBO with masses: R. Kleiss, W. J. Stirling, S. D. Ellis, Comput. Phys. Commun. 40 (1986) 359.
"""

import math

import torch
from torch import Tensor

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
        Centre-of-mass energy in GeV; by default well above threshold.
    seed
        Seed of the random numbers.

    Returns
    -------
    Tensor
        ``(count, n, 4)`` float64, [E, px, py, pz] in GeV.
    """
    masses = [as_number(particle.mass(model)) for particle in process.particles]
    if sqrt_s is None:
        sqrt_s = 3.0 * max(sum(masses[2:]), sum(masses[:2])) + 500.0
    generator = torch.Generator().manual_seed(seed)
    kept: list[Tensor] = []
    found = 0
    for _ in range(100):
        points = _points(masses, 2 * count, sqrt_s, generator)
        products = _invariants(points) / sqrt_s**2
        good = points[products > 1e-3]
        kept.append(good)
        found += len(good)
        if found >= count:
            break
    return torch.cat(kept)[:count]


def _points(masses: list[float], count: int, sqrt_s: float, generator: torch.Generator) -> Tensor:
    n = len(masses) - 2
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
    mass2 = torch.tensor(masses[2:], dtype=torch.float64) ** 2
    # Rescale momenta so that the energies with masses add up, by Newton's method.
    xi = torch.full((count, 1), math.sqrt(max(0.01, 1.0 - (sum(masses[2:]) / sqrt_s) ** 2)))
    xi = xi.to(torch.float64)
    for _ in range(50):
        energies = torch.sqrt(mass2 + xi * xi * momentum2)
        slope = (xi * momentum2 / energies).sum(dim=1, keepdim=True)
        xi = xi - (energies.sum(dim=1, keepdim=True) - sqrt_s) / slope
    final = torch.cat(
        (torch.sqrt(mass2 + xi * xi * momentum2).unsqueeze(-1), xi.unsqueeze(-1) * p), dim=-1
    )
    m1, m2 = masses[:2]
    first = (sqrt_s**2 + m1**2 - m2**2) / (2.0 * sqrt_s)
    beam = math.sqrt(first**2 - m1**2)
    initial = torch.zeros(count, 2, 4, dtype=torch.float64)
    initial[:, 0, 0], initial[:, 1, 0] = first, sqrt_s - first
    initial[:, 0, 3], initial[:, 1, 3] = beam, -beam
    return torch.cat((initial, final), dim=1)


def _invariants(points: Tensor) -> Tensor:
    """Smallest product of two momenta with at least one outgoing."""
    metric = torch.tensor([1.0, -1.0, -1.0, -1.0], dtype=torch.float64)
    products = torch.einsum("nia,a,nja->nij", points, metric, points)
    n = points.shape[1]
    skip = torch.eye(n, dtype=torch.bool)
    skip[0, 1] = skip[1, 0] = True
    return products.masked_fill(skip, math.inf).amin(dim=(1, 2))
