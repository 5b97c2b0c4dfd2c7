# SPDX-License-Identifier: GPL-3.0-or-later
"""Decay chains, resonances that are required or forbidden, squared orders and decays."""

import math

import numpy as np
import pytest
import torch

from mcsurrogate.errors import ProcessError
from mcsurrogate.matrix_elements import (
    Process,
    StandardModel,
    depends_on_boost,
    diagrams,
    expand,
    matrix_element,
    partonic_frame,
    same_amplitude,
    strong_power,
)
from mcsurrogate.matrix_elements.probe import probe_points

CHAINS = ("dc_ee_wpwm_udxmuv", "dc_gb_twm_emu", "dc_gg_ttx_emu", "dc_udx_wph_evbb")
FULL = ("gg_epvebmumvmxbx", "uux_epvemumvmx")
RESONANCES = ("uux_epem_reqz", "uux_epem_dollarz")
SQUARED = (
    *(f"uc_wpwpds_{part}" for part in ("all", "sq0", "sq4")),
    *(f"uu_wpwpdd_{part}" for part in ("all", "sq0", "sq2", "sq4")),
)
DECAYS = ("h_bbx", "t_bepve", "wp_udx")


def process_of(table):
    return Process.parse(str(table["process"]))


# dc_udx_wph_evbb has noise of 4e-8 of its own: Gamma_H / M_H amplifies the rounding of the
# invariant mass (README of the tables).
@pytest.mark.parametrize("name", [*CHAINS, *FULL, *RESONANCES, *SQUARED, *DECAYS])
def test_oracle_table(name, oracle):
    table = oracle(f"second/{name}")
    process = process_of(table)
    assert process.pdg_ids == tuple(table["pdg"])
    amplitude = matrix_element(process)
    momenta = torch.tensor(table["momenta"])
    found = amplitude(momenta, float(table["alpha_s"]))
    np.testing.assert_allclose(found, table["me2"], rtol=1e-8)
    if hasattr(amplitude, "helicity_contributions"):
        by_helicity = amplitude.helicity_contributions(momenta, 0.118)
        np.testing.assert_allclose(by_helicity.sum(dim=1), table["me2"], rtol=1e-8)
        one = [
            amplitude.of_configuration(momenta, 0.118, torch.full((len(momenta),), row))
            for row in range(len(amplitude.configurations))
        ]
        np.testing.assert_allclose(torch.stack(one).sum(dim=0), table["me2"], rtol=1e-8)


@pytest.mark.parametrize("name", [*CHAINS, *FULL, *RESONANCES, "uu_wpwpdd_sq0", "uu_wpwpdd_sq4"])
def test_numbers_of_diagrams(name, oracle):
    # The column "diagrams" of MadGraph for each of the tables.
    wanted = {
        "dc_ee_wpwm_udxmuv": 3, "dc_gb_twm_emu": 2, "dc_gg_ttx_emu": 3, "dc_udx_wph_evbb": 1,
        "gg_epvebmumvmxbx": 87, "uux_epvemumvmx": 9, "uux_epem_reqz": 1, "uux_epem_dollarz": 2,
        "uu_wpwpdd_sq0": 86, "uu_wpwpdd_sq4": 16,
    }  # fmt: skip
    assert sum(1 for _ in diagrams(process_of(oracle(f"second/{name}")))) == wanted[name]


def test_squares_by_order_add_up():
    momenta = probe_points(Process.parse("u u > u u"), StandardModel(), 20)

    def part(limit):
        return matrix_element(f"u u > u u QCD=99 QED=99 {limit}")(momenta, 0.118)

    whole = part("")
    for parts in (
        ("QCD^2==0", "QCD^2==2", "QCD^2==4"),
        ("QCD^2<=2", "QCD^2>2"),
        ("QED^2==4", "QED^2<=2"),
        ("WEIGHTED^2<=6", "WEIGHTED^2>6"),
    ):
        np.testing.assert_allclose(sum(map(part, parts)), whole, rtol=1e-12)


def test_interference_has_a_gradient_and_a_power():
    process = Process.parse("u u > d d w+ w+ QCD^2==2")
    assert strong_power(process) == 1
    momenta = probe_points(process, StandardModel(), 5)
    alpha_s = torch.tensor(0.118, dtype=torch.float64, requires_grad=True)
    amplitude = matrix_element(process)
    value = amplitude(momenta, alpha_s)
    (slope,) = torch.autograd.grad(value.sum(), alpha_s)
    assert float(slope) == pytest.approx(float(value.detach().sum()) / 0.118, rel=1e-10)


def test_required_and_forbidden_resonances_share_the_diagrams():
    """Amplitudes with and without the Z interfere; helicity by helicity they add up."""
    momenta = probe_points(Process.parse("u u~ > e+ e-"), StandardModel(), 10)
    whole = matrix_element("u u~ > e+ e-")(momenta, 0.118)
    photon = matrix_element("u u~ > e+ e- $$ z")(momenta, 0.118)
    # e^4 Q_u^2 / 3 (1 + cos^2) for the photon alone, with 1/36 of the average (closed form)
    model = StandardModel()
    p = momenta
    s = (p[:, 0] + p[:, 1])[:, 0] ** 2
    cosine = (p[:, 0, 1:] * p[:, 2, 1:]).sum(dim=1) / (p[:, 0, 0] * p[:, 2, 0])
    charges = (4 * math.pi * float(model.alpha_ew)) ** 2 * (2 / 3) ** 2
    np.testing.assert_allclose(photon, charges * (1 + cosine**2) / 3, rtol=1e-12)
    assert bool((s > 0).all())
    required = matrix_element("u u~ > z > e+ e-")(momenta, 0.118)
    same = matrix_element("u u~ > e+ e- / a")(momenta, 0.118)
    np.testing.assert_allclose(required, same, rtol=1e-13)
    either = matrix_element("u u~ > z | a > e+ e-")(momenta, 0.118)
    np.testing.assert_allclose(either, whole, rtol=1e-13)


def test_a_forbidden_s_channel_leaves_the_t_channel():
    """`$$` is not `/`: W pairs from e+ e- keep the neutrino, VBF keeps its W in the t-channel."""
    whole = list(diagrams(Process.parse("u d > h u d QCD=0")))
    assert list(diagrams(Process.parse("u d > h u d QCD=0 $$ w+ w-"))) == whole
    left = list(diagrams(Process.parse("u d > h u d QCD=0 / w+")))
    assert 0 < len(left) < len(whole)
    assert len(list(diagrams(Process.parse("u d~ > h u d~ QCD=0 $$ w+")))) == 1  # Z exchange


@pytest.mark.parametrize(
    ("text", "factor"),
    [
        ("u u~ > z z, z > e+ e-", 2),
        ("u u~ > z z, z > e+ e-, z > mu+ mu-", 1),
        ("g g > t t~ g g, t > w+ b", 2),
        ("u u~ > z h, h > z z, z > e+ e-", 2),
        ("u u~ > z h, (h > z z, z > e+ e-), z > e+ e-", 2),
    ],
)
def test_identical_particles_of_a_chain(text, factor):
    assert Process.parse(text).symmetry_factor == factor


def placed_in_decay(momenta, leg, products):
    """Let one leg decay: products ``(N, k, 4)`` at rest are boosted into its frame."""
    parent = momenta[:, leg]
    mass = (parent[:, 0] ** 2 - (parent[:, 1:] ** 2).sum(dim=1)).sqrt().unsqueeze(1)
    speed, gamma = parent[:, 1:] / parent[:, :1], parent[:, :1] / mass
    along = (products[..., 1:] * speed.unsqueeze(1)).sum(dim=-1)
    energy = gamma * (products[..., 0] + along)
    shift = gamma * products[..., 0] + gamma**2 / (gamma + 1) * along
    moved = products[..., 1:] + shift.unsqueeze(-1) * speed.unsqueeze(1)
    made = torch.cat((energy.unsqueeze(-1), moved), dim=-1)
    return torch.cat((momenta[:, :leg], made, momenta[:, leg + 1 :]), dim=1)


@pytest.mark.parametrize(
    ("decay", "count"),
    [
        ("h > b b~ e+ e-", 5),  # Z Z, and b b~ with Z or photon from either b
        ("h > b b~ e+ e- / a", 3),
        ("h > b b~ e+ e- / b", 1),
        ("h > z > b b~ e+ e-", 3),
        ("h > a > b b~ e+ e-", 2),
        ("h > z | a > b b~ e+ e-", 5),
        ("h > z z > b b~ e+ e-", 3),  # names of one particle count once, as in MadGraph
        ("h > b b~ e+ e- $$ z", 2),
        ("h > b b~ e+ e- $$ b", 3),  # the photon and the Z from the other b are left
        ("h > b b~ e+ e- $ z", 5),
        ("h > b b~ e+ e- / a $$ b b~", 1),
    ],
)
def test_restrictions_of_a_decay_are_those_of_the_decay_alone(decay, count):
    """On its mass shell a Higgs, without spin, is a product of what makes it and its decay."""
    model = StandardModel()
    chain = Process.parse(f"u u~ > z h, {decay}")
    alone = Process.parse(decay)
    assert sum(1 for _ in diagrams(alone)) == sum(1 for _ in diagrams(chain)) == count
    production = Process.parse("u u~ > z h")
    made = probe_points(production, model, 5)
    rest = probe_points(alone, model, 5)
    at_rest = torch.zeros(5, 4, dtype=torch.float64)
    at_rest[:, 0] = model.higgs_mass
    torch.testing.assert_close(rest[:, 0], at_rest)
    momenta = placed_in_decay(made, 3, rest[:, 1:])
    found = matrix_element(chain)(momenta, 0.118)
    wanted = matrix_element(production)(made, 0.118) * matrix_element(alone)(rest, 0.118)
    wanted = wanted / (model.higgs_mass * model.higgs_width) ** 2
    np.testing.assert_allclose(found, wanted, rtol=1e-7)  # Gamma / M of the Higgs is 5e-5


def test_restrictions_belong_to_the_part_where_they_stand():
    whole = Process.parse("u u~ > z h, z > e+ e-, h > b b~ mu+ mu-")
    assert len(list(diagrams(whole))) == 5
    # of the process, before the comma: its own Z is left out, those of decays are not
    for text, count in (
        ("u u~ > z h / a, z > e+ e-, h > b b~ mu+ mu-", 5),
        ("u u~ > z h $$ a, z > e+ e-, h > b b~ mu+ mu-", 5),
        ("u u~ > z h, z > e+ e- / a, h > b b~ mu+ mu-", 5),
        ("u u~ > z h, z > e+ e-, h > b b~ mu+ mu- / a", 3),
        ("u u~ > z > z h, z > e+ e-, h > z > b b~ mu+ mu-", 3),
    ):
        assert len(list(diagrams(Process.parse(text)))) == count
    with pytest.raises(ProcessError, match="no tree-level diagram is left"):
        matrix_element("u u~ > z h / z, z > e+ e-, h > b b~ mu+ mu-")
    # charges are those of what leaves the vertex
    matrix_element("u u~ > t t~, t~ > b~ e- ve~ $$ w+")
    with pytest.raises(ProcessError, match="no tree-level diagram is left"):
        matrix_element("u u~ > t t~, t~ > b~ e- ve~ $$ w-")


def test_restrictions_inside_nested_decays():
    text = "u u~ > t t~, (t > h w+ b, h > b b~ e+ e- / a)"
    chain = Process.parse(text)
    free = Process.parse(text.replace(" / a", ""))
    assert 3 * len(list(diagrams(free))) == 5 * len(list(diagrams(chain)))
    outer = Process.parse("u u~ > t t~, (t > h w+ b / a, h > b b~ e+ e-)")
    assert len(list(diagrams(outer))) == len(list(diagrams(free)))


def test_a_vertex_of_four_does_not_hide_a_resonance():
    """h > w+ w- w+ w- ... : diagrams of a chain have a propagator of every resonance."""
    chain = Process.parse("w+ w- > z z, z > e+ e-, z > mu+ mu-")
    found = list(diagrams(chain))
    legs = {line.legs for diagram in found for line in diagram.lines}
    assert {(2, 3), (4, 5)} <= legs
    assert all({(2, 3), (4, 5)} <= {line.legs for line in d.lines} for d in found)
    # W W > Z Z has two W exchanges, one Higgs and one vertex of four.
    assert len(found) == 4


def test_no_diagram_without_the_resonance_hides_in_a_vertex_of_four():
    """W* > W (h > W W) without W W W W: the amplitude has the propagator of the Higgs in front."""
    chain = Process.parse("u d~ > w+ h, h > w+ w-")
    assert len(list(diagrams(chain))) == 1
    one, other = (StandardModel(higgs_width=width) for width in (0.1, 50.0))
    momenta = probe_points(chain, one, 20)
    total = momenta[:, 3:].sum(dim=1)
    square = total[:, 0] ** 2 - (total[:, 1:] ** 2).sum(dim=1) - 125.0**2
    wanted = (square**2 + (125.0 * 50.0) ** 2) / (square**2 + (125.0 * 0.1) ** 2)
    found = matrix_element(chain, one)(momenta, 0.118) / matrix_element(chain, other)(
        momenta, 0.118
    )
    np.testing.assert_allclose(found, wanted, rtol=1e-9)


def test_a_required_resonance_is_no_exchange():
    with pytest.raises(ProcessError, match="no tree-level diagram is left"):
        matrix_element("e- mu- > z > e- mu-")
    # and the one in the s-channel is asked for by charge
    assert len(list(diagrams(Process.parse("u d~ > w+ > e+ ve")))) == 1
    with pytest.raises(ProcessError, match="no tree-level diagram is left"):
        matrix_element("u d~ > w- > e+ ve")


def test_orders_belong_to_their_part():
    chain = Process.parse("p p > t t~ QED=0, t > w+ b".replace("p p", "u u~"))
    assert strong_power(chain) == 2
    with pytest.raises(ProcessError, match="several powers"):
        matrix_element("u u~ > t t~, (t > w+ b, w+ > u d~ s s~ QED<=9)")


def test_labels_in_decays():
    groups = expand("p p > t t~, (t > w+ b, w+ > l+ vl), (t~ > w- b~, w- > l- vl~)")
    members = [member.pdg_ids for group in groups for member in group.members]
    assert len(members) == len(set(members)) == 9 * 4
    # gg and qq~, with leptons of the same and of different generations
    assert len(groups) == 4
    two = expand("p p > z z, z > l+ l-")
    finals = {m.pdg_ids[2:] for group in two for m in group.members}
    assert finals == {(-11, 11, -11, 11), (-11, 11, -13, 13), (-13, 13, -13, 13)}


def test_name_of_a_chain_reads_back():
    text = "u u~ > h z / a QED<=3, (h > w+ w-, w+ > e+ ve, w- > mu- vm~), z > u u~ QCD=0"
    process = Process.parse(text)
    again = Process.parse(process.name)
    assert again == process
    assert same_amplitude(again, process)
    for name in (
        "u u~ > z h, h > z | a > b b~ e+ e- / w+ $ z $$ b QED<=3",
        "u u~ > z > e+ e-",
        "u u~ > a | z > e+ e- $ z",
        "u u~ > e+ e- $$ z QED^2<=4",
    ):
        assert Process.parse(Process.parse(name).name) == Process.parse(name)


def boosted_along_z(momenta, rapidity):
    cosh, sinh = math.cosh(rapidity), math.sinh(rapidity)
    energy, pz = momenta[..., 0], momenta[..., 3]
    transverse = momenta[..., 1:3].unbind(-1)
    return torch.stack((cosh * energy + sinh * pz, *transverse, sinh * energy + cosh * pz), -1)


@pytest.mark.parametrize(
    ("text", "depends"),
    [
        ("g g > t t~ z", False),  # incoming polarisations stay
        ("u u~ > t t~ z g", True),
        ("g g > t t~ g", True),
        ("g g > t t~, t > w+ b", False),
        ("u d~ > w+ a, w+ > e+ ve", True),
        ("u u~ > u u~ g QED=0", False),
        ("e+ e- > ta+ ta- a / z h", False),
    ],
)
def test_fixed_widths_and_the_frame(text, depends):
    """Predicted, and seen: what depends on a boost along the beams is not gauge invariant."""
    process, model = Process.parse(text), StandardModel()
    assert depends_on_boost(process, model) is depends
    momenta = probe_points(process, model, 20)
    amplitude = matrix_element(process, model)
    there, here = boosted_along_z(momenta, 1.0), amplitude(momenta, 0.118)
    difference = (amplitude(there, 0.118) / here - 1.0).abs().max()
    assert (float(difference) > 1e-9) is depends
    np.testing.assert_allclose(partonic_frame(there), momenta, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(amplitude(partonic_frame(there), 0.118), here, rtol=1e-9)
