# SPDX-License-Identifier: GPL-3.0-or-later
"""Event shapes, jets and spectra of hadronic e+ e- annihilation."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.analysis import MAX_JETS, Events
from mcsurrogate.events import Particles
from mcsurrogate.validation.histograms import Values
from mcsurrogate.validation.observables.angles import along_thrust
from mcsurrogate.validation.observables.registry import (
    Observable,
    Section,
    linear,
    logarithmic,
    of_particles,
    register,
)

__all__ = ["ANNIHILATION"]

FloatArray = NDArray[np.float64]

_VISIBLE = "all visible final-state particles, in the laboratory frame"

_shape = Section("shape", f"; {_VISIBLE}", log_y=True)
_particle = Section("particle")


def _minus_log(values: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore"):
        logarithm: FloatArray = -np.log(values)
    return logarithm


def _jet_number(events: Events) -> FloatArray:
    scales = events.durham_scales
    above = np.nan_to_num(scales, nan=0.0) > 0.01
    # jets at the cut: the largest n + 1 whose merging scale lies above it
    more: NDArray[np.int64] = np.where(above, np.arange(1, MAX_JETS), 0).max(axis=1)
    return more.astype(np.float64) + 2.0


def _jet_energy(rank: int) -> Callable[[Events], FloatArray]:
    def compute(events: Events) -> FloatArray:
        jets = events.three_jets
        return 2.0 * jets.take(jets.energy, rank) / jets.sum_over(jets.energy)

    return compute


def _fraction(particles: Particles, events: Events) -> FloatArray:
    """x_p = 2 p / sqrt(s)."""
    return 2.0 * particles.p / events.energy_scale[particles.event]


def _spectrum(
    name: str, words: str, symbol: str, select: Callable[[Events], Particles], note: str
) -> Observable:
    """Distribution of xi = ln(1 / x_p)."""

    def compute(events: Events) -> Values:
        chosen = select(events)
        return of_particles(chosen, _minus_log(_fraction(chosen, events)))

    return _particle(
        name=f"{name}_xi",
        title=f"Momentum of {words}",
        label=rf"$\xi = \ln(1/x_p)$, {symbol}",
        edges=linear(0, 6.4, 32),
        compute=compute,
        definition=f"xi = ln(1/x_p), x_p = 2p/sqrt(s), of {words} ({note})",
    )


def _thrust_rapidity(events: Events) -> Values:
    charged = events.charged
    ratio = np.clip(np.abs(along_thrust(charged, events)) / charged.energy, 0.0, 1.0 - 1e-15)
    return of_particles(charged, np.arctanh(ratio))


def _thrust_pt(events: Events) -> Values:
    charged = events.charged
    across = np.maximum(charged.p**2 - along_thrust(charged, events) ** 2, 0.0)
    return of_particles(charged, np.sqrt(across))


def _of(*pids: int) -> Callable[[Events], Particles]:
    return lambda e: e.final.where(np.isin(np.abs(e.final.pid), pids))


def _record(*pids: int) -> Callable[[Events], Particles]:
    both = tuple(p for pid in pids for p in (pid, -pid))
    return lambda e: e.last_copies(*both)


def _bottom_energy(events: Events) -> Values:
    """Energy fraction of weakly decaying b hadrons."""
    hadrons = events.weak_bottom
    return of_particles(hadrons, 2.0 * hadrons.energy / events.energy_scale[hadrons.event])


SHAPES = (
    _shape(
        "thrust", "Thrust", r"$1 - T$", linear(0, 0.42, 42), lambda e: 1 - e.thrust.value, "1 - T"
    ),
    _shape(
        "thrust_major", "Thrust major", r"$M$", linear(0, 0.65, 26), lambda e: e.thrust.major, "M"
    ),
    _shape(
        "thrust_minor", "Thrust minor", r"$m$", linear(0, 0.4, 20), lambda e: e.thrust.minor, "m"
    ),
    _shape(
        "oblateness",
        "Oblateness",
        r"$O$",
        linear(0, 0.5, 20),
        lambda e: e.thrust.oblateness,
        "O = M - m",
    ),
    _shape(
        "sphericity",
        "Sphericity",
        r"$S$",
        linear(0, 0.9, 30),
        lambda e: e.sphericity.sphericity,
        "quadratic momentum tensor",
    ),
    _shape(
        "aplanarity",
        "Aplanarity",
        r"$A$",
        linear(0, 0.3, 20),
        lambda e: e.sphericity.aplanarity,
        "quadratic momentum tensor",
    ),
    _shape(
        "c_parameter",
        "C parameter",
        r"$C$",
        linear(0, 1, 25),
        lambda e: e.sphericity.c_parameter,
        "linear momentum tensor",
        log_y=False,
    ),
    _shape(
        "d_parameter",
        "D parameter",
        r"$D$",
        linear(0, 0.8, 20),
        lambda e: e.sphericity.d_parameter,
        "linear momentum tensor",
    ),
    _shape(
        "heavy_mass",
        "Heavy hemisphere mass",
        r"$M_h^2 / E_{\rm vis}^2$",
        linear(0, 0.35, 28),
        lambda e: e.hemispheres.heavy_mass2,
        "larger of the hemispheres of the thrust axis",
    ),
    _shape(
        "light_mass",
        "Light hemisphere mass",
        r"$M_l^2 / E_{\rm vis}^2$",
        linear(0, 0.12, 24),
        lambda e: e.hemispheres.light_mass2,
        "smaller of the hemispheres of the thrust axis",
    ),
    _shape(
        "wide_broadening",
        "Wide jet broadening",
        r"$B_W$",
        linear(0, 0.3, 24),
        lambda e: e.hemispheres.wide,
        "larger of the hemispheres of the thrust axis",
    ),
    _shape(
        "narrow_broadening",
        "Narrow jet broadening",
        r"$B_N$",
        linear(0, 0.2, 20),
        lambda e: e.hemispheres.narrow,
        "smaller of the hemispheres of the thrust axis",
    ),
    _shape(
        "total_broadening",
        "Total jet broadening",
        r"$B_T$",
        linear(0, 0.4, 25),
        lambda e: e.hemispheres.total,
        "sum of both hemispheres",
    ),
    *(
        _shape(
            f"y{n}{n + 1}",
            f"Durham scale between {n} and {n + 1} jets",
            rf"$-\ln y_{{{n}{n + 1}}}$",
            linear((0.6, 1.6, 2.4, 3.0)[n - 2], (11.4, 12.4, 12.4, 13.0)[n - 2], 27),
            lambda e, n=n: _minus_log(e.durham_scales[:, n - 2]),  # type: ignore[misc]
            "Durham algorithm",
            group="jet",
        )
        for n in range(2, MAX_JETS + 1)
    ),
    _shape(
        "durham_jets",
        "Number of Durham jets",
        r"$N_{\rm jets}(y_{\rm cut} = 0.01)$",
        linear(1.5, 6.5, 5),
        _jet_number,
        "Durham algorithm, y_cut = 0.01",
        group="jet",
    ),
    *(
        _shape(
            f"three_jet_x{rank + 1}",
            f"Energy of the {('leading', 'second', 'third')[rank]} of three Durham jets",
            rf"$x_{rank + 1}$",
            (linear(0.66, 1.0, 17), (0.5, *linear(0.55, 1.0, 18)), linear(0, 0.66, 22))[rank],
            _jet_energy(rank),
            "2 E over the energy of all three in the exclusive three-jet configuration",
            group="jet",
        )
        for rank in range(3)
    ),
)

SPECTRA = (
    _spectrum("charged", "charged particles", "charged", lambda e: e.charged, "final state"),
    _spectrum("pion", "charged pions", r"$\pi^\pm$", _of(211), "final state"),
    _spectrum("kaon", "charged kaons", r"$K^\pm$", _of(321), "final state"),
    _spectrum("proton", "protons and antiprotons", r"$p, \bar p$", _of(2212), "final state"),
    _spectrum("photon", "photons", r"$\gamma$", _of(22), "final state"),
    _spectrum("neutral_kaon", "neutral kaons", r"$K^0$", _record(310, 130), "decayed ones too"),
    _spectrum("lambda", "Lambda baryons", r"$\Lambda$", _record(3122), "decayed ones too"),
    _particle(
        name="charged_xp",
        title="Momentum fraction of charged particles",
        label=r"$x_p$",
        edges=logarithmic(0.005, 1.0, 30),
        compute=lambda e: of_particles(e.charged, _fraction(e.charged, e)),
        definition="x_p = 2p/sqrt(s) of charged final-state particles",
        log_x=True,
        log_y=True,
    ),
    _particle(
        name="bottom_energy",
        title="Energy fraction of b hadrons",
        label=r"$x_B$",
        edges=linear(0, 1, 20),
        compute=_bottom_energy,
        definition="2E/sqrt(s) of hadrons with a b quark whose decay leaves no such hadron",
    ),
    _particle(
        name="thrust_rapidity",
        title="Rapidity of charged particles along the thrust axis",
        label=r"$|y_T|$",
        edges=linear(0, 6, 30),
        compute=_thrust_rapidity,
        definition="charged final-state particles, own energies",
    ),
    _particle(
        name="thrust_pt",
        title="Transverse momentum of charged particles to the thrust axis",
        label=r"$p_T^{\rm thrust}$",
        edges=logarithmic(0.02, 10, 30),
        compute=_thrust_pt,
        unit="GeV",
        definition="charged final-state particles",
        log_x=True,
        log_y=True,
    ),
    _particle(
        name="charged_beam_pt",
        title="Transverse momentum of charged particles to the beam",
        label=r"$p_T$",
        edges=logarithmic(0.05, 40, 32),
        compute=lambda e: of_particles(e.charged, e.charged.pt),
        unit="GeV",
        definition="charged final-state particles",
        log_x=True,
        log_y=True,
    ),
    _particle(
        name="charged_cos_theta",
        title="Polar angle of charged particles",
        label=r"$\cos\theta$",
        edges=linear(-1, 1, 40),
        compute=lambda e: of_particles(e.charged, e.charged.cos_theta),
        definition="charged final-state particles",
    ),
)

ANNIHILATION = (*SHAPES, *SPECTRA)

register(*ANNIHILATION)
