# SPDX-License-Identifier: GPL-3.0-or-later
"""Particles against antiparticles, species by species: numbers, and directions along the beam."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.analysis import Events
from mcsurrogate.events import Particles, among, groups_of
from mcsurrogate.validation.histograms import Values
from mcsurrogate.validation.observables.registry import (
    Observable,
    Section,
    linear,
    of_particles,
    register,
)

__all__ = [
    "ALONG_BEAMS",
    "BOTTOM",
    "CHARM",
    "CONJUGATION",
    "SIGNED_ANGLE",
    "SIGNED_RAPIDITY",
    "last_copies_with_sign",
]

_conjugation = Section("correlation", feature=False, specific=True)

FloatArray = NDArray[np.float64]

_BEAM = 4
_MOST_FORWARD = 10.0
CHARM = (411, 421, 431, 4122)
BOTTOM = (-511, -521, -531, 5122)

_SPECIES: tuple[tuple[str, str, str, tuple[int, ...]], ...] = (
    ("pion", "charged pions", r"\pi^\pm", (211,)),
    ("kaon", "charged kaons", r"K^\pm", (321,)),
    ("proton", "protons and antiprotons", r"p, \bar p", (2212,)),
    ("lambda", "Lambda baryons", r"\Lambda", (3122,)),
    ("electron", "electrons", r"e^\pm", (-11,)),
    ("muon", "muons", r"\mu^\pm", (-13,)),
    ("tau", "tau leptons", r"\tau^\pm", (-15,)),
    ("charm", "weakly decaying charmed hadrons", "c", CHARM),
    # mesons with a positive PDG number hold an antiquark b
    ("bottom", "weakly decaying hadrons with a bottom quark", "b", BOTTOM),
)
"""Name, words, symbol, and the PDG numbers that count as positive."""

_NET: tuple[tuple[str, tuple[int, ...]], ...] = (
    (r"$\pi^+$", (211,)),
    ("$K^+$", (321,)),
    ("$p$", (2212,)),
    ("$n$", (2112,)),
    (r"$\Lambda$", (3122,)),
    (r"$\Sigma^-$", (3112,)),
    (r"$\Sigma^+$", (3222,)),
    (r"$\Xi^-$", (3312,)),
    (r"$\Omega^-$", (3334,)),
    ("$e^-$", (11,)),
    (r"$\mu^-$", (13,)),
    (r"$\tau^-$", (15,)),
    (r"$\nu$", (12, 14, 16)),
    ("$W^+$", (24,)),
    ("t", (6,)),
    ("$K^{*0}$", (313,)),
    ("$K^{*+}$", (323,)),
    ("$D^+$", (411,)),
    ("$D^0$", (421,)),
    ("$D_s^+$", (431,)),
    (r"$\Lambda_c$", (4122,)),
    ("$B^0$", (511,)),
    ("$B^+$", (521,)),
    ("$B_s$", (531,)),
    (r"$\Lambda_b$", (5122,)),
)


def last_copies_with_sign(events: Events, pids: tuple[int, ...]) -> tuple[Particles, np.ndarray]:
    """Last copies of particles with these numbers and their antiparticles, and their signs."""
    chunk = events.chunk
    own = among(np.abs(chunk.pid), map(abs, pids)) & (chunk.status != _BEAM)
    found = chunk.select(chunk.last_copies(own))
    return found, np.where(among(found.pid, pids), 1.0, -1.0)


def _angle(pids: tuple[int, ...]) -> Callable[[Events], Values]:
    def compute(events: Events) -> Values:
        found, sign = last_copies_with_sign(events, pids)
        return of_particles(found, sign * found.cos_theta)

    return compute


def _rapidity(pids: tuple[int, ...]) -> Callable[[Events], Values]:
    def compute(events: Events) -> Values:
        found, sign = last_copies_with_sign(events, pids)
        return of_particles(found, sign * found.rapidity)

    return compute


def _net(measure: Callable[[Particles, Events], FloatArray]) -> Callable[[Events], Values]:
    """Species of each last copy, weighted by the sign of its PDG number and by a measure."""

    def compute(events: Events) -> Values:
        chunk = events.chunk
        slot = groups_of(np.abs(chunk.pid), tuple(pids for _, pids in _NET))
        index = chunk.last_copies((slot >= 0) & (chunk.status != _BEAM))
        own = chunk.select(index)
        weight = np.sign(own.pid) * measure(own, events)
        return Values(slot[index].astype(np.float64) + 0.5, own.event, weight)

    return compute


def _signed(
    kind: str,
    title: str,
    symbol: str,
    edges: tuple[float, ...],
    compute: Callable[[tuple[int, ...]], Callable[[Events], Values]],
) -> tuple[Observable, ...]:
    return tuple(
        _conjugation(
            f"{name}_signed_{kind}",
            f"{title} of {words} times their sign",
            rf"${symbol}({latex})$",
            edges,
            compute(pids),
            f"last copies of {words}, +1 for particles with positive charge or with the quark, -1 "
            "for their antiparticles (neutral: +1 for the baryon)",
        )
        for name, words, latex, pids in _SPECIES
    )


SIGNED_ANGLE = _signed(
    "angle", "Cosine of the polar angle", r"\pm\cos\theta", linear(-1, 1, 20), _angle
)
SIGNED_RAPIDITY = _signed("rapidity", "Rapidity", r"\pm y", linear(-5, 5, 20), _rapidity)


def _outward(particles: Particles, _: Events) -> FloatArray:
    """Absolute rapidity, bounded for what has none."""
    return np.minimum(np.abs(particles.rapidity), _MOST_FORWARD)


_NETS = tuple(
    _conjugation(
        name,
        f"Particles minus antiparticles by species{words}",
        "species",
        linear(0, len(_NET), len(_NET)),
        _net(measure),
        f"mean number of particles minus that of antiparticles{words}, last copies, decayed ones "
        "included",
        categories=tuple(label for label, _ in _NET),
        density=False,
    )
    for name, words, measure in (
        ("net_species", "", lambda particles, _: np.ones(len(particles))),
        (
            "net_species_forward",
            ", forward minus backward along the beam",
            lambda particles, _: np.sign(particles.pz),
        ),
        (
            "net_species_momentum",
            ", weighted with 2p / sqrt(s)",
            lambda particles, events: 2.0 * particles.p / events.energy_scale[particles.event],
        ),
        ("net_species_outward", f", weighted with |y| (at most {_MOST_FORWARD:g})", _outward),
        (
            "net_species_transverse",
            ", weighted with ln(1 + pT / GeV)",
            lambda particles, _: np.log1p(particles.pt),
        ),
    )
)
CONJUGATION, ALONG_BEAMS = _NETS[:3], (*_NETS[:2], *_NETS[3:])
"""Of annihilation, and of collisions of hadrons, whose partons have momenta of their own."""

register(*SIGNED_ANGLE, *SIGNED_RAPIDITY, *_NETS)
