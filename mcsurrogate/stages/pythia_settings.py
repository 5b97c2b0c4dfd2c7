# SPDX-License-Identifier: GPL-3.0-or-later
"""Pythia settings that make both chains compute what the card says."""

from mcsurrogate.cards import MergingSection, RunCard
from mcsurrogate.errors import CardError
from mcsurrogate.hard_process import (
    BEAM_PARTICLES,
    beam_particles,
    read_definitions,
    standard_model,
)
from mcsurrogate.matrix_elements import as_number
from mcsurrogate.pdf import find_pdf

__all__ = [
    "beam_settings",
    "hard_process_settings",
    "merging_settings",
    "standard_settings",
    "surrogate_settings",
]

_FIXED_SCALES = {"1": 2, "2": 5, "3": 6, "3VV": 6}
"""Pythia's numbers of a fixed scale: 2 -> 1 and s-channels, 2 -> 2, 2 -> 3, boson fusion."""

_S_HAT = {"1": 1, "2": 4, "3": 5, "3VV": 5}
_RESONANCES = {"top": 6, "z": 23, "w": 24, "higgs": 25}
_PROTON = BEAM_PARTICLES["p"]
_TAU = 15


def beam_settings(card: RunCard) -> list[str]:
    """Beams and parton densities, alike for both chains.

    Pythia reads the same grid file as the integrator, also for showers, remnants and
    multiparton interactions. Lepton beams have no structure: all of their energy goes into the
    hard process.

    Raises
    ------
    CardError
        If Pythia has no such beams, or they are not those of the process definition.
    """
    beams = _beams(card)
    return [
        f"Beams:idA = {beams[0]}",
        f"Beams:idB = {beams[1]}",
        *_energies(card),
        *_structure(card, beams),
    ]


def _energies(card: RunCard) -> list[str]:
    if card.beams.energies is None:
        return [f"Beams:eCM = {card.beams.sqrt_s!r}"]
    first, second = card.beams.energies
    return ["Beams:frameType = 2", f"Beams:eA = {first!r}", f"Beams:eB = {second!r}"]


def _beams(card: RunCard) -> tuple[int, int]:
    if card.process.definition is None:
        first, second = card.beams.particles or ("p", "p")
        return BEAM_PARTICLES[first], BEAM_PARTICLES[second]
    definitions = read_definitions(card)
    found = beam_particles(card, definitions)
    if not all(beam in BEAM_PARTICLES.values() for beam in found):
        labels = " ".join(definitions[0].labels[:2])
        raise CardError(
            f"Pythia cannot continue events of the partonic beams {labels!r}; give beams.pdf for "
            "proton beams, or use `mcsurrogate generate --no-shower` for LHE events"
        )
    return found


def _structure(card: RunCard, beams: tuple[int, int]) -> list[str]:
    leptonic = ["PDF:lepton = off"] if any(abs(beam) < _PROTON for beam in beams) else []
    if card.beams.pdf is None:
        return leptonic
    if all(abs(beam) < _PROTON for beam in beams):
        raise CardError("beams.pdf: lepton beams have no parton densities here; leave it out")
    grid = find_pdf(card.beams.pdf, card.beams.pdf_member).grid
    return [*leptonic, f"PDF:pSet = LHAGrid1:{grid}"]


def surrogate_settings(card: RunCard) -> list[str]:
    """List the settings of the surrogate chain before its surrogates, in the order they act in.

    Beams and energy are missing where LHE events bring them. The settings of this chain alone
    come after those that load its surrogates.
    """
    lines = beam_settings(card)
    if not card.process.pythia:
        lines = _without_beams(lines)
    lines += [*resonance_settings(card), *_lepton_masses(card), *card.process.pythia]
    return [*lines, *merging_settings(card), *card.chain.settings]


def _lepton_masses(card: RunCard) -> list[str]:
    """Leave leptons from decays of taus in a chain without mass, as the amplitude has them.

    Pythia takes the energy for their masses from one other product, which may have too little; it
    then loses the event.
    """
    if card.process.definition is None:
        return []
    decays = [decay for definition in read_definitions(card) for decay in definition.decays]
    while decays:
        decay = decays.pop()
        if _TAU in map(abs, decay.pdg_ids):
            return ["LesHouches:setLeptonMass = 0"]
        decays += decay.decays
    return []


def resonance_settings(card: RunCard) -> list[str]:
    """Masses and widths of top, Z, W and Higgs, alike for both chains, which let them decay.

    Nothing without a process definition: then the model is Pythia's own, or that of the file.
    """
    if card.process.definition is None:
        return []
    model = standard_model(card.model)
    lines = []
    for name, number in _RESONANCES.items():
        mass, width = (as_number(getattr(model, f"{name}_{kind}")) for kind in ("mass", "width"))
        lines += [f"{number}:m0 = {mass!r}", f"{number}:mWidth = {width!r}"]
        # or Pythia puts its own width in the place of this one
        lines += [f"{number}:doForceWidth = on"]
    return lines


def merging_settings(card: RunCard) -> list[str]:
    """Return what tells Pythia to merge the samples of a card; empty without ``[merging]``.

    Raises
    ------
    CardError
        If the process is none that Pythia's merging has a word for.
    """
    section = card.merging
    if section is None:
        return []
    return _matching(card, section) if section.method == "mlm" else _ckkw_l(card, section)


def _ckkw_l(card: RunCard, section: MergingSection) -> list[str]:
    """Return the settings of Pythia's own merging."""
    measure = ["Merging:doPTLundMerging = on"]
    if section.measure == "kt":
        measure = ["Merging:doKTMerging = on", "Merging:ktType = 1"]
        measure += [f"Merging:Dparameter = {section.jet_radius!r}"]
    return [
        *measure,
        f"Merging:TMS = {section.scale!r}",
        f"Merging:nJetMax = {section.jets}",
        f"Merging:nQuarksMerge = {card.process.light_flavours}",
        f"Merging:Process = {section.process or _process_to_merge(card)}",
        *_scales_of_merging(card),
    ]


def _scales_of_merging(card: RunCard) -> list[str]:
    """Tell the factorisation scale of the matrix elements, which Pythia takes for SCALUP.

    Densities are replaced by those at the scales of an event's history.
    """
    scales = card.scales
    if scales.shower in (None, scales.factorization):
        return []
    if isinstance(scales.factorization, str):
        raise CardError(
            f"scales.shower = {scales.shower!r}: CKKW-L takes the start of showers for the "
            f"factorisation scale, which is {scales.factorization!r}; leave scales.shower out, or "
            "give a fixed factorisation scale"
        )
    return [f"Merging:muFacInME = {scales.factorization!r}"]


def _matching(card: RunCard, section: MergingSection) -> list[str]:
    """Return the settings of Pythia's jet matching: MadGraph's scheme, jets at all rapidities."""
    return [
        "JetMatching:merge = on",
        "JetMatching:setMad = off",
        "JetMatching:scheme = 1",
        "JetMatching:jetAlgorithm = 2",
        "JetMatching:slowJetPower = 1",
        "JetMatching:etaJetMax = 1000",
        f"JetMatching:coneRadius = {section.jet_radius!r}",
        f"JetMatching:eTjetMin = {section.scale!r}",
        f"JetMatching:qCut = {section.scale!r}",
        f"JetMatching:nQmatch = {card.process.light_flavours}",
        f"JetMatching:nJetMax = {section.jets}",
    ]


def _process_to_merge(card: RunCard) -> str:
    """Name the process without jets as Pythia's merging does; leptons of several kinds together."""
    (definition,) = read_definitions(card)
    labels, choices = definition.labels[2:], definition.choices[2:]
    incoming = "".join(definition.labels[:2])
    if not definition.decays and all(len(choice) == 1 for choice in choices):
        return f"{incoming}>{''.join(labels)}"
    kinds = {"LEPTONS": {11, 13, 15}, "NEUTRINOS": {12, 14, 16}}
    named = [
        next((kind for kind, ids in kinds.items() if {abs(pdg) for pdg in choice} <= ids), None)
        for choice in choices
    ]
    if definition.decays or None in named:
        raise CardError(
            f"merging.process: say what {card.process.name!r} is in the words of Pythia's "
            "'Merging:Process' (its manual, CKKW-L Merging), e.g. 'pp>(t>be+ve)(t~>b~e-ve~)'"
        )
    return f"{incoming}>{','.join(dict.fromkeys(kind for kind in named if kind))}"


def _without_beams(lines: list[str]) -> list[str]:
    return [line for line in lines if not line.startswith("Beams:")]


def standard_settings(card: RunCard) -> list[str]:
    """List the settings of the reference chain, in the order they act in.

    Of a card with ``[merging]`` it is the shower of the process without jets.

    Raises
    ------
    CardError
        If the card has no such chain, or asks for what Pythia's own processes do not have.
    """
    if card.chain.standard is None:
        raise CardError(
            "the card has no [chain.standard], the reference that the report compares with; "
            "add it, or use `mcsurrogate generate`"
        )
    if card.merging is not None:
        lines = [*_without_beams(beam_settings(card)), *resonance_settings(card)]
        lines += card.process.pythia
        return [*lines, *card.chain.standard.settings, *card.chain.settings]
    if card.process.definition is not None and not card.chain.standard.settings:
        raise CardError(
            "[chain.standard] needs the Pythia settings that switch the process on, e.g. "
            "settings = ['Top:gg2ttbar = on']"
        )
    beams = beam_settings(card)
    return [
        *(beams if card.process.events is None else _without_beams(beams)),
        *resonance_settings(card),
        *hard_process_settings(card),
        *card.process.pythia,
        *card.chain.standard.settings,
        *card.chain.settings,
    ]


def hard_process_settings(card: RunCard) -> list[str]:
    """Scales, coupling and flavours of Pythia's own process in place of ours.

    Its electroweak couplings stay its own.

    Nothing where Pythia makes the process of both chains: then its settings are in the card.

    Raises
    ------
    CardError
        If the card asks for what Pythia's internal processes do not have.
    """
    if card.cuts or any((card.jets, card.isolation, card.preset_cuts)):
        raise CardError(
            "cuts and jets: Pythia's own processes do not know them; use settings like "
            "'PhaseSpace:pTHatMin', or leave [chain.standard] out"
        )
    if card.process.definition is None:
        return []
    scales = card.scales
    settings = [
        f"PDFinProcess:nQuarkIn = {card.process.light_flavours}",
        *_pythias_scale("renorm", scales.renormalization),
        *_pythias_scale("factor", _scale_of_pythias_showers(card)),
        # The hard process has its particles on their mass shells, as ours.
        "PhaseSpace:useBreitWigners = off",
    ]
    if scales.alpha_s != "pdf":
        # Order 0 is a coupling that does not run.
        settings += [
            f"SigmaProcess:alphaSvalue = {scales.alpha_s!r}",
            "SigmaProcess:alphaSorder = 0",
        ]
    return settings


def _pythias_scale(name: str, value: float | str) -> list[str]:
    """Return the settings of a scale, whatever kind of process it is for."""
    if value == "sqrt_shat":
        return [f"SigmaProcess:{name}Scale{kind} = {s}" for kind, s in _S_HAT.items()]
    if isinstance(value, str):
        raise CardError(
            f"scales: {value!r} is no scale of Pythia's own processes; use a fixed one, sqrt_shat, "
            "or leave [chain.standard] out"
        )
    fixed = [f"SigmaProcess:{name}Scale{kind} = {own}" for kind, own in _FIXED_SCALES.items()]
    return [*fixed, f"SigmaProcess:{name}FixScale = {value**2!r}"]


def _scale_of_pythias_showers(card: RunCard) -> float | str:
    """Return the factorisation scale, where the showers of Pythia's own processes start too."""
    densities = card.beams.pdf is not None
    start = card.scales.of_showers(densities=densities)
    if densities and start != card.scales.factorization:
        raise CardError(
            f"scales.shower = {start!r}: the showers of Pythia's own processes start at the "
            "factorisation scale; leave one of the two out, or [chain.standard]"
        )
    return start
