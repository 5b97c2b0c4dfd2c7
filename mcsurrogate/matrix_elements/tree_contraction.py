# SPDX-License-Identifier: GPL-3.0-or-later
"""From colour-ordered amplitudes to colour-summed squares."""

import math
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mcsurrogate.matrix_elements.functional import coefficient_value
from mcsurrogate.matrix_elements.parameters import Derived
from mcsurrogate.matrix_elements.tree_plan import Sector, TreePlan

__all__ = ["ColourContraction"]


class ColourContraction:
    """Combines the results of a sector into colour structures and their squares.

    Parameters
    ----------
    plan
        What the results are.
    couplings
        Returns the values of the named couplings.
    tracked
        Whether gradients with respect to parameters are wanted.
    """

    def __init__(
        self, plan: TreePlan, couplings: Callable[[], dict[str, Derived]], *, tracked: bool
    ) -> None:
        self._plan = plan
        self._couplings = couplings
        self._tracked = tracked
        self._complex = any(torch.as_tensor(value).is_complex() for value in couplings().values())
        self._root = _square_root(plan.colour)
        self._signs, self._mixtures = _mixtures(plan)
        self._factors: dict[tuple[int, torch.dtype, torch.device], Tensor] = {}

    def rows(
        self, sector: Sector, results: Tensor, strong: Tensor, *, key: int | None = None
    ) -> Tensor:
        """Amplitudes ``(K, H, N, 2)`` (real, imaginary) that `square` adds up to the colour sum.

        Where all amplitudes have the same power of g_s it is left out.

        Parameters
        ----------
        sector
            The sector.
        results
            ``(R, H_1, ..., N)`` all results.
        strong
            g_s, without dimensions or ``(N,)``.
        key
            What the colour factor is remembered by, ``sector.start`` by default.
        """
        key = sector.start if key is None else key
        if len(self._plan.powers) > 1:
            mixed = [
                torch.view_as_real(self.structures(sector, results, strong, weights))
                for weights in self._mixtures
            ]
            root = torch.from_numpy(self._root).to(mixed[0])
            rows_of = [torch.tensordot(root, structures, dims=1) for structures in mixed]
            return rows_of[0] if len(rows_of) == 1 else torch.cat(rows_of)
        values = self._components(sector, results)
        factor = self._factor(sector, values, key)
        if factor.shape == (1, 1):
            return _as_real(values * factor)
        rows: Tensor = factor @ values.flatten(1)
        return _as_real(rows.view(len(factor), *values.shape[1:]))

    def square(self, rows: Tensor) -> Tensor:
        """Return the sum ``(H, N)`` of the squares of rows ``(K, H, N, 2)``, with their signs."""
        squares = rows * rows
        if self._signs is not None:
            squares = squares * self.signs(rows).view(-1, 1, 1, 1)
        return squares.sum(dim=0).sum(dim=-1)

    @property
    def is_signed(self) -> bool:
        """Whether some squares count negative."""
        return self._signs is not None

    def signs(self, like: Tensor) -> Tensor:
        """Signs ``(K,)`` with which the squares of the rows count."""
        signs = self._signs or (1.0,)
        return like.new_tensor(signs).repeat_interleave(len(like) // len(signs))

    def structures(
        self,
        sector: Sector,
        results: Tensor,
        strong: Tensor,
        weights: tuple[float, ...] | None = None,
    ) -> Tensor:
        """Amplitudes of the colour structures, ``(F, H, N)`` complex.

        Where all amplitudes have the same power of g_s it is left out; else each power has its
        weight, one by default.
        """
        values = self._values(sector, results)
        total: Tensor | float = 0.0
        common = len(self._plan.powers) == 1
        for power, weight in zip(
            self._plan.powers, weights or (1.0,) * len(self._plan.powers), strict=True
        ):
            like = values if self._complex else values.real
            matrix = self._transfer(sector, power, like).to(values.dtype)
            term = torch.einsum("fu,uhn->fhn", matrix if weight == 1.0 else matrix * weight, values)
            total = total + (term if common else term * strong**power)
        return torch.as_tensor(total)

    def flows(self, sector: Sector, results: Tensor, strong: Tensor) -> Tensor:
        """Amplitudes of the leading-colour flows ``(L, H, N, 2)`` (real, imaginary).

        Where all amplitudes have the same power of g_s it is left out.
        """
        matrix = torch.from_numpy(self._plan.flow_matrix)
        if len(self._plan.powers) > 1:
            structures = torch.view_as_real(self.structures(sector, results, strong))
            return torch.as_tensor(torch.tensordot(matrix.to(structures), structures, dims=1))
        values = self._components(sector, results)
        rows = matrix.to(values) @ self._transfer(sector, self._plan.powers[0], values)
        return _as_real((rows @ values.flatten(1)).view(len(matrix), *values.shape[1:]))

    def _values(self, sector: Sector, results: Tensor) -> Tensor:
        """Results of a sector as ``(U, H, N)``."""
        states = math.prod(results.shape[1:-1])
        rows = results[sector.start : sector.stop]
        return rows.reshape(sector.stop - sector.start, states, results.shape[-1])

    def _components(self, sector: Sector, results: Tensor) -> Tensor:
        """Results of a sector for real couplings as ``(U, H, N, 2)``, else as they are."""
        values = self._values(sector, results)
        return values if self._complex else torch.view_as_real(values)

    def _factor(self, sector: Sector, like: Tensor, number: int) -> Tensor:
        """Matrix whose image of the results has the colour-summed square as its norm."""
        power = self._plan.powers[0]
        if self._tracked and torch.is_grad_enabled():
            root = torch.from_numpy(self._root).to(like)
            return root @ self._transfer(sector, power, like)
        key = (number, like.dtype, like.device)
        if key not in self._factors:
            with torch.no_grad():
                exact = torch.complex128 if self._complex else torch.float64
                transfer = self._transfer(sector, power, torch.zeros((), dtype=exact))
            triangular = np.linalg.qr(self._root @ transfer.numpy(), mode="r")
            self._factors[key] = torch.from_numpy(triangular).to(like)
        return self._factors[key]

    def _transfer(self, sector: Sector, power: int, like: Tensor) -> Tensor:
        """Matrix ``(F, U)`` from results to colour structures, for one power of g_s."""
        couplings = self._couplings()
        shape = (len(self._plan.colour), sector.stop - sector.start)
        entries = [entry for entry in sector.amplitudes if entry[0] == power]
        if not entries:
            return torch.zeros(shape, dtype=like.dtype, device=like.device)
        places = tuple(torch.tensor([e[k] for e in entries], device=like.device) for k in (1, 2))
        values = [
            torch.as_tensor(coefficient_value(e[3], couplings), dtype=like.dtype).to(like.device)
            for e in entries
        ]
        matrix = torch.zeros(shape, dtype=like.dtype, device=like.device)
        return matrix.index_put(places, torch.stack(values), accumulate=True)


def _as_real(values: Tensor) -> Tensor:
    return torch.view_as_real(values) if values.is_complex() else values


def _mixtures(plan: TreePlan) -> tuple[tuple[float, ...] | None, list[tuple[float, ...]]]:
    """Signs and weights of sums over powers of g_s whose squares hold the wanted interferences.

    The matrix of ones and zeros that tells which powers interfere is a sum of signed squares, one
    for each eigenvector.  Where all do it is the one square of the sum, and there are no signs.
    """
    powers = plan.powers
    wanted = np.array([[(a, b) in plan.interferences for b in powers] for a in powers], dtype=float)
    if wanted.all():
        return None, [(1.0,) * len(powers)]
    values, vectors = np.linalg.eigh(wanted)
    kept = np.abs(values) > 1e-12
    scaled = np.sqrt(np.abs(values[kept]))[:, None] * vectors[:, kept].T
    return tuple(np.sign(values[kept]).tolist()), [tuple(row) for row in scaled.tolist()]


def _square_root(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows whose products of columns give a positive semi-definite matrix."""
    values, vectors = np.linalg.eigh(matrix)
    kept = values > 1e-12 * values.max()
    root: NDArray[np.float64] = np.sqrt(values[kept])[:, None] * vectors[:, kept].T
    return root
