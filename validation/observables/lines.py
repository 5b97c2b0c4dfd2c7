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

import numpy as np
from numpy.typing import NDArray
from particle import Particle

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
    ("Z", (23,)),
    ("W", (24,)),
    ("t", (6,)),
    ("H", (25,)),
)
_DERIVATIVES = ("place", "width")
_NARROWEST = 2e-3
"""Of the mass, as width of a line: generators' masses of H differ by many of its own widths."""


def _decayed(events: Events, *pids: int) -> Particles:
    chunk = events.chunk
    index = chunk.last_copies(among(np.abs(chunk.pid), pids))
    return chunk.select(index[chunk.end_vertex[index] >= 0])


def _shift(events: Events) -> tuple[Particles, FloatArray, NDArray[np.int64]]:
    """Decayed narrow particles, relative distance from their mass, and their species."""
    found = _decayed(events, *(pid for _, pid in _NARROW))
    magnitude = np.abs(found.pid)
    species = np.zeros(len(found), dtype=np.int64)
    nominal = np.ones(len(found))
    for i, (_, pid) in enumerate(_NARROW):
        own = magnitude == pid
        species[own], nominal[own] = i, _mass_and_width(pid)[0]
    shift = found.mass / nominal - 1.0
    # E^2 - p^2 loses as many digits as E^2 / m^2 has
    real = beyond_rounding(np.abs(shift), (found.energy / nominal) ** 2)
    return found, np.where(real, shift, 0.0), species


def _mass_and_width(pid: int) -> tuple[float, float]:
    """Mass and width in GeV."""
    particle = Particle.from_pdgid(pid)
    return 1e-3 * float(particle.mass or 0.0), 1e-3 * float(particle.width or 0.0)


def _line_of(pid: int) -> tuple[float, float]:
    """Mass and width in GeV that a line is looked at with."""
    mass, width = _mass_and_width(pid)
    return mass, max(width, _NARROWEST * mass)


def _off_line(events: Events) -> Values:
    """Species and direction of the particles that lie beside their line."""
    found, shift, species = _shift(events)
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


def _categories() -> tuple[str, ...]:
    return tuple(
        f"{label} {direction} by {100 * step:g}%"
        for label, _ in _NARROW
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
        categories=_categories(),
        density=False,
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
