# SPDX-License-Identifier: GPL-3.0-or-later
r"""Widths of two-body decays at lowest order, and their sum.

.. math:: \Gamma = \frac{|\vec p|}{8\pi M^2}\, \overline{|M|^2}

(PDG review of kinematics, eq. 49.17; the factor 1/n! of identical products is in the squared
amplitude).  A Higgs decays into two W or Z of any mass, each of which makes massless fermions: with
squared masses :math:`q_1^2, q_2^2`, the mass M and tree width :math:`\Gamma_0` of the boson and the
width :math:`\Gamma` of its propagator,

.. math:: \Gamma_{H \to VV} = \delta_V \frac{M^4 M_H^3}{16\pi v^2} \int \prod_i \frac{dq_i^2}{\pi}
   \frac{\Gamma_0 / M}{(q_i^2 - M^2)^2 + M^2 \Gamma^2}\,
   \sqrt\lambda \Bigl(\lambda + \frac{12 q_1^2 q_2^2}{M_H^4}\Bigr)

with :math:`\delta_W = 1`, :math:`\delta_Z = 1/2` (A. Djouadi, hep-ph/0503172, section 2.2.2, with
the fixed width of propagators).
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray

from mcsurrogate.errors import ProcessError
from mcsurrogate.matrix_elements.factory import matrix_element
from mcsurrogate.matrix_elements.interactions import interactions
from mcsurrogate.matrix_elements.parameters import StandardModel, as_number
from mcsurrogate.matrix_elements.particles import Particle, antiparticle, particle_by_pdg
from mcsurrogate.matrix_elements.process import Process

__all__ = ["boson_pair_width", "decays_of", "require_mass", "total_width", "two_body_width"]

_HIGGS = 25
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(32)


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
    require_mass(process, model)
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


def require_mass(process: Process, model: StandardModel) -> None:
    """Refuse the decay of a particle without mass.

    Raises
    ------
    ProcessError
        With the masses that the model has.
    """
    particle = process.particles[0]
    if not particle.is_massless(model):
        return
    remedy = f"give it one, [model] {particle.mass_name}" if particle.mass_name else "it is stable"
    raise ProcessError(
        f"{process.name}: {particle.name} has no mass in this model, and does not decay: {remedy}"
    )


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
    """Return the sum of all widths of a particle at tree level in GeV.

    They are of two-body decays; that of the Higgs has W and Z pairs off their mass shell besides.
    It lacks loops (two gluons, two photons, Z and photon) and decays into massless fermions.
    """
    if pdg != _HIGGS:
        return sum(two_body_width(process, model) for process in decays_of(pdg, model))
    pairs = [item for item in decays_of(pdg, model) if abs(item.outgoing[0]) not in (23, 24)]
    bosons = sum(boson_pair_width(boson, model) for boson in (23, 24))
    return bosons + sum(two_body_width(process, model) for process in pairs)


def boson_pair_width(pdg: int, model: StandardModel) -> float:
    """Return the width of the Higgs into two W or Z of any mass in GeV.

    Interference of equal fermions, and of W with Z, is left out, as are masses of their products
    but for their share in the width of the boson.

    Parameters
    ----------
    pdg
        23 or 24.
    model
        Parameters.

    Raises
    ------
    ProcessError
        If the boson has no width.
    """
    boson, higgs = particle_by_pdg(pdg), as_number(model.higgs_mass)
    mass, width = as_number(boson.mass(model)), as_number(boson.width(model))
    if width == 0.0:
        raise ProcessError(
            f"h > {boson.name} {boson.name}: the boson has no width, so that its pairs below their "
            f"threshold are infinite; set {boson.width_name}"
        )
    total = 0.0
    for first, weight in zip(*_masses(boson, model, higgs, higgs - mass), strict=True):
        second, weights = _masses(boson, model, higgs - math.sqrt(first), mass)
        x, y = first / higgs**2, second / higgs**2
        triangle = np.maximum((1 - x - y) ** 2 - 4 * x * y, 0.0)
        total += weight * float(np.sum(weights * np.sqrt(triangle) * (triangle + 12 * x * y)))
    vev = abs(complex(model.higgs_vev))
    share = total_width(pdg, model) / width  # of the propagator's width, in its numerator
    symmetry = 0.5 if boson.is_self_conjugate else 1.0
    return symmetry * share**2 * higgs**3 / (16 * math.pi * vev**2) * total


def _masses(
    boson: Particle, model: StandardModel, largest: float, middle: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Squared masses below a mass, in a resonance's own variable, and their weights.

    The weights hold dq^2 M Gamma / ((q^2 - M^2)^2 + M^2 Gamma^2) / pi; intervals end where the
    integrand changes.
    """
    mass, width = as_number(boson.mass(model)), as_number(boson.width(model))
    near = (middle, *(mass + steps * width for steps in (-20, -5, -1, 1, 5, 20)))
    edges = [0.0, *sorted(q for q in near if 0.0 < q < largest), largest]
    angles = np.arctan((np.square(edges) - mass**2) / (mass * width))
    half, centre = np.diff(angles)[:, None] / 2, (angles[1:] + angles[:-1])[:, None] / 2
    angle = (centre + half * _NODES).ravel()
    return mass**2 + mass * width * np.tan(angle), (half * _WEIGHTS).ravel() / math.pi
