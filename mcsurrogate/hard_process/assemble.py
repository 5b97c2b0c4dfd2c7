# SPDX-License-Identifier: GPL-3.0-or-later
"""From a card to a hard process: the one function that composes the parts."""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from torch import Tensor

from mcsurrogate.cards import RunCard
from mcsurrogate.errors import CardError, ProcessError
from mcsurrogate.hard_process.beams import Beams, beam_particles, require_partons
from mcsurrogate.hard_process.channels import Channels, build_channels, symmetry_groups
from mcsurrogate.hard_process.cuts import build_cuts, jet_flavours
from mcsurrogate.hard_process.definitions import read_definitions
from mcsurrogate.hard_process.event_functions import EventFunctions
from mcsurrogate.hard_process.few_body_channels import OneHadron, SingleParticle
from mcsurrogate.hard_process.integrand import Amplitude, HardProcess
from mcsurrogate.hard_process.limit_events import LimitEvents
from mcsurrogate.hard_process.limits import require_finite, singular_limits
from mcsurrogate.hard_process.loop_induced import loop_groups
from mcsurrogate.hard_process.mass_windows import WindowedCuts, closed_window, mass_windows
from mcsurrogate.hard_process.model import standard_model
from mcsurrogate.hard_process.moving_beams import MovingBeams
from mcsurrogate.hard_process.overlaps import require_once
from mcsurrogate.hard_process.skeletons import Skeleton, skeletons
from mcsurrogate.matrix_elements import (
    CouplingOrders,
    MatrixElement,
    Process,
    ProcessDefinition,
    StandardModel,
    SubprocessGroup,
    as_number,
    depends_on_boost,
    expand,
    matrix_element,
    particle_by_pdg,
)
from mcsurrogate.pdf import PartonDensity, load_pdf
from mcsurrogate.phase_space import Cut, Cuts

__all__ = ["assemble"]

_LEAST_ENERGY = 1.0
"""Partonic energy in GeV below which hadrons are not made of partons."""


AmplitudeProvider = Callable[[Process, StandardModel], MatrixElement]
DensityProvider = Callable[[str, int], PartonDensity]


def assemble(
    card: RunCard,
    amplitude: AmplitudeProvider = matrix_element,
    density: DensityProvider = load_pdf,
) -> HardProcess:
    """Build the hard process that a card describes.

    Parameters
    ----------
    card
        The card.
    amplitude
        Squared matrix element of a process; those of one's own take part with what they know:
        helicities and colour flows of events are drawn where there are any.
    density
        Parton density from the card's ``beams.pdf`` and ``beams.pdf_member``.  Worker processes
        call both functions anew, so they are to be importable there.

    Raises
    ------
    CardError
        If parts of the card contradict each other.
    ProcessError, PartonDensityError, PhaseSpaceError
        If a part cannot be built.
    """
    model = standard_model(card.model)
    definitions = read_definitions(card)
    numbered = [
        (number, group)
        for number, definition in enumerate(definitions, start=1)
        for group in loop_groups(definition, model) or expand(definition)
    ]
    groups = [group for _, group in numbered]
    _require_known(groups)
    require_once(numbered, card.process.definitions)
    _require_massless_beams(groups, model)
    masses = _outgoing_masses(groups, model)
    threshold = sum(masses)
    if card.beams.sqrt_s <= threshold:
        raise CardError(
            f"beams.sqrt_s = {card.beams.sqrt_s:g} GeV is below the threshold of "
            f"{threshold:g} GeV for {card.process.name!r}; a plain number is in GeV, "
            "'13 TeV' is a text"
        )
    amplitudes = list(_amplitudes(numbered, model, amplitude, card.process.bwcutoff))
    beams = _beams(card, definitions, density)
    if beams.pdf is not None:
        pairs = [pair for item in amplitudes for pair in item.flavours]
        require_partons(beams.pdf, pairs, beams)
    diagrams = skeletons(groups, model)
    shared = set.intersection(*(set(item.windows) for item in amplitudes))
    functions, bias = EventFunctions(card, groups, model), card.generation.bias
    chosen = WindowedCuts(build_cuts(card, groups, masses, functions), shared)
    _require_room(card, amplitudes, chosen)
    cuts = _finite(card, beams, diagrams, chosen)
    channels = _channels(card, groups, diagrams, masses, cuts, beams)
    energies = card.beams.beam_energies
    return HardProcess(
        amplitudes,
        channels if energies[0] == energies[1] else MovingBeams(channels, energies),
        cuts,
        beams,
        alpha_s=_coupling(card, beams.pdf),
        renormalization_scale=functions.scale(
            card.scales.renormalization, "scales.renormalization"
        ),
        factorization_scale=functions.scale(card.scales.factorization, "scales.factorization"),
        shower_scale=functions.scale(
            card.scales.of_showers(densities=card.beams.pdf is not None), "scales.shower"
        ),
        bias=None if bias is None else functions.positive(bias, "generation.bias"),
        groups_of_channels=symmetry_groups(channels, groups),
        sample_subprocesses=card.integration.subprocesses == "sample",
        sample_helicities=card.integration.helicities == "sample",
        recipe=(_from_json, (card.model_dump_json(), amplitude, density)),
    )


@lru_cache(maxsize=4)
def _from_json(card: str, amplitude: AmplitudeProvider, density: DensityProvider) -> HardProcess:
    """Build a process in a worker, once for all the batches that it evaluates."""
    return assemble(RunCard.model_validate_json(card), amplitude, density)


def _require_known(groups: Sequence[SubprocessGroup]) -> None:
    for process in (group.representative for group in groups):
        if len(process.incoming) != 2:
            name = process.with_orders(CouplingOrders()).name
            raise CardError(
                f"process.definition: {name!r} is a decay, which has a width and no cross section: "
                f"`mcsurrogate width '{name}'`"
            )


def _amplitudes(
    numbered: Sequence[tuple[int, SubprocessGroup]],
    model: StandardModel,
    provider: AmplitudeProvider,
    bwcutoff: float,
) -> Iterator[Amplitude]:
    for number, group in numbered:
        element = provider(group.representative, model)
        for permutation in group.permutations:
            yield Amplitude(
                element,
                permutation,
                tuple(m for m in group.members if m.permutation == permutation),
                mass_windows(group.representative, permutation, model, bwcutoff),
                depends_on_boost(group.representative, model),
                number,
            )


def _require_massless_beams(groups: Sequence[SubprocessGroup], model: StandardModel) -> None:
    for pdg in {pdg for group in groups for member in group.members for pdg in member.pdg_ids[:2]}:
        particle = particle_by_pdg(pdg)
        mass = as_number(particle.mass(model))
        if mass > 0:
            remedy = (
                "set [model] bottom_mass = 0 for five massless flavours, or "
                "[process] light_flavours = 4"
                if abs(pdg) == 5
                else "name massless ones"
            )
            raise CardError(
                f"beams: an incoming {particle.name} of {mass:g} GeV has a mass; {remedy}"
            )


def _outgoing_masses(groups: Sequence[SubprocessGroup], model: StandardModel) -> list[float]:
    members = [member.pdg_ids[2:] for group in groups for member in group.members]
    masses = [[as_number(particle_by_pdg(pdg).mass(model)) for pdg in ids] for ids in members]
    for ids, found in zip(members, masses, strict=True):
        if found != masses[0]:
            raise ProcessError(
                f"subprocesses with outgoing particles {members[0]} and {ids} have different "
                "masses or numbers of legs; give them runs of their own, and merge their events"
            )
    return masses[0]


def _require_room(card: RunCard, amplitudes: Sequence[Amplitude], cuts: Cuts) -> None:
    """Refuse definitions whose resonances are never within their windows."""
    for number, text in enumerate(card.process.definitions, start=1):
        closed = [
            closed_window(item.windows, cuts) for item in amplitudes if item.process_id == number
        ]
        found = [item for item in closed if item is not None]
        if found and len(found) == len(closed):
            window, least = found[0]
            raise ProcessError(
                f"{text}: nothing is left: {particle_by_pdg(window.pdg).name} is within "
                f"{card.process.bwcutoff:g} widths of its mass ([process] bwcutoff), at most "
                f"{window.maximum:.6g} GeV, and its products have at least {least:.6g} GeV by "
                "their masses, windows and cuts; name what a product off its mass shell decays "
                "into in the place of it, 'h > w+ e- ve~'"
            )


def _finite(card: RunCard, beams: Beams, diagrams: Sequence[Skeleton], cuts: Cuts) -> Cuts:
    """Refuse an infinite cross section; return the cuts, with a least energy of hadron beams.

    A finite one has nothing to lose where the partons have no energy, and mappings need a limit.
    """
    everything = frozenset(range(2, 2 + len(cuts.masses)))
    least, hadronic = cuts.least_mass(everything), any(beams.hadronic)
    if least >= card.beams.sqrt_s:
        raise CardError(
            f"cuts: with them {card.process.name!r} needs at least {least:g} GeV, and the beams "
            f"have {card.beams.sqrt_s:g} GeV"
        )
    require_finite(
        card.process.name,
        singular_limits(diagrams, cuts.masses, hadronic=hadronic),
        cuts,
        LimitEvents(cuts.masses, card.beams.sqrt_s, beams.hadronic, least),
        frozenset(jet_flavours(card)),
    )
    if not hadronic or least > 0:
        return cuts
    ids = {pdg for diagram in diagrams for pdg in diagram.pdg_ids[2:]}
    limit = Cut("system_mass", tuple(sorted(ids)), minimum=_LEAST_ENERGY)
    return cuts.with_cut(limit)


def _beams(
    card: RunCard, definitions: Sequence[ProcessDefinition], density: DensityProvider
) -> Beams:
    particles = beam_particles(card, definitions)
    name = card.beams.pdf
    return Beams(particles, None if name is None else density(name, card.beams.pdf_member))


def _channels(
    card: RunCard,
    groups: Sequence[SubprocessGroup],
    diagrams: Sequence[Skeleton],
    masses: Sequence[float],
    cuts: Cuts,
    beams: Beams,
) -> Channels:
    if len(masses) == 1:
        if masses[0] == 0:
            raise CardError(
                f"process.definition: {card.process.name!r}: partons on their mass shells make no "
                "single particle without mass; name what it recoils from as well, 'p p > a j'"
            )
        if not all(beams.hadronic):
            raise CardError(
                f"process.definition: {card.process.name!r} at a fixed energy is a delta function "
                "of it; name what the particle decays into, 'e+ e- > z > mu+ mu-', or take two "
                "hadron beams"
            )
        return SingleParticle(masses[0], card.beams.sqrt_s)
    mixed = any(beams.hadronic) and not all(beams.hadronic)
    mapping = card.phase_space.mapping
    first, second = card.beams.beam_energies
    moving = first != second and any(beams.hadronic)
    if moving and mapping == "transverse":
        raise CardError(
            "phase_space.mapping: 'transverse' draws rapidities within the cuts, and these are in "
            "a frame where the beams have different energies; take 'diagrams'"
        )
    if mixed and mapping == "transverse":
        raise CardError(
            "phase_space.mapping: 'transverse' draws the momenta of two partons, and one beam has "
            "none; take 'diagrams'"
        )
    channels = build_channels(
        groups,
        diagrams,
        masses,
        card.beams.sqrt_s,
        cuts,
        hadronic=any(beams.hadronic),
        mapping="diagrams" if mixed or moving else mapping,
    )
    return OneHadron(channels, beams.hadronic.index(True)) if mixed else channels


def _coupling(
    card: RunCard, pdf: PartonDensity | None
) -> float | Callable[[Tensor | float], Tensor]:
    if card.scales.alpha_s != "pdf":
        return card.scales.alpha_s
    if pdf is None:
        raise CardError("scales.alpha_s = 'pdf', but beams.pdf is missing; give a number")
    return pdf.alpha_s
