# SPDX-License-Identifier: GPL-3.0-or-later
r"""Limits in which a cross section at tree level is infinite, and whether the cuts leave them open.

A squared amplitude behaves like :math:`\lambda^{-2}` times its phase space, and the integral
diverges as :math:`\int d\lambda / \lambda`, where

- a massless vector that couples to an external particle, or a pair that it splits into, is soft;
- two outgoing particles that come from a massless propagator are collinear (the photon pole);
- an outgoing particle is collinear to a beam that exchanges a massless particle with the rest;
- the whole final state of a hadron collision has no energy: without any mass, cross sections of
  partons are in proportion to 1 / s_hat

(R. K. Ellis, W. J. Stirling, B. R. Webber, *QCD and Collider Physics*, sections 5.1 to 5.4), and
worse where a propagator without width is on its mass shell.  Every such limit is one propagator of
one diagram; a massive one, or a width, makes it finite, but for the width of an external particle
that emits: its propagator is at its mass shell whatever stands there for its decay.  Limits of more
particles contain one of these.  Whether a limit is open is asked of the cuts themselves: events
next to it are made, and one that passes is enough.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mcsurrogate.errors import ProcessError
from mcsurrogate.hard_process.limit_events import LimitEvents
from mcsurrogate.hard_process.skeletons import Skeleton
from mcsurrogate.matrix_elements import antiparticle, particle_by_pdg
from mcsurrogate.phase_space import Cuts

__all__ = ["Limit", "require_finite", "singular_limits"]

_VECTORS = (21, 22)


@dataclass(frozen=True, slots=True)
class Limit:
    """One singular limit.

    Attributes
    ----------
    kind
        ``soft``, ``collinear``, ``beam``, ``energy`` or ``pole``.
    legs
        The outgoing legs in it; the beam, leg 0 or 1, first where it is about one.
    pdg_ids
        Of these legs, in one of the subprocesses.
    mass
        Of the propagator, for a ``pole``.
    """

    kind: str
    legs: tuple[int, ...]
    pdg_ids: tuple[int, ...]
    mass: float = 0.0

    def describe(self) -> str:
        """Say what happens there."""
        names = [particle_by_pdg(pdg).name for pdg in self.pdg_ids]
        outgoing = " and ".join(names[1:] if self.kind == "beam" else names)
        return {
            "soft": f"{outgoing} soft",
            "collinear": f"{outgoing} collinear",
            "beam": f"{outgoing} along beam {self.legs[0] + 1} ({names[0]})",
            "energy": f"{outgoing} with no energy (massless propagators)",
            "pole": f"{outgoing} at the pole of a stable particle of {self.mass:g} GeV",
        }[self.kind]


def singular_limits(
    found: Sequence[Skeleton], masses: Sequence[float], *, hadronic: bool
) -> list[Limit]:
    """Return the limits that diverge without cuts, each once.

    Parameters
    ----------
    found
        Of all subprocesses.
    masses
        Of the outgoing legs in GeV.
    hadronic
        Whether the partonic energy is integrated over.
    """
    limits: dict[tuple[str, tuple[int, ...]], Limit] = {}
    for skeleton in found:
        for limit in _of_skeleton(skeleton, masses, hadronic):
            limits.setdefault((limit.kind, limit.legs), limit)
    return list(limits.values())


def _of_skeleton(skeleton: Skeleton, masses: Sequence[float], hadronic: bool) -> Iterator[Limit]:
    pdg = skeleton.pdg_ids
    everything = frozenset(range(len(pdg)))
    outgoing = everything - {0, 1}
    mass_of = {leg: 0.0 if leg < 2 else masses[leg - 2] for leg in everything}
    massless = all(mass_of[leg] == 0 for leg in outgoing)
    if (
        hadronic
        and massless
        and len(outgoing) > 1
        and all(mass == 0 for _, mass, _ in skeleton.lines)
    ):
        yield Limit("energy", tuple(sorted(outgoing)), pdg[2:])

    def soft_emission(legs: frozenset[int], mass: float) -> Iterator[Limit]:
        for leg in legs - {0, 1}:
            (other,) = legs - {leg}
            if pdg[leg] in _VECTORS and mass == mass_of[other]:
                yield Limit("soft", (leg,), (pdg[leg],))

    for side, mass, width in skeleton.lines:
        if width > 0:
            if len(side) == 2 and not {0, 1} & set(side):
                yield from soft_emission(frozenset(side), mass)
            continue
        for legs in (frozenset(side), everything - frozenset(side)):
            beams, ordered = legs & {0, 1}, tuple(sorted(legs))
            ids = tuple(pdg[leg] for leg in ordered)
            if len(beams) == 2 or (skeleton.is_loop and not beams):
                continue
            if len(legs) == 2:
                yield from soft_emission(legs, mass)
            light = mass == 0 and all(mass_of[leg] == 0 for leg in legs)
            if len(beams) == 1:
                if light and len(legs) == 2:
                    yield Limit("beam", ordered, ids)
            elif light and len(legs) == 2:
                if legs != outgoing:
                    yield Limit("collinear", ordered, ids)
                    if ids[0] == antiparticle(ids[1]):
                        yield Limit("soft", ordered, ids)
            elif mass > sum(mass_of[leg] for leg in legs) and (hadronic or legs != outgoing):
                yield Limit("pole", ordered, ids, mass)


def require_finite(
    name: str, limits: Sequence[Limit], cuts: Cuts, events: LimitEvents, jets: frozenset[int]
) -> None:
    """Refuse a process of which the cuts leave a singular limit open.

    Parameters
    ----------
    name
        Of the process, for the message.
    limits
        Its singular limits.
    cuts
        Its cuts.
    events
        Makes events next to a limit.
    jets
        PDG ids that the card means by ``jets``.

    Raises
    ------
    ProcessError
        A limit is open; the message has the lines of the card that close it.
    """
    remaining = [limit for limit in limits if _is_open(limit, cuts, events)]
    if not remaining:
        return
    lines = dict.fromkeys(line for limit in remaining for line in _closing(limit, jets))
    raise ProcessError(
        f"{name}: the cross section is infinite: the cuts leave open "
        f"{'; '.join(dict.fromkeys(limit.describe() for limit in remaining))}. Add to the card, "
        "with limits of your own:\n" + "\n".join(lines)
    )


def _is_open(limit: Limit, cuts: Cuts, events: LimitEvents) -> bool:
    if limit.kind == "pole":
        return cuts.least_mass(frozenset(limit.legs)) <= limit.mass
    momenta = {
        "soft": events.soft,
        "collinear": events.collinear,
        "beam": events.along_beam,
        "energy": events.without_energy,
    }[limit.kind](limit.legs)
    return momenta is not None and bool(cuts(momenta).any())


def _closing(limit: Limit, jets: frozenset[int]) -> list[str]:
    """Return the cuts of a card that close a limit."""
    outgoing = limit.pdg_ids[1:] if limit.kind == "beam" else limit.pdg_ids
    names = sorted({_group(pdg, jets) for pdg in outgoing})
    neutral = len(outgoing) == 2 and outgoing[0] == antiparticle(outgoing[1])
    of_leptons = names == ["leptons"]
    if limit.kind == "pole":
        ids = "[" + ", ".join(str(pdg) for pdg in sorted(set(outgoing))) + "]"
        return [_cut("system_mass", ids, f"minimum = {limit.mass + 10:.1f}")]
    if limit.kind in ("collinear", "energy") and neutral and of_leptons:
        return [_cut("mass", '["leptons"]', "minimum = 50.0")]
    if limit.kind == "collinear":
        others = "" if len(names) == 1 else f'\nothers = ["{names[1]}"]'
        return [_cut("delta_r", f'["{names[0]}"]{others}', "minimum = 0.4")]
    return [_cut("pt", f'["{group}"]', "minimum = 20.0") for group in names]


def _cut(observable: str, particles: str, limit: str) -> str:
    return f'[[cuts]]\nobservable = "{observable}"\nparticles = {particles}\n{limit}'


def _group(pdg: int, jets: frozenset[int]) -> str:
    if pdg in jets:
        return "jets"
    if pdg == 22:
        return "photons"
    return "leptons" if abs(pdg) > 10 else "b"
