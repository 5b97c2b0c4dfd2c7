# SPDX-License-Identifier: GPL-3.0-or-later
"""Parton densities from an LHAPDF6 grid, vectorised and differentiable in torch."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from mcsurrogate.errors import PartonDensityError
from mcsurrogate.pdf.alpha_s import StrongCoupling
from mcsurrogate.pdf.extrapolation import Edges, continue_outside
from mcsurrogate.pdf.grid_file import GridFile
from mcsurrogate.pdf.interpolation import KnotAxis, weighted_rows

__all__ = ["GridDensity"]

_PARTONS = frozenset({*range(-6, 7), 21, 22})
_FLOORS = {0: None, 1: 0.0, 2: 1e-10}
_SLICES = 32
_BATCH = 4096


def _offsets(stride: int, device: torch.device) -> Tensor:
    """Distances of the knots around a point in a table: 16, or 4 in one variable."""
    four = torch.arange(4, dtype=torch.int32, device=device)
    return (four.unsqueeze(1) * stride + four).flatten() if stride > 0 else four


class GridDensity:
    """Parton densities interpolated on an LHAPDF6 grid.

    Inside the grid LHAPDF's log-bicubic interpolation, outside its continuation; x above the
    last knot, x or Q not positive and NaN are errors.  A parton that the set does not hold (the top
    quark, the photon) has density zero.

    Parameters
    ----------
    grid
        Content of the grid file.
    name
        Name of the set.
    coupling
        The strong coupling, None where it is not known.
    force_positive
        LHAPDF's ``ForcePositive``: 0 as it is, 1 at least 0, 2 at least 1e-10.
    linear
        Interpolate linearly in log x and log Q^2, LHAPDF's ``log``, in place of cubically.
    extrapolator
        Outside the grid: LHAPDF's ``continuation``, ``nearest`` (the value at the edge) or
        ``error``.
    """

    def __init__(
        self,
        grid: GridFile,
        name: str,
        coupling: StrongCoupling | None = None,
        force_positive: int = 0,
        linear: bool = False,
        extrapolator: str = "continuation",
    ) -> None:
        if force_positive not in _FLOORS:
            raise PartonDensityError(f"{name}: ForcePositive is {force_positive}, not 0, 1 or 2")
        self._extrapolator = extrapolator
        self.name = name
        self.path = grid.path
        self.pdg_ids = grid.pdg_ids
        self.coupling = coupling
        self.floor = _FLOORS[force_positive]
        q = np.concatenate([subgrid.q for subgrid in grid.subgrids])
        straight = [np.full(len(s.q), linear or len(s.q) < 4) for s in grid.subgrids]
        lines = np.concatenate(straight)
        # LHAPDF is linear in x as well where a subgrid has fewer than four Q knots.
        self._x_axis = KnotAxis(grid.x)
        self._x_axis_linear = KnotAxis(grid.x, np.ones(len(grid.x), dtype=np.bool_))
        self._q_axis = KnotAxis(q, lines)
        self._linear = torch.from_numpy(lines) if lines.any() else None
        values = np.concatenate([subgrid.xf for subgrid in grid.subgrids], axis=1)
        # Of a point at the edge two of the four knots lie outside; their weight is zero.
        self._values = torch.from_numpy(np.pad(values, ((1, 1), (1, 1), (0, 0))))
        distinct = np.unique(q)
        self._edges = Edges(
            float(grid.x[0]), float(grid.x[1]), float(q[0]), float(distinct[-2]), float(q[-1])
        )
        self.x_min, self.x_max = float(grid.x[0]), float(grid.x[-1])
        self.q_min, self.q_max = float(q[0]), float(q[-1])
        self._tables: dict[tuple[object, ...], Tensor] = {}
        self._slices: dict[tuple[object, ...], Tensor] = {}

    def __repr__(self) -> str:
        return f"GridDensity({self.name!r}, {self.path})"

    def xfx(self, pdg: int | Tensor, x: Tensor, q: Tensor | float) -> Tensor:
        """Momentum density x f(x, Q) of one parton.

        Parameters
        ----------
        pdg
            PDG id (21 or 0 gluon, 22 photon, 1..6 quarks, negative antiquarks); a number, or
            an integer tensor of the shape of ``x``.
        x
            Momentum fraction in (0, 1], any shape.
        q
            Factorisation scale in GeV, a number or a tensor of the shape of ``x``.

        Returns
        -------
        Tensor
            Of the shape and type of ``x``.

        Raises
        ------
        PartonDensityError
            The id is no parton, or x or Q are not physical.
        """
        if not isinstance(pdg, Tensor):
            return self.xfx_all(x, q, (int(pdg),)).squeeze(-1)
        ids = sorted({int(value) for value in pdg.flatten().tolist()})
        x = torch.as_tensor(x)
        x = x.expand(np.broadcast_shapes(x.shape, pdg.shape))
        values = self.xfx_all(x, q, ids)
        column = torch.zeros(values.shape[:-1], dtype=torch.int64, device=values.device)
        for index, value in enumerate(ids):
            column = column.masked_fill(pdg.to(column.device) == value, index)
        return values.gather(-1, column.unsqueeze(-1)).squeeze(-1)

    def xfx_all(self, x: Tensor, q: Tensor | float, pdg_ids: Sequence[int] | None = None) -> Tensor:
        """Momentum densities of many partons at once, which shares most of the work.

        A number for ``q`` is faster than a tensor: the grid is then interpolated in Q once
        and kept.

        Parameters
        ----------
        x
            Momentum fraction in (0, 1], any shape.
        q
            Factorisation scale in GeV, a number or a tensor that broadcasts with ``x``.
        pdg_ids
            The F partons of the last axis, ``self.pdg_ids`` where None.

        Returns
        -------
        Tensor
            ``(..., F)`` values of x f.

        Raises
        ------
        PartonDensityError
            An id is no parton, or x or Q are not physical.
        """
        x = torch.as_tensor(x)
        if not x.is_floating_point():
            x = x.to(torch.float64)
        ids = self.pdg_ids if pdg_ids is None else tuple(int(value) for value in pdg_ids)
        if isinstance(q, Tensor) and (q.ndim > 0 or q.requires_grad):
            shape = np.broadcast_shapes(x.shape, q.shape)
            scale = q.to(x).expand(shape).reshape(-1)
            result = self._at_scales(x.expand(shape).reshape(-1), scale, ids)
        else:
            shape = x.shape
            result = self._at_scale(x.reshape(-1), float(q), ids)
        if self.floor is not None:
            result = torch.clamp(result, min=self.floor)
        return result.reshape(*shape, len(ids))

    def alpha_s(self, q: Tensor | float) -> Tensor:
        """Strong coupling at the scale ``q`` in GeV, see ``coupling.description``.

        Raises
        ------
        PartonDensityError
            The set has no ``.info`` file and its name does not tell the coupling either.
        """
        if self.coupling is None:
            raise PartonDensityError(
                f"the set {self.name!r} has no .info file and its name does not tell its "
                "alpha_s; pass one: load_pdf(..., alpha_s=FixedCoupling(0.118)) or a "
                "RunningCoupling"
            )
        return self.coupling(q)

    def _check_x(self, x: Tensor) -> None:
        # NaN fails both comparisons.
        if not bool(((x > 0) & (x <= self.x_max)).all()):
            bad = x[~((x > 0) & (x <= self.x_max))]
            raise PartonDensityError(
                f"{self.name}: {len(bad)} momentum fractions outside (0, {self.x_max:g}], the "
                f"first is {bad[0].item():g}"
            )

    def _at_scales(self, x: Tensor, q: Tensor, ids: tuple[int, ...]) -> Tensor:
        self._check_x(x)
        if not bool(((q > 0) & (q < torch.inf)).all()):
            raise PartonDensityError(f"{self.name}: a scale Q is not positive and finite")
        outside = (x < self.x_min) | (q < self.q_min) | (q > self.q_max)
        if not bool(outside.any()):
            return self._inside(x, q, ids)
        where = outside.nonzero().squeeze(1)
        if self._extrapolator == "error":
            first = where[0]
            raise PartonDensityError(
                f"{self.name}: {len(where)} points outside the grid, the first at x = "
                f"{x[first].item():g}, Q = {q[first].item():g} GeV, and the set's Extrapolator is "
                f"'error'; the grid has x from {self.x_min:g}, Q from {self.q_min:g} to "
                f"{self.q_max:g} GeV"
            )
        result = self._inside(torch.clamp(x, min=self.x_min), q.clamp(self.q_min, self.q_max), ids)
        if self._extrapolator == "nearest":
            return result
        values = continue_outside(
            x[where], q[where], self._edges, lambda a, b: self._inside(a, b, ids)
        )
        return result.index_put((where,), values)

    def _at_scale(self, x: Tensor, q: float, ids: tuple[int, ...]) -> Tensor:
        if not 0 < q < np.inf:
            raise PartonDensityError(f"{self.name}: the scale Q = {q} is not positive and finite")
        if not self.q_min <= q <= self.q_max:
            return self._at_scales(x, torch.full_like(x, q), ids)
        self._check_x(x)
        inside = torch.clamp(x, min=self.x_min)
        axis, table = self._slice(q, ids, x)
        weights, interval = axis.locate(inside)
        rows = interval.to(torch.int32).unsqueeze(1) + _offsets(0, x.device)
        result = weighted_rows(weights, rows, table)
        below = x < self.x_min
        if bool(below.any()):
            where = below.nonzero().squeeze(1)
            result = result.index_put(
                (where,), self._at_scales(x[where], torch.full_like(x[where], q), ids)
            )
        return result

    def _inside(self, x: Tensor, q: Tensor, ids: tuple[int, ...]) -> Tensor:
        if len(x) > _BATCH:
            # What a batch needs then stays in the cache of the processor.
            pairs = zip(x.split(_BATCH), q.split(_BATCH), strict=True)  # type: ignore[no-untyped-call]
            return torch.cat([self._inside(a, b, ids) for a, b in pairs])
        weights, rows = self.around(x, q)
        return weighted_rows(weights, rows, self._table(ids, x))

    def same_knots(self, other: "GridDensity") -> bool:
        """Whether another density has the same knots, and interpolates by the same rules."""
        rules = (self.floor, self._extrapolator, self._edges, self._values.shape[:2])
        return (
            rules == (other.floor, other._extrapolator, other._edges, other._values.shape[:2])
            and self._x_axis.same_as(other._x_axis)
            and self._q_axis.same_as(other._q_axis)
        )

    def inside(self, x: Tensor, q: Tensor) -> Tensor:
        """Which points ``(N,)`` lie within the grid."""
        return (x >= self.x_min) & (x <= self.x_max) & (q >= self.q_min) & (q <= self.q_max)

    def table(self, pdg: int) -> Tensor:
        """Values of one parton at all knots, ``(R, 1)``, with a margin of one knot."""
        return self._columns((pdg,)).flatten(0, 1)

    def around(self, x: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
        """Weights ``(N, 16)`` and rows of a table ``(N, 16)`` of the knots around each point."""
        q_weights, q_interval = self._q_axis.locate(q)
        x_weights, x_interval = self._x_axis.locate(x)
        if self._linear is not None:
            linear = self._linear.to(x.device)[q_interval]
            straight, _ = self._x_axis_linear.locate(x)
            x_weights = torch.where(linear.unsqueeze(1), straight, x_weights)
        weights = (x_weights.unsqueeze(2) * q_weights.unsqueeze(1)).flatten(1)
        stride = self._values.shape[1]
        first = (x_interval * stride + q_interval).to(torch.int32)
        return weights, first.unsqueeze(1) + _offsets(stride, x.device)

    def _columns(self, ids: tuple[int, ...]) -> Tensor:
        """``(X + 2, Q + 2, F)`` values of the partons ``ids``, with a margin of one knot."""
        unknown = [pdg for pdg in ids if pdg not in _PARTONS]
        if unknown:
            raise PartonDensityError(f"{self.name}: PDG id {unknown[0]} is not a parton")
        zero = torch.zeros(self._values.shape[:2], dtype=torch.float64)
        columns = [21 if pdg == 0 else pdg for pdg in ids]
        return torch.stack(
            [
                self._values[:, :, self.pdg_ids.index(pdg)] if pdg in self.pdg_ids else zero
                for pdg in columns
            ],
            dim=2,
        )

    def _table(self, ids: tuple[int, ...], like: Tensor) -> Tensor:
        key = (ids, like.dtype, like.device)
        if key not in self._tables:
            self._tables[key] = self._columns(ids).flatten(0, 1).to(like).contiguous()
        return self._tables[key]

    def _slice(self, q: float, ids: tuple[int, ...], like: Tensor) -> tuple[KnotAxis, Tensor]:
        """Interpolate the grid to one scale: its axis in x and ``(X, F)`` values."""
        weights, interval = self._q_axis.locate(torch.tensor([q], dtype=torch.float64))
        j = int(interval[0])
        linear = self._linear is not None and bool(self._linear[j])
        key = (q, ids, like.dtype, like.device)
        if key not in self._slices:
            if len(self._slices) >= _SLICES:
                self._slices.pop(next(iter(self._slices)))
            table = torch.einsum("b,xbf->xf", weights[0], self._columns(ids)[:, j : j + 4])
            self._slices[key] = table.to(like).contiguous()
        return (self._x_axis_linear if linear else self._x_axis), self._slices[key]
