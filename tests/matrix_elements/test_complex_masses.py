# SPDX-License-Identifier: GPL-3.0-or-later
"""The complex-mass scheme: widths everywhere, and gauge invariance with them."""

import cmath
import math

import pytest
import torch

from mcsurrogate.errors import ProcessError
from mcsurrogate.matrix_elements import Process, StandardModel, matrix_element, tree_inputs
from mcsurrogate.matrix_elements.interactions import COUPLINGS
from mcsurrogate.matrix_elements.probe import probe_points
from mcsurrogate.matrix_elements.tree import TreeMatrixElement

FIXED = StandardModel()
COMPLEX = StandardModel(complex_masses=True)


def _squared_mass(mass, width):
    return mass**2 - 1j * mass * width


MU_W2 = _squared_mass(FIXED.w_mass, FIXED.w_width)
MU_Z2 = _squared_mass(FIXED.z_mass, FIXED.z_width)


def forbidden_share(text, leg, model, momenta, monkeypatch):
    """Square with the momentum of a massless vector as its polarisation, over the true one."""
    amplitude = TreeMatrixElement(Process.parse(text), model)
    physical = amplitude(momenta, 0.118)
    original = tree_inputs.vector_states

    def longitudinal(spinors, number, mass, *, outgoing):
        states = original(spinors, number, mass, outgoing=outgoing)
        if number != leg:
            return states
        energy, px, py, pz = (momenta[:, leg] / momenta[:, leg, :1]).T
        zero = torch.zeros_like(energy)
        entries = (
            torch.complex(energy + pz, zero),
            torch.complex(px, -py),
            torch.complex(px, py),
            torch.complex(energy - pz, zero),
        )
        matrix = torch.stack(entries).view(2, 2, 1, -1)
        padding = states.shape[-1] - matrix.shape[-1]  # blocks are filled with the last event
        matrix = torch.cat((matrix, matrix[..., -1:].expand(2, 2, 1, padding)), dim=-1)
        return matrix.expand_as(states)

    with monkeypatch.context() as patch:
        patch.setattr(tree_inputs, "vector_states", longitudinal)
        return float((amplitude(momenta, 0.118) / physical).max())


def _two_body(parent, masses, cosine, phi):
    """Momenta of two decay products in the frame of the parent ``(4,)``."""
    mass = math.sqrt(float(parent[0] ** 2 - (parent[1:] ** 2).sum()))
    energy = (mass**2 + masses[0] ** 2 - masses[1] ** 2) / (2 * mass)
    size = math.sqrt(energy**2 - masses[0] ** 2)
    sine = math.sqrt(1 - cosine**2)
    angles = (sine * math.cos(phi), sine * math.sin(phi), cosine)
    direction = torch.tensor(angles, dtype=torch.float64)
    found = []
    for e, sign in ((energy, 1), (mass - energy, -1)):
        p = sign * size * direction
        along = float(parent[1:] @ p)
        moved = (parent[0] * e + along) / mass
        p = p + parent[1:] * ((e + moved) / (parent[0] + mass))
        found.append(torch.cat((moved.reshape(1), p)))
    return found


def resonant_points(offsets):
    """``g b > e+ ve b mu- vm~`` with the top and both W a few widths from their mass."""
    top, w, b = FIXED.top_mass, FIXED.w_mass, FIXED.bottom_mass
    events = []
    for number, offset in enumerate(offsets):
        energy, angle = 500.0, 0.3 + 0.2 * number
        momentum = (energy**2 - b**2) / (2 * energy)
        total = torch.tensor([energy, 0, 0, 0], dtype=torch.float64)
        heavy, plus, minus = (
            top + offset * FIXED.top_width,
            w - offset * FIXED.w_width,
            w + 0.5 * offset * FIXED.w_width,
        )
        first, third = _two_body(total, (heavy, minus), 0.4 - 0.2 * number, angle)
        second, bottom = _two_body(first, (plus, b), 0.1 * number - 0.3, 1.1 + angle)
        positron, neutrino = _two_body(second, (0.0, 0.0), 0.25, 2.0 - angle)
        muon, antineutrino = _two_body(third, (0.0, 0.0), -0.35, 3 * angle)
        gluon = torch.tensor([momentum, 0, 0, momentum], dtype=torch.float64)
        quark = torch.tensor([energy - momentum, 0, 0, -momentum], dtype=torch.float64)
        events.append(torch.stack((gluon, quark, positron, neutrino, bottom, muon, antineutrino)))
    return torch.stack(events)


@pytest.mark.parametrize(
    ("text", "leg", "resonant"),
    [
        ("g b > e+ ve b mu- vm~", 0, True),
        ("g b > e+ ve b mu- vm~", 0, False),
        ("e+ e- > mu- vm~ u d~ a", 6, False),
        ("u d > u d b b~ a QCD=0", 6, False),
    ],
)
def test_ward_identities_hold_with_widths(text, leg, resonant, monkeypatch):
    if resonant:
        momenta = resonant_points((0.0, 0.7, -2.0, 5.0))
    else:
        momenta = probe_points(Process.parse(text), FIXED, 4)
    # measured 1e-25 and less; fixed widths violate them by 1e-6 to 1e-4 in the square
    assert forbidden_share(text, leg, COMPLEX, momenta, monkeypatch) < 1e-20
    assert forbidden_share(text, leg, FIXED, momenta, monkeypatch) > 1e-8


def test_no_frame_is_preferred():
    momenta = resonant_points((0.0, 0.7, -2.0, 5.0))
    speed = torch.tensor([0.3, -0.5, 0.4], dtype=torch.float64)
    gamma = 1 / torch.sqrt(1 - speed @ speed)
    along = momenta[..., 1:] @ speed
    energy = gamma * (momenta[..., 0] + along)
    shift = gamma * momenta[..., 0] + gamma**2 / (gamma + 1) * along
    boosted = torch.cat(
        (energy.unsqueeze(-1), momenta[..., 1:] + shift.unsqueeze(-1) * speed), dim=-1
    )
    changes = []
    for model in (COMPLEX, FIXED):
        amplitude = matrix_element("g b > e+ ve b mu- vm~", model)
        ratio = amplitude(boosted, 0.118) / amplitude(momenta, 0.118)
        changes.append(float((ratio - 1).abs().max()))
    assert changes[0] < 1e-10
    assert changes[1] > 1e-6


def test_lepton_pairs_have_the_propagators_and_couplings_of_the_scheme():
    """u u~ > mu+ mu- by hand: four chiralities, photon and Z with complex masses and angle."""
    s_w2 = 1 - MU_W2 / MU_Z2
    e = math.sqrt(4 * math.pi / FIXED.inverse_alpha_ew)
    charges = {"u": (2 / 3, 0.5), "mu": (-1.0, -0.5)}

    def coupling(name, chirality):
        charge, isospin = charges[name]
        unit = e / cmath.sqrt(s_w2 * (1 - s_w2))
        return unit * ((isospin if chirality == "L" else 0.0) - s_w2 * charge)

    changes = []
    for energy in (60.0, FIXED.z_mass, 91.5, 300.0):
        cosine, s = 0.3, energy**2
        half, sine = energy / 2, math.sqrt(1 - cosine**2)
        directions = ((0, 0, 1), (0, 0, -1), (sine, 0, cosine), (-sine, 0, -cosine))
        momenta = torch.tensor(
            [[[half, *(half * x for x in d)] for d in directions]], dtype=torch.float64
        )
        wanted = 0.0
        for one in "LR":
            for two in "LR":
                photon = e**2 * charges["u"][0] * charges["mu"][0] / s
                z = coupling("u", one) * coupling("mu", two) / (s - MU_Z2)
                # the antimuon stands first: the muon goes against it
                angle = -cosine if one == two else cosine
                wanted += abs(photon + z) ** 2 * s**2 * (1 + angle) ** 2
        wanted *= 3 / 36  # colours; average over spins and colours
        found = float(matrix_element("u u~ > mu+ mu-", COMPLEX)(momenta, 0.118))
        assert found == pytest.approx(wanted, rel=1e-12)
        fixed = float(matrix_element("u u~ > mu+ mu-", FIXED)(momenta, 0.118))
        changes.append(abs(found / fixed - 1))
    assert max(changes) > 1e-5  # the check can tell the schemes apart


@pytest.mark.parametrize(
    ("text", "stable"),
    [
        ("e+ e- > w+ w-", ("w_width",)),  # Z exchange, cos(theta_W) complex
        ("w+ w- > w+ w-", ("w_width",)),  # Z and Higgs
        ("b b~ > w+ w-", ("w_width",)),  # top and Higgs
        ("z z > z z", ("z_width",)),  # Higgs
        ("z z > b b~", ("z_width",)),
    ],
)
def test_longitudinal_bosons_respect_unitarity(text, stable):
    """No power of the energy is left: couplings and complex masses belong together."""
    wide = {"top_width": 15.0, "z_width": 9.0, "higgs_width": 12.0, "w_width": 8.0}
    model = StandardModel(**{**wide, **dict.fromkeys(stable, 0.0)}, complex_masses=True)
    amplitude = TreeMatrixElement(Process.parse(text), model)
    particles = amplitude.process.particles
    values = []
    for energy in (5e3, 4e4):
        momenta = torch.zeros(1, 4, 4, dtype=torch.float64)
        for leg, particle in enumerate(particles):
            size = math.sqrt(energy**2 / 4 - float(particle.mass(model)) ** 2)
            axis = (0.0, 0.0, 1.0) if leg < 2 else (0.8, 0.0, 0.6)
            momenta[0, leg, 0] = energy / 2
            momenta[0, leg, 1:] = (-1) ** leg * size * torch.tensor(axis, dtype=torch.float64)
        bosons = [leg for leg, particle in enumerate(particles) if not particle.is_fermion]
        rows = (amplitude.helicities[:, bosons] == 0).all(dim=1)
        values.append(float(amplitude.helicity_contributions(momenta, 0.118)[0, rows].sum()))
    assert values[1] / values[0] < 1.1


def test_masses_and_couplings_are_of_one_higgs_field():
    v = COUPLINGS["mw2/v"](COMPLEX) / COUPLINGS["mw2/v2"](COMPLEX)
    mu_t2 = _squared_mass(FIXED.top_mass, FIXED.top_width)
    mu_h2 = _squared_mass(FIXED.higgs_mass, FIXED.higgs_width)
    assert (COUPLINGS["mt/v"](COMPLEX) * v) ** 2 == pytest.approx(mu_t2, rel=1e-14)
    assert COUPLINGS["mh2/v"](COMPLEX) * v == pytest.approx(mu_h2, rel=1e-14)
    assert COUPLINGS["mw2/v"](COMPLEX) * v == pytest.approx(MU_W2, rel=1e-14)
    assert COUPLINGS["mz2/v"](COMPLEX) * v == pytest.approx(MU_Z2, rel=1e-14)
    half = COMPLEX.with_parameters(top_yukawa_mass=FIXED.top_mass / 2)
    assert COUPLINGS["mt/v"](half) == pytest.approx(COUPLINGS["mt/v"](COMPLEX) / 2, rel=1e-14)


def test_complex_couplings_tell_opposite_helicities_apart():
    """Half of the helicities do not stand for all of them where couplings have phases."""
    model = StandardModel(higgs_width=0.0, w_width=20.0, bottom_yukawa_mass=100.0)
    model = model.with_parameters(complex_masses=True)
    amplitude = TreeMatrixElement(Process.parse("b b~ > b b~ g QED=2 / z a"), model)
    momenta = probe_points(amplitude.process, model, 3)
    single = sum(
        amplitude.of_configuration(momenta, 0.118, torch.full((3,), row))
        for row in range(len(amplitude.configurations))
    )
    torch.testing.assert_close(amplitude(momenta, 0.118), single, rtol=1e-12, atol=0)


def test_couplings_become_real_without_widths():
    stable = dict.fromkeys(("top_width", "z_width", "w_width", "higgs_width"), 0.0)
    for value in COUPLINGS.values():
        assert not isinstance(value(StandardModel(**stable, complex_masses=True)), complex)
        assert not isinstance(value(FIXED), complex)


def test_helicities_flows_and_samples_belong_to_the_same_square():
    amplitude = TreeMatrixElement(
        Process.parse("u d > u d h g QCD=1"), COMPLEX.with_parameters(higgs_width=0.0)
    )
    momenta = probe_points(amplitude.process, amplitude.parameters, 3)
    squared = amplitude(momenta, 0.118)
    weights = amplitude.event_weights(momenta, 0.118)
    torch.testing.assert_close(weights.squared, squared, rtol=1e-12, atol=0)
    torch.testing.assert_close(
        weights.flows, amplitude.colour_flow_weights(momenta, 0.118), rtol=1e-12, atol=0
    )
    count = len(amplitude.configurations)
    single = torch.stack(
        [amplitude.of_configuration(momenta, 0.118, torch.full((3,), row)) for row in range(count)]
    )
    torch.testing.assert_close(single.sum(dim=0), squared, rtol=1e-12, atol=0)


def test_gradients_are_those_of_finite_differences():
    momenta = probe_points(Process.parse("e+ e- > mu- vm~ u d~"), FIXED, 2)
    width = torch.tensor(FIXED.z_width, dtype=torch.float64, requires_grad=True)
    model = COMPLEX.with_parameters(z_width=width)
    values = matrix_element("e+ e- > mu- vm~ u d~", model)(momenta, 0.118)
    plain = matrix_element("e+ e- > mu- vm~ u d~", COMPLEX)(momenta, 0.118)
    torch.testing.assert_close(values.detach(), plain, rtol=1e-12, atol=0)
    (slope,) = torch.autograd.grad(values.sum(), width)
    step = 1e-3
    above, below = (
        matrix_element(
            "e+ e- > mu- vm~ u d~", COMPLEX.with_parameters(z_width=FIXED.z_width + shift)
        )(momenta, 0.118).sum()
        for shift in (step, -step)
    )
    assert float(slope) == pytest.approx(float(above - below) / (2 * step), rel=1e-6)


def test_external_particles_have_no_width():
    with pytest.raises(ProcessError, match=r"external w\+ .* set w_width = 0"):
        matrix_element("e+ e- > w+ w-", COMPLEX)
    with pytest.raises(ProcessError, match=r"external t .* top_width = 0"):
        matrix_element("u u~ > t t~", COMPLEX)
    matrix_element("u u~ > t t~", COMPLEX.with_parameters(top_width=0.0))
