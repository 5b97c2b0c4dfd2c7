# SPDX-License-Identifier: GPL-3.0-or-later
"""The map in transverse momenta and rapidities: balance, round trip, jacobian, cuts, errors."""

import math

import pytest
import torch

from mcsurrogate.errors import PhaseSpaceError
from mcsurrogate.kinematics import mass_squared
from mcsurrogate.phase_space import (
    Cut,
    Cuts,
    Propagator,
    Topology,
    TopologyMapping,
    TransverseDecays,
    TransverseMapping,
)

TOP, W = 173.0, 80.4
CUTS = (Cut("pt", ("jets",), minimum=20.0), Cut("eta", ("jets",), maximum=5.0))
PROCESSES = {
    "two jets": ((21, 21, 21, 21), (0.0, 0.0)),
    "W and three jets": ((21, 21, 24, 1, -2, 21), (W, 0.0, 0.0, 0.0)),
    "tops and a jet": ((21, 21, 6, -6, 21), (TOP, TOP, 0.0)),
    "tops and two jets": ((21, 21, 6, -6, 21, 21), (TOP, TOP, 0.0, 0.0)),
    "tops and a W": ((2, -1, 6, -6, 24), (TOP, TOP, W)),
    "photon without a cut": ((21, 21, 6, -6, 22), (TOP, TOP, 0.0)),
    "two quarks that radiate W": ((2, 4, 24, 24, 1, 3), (W, W, 0.0, 0.0)),
    "lepton pair and two jets": ((2, -2, -11, 11, 21, 21), (0.0, 0.0, 0.0, 0.0)),
    "top that decays and a jet": ((21, 21, -11, 12, 5, -6, 21), (0.0, 0.0, 4.7, TOP, 0.0)),
}
RADIATED = {"two quarks that radiate W": (0, 1)}
DECAYING = {
    "lepton pair and two jets": (Propagator(frozenset({2, 3}), 91.2, 2.5, others=((0.0, 0.0),)),),
    "top that decays and a jet": (
        Propagator(frozenset({2, 3, 4}), TOP, 1.5),
        Propagator(frozenset({2, 3}), W, 2.0),
    ),
}


@pytest.fixture(params=PROCESSES)
def process(request):
    ids, masses = PROCESSES[request.param]
    cuts = Cuts(ids, CUTS, masses=masses)
    if systems := DECAYING.get(request.param, ()):
        return cuts, TransverseDecays(systems, masses, 13000.0, cuts), systems
    return cuts, TransverseMapping(masses, 13000.0, cuts, RADIATED.get(request.param, ())), ()


def _points(mapping, n, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(n, mapping.dim, generator=generator, dtype=torch.float64)


def test_momenta_cuts_and_round_trip(process):
    cuts, mapping, _ = process
    u = _points(mapping, 4000, 1)
    point = mapping.forward(u)
    inside = point.jacobian > 0
    assert float(inside.double().mean()) > 0.98
    # all cuts but the pT of jets that balance the others are in the map
    if any(mapping.masses) and not getattr(mapping, "radiated", ()):
        assert bool(cuts(point.momenta[inside]).all())
    momenta = point.momenta[inside]
    balance = (momenta[:, :2].sum(1) - momenta[:, 2:].sum(1)).abs().amax(1)
    assert float((balance / mass_squared(momenta[:, :2].sum(1)).sqrt()).max()) < 1e-12
    for leg, m in enumerate((0.0, 0.0, *mapping.masses)):
        off = (mass_squared(momenta[:, leg]) - m * m).abs() / momenta[:, leg, 0] ** 2
        assert float(off.max()) < 1e-12
    torch.testing.assert_close(momenta[:, 0, 3], 6500.0 * point.x1[inside])
    torch.testing.assert_close(momenta[:, 1, 3], -6500.0 * point.x2[inside])
    back, jacobian = mapping.inverse(point.momenta, point.x1, point.x2)
    difference = (back - u)[inside].abs()
    periodic = torch.tensor(mapping.periodic)
    difference = torch.where(periodic, torch.minimum(difference, 1 - difference), difference)
    assert float(difference.max()) < 1e-9
    torch.testing.assert_close(jacobian[inside], point.jacobian[inside], rtol=1e-7, atol=0)


def test_integral_of_a_smooth_function(process):
    """Against the independent map of flat phase space; 4.5 sigma, nine processes: 6e-5."""
    cuts, mapping, systems = process
    flat = TopologyMapping(
        Topology(len(cuts.pdg_ids), systems, name="flat"), mapping.masses, 13000.0, bounds=cuts
    )
    threshold = sum(mapping.masses) + 100.0
    n = 60_000
    values = []
    for seed, other in enumerate((mapping, flat)):
        point = other.forward(_points(other, n, 5 + seed))
        s = 13000.0**2 * point.x1 * point.x2
        pt = point.momenta[:, 2:, 1:3].norm(dim=2).sum(dim=1)
        steep = (s / threshold**2) ** (-len(mapping.masses) - 1) / (1 + (pt / 300) ** 2) ** 2
        for line in systems:
            inside = point.momenta[:, sorted(line.legs)].sum(dim=1)
            off = (mass_squared(inside) - line.mass**2) / (line.mass * line.width)
            steep = steep / (1 + off**2)
        value = torch.where(cuts(point.momenta), point.jacobian * steep, 0.0)
        values.append((float(value.mean()), float(value.std()) / math.sqrt(n)))
    (a, error_a), (b, error_b) = values
    assert abs(a - b) < 4.5 * math.hypot(error_a, error_b)
    # jets of this function are independent: not what a map with radiated particles is made for
    assert error_a < (0.05 if getattr(mapping, "radiated", ()) else 0.03) * a


def test_gradients(process):
    _, mapping, _ = process
    u = (0.1 + 0.8 * _points(mapping, 3, 8)).requires_grad_()

    def weight(u):
        point = mapping.forward(u)
        return point.momenta.sum(dim=(1, 2)) / 1e3 + point.jacobian.log()

    assert torch.autograd.gradcheck(weight, (u,), atol=1e-5, rtol=1e-4)


def test_edges_of_the_hypercube(process):
    """No NaN at 0 and 1, in float64 and float32."""
    _, mapping, _ = process
    corners = torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * mapping.dim)[:: mapping.dim]
    for dtype in (torch.float64, torch.float32):
        point = mapping.forward(corners.to(dtype))
        assert bool(torch.isfinite(point.jacobian).all())
        assert bool(torch.isfinite(point.momenta[point.jacobian > 0]).all())
        assert point.momenta.dtype == dtype


@pytest.mark.parametrize(
    ("masses", "energy", "message"),
    [
        ((TOP,), 13000.0, "at least two"),
        ((TOP, -1.0), 13000.0, "negative"),
        ((TOP, TOP), 300.0, "not enough"),
    ],
)
def test_impossible_processes(masses, energy, message):
    cuts = Cuts((21, 21, 6, -6)[: len(masses) + 2], masses=masses if len(masses) == 2 else (0.0,))
    with pytest.raises(PhaseSpaceError, match=message):
        TransverseMapping(masses, energy, cuts)


@pytest.mark.parametrize("radiated", [(0,), (0, 2), (2, 3)])
def test_what_cannot_be_radiated(radiated):
    ids = (2, 4, 24, 24, 1, 3)
    masses = (W, W, 0.0, 0.0)
    with pytest.raises(PhaseSpaceError, match="cannot be radiated"):
        TransverseMapping(masses, 13000.0, Cuts(ids, CUTS, masses=masses), radiated)


def test_points_of_the_wrong_shape(process):
    with pytest.raises(PhaseSpaceError, match="expected"):
        process[1].forward(torch.zeros(3, 2))
