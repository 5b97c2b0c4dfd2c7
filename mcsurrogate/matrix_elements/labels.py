# SPDX-License-Identifier: GPL-3.0-or-later
"""Names in process strings: multiparticle labels, particles, PDG ids."""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import product

from mcsurrogate.errors import ProcessError
from mcsurrogate.matrix_elements.particles import antiparticle, particle_by_name, particle_by_pdg
from mcsurrogate.matrix_elements.process_syntax import Clause
from mcsurrogate.matrix_elements.restrictions import Restrictions

__all__ = [
    "Labels",
    "multiparticle_labels",
    "particles_by_name",
    "resolve",
    "restrictions",
]

Labels = Mapping[str, tuple[int, ...]]


def multiparticle_labels(
    flavours: int = 4, own: Mapping[str, str | Sequence[str | int]] | None = None
) -> dict[str, tuple[int, ...]]:
    """Return MadGraph's multiparticle labels, and those of one's own.

    Parameters
    ----------
    flavours
        Number of quark flavours in ``p`` and ``j`` (4: g u d s c and antiquarks).
    own
        Further labels, from name to names of particles, earlier labels or PDG ids, in a list or
        one text; they take precedence.

    Raises
    ------
    ProcessError
        If the number is not between 1 and 5, or a label is empty or names what nobody knows.
    """
    if not 1 <= flavours <= 5:
        raise ProcessError(f"{flavours} quark flavours in the proton: must be between 1 and 5")
    quarks = tuple(quark for quark in (2, 4, 1, 3, 5) if quark <= flavours)
    proton = (21, *quarks, *(-quark for quark in quarks))
    labels: dict[str, tuple[int, ...]] = {
        "p": proton,
        "p~": proton,
        "j": proton,
        "l+": (-11, -13),
        "l-": (11, 13),
        "vl": (12, 14, 16),
        "vl~": (-12, -14, -16),
    }
    for name, written in (own or {}).items():
        members = written.split() if isinstance(written, str) else written
        found = (pdg for member in members for pdg in resolve(str(member), labels, f"label {name}"))
        ids = tuple(dict.fromkeys(found))
        if not ids or not name.strip() or name != "".join(name.split()):
            raise ProcessError(f"label {name!r}: a label is one word that stands for particles")
        labels[name.lower()] = ids
    return labels


def resolve(name: str, labels: Labels, text: str) -> tuple[int, ...]:
    """Return the PDG ids that a name of a particle, a label or a PDG id stands for.

    Raises
    ------
    ProcessError
        If nobody knows it; ``text`` is where it stood.
    """
    if name.lower() in labels:
        return labels[name.lower()]
    if count := re.fullmatch(r"([2-9])(\D.*)", name):
        many = " ".join([count[2]] * int(count[1]))
        raise ProcessError(f"{text!r}: counts of particles are not read; write {many!r}")
    try:
        if name.lstrip("+-").isdigit():
            return (particle_by_pdg(int(name)).pdg,)
        return (particle_by_name(name).pdg,)
    except ProcessError as error:
        raise ProcessError(
            f"{text!r}: {error}; multiparticle labels are {' '.join(labels)}"
        ) from None


def particles_by_name(
    name: str, flavours: int = 4, own: Mapping[str, str | Sequence[str | int]] | None = None
) -> frozenset[int] | None:
    """Return the PDG ids that a name of a particle, a label or a PDG id stands for, None if none.

    Parameters
    ----------
    name
        The name.
    flavours, own
        See :func:`multiparticle_labels`.
    """
    try:
        return frozenset(resolve(name, multiparticle_labels(flavours, own), name))
    except ProcessError:
        return None


def restrictions(clause: Clause, labels: Labels, text: str) -> Restrictions:
    """Return the restrictions of a clause; a required label stands for one of its particles."""

    def ids(names: Iterable[str]) -> list[int]:
        return [pdg for name in names for pdg in resolve(name, labels, text)]

    excluded = ids(clause.excluded)
    return Restrictions(
        excluded=frozenset((*excluded, *map(antiparticle, excluded))),
        required=tuple(
            found
            for names in clause.required
            for found in product(*(resolve(name, labels, text) for name in names))
        ),
        forbidden=frozenset(ids(clause.forbidden)),
        off_shell=frozenset(ids(clause.off_shell)),
    )
