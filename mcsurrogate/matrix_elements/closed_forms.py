# SPDX-License-Identifier: GPL-3.0-or-later
"""Closed forms behind the protocol, for the processes that have one.

A closed form is used only where it gives the same numbers as the engine: heavy quarks from
gluons only without a width, since the formula has none in its t-channel propagators (with the
width of the top quark the difference is up to 6.5e-5).
"""

import math
from collections.abc import Callable
from functools import cached_property
from itertools import permutations

import torch
from torch import Tensor

from mcsurrogate.matrix_elements import formulae
from mcsurrogate.matrix_elements.colour import End
from mcsurrogate.matrix_elements.colour_flow import ColourFlow
from mcsurrogate.matrix_elements.colour_matrix import flow_lines
from mcsurrogate.matrix_elements.five_gluon_loop import gluons_to_photons_gluon
from mcsurrogate.matrix_elements.interactions import Interaction, interactions
from mcsurrogate.matrix_elements.measurement import seconds_per_point
from mcsurrogate.matrix_elements.orders import allowed_powers, coupling_powers, resolve_orders
from mcsurrogate.matrix_elements.parameters import StandardModel, as_number
from mcsurrogate.matrix_elements.particles import particle_by_pdg
from mcsurrogate.matrix_elements.probe import probe_points
from mcsurrogate.matrix_elements.process import Process
from mcsurrogate.matrix_elements.tree import TreeMatrixElement
from mcsurrogate.matrix_elements.validity import (
    check_finite_result,
    check_momenta,
    require_stable_legs,
    strong_coupling,
)

__all__ = ["ClosedForm", "closed_form"]

FOUR_PI = 4.0 * math.pi

Formula = Callable[[Tensor], Tensor]


def _loop_flows(process: Process) -> tuple[ColourFlow, ...]:
    """Colour flows of gluons that couple to colourless particles through a quark loop."""
    ends = tuple(
        End.GLUON if particle.colour == 8 else End.SINGLET for particle in process.particles
    )
    first, *others = (leg for leg, end in enumerate(ends) if end is End.GLUON)
    return tuple(flow_lines(((first, *rest),), ends, 2) for rest in permutations(others))


class ClosedForm:
    """A squared matrix element from an analytic formula.

    Parameters
    ----------
    process
        With definite coupling orders.
    parameters
        Parameters of the model.
    formula
        From momenta ``(N, n, 4)`` to values without the strong coupling.
    strong_power
        Power of alpha_s.

    Attributes
    ----------
    process, parameters
        As given.
    """

    def __init__(
        self, process: Process, parameters: StandardModel, formula: Formula, strong_power: int
    ) -> None:
        self.process = process
        self.parameters = parameters
        self._formula = formula
        self.strong_power = strong_power
        self._cost: float | None = None

    def __call__(self, momenta: Tensor, alpha_s: Tensor | float) -> Tensor:
        """Evaluate the squared matrix element, see the protocol `MatrixElement`.

        Raises
        ------
        KinematicsError
            If momenta are not finite, unbalanced or off shell.
        MatrixElementError
            If the matrix element diverges or alpha_s is impossible.
        """
        check_momenta(momenta, self.process, self.parameters)
        coupling = strong_coupling(alpha_s, momenta, self.process)
        value = self._formula(momenta)
        if self.strong_power:
            value = value * (FOUR_PI * coupling) ** self.strong_power
        return check_finite_result(value, self.process)

    @cached_property
    def _engine(self) -> TreeMatrixElement:
        return TreeMatrixElement(self.process, self.parameters)

    @property
    def _is_loop(self) -> bool:
        return not coupling_powers(self.process)

    @property
    def colour_flows(self) -> tuple[ColourFlow, ...]:
        """Leading-colour flows that an event may have."""
        return _loop_flows(self.process) if self._is_loop else self._engine.colour_flows

    def colour_flow_weights(self, momenta: Tensor, alpha_s: Tensor | float) -> Tensor:
        """Leading-colour weights ``(N, len(colour_flows))``, not normalised."""
        if not self._is_loop:
            return self._engine.colour_flow_weights(momenta, alpha_s)
        check_momenta(momenta, self.process, self.parameters)
        # Two orders of three gluons differ by a sign only.
        return torch.ones_like(momenta[:, : len(self.colour_flows), 0])

    @property
    def operations(self) -> int:
        """Order of magnitude of the multiply-adds of a phase-space point."""
        return 10 if self.process.n_legs == 4 else 100_000  # of five legs: the loop of g g > a a g

    @property
    def cost(self) -> float:
        """Measured seconds a phase-space point, one thread, in batches."""
        if self._cost is None:
            points = probe_points(self.process, self.parameters, 4096)
            self._cost = seconds_per_point(self, points)
        return self._cost


def closed_form(process: Process, model: StandardModel) -> ClosedForm | None:
    """Return the closed form of a process, or None where there is none.

    Raises
    ------
    ProcessError
        If the process has no diagram within its coupling orders.
    """
    if process.n_legs > 5 or process.n_incoming != 2 or process.is_restricted:
        return None
    if not coupling_powers(process):
        return _photon_pair(process, model)
    if process.n_legs != 4:
        return None
    process = resolve_orders(process)
    require_stable_legs(process, model)
    allowed = allowed_powers(process)
    if allowed == {(2, 0)}:
        formula = _strong(process, model)
        return None if formula is None else ClosedForm(process, model, formula, 2)
    if allowed == {(0, 2)} and not model.complex_masses:
        formula = _electroweak(process, model)
        return None if formula is None else ClosedForm(process, model, formula, 0)
    return None


def _photon_pair(process: Process, model: StandardModel) -> ClosedForm | None:
    if process.incoming != (21, 21) or not process.orders.is_default:
        return None
    # Five massless flavours; the top quark is left out, as in the oracle tables.
    charges = [particle_by_pdg(flavour).charge3 / 3.0 for flavour in range(1, 6)]
    if process.outgoing == (22, 22):
        return ClosedForm(
            process, model, lambda p: formulae.gluons_to_photons(p, model, charges), 2
        )
    if sorted(process.outgoing) == [21, 22, 22]:
        first, second = (leg for leg, pdg in enumerate(process.pdg_ids) if pdg == 22)
        return ClosedForm(
            process,
            model,
            lambda p: gluons_to_photons_gluon(p, model, charges, (first, second)),
            3,
        )
    return None


def _strong(process: Process, model: StandardModel) -> Formula | None:
    heavy = [p for p in process.particles if p.is_fermion and not p.is_massless(model)]
    quarks = [p for p in process.particles if p.is_fermion]
    if heavy:
        third, fourth = process.outgoing
        if len(heavy) != 2 or third != -fourth or third < 0 or heavy[0].pdg != third:
            return None
        mass = heavy[0].mass(model)
        if not any(p.is_fermion for p in process.particles[:2]):
            if as_number(heavy[0].width(model)) > 0.0:
                return None
            return lambda p: formulae.gluons_to_heavy_quarks(p, mass)
        return lambda p: formulae.quarks_to_heavy_quarks(p, mass)
    if not quarks:
        return formulae.four_gluons
    if len(quarks) == 2:
        return lambda p: formulae.quarks_gluons(p, process)
    return lambda p: formulae.four_quarks(p, process)


def _electroweak(process: Process, model: StandardModel) -> Formula | None:
    if not all(p.is_fermion and p.is_massless(model) for p in process.particles):
        return None
    incoming, outgoing = process.all_incoming[:2], process.all_incoming[2:]
    if incoming[0] * incoming[1] > 0 or outgoing[0] * outgoing[1] > 0:
        return None
    if {(abs(pdg) + 1) // 2 for pdg in incoming} & {(abs(pdg) + 1) // 2 for pdg in outgoing}:
        return None  # the same generation: t-channel diagrams as well
    first, second = _vertices(incoming), _vertices(outgoing)
    exchanges = []
    for boson, vertex in first.items():
        conjugate = boson if boson in (22, 23) else -boson
        if conjugate in second:
            particle = particle_by_pdg(boson)
            exchanges.append((vertex, second[conjugate], particle.mass_name, particle.width_name))
    if not exchanges:
        return None
    return lambda p: formulae.fermion_pairs(p, process, model, exchanges)


def _vertices(pair: tuple[int, ...]) -> dict[int, Interaction]:
    """Electroweak vertices of an incoming fermion and antifermion, by the third particle."""
    barred_first = tuple(sorted(pair))
    return {
        vertex.particles[2]: vertex
        for vertex in interactions()
        if vertex.particles[:2] == barred_first and vertex.qed == 1
    }
