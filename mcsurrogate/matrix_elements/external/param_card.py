# SPDX-License-Identifier: GPL-3.0-or-later
"""Model parameters as a MadGraph parameter card (SLHA blocks, hep-ph/0311123)."""

from pathlib import Path

from mcsurrogate.matrix_elements.parameters import StandardModel, as_number

__all__ = ["write_param_card"]


def write_param_card(
    model: StandardModel, path: Path | str, *, alpha_s: float | None = None
) -> Path:
    """Write the parameters in the form that MadGraph's libraries read.

    Parameters
    ----------
    model
        Parameters.
    path
        File to write.
    alpha_s
        Strong coupling of the card; the model's by default.

    Returns
    -------
    Path
        The file.
    """
    coupling = as_number(model.alpha_s) if alpha_s is None else alpha_s
    massless = (1, 2, 3, 4, 11, 12, 13, 14, 16, 21, 22)
    lines = [
        "BLOCK SMINPUTS",
        *(
            f"  {index} {value:.16e} # {name}"
            for index, value, name in (
                (1, as_number(model.inverse_alpha_ew), "aEWM1"),
                (2, as_number(model.fermi_constant), "Gf"),
                (3, coupling, "aS"),
            )
        ),
        "BLOCK MASS",
        *(
            f"  {pdg} {as_number(value):.16e}"
            for pdg, value in (
                (5, model.bottom_mass),
                (6, model.top_mass),
                (15, model.tau_mass),
                (23, model.z_mass),
                (24, model.w_mass),
                (25, model.higgs_mass),
                *((pdg, 0.0) for pdg in massless),
            )
        ),
        "BLOCK YUKAWA",
        *(
            f"  {pdg} {as_number(value):.16e}"
            for pdg, value in (
                (5, model.bottom_yukawa_mass),
                (6, model.top_yukawa_mass),
                (15, model.tau_yukawa_mass),
            )
        ),
        *(
            f"DECAY {pdg} {as_number(value):.16e}"
            for pdg, value in (
                (6, model.top_width),
                (23, model.z_width),
                (24, model.w_width),
                (25, model.higgs_width),
            )
        ),
    ]
    target = Path(path)
    target.write_text("\n".join(lines) + "\n", encoding="ascii")
    return target
