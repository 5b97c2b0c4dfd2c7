# SPDX-License-Identifier: GPL-3.0-or-later
r"""Expressions of observables in cards: ``pt(j1)^2``, ``0.5 * mass(e+, e-)``, ``max(ht, 100)``.

Arithmetic (``+ - * / ^``, brackets, numbers), the functions of :data:`FUNCTIONS`, and observables
of an event in GeV, of :data:`OBSERVABLES` with the particles that they are of, or of
:data:`EVENT_OBSERVABLES` alone.  Particles are names of particles, labels or PDG ids, all of that
kind together; a number behind a name takes the one with that place in pT (``j1`` is the leading
jet).  Several names are one system, except that distances are between two.  Nothing else is
understood, and nothing is ever run.
"""

import ast
import re
from dataclasses import dataclass
from typing import NamedTuple

__all__ = [
    "EVENT_OBSERVABLES",
    "FUNCTIONS",
    "OBSERVABLES",
    "ParsedExpression",
    "ParticleObservable",
    "is_own_function",
    "parse_expression",
]

OBSERVABLES = (
    "pt", "mt", "energy", "eta", "rapidity", "mass", "ht", "sum_mt",
    "delta_r", "delta_phi", "delta_eta",
)  # fmt: skip
"""Of particles: their sum, but for ``ht`` and ``sum_mt`` (scalar sums) and ``delta_...`` (two)."""

EVENT_OBSERVABLES = ("ht", "sum_mt", "transverse_energy", "sqrt_shat", "kt_clustering")
"""Of the whole final state."""

FUNCTIONS = {"sqrt": 1, "log": 1, "exp": 1, "abs": 1, "min": 2, "max": 2}
"""Names and their numbers of arguments."""

_LONGEST = 1000
_CALL = re.compile(rf"\b({'|'.join(OBSERVABLES)})\s*\(([^()]*)\)")
_OWN = re.compile(r".+\.py:[A-Za-z_]\w*")
_PLACE = "__{}"
_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow)
_SIGNS = (ast.UAdd, ast.USub)


class ParticleObservable(NamedTuple):
    """An observable and the names of the particles that it is of."""

    name: str
    particles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ParsedExpression:
    """An expression that is understood.

    Attributes
    ----------
    text
        As it was written.
    tree
        Its arithmetic; names are those of `observables` and of :data:`EVENT_OBSERVABLES`.
    observables
        Of particles, by their names in the tree.
    """

    text: str
    tree: ast.expr
    observables: dict[str, ParticleObservable]


def is_own_function(text: str) -> bool:
    """Whether a value of a card names a function in a Python file, ``path/to/file.py:name``."""
    return _OWN.fullmatch(text) is not None


def parse_expression(text: str) -> ParsedExpression:
    """Understand an expression.

    Raises
    ------
    ValueError
        If it is none, with what is wrong and what is known.
    """
    if len(text) > _LONGEST:
        raise ValueError(f"an expression of {len(text)} characters; {_LONGEST} are enough")
    if "__" in text:
        raise ValueError(f"{text!r}: no name has two underscores")
    observables: dict[str, ParticleObservable] = {}

    def place(found: re.Match[str]) -> str:
        names = tuple(name.strip() for name in found[2].split(","))
        distance = found[1].startswith("delta_")
        if not all(names) or (distance and len(names) != 2):
            raise ValueError(
                f"{found[0]!r}: name {'two particles' if distance else 'its particles'}, as in "
                f"{found[1]}({'j1, j2' if distance else 'j1'})"
            )
        key = _PLACE.format(len(observables))
        observables[key] = ParticleObservable(found[1], names)
        return key

    code = _CALL.sub(place, text).replace("^", "**").strip()
    try:
        tree = ast.parse(code, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise ValueError(f"{text!r} is no expression; {_known()}") from error
    _check(tree, text, observables)
    return ParsedExpression(text, tree, observables)


def _check(node: ast.expr, text: str, observables: dict[str, ParticleObservable]) -> None:
    parts: list[ast.expr]
    match node:
        case ast.Constant(value=value) if type(value) in (int, float):
            parts = []
        case ast.Name(id=name) if name in observables or name in EVENT_OBSERVABLES:
            parts = []
        case ast.BinOp(left=left, op=op, right=right) if isinstance(op, _OPERATORS):
            parts = [left, right]
        case ast.UnaryOp(op=op, operand=operand) if isinstance(op, _SIGNS):
            parts = [operand]
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if FUNCTIONS.get(name) == len(
            args
        ):
            parts = args
        case _:
            where = ast.unparse(node)
            for key, found in observables.items():
                where = where.replace(key, f"{found.name}({', '.join(found.particles)})")
            raise ValueError(f"{text!r}: cannot use {where!r}; {_known()}")
    for part in parts:
        _check(part, text, observables)


def _known() -> str:
    functions = ", ".join(f"{name}({', '.join('xy'[:n])})" for name, n in FUNCTIONS.items())
    return (
        f"known are numbers, + - * / ^, {functions}, {', '.join(EVENT_OBSERVABLES)}, and of "
        f"particles, as in pt(j1) or mass(e+, e-): {', '.join(OBSERVABLES)}"
    )
