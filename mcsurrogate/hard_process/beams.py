# SPDX-License-Identifier: GPL-3.0-or-later
"""Which particles the beams are, and the densities of their partons."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mcsurrogate.cards import RunCard
from mcsurrogate.errors import CardError
from mcsurrogate.matrix_elements import ProcessDefinition, antiparticle, particle_by_pdg
from mcsurrogate.pdf import MemberStack, PartonDensity, densities

__all__ = ["BEAM_PARTICLES", "Beams", "beam_particles", "require_partons"]

BEAM_PARTICLES = {"p": 2212, "p~": -2212, "e-": 11, "e+": -11, "mu-": 13, "mu+": -13}
"""PDG ids of the beams that a card can name."""

_PROTON = BEAM_PARTICLES["p"]
_NAMES = {pdg: name for name, pdg in BEAM_PARTICLES.items()}
_PHOTON = 22
_PARTONS = frozenset({*range(-6, 7), 21, 22}) - {0}


@dataclass(frozen=True, slots=True)
class Beams:
    """Two beam particles, of which hadrons have partons that carry a fraction of the momentum.

    Attributes
    ----------
    particles
        PDG ids; the first beam moves along +z.
    pdf
        Parton densities of the proton, None where no beam is a hadron. The antiproton's are
        those of the antipartons.
    """

    particles: tuple[int, int]
    pdf: PartonDensity | None

    @property
    def hadronic(self) -> tuple[bool, bool]:
        """Which beams have partons."""
        first, second = (abs(pdg) == _PROTON for pdg in self.particles)
        return first, second

    def luminosity(
        self, pairs: Sequence[tuple[int, int]], x1: Tensor, x2: Tensor, scale: Tensor
    ) -> Tensor:
        """Return the products x1 f_a(x1, mu) x2 f_b(x2, mu) of pairs of partons.

        Parameters
        ----------
        pairs
            PDG ids (a, b) of the P pairs: a from the first beam. A beam without partons has
            the density one.
        x1, x2
            Momentum fractions, ``(N,)``.
        scale
            Factorisation scale in GeV, ``(N,)``.

        Returns
        -------
        Tensor
            ``(N, P)``.
        """
        sides = [side for side, hadron in enumerate(self.hadronic) if hadron]
        if self.pdf is None or not sides:
            return x1.new_ones(len(x1), len(pairs))
        wanted = [
            [pair[side] if self.particles[side] > 0 else antiparticle(pair[side]) for pair in pairs]
            for side in sides
        ]
        ids = tuple(dict.fromkeys(pdg for partons in zip(*wanted, strict=True) for pdg in partons))
        # One call for both beams: the cost of a call counts for small batches.
        x = torch.cat([(x1, x2)[side] for side in sides])
        values = densities(self.pdf, x, scale.repeat(len(sides)), ids)
        values = values.reshape(len(sides), len(x1), len(ids))
        columns = [[ids.index(pdg) for pdg in partons] for partons in wanted]
        product = values[0][:, columns[0]]
        return product if len(sides) == 1 else product * values[1][:, columns[1]]

    def luminosity_of_members(
        self, members: MemberStack, incoming: Tensor, x1: Tensor, x2: Tensor, scale: Tensor
    ) -> Tensor:
        """Return the products of the densities of one pair of partons a point, in every member.

        Parameters
        ----------
        members
            M densities in the place of ``pdf``.
        incoming
            PDG ids ``(N, 2)``.
        x1, x2, scale
            As for `luminosity`.

        Returns
        -------
        Tensor
            ``(N, M)``.
        """
        product: Tensor | None = None
        for side, x in enumerate((x1, x2)):
            if not self.hadronic[side]:
                continue
            found, which = torch.unique(incoming[:, side], return_inverse=True)
            if self.particles[side] < 0:
                found = torch.tensor([antiparticle(pdg) for pdg in found.tolist()])
            values = members.xfx(found[which], x, scale)
            product = values if product is None else product.mul_(values)
        if product is None:
            return x1.new_ones(len(x1), len(members.members), dtype=torch.float64)
        return product


def require_partons(pdf: PartonDensity, pairs: Iterable[tuple[int, int]], beams: Beams) -> None:
    """Refuse densities without the photon that a process asks for, or without all its partons.

    A quark that a set of few flavours lacks has the density zero.

    Parameters
    ----------
    pdf
        The densities; of one's own that name no ``pdg_ids`` nothing is known.
    pairs
        PDG ids of the incoming partons of the subprocesses.
    beams
        Which of them come from hadrons.

    Raises
    ------
    CardError
        If one is missing, with its name.
    """
    known = getattr(pdf, "pdg_ids", None)
    if known is None:
        return
    missing = [
        {pdg for pdg, hadron in zip(pair, beams.hadronic, strict=True) if hadron} - set(known)
        for pair in pairs
    ]
    found = set.union(*missing)
    if all(missing) or _PHOTON in found:
        names = " ".join(particle_by_pdg(pdg).name for pdg in sorted(found))
        raise CardError(
            f"beams.pdf: {pdf.name} has no {names}, which the process has in its initial state; "
            "take a set that has (of photons those with 'qed' in their names)"
        )


def beam_particles(card: RunCard, definitions: Sequence[ProcessDefinition]) -> tuple[int, int]:
    """Return the PDG ids of the beams of the process definitions of a card.

    What stands for partons, ``p``, ``p~`` or definite ones, comes from a proton unless
    ``beams.particles`` says otherwise; leptons are beams themselves, and so are partons where
    the card has no parton densities.

    Raises
    ------
    CardError
        If the process cannot have the beams of the card, or densities are missing or idle.
    """
    found = {
        tuple(_beam(card, definition, text, side) for side in (0, 1)): text
        for definition, text in zip(definitions, card.process.definitions, strict=True)
    }
    if len(found) > 1:
        raise CardError(
            f"process.definition: {' and '.join(map(repr, found.values()))} have different beams; "
            "give them runs of their own"
        )
    ((first, second),) = found
    if card.beams.pdf is not None and _PROTON not in (abs(first), abs(second)):
        raise CardError("beams.pdf: lepton beams have no parton densities here; leave it out")
    return first, second


def _beam(card: RunCard, definition: ProcessDefinition, text: str, side: int) -> int:
    label, choice = definition.labels[side], definition.choices[side]
    named = None if card.beams.particles is None else card.beams.particles[side]
    hadron = label.lower() in ("p", "p~")
    if card.beams.pdf is None and (hadron or len(choice) > 1):
        raise CardError(
            f"beams.pdf is missing: {label!r} in {text!r} is a hadron; name "
            "a PDF set (`mcsurrogate info` lists them), or definite incoming partons"
        )
    if card.beams.pdf is not None and set(choice) <= _PARTONS:
        found = -_PROTON if label.lower() == "p~" else _PROTON
        # 'p' is the set of partons, which those of an antiproton are as well.
        fits = named is None or BEAM_PARTICLES[named] in (found, -_PROTON)
    else:
        found = choice[0]
        fits = len(choice) == 1 and (named is None or BEAM_PARTICLES[named] == found)
    if not fits:
        what = f"{label!r} in {text!r}"
        beam = "one beam particle" if named is None else f"a beam of {named!r}"
        raise CardError(
            f"beams.particles: {what} cannot come from {beam}; the process needs "
            f"{_NAMES.get(found, 'a definite parton or lepton')!r} there"
        )
    return found if named is None else BEAM_PARTICLES[named]
