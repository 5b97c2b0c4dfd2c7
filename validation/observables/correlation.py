# SPDX-License-Identifier: GPL-3.0-or-later
"""How particles of one event go together: pair masses, compensation of quantum numbers, flights.

Spectra and yields of single species can be right where these are wrong.  Narrow peaks lie
inside one bin: their place is a matter of masses and momenta, which have observables of their own.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.analysis import Events
from mcsurrogate.events import Particles, among
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

__all__ = ["CORRELATION", "FLIGHT", "on_shell_energy", "pairs", "thrust_rapidity"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_correlation = Section("correlation")

_MASSES = {22: 0.0, 211: 0.13957039, 321: 0.493677, 2212: 0.93827209}


def pairs(first: Particles, second: Particles) -> tuple[IntArray, IntArray]:
    """Positions of all combinations of a first with a second particle of the same event.

    Parameters
    ----------
    first, second
        Particles of the same N events, without a common member.
    """
    partners = second.counts[first.event]
    left = np.repeat(np.arange(len(first)), partners)
    starts = np.concatenate(([0], np.cumsum(partners)[:-1])) if len(partners) else partners
    right = np.arange(len(left)) - np.repeat(starts, partners)
    return left, right + second.offsets[first.event[left]]


def _signed(*pids: int) -> Callable[[Events], Particles]:
    return lambda events: events.final.where(among(events.final.pid, pids))


def on_shell_energy(particles: Particles) -> FloatArray:
    """Energies on the mass shell: momenta alone decide, and no pair lies below threshold."""
    squares = np.zeros(len(particles))
    for pid in np.unique(particles.pid):
        squares[particles.pid == pid] = _MASSES[abs(int(pid))] ** 2
    energy: FloatArray = np.sqrt(particles.p**2 + squares)
    return energy


def _pair_mass(*combinations: tuple[int, int]) -> Callable[[Events], Values]:
    """Invariant masses of all pairs of the given PDG numbers."""

    def compute(events: Events) -> Values:
        masses, event = [], []
        for one, other in combinations:
            first, second = _signed(one)(events), _signed(other)(events)
            i, j = pairs(first, second)
            square = (on_shell_energy(first)[i] + on_shell_energy(second)[j]) ** 2
            for a, b in ((first.px, second.px), (first.py, second.py), (first.pz, second.pz)):
                square -= (a[i] + b[j]) ** 2
            masses.append(np.sqrt(np.maximum(square, 0.0)))
            event.append(first.event[i])
        return Values(np.concatenate(masses), np.concatenate(event))

    return compute


def _mass(
    name: str,
    words: str,
    symbol: str,
    edges: tuple[float, ...],
    *combinations: tuple[int, int],
) -> Observable:
    return _correlation(
        name=f"{name}_mass",
        title=f"Invariant mass of {words}",
        label=rf"$m({symbol})$",
        edges=edges,
        compute=_pair_mass(*combinations),
        unit="GeV",
        definition=f"all pairs of final-state {words} of an event, from their momenta",
        fine=False,
    )


def thrust_rapidity(particles: Particles, events: Events) -> FloatArray:
    """Signed rapidity along the thrust axis."""
    along = along_thrust(particles, events)
    return np.arctanh(np.clip(along / particles.energy, -1.0 + 1e-15, 1.0 - 1e-15))


def _compensation(pid: int) -> Callable[[Events], Values]:
    """Rapidity difference of a particle and its antiparticle."""

    def compute(events: Events) -> Values:
        first, second = _signed(pid)(events), _signed(-pid)(events)
        i, j = pairs(first, second)
        gap = thrust_rapidity(first, events)[i] - thrust_rapidity(second, events)[j]
        return Values(np.abs(gap), first.event[i])

    return compute


def _sides(events: Events) -> tuple[Particles, NDArray[np.bool_]]:
    return events.charged, along_thrust(events.charged, events) >= 0.0


def _hemisphere_charge(events: Events) -> FloatArray:
    charged, forward = _sides(events)
    charge = charged.species.three_charge / 3.0
    return np.abs(charged.sum_over(np.where(forward, charge, 0.0)))


def _hemisphere_difference(events: Events) -> FloatArray:
    charged, forward = _sides(events)
    return np.abs(charged.sum_over(np.where(forward, 1.0, -1.0)))


def _charged_energy(events: Events) -> FloatArray:
    return events.charged.sum_over(events.charged.energy) / events.energy_scale


def _leading_momentum(events: Events) -> FloatArray:
    final = events.visible
    out = np.zeros(len(events))
    np.maximum.at(out, final.event, final.p)
    return np.where(final.counts > 0, 2.0 * out / events.energy_scale, np.nan)


def _charge_asymmetry(events: Events) -> Values:
    charged = events.charged
    sign = np.sign(charged.species.three_charge.astype(np.float64))
    return of_particles(charged, sign * charged.cos_theta)


_MAP_COS, _MAP_PHI = 4, 12


def _map(events: Events) -> Values:
    """Cell in polar angle and azimuth of each visible particle."""
    visible = events.visible
    row = np.clip((visible.cos_theta + 1.0) * 0.5 * _MAP_COS, 0, _MAP_COS - 1e-9)
    column = np.clip((visible.phi / np.pi + 1.0) * 0.5 * _MAP_PHI, 0, _MAP_PHI - 1e-9)
    return of_particles(visible, np.floor(row) * _MAP_PHI + np.floor(column) + 0.5)


def _lifetime(*pids: int) -> Callable[[Events], Values]:
    """Proper decay length c tau of decayed particles, from their vertices."""

    def compute(events: Events) -> Values:
        chunk = events.chunk
        index = chunk.last_copies(among(np.abs(chunk.pid), pids))
        index = index[(chunk.end_vertex[index] >= 0) & (chunk.production_vertex[index] >= 0)]
        chosen = chunk.select(index)
        with np.errstate(divide="ignore", invalid="ignore"):
            length = chunk.flight(index) * chosen.mass / chosen.p
        return Values(length, chosen.event)

    return compute


def _flight(name: str, words: str, symbol: str, scale: float, *pids: int) -> Observable:
    """Proper decay length in bins around a typical one in mm."""
    return _correlation(
        name=f"{name}_lifetime",
        title=f"Proper decay length of {words}",
        label=rf"$c\tau({symbol})$",
        edges=logarithmic(0.01 * scale, 10.0 * scale, 24),
        compute=_lifetime(*pids),
        unit="mm",
        definition=f"distance between the vertices of decayed {words} times m/p",
        log_x=True,
        log_y=True,
    )


CORRELATION = (
    _mass(
        "pion_pair",
        "opposite-sign pions",
        r"\pi^+\pi^-",
        (0.28, *linear(0.32, 0.44, 6), 0.54, *linear(0.57, 1.11, 18), 1.3, 1.6, 3),
        (211, -211),
    ),
    _mass(
        "kaon_pair",
        "opposite-sign kaons",
        r"K^+K^-",
        (0.98, 1.01, 1.035, *linear(1.05, 2.05, 20), 3, 5),
        (321, -321),
    ),
    _mass(
        "kaon_pion",
        "kaons and pions of opposite sign",
        r"K^\pm\pi^\mp",
        (0.63, *linear(0.7, 0.82, 3), *linear(0.84, 0.96, 8), *linear(1, 1.8, 16), 1.84, 1.89, 3),
        (321, -211),
        (-321, 211),
    ),
    _mass(
        "proton_pion",
        "protons and pions of opposite sign",
        r"p\pi^-",
        (1.07, 1.1, 1.13, *linear(1.16, 1.4, 12), 1.5, 1.7, 2, 3),
        (2212, -211),
        (-2212, 211),
    ),
    *(
        _correlation(
            name=f"{name}_rapidity_gap",
            title=f"Rapidity difference of {words}",
            label=rf"$|\Delta y_T|({symbol})$",
            edges=linear(0, 6, 24),
            compute=_compensation(pid),
            definition=f"all pairs of {words} of an event, along the thrust axis",
        )
        for name, words, symbol, pid in (
            ("kaon", "oppositely charged kaons", "K^+K^-", 321),
            ("proton", "protons and antiprotons", r"p\bar p", 2212),
        )
    ),
    _correlation(
        name="hemisphere_charge",
        title="Charge of a hemisphere",
        label=r"$|\sum_{\rm hemisphere} q|$",
        edges=linear(-0.5, 7.5, 8),
        compute=_hemisphere_charge,
        definition="absolute charge of one hemisphere of the thrust axis",
        log_y=True,
    ),
    _correlation(
        name="hemisphere_difference",
        title="Difference of the charged multiplicities of the hemispheres",
        label=r"$|N_1 - N_2|$",
        edges=linear(-0.5, 25.5, 13),
        compute=_hemisphere_difference,
        definition="charged particles in the hemispheres of the thrust axis",
        log_y=True,
    ),
    Observable(
        name="charged_energy",
        title="Energy of charged particles",
        label=r"$E_{\rm ch} / \sqrt{s}$",
        edges=linear(0, 1.05, 42),
        compute=_charged_energy,
        group="event",
        definition="energy of the charged final-state particles over sqrt(s)",
    ),
    Observable(
        name="transverse_sum",
        title="Sum of the transverse momenta",
        label=r"$\sum p_T / \sqrt{s}$",
        edges=(0.0, *linear(0.3, 0.7, 10), *linear(0.72, 1.0, 14)),
        compute=lambda e: e.visible.sum_over(e.visible.pt) / e.energy_scale,
        group="event",
        definition="sum of the momenta of all visible particles transverse to the beam, over "
        "sqrt(s)",
    ),
    Observable(
        name="leading_momentum",
        title="Momentum of the fastest particle",
        label=r"$x_{\max}$",
        edges=linear(0, 1, 40),
        compute=_leading_momentum,
        group="event",
        definition="2 p / sqrt(s) of the visible particle with the largest momentum",
    ),
    _correlation(
        name="charge_cos_theta",
        title="Polar angle of charged particles times charge",
        label=r"$q\cos\theta$",
        edges=linear(-1, 1, 20),
        compute=_charge_asymmetry,
        definition="charged final-state particles",
    ),
    Observable(
        name="photon_phi",
        title="Azimuth of photons",
        label=r"$\phi(\gamma)$",
        edges=linear(-np.pi, np.pi, 48),
        compute=lambda e: _phi(e, 22),
        group="particle",
        definition="final-state photons",
    ),
    Observable(
        name="direction_map",
        title="Visible particles by direction",
        label="cell",
        edges=linear(0, _MAP_COS * _MAP_PHI, _MAP_COS * _MAP_PHI),
        compute=_map,
        group="particle",
        definition=f"mean number of visible particles in {_MAP_COS} bins of cos(theta) times "
        f"{_MAP_PHI} of the azimuth",
        categories=tuple(
            f"{-1 + 2 * r / _MAP_COS:.1f}, {360 * c // _MAP_PHI - 180}°"
            for r in range(_MAP_COS)
            for c in range(_MAP_PHI)
        ),
        feature=False,
    ),
)

FLIGHT = (
    _flight("short_kaon", "K0S mesons", "K^0_S", 26.8, 310),
    _flight("lambda", "Lambda baryons", r"\Lambda", 78.9, 3122),
    _flight("charm", "D mesons", "D", 0.2, 411, 421, 431),
    _flight("bottom", "B mesons", "B", 0.46, 511, 521, 531),
)


def _phi(events: Events, pid: int) -> Values:
    chosen = events.final.where(events.final.pid == pid)
    return of_particles(chosen, chosen.phi)


register(*CORRELATION, *FLIGHT)
