r"""Widths of two-body decays at lowest order, and their sum.

.. math:: \Gamma = \frac{|\vec p|}{8\pi M^2}\, \overline{|M|^2}

(PDG review of kinematics, eq. 49.17; the factor 1/n! of identical products is in the squared
amplitude).
"""

import math

import torch

from mcsurrogate.errors import ProcessError
from mcsurrogate.matrix_elements.factory import matrix_element
from mcsurrogate.matrix_elements.interactions import interactions
from mcsurrogate.matrix_elements.parameters import StandardModel, as_number
from mcsurrogate.matrix_elements.particles import antiparticle, particle_by_pdg
from mcsurrogate.matrix_elements.process import Process

__all__ = ["decays_of", "total_width", "two_body_width"]


def two_body_width(process: Process, model: StandardModel) -> float:
    """Return the partial width of a decay into two particles in GeV.

    Parameters
    ----------
    process
        The decay; its squared amplitude does not depend on the direction.
    model
        Parameters.

    Raises
    ------
    ProcessError
        If it is no decay into two particles, or one into heavier ones.
    """
    if process.n_incoming != 1 or len(process.outgoing) != 2:
        raise ProcessError(f"{process.name}: not a decay into two particles")
    mass, *made = (as_number(particle.mass(model)) for particle in process.particles)
    if mass <= sum(made):
        raise ProcessError(
            f"{process.name}: a mass of {mass:g} GeV is below the {sum(made):g} GeV of its products"
        )
    first = (mass**2 + made[0] ** 2 - made[1] ** 2) / (2.0 * mass)
    momentum = math.sqrt((mass**2 - sum(made) ** 2) * (mass**2 - (made[0] - made[1]) ** 2))
    momentum /= 2.0 * mass
    event = torch.tensor(
        [
            [mass, 0.0, 0.0, 0.0],
            [first, 0.0, 0.0, momentum],
            [mass - first, 0.0, 0.0, -momentum],
        ],
        dtype=torch.float64,
    )
    squared = matrix_element(process, model)(event.unsqueeze(0), as_number(model.alpha_s))
    return momentum / (8.0 * math.pi * mass**2) * float(squared)


def decays_of(pdg: int, model: StandardModel) -> list[Process]:
    """Return all decays of a particle into two lighter ones, by one vertex."""
    mass = as_number(particle_by_pdg(pdg).mass(model))
    found = {}
    for vertex in interactions():
        if len(vertex.particles) != 3 or pdg not in vertex.particles:
            continue
        made = list(vertex.particles)
        made.remove(pdg)
        outgoing = tuple(sorted((antiparticle(other) for other in made), key=abs))
        if sum(as_number(particle_by_pdg(other).mass(model)) for other in outgoing) < mass:
            found[outgoing] = Process((pdg,), outgoing)
    return list(found.values())


def total_width(pdg: int, model: StandardModel) -> float:
    """Return the sum of all two-body widths of a particle at lowest order in GeV."""
    return sum(two_body_width(process, model) for process in decays_of(pdg, model))
