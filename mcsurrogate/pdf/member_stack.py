# SPDX-License-Identifier: GPL-3.0-or-later
"""The members of a set of densities, interpolated together."""

from collections.abc import Sequence

import torch
from torch import Tensor

from mcsurrogate.pdf.grid_density import GridDensity
from mcsurrogate.pdf.interpolation import weighted_rows

__all__ = ["MemberStack"]


class MemberStack:
    """Densities that share their knots: a point is located once for all of them.

    Their tables stand side by side, the members next to each other, so that the sixteen knots
    around a point are sixteen rows of memory.

    Parameters
    ----------
    members
        M densities that `together` accepts.
    """

    def __init__(self, members: Sequence[GridDensity]) -> None:
        self.members = tuple(members)
        self._first = self.members[0]
        self._tables: dict[int, Tensor] = {}

    @staticmethod
    def together(members: Sequence[object]) -> bool:
        """Whether these are grids with the same knots and the same rules of interpolation."""
        first, *others = members
        return isinstance(first, GridDensity) and all(
            isinstance(other, GridDensity) and first.same_knots(other) for other in others
        )

    def xfx(self, pdg: Tensor, x: Tensor, q: Tensor) -> Tensor:
        """Momentum densities x f(x, Q) of one parton a point, in every member.

        Parameters
        ----------
        pdg
            PDG ids ``(N,)``.
        x
            Momentum fractions ``(N,)`` in (0, 1].
        q
            Factorisation scales ``(N,)`` in GeV.

        Returns
        -------
        Tensor
            ``(N, M)`` float64, the numbers of `GridDensity.xfx`.

        Raises
        ------
        PartonDensityError
            An id is no parton, or x or Q are not physical.
        """
        x, q = x.double(), q.double()
        result = x.new_empty(len(x), len(self.members))
        inside = self._first.inside(x, q)
        for value in torch.unique(pdg).tolist():
            own = pdg == value
            rows = torch.nonzero(own & inside)[:, 0]
            if len(rows):
                weights, knots = self._first.around(x[rows], q[rows])
                result[rows] = weighted_rows(weights, knots, self._table(value))
            # how a set goes on outside of its grid is each member's own
            rows = torch.nonzero(own & ~inside)[:, 0]
            if len(rows):
                outside = [m.xfx(value, x[rows], q[rows]) for m in self.members]
                result[rows] = torch.stack(outside, dim=1)
        floor = self._first.floor
        return result if floor is None else result.clamp_(min=floor)

    def _table(self, pdg: int) -> Tensor:
        """``(knots, M)`` values of a parton, kept once made."""
        if pdg not in self._tables:
            self._tables[pdg] = torch.cat([m.table(pdg) for m in self.members], dim=1)
        return self._tables[pdg]
