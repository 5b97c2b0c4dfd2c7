# SPDX-License-Identifier: GPL-3.0-or-later
r"""Partial widths of decays into any number of particles.

.. math:: \Gamma = \frac{1}{2M} \int d\Phi_n\, \overline{|M|^2}

(PDG review of kinematics, eq. 49.11), in closed form for two particles, else by VEGAS+ in the
channels of the diagrams.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from mcsurrogate.errors import ProcessError
from mcsurrogate.hard_process.mass_windows import mass_windows, within
from mcsurrogate.integration import IntegrandValue, integrate
from mcsurrogate.matrix_elements import (
    Process,
    ProcessDefinition,
    StandardModel,
    as_number,
    expand,
    matrix_element,
    require_mass,
    topologies,
    two_body_width,
)
from mcsurrogate.phase_space import ChannelSet, Topology

__all__ = ["PartialWidth", "partial_width"]

_MASSLESS_VECTORS = (21, 22)


@dataclass(frozen=True, slots=True)
class PartialWidth:
    """A width of a decay.

    Attributes
    ----------
    name
        The decay.
    value, error
        In GeV; the error is zero where the width is known in closed form.
    parts
        Of a decay with labels, the widths that it is the sum of.
    """

    name: str
    value: float
    error: float
    parts: tuple["PartialWidth", ...] = ()


def partial_width(
    decay: str | ProcessDefinition,
    model: StandardModel | None = None,
    *,
    precision: float = 1e-3,
    bwcutoff: float = 15.0,
    seed: int = 1,
) -> PartialWidth:
    """Compute the width of a decay, summed over what its labels stand for.

    Parameters
    ----------
    decay
        For example ``"t > b e+ ve"`` or ``"w+ > l+ vl"``, also a chain.
    model
        Parameters; alpha_s is the model's.
    precision
        Relative error to reach where integration is needed.
    bwcutoff
        Widths of the resonances of a chain from their mass.
    seed
        Of the integration.

    Raises
    ------
    ProcessError
        If it is no decay, no diagram makes it, the particle is too light, no resonance of a chain
        can be as close to its mass as `bwcutoff` asks, or the width is infinite without cuts.
    """
    model = StandardModel() if model is None else model
    definition = ProcessDefinition.parse(decay) if isinstance(decay, str) else decay
    if definition.n_incoming != 1:
        raise ProcessError(f"{definition.name}: a width is of one particle that decays, 'a > b c'")
    parts = []
    for group in expand(definition):
        process = group.representative
        if len(process.outgoing) == 2:
            found = PartialWidth(process.name, two_body_width(process, model), 0.0)
        else:
            found = _integrated(process, model, precision, bwcutoff, seed)
        # all members have the width of their representative: massless flavours differ by name
        parts += [found] * len(group.members)
    if len(parts) == 1:
        return parts[0]
    value, error = sum(part.value for part in parts), sum(part.error for part in parts)
    return PartialWidth(definition.name, value, error, tuple(parts))


def _integrated(
    process: Process, model: StandardModel, precision: float, bwcutoff: float, seed: int
) -> PartialWidth:
    integrand = _DecayIntegrand(process, model, bwcutoff)
    # widths have relative standard deviations of about one in these channels
    evaluations = max(20_000, int(precision**-2))
    result = integrate(
        integrand, evaluations=evaluations, precision=precision, method="vegas", seed=seed
    )
    if result.value == 0.0:
        raise ProcessError(
            f"{process.name}: no point of {evaluations} lies within {bwcutoff:g} widths of the "
            "masses of all resonances of the chain, or the amplitude vanishes; name the final "
            "particles without a chain, or raise `bwcutoff`"
        )
    if result.error > 10 * precision * abs(result.value):
        raise ProcessError(
            f"{process.name}: the width came to {result.value:.4g} +- {result.error:.2g} GeV only"
        )
    return PartialWidth(process.name, result.value, result.error)


class _DecayIntegrand:
    """Differential width of a decay at rest, in GeV."""

    def __init__(self, process: Process, model: StandardModel, bwcutoff: float) -> None:
        masses = [as_number(particle.mass(model)) for particle in process.particles]
        self._mass = masses[0]
        require_mass(process, model)
        if self._mass <= sum(masses[1:]):
            raise ProcessError(
                f"{process.name}: a mass of {self._mass:g} GeV is below the {sum(masses[1:]):g} "
                "GeV of its products"
            )
        lines = topologies(process, model)
        _require_finite(process, lines, masses)
        self._element = matrix_element(process, model)
        self._alpha_s = as_number(model.alpha_s)
        # mappings know two incoming legs: leg i of the decay is leg i + 1 there
        legs = len(masses) + 1
        found = [
            Topology.from_lines(
                legs,
                [([leg + 1 for leg in side], m, w) for side, m, w in one],
                name=f"channel {number}",
            )
            for number, one in enumerate(lines, start=1)
            if len(one) >= len(masses) - 3
        ]
        self._channels = ChannelSet.from_topologies(found, masses[1:], self._mass, hadronic=False)
        self._windows = mass_windows(process, (0, *range(2, legs)), model, bwcutoff)
        self.dim, self.channels = self._channels.dim, self._channels.channels
        self.names, self.periodic = self._channels.names, self._channels.periodic

    def __call__(self, u: Tensor, channel: Tensor) -> IntegrandValue:
        """Return d Gamma / du in GeV."""
        point = self._channels.forward(u, channel)
        passed = within(self._windows, point.momenta) & (point.jacobian > 0)
        at_rest = torch.zeros_like(point.momenta[:, :1])
        at_rest[..., 0] = self._mass
        momenta = torch.cat((at_rest, point.momenta[:, 2:]), dim=1)
        squared = self._element(momenta[passed], self._alpha_s)
        weight = torch.zeros_like(point.jacobian)
        weight[passed] = squared * point.jacobian[passed] / (2.0 * self._mass)
        if self.channels == 1:
            return IntegrandValue(weight)
        prior = self._channels.prior(point.momenta, point.x1, point.x2)
        return IntegrandValue(weight, prior, point.momenta[:, 2:].flatten(1).float() / self._mass)


def _require_finite(
    process: Process,
    lines: tuple[tuple[tuple[tuple[int, ...], float, float], ...], ...],
    masses: list[float],
) -> None:
    """Refuse decays with a soft or collinear limit: a width has no cuts.

    Massless pairs alone can be collinear poles: a fermion that leads to three and more without
    a massless boson makes them by one with a mass, whose amplitude vanishes with theirs.  Nor can
    particles be at the pole of one without width (a tau between its decay products).
    """
    for one in lines:
        for side, mass, width in one:
            rest = sum(masses[1:]) - sum(masses[leg] for leg in side)
            if width == 0.0 < mass and sum(masses[leg] for leg in side) < mass < masses[0] - rest:
                names = " and ".join(process.particles[leg].name for leg in side)
                raise ProcessError(
                    f"{process.name}: the width is infinite, with {names} at the pole of a "
                    f"particle of {mass:g} GeV that has no width; make it a resonance of a chain, "
                    "'t > b w+, (w+ > ta+ vt, ta+ > vt~ e+ ve)', or leave it undecayed"
                )
    radiates = any(pdg in _MASSLESS_VECTORS for pdg in process.outgoing)
    splits = any(
        width == 0.0
        and math.isclose(mass, 0.0)
        and len(side) == 2
        and not any(masses[leg] for leg in side)
        for one in lines
        for side, mass, width in one
    )
    if radiates or splits:
        raise ProcessError(
            f"{process.name}: the width is infinite at lowest order, with a massless particle soft "
            "or two of them collinear; leave the gluon or photon out, or exclude it with '/ a'"
        )
