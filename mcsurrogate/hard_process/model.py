# SPDX-License-Identifier: GPL-3.0-or-later
"""The parameters of a card, with the widths that are to follow from the others."""

import math

from mcsurrogate.cards import ModelSection
from mcsurrogate.matrix_elements import StandardModel, total_width

__all__ = ["model_warnings", "standard_model"]

# the Higgs last: it decays into W and Z off their mass shell
_PARTICLES = {"w_width": 24, "z_width": 23, "top_width": 6, "higgs_width": 25}


def standard_model(section: ModelSection, **more: float) -> StandardModel:
    """Return the model of a card.

    Parameters
    ----------
    section
        Of the card; a width ``"auto"`` is the sum of all decays at tree level.
    more
        Further parameters.
    """
    values = section.model_dump(exclude={"input_scheme", "w_mass", "width_scheme"})
    if section.w_mass is not None:
        values["inverse_alpha_ew"] = _inverse_alpha(section, section.w_mass)
    automatic = [name for name in _PARTICLES if values[name] == "auto"]
    model = StandardModel(**{k: v for k, v in values.items() if k not in automatic}, **more)
    for name in automatic:
        model = model.with_parameters(**{name: total_width(_PARTICLES[name], model)})
    # what decays is external, which the complex-mass scheme does not know with a width
    return model.with_parameters(complex_masses=section.width_scheme == "complex-mass")


def model_warnings(section: ModelSection) -> list[str]:
    """Tell what the parameters of a card lack."""
    if section.higgs_width != "auto":
        return []
    width = standard_model(section).higgs_width
    text = (
        f"model.higgs_width = 'auto' is {width:.4g} GeV at tree level: b b~, ta+ ta-, W and Z "
        "pairs; two gluons, two photons, Z and photon, and c c~ are missing, 11% of the width of "
        "arXiv:1610.07922, 0.00409 GeV at 125 GeV"
    )
    return [text]


def _inverse_alpha(section: ModelSection, w_mass: float) -> float:
    """Return 1/alpha of the G_mu scheme: the one from which this W mass follows.

    alpha = sqrt(2) G_F M_W^2 (1 - M_W^2/M_Z^2) / pi (A. Denner, S. Dittmaier, arXiv:1912.06823).
    """
    sin2 = 1 - (w_mass / section.z_mass) ** 2
    return math.pi / (math.sqrt(2) * section.fermi_constant * w_mass**2 * sin2)
