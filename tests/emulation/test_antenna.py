# SPDX-License-Identifier: GPL-3.0-or-later
import math

import pytest
import torch

from mcsurrogate.emulation.antenna import antenna_flows
from mcsurrogate.emulation.features import FeatureMap
from mcsurrogate.emulation.layout import ProcessLayout
from mcsurrogate.errors import EmulationError
from mcsurrogate.matrix_elements import Process, StandardModel, matrix_element

# A fixed width in space-like propagators breaks gauge invariance, and the amplitude of
# external tops then grows like 1/s^2 in the deep collinear limit: no width here.
MODEL = StandardModel(top_width=0.0)


def feature_map(process, **options):
    return FeatureMap(ProcessLayout(Process.parse(process), MODEL, **options))


@pytest.mark.parametrize(
    ("process", "count"),
    [
        ("e+ e- > mu+ mu-", 1),
        ("e+ e- > u u~ g", 1),
        ("g g > g g", 3),  # (n-1)!/2 orders of a closed loop
        ("g g > g g g", 12),
        ("g g > t t~ g g", 24),  # n_gluon! orders on a line
        ("u d > u d", 2),  # two ways to connect colour
        ("u d > u d g", 4),  # each with the gluon on one of two lines
        ("u u > u u", 4),  # each for two ways to pair flavours
    ],
)
def test_number_of_flows(process, count):
    assert len(antenna_flows(Process.parse(process))) == count


def test_five_gluons_are_the_skeleton_times_the_mhv_numerator(oracle):
    # For five gluons the colour-summed amplitude is exactly sum_{i<j} s_ij^4 times the sum of
    # Parke-Taylor denominators (Phys. Rev. Lett. 56 (1986) 2459).
    table = oracle("gg_ggg")
    features = feature_map("g g > g g g")(table["momenta"])
    s = torch.cat((torch.zeros(1, len(features)), features.inputs)).double().exp()
    numerator = s.pow(4).sum(dim=0)
    ratio = table["me2"] / (features.log_unit(1).exp() * numerator)
    assert float(ratio.max() / ratio.min()) == pytest.approx(1.0, abs=2e-5)


@pytest.mark.parametrize("process", ["g g > t t~ g", "g g > w+ d u~ g", "u d > u d g"])
def test_the_ratio_to_the_amplitude_stays_bounded_in_singular_limits(process):
    # One gluon becomes collinear to the first incoming leg or soft: |M|^2 grows by two and
    # four orders of magnitude, its ratio to the skeleton must settle.
    parsed = Process.parse(process)
    amplitude, features = matrix_element(parsed, MODEL), feature_map(process)
    gluon = max(leg for leg, pdg in enumerate(parsed.pdg_ids) if pdg == 21)
    masses = [float(p.mass(MODEL)) for p in parsed.particles]
    for soft in (False, True):
        value = []
        for size in (1e-3, 1e-4, 1e-5):
            momenta = singular_event(masses, gluon, size, soft=soft)
            found = features(momenta)
            log_ratio = amplitude(momenta, 0.118).log() - found.log_unit(parsed.n_legs - 4)
            value.append(float(log_ratio))
        assert abs(value[2] - value[1]) < 0.02
        assert abs(value[2] - value[1]) < abs(value[1] - value[0]) + 1e-3


def singular_event(masses, gluon, size, *, soft):
    """One event whose leg ``gluon`` is soft or collinear to the first incoming leg."""
    generator = torch.Generator().manual_seed(5)
    legs = len(masses)
    others = [leg for leg in range(2, legs) if leg != gluon]
    angle = 1.0 if soft else size**0.5
    energy = 1000.0 * size if soft else 150.0
    momenta = torch.zeros(1, legs, 4, dtype=torch.float64)
    momenta[0, gluon] = energy * torch.tensor(
        [1.0, math.sin(angle), 0.0, math.cos(angle)], dtype=torch.float64
    )
    directions = torch.randn(len(others), 3, generator=generator, dtype=torch.float64) * 200.0
    rest = -directions.sum(dim=0) - momenta[0, gluon, 1:]
    directions += rest / len(others)
    for leg, direction in zip(others, directions, strict=True):
        momenta[0, leg, 1:] = direction
        momenta[0, leg, 0] = (direction.square().sum() + masses[leg] ** 2).sqrt()
    total = momenta[0, 2:].sum(dim=0)
    half = total[0] / 2
    momenta[0, 0] = torch.stack([half, torch.zeros(()), torch.zeros(()), half])
    momenta[0, 1] = torch.stack([half, torch.zeros(()), torch.zeros(()), -half])
    return momenta


def test_too_many_flows_are_refused():
    with pytest.raises(EmulationError, match="colour flows"):
        antenna_flows(Process.parse("g g > g g g g g g g g"))


def test_without_skeleton_the_network_learns_everything():
    features = feature_map("g g > g g g", antennae=False)
    assert (
        float(features(singular_event([0.0] * 5, 4, 1e-3, soft=False)).log_skeleton.abs().max())
        == 0.0
    )
