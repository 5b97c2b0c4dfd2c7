# SPDX-License-Identifier: GPL-3.0-or-later
from pathlib import Path

import numpy as np
import pytest
import torch

from mcsurrogate.emulation import Emulator, TrainingSettings
from mcsurrogate.matrix_elements import matrix_element
from mcsurrogate.phase_space import HadronicPhaseSpace

ORACLE = Path(__file__).parents[1] / "data" / "oracle"
PROCESS = "g g > g g g"
SETTINGS = TrainingSettings(hidden=(32, 32), epochs=12, batch=256, learning_rate=0.02)


def draw_points(count, seed, process=PROCESS, sqrt_s=1000.0, least=0.01):
    """Flat phase space at one energy; every pair has 2 p_i.p_j > least s."""
    amplitude = matrix_element(process)
    masses = [float(p.mass(amplitude.parameters)) for p in amplitude.process.particles[2:]]
    mapping = HadronicPhaseSpace(sqrt_s, masses, hadronic=False)
    generator = torch.Generator().manual_seed(seed)
    blocks, have = [], 0
    while have < count:
        u = torch.rand(4 * count, mapping.dim, generator=generator, dtype=torch.float64)
        momenta = mapping.forward(u).momenta
        gram = momenta[:, :, None, 0] * momenta[:, None, :, 0] - (
            momenta[:, :, None, 1:] * momenta[:, None, :, 1:]
        ).sum(-1)
        upper = torch.triu_indices(momenta.shape[1], momenta.shape[1], 1)
        keep = (2 * gram[:, upper[0], upper[1]] > least * sqrt_s**2).all(dim=1)
        blocks.append(momenta[keep])
        have += int(keep.sum())
    momenta = torch.cat(blocks)[:count]
    return momenta, amplitude(momenta, 0.118)


@pytest.fixture(scope="session")
def draw():
    return draw_points


@pytest.fixture(scope="session")
def oracle():
    def read(name):
        with np.load(ORACLE / f"{name}.npz") as table:
            return {key: torch.from_numpy(table[key]) for key in ("momenta", "me2")}

    return read


@pytest.fixture(scope="session")
def points():
    """12,000 points of gg > ggg for training, 4,000 more for tests."""
    momenta, me2 = draw_points(16_000, seed=11)
    return {
        "momenta": momenta[:12_000],
        "me2": me2[:12_000],
        "test_momenta": momenta[12_000:],
        "test_me2": me2[12_000:],
    }


@pytest.fixture(scope="session")
def emulator(points):
    return Emulator.fit(points["momenta"], points["me2"], PROCESS, seed=1, settings=SETTINGS)


@pytest.fixture
def inside(emulator, points):
    """Test points within the domain."""
    keep = ~emulator.outside_domain(points["test_momenta"])
    return points["test_momenta"][keep], points["test_me2"][keep]
