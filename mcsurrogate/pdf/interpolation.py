# SPDX-License-Identifier: GPL-3.0-or-later
r"""Log-bicubic interpolation as LHAPDF 6 defines it, written as a weighted sum of 16 knots.

LHAPDF interpolates with cubic Hermite splines, first in log x, then in log Q^2
(arXiv:1412.7420, section 4.1).  The derivative at a knot is the mean of the two adjacent
difference quotients, at the end of a grid or subgrid the one quotient that exists; a subgrid
of two or three Q knots is interpolated linearly in both variables.  All of that is linear in
the values, so that

.. math:: xf(x, Q) = \sum_{a=0}^{3} \sum_{b=0}^{3} w_a(x)\, v_b(Q)\, xf_{i+a-1,\,j+b-1}

and one set of weights serves every flavour.
"""

import warnings
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["KnotAxis", "weighted_rows"]


class KnotAxis:
    """Knots along one variable and the weights of the four knots around a point.

    Parameters
    ----------
    knots
        ``(K,)`` not decreasing; a repeated knot begins a new piece (a subgrid) and belongs
        to it.
    linear
        ``(K,)`` True for knots of a piece that is interpolated linearly.
    """

    def __init__(self, knots: NDArray[np.float64], linear: NDArray[np.bool_] | None = None) -> None:
        count = len(knots)
        logs = np.log(knots)
        width = np.diff(logs)
        inner = width > 0
        safe = np.where(inner, width, 1.0)
        has_left = np.zeros(count - 1, dtype=bool)
        has_left[1:] = inner[1:] & inner[:-1]
        has_right = np.zeros(count - 1, dtype=bool)
        has_right[:-1] = inner[1:] & inner[:-1]
        # Derivative times width at the left end: left[0] (f_i - f_i-1) + left[1] (f_i+1 - f_i),
        # at the right end: right[0] (f_i+1 - f_i) + right[1] (f_i+2 - f_i+1).
        before, after = np.ones(count - 1), np.ones(count - 1)
        before[1:] = safe[1:] / safe[:-1]
        after[:-1] = safe[:-1] / safe[1:]
        left = np.where(has_left, 0.5 * before, 0.0), np.where(has_left, 0.5, 1.0)
        right = np.where(has_right, 0.5, 1.0), np.where(has_right, 0.5 * after, 0.0)
        self._polynomials = _hermite_polynomials(left, right)
        if linear is not None:
            self._polynomials[linear[:-1]] = _LINEAR
        self.low = float(knots[0])
        self.high = float(knots[-1])
        self._knots = torch.from_numpy(knots.copy())
        self._start = torch.from_numpy(logs[:-1].copy())
        self._inverse_width = torch.from_numpy(1.0 / safe)
        self._last = int(np.flatnonzero(inner)[-1])
        self._cache: dict[tuple[torch.dtype, torch.device], tuple[Tensor, ...]] = {}

    def same_as(self, other: "KnotAxis") -> bool:
        """Whether another axis gives the same weights at every point."""
        return torch.equal(self._knots, other._knots) and np.array_equal(
            self._polynomials, other._polynomials
        )

    def _tables(self, like: Tensor) -> tuple[Tensor, ...]:
        key = (like.dtype, like.device)
        if key not in self._cache:
            floats = (
                self._knots,
                self._start,
                self._inverse_width,
                torch.from_numpy(self._polynomials.reshape(-1, 16)),
            )
            self._cache[key] = tuple(table.to(like).contiguous() for table in floats)
        return self._cache[key]

    def locate(self, value: Tensor) -> tuple[Tensor, Tensor]:
        """Weights and positions of the four knots around each point.

        Parameters
        ----------
        value
            ``(N,)`` between the first and the last knot.

        Returns
        -------
        weights
            ``(N, 4)``.
        interval
            ``(N,)`` int64, number of the interval that holds the point: its four knots are
            ``interval - 1`` to ``interval + 2``.  Beyond an edge their weight is zero.
        """
        knots, start, inverse_width, polynomials = self._tables(value)
        interval = torch.searchsorted(knots, value.detach(), right=True) - 1
        interval = interval.clamp(0, self._last)
        start, inverse_width = (table.index_select(0, interval) for table in (start, inverse_width))
        t = ((torch.log(value) - start) * inverse_width).unsqueeze(1)
        c0, c1, c2, c3 = polynomials.index_select(0, interval).view(-1, 4, 4).unbind(1)
        weights = torch.addcmul(c0, torch.addcmul(c1, torch.addcmul(c2, c3, t), t), t)
        return weights, interval


_LINEAR = np.array([[0, 1, 0, 0], [0, -1, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0]], dtype=np.float64)


def _hermite_polynomials(
    left: tuple[NDArray[np.float64], NDArray[np.float64]],
    right: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> NDArray[np.float64]:
    """``(K - 1, 4 powers of t, 4 knots)`` coefficients of the weights."""
    # Hermite basis in powers 1, t, t^2, t^3.
    value_left = np.array([1.0, 0.0, -3.0, 2.0])
    slope_left = np.array([0.0, 1.0, -2.0, 1.0])
    value_right = np.array([0.0, 0.0, 3.0, -2.0])
    slope_right = np.array([0.0, 0.0, -1.0, 1.0])
    zero = np.zeros(len(left[0]))
    one = np.ones(len(left[0]))
    columns = (
        (value_left, (zero, one, zero, zero)),
        (value_right, (zero, zero, one, zero)),
        (slope_left, (-left[0], left[0] - left[1], left[1], zero)),
        (slope_right, (zero, -right[0], right[0] - right[1], right[1])),
    )
    result = np.zeros((len(left[0]), 4, 4))
    for basis, parts in columns:
        for knot, part in enumerate(parts):
            result[:, :, knot] += part[:, None] * basis[None, :]
    return result


class _WeightedRows(torch.autograd.Function):
    """Weighted sums of table rows through a sparse matrix product.

    Four times as fast in double precision as ``embedding_bag``, whose fast path is for
    single precision only.
    """

    @staticmethod
    def forward(ctx: Any, weights: Tensor, rows: Tensor, table: Tensor) -> Tensor:  # noqa: ANN401
        ctx.save_for_backward(rows, table)
        count, terms = rows.shape
        # The product wants the pointers in the type of the rows, and 32 bits without a copy.
        pointers = torch.arange(0, count * terms + 1, terms, dtype=rows.dtype)
        matrix = torch.sparse_compressed_tensor(
            pointers,
            rows.reshape(-1),
            weights.reshape(-1),
            size=(count, table.shape[0]),
            layout=torch.sparse_csr,
            check_invariants=False,
        )
        return matrix @ table

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:  # noqa: ANN401
        rows, table = ctx.saved_tensors
        return torch.bmm(table[rows], gradients[0].unsqueeze(2)).squeeze(2), None, None


def weighted_rows(weights: Tensor, rows: Tensor, table: Tensor) -> Tensor:
    """Sum rows of a table with weights.

    Parameters
    ----------
    weights
        ``(N, K)``.
    rows
        ``(N, K)`` int32.
    table
        ``(R, F)``.

    Returns
    -------
    Tensor
        ``(N, F)``: sum over k of ``weights[:, k] * table[rows[:, k]]``.
    """
    if table.shape[1] == 1:
        values = table.view(-1).index_select(0, rows.reshape(-1)).view_as(weights)
        return (values * weights).sum(dim=1, keepdim=True)
    if weights.dtype == torch.float64 and weights.device.type == "cpu" and _HAS_MKL:
        result: Tensor = _WeightedRows.apply(weights, rows, table)  # type: ignore[no-untyped-call]
        return result
    return torch.nn.functional.embedding_bag(rows, table, mode="sum", per_sample_weights=weights)


def _announce_sparse() -> bool:
    """Let torch say once, unheard, that its sparse layout is in beta; tell if it can be used."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        torch.zeros((1, 1)).to_sparse_csr()
    return bool(torch.backends.mkl.is_available())  # type: ignore[no-untyped-call]


_HAS_MKL = _announce_sparse()
