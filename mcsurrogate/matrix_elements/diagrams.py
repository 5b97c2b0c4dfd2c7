# SPDX-License-Identifier: GPL-3.0-or-later
"""Tree diagrams of a process: which legs merge into which propagator."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import combinations, product
from operator import or_

from mcsurrogate.matrix_elements.interactions import VertexKind, interactions_by_inputs
from mcsurrogate.matrix_elements.narrow_resonances import resolved_widths
from mcsurrogate.matrix_elements.orders import allowed_powers, resolve_orders, splits
from mcsurrogate.matrix_elements.parameters import StandardModel, as_number
from mcsurrogate.matrix_elements.particles import antiparticle, particle_by_pdg
from mcsurrogate.matrix_elements.process import Process
from mcsurrogate.matrix_elements.propagators import propagator_rules

__all__ = ["Diagram", "InternalLine", "diagrams", "topologies"]


@dataclass(frozen=True, slots=True, order=True)
class InternalLine:
    """A propagator of a diagram.

    Attributes
    ----------
    legs
        Sorted external legs on the side that does not hold the last incoming leg (leg 1 of a
        scattering): with leg 0 among them the propagator is space-like, without it time-like.
    pdg
        PDG id of the particle, without sign.
    """

    legs: tuple[int, ...]
    pdg: int

    def mass(self, model: StandardModel) -> float:
        """Mass in GeV."""
        return as_number(particle_by_pdg(self.pdg).mass(model))

    def width(self, model: StandardModel, *, resonant: bool = False) -> float:
        """Width in GeV, as a resonance of a decay chain or not."""
        particle = particle_by_pdg(self.pdg)
        return as_number(particle.resonance_width(model) if resonant else particle.width(model))


@dataclass(frozen=True, slots=True)
class Diagram:
    """One tree diagram.

    Attributes
    ----------
    n_legs
        Number of external legs.
    lines
        Its propagators, sorted.
    qcd, qed
        Powers of the couplings.
    four_gluon_vertices
        Number of vertices of four gluons.
    found
        Bits of the required resonances among the propagators.
    """

    n_legs: int
    lines: tuple[InternalLine, ...]
    qcd: int
    qed: int
    four_gluon_vertices: int = 0
    found: int = field(default=0, repr=False, compare=False)

    def masses_and_widths(
        self, model: StandardModel, resonances: Collection[tuple[int, ...]] = ()
    ) -> tuple[tuple[tuple[int, ...], float, float], ...]:
        """Legs, mass and width (GeV) of each propagator, as phase-space mappings need them.

        Parameters
        ----------
        model
            Masses and widths.
        resonances
            Products of those of a decay chain.
        """
        return tuple(
            (line.legs, line.mass(model), line.width(model, resonant=line.legs in resonances))
            for line in self.lines
        )


def diagrams(process: Process) -> Iterator[Diagram]:
    """Enumerate the tree diagrams within the coupling orders of a process.

    A vertex of four gluons counts as one diagram (MadGraph counts its three colour
    structures).  The number of diagrams grows factorially; take what you need.

    Raises
    ------
    ProcessError
        If there is none.
    """
    process = resolve_orders(process)
    pdgs = process.all_incoming
    n = process.n_legs
    root = process.n_incoming - 1
    others = [leg for leg in range(n) if leg != root]
    table = interactions_by_inputs()
    rules, powers = propagator_rules(process), allowed_powers(process)
    trees: dict[int, dict[int, list[Diagram]]] = {
        1 << leg: {pdgs[leg]: [Diagram(n, (), 0, 0)]} for leg in others
    }
    everything = sum(1 << leg for leg in others)
    target = antiparticle(pdgs[root])

    def merged(mask: int) -> Iterator[tuple[int, Diagram]]:
        for parts in splits(mask, 2) + (splits(mask, 3) if mask.bit_count() > 2 else []):
            if not rules.joins(parts):
                continue
            for chosen in product(*(trees[part].items() for part in parts)):
                key = tuple(sorted(pdg for pdg, _ in chosen))
                for vertex, result in table.get(key, ()):
                    four = int(vertex.kind is VertexKind.VVVV and vertex.qcd == 2)
                    for branches in product(*(found for _, found in chosen)):
                        lines = tuple(line for branch in branches for line in branch.lines)
                        yield (
                            result,
                            Diagram(
                                n,
                                lines,
                                vertex.qcd + sum(branch.qcd for branch in branches),
                                vertex.qed + sum(branch.qed for branch in branches),
                                four + sum(branch.four_gluon_vertices for branch in branches),
                                reduce(or_, (branch.found for branch in branches)),
                            ),
                        )

    for size in range(2, n - 1):
        for legs in combinations(others, size):
            mask = sum(1 << leg for leg in legs)
            here = trees.setdefault(mask, {})
            if not rules.divides(mask):
                continue
            for result, tree in merged(mask):
                if rules.allows(mask, result):
                    lines = (*tree.lines, InternalLine(legs, abs(result)))
                    found = tree.found | rules.found(mask, result)
                    here.setdefault(result, []).append(replace(tree, lines=lines, found=found))
    for result, tree in merged(everything):
        complete = result == target and rules.satisfied(tree.found)
        if complete and (tree.qcd, tree.qed) in powers:
            yield replace(tree, lines=tuple(sorted(tree.lines)))


def topologies(
    process: Process, model: StandardModel
) -> tuple[tuple[tuple[tuple[int, ...], float, float], ...], ...]:
    """Distinct sets of propagators of the diagrams of a process.

    Parameters
    ----------
    process
        The process.
    model
        Masses and widths; narrow ones of resonances are those of `resolved_widths`.

    Returns
    -------
    tuple
        For each topology the legs (without the second beam, leg 1), mass and width in GeV of
        each propagator; diagrams that differ only in the kind of particles appear once, and
        those with four-particle vertices, which are contracted forms of others where these
        have the same lines, come last.
    """
    model, _ = resolved_widths(process, model)
    resonances = {resonance.legs for resonance in process.resonances}
    found: dict[tuple[tuple[tuple[int, ...], float, float], ...], None] = {}
    for diagram in sorted(diagrams(process), key=lambda d: -len(d.lines)):
        found.setdefault(diagram.masses_and_widths(model, resonances))
    return tuple(found)
