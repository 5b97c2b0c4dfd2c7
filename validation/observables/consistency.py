# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether events keep what nature keeps: four-momentum, charge, baryon number, masses.

These say that an event record is broken rather than that its physics is another.  Differences that
the rounding of a file explains count as none.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from particle import Particle, ParticleNotFound, pdgid

from mcsurrogate.analysis import Events, VertexKind, beyond_rounding
from mcsurrogate.events import Particles, among
from mcsurrogate.validation.histograms import Values
from mcsurrogate.validation.observables.registry import Section, linear, register

__all__ = ["CONSISTENCY"]

FloatArray = NDArray[np.float64]

_consistency = Section("consistency", log_y=True, feature=False)
_BALANCE = "of the final state minus that of the beams"

_STEPS = (1e-9, 1e-7, 1e-5, 1e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3)
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
_FAMILIES = ("$e$", r"$\mu$", r"$\tau$")
_MASS_TOLERANCE = 0.01
_ROUNDING = 1e-6
_LONG_LIVED = (310, 3122, 3112, 3222, 3312, 3334, 411, 421, 431, 511, 521, 531)
_SLOWEST, _BENT = 1e-4, 1e-4
_PLACES = 1e-6
"""Relative rounding of places in files with few digits."""
_SHORTEST = 1e-3
"""Flights in mm that are long enough to have a direction in files with few digits."""


def _where_known(values: FloatArray, events: Events) -> FloatArray:
    """NaN for events without two beam particles, where nothing is known."""
    return np.where(events.chunk.beams.counts == 2, values, np.nan)


def _relative(values: FloatArray, events: Events) -> FloatArray:
    """Over sqrt(s), zero where rounding explains it."""
    kept = beyond_rounding(np.abs(values), events.energy_scale)
    with np.errstate(divide="ignore", invalid="ignore"):
        return _where_known(np.where(kept, values / events.energy_scale, 0.0), events)


def _broken_vertices(kind: VertexKind) -> Callable[[Events], Values]:
    """Four-momentum over sqrt(s) that the vertices of a kind do not keep."""

    def compute(events: Events) -> Values:
        found = events.vertex_balances
        broken = found.broken(kind)
        event = found.event[broken]
        with np.errstate(divide="ignore", invalid="ignore"):
            share = found.imbalance[broken] / events.energy_scale[event]
        return Values(share[share > _STEPS[0]], event[share > _STEPS[0]])

    return compute


def _wrong_charges(events: Events) -> Values:
    """Charge that vertices do not keep."""
    found = events.vertex_balances
    wrong = np.flatnonzero(found.charge)
    return Values(found.charge[wrong], found.event[wrong])


def _wrong_families(events: Events) -> Values:
    """Families whose lepton number vertices with one incoming particle do not keep."""
    family, event = events.vertex_balances.lepton_families()
    return Values(family.astype(np.float64) + 0.5, event)


def _excess(events: Events) -> Particles:
    """Four-momentum of the final state minus that of the beams."""
    out, into = events.final.total(), events.chunk.beams.total()
    return Particles(
        out.px - into.px,
        out.py - into.py,
        out.pz - into.pz,
        out.energy - into.energy,
        out.event,
        len(events),
    )


def _charge(particles: Particles) -> FloatArray:
    return particles.sum_over(particles.species.three_charge / 3.0)


def _baryon_number(particles: Particles) -> FloatArray:
    """Baryons minus antibaryons; PDG numbers of baryons have positive sign."""
    numbers, inverse = np.unique(particles.pid, return_inverse=True)
    baryon = np.array([float(np.sign(n)) * bool(pdgid.is_baryon(int(n))) for n in numbers])
    return particles.sum_over(baryon[inverse] if len(numbers) else np.zeros(0))


def _balance(number: Callable[[Particles], FloatArray]) -> Callable[[Events], FloatArray]:
    """Additive quantum number of the final state minus that of the beams."""
    return lambda e: _where_known(number(e.final) - number(e.chunk.beams), e)


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


def _flown(events: Events) -> tuple[Particles, FloatArray, FloatArray, FloatArray]:
    """Long-lived hadrons that decayed after a flight, its four components, length and rounding."""
    chunk = events.chunk
    index = chunk.last_copies(among(np.abs(chunk.pid), _LONG_LIVED))
    index = index[(chunk.end_vertex[index] >= 0) & (chunk.production_vertex[index] >= 0)]
    place = chunk.vertex_positions
    way = place[chunk.end_vertex[index]] - place[chunk.production_vertex[index]]
    distance = np.linalg.norm(way[:, :3], axis=1)
    moved = distance > _SHORTEST
    index, way, distance = index[moved], way[moved], distance[moved]
    far = np.abs(place[chunk.end_vertex[index]]).max(axis=1)
    return chunk.select(index), way, distance, _PLACES * far / distance


def _wrong_speed(events: Events) -> Values:
    """Distance over time and momentum over energy, one minus their ratio."""
    hadrons, way, distance, rounding = _flown(events)
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = distance * hadrons.energy / (way[:, 3] * hadrons.p) - 1.0
    wrong = ~(np.abs(shift) <= _SLOWEST + rounding)
    # no time at all: beyond the last bin, and finite for sums of squares
    return Values(np.nan_to_num(shift[wrong], nan=1e3, posinf=1e3), hadrons.event[wrong])


def _off_course(events: Events) -> Values:
    """Angle between momentum and flight of long-lived hadrons that decayed, pi for a way back."""
    hadrons, way, _, rounding = _flown(events)
    momentum = np.stack((hadrons.px, hadrons.py, hadrons.pz), axis=1)
    across = np.linalg.norm(np.cross(way[:, :3], momentum), axis=1)
    along = (way[:, :3] * momentum).sum(axis=1)
    angle = np.arctan2(across, along)
    return Values(np.where(angle > _BENT + rounding, angle, 0.0), hadrons.event)


CONSISTENCY = (
    _consistency(
        "energy_balance",
        "Energy conservation",
        r"$(\sum E - E_{\rm beams}) / \sqrt{s}$",
        _SIGNED,
        lambda e: _relative(_excess(e).energy, e),
        f"energy {_BALANCE}, over sqrt(s)",
    ),
    _consistency(
        "momentum_balance",
        "Momentum conservation",
        r"$|\sum \vec p - \vec p_{\rm beams}| / \sqrt{s}$",
        (0.0, *_STEPS),
        lambda e: _relative(_excess(e).p, e),
        f"momentum {_BALANCE}, over sqrt(s)",
    ),
    _consistency(
        "transverse_balance",
        "Conservation of transverse momentum",
        r"$|\sum \vec p_T - \vec p_{T, \rm beams}|$",
        (0.0, 1e-4, 1e-3, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0),
        lambda e: _where_known(_excess(e).pt, e),
        f"transverse momentum {_BALANCE}",
        "GeV",
    ),
    _consistency(
        "charge_balance",
        "Charge conservation",
        r"$\sum q - q_{\rm beams}$",
        linear(-4.5, 4.5, 9),
        _balance(_charge),
        f"electric charge {_BALANCE}",
    ),
    _consistency(
        "baryon_balance",
        "Conservation of baryon number",
        r"$\sum B - B_{\rm beams}$",
        linear(-4.5, 4.5, 9),
        _balance(_baryon_number),
        f"baryon number {_BALANCE}",
    ),
    *(
        _consistency(
            f"{name}_balance",
            f"Four-momentum conservation in {words}",
            r"$\max_\mu |\Delta P^\mu| / \sqrt{s}$",
            _STEPS,
            _broken_vertices(kind),
            "largest component of the four-momentum that comes out minus that which goes in, over "
            f"sqrt(s), of all {words} where it is above {_STEPS[0]:g} and rounding; {what}",
            log_x=True,
        )
        for name, words, kind, what in (
            (
                "decay",
                "decays",
                VertexKind.DECAY,
                "vertices with one particle of status 2 going in",
            ),
            (
                "hadronization",
                "hadronization",
                VertexKind.HADRONIZATION,
                "vertices that hadrons come out of, but go into none",
            ),
            (
                "resonance",
                "decays of resonances",
                VertexKind.RESONANCE,
                "last copies of top quarks, W, Z and Higgs bosons",
            ),
            ("shower", "all other vertices", VertexKind.SHOWER, "showers, remnants, copies"),
        )
    ),
    _consistency(
        "vertex_charge",
        "Charge conservation in vertices",
        r"$\sum q_{\rm out} - \sum q_{\rm in}$",
        linear(-4.5, 4.5, 9),
        _wrong_charges,
        "all vertices of the record that do not keep the electric charge",
    ),
    _consistency(
        "vertex_lepton_number",
        "Conservation of lepton numbers in decays",
        "family",
        linear(0, len(_FAMILIES), len(_FAMILIES)),
        _wrong_families,
        "mean number of vertices with one incoming particle that do not keep the numbers of "
        "electrons, muons and tau leptons, their neutrinos included",
        categories=_FAMILIES,
        density=False,
    ),
    _consistency(
        name="flight_direction",
        title="Flight beside the momentum",
        label=r"$\angle(\vec x, \vec p)$",
        edges=(0.0, 1e-4, 1e-3, 0.01, 0.03, 0.1, 0.3, 1.0, 2.0, 3.15),
        compute=_off_course,
        definition="angle between the momentum of decayed long-lived hadrons and the way between "
        f"their vertices, if above 1 um; zero below {_BENT:g} and rounding",
    ),
    _consistency(
        name="flight_speed",
        title="Speed beside that of the momentum",
        label=r"$(|\vec x| / ct) / (|\vec p| / E) - 1$",
        edges=(-1.0, -0.3, -0.1, -0.03, -0.01, -1e-3, 0.0, 1e-3, 0.01, 0.03, 0.1, 0.3, 1.0),
        compute=_wrong_speed,
        definition="decayed long-lived hadrons whose way between their vertices, if above 1 um, "
        f"over its time differs from p / E by more than {100 * _SLOWEST:g}%",
    ),
    _consistency(
        name="wrong_masses",
        title="Particles off their mass shell",
        label="species",
        edges=linear(0, len(_MASS_SPECIES), len(_MASS_SPECIES)),
        compute=_wrong_masses,
        definition="mean number of final-state particles with E^2 - p^2 further than 1% from their "
        "squared mass",
        categories=tuple(label for label, _ in _MASS_SPECIES),
    ),
)

register(*CONSISTENCY)
