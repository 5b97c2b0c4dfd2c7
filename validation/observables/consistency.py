"""Whether events keep what nature keeps: four-momentum, charge, baryon number, masses.

These say that an event record is broken rather than that its physics is another.  A generator
keeps them to rounding, so that the bins are coarse: rounding of a file format must not matter.
"""

import numpy as np
from numpy.typing import NDArray
from particle import Particle, ParticleNotFound, pdgid

from mcsurrogate.validation.histograms import Values
from mcsurrogate.validation.observables.registry import Observable, linear, register
from mcsurrogate.validation.record import Particles
from mcsurrogate.validation.selection import Events

__all__ = ["CONSISTENCY"]

FloatArray = NDArray[np.float64]

_STEPS = (1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3)
_SIGNED = (*(-s for s in reversed(_STEPS)), *_STEPS)

_MASS_SPECIES: tuple[tuple[str, tuple[int, ...]], ...] = (
    (r"$\gamma$", (22,)),
    (r"$e^\pm$", (11,)),
    (r"$\mu^\pm$", (13,)),
    (r"$\nu$", (12, 14, 16)),
    (r"$\pi^\pm$", (211,)),
    (r"$K^\pm$", (321,)),
    (r"$K^0_L, K^0_S$", (130, 310)),
    (r"$p, \bar p$", (2212,)),
    (r"$n, \bar n$", (2112,)),
    (r"$\Lambda$", (3122,)),
    (r"$\Sigma^\pm$", (3112, 3222)),
    (r"$\Xi$", (3312, 3322)),
    (r"$\Omega$", (3334,)),
)
_MASS_TOLERANCE = 0.01
_ROUNDING = 1e-6


def _relative(values: FloatArray, events: Events) -> FloatArray:
    """Over sqrt(s); NaN for events without two beam particles, where nothing is known."""
    known = events.chunk.beams.counts == 2
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(known, values / events.energy_scale, np.nan)


def _energy_balance(events: Events) -> FloatArray:
    return _relative(events.final.total().energy - events.chunk.beams.total().energy, events)


def _momentum_balance(events: Events) -> FloatArray:
    out, into = events.final.total(), events.chunk.beams.total()
    square = (out.px - into.px) ** 2 + (out.py - into.py) ** 2 + (out.pz - into.pz) ** 2
    return _relative(np.sqrt(square), events)


def _transverse_balance(events: Events) -> FloatArray:
    out, into = events.final.total(), events.chunk.beams.total()
    known = events.chunk.beams.counts == 2
    return np.where(known, np.hypot(out.px - into.px, out.py - into.py), np.nan)


def _charge(particles: Particles) -> FloatArray:
    return particles.sum_over(particles.species.three_charge / 3.0)


def _baryon_number(particles: Particles) -> FloatArray:
    """Baryons minus antibaryons; PDG numbers of baryons have positive sign."""
    numbers, inverse = np.unique(particles.pid, return_inverse=True)
    baryon = np.array([float(np.sign(n)) * bool(pdgid.is_baryon(int(n))) for n in numbers])
    return particles.sum_over(baryon[inverse] if len(numbers) else np.zeros(0))


def _difference(final: FloatArray, beams: FloatArray, events: Events) -> FloatArray:
    return np.where(events.chunk.beams.counts == 2, final - beams, np.nan)


def _nominal_mass(pid: int) -> float:
    try:
        return 1e-3 * float(Particle.from_pdgid(pid).mass or 0.0)
    except ParticleNotFound:
        return 0.0


def _wrong_masses(events: Events) -> Values:
    """Species of each final-state particle whose E and p do not fit its mass."""
    final = events.final
    magnitude = np.abs(final.pid)
    slot = np.full(len(final), -1, dtype=np.int64)
    square = np.zeros(len(final))
    for i, (_, pids) in enumerate(_MASS_SPECIES):
        for pid in pids:
            own = magnitude == pid
            slot[own], square[own] = i, _nominal_mass(pid) ** 2
    allowed = _MASS_TOLERANCE * square + _ROUNDING * (1.0 + final.energy**2)
    wrong = (slot >= 0) & ~(np.abs(final.mass2 - square) <= allowed)
    return Values(slot[wrong].astype(np.float64) + 0.5, final.event[wrong])


CONSISTENCY = (
    Observable(
        "energy_balance",
        "Energy conservation",
        r"$(\sum E - E_{\rm beams}) / \sqrt{s}$",
        _SIGNED,
        _energy_balance,
        "consistency",
        "",
        "energy of the final state minus that of the beams, over sqrt(s)",
        log_y=True,
        feature=False,
    ),
    Observable(
        "momentum_balance",
        "Momentum conservation",
        r"$|\sum \vec p - \vec p_{\rm beams}| / \sqrt{s}$",
        (0.0, *_STEPS),
        _momentum_balance,
        "consistency",
        "",
        "momentum of the final state minus that of the beams, over sqrt(s)",
        log_y=True,
        feature=False,
    ),
    Observable(
        "transverse_balance",
        "Conservation of transverse momentum",
        r"$|\sum \vec p_T - \vec p_{T, \rm beams}|$",
        (0.0, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0),
        _transverse_balance,
        "consistency",
        "GeV",
        "transverse momentum of the final state minus that of the beams",
        log_y=True,
        feature=False,
    ),
    Observable(
        "charge_balance",
        "Charge conservation",
        r"$\sum q - q_{\rm beams}$",
        linear(-4.5, 4.5, 9),
        lambda e: _difference(_charge(e.final), _charge(e.chunk.beams), e),
        "consistency",
        "",
        "electric charge of the final state minus that of the beams",
        log_y=True,
        feature=False,
    ),
    Observable(
        "baryon_balance",
        "Conservation of baryon number",
        r"$\sum B - B_{\rm beams}$",
        linear(-4.5, 4.5, 9),
        lambda e: _difference(_baryon_number(e.final), _baryon_number(e.chunk.beams), e),
        "consistency",
        "",
        "baryon number of the final state minus that of the beams",
        log_y=True,
        feature=False,
    ),
    Observable(
        "wrong_masses",
        "Particles off their mass shell",
        "species",
        linear(0, len(_MASS_SPECIES), len(_MASS_SPECIES)),
        _wrong_masses,
        "consistency",
        "",
        "mean number of final-state particles with E^2 - p^2 further than 1% from their squared "
        "mass",
        log_y=True,
        categories=tuple(label for label, _ in _MASS_SPECIES),
        feature=False,
    ),
)

register(*CONSISTENCY)
