# SPDX-License-Identifier: GPL-3.0-or-later
"""What the electroweak sector follows from."""

import math

import pytest
from pydantic import ValidationError

from mcsurrogate.cards import ModelSection
from mcsurrogate.hard_process.model import standard_model
from mcsurrogate.hard_process.widths import partial_width
from mcsurrogate.matrix_elements import StandardModel

W_MASS = 80.377


def test_the_scheme_of_the_defaults_is_that_of_the_oracle() -> None:
    assert standard_model(ModelSection()) == StandardModel()


def test_the_width_scheme_reaches_the_amplitudes_and_spares_automatic_widths() -> None:
    model = standard_model(ModelSection(width_scheme="complex-mass", w_width="auto"))
    assert model == StandardModel(
        complex_masses=True, w_width=standard_model(ModelSection(w_width="auto")).w_width
    )


def test_the_w_mass_is_what_is_given() -> None:
    model = standard_model(ModelSection(input_scheme="g_mu", w_mass=W_MASS))
    assert model.w_mass == pytest.approx(W_MASS, rel=1e-13)
    # MadGraph's own parameters: alpha, G_F and MZ give this MW, which gives alpha back
    mass = StandardModel().w_mass
    assert standard_model(
        ModelSection(input_scheme="g_mu", w_mass=mass)
    ).inverse_alpha_ew == pytest.approx(132.507, rel=1e-12)


def test_the_width_of_the_w_is_that_of_the_fermi_constant() -> None:
    """G_F M_W^3 / (6 sqrt(2) pi), in closed form."""
    model = standard_model(ModelSection(input_scheme="g_mu", w_mass=W_MASS))
    width = partial_width("w+ > e+ ve", model).value
    assert width == pytest.approx(1.16639e-5 * W_MASS**3 / (6 * math.sqrt(2) * math.pi), rel=1e-12)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"w_mass": W_MASS}, "of no other"),
        ({"input_scheme": "g_mu"}, "which needs it"),
        ({"input_scheme": "g_mu", "w_mass": W_MASS, "inverse_alpha_ew": 128.0}, "leave it out"),
        ({"input_scheme": "g_mu", "w_mass": 91.2}, "half and the whole"),
    ],
)
def test_inputs_that_contradict_the_scheme(given: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ModelSection.model_validate(given)
