# SPDX-License-Identifier: GPL-3.0-or-later
r"""Resonances of decay chains that are too narrow for double precision.

The width of a tau is 1e-12 of its mass: the denominator of its propagator,
:math:`p^2 - M^2 + i M \Gamma`, is a rounding error of momenta in the laboratory.  Since

.. math:: \frac{1}{(p^2 - M^2)^2 + M^2 \Gamma^2} \to \frac{\pi}{M \Gamma}\, \delta(p^2 - M^2),

a larger width :math:`\Gamma'` in the propagator and a factor :math:`\Gamma' / \Gamma` on the
squared amplitude leave every integral over the resonance as it is, up to
:math:`O(\Gamma' / M)` (PDG review of resonances; the narrow-width approximation).
"""

from mcsurrogate.matrix_elements.parameters import Parameter, StandardModel, as_number
from mcsurrogate.matrix_elements.particles import particle_by_pdg
from mcsurrogate.matrix_elements.process import Process

__all__ = ["resolved_widths"]

_RESOLVED = 1e-5
"""Width over mass: squared masses from momenta of 1 TeV are right to 1e-5 of M Gamma for a tau."""


def resolved_widths(process: Process, model: StandardModel) -> tuple[StandardModel, Parameter]:
    """Widen what decays by weak interactions at low mass until its line shape can be computed.

    Parameters
    ----------
    process
        The process, with its resonances.
    model
        With the true widths.

    Returns
    -------
    StandardModel, Parameter
        The parameters of propagators, and the factor of the squared amplitude.
    """
    changes: dict[str, Parameter] = {}
    factor: Parameter = 1.0
    for resonance in process.resonances:
        particle = particle_by_pdg(resonance.pdg)
        name, width = particle.chain_width_name, particle.resonance_width(model)
        wanted = _RESOLVED * as_number(particle.mass(model))
        if name and 0.0 < as_number(width) < wanted:
            changes[name] = wanted
            factor = factor * (wanted / width)
    return (model.with_parameters(**changes) if changes else model), factor
