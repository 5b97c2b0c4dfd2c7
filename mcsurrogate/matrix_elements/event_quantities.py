"""Quantities of an event without helicity: momenta, propagators and what they multiply."""

from collections.abc import Sequence

import torch
from torch import Tensor

from mcsurrogate.matrix_elements.graph import Quantity
from mcsurrogate.matrix_elements.parameters import StandardModel

__all__ = ["event_quantities"]

Arguments = tuple  # type: ignore[type-arg]


def event_quantities(
    requests: Sequence[Arguments], incoming: Tensor, model: StandardModel
) -> list[Tensor]:
    """Compute the arguments of ``EVENT`` nodes.

    Parameters
    ----------
    requests
        Arguments of the nodes: the quantity and what belongs to it.
    incoming
        ``(4, n, N)`` momenta of all legs as incoming, [E, px, py, pz] in GeV.
    model
        Masses and widths.

    Returns
    -------
    list
        Complex tensors ``(2, 2, N)`` or ``(N,)``.
    """
    n_legs = incoming.shape[1]
    rows: dict[tuple[int, ...], int] = {}

    def row(weights: tuple[int, ...]) -> int:
        return rows.setdefault(weights, len(rows))

    def mask_row(mask: int) -> int:
        return row(tuple(mask >> leg & 1 for leg in range(n_legs)))

    for quantity, *rest in requests:
        if quantity in (Quantity.MOMENTUM, Quantity.LOWERED_MOMENTUM):
            row(rest[0])
        else:
            mask_row(rest[0])
            if quantity is Quantity.LONGITUDINAL:
                row(rest[3])
    if not rows:
        return []
    matrix = incoming.new_tensor(list(rows))
    energy, px, py, pz = torch.matmul(matrix, incoming).unbind(0)
    square = energy * energy - (px * px + py * py + pz * pz)
    zero = torch.zeros_like(energy)
    plus, minus = torch.complex(energy + pz, zero), torch.complex(energy - pz, zero)
    cross, conjugate = torch.complex(px, py), torch.complex(px, -py)

    denominators: dict[tuple[int, str, str], Tensor] = {}

    def inverse(mask: int, mass_name: str, width_name: str) -> Tensor:
        key = (mask, mass_name, width_name)
        if key not in denominators:
            value = square[mask_row(mask)]
            if not mass_name:
                value = torch.complex(1.0 / value, torch.zeros_like(value))
            else:
                mass = getattr(model, mass_name)
                width = getattr(model, width_name) if width_name else 0.0
                real = value - mass**2
                imaginary = torch.zeros_like(real) + mass * width
                value = 1.0 / torch.complex(real, imaginary)
            denominators[key] = value
        return denominators[key]

    results = []
    for quantity, *rest in requests:
        if quantity is Quantity.MOMENTUM:
            k = row(rest[0])
            results.append(_matrix(plus[k], conjugate[k], cross[k], minus[k]))
        elif quantity is Quantity.LOWERED_MOMENTUM:
            k = row(rest[0])
            results.append(0.5 * _matrix(minus[k], -cross[k], -conjugate[k], plus[k]))
        elif quantity is Quantity.DENOMINATOR:
            results.append(inverse(*rest))
        elif quantity is Quantity.MASS_OVER_DENOMINATOR:
            results.append(inverse(*rest) * getattr(model, rest[1]))
        elif quantity is Quantity.LONGITUDINAL:
            k = row(rest[3])
            factor = inverse(*rest[:3]) / getattr(model, rest[1]) ** 2
            results.append(factor * _matrix(plus[k], conjugate[k], cross[k], minus[k]))
        else:
            k, factor = mask_row(rest[0]), inverse(*rest)
            if quantity is Quantity.LEFT_FROM_RIGHT:
                entries = (minus[k], -conjugate[k], -cross[k], plus[k])
            elif quantity is Quantity.RIGHT_FROM_LEFT:
                entries = (conjugate[k], -plus[k], minus[k], -cross[k])
            else:
                entries = (-cross[k], -minus[k], plus[k], conjugate[k])
            results.append(factor * _matrix(*entries))
    return results


def _matrix(a: Tensor, b: Tensor, c: Tensor, d: Tensor) -> Tensor:
    return torch.stack((a, b, c, d)).view(2, 2, -1)
