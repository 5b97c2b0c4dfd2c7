# SPDX-License-Identifier: GPL-3.0-or-later
"""Spins that decays show: of tau leptons, top quarks, W and Z bosons, one by one and in pairs."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.analysis import Events, boosted_cosine, rest_frame_momenta
from mcsurrogate.events import Particles, among
from mcsurrogate.validation.histograms import Values
from mcsurrogate.validation.observables.registry import Section, linear, register

__all__ = ["BOSON_SPIN", "TAU_SPIN", "TOP_SPIN"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_spin = Section("correlation", specific=True)
_NEUTRINO, _PION, _NEUTRAL_PION = 16, 211, 111
_LEPTONS, _DOWN_TYPE = (11, 13, 15), (1, 3, 5, 11, 13, 15)


def _taus(events: Events) -> tuple[IntArray, IntArray, IntArray]:
    """Decayed tau leptons, and number of the tau and position of each product."""
    chunk = events.chunk
    index = chunk.last_copies(np.abs(chunk.pid) == 15)
    index = index[chunk.end_vertex[index] >= 0]
    return index, *chunk.children(index)


def _visible_fraction(events: Events) -> tuple[IntArray, FloatArray, IntArray]:
    """Event, visible share of the energy, and number of visible hadrons (0: leptonic)."""
    chunk = events.chunk
    index, parent, child = _taus(events)
    energy, magnitude = chunk.columns["e"], np.abs(chunk.pid[child])
    dark = np.isin(magnitude, (12, 14, 16))
    n = len(index)
    lost = np.bincount(parent[dark], weights=energy[child[dark]], minlength=n)
    hadrons = np.bincount(parent[chunk.species.hadron[child]], minlength=n)
    with np.errstate(divide="ignore", invalid="ignore"):
        return chunk.event[index], 1.0 - lost / energy[index], hadrons


def _tau_share(hadrons: Callable[[IntArray], NDArray[np.bool_]]) -> Callable[[Events], Values]:
    def compute(events: Events) -> Values:
        event, share, number = _visible_fraction(events)
        own = hadrons(number)
        return Values(share[own], event[own])

    return compute


def _rho_share(events: Events) -> Values:
    """(E_pi - E_pi0) / (E_pi + E_pi0) of decays to a charged and a neutral pion."""
    chunk = events.chunk
    index, parent, child = _taus(events)
    magnitude, n = np.abs(chunk.pid[child]), len(index)
    energies, single = [], np.bincount(parent, minlength=n) == 3
    for pid in (_PION, _NEUTRAL_PION):
        own = magnitude == pid
        single &= np.bincount(parent[own], minlength=n) == 1
        energy = chunk.columns["e"][child[own]]
        energies.append(np.bincount(parent[own], weights=energy, minlength=n)[:n])
    charged, neutral = (energy[single] for energy in energies)
    return Values((charged - neutral) / (charged + neutral), chunk.event[index][single])


def _tau_pair(events: Events) -> FloatArray:
    """Product of 2 x - 1 of the two taus of the events that have two."""
    event, share, _ = _visible_fraction(events)
    number = np.bincount(event, minlength=len(events))
    product = np.ones(len(events))
    np.multiply.at(product, event, 2.0 * share - 1.0)
    return np.where(number == 2, product, np.nan)


def _forward_share(events: Events) -> Values:
    """2 x - 1 with the sign of cos(theta) of the negative tau lepton, as each tau tells it."""
    chunk = events.chunk
    index, *_ = _taus(events)
    event, share, _ = _visible_fraction(events)
    side = np.sign(chunk.pid[index]) * np.sign(chunk.columns["pz"][index])
    return Values(side * (2.0 * share - 1.0), event)


def _planes(events: Events) -> FloatArray:
    """Cosine of the angle between the planes of tau flight and visible products of two taus."""
    chunk = events.chunk
    index, parent, child = _taus(events)
    seen = ~among(np.abs(chunk.pid[child]), (12, 14, 16))
    own = chunk.select(index)
    visible = np.stack(
        [
            np.bincount(parent[seen], chunk.columns[name][child[seen]], minlength=len(index))
            for name in ("px", "py", "pz")
        ],
        axis=1,
    )
    # flights of two taus point in opposite directions
    flight = np.sign(own.pid)[:, None] * np.stack((own.px, own.py, own.pz), axis=1)
    normal = np.cross(flight, visible)
    with np.errstate(divide="ignore", invalid="ignore"):
        normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    product = sum(own.take(x, 0) * own.take(x, 1) for x in normal.T)
    return np.where(own.counts == 2, product, np.nan)


def _collins_soper(events: Events) -> Values:
    """Cosine of the fermion of Z decays in the Collins-Soper frame, with the sign of pz of the Z.

    The axis bisects the beams in the rest frame of the Z (Phys. Rev. D 16 (1977) 2219).
    """
    chunk = events.chunk
    index = chunk.last_copies(chunk.pid == 23)
    parent, child = chunk.children(index)
    own = (chunk.pid[child] > 0) & (chunk.pid[child] < 17)
    single = np.bincount(parent[own], minlength=len(index)) == 1
    kept = own & single[parent]
    boson, fermion = chunk.select(index[parent[kept]]), chunk.select(child[kept])
    frame = boson.energy, np.stack((boson.px, boson.py, boson.pz)), boson.mass
    light = np.outer((0.0, 0.0, 1.0), np.ones(len(boson)))
    one, other = (
        rest_frame_momenta(np.ones(len(boson)), side * light, *frame) for side in (1.0, -1.0)
    )
    axis = one / np.sqrt((one**2).sum(axis=0)) - other / np.sqrt((other**2).sum(axis=0))
    momentum = np.stack((fermion.px, fermion.py, fermion.pz))
    momentum = rest_frame_momenta(fermion.energy, momentum, *frame)
    cosine = (axis * momentum).sum(axis=0)
    cosine /= np.sqrt((axis**2).sum(axis=0) * (momentum**2).sum(axis=0))
    return Values(np.sign(boson.pz) * cosine, boson.event)


def _sum(one: Particles, other: Particles) -> Particles:
    return Particles(
        one.px + other.px,
        one.py + other.py,
        one.pz + other.pz,
        one.energy + other.energy,
        one.event,
        one.n_events,
    )


def _top_angles(events: Events) -> tuple[Particles, FloatArray]:
    """Analysers of top decays, and the cosine of their angle in the top's rest frame."""
    decays = events.top_decays
    top = _sum(decays.boson, decays.bottom)
    # both top quarks of an event are seen from the rest frame of their pair
    both = top.total().regrouped(top.event, top.event, top.n_events)
    return decays.analyser, -boosted_cosine(decays.analyser, both, top)


def _top_angle(events: Events) -> Values:
    analyser, cosine = _top_angles(events)
    two = analyser.counts[analyser.event] == 2
    return Values(cosine[two], analyser.event[two])


def _top_product(events: Events) -> FloatArray:
    analyser, cosine = _top_angles(events)
    return analyser.take(cosine, 0) * analyser.take(cosine, 1)


def _boson_angle(boson: int) -> Callable[[Events], Values]:
    """Cosine of the fermion (W: charged lepton or down type) to the flight of the boson."""

    def compute(events: Events) -> Values:
        chunk = events.chunk
        index = chunk.last_copies(np.abs(chunk.pid) == boson)
        index = index[chunk.end_vertex[index] >= 0]
        parent, child = chunk.children(index)
        pid = chunk.pid[child]
        own = np.isin(np.abs(pid), _DOWN_TYPE) if boson == 24 else (pid > 0) & (pid < 17)
        fermions = np.bincount(parent[own], minlength=len(index))
        two = np.bincount(parent, minlength=len(index)) == 2
        kept = own & (two & (fermions == 1))[parent]
        rows = index[parent[kept]]
        daughter, mother = chunk.select(child[kept]), chunk.select(rows)
        none, one = np.zeros(len(rows)), np.ones(len(rows))
        # light that runs along the flight does so in the rest frame too
        axis = (none, none, one, one)
        if boson == 24:
            axis = (mother.px, mother.py, mother.pz, mother.p)
        light = Particles(*axis, mother.event, len(events))
        return Values(boosted_cosine(daughter, light, mother), daughter.event)

    return compute


_ANGLE = linear(-1.0, 1.0, 20)
TAU_SPIN = (
    *(
        _spin(
            f"tau_{name}_fraction",
            f"Visible energy of tau decays to {words}",
            rf"$x(\tau \to {symbol})$",
            linear(0.0, 1.0, 20),
            _tau_share(chosen),
            f"share of the energy of a tau lepton that its products other than neutrinos have, "
            f"decays to {words}",
        )
        for name, words, symbol, chosen in (
            ("pion", "one hadron", r"h\nu", lambda n: n == 1),
            ("lepton", "leptons", r"\ell\nu\nu", lambda n: n == 0),
            ("rho", "two hadrons", r"h h\nu", lambda n: n == 2),
            ("hadronic", "three and more hadrons", r"3h\nu", lambda n: n > 2),
        )
    ),
    _spin(
        "tau_rho_asymmetry",
        "Energies of the pions of tau decays to two",
        r"$(E_{\pi^\pm} - E_{\pi^0}) / (E_{\pi^\pm} + E_{\pi^0})$",
        _ANGLE,
        _rho_share,
        "decays of tau leptons to a charged pion, a neutral pion and a neutrino",
    ),
    _spin(
        "tau_correlation",
        "Correlation of the spins of two tau leptons",
        "$(2x_1 - 1)(2x_2 - 1)$",
        linear(-1.0, 1.0, 20),
        _tau_pair,
        "visible shares x of the energies of the tau leptons, events with two decays",
    ),
    _spin(
        "tau_forward_fraction",
        "Visible energy of tau decays by their direction",
        r"$\pm(2x - 1)$",
        linear(-1.0, 1.0, 20),
        _forward_share,
        "visible share x of the energy of tau leptons, times the sign of charge and pz: +1 for "
        "negative ones forward and positive ones backward",
    ),
    _spin(
        "tau_planes",
        "Planes of the decays of two tau leptons",
        r"$\cos\phi(\tau\tau)$",
        linear(-1.0, 1.0, 20),
        _planes,
        "cosine of the angle between the planes of flight and visible products, the flight of the "
        "positive tau reversed, events with two decays",
    ),
)
TOP_SPIN = (
    _spin(
        "top_helicity_angle",
        "Decay angle of top quarks",
        r"$\cos\theta_t$",
        _ANGLE,
        _top_angle,
        "charged lepton or down-type quark in the top quark's rest frame, to the flight of the top "
        "quark in the rest frame of the pair; events with two decays t -> W b",
    ),
    _spin(
        "top_spin_correlation",
        "Correlation of the spins of two top quarks",
        r"$\cos\theta_t \cos\theta_{\bar t}$",
        _ANGLE,
        _top_product,
        "product of the decay angles of both top quarks",
    ),
)
BOSON_SPIN = (
    _spin(
        "w_decay_angle",
        "Decay angle of W bosons",
        r"$\cos\theta^*(W)$",
        _ANGLE,
        _boson_angle(24),
        "charged lepton or down-type quark in the rest frame of the W to its flight, last copies "
        "that decay to two fermions",
    ),
    _spin(
        "z_decay_angle",
        "Decay angle of Z bosons",
        r"$\cos\theta^*(Z)$",
        _ANGLE,
        _boson_angle(23),
        "fermion in the rest frame of the Z to the beam along +z, last copies that decay to a "
        "fermion and its antifermion",
    ),
    _spin(
        "z_collins_soper",
        "Decay angle of Z bosons in the Collins-Soper frame",
        r"$\cos\theta_{CS}$",
        _ANGLE,
        _collins_soper,
        "fermion of Z decays to a fermion and its antifermion to the bisector of the beams in the "
        "rest frame of the Z, with the sign of its pz",
    ),
)

register(*TAU_SPIN, *TOP_SPIN, *BOSON_SPIN)
