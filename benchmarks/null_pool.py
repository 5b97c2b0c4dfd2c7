# SPDX-License-Identifier: GPL-3.0-or-later
"""Pools of events that null pairs are drawn from: all observables of all events of some files."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pythia_settings import ZPOLE

from mcsurrogate.analysis.selection import Events
from mcsurrogate.events.hepmc_reader import EventFile, FileSummary
from mcsurrogate.generators import PythiaChain
from mcsurrogate.validation.histograms import Values
from mcsurrogate.validation.particle_sets import particle_sets
from mcsurrogate.validation.plan import Plan, Planner
from mcsurrogate.validation.repeated import event_hashes
from mcsurrogate.validation.sample import Sample

_LHC = "Beams:eCM = 13000"
SAMPLES: dict[str, tuple[int, tuple[str, ...]]] = {
    "z": (10_000, tuple(ZPOLE)),
    "jets": (4000, (_LHC, "HardQCD:all = on", "PhaseSpace:pTHatMin = 50")),
    "top": (3000, (_LHC, "Top:gg2ttbar = on", "Top:qqbar2ttbar = on")),
    "soft": (6000, (_LHC, "SoftQCD:inelastic = on")),
}
"""Events and Pythia's settings of each pool."""


@dataclass(frozen=True)
class Kind:
    """A kind of null pairs: its pool, events a side, and width of their lognormal weights."""

    pool: str
    events: int = 1000
    width: float = 0.0


KINDS = {
    "Z decays": Kind("z"),
    "dijets": Kind("jets"),
    "top pairs": Kind("top"),
    "soft QCD": Kind("soft"),
    "weighted Z decays": Kind("z", width=0.7),
    "100 Z decays": Kind("z", 100),
}


def pool_file(folder: Path, name: str) -> Path:
    """File of a pool's events, generated where it is not there yet."""
    path = folder / f"{name}.hepmc.zst"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        events, settings = SAMPLES[name]
        for _ in PythiaChain(list(settings), seed=11).generate(events, hepmc=path):
            pass
    return path


class Pool:
    """Values of all observables for all events of some files.

    Parameters
    ----------
    paths
        HepMC files of one process.
    planner
        Plans from the first events; where its plan has networks on particles, those are kept.
    max_events
        Of each file.
    """

    def __init__(self, paths: list[Path], planner: Planner, max_events: int | None = None) -> None:
        parts: list[list[Values]] = []
        sets = []
        self.hashes = np.empty(0, dtype=np.uint64)
        events = 0
        for path in paths:
            for chunk in EventFile(path, max_events=max_events).chunks():
                seen = Events(chunk, np.ones(len(chunk)))
                plan = planner(seen)
                values = []
                for observable in plan.observables:
                    own = observable.values(seen)
                    event = np.arange(len(chunk)) if own.event is None else own.event
                    order = np.argsort(event, kind="stable")
                    entry = None if own.entry_weights is None else own.entry_weights[order]
                    values.append(Values(own.values[order], event[order] + events, entry))
                parts.append(values)
                if plan.deep:
                    sets.append(particle_sets(seen))
                self.hashes = np.concatenate((self.hashes, event_hashes(seen.final)))
                events += len(chunk)
        assert planner.plan is not None
        self.plan: Plan = planner.plan
        self.events = events
        self.sets = np.concatenate(sets) if sets else None
        self.single = [o.values(seen).event is None for o in self.plan.observables]
        self.values, self.entries, self.offsets = [], [], []
        for i in range(len(self.plan.observables)):
            event = np.concatenate([p[i].event for p in parts])
            self.values.append(np.concatenate([p[i].values for p in parts]))
            entries = [p[i].entry_weights for p in parts]
            self.entries.append(None if entries[0] is None else np.concatenate(entries))
            counts = np.bincount(event, minlength=events)
            self.offsets.append(np.concatenate(([0], np.cumsum(counts))))

    def sample(
        self,
        label: str,
        chosen: np.ndarray,
        weights: np.ndarray | None = None,
        *,
        plan: Plan | None = None,
    ) -> Sample:
        """Sample of some of the events, with weights of their own and perhaps another plan."""
        plan = plan or self.plan
        summary = FileSummary(Path(label), events=len(chosen))
        sample = Sample(label, summary, plan)
        values = []
        for i, single in enumerate(self.single):
            if single:
                values.append(Values(self.values[i][chosen]))
                continue
            first, last = self.offsets[i][chosen], self.offsets[i][chosen + 1]
            counts = last - first
            place = np.arange(counts.sum()) + np.repeat(first - np.cumsum(counts) + counts, counts)
            entries = None if self.entries[i] is None else self.entries[i][place]
            event = np.repeat(np.arange(len(chosen)), counts)
            values.append(Values(self.values[i][place], event, entries))
        if weights is None:
            weights = np.ones(len(chosen))
        if plan.deep and self.sets is not None:
            sample.particle_sets.add(self.sets[chosen], weights, 0)
        sample.fill_values(values, weights, 0)
        sample.hashes.add(self.hashes[chosen])
        sample.weight_table.add(weights[:, None], 0)
        return sample
