# SPDX-License-Identifier: GPL-3.0-or-later
"""Expressions of observables, evaluated for events."""

import ast
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from mcsurrogate.cards import ParticleObservable, parse_expression
from mcsurrogate.errors import PhaseSpaceError
from mcsurrogate.kinematics import (
    delta_phi,
    delta_r,
    mass,
    pseudorapidity,
    rapidity,
    transverse_mass,
    transverse_momentum,
)

__all__ = ["EventFunction", "Expression", "ParticleNames"]

EventFunction = Callable[[Tensor], Tensor]
"""From momenta ``(N, n, 4)`` in GeV, laboratory frame, to ``(N,)``."""

ParticleNames = Callable[[str], tuple[tuple[int, ...], int | None]]
"""From a name to legs, and the place in pT (from one) of the one that is meant; None for all."""

_OF_A_SYSTEM: Mapping[str, Callable[[Tensor], Tensor]] = {
    "pt": transverse_momentum,
    "mt": transverse_mass,
    "energy": lambda p: p[..., 0],
    "eta": pseudorapidity,
    "rapidity": rapidity,
    "mass": mass,
}
_SCALAR_SUMS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "ht": transverse_momentum,
    "sum_mt": transverse_mass,
}
_OF_TWO: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "delta_r": delta_r,
    "delta_phi": lambda p, q: delta_phi(p, q).abs(),
    "delta_eta": lambda p, q: (pseudorapidity(p) - pseudorapidity(q)).abs(),
}
_FUNCTIONS: Mapping[str, Callable[..., Tensor]] = {
    "sqrt": torch.sqrt,
    "log": torch.log,
    "exp": torch.exp,
    "abs": torch.abs,
    "min": torch.minimum,
    "max": torch.maximum,
}
_OPERATORS: Mapping[type[ast.operator], Callable[[Tensor, Tensor], Tensor]] = {
    ast.Add: torch.add,
    ast.Sub: torch.sub,
    ast.Mult: torch.mul,
    ast.Div: torch.div,
    ast.Pow: torch.pow,
}


class Expression:
    """A function of events that is written as a text; see :mod:`mcsurrogate.cards.expressions`.

    Parameters
    ----------
    text
        The expression.
    names
        What the names of particles in it stand for.
    events
        Observables of whole events that it may name.

    Raises
    ------
    PhaseSpaceError
        If it cannot be understood.
    """

    def __init__(
        self, text: str, names: ParticleNames, events: Mapping[str, EventFunction]
    ) -> None:
        try:
            parsed = parse_expression(text)
        except ValueError as error:
            raise PhaseSpaceError(str(error)) from error
        self.name = text
        self._tree = parsed.tree
        self._observables = {
            key: _of_particles(found, names) for key, found in parsed.observables.items()
        }
        self._observables |= events

    def __call__(self, momenta: Tensor) -> Tensor:
        """Evaluate for momenta ``(N, n, 4)`` in GeV, laboratory frame; returns ``(N,)``."""
        return self._value(self._tree, momenta).expand(len(momenta))

    def _value(self, node: ast.expr, momenta: Tensor) -> Tensor:
        match node:
            case ast.Constant(value=number) if isinstance(number, int | float):
                return momenta.new_tensor(float(number))
            case ast.Name(id=name):
                return self._observables[name](momenta)
            case ast.BinOp(left=left, op=op, right=right):
                return _OPERATORS[type(op)](self._value(left, momenta), self._value(right, momenta))
            case ast.UnaryOp(op=op, operand=operand):
                value = self._value(operand, momenta)
                return -value if isinstance(op, ast.USub) else value
            case ast.Call(func=ast.Name(id=name), args=args):
                return _FUNCTIONS[name](*(self._value(part, momenta) for part in args))
        raise AssertionError(f"{ast.unparse(node)!r} passed the check of expressions")


def _of_particles(found: ParticleObservable, names: ParticleNames) -> EventFunction:
    parts = [names(name) for name in found.particles]
    if found.name in _OF_TWO:
        (first, second), distance = parts, _OF_TWO[found.name]
        return lambda momenta: distance(_momentum(momenta, *first), _momentum(momenta, *second))
    if found.name in _SCALAR_SUMS:
        of_one = _SCALAR_SUMS[found.name]
        return lambda momenta: torch.stack(
            [of_one(_each(momenta, *part)).sum(dim=1) for part in parts]
        ).sum(dim=0)
    of_system = _OF_A_SYSTEM[found.name]
    return lambda momenta: of_system(
        torch.stack([_momentum(momenta, *part) for part in parts]).sum(dim=0)
    )


def _each(momenta: Tensor, legs: Sequence[int], place: int | None) -> Tensor:
    """Momenta ``(N, m, 4)`` of the particles that a name stands for."""
    chosen = momenta[:, list(legs)]
    if place is None:
        return chosen
    order = transverse_momentum(chosen.detach()).argsort(dim=1, descending=True, stable=True)
    return chosen.take_along_dim(order[:, place - 1, None, None], dim=1)


def _momentum(momenta: Tensor, legs: Sequence[int], place: int | None) -> Tensor:
    return _each(momenta, legs, place).sum(dim=1)
