# SPDX-License-Identifier: GPL-3.0-or-later
"""Masses of decayed particles, each line at its own resolution.

Particles without a width that matters have one mass in a generator: what is elsewhere is counted
by species, and all of them together are compared on a logarithmic scale.  Wider lines have bins of
a part of their width.  Their places and widths are compared besides by the derivatives of the
logarithm of a Breit-Wigner line of centre m_0 and width Gamma, which for small changes no function
of the masses beats (R. A. Fisher's score, Proc. Camb. Phil. Soc. 22 (1925) 700): with
z = 2 (m - m_0) / Gamma they are 2 z / (1 + z^2) and (z^2 - 1) / (1 + z^2), bounded by one and zero
in the mean.  Masses and widths are those of the Review of Particle Physics.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from particle import Particle, ParticleNotFound, pdgid

from mcsurrogate.analysis import Events, beyond_rounding
from mcsurrogate.events import Particles, among
from mcsurrogate.validation.histograms import Values
from mcsurrogate.validation.observables.decaying import HEAVY_AND_WEAK
from mcsurrogate.validation.observables.registry import (
    Observable,
    Section,
    linear,
    of_particles,
    register,
)

__all__ = ["BOSON_LINES", "LINES"]

FloatArray = NDArray[np.float64]

_line = Section("correlation", feature=False, specific=True)

_NARROW: tuple[tuple[str, int], ...] = (
    (r"$\pi^0$", 111),
    (r"$\eta$", 221),
    ("$K^0_S$", 310),
    (r"$\Lambda$", 3122),
    (r"$\Sigma^0$", 3212),
    (r"$\Sigma^+$", 3222),
    (r"$\Sigma^-$", 3112),
    (r"$\Xi^0$", 3322),
    (r"$\Xi^-$", 3312),
    (r"$\Omega$", 3334),
    ("$D^{*+}$", 413),
    ("$D^{*0}$", 423),
    ("$B^{*0}$", 513),
    ("$B^{*+}$", 523),
    (r"$J/\psi$", 443),
    *HEAVY_AND_WEAK,
)
_STABLE: tuple[tuple[str, int], ...] = (
    (r"$\mu^\pm$", 13),
    (r"$\pi^\pm$", 211),
    (r"$K^\pm$", 321),
    ("$K^0_L$", 130),
    ("$K^0_S$", 310),
    ("$p$", 2212),
    ("$n$", 2112),
    (r"$\Lambda$", 3122),
)
_OTHERS = ("other hadrons with charm", "other hadrons with bottom", "other hadrons")
_NARROW_ENOUGH = 1e-4
"""Width over mass of those others."""
_OFF = (2e-4, 5e-3)
"""Relative distances from the mass; generators and tables differ by less than the first."""
_SHIFTS = tuple(float(x) for x in np.geomspace(1e-7, 0.1, 19))
_WIDE: tuple[tuple[str, str, str, int], ...] = (
    ("omega", "omega mesons", r"\omega", 223),
    ("eta_prime", "eta' mesons", r"\eta'", 331),
    ("phi_meson", "phi mesons", r"\phi", 333),
    ("delta", "Delta baryons", r"\Delta^{++}", 2224),
    ("sigma_star", "excited Sigma baryons", r"\Sigma(1385)^\pm", 3224),
    ("xi_star", "excited Xi baryons", r"\Xi(1530)^0", 3324),
)
_BROAD: tuple[tuple[str, tuple[int, ...]], ...] = (
    (r"$\rho$", (113, 213)),
    ("$K^*$", (313, 323)),
    *((f"${symbol}$", (pid,)) for _, _, symbol, pid in _WIDE),
    (r"other $\Delta$", (1114, 2114, 2214)),
    (r"$\Sigma(1385)^0$, $\Sigma(1385)^-$", (3214, 3114)),
    (r"$\Xi(1530)^-$", (3314,)),
    ("tensor mesons", (115, 215, 225, 315, 325, 335)),
    ("axial mesons", (10113, 10213, 20113, 20213, 20223, 10313, 10323)),
    (r"$\Sigma_c$", (4112, 4212, 4222)),
    (r"$\Sigma_c^*$", (4114, 4214, 4224)),
    ("excited $D$", (415, 425, 10411, 10421, 10413, 10423, 435)),
    ("Z", (23,)),
    ("W", (24,)),
    ("t", (6,)),
    ("H", (25,)),
)
_DERIVATIVES = ("place", "width")
_BEAM = 4
_NARROWEST = 2e-3
"""Of the mass, as width of a line: generators' masses of H differ by many of its own widths."""


def _decayed(events: Events, *pids: int) -> Particles:
    chunk = events.chunk
    index = chunk.last_copies(among(np.abs(chunk.pid), pids))
    return chunk.select(index[chunk.end_vertex[index] >= 0])


def _shift(events: Events) -> tuple[Particles, FloatArray, NDArray[np.int64]]:
    """Decayed narrow particles, relative distance from their mass, and their species."""
    found = _decayed(events, *(pid for _, pid in _NARROW))
    return found, *_from_their_mass(found, _NARROW)


def _from_their_mass(
    found: Particles, table: tuple[tuple[str, int], ...]
) -> tuple[FloatArray, NDArray[np.int64]]:
    """Relative distance of particles of a table from their mass, and their places in it."""
    magnitude = np.abs(found.pid)
    species = np.zeros(len(found), dtype=np.int64)
    nominal = np.ones(len(found))
    for i, (_, pid) in enumerate(table):
        own = magnitude == pid
        species[own], nominal[own] = i, _mass_and_width(pid)[0]
    return _true_shift(found, nominal, species), species


def _true_shift(found: Particles, nominal: FloatArray, species: NDArray[np.int64]) -> FloatArray:
    """Relative distance from a mass, zero where rounding explains it."""
    shift = found.mass / nominal - 1.0
    # E^2 - p^2 loses as many digits as E^2 / m^2 has
    # and masses of generators and tables differ by more than rounding, all of a species alike
    usual = np.zeros(int(species.max(initial=0)) + 1)
    for i in np.unique(species):
        usual[i] = np.median(shift[species == i])
    noise = np.abs(shift - usual[species])
    real = beyond_rounding(np.abs(shift), (found.energy / nominal) ** 2, noise)
    return np.where(real, shift, 0.0)


@lru_cache(maxsize=4096)
def _mass_and_width(pid: int) -> tuple[float, float]:
    """Mass and width in GeV."""
    particle = Particle.from_pdgid(pid)
    return 1e-3 * float(particle.mass or 0.0), 1e-3 * float(particle.width or 0.0)


@lru_cache(maxsize=4096)
def _other_mass(pid: int) -> float:
    """Mass in GeV of a narrow hadron that no other observable looks at, NaN of all others."""
    known = {own for _, own in (*_NARROW, *_STABLE)} | {own for _, pids in _BROAD for own in pids}
    if pid in known or not pdgid.is_hadron(pid):
        return np.nan
    try:
        mass, width = _mass_and_width(pid)
    except ParticleNotFound:
        return np.nan
    return mass if mass > 0.0 and width < _NARROW_ENOUGH * mass else np.nan


def _others(events: Events) -> Values:
    """Kind and direction of all other narrow hadrons that decay beside their line."""
    chunk = events.chunk
    ended = np.flatnonzero((chunk.end_vertex >= 0) & chunk.species.hadron & (chunk.status != _BEAM))
    pids, inverse = np.unique(np.abs(chunk.pid[ended]), return_inverse=True)
    masses = np.array([_other_mass(int(pid)) for pid in pids] or [np.nan])[inverse]
    chosen = np.zeros(len(chunk.pid), dtype=bool)
    chosen[ended[np.isfinite(masses)]] = True
    index = chunk.last_copies(chosen)
    found = chunk.select(index)
    pids, inverse = np.unique(np.abs(found.pid), return_inverse=True)
    nominal = np.array([_other_mass(int(pid)) for pid in pids] or [np.nan])[inverse]
    shift = _true_shift(found, nominal, inverse)
    kind = np.full(len(found), len(_OTHERS) - 1)
    kind[found.species.charm] = 0
    kind[found.species.bottom] = 1
    return _beside(found, shift, kind)


def _line_of(pid: int) -> tuple[float, float]:
    """Mass and width in GeV that a line is looked at with."""
    mass, width = _mass_and_width(pid)
    return mass, max(width, _NARROWEST * mass)


def _off_line(events: Events) -> Values:
    """Species and direction of the particles that lie beside their line."""
    return _beside(*_shift(events))


def _final_masses(events: Events) -> Values:
    """Species and direction of final particles that lie beside their mass."""
    final = events.final
    found = final.where(among(np.abs(final.pid), (pid for _, pid in _STABLE)))
    return _beside(found, *_from_their_mass(found, _STABLE))


def _beside(found: Particles, shift: FloatArray, species: NDArray[np.int64]) -> Values:
    """Species and direction of what lies beside its line."""
    size = np.searchsorted(_OFF, np.abs(shift))
    off = size > 0
    slot = 4 * species + 2 * (shift > 0.0) + (size - 1)
    return Values(slot[off].astype(np.float64) + 0.5, found.event[off])


def _all_shifts(events: Events) -> Values:
    found, shift, _ = _shift(events)
    return of_particles(found, shift)


def _scores(events: Events) -> Values:
    """Sum the derivatives of the log of lines by place and width over particles."""
    found = _decayed(events, *(pid for _, pids in _BROAD for pid in pids))
    mass, slot = found.mass, np.zeros(len(found))
    z = np.zeros(len(found))
    for i, (_, pids) in enumerate(_BROAD):
        for pid in pids:
            own = np.abs(found.pid) == pid
            centre, width = _line_of(pid)
            slot[own], z[own] = i, 2.0 * (mass[own] - centre) / width
    scores = 2.0 * z / (1.0 + z**2), (z**2 - 1.0) / (1.0 + z**2)
    slots = [len(_DERIVATIVES) * slot + i + 0.5 for i in range(len(_DERIVATIVES))]
    event = np.tile(found.event, len(slots))
    order = np.argsort(event, kind="stable")
    return Values(np.concatenate(slots)[order], event[order], np.concatenate(scores)[order])


def _categories(labels: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(
        f"{label} {direction} by {100 * step:g}%"
        for label in labels
        for direction in ("lighter", "heavier")
        for step in _OFF
    )


def _mass(pid: int) -> Callable[[Events], Values]:
    def compute(events: Events) -> Values:
        found = _decayed(events, pid)
        return of_particles(found, found.mass)

    return compute


def _wide(name: str, words: str, symbol: str, pid: int) -> Observable:
    mass, width = _line_of(pid)
    return _line(
        f"{name}_line",
        f"Mass of decayed {words}",
        f"$m({symbol})$",
        # a mass without width lies in the middle of a bin, which rounding cannot move it out of
        tuple(mass + width * x for x in linear(-3.125, 3.125, 25)),
        _mass(pid),
        f"last copies of {words} in the record, bins of a quarter of the width (at least "
        f"{100 * _NARROWEST / 4:g}% of the mass)",
        "GeV",
        log_y=True,
    )


LINES = (
    _line(
        "off_line",
        "Decayed particles off their mass",
        "species",
        linear(0, 4 * len(_NARROW), 4 * len(_NARROW)),
        _off_line,
        "mean number of decayed particles (last copies) further from the mass of the Review of "
        f"Particle Physics than {100 * _OFF[0]:g}% or {100 * _OFF[1]:g}%",
        categories=_categories(tuple(label for label, _ in _NARROW)),
        density=False,
    ),
    *(
        _line(
            name,
            title,
            "species",
            linear(0, 4 * len(labels), 4 * len(labels)),
            compute,
            f"mean number of {words} further from the mass of the Review of Particle Physics than "
            f"{100 * _OFF[0]:g}% or {100 * _OFF[1]:g}%",
            categories=_categories(labels),
            density=False,
        )
        for name, title, labels, compute, words in (
            (
                "final_masses",
                "Final particles off their mass",
                tuple(label for label, _ in _STABLE),
                _final_masses,
                "final-state particles",
            ),
            (
                "other_lines",
                "Other narrow hadrons off their mass",
                _OTHERS,
                _others,
                f"other decayed hadrons with a width below {100 * _NARROW_ENOUGH:g}% of the mass",
            ),
        )
    ),
    _line(
        "line_shift",
        "Distance of decayed particles from their mass",
        "$m / m_0 - 1$",
        (*(-x for x in reversed(_SHIFTS)), *_SHIFTS),
        _all_shifts,
        "decayed particles (last copies) without a width that matters; m_0 of the Review of "
        "Particle Physics",
        group="consistency",
        density=False,
        log_y=True,
    ),
    _line(
        "line_shapes",
        "Places and widths of lines",
        "derivative of the log of a line",
        linear(0, len(_DERIVATIVES) * len(_BROAD), len(_DERIVATIVES) * len(_BROAD)),
        _scores,
        "sums over decayed particles (last copies) of 2z / (1 + z^2) and (z^2 - 1) / (1 + z^2), "
        "z = 2 (m - m_0) / Gamma of the Review of Particle Physics, Gamma at least "
        f"{100 * _NARROWEST:g}% of m_0",
        categories=tuple(f"{label}: {what}" for label, _ in _BROAD for what in _DERIVATIVES),
        density=False,
    ),
    *(_wide(*one) for one in _WIDE),
)
BOSON_LINES = (
    _wide("z_boson", "Z bosons", "Z", 23),
    _wide("w_boson", "W bosons", "W", 24),
    _wide("higgs", "Higgs bosons", "H", 25),
)

register(*LINES, *BOSON_LINES)
