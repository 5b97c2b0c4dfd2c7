# SPDX-License-Identifier: GPL-3.0-or-later
r"""Colour structures of off-shell currents, in the colour-ordered decomposition.

Generators are normalised to :math:`\mathrm{Tr}(T^a T^b) = \delta^{ab}`, so that
:math:`\sum_a T^a_{ij} T^a_{kl} = \delta_{il}\delta_{kj} - \delta_{ij}\delta_{kl}/N`
(see F. Maltoni, K. Paul, T. Stelzer, S. Willenbrock, hep-ph/0209271).  The structure of a
current is a set of *closed strings*, from a barred quark leg through gluons to a quark leg,
and one *open string* that holds the place ``*`` of the off-shell leg:

* quark: ``(* a b q)``, stored as ``(a, b, q)``; antiquark: ``(q~ a b *)``, stored as
  ``(q~, a, b)``;
* gluon: the matrix that multiplies :math:`T^*` in a trace, read after ``*``: ``(a, b)`` for
  gluons only, or ``(a, q, q~, b)`` where the string breaks between a quark and a barred
  quark leg;
* colour singlets have an empty open string.
"""

from dataclasses import dataclass
from enum import IntEnum
from itertools import permutations

__all__ = ["ColourAlgebra", "ColourState", "End", "Flow", "Role"]

N_COLOURS = 3

String = tuple[int, ...]
Flow = tuple[String, ...]
"""Colour structure of a whole amplitude: its closed strings, or one trace of gluons."""


class End(IntEnum):
    """What an external leg is in a colour string (all legs incoming)."""

    SINGLET = 0
    QUARK = 1
    ANTIQUARK = 2
    GLUON = 3


Role = End
"""An off-shell line plays the same roles as an external leg."""


@dataclass(frozen=True, slots=True)
class ColourState:
    """Colour structure of a current: closed strings (sorted) and the open one."""

    closed: Flow = ()
    opened: String = ()


Combination = list[tuple[ColourState, float]]


class ColourAlgebra:
    """Products of colour structures.

    Parameters
    ----------
    ends
        What each external leg is, by leg number.
    """

    def __init__(self, ends: tuple[End, ...]) -> None:
        self._ends = ends

    def external(self, leg: int) -> ColourState:
        """Structure of an external leg."""
        return ColourState((), () if self._ends[leg] is End.SINGLET else (leg,))

    def combine(
        self, parts: tuple[tuple[Role, ColourState], ...], result: Role
    ) -> list[tuple[ColourState, float, tuple[int, ...]]]:
        """Merge two or three currents into one.

        Returns
        -------
        list
            Structures of the result with their coefficients and the order of the parts
            that each belongs to (gluon vertices have one structure an order; elsewhere the
            order is that of the input).
        """
        closed = tuple(string for _, state in parts for string in state.closed)
        roles = [role for role, _ in parts]
        natural = tuple(range(len(parts)))
        if result is Role.GLUON and all(role is Role.GLUON for role in roles):
            found = []
            for order in permutations(natural):
                word = tuple(leg for index in order for leg in parts[index][1].opened)
                found.append((self._gluon(closed, word), 1.0, order))
            return found
        strings: dict[Role, String] = {}
        strings.update((role, state.opened) for role, state in parts if role is not Role.SINGLET)
        if len(strings) == 2 and Role.GLUON in strings:
            return [(*item, natural) for item in self._emit(closed, strings)]
        if len(strings) == 2:  # quark and antiquark
            quark, antiquark = strings[Role.QUARK], strings[Role.ANTIQUARK]
            if result is Role.GLUON:
                return [(self._gluon(closed, quark + antiquark), 1.0, natural)]
            return [(self._state((*closed, antiquark + quark), ()), 1.0, natural)]
        opened = next(iter(strings.values()), ())
        return [(self._state(closed, opened), 1.0, natural)]

    def _emit(self, closed: Flow, strings: dict[Role, String]) -> Combination:
        """Let a quark line take up a gluon: T* contracted between two strings."""
        gluon = strings[Role.GLUON]
        is_quark = Role.QUARK in strings
        line = strings[Role.QUARK if is_quark else Role.ANTIQUARK]
        word = gluon + line if is_quark else line + gluon
        pieces = self._split(word)
        if is_quark:
            first, others = pieces[0], pieces[1:]
        else:
            first, others = pieces[-1], pieces[:-1]
        found = [(self._state((*closed, *others), first), 1.0)]
        if self._breaks(gluon):
            loop = self._trace(gluon)
            found.append((self._state((*closed, loop), line), -1.0 / N_COLOURS))
        return found

    def close(
        self, first: tuple[Role, ColourState], second: tuple[Role, ColourState]
    ) -> list[tuple[Flow, float]]:
        """Contract the off-shell legs of two currents that make up the whole process."""
        (role, one), (_, two) = first, second
        closed = (*one.closed, *two.closed)
        if role is Role.SINGLET:
            return [(tuple(sorted(closed)), 1.0)]
        if role is not Role.GLUON:
            quark, antiquark = (one, two) if role is Role.QUARK else (two, one)
            return [(tuple(sorted((*closed, antiquark.opened + quark.opened))), 1.0)]
        word = one.opened + two.opened
        if not self._breaks(word):  # a trace of gluons, read from its lowest leg
            start = word.index(min(word))
            return [((word[start:] + word[:start],), 1.0)]
        pieces = self._split(word)
        pieces = [*pieces[1:-1], pieces[-1] + pieces[0]]
        found = [(tuple(sorted((*closed, *pieces))), 1.0)]
        if self._breaks(one.opened) and self._breaks(two.opened):
            loops = (self._trace(one.opened), self._trace(two.opened))
            found.append((tuple(sorted((*closed, *loops))), -1.0 / N_COLOURS))
        return found

    def _breaks(self, word: String) -> bool:
        return any(self._ends[leg] is End.QUARK for leg in word)

    def _split(self, word: String) -> list[String]:
        """Cut a word after each quark leg that an antiquark leg follows."""
        pieces, start = [], 0
        for position in range(1, len(word)):
            if self._ends[word[position]] is End.ANTIQUARK:
                pieces.append(word[start:position])
                start = position
        pieces.append(word[start:])
        return pieces

    def _trace(self, word: String) -> String:
        head, tail = self._split(word)
        return tail + head

    def _gluon(self, closed: Flow, word: String) -> ColourState:
        pieces = self._split(word)
        opened = pieces[0] if len(pieces) == 1 else pieces[0] + pieces[-1]
        return self._state((*closed, *pieces[1:-1]), opened)

    @staticmethod
    def _state(closed: Flow, opened: String) -> ColourState:
        return ColourState(tuple(sorted(closed)), opened)
