# SPDX-License-Identifier: GPL-3.0-or-later
"""Quantities of an event without helicity: momenta, propagators and what they multiply."""

from collections.abc import Sequence

import torch
from torch import Tensor

from mcsurrogate.matrix_elements.graph import Quantity
from mcsurrogate.matrix_elements.parameters import Derived, StandardModel

__all__ = ["EventQuantities"]

Weights = tuple[int, ...]
Line = tuple[int, str, str]
"""Legs (a bit mask), and the names of mass and width of a propagator."""


class EventQuantities:
    """Computes the arguments of ``EVENT`` nodes, all of a kind at once.

    Parameters
    ----------
    requests
        Node numbers with the arguments of the nodes: the quantity and what belongs to it.
    n_legs
        Number of external legs.

    Attributes
    ----------
    groups
        Nodes of each kind, in the order in which `compute` returns their values.
    """

    def __init__(self, requests: Sequence[tuple[int, tuple]], n_legs: int) -> None:  # type: ignore[type-arg]
        self._n_legs = n_legs
        self._rows: dict[Weights, int] = {}
        self._lines: dict[Line, int] = {}
        kinds: dict[Quantity, list[tuple[int, int, int]]] = {}
        for node, (quantity, *rest) in requests:
            row, line = -1, -1
            if quantity in (Quantity.MOMENTUM, Quantity.LOWERED_MOMENTUM):
                row = self._row(rest[0])
            else:
                line = self._lines.setdefault((rest[0], rest[1], rest[2]), len(self._lines))
                weights = tuple(rest[0] >> leg & 1 for leg in range(n_legs))
                row = self._row(rest[3] if quantity is Quantity.LONGITUDINAL else weights)
                self._row(weights)
            kinds.setdefault(quantity, []).append((node, row, line))
        self._kinds = kinds
        self.groups = [[node for node, _, _ in entries] for entries in kinds.values()]
        self._matrix = torch.tensor([list(weights) for weights in self._rows]).reshape(-1, n_legs)

    def _row(self, weights: Weights) -> int:
        return self._rows.setdefault(weights, len(self._rows))

    def compute(self, incoming: Tensor, model: StandardModel) -> list[Tensor]:
        """Return the values of each group.

        Parameters
        ----------
        incoming
            ``(4, n, N)`` momenta of all legs as incoming, [E, px, py, pz] in GeV.
        model
            Masses and widths.

        Returns
        -------
        list
            Complex tensors ``(K, 2, 2, N)``, or ``(K, N)`` for scalars.
        """
        if not self._rows:
            return []
        device = incoming.device
        energy, px, py, pz = torch.matmul(self._matrix.to(incoming), incoming).unbind(0)
        square = energy * energy - (px * px + py * py + pz * pz)
        zero = torch.zeros_like(energy)
        plus, minus = torch.complex(energy + pz, zero), torch.complex(energy - pz, zero)
        cross, conjugate = torch.complex(px, py), torch.complex(px, -py)
        inverse = self._denominators(square, model)
        values = []
        for quantity, entries in self._kinds.items():
            rows = torch.tensor([row for _, row, _ in entries], device=device)
            lines = [line for _, _, line in entries]
            factor = inverse[lines] if lines[0] >= 0 else None
            masses = [list(self._lines)[line][1:] for line in lines] if lines[0] >= 0 else []
            if quantity is Quantity.DENOMINATOR and factor is not None:
                values.append(factor)
                continue
            if quantity is Quantity.MASS_OVER_DENOMINATOR and factor is not None:
                values.append(factor * _lagrangian_masses(masses, model, square))
                continue
            a, b, c, d = plus[rows], conjugate[rows], cross[rows], minus[rows]
            match quantity:
                case Quantity.LOWERED_MOMENTUM:
                    a, b, c, d = 0.5 * d, -0.5 * c, -0.5 * b, 0.5 * a
                case Quantity.LEFT_FROM_RIGHT:
                    a, b, c, d = d, -b, -c, a
                case Quantity.RIGHT_FROM_LEFT:
                    a, b, c, d = b, -a, d, -c
                case Quantity.BARRED_RIGHT_FROM_LEFT:
                    a, b, c, d = -c, -d, a, b
                case Quantity.LONGITUDINAL if factor is not None:
                    factor = factor / _lagrangian_masses(masses, model, square) ** 2
            matrices = torch.stack((a, b, c, d), dim=1)
            if factor is not None:
                matrices = matrices * factor.unsqueeze(1)
            values.append(matrices.view(len(entries), 2, 2, -1))
        return values

    def _denominators(self, square: Tensor, model: StandardModel) -> Tensor:
        """Return 1 / (P^2 - M^2 + i M Gamma) of every line, ``(L, N)``."""
        if not self._lines:
            return square.new_zeros(0, square.shape[1]) + 0j
        n_legs = self._n_legs
        rows = [
            self._rows[tuple(mask >> leg & 1 for leg in range(n_legs))]
            for mask, _, _ in self._lines
        ]
        masses = [mass for _, mass, _ in self._lines]
        widths = [width for _, _, width in self._lines]
        mass = _column(masses, model, square)
        real = square[rows] - mass * mass
        imaginary = mass * _column(widths, model, square) + torch.zeros_like(real)
        return torch.complex(real, imaginary).reciprocal()


def _lagrangian_masses(names: list[tuple[str, str]], model: StandardModel, like: Tensor) -> Tensor:
    """Masses of numerators by the names of mass and width, as a column ``(K, 1)``."""
    found = [model.lagrangian_mass(*pair) for pair in names]
    is_complex = any(_is_complex(value) for value in found)
    exact, wanted = torch.float64, like.dtype
    if is_complex:
        exact, wanted = torch.complex128, like.dtype.to_complex()
    values = [torch.as_tensor(value, dtype=exact).to(like.device, wanted) for value in found]
    return torch.stack(values).unsqueeze(1)


def _is_complex(value: Derived) -> bool:
    return value.is_complex() if isinstance(value, Tensor) else isinstance(value, complex)


def _column(names: list[str], model: StandardModel, like: Tensor) -> Tensor:
    """Parameters by name (zero where empty) as a column ``(K, 1)``."""
    values = [
        torch.as_tensor(getattr(model, name) if name else 0.0, dtype=torch.float64).to(like)
        for name in names
    ]
    return torch.stack(values).unsqueeze(1)
