# SPDX-License-Identifier: GPL-3.0-or-later
"""Tree-level squared matrix elements from the off-shell recursion."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from mcsurrogate.matrix_elements.colour_flow import ColourFlow
from mcsurrogate.matrix_elements.measurement import seconds_per_point
from mcsurrogate.matrix_elements.narrow_resonances import resolved_widths
from mcsurrogate.matrix_elements.orders import resolve_orders
from mcsurrogate.matrix_elements.parameters import StandardModel
from mcsurrogate.matrix_elements.probe import probe_points
from mcsurrogate.matrix_elements.process import Process
from mcsurrogate.matrix_elements.protocol import EventWeights
from mcsurrogate.matrix_elements.recursion import build_amplitude
from mcsurrogate.matrix_elements.tree_contraction import ColourContraction
from mcsurrogate.matrix_elements.tree_evaluator import TreeEvaluator
from mcsurrogate.matrix_elements.tree_plan import Sector, plan_tree
from mcsurrogate.matrix_elements.tree_sampling import TreeSampler
from mcsurrogate.matrix_elements.validity import (
    check_finite_result,
    check_momenta,
    require_stable_legs,
    strong_coupling,
)

__all__ = ["TreeMatrixElement"]


class TreeMatrixElement:
    r"""Squared tree amplitude of any Standard Model process.

    Colour-ordered amplitudes of all helicities come from the off-shell recursion of
    `mcsurrogate.matrix_elements.recursion`; their colour sum is exact.  Momenta in float64
    or float32, on any device of torch; where momenta or parameters require a gradient, the
    result is differentiable.

    Parameters
    ----------
    process
        A partonic process.
    parameters
        Parameters of the model.

    Attributes
    ----------
    process
        The process with definite coupling orders.
    parameters
        As given.

    Raises
    ------
    ProcessError
        If the process has no diagram within its coupling orders, or external legs with a width in
        the complex-mass scheme.
    """

    def __init__(self, process: Process, parameters: StandardModel) -> None:
        self.process = resolve_orders(process)
        require_stable_legs(self.process, parameters)
        self.parameters = parameters
        resolved, factor = resolved_widths(self.process, parameters)
        self._amplitude = build_amplitude(self.process, resolved)
        plan = self._plan = plan_tree(self._amplitude, resolved)
        self._evaluator = TreeEvaluator(
            self._amplitude, plan.roots, plan.states, plan.sizes, resolved
        )
        self._contraction = ColourContraction(
            plan, self._evaluator.couplings, tracked=parameters.requires_grad
        )
        self._norm = factor / (self.process.average_factor * self.process.symmetry_factor)
        self._sampler: TreeSampler | None = None
        self._cost: float | None = None

    @property
    def helicities(self) -> Tensor:
        """Helicities ``(H, n)`` of the external legs that do not vanish identically."""
        return torch.from_numpy(self._plan.helicities)

    @property
    def colour_flows(self) -> tuple[ColourFlow, ...]:
        """Leading-colour flows that an event may have."""
        return self._plan.flows

    @property
    def is_signed(self) -> bool:
        """Whether only some interferences are kept, so that the result may be negative."""
        return self._contraction.is_signed

    @property
    def cost(self) -> float:
        """Measured seconds a phase-space point, one thread, in batches."""
        if self._cost is None:
            block = self._evaluator.block_size(torch.float64, torch.device("cpu"))
            points = probe_points(self.process, self.parameters, block)
            self._cost = seconds_per_point(self, points)
        return self._cost

    @property
    def operations(self) -> int:
        """Complex multiply-adds of a phase-space point, summed over helicities."""
        return self._evaluator.operations

    def __call__(self, momenta: Tensor, alpha_s: Tensor | float) -> Tensor:
        """Evaluate the squared matrix element, see the protocol `MatrixElement`.

        Raises
        ------
        KinematicsError
            If momenta are not finite, unbalanced or off shell.
        MatrixElementError
            If the matrix element diverges or alpha_s is impossible.
        """
        values = self._evaluate(momenta, alpha_s, self._summed, torch.add)
        return check_finite_result(values[0], self.process)

    def helicity_contributions(self, momenta: Tensor, alpha_s: Tensor | float) -> Tensor:
        """Contribution of each helicity configuration to the squared matrix element.

        Returns
        -------
        Tensor
            ``(N, H)``, in the order of `helicities`; the sum over H is the squared matrix
            element.
        """
        values = self._evaluate(momenta, alpha_s, self._by_helicity, lambda a, b: torch.cat((a, b)))
        if self._plan.mirrored:
            values = torch.cat((values, values)) / 2.0
        return check_finite_result(values.T, self.process)

    def colour_flow_weights(self, momenta: Tensor, alpha_s: Tensor | float) -> Tensor:
        """Leading-colour weights ``(N, len(colour_flows))``, summed over helicities.

        They are squares of colour-ordered amplitudes, not normalised: probabilities of the
        flows at leading colour.
        """
        values = self._evaluate(momenta, alpha_s, self._by_flow, torch.add)
        return check_finite_result(values.T, self.process)

    def event_weights(self, momenta: Tensor, alpha_s: Tensor | float) -> EventWeights:
        """Squared matrix element, colour flows and helicities from one evaluation.

        Costs little more than the squared matrix element alone.
        """
        flows = len(self.colour_flows)

        def contract(sector: Sector, results: Tensor, strong: Tensor) -> Tensor:
            by_flow = self._by_flow(sector, results, strong)
            return torch.cat((by_flow, self._by_helicity(sector, results, strong)))

        def join(a: Tensor, b: Tensor) -> Tensor:
            return torch.cat((a[:flows] + b[:flows], a[flows:], b[flows:]))

        values = check_finite_result(
            self._evaluate(momenta, alpha_s, contract, join).T, self.process
        )
        helicity = values[:, flows:]
        if self._plan.mirrored:
            helicity = torch.cat((helicity, helicity), dim=1) / 2.0
        return EventWeights(helicity.sum(dim=1), values[:, :flows], helicity)

    def sampled(
        self,
        momenta: Tensor,
        alpha_s: Tensor | float,
        *,
        generator: torch.Generator,
        helicity: bool = True,
        colour: bool = False,
    ) -> Tensor:
        """Unbiased estimate from one helicity configuration or colour state an event.

        Configurations are drawn uniformly, and the squared amplitude is multiplied by their
        number: the mean over draws is the squared matrix element.  Helicities are those of
        `helicities`; colour states are orthogonal directions in the space of the colour
        structures.

        Parameters
        ----------
        momenta
            ``(N, n, 4)`` in GeV.
        alpha_s
            Strong coupling.
        generator
            Source of the random numbers, on the CPU.
        helicity, colour
            What is drawn; the rest is summed.

        Returns
        -------
        Tensor
            ``(N,)``.
        """
        check_momenta(momenta, self.process, self.parameters)
        coupling = strong_coupling(alpha_s, momenta, self.process)
        values = self._sampled(
            momenta, coupling, generator=generator, helicity=helicity, colour=colour
        )
        return check_finite_result(values * self._norm, self.process)

    @property
    def configurations(self) -> Tensor:
        """Helicities ``(H, n)`` of the configurations that `of_configuration` knows."""
        return self._sampled.helicities

    def of_configuration(self, momenta: Tensor, alpha_s: Tensor | float, chosen: Tensor) -> Tensor:
        """Contribution of one helicity configuration an event to the squared matrix element.

        Parameters
        ----------
        momenta
            ``(N, n, 4)`` in GeV.
        alpha_s
            Strong coupling.
        chosen
            ``(N,)`` int64 rows of `configurations`; the sum over all of them is the squared
            matrix element.

        Returns
        -------
        Tensor
            ``(N,)``.
        """
        check_momenta(momenta, self.process, self.parameters)
        coupling = strong_coupling(alpha_s, momenta, self.process)
        values = self._sampled.of_configuration(momenta, coupling, chosen)
        return check_finite_result(values * self._norm, self.process)

    @property
    def _sampled(self) -> TreeSampler:
        if self._sampler is None:
            self._sampler = TreeSampler(self._amplitude, self.parameters)
        return self._sampler

    def _evaluate(
        self,
        momenta: Tensor,
        alpha_s: Tensor | float,
        contract: Callable[[Sector, Tensor, Tensor], Tensor],
        join: Callable[[Tensor, Tensor], Tensor],
    ) -> Tensor:
        """Contract the results of all sectors, block by block, into ``(K, N)``."""
        check_momenta(momenta, self.process, self.parameters)
        coupling = strong_coupling(alpha_s, momenta, self.process)
        strong = torch.sqrt(4.0 * math.pi * coupling)
        parts = []
        for results, start, stop in self._evaluator.blocks(momenta):
            here = strong if strong.dim() == 0 else strong[start:stop]
            total: Tensor | None = None
            for sector in self._plan.sectors:
                piece = contract(sector, results, here)
                total = piece if total is None else join(total, piece)
            assert total is not None  # a plan has sectors
            parts.append(total)
        values = torch.cat(parts, dim=-1) * (self._norm * (2.0 if self._plan.mirrored else 1.0))
        if len(self._plan.powers) == 1 and self._plan.powers[0]:
            values = values * (4.0 * math.pi * coupling) ** self._plan.powers[0]
        return values

    def _summed(self, sector: Sector, results: Tensor, strong: Tensor) -> Tensor:
        rows = self._contraction.rows(sector, results, strong)
        if self.is_signed:
            return self._contraction.square(rows).sum(dim=0, keepdim=True)
        summed: Tensor = (rows * rows).flatten(0, 1).sum(dim=0)
        return summed.sum(dim=-1).unsqueeze(0)

    def _by_helicity(self, sector: Sector, results: Tensor, strong: Tensor) -> Tensor:
        rows = self._contraction.rows(sector, results, strong)
        return self._contraction.square(rows)

    def _by_flow(self, sector: Sector, results: Tensor, strong: Tensor) -> Tensor:
        flows = self._contraction.flows(sector, results, strong)
        return (flows * flows).sum(dim=1).sum(dim=-1)
