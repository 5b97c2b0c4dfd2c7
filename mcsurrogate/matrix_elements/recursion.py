# SPDX-License-Identifier: GPL-3.0-or-later
r"""Off-shell recursion: from a process to the graph of its colour-ordered amplitudes.

Currents of subsets of the external legs are merged vertex by vertex (F. A. Berends,
W. T. Giele, Nucl. Phys. B306 (1988) 759; F. Caravaglios, M. Moretti, hep-ph/9507237), with
the colour structure, the chirality of massless legs and the power of the strong coupling as
labels.  Every tree has either one vertex whose branches all hold fewer than half of the legs
or one propagator with half of them on either side; amplitudes are closed there, so that no
current of more than half of the legs is needed.  Signs of fermion exchange are those of the
permutation that merges two ordered sets of fermion legs.
"""

from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations, product

from mcsurrogate.errors import ProcessError
from mcsurrogate.matrix_elements.colour import ColourAlgebra, ColourState, End, Flow
from mcsurrogate.matrix_elements.graph import UNIT, Coefficient, Graph, Term
from mcsurrogate.matrix_elements.interactions import Interaction, interactions_by_inputs
from mcsurrogate.matrix_elements.orders import allowed_powers, decay_power, splits
from mcsurrogate.matrix_elements.parameters import StandardModel
from mcsurrogate.matrix_elements.particles import Particle, Spin, antiparticle, particle_by_pdg
from mcsurrogate.matrix_elements.process import Process
from mcsurrogate.matrix_elements.propagators import propagator_rules
from mcsurrogate.matrix_elements.vertex_terms import Field, Raw, VertexTerms

__all__ = ["AmplitudeGraph", "Component", "build_amplitude", "colour_end"]

Chiralities = tuple[tuple[int, str], ...]
"""Chirality of each massless fermion leg, ``L`` or ``R``, by leg number."""


@dataclass(frozen=True, slots=True)
class _State:
    """What distinguishes the currents of one subset of legs.

    ``found`` are the bits of the required resonances among its propagators.
    """

    pdg: int
    chirality: str
    chiralities: Chiralities
    colour: ColourState
    qcd: int
    found: int = 0


@dataclass(frozen=True, slots=True)
class Component:
    """One amplitude: chiralities of massless legs, colour structure, power of g_s."""

    chiralities: Chiralities
    flow: Flow
    qcd: int


@dataclass(slots=True)
class AmplitudeGraph:
    """The computation of all amplitudes of a process.

    Attributes
    ----------
    process
        With definite coupling orders.
    graph
        Nodes in order of computation.
    amplitudes
        Node and factor of each non-vanishing component.
    axes
        Helicities of each external leg that is not a massless fermion, in the order of its
        axis, by leg.
    ends
        Colour of each external leg.
    massless
        PDG ids of massless fermions.
    parity_symmetric
        Whether all couplings are the same for left- and right-handed fermions.
    leading
        Colour structures that some diagram has at leading colour.
    """

    process: Process
    graph: Graph
    amplitudes: dict[Component, Term]
    axes: dict[int, tuple[int, ...]]
    ends: tuple[End, ...]
    massless: frozenset[int]
    parity_symmetric: bool
    leading: frozenset[Flow]


def colour_end(particle: Particle) -> End:
    """Return what an incoming particle is in a colour string."""
    if particle.colour == 8:
        return End.GLUON
    if particle.colour == 1:
        return End.SINGLET
    return End.QUARK if particle.pdg > 0 else End.ANTIQUARK


class _Builder:
    def __init__(self, process: Process, model: StandardModel) -> None:
        self.process = process
        self.pdgs = process.all_incoming
        self.n = process.n_legs
        particles = [particle_by_pdg(pdg) for pdg in self.pdgs]
        self.massless = frozenset(
            number
            for number in (*range(1, 7), *range(11, 17))
            if particle_by_pdg(number).is_massless(model)
        )
        self.ends = tuple(colour_end(particle) for particle in particles)
        self.algebra = ColourAlgebra(self.ends)
        self.graph = Graph()
        self.rules = VertexTerms(self.graph, self.n, self.massless)
        self.table = interactions_by_inputs()
        self.fermions = sum(1 << leg for leg, p in enumerate(particles) if p.is_fermion)
        self.gluons_only = all(end is End.GLUON for end in self.ends)
        self.axes: dict[int, tuple[int, ...]] = {}
        self.currents: dict[int, dict[_State, tuple[Field, Coefficient]]] = {}
        self.parity_symmetric = True
        self.leading: set[Flow] = set()
        self.leading_states: set[tuple[int, _State]] = set()
        self.allowed = propagator_rules(process)
        powers = self.powers = allowed_powers(process)
        self.decay_powers = self._powers_of_decays()
        self.max_qcd = max((qcd for qcd, _ in powers), default=0)
        self.max_qed = max((qed for _, qed in powers), default=0)
        for leg, particle in enumerate(particles):
            self._add_external(leg, particle, model)

    def _add_external(self, leg: int, particle: Particle, model: StandardModel) -> None:
        mask = 1 << leg
        colour = self.algebra.external(leg)
        entries = self.currents.setdefault(mask, {})
        self._fill_external(leg, particle, model, colour, entries)
        self.leading_states.update((mask, state) for state in entries)

    def _fill_external(
        self,
        leg: int,
        particle: Particle,
        model: StandardModel,
        colour: ColourState,
        entries: dict[_State, tuple[Field, Coefficient]],
    ) -> None:
        mask = 1 << leg
        parts: tuple[tuple[str, int], ...]
        if self.rules.chirality_matters(particle):
            for chirality in "LR":
                node = self.graph.external(leg, chirality, (2,), axis=False)
                state = _State(particle.pdg, chirality, ((leg, chirality),), colour, 0)
                parts = ((chirality, node),)
                entries[state] = (Field(particle.pdg, mask, chirality, parts), UNIT)
            return
        if particle.spin is Spin.FERMION:
            self.axes[leg] = (-1, 1)
            parts = tuple((name, self.graph.external(leg, name, (2,), axis=True)) for name in "LR")
        elif particle.spin is Spin.VECTOR:
            self.axes[leg] = (-1, 1) if particle.is_massless(model) else (-1, 0, 1)
            parts = (("v", self.graph.external(leg, "v", (2, 2), axis=True)),)
        else:
            parts = (("s", self.graph.external(leg, "s", (), axis=False)),)
        state = _State(particle.pdg, "", (), colour, 0)
        entries[state] = (Field(particle.pdg, mask, "", parts), UNIT)

    def _exchange_sign(self, first: int, second: int) -> float:
        """Sign that orders the fermion legs of two subsets, the first before the second."""
        first, second = first & self.fermions, second & self.fermions
        swaps = sum((first >> (leg + 1)).bit_count() for leg in range(self.n) if second >> leg & 1)
        return -1.0 if swaps % 2 else 1.0

    def _ordered_sign(self, fields: tuple[Field, ...]) -> float:
        ordered = sorted(fields, key=lambda item: item.pdg)  # barred spinors first
        sign, mask = 1.0, ordered[0].mask
        for item in ordered[1:]:
            sign *= self._exchange_sign(mask, item.mask)
            mask |= item.mask
        return sign

    def merge(self, parts: tuple[int, ...], raws: dict[_State, Raw], *, final: bool) -> None:
        """Add all vertices that merge the currents of these subsets."""
        if not self.allowed.joins(parts):
            return
        whole = sum(parts)
        for chosen in product(*(self.currents[part].items() for part in parts)):
            states = [state for state, _ in chosen]
            key = tuple(sorted(state.pdg for state in states))
            for interaction, result in self.table.get(key, ()):
                if final:
                    self._merge_one(interaction, result, chosen, raws, 0)
                elif self.allowed.allows(whole, result):
                    found = self.allowed.found(whole, result)
                    self._merge_one(interaction, result, chosen, raws, found)

    def _merge_one(
        self,
        interaction: Interaction,
        result: int,
        chosen: tuple[tuple[_State, tuple[Field, Coefficient]], ...],
        raws: dict[_State, Raw],
        found: int,
    ) -> None:
        states = [state for state, _ in chosen]
        fields = tuple(item for _, (item, _) in chosen)
        factor = Coefficient(self._ordered_sign(fields))
        for _, (_, coefficient) in chosen:
            factor = factor * coefficient
        chiralities = tuple(sorted(pair for state in states for pair in state.chiralities))
        qcd = interaction.qcd + sum(state.qcd for state in states)
        size = sum(item.mask.bit_count() for item in fields)
        if qcd > self.max_qcd or size - 1 - qcd > self.max_qed:
            return
        for state in states:
            found |= state.found
        leading = all((item.mask, state) in self.leading_states for state, (item, _) in chosen)
        whole = sum(item.mask for item in fields)
        role = colour_end(particle_by_pdg(result))
        coloured = tuple((colour_end(particle_by_pdg(s.pdg)), s.colour) for s in states)
        for colour, weight, order in self.algebra.combine(coloured, role):
            if self.gluons_only and not self._keeps_ends(colour.opened):
                continue
            terms = self.rules.vertex(interaction, tuple(fields[index] for index in order), result)
            if not any(terms.values()):
                continue
            if len(interaction.couplings) == 2:
                left, right = interaction.couplings
                self.parity_symmetric &= left == right
            chirality = ""
            if self.rules.chirality_matters(particle_by_pdg(result)):
                chirality = "L" if "R" in terms else "R"
            state = _State(result, chirality, chiralities, colour, qcd, found)
            if weight == 1.0 and leading:  # not suppressed by 1/N
                self.leading_states.add((whole, state))
            raw = raws.setdefault(state, defaultdict(list))
            for slot, entries in terms.items():
                raw[slot].extend((node, c * factor * weight) for node, c in entries)

    def _keeps_ends(self, word: tuple[int, ...]) -> bool:
        """Whether the last leg may still stand before the first, as in all that is kept."""
        first, last = 0, self.n - 1
        before = word[word.index(first) - 1] if first in word and word[0] != first else last
        behind = word[word.index(last) + 1] if last in word and word[-1] != last else first
        return before == last and behind == first

    def _powers_of_decays(self) -> dict[int, frozenset[int]]:
        """Powers of g_s that the currents of either side of a resonance may have."""
        everything = (1 << self.n) - 1
        totals = {qcd for qcd, _ in self.powers}
        own = {r: decay_power(self.process, r)[0] for r in self.process.resonances}
        found = {}
        for resonance in own:
            inside = sum(own[other] for other in own if set(other.legs) <= set(resonance.legs))
            mask = sum(1 << leg for leg in resonance.legs)
            found[mask] = frozenset((inside,))
            found[everything & ~mask] = frozenset(total - inside for total in totals)
        return found

    def build_currents(self) -> dict[int, dict[_State, Raw]]:
        """Build all currents; returns the raw ones of half of the legs, first leg included."""
        open_raws: dict[int, dict[_State, Raw]] = {}
        for size in range(2, self.n // 2 + 1):
            for legs in combinations(range(self.n), size):
                mask = sum(1 << leg for leg in legs)
                if not self.allowed.divides(mask):
                    self.currents[mask] = {}
                    continue
                is_half = 2 * size == self.n
                raws: dict[_State, Raw] = {}
                closing = is_half and bool(mask & 1)
                for parts in splits(mask, 2) + (splits(mask, 3) if size > 2 else []):
                    self.merge(parts, raws, final=closing)
                if closing:
                    open_raws[mask] = raws
                else:
                    self.currents[mask] = self._propagated(mask, raws)
        return open_raws

    def _propagated(
        self, mask: int, raws: dict[_State, Raw]
    ) -> dict[_State, tuple[Field, Coefficient]]:
        found = {}
        resonant = self.allowed.is_resonance(mask)
        for state, raw in raws.items():
            if state.qcd not in self.decay_powers.get(mask, (state.qcd,)):
                continue
            parts = self.rules.propagate(state.pdg, mask, raw, resonant=resonant)
            if not parts:
                continue
            # One factor in front of all parts lets equal currents be recognised as equal.
            factor = parts[0][1][1]
            if all(term[1] == factor for _, term in parts):
                nodes = tuple((name, term[0]) for name, term in parts)
            else:
                factor = UNIT
                nodes = tuple((name, self._scaled(term)) for name, term in parts)
            found[state] = (Field(state.pdg, mask, state.chirality, nodes), factor)
        return found

    def _scaled(self, term: Term) -> int:
        return term[0] if term[1] == UNIT else self.graph.scaled(term)

    def close_all(self, open_raws: dict[int, dict[_State, Raw]]) -> dict[Component, Term]:
        everything = (1 << self.n) - 1
        closings: dict[Component, dict[Field, Raw]] = defaultdict(dict)
        for mask in list(open_raws):
            self._close(open_raws.pop(mask), everything & ~mask, closings)
        for parts in self._central_vertices(everything):
            # The largest subset is contracted last; of equals, one with the last leg.
            *merged, last = sorted(parts, key=lambda part: (part.bit_count(), part))
            raws: dict[_State, Raw] = {}
            self.merge(tuple(merged), raws, final=True)
            self._close(raws, last, closings)
        amplitudes = {}
        for component in list(closings):
            by_field = closings.pop(component)  # its terms are not needed beside the node
            terms = [term for item, raw in by_field.items() for term in self.rules.close(raw, item)]
            total = self.graph.sum(terms)
            if total is not None:
                amplitudes[component] = total
        return amplitudes

    def _central_vertices(self, everything: int) -> list[tuple[int, ...]]:
        limit = (self.n - 1) // 2
        triples = splits(everything, 3, limit)
        quadruples: list[tuple[int, ...]] = []
        for first, rest in splits(everything, 2):
            if first.bit_count() <= limit and rest.bit_count() >= 3:
                quadruples.extend((first, *three) for three in splits(rest, 3, limit))
        return [*triples, *quadruples]

    def _close(
        self,
        raws: dict[_State, Raw],
        last: int,
        closings: dict[Component, dict[Field, Raw]],
    ) -> None:
        for other, (item, factor) in self.currents[last].items():
            wanted = antiparticle(other.pdg)
            for state, raw in raws.items():
                if state.pdg != wanted or state.chirality != other.chirality:
                    continue
                qcd = state.qcd + other.qcd
                if (qcd, self.n - 2 - qcd) not in self.powers:
                    continue
                if not self.allowed.satisfied(state.found | other.found):
                    continue
                chiralities = tuple(sorted(state.chiralities + other.chiralities))
                mine = Field(state.pdg, ((1 << self.n) - 1) & ~last, "", ())
                sign = self._ordered_sign((mine, item))
                leading = {(mine.mask, state), (last, other)} <= self.leading_states
                role = colour_end(particle_by_pdg(state.pdg))
                other_role = colour_end(particle_by_pdg(other.pdg))
                for flow, weight in self.algebra.close(
                    (role, state.colour), (other_role, other.colour)
                ):
                    if self.gluons_only and flow[0][-1] != self.n - 1:
                        continue
                    if weight == 1.0 and leading:
                        self.leading.add(flow)
                    component = Component(chiralities, flow, qcd)
                    target = closings[component].setdefault(item, defaultdict(list))
                    for slot, terms in raw.items():
                        target[slot].extend(
                            (node, c * factor * (weight * sign)) for node, c in terms
                        )


def build_amplitude(process: Process, model: StandardModel) -> AmplitudeGraph:
    """Build the graph of all amplitudes of a process.

    Parameters
    ----------
    process
        With definite coupling orders (see `mcsurrogate.matrix_elements.orders`).
    model
        Parameters; they decide which fermions are massless.

    Raises
    ------
    ProcessError
        If the process has no diagram within its coupling orders.
    """
    builder = _Builder(process, model)
    amplitudes = builder.close_all(builder.build_currents())
    if not amplitudes:
        raise ProcessError(f"{process.name}: all tree amplitudes vanish within the coupling orders")
    return AmplitudeGraph(
        process=process,
        graph=builder.graph,
        amplitudes=amplitudes,
        axes=builder.axes,
        ends=builder.ends,
        massless=builder.massless,
        parity_symmetric=builder.parity_symmetric,
        leading=frozenset(builder.leading),
    )
