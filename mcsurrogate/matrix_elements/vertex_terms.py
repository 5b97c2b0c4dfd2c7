# SPDX-License-Identifier: GPL-3.0-or-later
r"""Vertices and propagators as operations on currents.

Fermion currents have a left- and a right-handed two-component part (one of them where the
fermion is massless).  Before its propagator a fermion current is *raw*: its slot ``R`` is
what vectors make of left-handed spinors, and its slot ``L``, kept with lowered index, what
they make of right-handed ones.  Signs and factors i are those of ``i V`` at vertices and

.. math::
   \frac{-i\,(g^{\mu\nu} - P^\mu P^\nu/M^2)}{P^2-M^2+iM\Gamma},\qquad
   \frac{i(\gamma\cdot P+M)}{P^2-M^2+iM\Gamma},\qquad \frac{i}{P^2-M^2+iM\Gamma}

in propagators, with one i of each vertex and propagator stripped, which leaves -1 with each
propagator.
"""

from dataclasses import dataclass

from mcsurrogate.errors import ProcessError
from mcsurrogate.matrix_elements.graph import UNIT, Coefficient, Graph, Quantity, Term
from mcsurrogate.matrix_elements.interactions import Coupling, Interaction, VertexKind
from mcsurrogate.matrix_elements.particles import Particle, Spin, antiparticle, particle_by_pdg

__all__ = ["Field", "VertexTerms"]

Raw = dict[str, list[Term]]
"""Terms of a current before its propagator, by slot: ``v``, ``s``, ``L`` or ``R``."""


@dataclass(frozen=True, slots=True)
class Field:
    """A current with its propagator, or an external leg.

    Attributes
    ----------
    pdg
        PDG id, as incoming.
    mask
        Bit mask of the external legs it is made of.
    chirality
        ``L`` or ``R`` for massless fermions, else empty.
    parts
        Nodes of its parts, by name: ``v``, ``s``, ``L``, ``R``.
    """

    pdg: int
    mask: int
    chirality: str
    parts: tuple[tuple[str, int], ...]

    def part(self, name: str) -> int | None:
        """Node of one part, None where it vanishes."""
        return dict(self.parts).get(name)


def _coefficient(coupling: Coupling) -> Coefficient:
    names = (coupling.name,) if coupling.name else ()
    return Coefficient(coupling.number, names)


def _permutation_sign(order: tuple[int, ...]) -> int:
    inversions = sum(
        order[i] > order[j] for i in range(len(order)) for j in range(i + 1, len(order))
    )
    return -1 if inversions % 2 else 1


class VertexTerms:
    """Builds the nodes of vertices, propagators and closings in a graph.

    Parameters
    ----------
    graph
        The graph that receives the nodes.
    n_legs
        Number of external legs.
    massless
        PDG ids (positive) of the fermions that are massless in the model.
    """

    def __init__(self, graph: Graph, n_legs: int, massless: frozenset[int]) -> None:
        self._graph = graph
        self._n_legs = n_legs
        self._massless = massless

    def chirality_matters(self, particle: Particle) -> bool:
        """Whether currents of this particle have definite chirality."""
        return particle.is_fermion and abs(particle.pdg) in self._massless

    def _momentum(self, masks: tuple[tuple[int, int], ...], quantity: Quantity) -> Term:
        """Linear combination of momenta, without the last leg, its first sign positive."""
        weights = [
            sum(weight for mask, weight in masks if mask >> leg & 1) for leg in range(self._n_legs)
        ]
        reduced = [weight - weights[-1] for weight in weights]
        sign = next((1 if weight > 0 else -1 for weight in reduced if weight), 1)
        node = self._graph.event(quantity, tuple(sign * weight for weight in reduced))
        return node, Coefficient(float(sign))

    def vertex(self, interaction: Interaction, inputs: tuple[Field, ...], result: int) -> Raw:
        """Merge two or three currents in one vertex.

        Parameters
        ----------
        interaction
            The vertex.
        inputs
            Currents; for colour-ordered gluons in their order.
        result
            PDG id of the current that is formed, as incoming.
        """
        spin = particle_by_pdg(result).spin
        match interaction.kind:
            case VertexKind.FFV:
                return self._fermion_vector(interaction, inputs, spin)
            case VertexKind.FFS:
                return self._fermion_scalar(interaction, inputs, spin)
            case VertexKind.VVV:
                return self._three_vectors(interaction, inputs, result)
            case VertexKind.VVVV:
                return self._four_vectors(interaction, inputs, result)
            case VertexKind.VVS | VertexKind.VVSS:
                return self._vectors_scalars(interaction, inputs, spin)
            case VertexKind.SSS | VertexKind.SSSS:
                scalars = [self._one(field, "s") for field in inputs]
                return {"s": [(self._product(scalars), _coefficient(interaction.couplings[0]))]}

    @staticmethod
    def _one(field: Field, name: str) -> int:
        node = field.part(name)
        if node is None:
            raise ProcessError(f"current of particle {field.pdg} has no part {name!r}")
        return node

    def _product(self, scalars: list[int]) -> int:
        node = scalars[0]
        for other in scalars[1:]:
            node = self._graph.scale(node, other)
        return node

    def _fermion_vector(
        self, interaction: Interaction, inputs: tuple[Field, ...], spin: Spin
    ) -> Raw:
        left, right = (_coefficient(coupling) for coupling in interaction.couplings)
        graph = self._graph
        raw: Raw = {}
        if spin is Spin.VECTOR:
            bar, line = self._barred_first(inputs)
            terms = []
            if (x := bar.part("L")) is not None and (y := line.part("L")) is not None:
                terms.append((graph.outer(x, True, y, True), left * 2.0))
            if (x := line.part("R")) is not None and (y := bar.part("R")) is not None:
                terms.append((graph.outer(x, False, y, False), right * 2.0))
            raw["v"] = terms
        else:
            vector, line = inputs if inputs[0].part("v") is not None else inputs[::-1]
            v = self._one(vector, "v")
            barred = line.pdg < 0
            if (x := line.part("L")) is not None:
                build = graph.spinor_matrix if barred else graph.matrix_spinor
                raw["R"] = [(build(v, x), left)]
            if (x := line.part("R")) is not None:
                build = graph.matrix_spinor if barred else graph.spinor_matrix
                raw["L"] = [(build(v, x, True), right)]
        return {
            slot: kept
            for slot, terms in raw.items()
            if (kept := [term for term in terms if term[1].number != 0.0])
        }

    def _fermion_scalar(
        self, interaction: Interaction, inputs: tuple[Field, ...], spin: Spin
    ) -> Raw:
        coupling = _coefficient(interaction.couplings[0])
        graph = self._graph
        if spin is Spin.SCALAR:
            bar, line = self._barred_first(inputs)
            pairs = ((bar.part("R"), line.part("L")), (bar.part("L"), line.part("R")))
            return {
                "s": [
                    (graph.spinor_dot(x, False, y, False), coupling)
                    for x, y in pairs
                    if x is not None and y is not None
                ]
            }
        scalar, line = inputs if inputs[0].part("s") is not None else inputs[::-1]
        s = self._one(scalar, "s")
        raw: Raw = {}
        if (x := line.part("R")) is not None:
            raw["R"] = [(graph.scale(s, x), coupling)]
        if (x := line.part("L")) is not None:
            raw["L"] = [(graph.scale(s, x, True), coupling)]
        return raw

    @staticmethod
    def _barred_first(inputs: tuple[Field, ...]) -> tuple[Field, Field]:
        first, second = inputs
        return (first, second) if first.pdg < 0 else (second, first)

    def _three_vectors(
        self, interaction: Interaction, inputs: tuple[Field, ...], result: int
    ) -> Raw:
        a, b = inputs
        coupling = _coefficient(interaction.couplings[0])
        if interaction.particles != (21, 21, 21):
            pdgs = (a.pdg, b.pdg, antiparticle(result))
            order = tuple(interaction.particles.index(pdg) for pdg in pdgs)
            coupling = coupling * float(_permutation_sign(order))
        graph = self._graph
        va, vb = self._one(a, "v"), self._one(b, "v")
        difference, half = self._momentum(((a.mask, 1), (b.mask, -1)), Quantity.MOMENTUM)
        on_a, sign_a = self._momentum(((a.mask, 1), (b.mask, 2)), Quantity.LOWERED_MOMENTUM)
        on_b, sign_b = self._momentum(((a.mask, 2), (b.mask, 1)), Quantity.LOWERED_MOMENTUM)
        return {
            "v": [
                (graph.scale(graph.twice_dot(va, vb), difference), coupling * half * 0.5),
                (graph.scale(graph.contract(on_a, va), vb), coupling * sign_a),
                (graph.scale(graph.contract(on_b, vb), va), coupling * sign_b * -1.0),
            ]
        }

    def _four_vectors(
        self, interaction: Interaction, inputs: tuple[Field, ...], result: int
    ) -> Raw:
        # Slots 0..3 of the vertex; the result takes one, each input another of its kind.
        slots = list(range(4))
        kinds = list(interaction.particles)
        assigned: list[int] = []
        if interaction.particles == (21, 21, 21, 21):
            assigned = slots
        else:
            for pdg in (*(field.pdg for field in inputs), antiparticle(result)):
                position = next(i for i in slots if kinds[i] == pdg)
                slots.remove(position)
                assigned.append(position)
        pairings = {
            frozenset((0, 1)): 0,
            frozenset((2, 3)): 0,
            frozenset((0, 2)): 1,
            frozenset((1, 3)): 1,
            frozenset((0, 3)): 2,
            frozenset((1, 2)): 2,
        }
        graph = self._graph
        vectors = [self._one(field, "v") for field in inputs]
        terms: list[Term] = []
        for alone in range(3):
            x, y = (i for i in range(3) if i != alone)
            coupling = interaction.couplings[pairings[frozenset((assigned[alone], assigned[3]))]]
            if coupling.number == 0.0:
                continue
            product = graph.twice_dot(vectors[x], vectors[y])
            terms.append((graph.scale(product, vectors[alone]), _coefficient(coupling) * 0.5))
        return {"v": terms}

    def _vectors_scalars(
        self, interaction: Interaction, inputs: tuple[Field, ...], spin: Spin
    ) -> Raw:
        coupling = _coefficient(interaction.couplings[0])
        vectors = [v for field in inputs if (v := field.part("v")) is not None]
        scalars = [s for field in inputs if (s := field.part("s")) is not None]
        if spin is Spin.VECTOR:
            return {"v": [(self._graph.scale(self._product(scalars), vectors[0]), coupling)]}
        product = self._graph.twice_dot(vectors[0], vectors[1])
        return {"s": [(self._product([product, *scalars]), coupling * 0.5)]}

    def propagate(
        self, pdg: int, mask: int, raw: Raw, *, resonant: bool = False
    ) -> list[tuple[str, Term]]:
        """Attach the propagator to a raw current; returns its parts.

        Parameters
        ----------
        pdg
            PDG id of the current, as incoming.
        mask
            Its external legs.
        raw
            Terms by slot.
        resonant
            Whether it is a resonance of a decay chain.
        """
        particle = particle_by_pdg(pdg)
        width = particle.resonance_width_name if resonant else particle.width_name
        line = (mask, particle.mass_name, width)
        sums = {slot: total for slot, terms in raw.items() if (total := self._graph.sum(terms))}
        graph = self._graph
        if particle.spin is Spin.FERMION:
            return self._propagate_fermion(particle, line, sums)
        denominator = graph.event(Quantity.DENOMINATOR, *line)
        if particle.spin is Spin.SCALAR:
            node, factor = sums["s"]
            return [("s", (graph.scale(denominator, node), factor * -1.0))]
        node, factor = sums["v"]
        terms = [(graph.scale(denominator, node), UNIT)]
        if particle.mass_name:
            lowered, sign = self._momentum(((mask, 1),), Quantity.LOWERED_MOMENTUM)
            longitudinal = graph.event(
                Quantity.LONGITUDINAL, *line, tuple(self._weights(mask, sign))
            )
            along = graph.scale(graph.contract(lowered, node), longitudinal)
            terms.append((along, Coefficient(-1.0)))
        total = graph.sum(terms)
        assert total is not None  # distinct nodes cannot cancel
        return [("v", (total[0], total[1] * factor))]

    def _weights(self, mask: int, sign: Coefficient) -> list[int]:
        weights = [mask >> leg & 1 for leg in range(self._n_legs)]
        return [int(sign.number) * (weight - weights[-1]) for weight in weights]

    def _propagate_fermion(
        self, particle: Particle, line: tuple[int, str, str], sums: dict[str, Term]
    ) -> list[tuple[str, Term]]:
        graph = self._graph
        barred = particle.pdg < 0
        massive = not self.chirality_matters(particle)
        parts: dict[str, list[Term]] = {"L": [], "R": []}
        if "R" in sums:
            node, factor = sums["R"]
            matrix = graph.event(Quantity.LEFT_FROM_RIGHT, *line)
            if barred:
                parts["L"].append((graph.spinor_matrix(matrix, node), factor))
            else:
                parts["L"].append((graph.matrix_spinor(matrix, node), factor * -1.0))
            if massive:
                mass = graph.event(Quantity.MASS_OVER_DENOMINATOR, *line)
                parts["R"].append((graph.scale(mass, node), factor * -1.0))
        if "L" in sums:
            node, factor = sums["L"]
            if barred:
                matrix = graph.event(Quantity.BARRED_RIGHT_FROM_LEFT, *line)
                parts["R"].append((graph.spinor_matrix(matrix, node), factor * -1.0))
            else:
                matrix = graph.event(Quantity.RIGHT_FROM_LEFT, *line)
                parts["R"].append((graph.matrix_spinor(matrix, node), factor * -1.0))
            if massive:
                mass = graph.event(Quantity.MASS_OVER_DENOMINATOR, *line)
                parts["L"].append((graph.scale(mass, node, True), factor))
        return [(name, total) for name, terms in parts.items() if (total := graph.sum(terms))]

    def close(self, raw: Raw, field: Field) -> list[Term]:
        """Contract a raw current with the current of all other legs."""
        graph = self._graph
        terms: list[Term] = []
        for slot, parts in raw.items():
            total = graph.sum(parts)
            other = field.part({"R": "L", "L": "R"}.get(slot, slot))
            if total is None or other is None:
                continue
            node, factor = total
            if slot == "v":
                terms.append((graph.twice_dot(node, other), factor * 0.5))
            elif slot == "s":
                terms.append((graph.scale(node, other), factor))
            else:
                terms.append((graph.spinor_dot(node, False, other, slot == "L"), factor))
        return terms
