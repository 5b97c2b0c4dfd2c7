# SPDX-License-Identifier: GPL-3.0-or-later
"""The cuts of a card, applied to the legs of its process."""

import math
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from mcsurrogate.cards import CutSection, RunCard
from mcsurrogate.errors import CardError, PhaseSpaceError
from mcsurrogate.hard_process.event_functions import EventFunctions
from mcsurrogate.matrix_elements import SubprocessGroup, particle_by_pdg
from mcsurrogate.phase_space import CUT_PRESETS, Cut, Cuts, EventCut, Isolation, JetCuts

__all__ = ["build_cuts", "jet_flavours"]

_GLUON = 21
Names = tuple[str | int, ...]


def jet_flavours(card: RunCard) -> tuple[int, ...]:
    """PDG ids that the card means by ``jets``."""
    flavours = range(1, card.process.light_flavours + 1)
    return (_GLUON, *(sign * q for q in flavours for sign in (1, -1)))


def build_cuts(
    card: RunCard,
    groups: Sequence[SubprocessGroup],
    masses: Sequence[float],
    functions: EventFunctions,
) -> Cuts:
    """Build the cuts of a card.

    Parameters
    ----------
    card
        The card.
    groups
        Its subprocesses, their outgoing legs in the same order.
    masses
        Of the outgoing legs in GeV.
    functions
        Reads its functions of events.

    Raises
    ------
    CardError
        A cut is impossible, or is for other legs in one subprocess than in another.
    """
    light = jet_flavours(card)
    cuts = [_cut(section, light) for section in card.cuts if not section.is_function]
    if card.preset_cuts is not None:
        cuts += CUT_PRESETS[card.preset_cuts](_decay_products(groups), light)
    try:
        jets = _jets(card, light)
        isolation = _isolation(card, light)
        of_events = [
            EventCut(
                section.observable,
                functions.function(section.observable, f"cuts, number {number}"),
                *_limits(section),
            )
            for number, section in enumerate(card.cuts, start=1)
            if section.is_function
        ]
        found = [
            Cuts(
                member.pdg_ids,
                cuts,
                masses=masses,
                jets=jets,
                isolation=isolation,
                functions=of_events,
            )
            for group in groups
            for member in group.members
        ]
    except PhaseSpaceError as error:
        raise CardError(f"cuts: {error}") from error
    for other in found:
        if other.selection != found[0].selection:
            raise CardError(
                "cuts: they are for other particles in the subprocess "
                f"{_names(other.pdg_ids)} than in {_names(found[0].pdg_ids)}; name all of them, as "
                "'jets' and 'leptons' do, or give the subprocesses runs of their own"
            )
    return found[0]


def _names(pdg_ids: Sequence[int]) -> str:
    names = [particle_by_pdg(pdg).name for pdg in pdg_ids]
    return " ".join((*names[:2], ">", *names[2:]))


def _decay_products(groups: Sequence[SubprocessGroup]) -> frozenset[int]:
    """Legs that come from the decays of a chain."""
    found = {
        frozenset(permutation[leg] for item in group.representative.resonances for leg in item.legs)
        for group in groups
        for permutation in group.permutations
    }
    if len(found) > 1:
        raise CardError(
            "preset_cuts: decay products, which they pass over, stand at different places in "
            "different subprocesses; give these runs of their own, or write the cuts as [[cuts]]"
        )
    return found.pop()


def _meant(names: Names, light: tuple[int, ...]) -> Names:
    return tuple(pdg for name in names for pdg in (light if name == "jets" else (name,)))


def _cut(section: CutSection, light: tuple[int, ...], *, jets_alone: bool = False) -> Cut:
    names = ("jets",) if jets_alone else section.particles
    try:
        return Cut(
            section.observable,
            names if jets_alone else _meant(names, light),
            None if section.others is None else _meant(section.others, light),
            *_limits(section),
            ranks=section.ranks,
            same_flavour=section.same_flavour,
        )
    except PhaseSpaceError as error:
        raise CardError(f"cuts: {error}") from error


def _limits(section: CutSection) -> tuple[float, float]:
    return (
        -math.inf if section.minimum is None else section.minimum,
        math.inf if section.maximum is None else section.maximum,
    )


def _jets(card: RunCard, light: tuple[int, ...]) -> JetCuts | None:
    section = card.jets
    if section is None:
        return None
    found = JetCuts(
        section.count,
        section.radius,
        section.pt_min,
        section.eta_max,
        flavours=frozenset(light),
    )
    if not section.cuts:
        return found
    for number, cut in enumerate(section.cuts, start=1):
        if cut.is_function:
            raise CardError(
                f"jets.cuts, number {number}: {cut.observable!r} is of the particles of the "
                "process, not of jets; write it under [[cuts]]"
            )
        if cut.particles != ("jets",) or cut.others is not None or cut.same_flavour:
            raise CardError(
                f"jets.cuts, number {number}: what is clustered are jets alone; leave "
                'particles = ["jets"], and neither others nor same_flavour'
            )
    cuts = [_cut(cut, light, jets_alone=True) for cut in section.cuts]
    return replace(found, passes=_JetsPass(cuts))


class _JetsPass:
    """Cuts on however many jets there are."""

    def __init__(self, cuts: Sequence[Cut]) -> None:
        self._cuts = tuple(cuts)

    def __call__(self, jets: Tensor) -> Tensor:
        """Tell which events pass, of the momenta of their jets ``(N, k, 4)``."""
        events = torch.cat((torch.zeros_like(jets[:, :1]).expand(-1, 2, -1), jets), dim=1)
        return Cuts((0, 0, *[_GLUON] * jets.shape[1]), self._cuts)(events)


def _isolation(card: RunCard, light: tuple[int, ...]) -> Isolation | None:
    section = card.isolation
    if section is None:
        return None
    return Isolation(
        section.radius,
        section.epsilon,
        section.exponent,
        _meant(section.particles, light),
        _meant(section.others, light),
    )
