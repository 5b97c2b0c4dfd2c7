# SPDX-License-Identifier: GPL-3.0-or-later
"""Which diagrams of a process, or of one decay of a chain, count."""

from collections.abc import Iterable
from dataclasses import dataclass

from mcsurrogate.matrix_elements.particles import particle_by_pdg

__all__ = ["Restrictions", "particle_names"]


@dataclass(frozen=True, slots=True)
class Restrictions:
    """What propagators must and must not be, see `Process`; nothing by default.

    Attributes
    ----------
    excluded
        After ``/``.
    required
        Between two ``>``.
    forbidden
        After ``$$``.
    off_shell
        After ``$``.
    """

    excluded: frozenset[int] = frozenset()
    required: tuple[tuple[int, ...], ...] = ()
    forbidden: frozenset[int] = frozenset()
    off_shell: frozenset[int] = frozenset()

    @property
    def pdg_ids(self) -> frozenset[int]:
        """PDG ids of all particles that are named."""
        named = frozenset(pdg for ids in self.required for pdg in ids)
        return named | self.excluded | self.forbidden | self.off_shell

    @property
    def of_diagrams(self) -> "Restrictions":
        """Without the cut on events."""
        return Restrictions(self.excluded, self.required, self.forbidden)

    def clause(self, initial: Iterable[int], final: Iterable[int], orders: object) -> str:
        """Write a process or decay in MadGraph's syntax."""
        resonances = " | ".join(particle_names(ids) for ids in self.required)
        parts = [particle_names(initial), ">", *([resonances, ">"] if resonances else [])]
        parts.append(particle_names(final))
        for sign, ids in (("/", self.excluded), ("$", self.off_shell), ("$$", self.forbidden)):
            if ids:
                parts += [sign, particle_names(sorted(ids))]
        return " ".join((*parts, str(orders))).strip()


def particle_names(pdgs: Iterable[int]) -> str:
    """Names of particles in MadGraph's syntax."""
    return " ".join(particle_by_pdg(pdg).name for pdg in pdgs)
