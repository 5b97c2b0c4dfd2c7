# SPDX-License-Identifier: GPL-3.0-or-later
"""Decay chains at the poles: averaged over decay angles they are production times decays.

With all resonances on their mass shells, a chain averaged over the directions of all decay
products is the squared amplitude of the production, times that of each two-body decay over
(M Gamma)^2: averages over spins, factors of identical particles and all couplings must agree.
"""

import math

import pytest
import torch

from mcsurrogate.matrix_elements import Process, StandardModel, matrix_element
from mcsurrogate.matrix_elements.particles import Particle
from mcsurrogate.matrix_elements.probe import probe_points

MODEL = StandardModel()
POINTS = 2000


def _momentum(mass, first, second):
    return math.sqrt((mass**2 - (first + second) ** 2) * (mass**2 - (first - second) ** 2)) / (
        2 * mass
    )


def _isotropic(parent, mass, masses, generator):
    """Momenta of two decay products, isotropic in the rest frame of the parent ``(N, 4)``."""
    size = _momentum(mass, *masses)
    cosine, angle = torch.rand(2, len(parent), generator=generator, dtype=torch.float64)
    cosine, angle = 2 * cosine - 1, 2 * math.pi * angle
    sine = torch.sqrt(1 - cosine**2)
    k = size * torch.stack((sine * torch.cos(angle), sine * torch.sin(angle), cosine), dim=1)
    energy = math.sqrt(size**2 + masses[0] ** 2)
    along = (parent[:, 1:] * k).sum(1, keepdim=True)
    space = k + parent[:, 1:] * (energy + along / (parent[:, :1] + mass)) / mass
    first = torch.cat(((parent[:, :1] * energy + along) / mass, space), dim=1)
    return first, parent - first


def _decay(parent, particle: Particle, decays, generator):
    """Momenta of what a particle ends in, and the factor of its decays."""
    text = decays.get(particle.name)
    if text is None:
        return [parent], 1.0
    products = Process.parse(text).particles[1:]
    mass, masses = float(particle.mass(MODEL)), [float(p.mass(MODEL)) for p in products]
    size = _momentum(mass, *masses)
    back = torch.tensor([[mass, 0, 0, 0], [0, 0, 0, size], [0, 0, 0, -size]], dtype=torch.float64)
    back[1:, 0] = torch.tensor([math.hypot(size, m) for m in masses])
    squared = float(matrix_element(text)(back.unsqueeze(0), MODEL.alpha_s))
    factor, found = squared / (mass * float(particle.width(MODEL))) ** 2, []
    for momentum, product in zip(
        _isotropic(parent, mass, masses, generator), products, strict=True
    ):
        momenta, more = _decay(momentum, product, decays, generator)
        found, factor = found + momenta, factor * more
    return found, factor


@pytest.mark.parametrize(
    "chain",
    [
        "u u~ > z z, z > e+ e-",
        "u u~ > z h, z > ve ve~, h > ta+ ta-",
        "a a > w+ w-, w+ > e+ ve, w- > e- ve~",
        "g g > t t~, (t > w+ b, w+ > u d~), (t~ > w- b~, w- > e- ve~)",
        "u b > d t, (t > w+ b, w+ > e+ ve)",
        "g b~ > t~ w+, (t~ > w- b~, w- > e- ve~), w+ > mu+ vm",
        "u u > w+ w+ d d QCD=0, w+ > e+ ve",
        "g u > z u, z > e+ e-",
    ],
)
def test_chain_is_production_times_decays(chain):
    """5 standard deviations, false alarm 1e-6 each."""
    generator = torch.Generator().manual_seed(3)
    production, *rest = (
        part.strip() for part in chain.replace("(", "").replace(")", "").split(",")
    )
    decays = {text.split(">")[0].strip(): text for text in rest}
    process = Process.parse(production)
    point = probe_points(process, MODEL, 1)
    wanted = float(matrix_element(process)(point, MODEL.alpha_s))
    repeated = point.repeat(POINTS, 1, 1)
    legs = list(repeated[:, :2].unbind(1))
    for particle, momentum in zip(process.particles[2:], repeated[:, 2:].unbind(1), strict=True):
        momenta, factor = _decay(momentum, particle, decays, generator)
        legs += momenta
        wanted *= factor
    ratio = matrix_element(chain)(torch.stack(legs, dim=1), MODEL.alpha_s) / wanted
    assert abs(ratio.mean() - 1) < 5 * ratio.std() / math.sqrt(POINTS) + 2e-3
