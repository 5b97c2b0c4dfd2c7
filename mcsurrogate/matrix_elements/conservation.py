# SPDX-License-Identifier: GPL-3.0-or-later
"""Conservation laws of the model: charge, quarks and leptons of each generation."""

from mcsurrogate.errors import ProcessError
from mcsurrogate.matrix_elements.particles import particle_by_pdg

__all__ = ["check_conservation"]


def check_conservation(incoming: tuple[int, ...], outgoing: tuple[int, ...], name: str) -> None:
    """Refuse what no vertex of the model can turn into each other.

    Raises
    ------
    ProcessError
        If the electric charge or the number of quarks or leptons of a generation changes.
    """
    totals: dict[str, float] = {}
    for sign, pdgs in ((1, incoming), (-1, outgoing)):
        for pdg in pdgs:
            particle = particle_by_pdg(pdg)
            numbers = {"electric charge": particle.charge3 / 3.0}
            if particle.is_fermion:
                direction = 1 if pdg > 0 else -1
                kind = "quark number" if abs(pdg) <= 6 else "lepton number"
                numbers[f"{kind} of generation {particle.generation}"] = direction
            for quantity, value in numbers.items():
                totals[quantity] = totals.get(quantity, 0.0) + sign * value
    for quantity, value in totals.items():
        if abs(value) > 1e-9:
            raise ProcessError(f"{name}: {quantity} is not conserved (in minus out: {value:+.3g})")
