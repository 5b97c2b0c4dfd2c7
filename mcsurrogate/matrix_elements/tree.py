"""Tree-level squared matrix elements from the off-shell recursion."""

import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mcsurrogate.matrix_elements.colour_flow import ColourFlow
from mcsurrogate.matrix_elements.functional import coefficient_value
from mcsurrogate.matrix_elements.measurement import seconds_per_point
from mcsurrogate.matrix_elements.orders import resolve_orders
from mcsurrogate.matrix_elements.parameters import StandardModel
from mcsurrogate.matrix_elements.probe import probe_points
from mcsurrogate.matrix_elements.process import Process
from mcsurrogate.matrix_elements.recursion import build_amplitude
from mcsurrogate.matrix_elements.tree_evaluator import TreeEvaluator
from mcsurrogate.matrix_elements.tree_plan import Sector, TreePlan, plan_tree
from mcsurrogate.matrix_elements.validity import (
    check_finite_result,
    check_momenta,
    strong_coupling,
)

__all__ = ["TreeMatrixElement"]

Contraction = Callable[[Sector, Tensor, Tensor], Tensor]


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
        If the process has no diagram within its coupling orders.
    """

    def __init__(self, process: Process, parameters: StandardModel) -> None:
        self.process = resolve_orders(process)
        self.parameters = parameters
        self._amplitude = build_amplitude(self.process, parameters)
        self._plan = plan_tree(self._amplitude, parameters)
        self._evaluator = self._make_evaluator(self._plan)
        self._norm = 1.0 / (self.process.average_factor * self.process.symmetry_factor)
        self._root_colour = _square_root(self._plan.colour)
        self._factors: dict[tuple[int, torch.dtype, torch.device], Tensor] = {}
        self._cost: float | None = None

    def _make_evaluator(self, plan: TreePlan) -> TreeEvaluator:
        return TreeEvaluator(self._amplitude, plan.roots, plan.states, plan.sizes, self.parameters)

    @property
    def helicities(self) -> Tensor:
        """Helicities ``(H, n)`` of the external legs that do not vanish identically."""
        return torch.from_numpy(self._plan.helicities)

    @property
    def colour_flows(self) -> tuple[ColourFlow, ...]:
        """Leading-colour flows that an event may have."""
        return self._plan.flows

    @property
    def cost(self) -> float:
        """Measured seconds a phase-space point, one thread, in batches."""
        if self._cost is None:
            block = self._evaluator.block_size(torch.float64, torch.device("cpu"))
            points = probe_points(self.process, self.parameters, block)
            self._cost = seconds_per_point(self, points)
        return self._cost

    def __call__(self, momenta: Tensor, alpha_s: Tensor | float) -> Tensor:
        """Evaluate the squared matrix element, see the protocol `MatrixElement`.

        Raises
        ------
        KinematicsError
            If momenta are not finite, unbalanced or off shell.
        MatrixElementError
            If the matrix element diverges or alpha_s is impossible.
        """
        values = self._evaluate(momenta, alpha_s, self._summed)
        return check_finite_result(values, self.process)

    def helicity_contributions(self, momenta: Tensor, alpha_s: Tensor | float) -> Tensor:
        """Contribution of each helicity configuration to the squared matrix element.

        Returns
        -------
        Tensor
            ``(N, H)``, in the order of `helicities`; the sum over H is the squared matrix
            element.
        """
        values = self._evaluate(momenta, alpha_s, self._by_helicity)
        if self._plan.mirrored:
            values = torch.cat((values, values)) / 2.0
        return check_finite_result(values.T, self.process)

    def colour_flow_weights(self, momenta: Tensor, alpha_s: Tensor | float) -> Tensor:
        """Leading-colour weights ``(N, len(colour_flows))``, summed over helicities.

        They are squares of colour-ordered amplitudes, not normalised: probabilities of the
        flows at leading colour.
        """
        values = self._evaluate(momenta, alpha_s, self._by_flow)
        return check_finite_result(values.T, self.process)

    def _evaluate(self, momenta: Tensor, alpha_s: Tensor | float, contract: Contraction) -> Tensor:
        check_momenta(momenta, self.process, self.parameters)
        coupling = strong_coupling(alpha_s, momenta, self.process)
        strong = torch.sqrt(4.0 * math.pi * coupling)
        common = len(self._plan.powers) == 1
        parts = []
        for block, start, stop in self._blocks(momenta):
            results = self._evaluator(block)[..., : stop - start]
            here = strong if strong.dim() == 0 else strong[start:stop]
            if common:
                here = torch.ones_like(here)
            pieces = [contract(sector, results, here) for sector in self._plan.sectors]
            parts.append(self._join(pieces, contract))
        if not parts:
            rows = contract(self._plan.sectors[0], self._empty(momenta), strong)
            parts = [self._join([rows] * len(self._plan.sectors), contract)]
        values = torch.cat(parts, dim=-1) * (self._norm * (2.0 if self._plan.mirrored else 1.0))
        if common and self._plan.powers[0]:
            values = values * (4.0 * math.pi * coupling) ** self._plan.powers[0]
        return values

    def _join(self, pieces: list[Tensor], contract: Contraction) -> Tensor:
        if contract == self._by_helicity:
            return torch.cat(pieces)
        return torch.stack(pieces).sum(dim=0)

    def _empty(self, momenta: Tensor) -> Tensor:
        dtype = torch.complex128 if momenta.dtype == torch.float64 else torch.complex64
        shape = (len(self._plan.roots), *self._plan.sizes.values(), 0)
        return torch.zeros(shape, dtype=dtype, device=momenta.device)

    def _blocks(self, momenta: Tensor) -> Iterator[tuple[Tensor, int, int]]:
        """Blocks ``(4, n, N)`` of events; the last one is filled up with its last event."""
        count = len(momenta)
        differentiable = torch.is_grad_enabled() and (
            momenta.requires_grad or self.parameters.requires_grad
        )
        size = self._evaluator.block_size(momenta.dtype, momenta.device)
        for start in range(0, count, size):
            stop = min(start + size, count)
            block = momenta[start:stop].permute(2, 1, 0)
            missing = 0
            if not differentiable:
                missing = self._evaluator.padded_size(stop - start, size) - (stop - start)
            if missing:
                block = torch.cat((block, block[..., -1:].expand(-1, -1, missing)), dim=2)
            yield block.contiguous(), start, stop

    def _colour_factor(self, sector: Sector, like: Tensor) -> Tensor:
        """Matrix whose image of the results has the colour-summed square as its norm."""
        if self.parameters.requires_grad and torch.is_grad_enabled():
            root = torch.from_numpy(self._root_colour).to(like)
            return root @ self._transfer(sector, self._plan.powers[0], like)
        key = (sector.start, like.dtype, like.device)
        if key not in self._factors:
            with torch.no_grad():
                transfer = self._transfer(sector, self._plan.powers[0], torch.zeros(()).double())
            product = self._root_colour @ transfer.numpy()
            triangular = np.linalg.qr(product, mode="r")
            self._factors[key] = torch.from_numpy(triangular).to(like)
        return self._factors[key]

    def _transfer(self, sector: Sector, power: int, like: Tensor) -> Tensor:
        """Matrix ``(F, U)`` from results to colour structures, for one power of g_s."""
        couplings = self._evaluator.couplings()
        matrix = torch.zeros(
            len(self._plan.colour), sector.stop - sector.start, dtype=like.dtype, device=like.device
        )
        for qcd, flow, place, factor in sector.amplitudes:
            if qcd == power:
                unit = torch.zeros_like(matrix)
                unit[flow, place] = 1.0
                matrix = matrix + unit * coefficient_value(factor, couplings)
        return matrix

    def _rows(self, sector: Sector, results: Tensor) -> Tensor:
        """Results of a sector as ``(U, H, N)``."""
        states = math.prod(self._plan.sizes.values())
        rows = results[sector.start : sector.stop]
        return rows.reshape(sector.stop - sector.start, states, results.shape[-1])

    def _structures(self, sector: Sector, results: Tensor, strong: Tensor) -> Tensor:
        """Amplitudes of the colour structures, ``(F, H, N)`` complex."""
        values = self._rows(sector, results)
        total: Tensor | float = 0.0
        for power in self._plan.powers:
            matrix = self._transfer(sector, power, values.real).to(values.dtype)
            total = total + torch.einsum("fu,uhn->fhn", matrix, values) * strong**power
        return torch.as_tensor(total)

    def _colour_rows(self, sector: Sector, results: Tensor, strong: Tensor) -> Tensor:
        """Amplitudes ``(K, H, N, 2)`` (real, imaginary) whose squares add up to the colour sum."""
        if len(self._plan.powers) > 1:
            structures = torch.view_as_real(self._structures(sector, results, strong))
            root = torch.from_numpy(self._root_colour).to(structures)
            colours: Tensor = torch.tensordot(root, structures, dims=1)
            return colours
        values = torch.view_as_real(self._rows(sector, results))
        factor = self._colour_factor(sector, values)
        if factor.shape == (1, 1):
            return values * factor
        rows: Tensor = factor @ values.flatten(1)
        return rows.view(len(factor), *values.shape[1:])

    def _summed(self, sector: Sector, results: Tensor, strong: Tensor) -> Tensor:
        rows = self._colour_rows(sector, results, strong)
        summed: Tensor = (rows * rows).flatten(0, 1).sum(dim=0)
        return summed.sum(dim=-1)

    def _by_helicity(self, sector: Sector, results: Tensor, strong: Tensor) -> Tensor:
        rows = self._colour_rows(sector, results, strong)
        return (rows * rows).sum(dim=0).sum(dim=-1)

    def _by_flow(self, sector: Sector, results: Tensor, strong: Tensor) -> Tensor:
        structures = self._structures(sector, results, strong)
        matrix = torch.from_numpy(self._plan.flow_matrix).to(structures)
        flows = torch.einsum("lf,fhn->lhn", matrix, structures)
        return (flows.real**2 + flows.imag**2).sum(dim=1)


def _square_root(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows whose products of columns give a positive semi-definite matrix."""
    values, vectors = np.linalg.eigh(matrix)
    kept = values > 1e-12 * values.max()
    root: NDArray[np.float64] = np.sqrt(values[kept])[:, None] * vectors[:, kept].T
    return root
