# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading and writing files of events: HepMC text against pyhepmc, hard events by format.

Times are CPU times of the process, decompression included, least of several rounds in turn.
Targets: HepMC text of 13 TeV dijets in an eighth of pyhepmc's time, plain and compressed; LHEH5 in
2 us an event, in a file of at most 0.6 of that of .lhe.gz.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyhepmc
from pythia_settings import DIJETS, ZPOLE

from mcsurrogate.events import (
    EventBatch,
    EventFile,
    ProcessInfo,
    RunInfo,
    read_hard_events,
    write_hard_events,
)
from mcsurrogate.generators import PythiaChain

READING, LHEH5_US, LHEH5_SIZE = 0.125, 2.0, 0.6


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds of all threads."""
    start = time.process_time()
    work()
    return time.process_time() - start


def read_ours(path: Path) -> int:
    """Count the events of a HepMC file, read into columns."""
    return sum(map(len, EventFile(path).chunks()))


def read_theirs(path: Path) -> int:
    """Count them as pyhepmc's objects."""
    with pyhepmc.open(str(path)) as events:
        return sum(1 for _ in events)


def top_pairs(events: int) -> tuple[RunInfo, EventBatch]:
    """Events g g > t t~ with exact kinematics and all digits."""
    rng, mass = np.random.default_rng(1), 173.0
    pt, phi = rng.exponential(80.0, events), rng.uniform(-np.pi, np.pi, events)
    mt = np.hypot(mass, pt)

    def top(sign: int) -> np.ndarray:
        y = rng.normal(size=events)
        plane = sign * pt * np.cos(phi), sign * pt * np.sin(phi)
        return np.stack((mt * np.cosh(y), *plane, mt * np.sinh(y)), axis=1)

    pair = top(1), top(-1)
    energy, along = (pair[0] + pair[1])[:, [0, 3]].T
    nothing = np.zeros(events)
    gluons = [
        np.stack(((energy + s * along) / 2, nothing, nothing, s * (energy + s * along) / 2), axis=1)
        for s in (1, -1)
    ]
    particles = 4 * events

    def repeated(rows: list, kind: str) -> np.ndarray:
        return np.concatenate([np.array(rows, dtype=kind)] * events)

    batch = EventBatch(
        offsets=np.arange(0, particles + 1, 4),
        pdg_id=repeated([21, 21, 6, -6], "i4"),
        status=repeated([-1, -1, 1, 1], "i4"),
        parents=repeated([[0, 0], [0, 0], [1, 2], [1, 2]], "i4"),
        colour=repeated([[501, 502], [502, 503], [501, 0], [0, 503]], "i4"),
        momenta=np.stack((*gluons, *pair), axis=1).reshape(-1, 4),
        mass=repeated([0.0, 0.0, mass, mass], "f8"),
        weights=np.full((events, 1), 718.7),
        scale=mt,
        alpha_s=0.118 / (1.0 + 0.1 * np.log(mt / 91.2)),
        alpha_qed=np.full(events, 1 / 132.5),
        process_id=np.ones(events, dtype=np.int32),
        helicity=rng.choice([-1.0, 1.0], particles),
    )
    return RunInfo((2212, 2212), (6500.0, 6500.0), (ProcessInfo(1, 718.7, 0.1),)), batch


def report_hepmc(folder: Path, rounds: int) -> None:
    """Print times of HepMC files of the chain, by compression."""
    for name, settings, events in (("dijets", DIJETS, 60), ("Z", ZPOLE, 1000)):
        for ending in (".hepmc", ".hepmc.gz", ".hepmc.zst"):
            path = folder / f"{name}{ending}"
            PythiaChain(settings, seed=1).generate(events, hepmc=path).run()
            pairs = [
                (seconds(lambda p=path: read_ours(p)), seconds(lambda p=path: read_theirs(p)))
                for _ in range(rounds)
            ]
            ours, theirs = (min(times) for times in zip(*pairs, strict=True))
            told = f"{1e6 * ours / events:8.1f} us/event, pyhepmc {1e6 * theirs / events:8.1f}"
            verdict = "met" if ours / theirs <= READING else "missed"
            goal = f" (target {READING}: {verdict})" if name == "dijets" else ""
            print(f"{path.name:18s} {told}, ratio {ours / theirs:.3f}{goal}")


def report_hard(folder: Path, rounds: int, events: int) -> None:
    """Print times and sizes of files of hard events."""
    run, batch = top_pairs(events)
    parts = [batch[i : i + 10_000] for i in range(0, events, 10_000)]
    gzipped = 0
    for ending in (".lhe", ".lhe.gz", ".h5", ".parquet", ".root"):
        path = folder / f"top{ending}"
        writing = seconds(lambda p=path: write_hard_events(p, run, parts))
        reading = min(
            seconds(lambda p=path: sum(map(len, read_hard_events(p)[1]))) for _ in range(rounds)
        )
        size = path.stat().st_size
        gzipped = size if ending == ".lhe.gz" else gzipped
        each = f"write {1e6 * writing / events:6.2f}, read {1e6 * reading / events:6.2f} us/event"
        share = f", {size / gzipped:.2f} of .lhe.gz" if gzipped else ""
        goal = f" (targets {LHEH5_US} us, {LHEH5_SIZE})" if ending == ".h5" else ""
        print(f"{path.name:18s} {each}, {size / events:6.1f} bytes/event{share}{goal}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--events", type=int, default=40_000, help="hard events")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report_hepmc(Path(folder), arguments.rounds)
        report_hard(Path(folder), arguments.rounds, arguments.events)


if __name__ == "__main__":
    main()
