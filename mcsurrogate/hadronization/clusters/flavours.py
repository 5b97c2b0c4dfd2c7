# SPDX-License-Identifier: GPL-3.0-or-later
"""Flavours of clusters: their ends, what is popped between two products, and hadron content.

A cluster has a colour triplet end (quark or antidiquark) and an antitriplet end (antiquark or
diquark). It is *canonical* when the class of its first end is not below that of its second and the
first code is positive; charge conjugation and a swap of the ends bring every cluster there, so a
network learns each case once. The same numbering as
``cpp_bindings/hadronization/cluster_flavours.h``.
"""

from dataclasses import dataclass

from mcsurrogate.hadronization.string_breaks.flavours import LIGHT_DIQUARKS, QUARKS

__all__ = [
    "CLUSTER_ENDS",
    "POPPED",
    "Canonical",
    "canonical",
    "conjugate_hadron",
    "end_index",
    "is_triplet",
    "partner",
    "popcorn_partner",
    "popped_index",
]

#: Ends of clusters that the networks know: quarks and light diquarks.
CLUSTER_ENDS = QUARKS + LIGHT_DIQUARKS
#: What is popped between two products; a diquark stands for both of its spins.
POPPED = (1, 2, 3, 1103, 2101, 2203, 3101, 3201, 3303)

_END_INDEX = {code: i for i, code in enumerate(CLUSTER_ENDS)}
_POPPED_INDEX = {code: i for i, code in enumerate(POPPED)}
_POPPED_INDEX.update({2103: 4, 3103: 6, 3203: 7})


def end_index(code: int) -> int:
    """Position of a signed end in `CLUSTER_ENDS`, or -1."""
    return _END_INDEX.get(abs(code), -1)


def popped_index(code: int) -> int:
    """Position of a signed flavour in `POPPED`, or -1."""
    return _POPPED_INDEX.get(abs(code), -1)


@dataclass(frozen=True, slots=True)
class Canonical:
    """How a cluster is brought to its canonical form.

    Attributes
    ----------
    first, second
        Codes of its ends after conjugation and swap.
    conjugated, swapped
        What was done.
    """

    first: int
    second: int
    conjugated: bool
    swapped: bool


def canonical(plus: int, minus: int) -> Canonical | None:
    """Canonical form of a cluster, or None where the networks do not know an end.

    Parameters
    ----------
    plus, minus
        PDG codes of the ends.
    """
    a, b = end_index(plus), end_index(minus)
    if a < 0 or b < 0 or is_triplet(plus) == is_triplet(minus):
        return None
    swapped = a < b
    first, second = (minus, plus) if swapped else (plus, minus)
    conjugated = first < 0
    if conjugated:
        first, second = -first, -second
    return Canonical(first, second, conjugated, swapped)


def is_triplet(code: int) -> bool:
    """Whether a quark or diquark is a colour triplet: quarks and antidiquarks are."""
    return (code > 0) == (abs(code) < 10)


def _digits(code: int) -> tuple[int, int, int]:
    code = abs(code)
    return (code // 1000) % 10, (code // 100) % 10, (code // 10) % 10


def conjugate_hadron(code: int) -> int:
    """Antiparticle of a hadron; itself for flavour-diagonal mesons."""
    q1, q2, q3 = _digits(code)
    return code if q1 == 0 and q2 == q3 else -code


def partner(end: int, hadron: int) -> int:
    """Find the constituent that an end must be combined with to become a hadron.

    Parameters
    ----------
    end
        Signed code of a quark or diquark.
    hadron
        Signed code of a hadron.

    Returns
    -------
    int
        Signed code of the other constituent, a diquark with the spin of `POPPED`, or 0 where the
        hadron does not hold the end.
    """
    q1, q2, q3 = _digits(hadron)
    size = abs(end)
    if q1 == 0:
        if size > 10 or q2 == 0:
            return 0
        if q2 == q3:
            same = size == q2 if q2 > 3 else size <= 3  # light diagonal mesons mix
            return -end if same else 0
        quark, antiquark = (q2, q3) if (q2 % 2 == 0) == (hadron > 0) else (q3, q2)
        if end > 0:
            return -antiquark if end == quark else 0
        return quark if size == antiquark else 0
    if (hadron > 0) != (end > 0):
        return 0
    content = sorted((q1, q2, q3), reverse=True)
    wanted = [size] if size < 10 else [size // 1000, (size // 100) % 10]
    for quark in wanted:
        if quark not in content:
            return 0
        content.remove(quark)
    sign = 1 if hadron > 0 else -1
    if len(content) == 1:
        return sign * content[0]
    if content[0] > 3:  # no popped flavour has charm or bottom
        return 0
    return sign * (1000 * content[0] + 100 * content[1] + (3 if content[0] == content[1] else 1))


def popcorn_partner(end: int, hadron: int) -> int:
    """Find the diquark that a diquark leaves in its place when it gives a quark to a meson.

    A meson between a baryon and an antibaryon, by the popcorn mechanism (Andersson, Gustafson and
    Sjostrand, Physica Scripta 32 (1985) 574).

    Parameters
    ----------
    end
        Signed code of a diquark.
    hadron
        Signed code of a hadron.

    Returns
    -------
    int
        Code of that diquark's antiparticle, with the spin of `POPPED`, or 0 where there is none.
    """
    size, digits = abs(end), _digits(hadron)
    if size < 10 or digits[0] != 0 or digits[1] == 0:
        return 0
    held = [size // 1000, (size // 100) % 10]
    for given, kept in (held, held[::-1]):
        joined = partner(given if end > 0 else -given, hadron)
        if 0 < abs(joined) <= 3:
            high, low = max(kept, abs(joined)), min(kept, abs(joined))
            code = 1000 * high + 100 * low + (3 if high == low else 1)
            return -code if end > 0 else code
    return 0
