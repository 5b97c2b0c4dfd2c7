# SPDX-License-Identifier: GPL-3.0-or-later
"""Speed of reading, and of everything that is filled from a file, against pyhepmc's own reading.

    python benchmarks/validation.py FILE [--preset PRESET]

FILE is a HepMC file. CPU seconds, medians of three.
"""

import argparse
import statistics
import time
from pathlib import Path

import pyhepmc

from mcsurrogate.events.hepmc_reader import EventFile
from mcsurrogate.validation.plan import Planner
from mcsurrogate.validation.sample import Reading, fill_sample


def read(path: Path, preset: str | None, repeats: int = 3) -> None:
    """Print reading time against iterating over a pyhepmc file, and the time of filling."""
    ours, theirs, whole, events = [], [], [], 0
    for _ in range(repeats):
        start = time.process_time()
        with pyhepmc.open(str(path)) as file:
            events = sum(1 for _ in file)
        theirs.append(time.process_time() - start)
        start = time.process_time()
        for _ in EventFile(path).chunks():
            pass
        ours.append(time.process_time() - start)
        start = time.process_time()
        fill_sample(Reading(path, "sample"), Planner(preset=preset, reservoir=50_000))
        whole.append(time.process_time() - start)
    a, b, c = (statistics.median(x) for x in (ours, theirs, whole))
    print(f"{events} events: reading {a:.2f} s, pyhepmc {b:.2f} s, ratio {a / b:.2f}")
    print(f"reading and filling all observables: {c:.2f} s, {1000 * c / events:.2f} ms an event")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--preset")
    arguments = parser.parse_args()
    read(arguments.file, arguments.preset)


if __name__ == "__main__":
    main()
