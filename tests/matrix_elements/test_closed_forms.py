# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest
import torch
from scipy.special import spence

from mcsurrogate.errors import KinematicsError, MatrixElementError, ProcessError
from mcsurrogate.matrix_elements import Process, StandardModel, matrix_element
from mcsurrogate.matrix_elements.closed_forms import ClosedForm, closed_form
from mcsurrogate.matrix_elements.colour_flow import draw_index
from mcsurrogate.matrix_elements.dilogarithm import dilogarithm
from mcsurrogate.matrix_elements.probe import probe_points
from mcsurrogate.matrix_elements.tree import TreeMatrixElement


def test_quarks_to_tops_against_the_oracle(oracle):
    table = oracle("uux_ttx")
    form = closed_form(Process.parse("u u~ > t t~"), StandardModel())
    value = form(torch.tensor(table["momenta"]), float(table["alpha_s"]))
    np.testing.assert_allclose(value.numpy(), table["me2"], rtol=1e-12)


def test_gluons_to_tops_without_width(oracle):
    # The formula has no width in the t-channel; the oracle has (its README: up to 6.5e-5).
    table = oracle("gg_ttx")
    process = Process.parse("g g > t t~")
    assert closed_form(process, StandardModel()) is None
    form = closed_form(process, StandardModel(top_width=0.0))
    value = form(torch.tensor(table["momenta"]), float(table["alpha_s"])).numpy()
    difference = np.abs(value / table["me2"] - 1.0)
    assert 1e-5 < difference.max() < 6.6e-5


def test_photon_pairs_against_the_oracle(oracle):
    table = oracle("loop_gg_aa")
    form = matrix_element("g g > a a")
    good = table["prec_estimate"] < 1e-6
    value = form(torch.tensor(table["momenta"][good]), float(table["alpha_s"]))
    np.testing.assert_allclose(value, table["me2"][good], rtol=1e-9)
    assert form.colour_flows == (((502, 501), (501, 502), (0, 0), (0, 0)),)


def test_photon_pairs_with_a_gluon_against_the_oracle(oracle):
    table = oracle("loop_gg_aag")
    form = matrix_element("g g > a a g")
    # MadLoop's estimate of its own error; negative where it made none.
    good = (table["prec_estimate"] >= 0.0) & (table["prec_estimate"] < 1e-8)
    assert good.sum() > 150
    momenta = torch.tensor(table["momenta"][good])
    value = form(momenta, float(table["alpha_s"]))
    np.testing.assert_allclose(value, table["me2"][good], rtol=1e-8)
    tight = table["prec_estimate"][good] < 1e-10
    assert tight.sum() > 50
    np.testing.assert_allclose(value[tight], table["me2"][good][tight], rtol=1e-10)
    reordered = matrix_element("g g > a g a")(momenta[:, [0, 1, 2, 4, 3]], 0.118)
    torch.testing.assert_close(reordered, value, rtol=1e-10, atol=0.0)
    assert form.colour_flow_weights(momenta, 0.118).shape == (len(momenta), 2)
    assert form.colour_flows[0] == ((503, 501), (501, 502), (0, 0), (0, 0), (503, 502))


def test_gradient_of_the_loop(oracle):
    momenta = torch.tensor(oracle("loop_gg_aag")["momenta"][10:14]).requires_grad_(True)
    form = matrix_element("g g > a a g")
    (gradient,) = torch.autograd.grad(form(momenta, 0.118).sum(), momenta)
    # A common scale of all momenta: |M|^2 has dimension GeV^-2.
    scaling = (gradient * momenta).sum(dim=(1, 2))
    torch.testing.assert_close(scaling, -2.0 * form(momenta, 0.118), rtol=1e-9, atol=0.0)


@pytest.mark.parametrize("x", [-1e6, -3.0, -1.0, -0.2, 0.0, 0.4, 0.5, 0.6, 1.0 - 1e-12, 1.0])
def test_dilogarithm(x):
    found = dilogarithm(torch.tensor([x], dtype=torch.float64))
    assert float(found) == pytest.approx(float(spence(1.0 - x)), rel=1e-13, abs=1e-15)


@pytest.mark.parametrize("name", ["gg_gg", "ee_mumu", "uux_epem"])
def test_other_closed_forms_against_the_oracle(name, oracle):
    table = oracle(name)
    form = matrix_element(str(table["process"]))
    assert isinstance(form, ClosedForm)
    value = form(torch.tensor(table["momenta"]), float(table["alpha_s"]))
    np.testing.assert_allclose(value, table["me2"], rtol=1e-11)


STRONG = (
    "g g > g g", "g g > u u~", "d d~ > g g", "u~ u > g g", "g u > g u", "u g > g u",
    "u~ g > u~ g", "g d~ > d~ g", "u d > u d", "u u > u u", "u u~ > u u~", "u u~ > u~ u",
    "u u~ > d d~", "u~ u > d d~", "u d~ > d~ u", "u~ d~ > u~ d~", "u~ u~ > u~ u~",
    "u u~ > t t~", "d~ d > t t~", "g g > b b~", "g g > t t~",
)  # fmt: skip
ELECTROWEAK = (
    "e+ e- > mu+ mu-", "e- e+ > mu- mu+", "u u~ > e+ e-", "u~ u > e- e+", "d d~ > ve ve~",
    "u d~ > e+ ve", "d u~ > e- ve~", "e+ e- > u u~", "e- e+ > u u~", "ve ve~ > u u~",
    "u u~ > c c~ QCD=0", "u d~ > c s~ QCD=0", "e+ ve > u d~",
)  # fmt: skip


@pytest.mark.parametrize("text", STRONG + ELECTROWEAK)
def test_closed_forms_against_the_engine(text):
    model = StandardModel(top_width=0.0)
    process = Process.parse(text)
    form = closed_form(process, model)
    points = probe_points(process, model, 50)
    expected = TreeMatrixElement(process, model)(points, 0.118)
    torch.testing.assert_close(form(points, 0.118), expected, rtol=1e-11, atol=0.0)


@pytest.mark.parametrize(
    "text", ["u u~ > t t~ QCD=0", "u u~ > u u~ QCD=0", "e+ e- > e+ e-", "u u~ > e+ e- / z"]
)
def test_no_closed_form(text):
    assert closed_form(Process.parse(text), StandardModel()) is None


@pytest.mark.parametrize("text", ["g g > t t~", "d d~ > t t~"])
def test_bad_momenta_are_named(text, oracle):
    momenta = torch.tensor(oracle("gg_ttx")["momenta"][:4])
    amplitude = matrix_element(text)
    broken = momenta.clone()
    broken[2, 3, 1] = float("nan")
    with pytest.raises(KinematicsError, match="event 2 has momenta that are not finite"):
        amplitude(broken, 0.118)
    broken = momenta.clone()
    broken[1, 0, 3] += 1.0
    with pytest.raises(KinematicsError, match="event 1 does not conserve momentum"):
        amplitude(broken, 0.118)
    broken = momenta.clone()
    broken[3, 2:, 0] += torch.tensor([1.0, -1.0])
    with pytest.raises(KinematicsError, match="event 3: leg 3"):
        amplitude(broken, 0.118)
    with pytest.raises(KinematicsError, match="need \\(N, 4, 4\\)"):
        amplitude(momenta[:, :3], 0.118)
    with pytest.raises(MatrixElementError, match="alpha_s"):
        amplitude(momenta, torch.full((3,), 0.1, dtype=torch.float64))
    with pytest.raises(MatrixElementError, match="alpha_s"):
        amplitude(momenta, -0.1)


def test_alpha_s_of_each_event(oracle):
    momenta = torch.tensor(oracle("gg_ttx")["momenta"][:3])
    amplitude = matrix_element("g g > t t~")
    one = amplitude(momenta, 0.1)
    several = amplitude(momenta, torch.tensor([0.1, 0.2, 0.05], dtype=torch.float64))
    torch.testing.assert_close(several / one, torch.tensor([1.0, 4.0, 0.25], dtype=torch.float64))


def test_parameters():
    model = StandardModel()
    # Derived parameters of the oracle's README.
    assert model.w_mass == pytest.approx(80.41900244575616, rel=1e-14)
    assert model.electric_charge == pytest.approx(0.3079537672443688, rel=1e-14)
    assert model.sin2_theta_w == pytest.approx(0.22224648578577766, rel=1e-13)
    assert model.higgs_vev == pytest.approx(246.21845810181637, rel=1e-14)
    assert model.with_parameters(top_mass=172.5).top_mass == 172.5
    for changes in ({"top_mass": -1.0}, {"z_mass": float("nan")}, {"z_mass": 60.0}):
        with pytest.raises(MatrixElementError):
            StandardModel(**changes)
    with pytest.raises(MatrixElementError, match="no parameter 'mt'"):
        model.with_parameters(mt=1.0)


def test_refused_process():
    with pytest.raises(ProcessError):
        matrix_element("g g > h h")


def test_colour_flow_weights(oracle):
    momenta = torch.tensor(oracle("gg_ttx")["momenta"][:50])
    amplitude = matrix_element("g g > t t~")
    weights = amplitude.colour_flow_weights(momenta, 0.118)
    swapped = amplitude.colour_flow_weights(momenta[:, [1, 0, 2, 3]], 0.118)
    torch.testing.assert_close(weights, swapped.flip(1))
    # The flow whose top is colour-connected to the first gluon has the pole at p1.p3 = 0.
    forward = momenta[:, 2, 3] > 0.0
    assert bool((weights[forward, 0] > weights[forward, 1]).all())
    first = amplitude.colour_flows[0]
    assert first[0][0] == first[2][0]


def test_draw_index():
    weights = torch.tensor([[1.0, 0.0, 3.0]]).expand(4, 3)
    uniform = torch.tensor([0.0, 0.2499, 0.2501, 0.9999])
    assert draw_index(weights, uniform).tolist() == [0, 0, 2, 2]
    with pytest.raises(MatrixElementError):
        draw_index(torch.zeros(1, 2), torch.zeros(1))
