# SPDX-License-Identifier: GPL-3.0-or-later
"""Power of the validation: known defects, each with its p-value and its rank in the table.

    python benchmarks/validation_power.py FOLDER [--events N] [--sample z|tau|jets|top|boson]
                        [--only NAME ...] [--further | --missed | --siblings | --cousins | --broad]
                        [--rows N]

Reference and candidate are independent Pythia samples (generated into FOLDER, kept for the next
call).  A defect is either another Pythia setting, with a sample of its own, or a change of the
candidate's events while they are read.  Printed for each defect: p-value of the first row of the
summary table (Holm-adjusted for all observables too), its name and where it deviates, the rank
and p-value of the best of the observables that name the defect, and the verdict.  `--further` tries
the defects of further_defects.py instead, `--missed` those of missed_defects.py, and `--siblings`,
`--cousins` and `--broad` those of sibling_defects.py, cousin_defects.py and broad_defects.py, for
which a direct count of the planted quantity is printed too; `--rows` prints more rows.
"""

import argparse
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import broad_defects
import cousin_defects
import further_defects
import missed_defects
import numpy as np
import sibling_defects
from pythia_settings import HADRONIC_Z, LEPTONS, ZPOLE

from mcsurrogate.analysis.selection import Events
from mcsurrogate.events.chunk import EventChunk
from mcsurrogate.events.hepmc_reader import EventFile
from mcsurrogate.generators import PythiaChain
from mcsurrogate.validation.comparison import Comparison, compare
from mcsurrogate.validation.plan import Planner
from mcsurrogate.validation.sample import Reading, Sample, fill_sample
from mcsurrogate.validation.verdict import Tolerance

_BOSONS = ("qqbar2gmZg", "qg2gmZq", "qqbar2Wg", "qg2Wq")
BASE = {
    "z": tuple(ZPOLE),
    "tau": (*LEPTONS, *HADRONIC_Z[:2], "23:onIfAny = 15"),
    "jets": ("Beams:eCM = 13000", "HardQCD:all = on", "PhaseSpace:pTHatMin = 50"),
    "top": ("Beams:eCM = 13000", "Top:gg2ttbar = on", "Top:qqbar2ttbar = on"),
    "boson": (
        "Beams:eCM = 13000",
        *(f"WeakBosonAndParton:{name} = on" for name in _BOSONS),
        "PhaseSpace:pTHatMin = 20",
        "23:onMode = off",
        "23:onIfAny = 11 13 15",
        "24:onMode = off",
        "24:onIfAny = 11 13 15",
    ),
}
PRESET = {"z": "ee_z", "tau": "ee_z", "jets": "pp_jets", "top": "pp_top", "boson": "pp_jets"}
REMOVED = further_defects.REMOVED

Defect = Callable[[EventChunk, np.random.Generator], EventChunk]


def _hadrons(chunk: EventChunk) -> np.ndarray:
    return chunk.species.hadron & (chunk.status == 1)


def _moved(chunk: EventChunk, chosen: np.ndarray, **momentum: np.ndarray) -> EventChunk:
    """Give particles another momentum, on their mass shell."""
    particles = chunk.particles.copy()
    mass2 = np.maximum(chunk.select(np.flatnonzero(chosen)).mass2, 0.0)
    for name, values in momentum.items():
        particles[name][chosen] = values
    square = sum(particles[name][chosen] ** 2 for name in ("px", "py", "pz"))
    particles["e"][chosen] = np.sqrt(square + mass2)
    return replace(chunk, particles=particles)


def _unit(chunk: EventChunk) -> np.ndarray:
    return np.ones(len(chunk))


def scale_pt(chunk: EventChunk, _: np.random.Generator) -> EventChunk:
    """Transverse momenta of all final hadrons 1% larger."""
    chosen = _hadrons(chunk)
    own = chunk.particles[chosen]
    return _moved(chunk, chosen, px=1.01 * own["px"], py=1.01 * own["py"])


def kaons_to_pions(chunk: EventChunk, random: np.random.Generator) -> EventChunk:
    """3% of the charged kaons are pions of the same momentum, on the pion's mass shell."""
    particles = chunk.particles.copy()
    chosen = (np.abs(chunk.pid) == 321) & (chunk.status == 1)
    chosen &= random.random(len(chosen)) < 0.03
    particles["pid"][chosen] = np.where(particles["pid"][chosen] > 0, 211, -211)
    square = sum(particles[name][chosen] ** 2 for name in ("px", "py", "pz"))
    particles["e"][chosen] = np.sqrt(square + 0.13957039**2)
    return replace(chunk, particles=particles)


def stable_short_kaons(chunk: EventChunk, random: np.random.Generator) -> EventChunk:
    """2% of the events without the decay of K0S."""
    events = random.random(len(chunk)) < 0.02
    kaons = (chunk.pid == 310) & (chunk.status == 2) & events[chunk.event]
    gone = np.zeros(chunk.n_vertices + 1, dtype=bool)
    gone[chunk.end_vertex[kaons]] = True
    removed = np.zeros(len(chunk.pid), dtype=bool)
    while True:
        now = (chunk.production_vertex >= 0) & gone[chunk.production_vertex]
        if (now == removed).all():
            break
        removed = now
        gone[chunk.end_vertex[removed & (chunk.end_vertex >= 0)]] = True
    particles, end = chunk.particles.copy(), chunk.end_vertex.copy()
    particles["status"][kaons], end[kaons] = 1, -1
    particles["status"][removed], particles["pid"][removed] = REMOVED, 0
    return replace(chunk, particles=particles, end_vertex=end)


def smear_jets(chunk: EventChunk, random: np.random.Generator) -> EventChunk:
    """Momenta of jets, anti-kt with R = 0.4, smeared by 2%: constituents share the factor."""
    jets = Events(chunk, _unit(chunk)).jets
    final = np.flatnonzero(chunk.status == 1)
    own = chunk.select(final)
    factor = np.ones(len(final))
    for rank in range(int(jets.counts.max(initial=0))):
        smear = 1.0 + 0.02 * random.standard_normal(len(chunk))
        eta, phi = (jets.take(x, rank)[own.event] for x in (jets.rapidity, jets.phi))
        turn = np.mod(own.phi - phi + np.pi, 2 * np.pi) - np.pi
        inside = np.hypot(own.rapidity - eta, turn) < 0.4
        factor[inside] = smear[own.event[inside]]
    particles = chunk.particles.copy()
    for name in ("px", "py", "pz", "e"):
        particles[name][final] *= factor
    return replace(chunk, particles=particles)


def dead_sector(chunk: EventChunk, _: np.random.Generator) -> EventChunk:
    """Nothing in 2% of the azimuth."""
    particles = chunk.particles.copy()
    phi = np.arctan2(particles["py"], particles["px"])
    dead = (chunk.status == 1) & (phi > 1.0) & (phi < 1.0 + 0.02 * 2 * np.pi)
    particles["status"][dead] = REMOVED
    return replace(chunk, particles=particles)


def _doubled(chunk: EventChunk, events: np.ndarray) -> EventChunk:
    return replace(chunk, weights=np.where(events[:, None], 2.0, 1.0) * chunk.weights)


def heavy_multiplicity(chunk: EventChunk, _: np.random.Generator) -> EventChunk:
    """Weights doubled where the charged multiplicity is 3 sigma above its mean."""
    number = Events(chunk, _unit(chunk)).charged.counts
    return _doubled(chunk, number > number.mean() + 3.0 * number.std())


def heavy_thrust(chunk: EventChunk, _: np.random.Generator) -> EventChunk:
    """Weights doubled where 1 - T is 3 sigma above its mean."""
    value = 1.0 - Events(chunk, _unit(chunk)).thrust.value
    return _doubled(chunk, value > value.mean() + 3.0 * value.std())


def heavy_normal_tail(chunk: EventChunk, _: np.random.Generator) -> EventChunk:
    """Weights doubled for the 0.27% of the events with the hardest leading particle."""
    final = chunk.final
    leading = np.zeros(len(chunk))
    np.maximum.at(leading, final.event, final.p)
    return _doubled(chunk, leading > np.quantile(leading, 0.9973))


def flipped_charges(chunk: EventChunk, random: np.random.Generator) -> EventChunk:
    """0.1% of the pions with the wrong sign of their charge."""
    particles = chunk.particles.copy()
    chosen = (np.abs(chunk.pid) == 211) & (random.random(len(chunk.pid)) < 1e-3)
    particles["pid"][chosen] *= -1
    return replace(chunk, particles=particles)


def lost_soft_photons(chunk: EventChunk, random: np.random.Generator) -> EventChunk:
    """5% of the photons below 200 MeV lost."""
    particles = chunk.particles.copy()
    chosen = (chunk.pid == 22) & (chunk.status == 1) & (particles["e"] < 0.2)
    chosen &= random.random(len(chosen)) < 0.05
    particles["status"][chosen] = REMOVED
    return replace(chunk, particles=particles)


def shuffled_kaons(chunk: EventChunk, random: np.random.Generator) -> EventChunk:
    """Momenta of 20% of the charged kaons exchanged between events: spectra stay, pairs do not."""
    chosen = (np.abs(chunk.pid) == 321) & (chunk.status == 1)
    index = np.flatnonzero(chosen & (random.random(len(chosen)) < 0.2))
    other = random.permutation(index)
    particles = chunk.particles.copy()
    for name in ("px", "py", "pz", "e"):
        particles[name][index] = chunk.particles[name][other]
    return replace(chunk, particles=particles)


def repeated_events(chunk: EventChunk, random: np.random.Generator) -> EventChunk:
    """1% of the events are the event before them, where that fits into their place."""
    particles = chunk.particles.copy()
    for event in np.flatnonzero(random.random(len(chunk) - 1) < 0.02) + 1:
        own, other = (slice(*chunk.offsets[i : i + 2]) for i in (event, event - 1))
        size = other.stop - other.start
        if size > own.stop - own.start:
            continue
        particles["status"][own] = REMOVED
        particles[own.start : own.start + size] = particles[other.start : other.start + size]
    return replace(chunk, particles=particles)


def longer_lives(chunk: EventChunk, _: np.random.Generator) -> EventChunk:
    """K0S live 3% longer."""
    kaons = np.flatnonzero((np.abs(chunk.pid) == 310) & (chunk.end_vertex >= 0))
    positions = chunk.vertex_positions.copy()
    start, stop = chunk.production_vertex[kaons], chunk.end_vertex[kaons]
    positions[stop] = positions[start] + 1.03 * (positions[stop] - positions[start])
    return replace(chunk, vertex_positions=positions)


CHANGES: dict[str, tuple[Defect, tuple[str, ...]]] = {
    "hadron pT + 1%": (scale_pt, ("charged_", "thrust_pt", "pion_", "_xi", "_pt")),
    "3% of K are pi": (kaons_to_pions, ("kaon", "final_species", "hadron_yields")),
    "2% of events: K0S stable": (stable_short_kaons, ("final_species", "short_kaon")),
    "jet pT smeared by 2%": (smear_jets, ("jet", "y23", "thrust", "missing_pt", "charged_energy")),
    "2% of phi missing": (dead_sector, ("phi", "direction_map")),
    "weights x 2, N_ch > 3 sigma": (heavy_multiplicity, ("number", "weight")),
    "weights x 2, 1 - T > 3 sigma": (
        heavy_thrust,
        ("thrust", "sphericity", "_parameter", "broadening", "mass", "weight", "y", "jet"),
    ),
    "weights x 2, 0.27% tail": (heavy_normal_tail, ("leading_momentum", "weight")),
    "0.1% of pi charges flipped": (flipped_charges, ("charge_balance",)),
    "5% of soft photons lost": (lost_soft_photons, ("photon", "final_species")),
    "20% of K momenta shuffled": (shuffled_kaons, ("kaon",)),
    "1% of the events twice": (repeated_events, ("_",)),
    "K0S lives 3% longer": (longer_lives, ("short_kaon_lifetime",)),
}
SETTINGS: dict[str, tuple[str, tuple[str, ...]]] = {
    "aLund 0.68 -> 0.75": ("StringZ:aLund = 0.75", ("_xi", "_xp", "number", "charged", "bottom")),
}
_PP_ONLY_NO = ("K0S", "aLund", "1 - T", "N_ch", "0.27%")


def sample_file(folder: Path, name: str, events: int, seed: int, settings: list[str]) -> Path:
    """File of a Pythia sample, generated where it is not there yet."""
    path = folder / f"{name}.hepmc.zst"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        for _ in PythiaChain(settings, seed=seed).generate(events, hepmc=path):
            pass
    return path


class Direct:
    """A planted quantity counted in two samples, one number an event, NaN for none."""

    def __init__(self, count: Callable[[Events], np.ndarray]) -> None:
        self.count = count
        self.parts: dict[str, list[np.ndarray]] = {"reference": [], "candidate": []}

    def fill(self, side: str, events: Events) -> None:
        """Count the events of a chunk."""
        self.parts[side].append(np.stack((self.count(events), events.weights)))

    def sigma(self) -> float:
        """Difference of the means in standard deviations."""
        means = []
        for part in self.parts.values():
            x, w = np.concatenate(part, axis=1)
            x, w = x[np.isfinite(x)], w[np.isfinite(x)]
            mean = np.average(x, weights=w)
            means.append((mean, (w**2 * (x - mean) ** 2).sum() / w.sum() ** 2))
        (a, variance_a), (b, variance_b) = means
        return float((b - a) / math.sqrt(max(variance_a + variance_b, 1e-300)))


def show(name: str, found: Comparison, names: tuple[str, ...], rows: int = 1) -> None:
    """One line of the table, and the rows that follow it."""
    first = found.results[0]
    naming = [
        (i, r) for i, r in enumerate(found.results) if any(n in r.observable.name for n in names)
    ]
    if not naming:
        print(f"{name}: none of {', '.join(names)} is in the preset")
        return
    rank, best = naming[0]
    if found.repeats.log_p < math.log(1e-4):
        print(f"{name}: {found.warnings[0]} (p = 10^{found.repeats.log_p / math.log(10):.0f})")
    print(
        f"{name:30s} {found.verdict.value:18s} {first.log_p / math.log(10):9.1f}  "
        f"{first.observable.name:24s} {first.where:34s} "
        f"{rank + 1:3d}  {best.log_p / math.log(10):9.1f}  {best.observable.name}",
        flush=True,
    )
    for row in found.results[1:rows]:
        p = row.log_p / math.log(10)
        print(f"{'':49s} {p:9.1f}  {row.observable.name:24s} {row.where}")
    for test in found.global_tests:
        if test.log_p < math.log(1e-4) and rows > 1:
            print(f"{'':49s} {test.log_p / math.log(10):9.1f}  {test.title}")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--sample", choices=tuple(BASE), default="z")
    parser.add_argument("--only", nargs="*", help="names of defects, by their beginnings")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--further", action="store_true", help="try the further defects")
    which.add_argument("--missed", action="store_true", help="try those once missed")
    which.add_argument("--siblings", action="store_true", help="try others of their kinds")
    which.add_argument("--cousins", action="store_true", help="try more of their kinds")
    which.add_argument("--broad", action="store_true", help="try defects of any collision")
    parser.add_argument("--rows", type=int, default=1, help="rows of each table to print")
    arguments = parser.parse_args()
    base, kind, n = list(BASE[arguments.sample]), arguments.sample, arguments.events
    wanted = tuple(arguments.only or ("",))
    skipped = _PP_ONLY_NO if kind == "jets" else ()
    known, settings = CHANGES, SETTINGS
    if arguments.further:
        known, settings = further_defects.CHANGES, further_defects.SETTINGS
    if arguments.missed:
        known, settings = missed_defects.CHANGES, missed_defects.SETTINGS
    if arguments.siblings:
        known, settings = sibling_defects.CHANGES, sibling_defects.SETTINGS
    if arguments.cousins:
        known, settings = cousin_defects.CHANGES, {}
    if arguments.broad:
        known, settings = broad_defects.CHANGES, {}
    # the reservoir feeds the test of consecutive events
    planner = Planner(preset=PRESET[kind], reservoir=n if arguments.further else 0)
    path = sample_file(arguments.folder, f"{kind}_reference", n, 1, base)
    reference = fill_sample(Reading(path, "reference"), planner, max_events=n)
    plan = reference.plan
    print(f"{kind}: {n} events against {n}, {len(plan.observables)} observables")
    print(
        f"{'defect':30s} {'verdict':18s} {'log10 p':>9s}  {'first in the table':24s} "
        f"{'where':34s} rank    log10 p  best that names it"
    )
    path = sample_file(arguments.folder, f"{kind}_candidate", n, 2, base)
    changes = {
        name: value
        for name, value in known.items()
        if name.startswith(wanted) and not any(s in name for s in skipped)
    }
    file = EventFile(path, max_events=n)
    samples = {name: Sample(name, file.summary, plan) for name in ("none", *changes)}
    direct = {name: Direct(value[2]) for name, value in changes.items() if len(value) > 2}
    if direct:
        for chunk in EventFile(reference.file.path, max_events=n).chunks():
            seen = Events(chunk, _unit(chunk))
            for one in direct.values():
                one.fill("reference", seen)
    random = np.random.default_rng(1)
    for chunk in file.chunks():
        samples["none"].fill(Events(chunk, _unit(chunk)), chunk.first_event)
        for name, (change, *_) in changes.items():
            changed = change(chunk, random)
            seen = Events(changed, changed.weights[:, 0])
            samples[name].fill(seen, chunk.first_event)
            if name in direct:
                direct[name].fill("candidate", seen)
    names = {name: value[1] for name, value in changes.items()}
    for name, sample in samples.items():
        if name in direct:
            print(f"{name}: a direct count sees {direct[name].sigma():+.1f} σ")
        show(name, compare(sample, reference, Tolerance()), names.get(name, ("",)), arguments.rows)
    for name, (line, own) in settings.items():
        if name.startswith(wanted) and not any(s in name for s in skipped):
            path = sample_file(
                arguments.folder, f"{kind}_{line.split()[0].split(':')[1]}", n, 3, [*base, line]
            )
            candidate = fill_sample(Reading(path, name), planner, max_events=n)
            found = compare(candidate, reference, Tolerance())
            show(name, found, own, arguments.rows)


if __name__ == "__main__":
    main()
