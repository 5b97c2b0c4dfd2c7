# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of a process in MadGraph's syntax, taken apart.

``a b > r > c d / x $ y $$ z QCD<=2 QED^2==4, (c > e f, e > g h)``: what comes in, resonances that
are required, what goes out, excluded and forbidden particles, limits on the couplings, and decays,
which nest in brackets.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mcsurrogate.errors import ProcessError
from mcsurrogate.matrix_elements.coupling_orders import CouplingOrders, SquaredLimit

__all__ = ["Clause", "parse_text", "with_more_particles"]

_COUPLINGS = ("QCD", "QED", "WEIGHTED")
# 'p > 11' is no limit: '>' is a comparison behind the name of a coupling only.
_LIMIT = re.compile(
    r"\b(?P<name>QCD(?=\W)|QED(?=\W)|WEIGHTED(?=\W)|[A-Z]\w*(?=(?:\^2)?\s*[<=]|(?:\^2)?\s*>=))"
    r"(?P<square>\^2)?\s*(?P<sign><=|>=|==|=|<|>)\s*(?P<number>-?\d+)",
    re.IGNORECASE,
)
_REFUSED = (
    (r"\[", "loop corrections ('[...]') are outside the tree-level engine; leave them out"),
    (
        r"@",
        "process numbers ('@') are not read; definitions in a list are numbered in its order",
    ),
    (r"\{", "polarised particles are not supported; use helicity_contributions"),
)


@dataclass(frozen=True, slots=True)
class Clause:
    """One process or decay, by names.

    Attributes
    ----------
    text
        As it was written.
    incoming, outgoing
        Names of particles and labels.
    required
        Alternatives, separated by ``|``, of the particles that a diagram must have in s-channels.
    excluded
        After ``/``: in no propagator.
    off_shell
        After ``$``: not on their mass shell in an s-channel.
    forbidden
        After ``$$``: in no s-channel.
    orders
        Limits on the couplings.
    decays
        Of outgoing particles.
    """

    text: str
    incoming: tuple[str, ...]
    outgoing: tuple[str, ...]
    required: tuple[tuple[str, ...], ...]
    excluded: tuple[str, ...]
    off_shell: tuple[str, ...]
    forbidden: tuple[str, ...]
    orders: CouplingOrders
    decays: tuple["Clause", ...] = ()


def parse_text(text: str) -> Clause:
    """Take a process apart.

    Raises
    ------
    ProcessError
        If the text cannot be understood, with what to write instead.
    """
    for pattern, what in _REFUSED:
        if re.search(pattern, text):
            raise ProcessError(f"{text!r}: {what}")
    return _chain(text, text)


def _chain(piece: str, whole: str) -> Clause:
    """Read ``core, decay, (decay, its decays), ...``."""
    core, *items = _items(piece, whole)
    if "(" in core:
        raise ProcessError(f"{whole!r}: brackets hold decays, as in 'p p > t t~, (t > w+ b, ...)'")
    head = _clause(core, whole)
    decays = []
    for item in items:
        stripped = item.strip()
        nested = stripped.startswith("(")
        if nested and not stripped.endswith(")"):
            raise ProcessError(f"{whole!r}: cannot read {stripped!r} after a bracket")
        decay = _chain(stripped[1:-1], whole) if nested else _clause(stripped, whole)
        decays.append(_checked_decay(decay, whole))
    return Clause(
        piece.strip(),
        head.incoming,
        head.outgoing,
        head.required,
        head.excluded,
        head.off_shell,
        head.forbidden,
        head.orders,
        tuple(decays),
    )


def _items(piece: str, whole: str) -> list[str]:
    """Split at the commas outside of brackets."""
    items, depth, start = [], 0, 0
    for place, sign in enumerate(piece):
        depth += (sign == "(") - (sign == ")")
        if depth < 0:
            break
        if sign == "," and depth == 0:
            items.append(piece[start:place])
            start = place + 1
    if depth != 0:
        raise ProcessError(f"{whole!r}: brackets do not match")
    return [*items, piece[start:]]


def _checked_decay(decay: Clause, whole: str) -> Clause:
    if len(decay.incoming) != 1:
        raise ProcessError(
            f"{whole!r}: the decay {decay.text!r} has {len(decay.incoming)} decaying particles, "
            "need one"
        )
    return decay


def _clause(piece: str, whole: str) -> Clause:
    body, orders = _split_orders(piece, whole)
    marks = re.split(r"(\$\$|\$|/)", body)
    named: dict[str, tuple[str, ...]] = {"/": (), "$": (), "$$": ()}
    for mark, names in zip(marks[1::2], marks[2::2], strict=True):
        if not names.split() or named[mark]:
            what = "names no particle" if not names.split() else "appears twice"
            raise ProcessError(f"{whole!r}: {mark!r} {what}; write '{mark} a b'")
        named[mark] = tuple(names.split())
    sides = [side.split() for side in marks[0].split(">")]
    if len(sides) not in (2, 3):
        what = "no '>'" if len(sides) < 2 else "more than two '>'"
        raise ProcessError(
            f"{whole!r}: {what}; write 'a b > c d ...', or 'a b > r > c d ...' with a resonance r"
        )
    incoming, outgoing = sides[0], sides[-1]
    required: tuple[tuple[str, ...], ...] = ()
    if len(sides) == 3:
        required = tuple(tuple(names.split()) for names in " ".join(sides[1]).split("|"))
    if not all(required):
        raise ProcessError(f"{whole!r}: no resonance between the '>'; name one, 'p p > z > e+ e-'")
    if len(incoming) not in (1, 2):
        raise ProcessError(
            f"{whole!r}: {len(incoming)} incoming particles, need two, or one that decays"
        )
    least = 3 - len(incoming)
    if len(outgoing) < least:
        count = "two" if least == 2 else "one"
        raise ProcessError(f"{whole!r}: {len(outgoing)} outgoing particles, need at least {count}")
    return Clause(
        piece.strip(),
        tuple(incoming),
        tuple(outgoing),
        required,
        named["/"],
        named["$"],
        named["$$"],
        orders,
    )


def _split_orders(piece: str, whole: str) -> tuple[str, CouplingOrders]:
    values: dict[str, int] = {}
    squared: dict[str, SquaredLimit] = {}
    for found in _LIMIT.finditer(piece):
        name, square, sign, number = (
            found["name"],
            found["square"] or "",
            found["sign"],
            found["number"],
        )
        key, sign = name.upper(), "<=" if sign == "=" else sign
        allowed = ("<=", "==", ">") if square else ("<=", "==")
        if key not in _COUPLINGS or sign not in allowed or int(number) < 0:
            raise ProcessError(
                f"{whole!r}: cannot use the limit '{name}{square}{sign}{number}'; possible are "
                "QCD, QED and WEIGHTED with = (at most), <= or ==, and their squares, as in "
                "QCD^2==4, with > as well; numbers are not negative"
            )
        if square:
            if key in squared:
                raise ProcessError(f"{whole!r}: {key}^2 is limited twice")
            squared[key] = SquaredLimit(key, sign, int(number))
            continue
        if sign == "==" and key == "WEIGHTED":
            raise ProcessError(f"{whole!r}: WEIGHTED can only be limited with <=")
        field_name = f"exact_{key.lower()}" if sign == "==" else key.lower()
        if field_name in values:
            raise ProcessError(f"{whole!r}: {key} is limited twice")
        values[field_name] = int(number)
    orders = CouplingOrders(**values, squared=tuple(sorted(squared.values())))
    return _LIMIT.sub(" ", piece), orders


def with_more_particles(text: str, names: Sequence[str]) -> str:
    """Return a process with further outgoing particles, which do not decay.

    Parameters
    ----------
    text
        A process.
    names
        What is to come out besides.

    Raises
    ------
    ProcessError
        If the process cannot be understood.
    """
    parse_text(text)
    core, *decays = _items(text, text)
    first = core.rindex(">") if not _LIMIT.search(core) else _LIMIT.split(core)[0].rindex(">")
    ends = [match.start() for match in re.finditer(r"[$/]", core)]
    ends += [match.start() for match in _LIMIT.finditer(core)]
    end = min((place for place in ends if place > first), default=len(core))
    head = " ".join((core[:end].rstrip(), *names))
    tail = core[end:].rstrip()
    return ",".join((f"{head} {tail}" if tail else head, *decays))
