# SPDX-License-Identifier: GPL-3.0-or-later
"""Defects of the kinds that the validation names, others than it was written for.

Tried by validation_power.py --siblings.  Each entry of `CHANGES` holds the change, the observables
that name it, and a direct count: one number an event of the quantity that was planted, whose
deviation in standard deviations is what a physicist who knew the defect would measure.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from mcsurrogate.analysis.selection import Events
from mcsurrogate.events.chunk import EventChunk
from mcsurrogate.validation.observables import get
from mcsurrogate.validation.observables.angles import along_thrust

Random = np.random.Generator
Change = Callable[[EventChunk, Random], EventChunk]
Count = Callable[[Events], np.ndarray]

MOMENTUM = ("px", "py", "pz")


def _events(chunk: EventChunk) -> Events:
    return Events(chunk, np.ones(len(chunk)))


def _with(chunk: EventChunk, index: np.ndarray, **columns: np.ndarray | float) -> EventChunk:
    particles = chunk.particles.copy()
    for name, new in columns.items():
        particles[name][index] = new
    return replace(chunk, particles=particles)


def _some(index: np.ndarray, share: float, random: Random) -> np.ndarray:
    return index[random.random(len(index)) < share]


def _decayed(chunk: EventChunk, *pids: int) -> np.ndarray:
    index = chunk.last_copies(np.isin(np.abs(chunk.pid), pids))
    return index[(chunk.end_vertex[index] >= 0) & (chunk.production_vertex[index] >= 0)]


def tilted(chunk: EventChunk, random: Random) -> EventChunk:
    """One final particle in 2% of the events turned by a millionth of a radian around the beam."""
    final = np.flatnonzero(chunk.status == 1)
    _, first = np.unique(chunk.event[final], return_index=True)
    index = _some(final[first], 0.02, random)
    own = chunk.particles[index]
    px, py = own["px"] - 1e-6 * own["py"], own["py"] + 1e-6 * own["px"]
    return _with(chunk, index, px=px, py=py)


def unmoved(*pids: int, share: float) -> Change:
    """Let some of the hadrons or leptons decay where they are made."""

    def change(chunk: EventChunk, random: Random) -> EventChunk:
        index = _some(_decayed(chunk, *pids), share, random)
        positions = chunk.vertex_positions.copy()
        positions[chunk.end_vertex[index]] = positions[chunk.production_vertex[index]]
        return replace(chunk, vertex_positions=positions)

    return change


def heavier(pid: int, factor: float) -> Change:
    """Decayed particles of a species heavier by a factor, their momenta kept."""

    def change(chunk: EventChunk, _: Random) -> EventChunk:
        index = _decayed(chunk, pid)
        own = chunk.particles[index]
        square = sum(own[name] ** 2 for name in MOMENTUM)
        mass = factor * chunk.select(index).mass
        return _with(chunk, index, e=np.sqrt(square + mass**2), mass=mass)

    return change


def ahead(pid: int, share: float) -> Change:
    """Pairs of particle and antiparticle put in order of pz, in a share of the events."""

    def change(chunk: EventChunk, random: Random) -> EventChunk:
        particles = chunk.particles.copy()
        last = chunk.last_copies(np.isin(chunk.pid, (pid, -pid)) & (chunk.status != 4))
        for event in np.flatnonzero(random.random(len(chunk)) < share):
            own = last[chunk.event[last] == event]
            plus, minus = (own[chunk.pid[own] == one] for one in (pid, -pid))
            for one, other in zip(plus, minus, strict=False):
                if particles["pz"][one] < particles["pz"][other]:
                    particles["pid"][one], particles["pid"][other] = -pid, pid
        return replace(chunk, particles=particles)

    return change


def other_sign(pid: int, share: float) -> Change:
    """Call a share of the particles of one PDG number by the number of their antiparticles."""

    def change(chunk: EventChunk, random: Random) -> EventChunk:
        index = chunk.last_copies(chunk.pid == pid)
        return _with(chunk, _some(index, share, random), pid=-pid)

    return change


def weighted(name: str, slope: float) -> Change:
    """Weights 1 + slope x with x the mean value of an observable between -1 and 1."""

    def change(chunk: EventChunk, _: Random) -> EventChunk:
        x = np.nan_to_num(mean_of(name)(_events(chunk)))
        return replace(chunk, weights=(1.0 + slope * x)[:, None] * chunk.weights)

    return change


def reflected_kaons(chunk: EventChunk, random: Random) -> EventChunk:
    """Momentum along the thrust axis of a charged kaon turned round in 40% of the events."""
    events = _events(chunk)
    index = np.flatnonzero((np.abs(chunk.pid) == 321) & (chunk.status == 1))
    _, first = np.unique(chunk.event[index], return_index=True)
    index = _some(index[first], 0.4, random)
    axis = events.thrust.axis[chunk.event[index]]
    momentum = np.stack([chunk.particles[name][index] for name in MOMENTUM], axis=1)
    momentum -= 2.0 * (momentum * axis).sum(axis=1, keepdims=True) * axis
    return _with(chunk, index, **dict(zip(MOMENTUM, momentum.T, strict=True)))


def other_mothers(chunk: EventChunk, random: Random) -> EventChunk:
    """4% of the photons of neutral pions come from the vertex that made the pion."""
    pions = _decayed(chunk, 111)
    parent, child = chunk.children(pions)
    chosen = random.random(len(child)) < 0.04
    production = chunk.production_vertex.copy()
    production[child[chosen]] = chunk.production_vertex[pions[parent[chosen]]]
    return replace(chunk, production_vertex=production)


def other_status(status: int, share: float) -> Change:
    """Decayed hadrons with another status code."""

    def change(chunk: EventChunk, random: Random) -> EventChunk:
        index = np.flatnonzero((chunk.status == 2) & chunk.species.hadron)
        return _with(chunk, _some(index, share, random), status=status)

    return change


def scattered(pids: tuple[int, ...], least: float, share: float) -> Change:
    """Turn final particles above a pT in GeV around the beam at random."""

    def change(chunk: EventChunk, random: Random) -> EventChunk:
        final = np.flatnonzero((chunk.status == 1) & np.isin(chunk.pid, pids))
        hard = np.hypot(chunk.particles["px"][final], chunk.particles["py"][final]) > least
        index = _some(final[hard], share, random)
        own, angle = chunk.particles[index], 2 * np.pi * random.random(len(index))
        px = own["px"] * np.cos(angle) - own["py"] * np.sin(angle)
        py = own["px"] * np.sin(angle) + own["py"] * np.cos(angle)
        return _with(chunk, index, px=px, py=py)

    return change


def early_vertices(chunk: EventChunk, random: Random) -> EventChunk:
    """Decay vertices of 0.5% of the decayed hadrons before those of their production."""
    index = _some(np.flatnonzero((chunk.status == 2) & chunk.species.hadron), 5e-3, random)
    index = index[chunk.end_vertex[index] >= 0]
    positions = chunk.vertex_positions.copy()
    positions[chunk.end_vertex[index], 3] = positions[chunk.production_vertex[index], 3] - 1.0
    return replace(chunk, vertex_positions=positions)


def slow_flights(chunk: EventChunk, random: Random) -> EventChunk:
    """2% of the K0S take twice the time for their flight."""
    index = _some(_decayed(chunk, 310), 0.02, random)
    positions = chunk.vertex_positions.copy()
    start, stop = chunk.production_vertex[index], chunk.end_vertex[index]
    positions[stop, 3] += positions[stop, 3] - positions[start, 3]
    return replace(chunk, vertex_positions=positions)


def other_masses(chunk: EventChunk, random: Random) -> EventChunk:
    """0.1% of the final hadrons with a generated mass 1% too large."""
    index = _some(np.flatnonzero((chunk.status == 1) & chunk.species.hadron), 1e-3, random)
    return _with(chunk, index, mass=1.01 * chunk.particles["mass"][index])


def more_beams(chunk: EventChunk, random: Random) -> EventChunk:
    """Call a final particle of 1% of the events a beam."""
    final = np.flatnonzero(chunk.status == 1)
    _, first = np.unique(chunk.event[final], return_index=True)
    return _with(chunk, _some(final[first], 0.01, random), status=4)


def number_of(name: str, *categories: int) -> Count:
    """Entries of an observable, or of some of its categories, in each event."""

    def count(events: Events) -> np.ndarray:
        found = get(name).values(events)
        weights = np.ones(len(found.values))
        if found.entry_weights is not None:
            weights = found.entry_weights
        if categories:
            weights = weights * np.isin(found.values.astype(int), categories)
        return np.bincount(found.event, weights=weights, minlength=len(events))

    return count


def mean_of(name: str) -> Count:
    """Mean value of an observable in each event, NaN for none."""

    def mean(events: Events) -> np.ndarray:
        found = get(name).values(events)
        if found.event is None:
            return found.values
        number = np.bincount(found.event, minlength=len(events))
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.bincount(found.event, weights=found.values, minlength=len(events)) / number

    return mean


def tilts(events: Events) -> np.ndarray:
    """Whether the momentum of an event is kept to 1e-9 of sqrt(s)."""
    return (get("momentum_balance").values(events).values > 1e-9).astype(float)


def forward(pid: int) -> Count:
    """Particles minus antiparticles of positive pz, minus the same of negative pz."""

    def count(events: Events) -> np.ndarray:
        own = events.last_copies(pid, -pid)
        return own.sum_over(np.sign(own.pid) * np.sign(own.pz))

    return count


def net(pid: int) -> Count:
    """Particles minus antiparticles."""

    def count(events: Events) -> np.ndarray:
        own = events.last_copies(pid, -pid)
        return own.sum_over(np.sign(own.pid).astype(float))

    return count


def number_below(name: str) -> Count:
    """Entries of an observable in the lower half of its bins."""

    def count(events: Events) -> np.ndarray:
        found = get(name).values(events)
        low = found.values < get(name).edges[len(get(name).edges) // 2]
        return np.bincount(found.event[low], minlength=len(events)).astype(float)

    return count


def kaon_sides(events: Events) -> np.ndarray:
    """Pairs of kaons of opposite signs in one hemisphere, minus those across."""
    own = events.last_copies(321, -321)
    side = np.where(along_thrust(own, events) > 0, 1.0, -1.0)
    both, signs, sides = (
        own.sum_over(x) for x in (side * np.sign(own.pid), np.sign(own.pid), side)
    )
    return (sides**2 - both**2 - signs**2 + own.counts**2) / 8.0 - (
        both**2 - sides**2 - signs**2 + own.counts**2
    ) / 8.0


CHANGES: dict[str, tuple[Change, tuple[str, ...], Count]] = {
    "2%: turned by 1e-6": (tilted, ("momentum_balance",), tilts),
    "5% of D, B do not fly": (
        unmoved(411, 421, 431, 511, 521, 531, share=0.05),
        ("no_flight",),
        number_of("no_flight"),
    ),
    "5% of taus do not fly": (unmoved(15, share=0.05), ("no_flight",), number_of("no_flight")),
    "eta 1% heavier": (heavier(221, 1.01), ("off_line", "line_shift"), number_of("off_line")),
    "W 0.5% heavier": (heavier(24, 1.005), ("w_boson_line",), mean_of("w_boson_line")),
    "p forward of pbar": (ahead(2212, 0.2), ("proton_signed",), forward(2212)),
    "pi+ forward of pi-": (ahead(211, 0.02), ("pion_signed", "charge_cos"), forward(211)),
    "mu- forward of mu+": (ahead(13, 0.5), ("muon_signed",), forward(13)),
    "B+ forward of B-": (ahead(521, 1.0), ("bottom_signed",), forward(521)),
    "10% of D+ are D-": (other_sign(411, 0.1), ("net_species", "charm_signed"), net(411)),
    "20% of B0bar are B0": (other_sign(-511, 0.2), ("net_species", "hemisphere_pairs"), net(511)),
    "6% of K- are K+": (other_sign(-321, 0.06), ("net_species", "kaon_signed"), net(321)),
    "top spins": (
        weighted("top_spin_correlation", 0.5),
        ("top_spin_correlation",),
        mean_of("top_spin_correlation"),
    ),
    "top polarisation": (
        weighted("top_helicity_angle", 0.2),
        ("top_helicity",),
        mean_of("top_helicity_angle"),
    ),
    "W polarisation": (
        weighted("w_decay_angle", 0.3),
        ("w_decay_angle",),
        mean_of("w_decay_angle"),
    ),
    "Z polarisation": (
        weighted("z_decay_angle", 0.3),
        ("z_decay_angle",),
        mean_of("z_decay_angle"),
    ),
    "kaons across": (reflected_kaons, ("hemisphere_pairs", "kaon_rapidity_gap"), kaon_sides),
    "4% of photons' mothers": (
        other_mothers,
        ("mothers", "decay_products", "decay_balance"),
        number_of("mothers", 0),
    ),
    "0.2% of decayed: status 3": (
        other_status(3, 2e-3),
        ("decayed_status",),
        lambda e: np.bincount(e.chunk.event[e.chunk.status == 3], minlength=len(e)).astype(float),
    ),
    "0.2% of decayed: status 7": (
        other_status(7, 2e-3),
        ("record_rules", "decayed_status"),
        number_of("record_rules"),
    ),
    "20% of photons turned": (
        scattered((22,), 0.3, 0.2),
        ("photon_charged", "photon_surrounding", "photon_lepton"),
        number_below("photon_charged_angle"),
    ),
    "half of leptons turned": (
        scattered((11, -11, 13, -13), 0.5, 0.5),
        ("lepton_", "photon_lepton"),
        number_below("lepton_pair_angle"),
    ),
    "0.5% of decays too early": (early_vertices, ("record_rules",), number_of("record_rules")),
    "2% of K0S too slow": (slow_flights, ("flight_speed",), number_of("flight_speed")),
    "0.1%: other masses": (other_masses, ("record_rules",), number_of("record_rules")),
    "1%: three beams": (more_beams, ("record_rules",), number_of("record_rules")),
}
SETTINGS = {"unpolarised taus": ("TauDecays:mode = 0", ("tau_",))}
