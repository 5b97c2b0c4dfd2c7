import numpy as np
import pytest
import torch

from mcsurrogate.errors import KinematicsError, MatrixElementError, ProcessError
from mcsurrogate.matrix_elements import Process, StandardModel, matrix_element
from mcsurrogate.matrix_elements.closed_forms import closed_form
from mcsurrogate.matrix_elements.colour_flow import draw_index


def test_quarks_to_tops_against_the_oracle(oracle):
    table = oracle("uux_ttx")
    form = closed_form(Process.parse("u u~ > t t~"), StandardModel())
    value = form(torch.tensor(table["momenta"]), float(table["alpha_s"]))
    np.testing.assert_allclose(value.numpy(), table["me2"], rtol=1e-12)


def test_gluons_to_tops_against_the_oracle(oracle):
    # The formula has no width in the t-channel; the oracle has (its README: up to 6.5e-5).
    table = oracle("gg_ttx")
    form = closed_form(Process.parse("g g > t t~"), StandardModel())
    value = form(torch.tensor(table["momenta"]), float(table["alpha_s"])).numpy()
    difference = np.abs(value / table["me2"] - 1.0)
    assert 1e-5 < difference.max() < 6.6e-5


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
    assert model.top_yukawa == pytest.approx(0.9936661458150062, rel=1e-14)
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
