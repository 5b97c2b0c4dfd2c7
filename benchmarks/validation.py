"""Speed of reading, null calibration and power of the validation.

    python benchmarks/validation.py read FILE            reading against pyhepmc's own time
    python benchmarks/validation.py null FILE [PAIRS]    p-values of random halves of one sample

FILE is a HepMC file, for `null` of at least some thousand events of one process.
"""

import argparse
import statistics
import time
from pathlib import Path

import numpy as np
import pyhepmc
from scipy import stats

from mcsurrogate.validation.histograms import EventSums, Values
from mcsurrogate.validation.plan import Planner
from mcsurrogate.validation.reading import EventFile
from mcsurrogate.validation.selection import Events
from mcsurrogate.validation.statistics import compare_binned, uniformity


def read(path: Path, repeats: int = 3) -> None:
    """Print reading time against iterating over a pyhepmc file, CPU seconds, medians."""
    ours, theirs, events = [], [], 0
    for _ in range(repeats):
        start = time.process_time()
        with pyhepmc.open(str(path)) as file:
            events = sum(1 for _ in file)
        theirs.append(time.process_time() - start)
        start = time.process_time()
        for _ in EventFile(path).chunks():
            pass
        ours.append(time.process_time() - start)
    a, b = statistics.median(ours), statistics.median(theirs)
    print(f"{events} events: {a:.2f} s, pyhepmc {b:.2f} s, ratio {a / b:.2f}")


def null(path: Path, pairs: int, seed: int = 1) -> None:
    """Print how uniform the chi^2 p-values of random halves of one sample are."""
    planner, chunks = Planner(), []
    for chunk in EventFile(path).chunks():
        events = Events(chunk, np.ones(len(chunk)))
        plan = planner(events)
        chunks.append((len(chunk), [o.values(events) for o in plan.observables]))
    random = np.random.default_rng(seed)
    p_values, together = [], []
    for _ in range(pairs):
        halves = [[EventSums(np.asarray(o.edges)) for o in plan.observables] for _ in range(2)]
        filled = [0, 0]
        for n, values in chunks:
            side = random.integers(0, 2, n)
            for half in (0, 1):
                chosen = side == half
                number = np.cumsum(chosen) - 1
                weights = np.ones(int(chosen.sum()))
                for sums, own in zip(halves[half], values, strict=True):
                    event = np.arange(n) if own.event is None else own.event
                    kept = chosen[event]
                    part = Values(own.values[kept], number[event[kept]])
                    sums.fill(part, weights, filled[half])
                filled[half] += len(weights)
        both = list(zip(*halves, strict=True))
        tests = [
            compare_binned(a, b, categories=bool(o.categories))
            for o, (a, b) in zip(plan.observables, both, strict=True)
        ]
        p_values.append([test.full.p_value for test in tests])
        together.append(uniformity(both, tests).p_value)
    table = np.array(p_values)
    for observable, column in zip(plan.observables, table.T, strict=True):
        print(f"{observable.name:32s} KS p = {stats.kstest(column, 'uniform').pvalue:.4f}")
    print(f"smallest p-value of {table.size}: {table.min():.2g}")
    print(f"uniformity of all: KS p = {stats.kstest(together, 'uniform').pvalue:.4f}")


def main() -> None:
    """Run the benchmark that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("read", "null"))
    parser.add_argument("file", type=Path)
    parser.add_argument("pairs", type=int, nargs="?", default=50)
    arguments = parser.parse_args()
    if arguments.what == "read":
        read(arguments.file)
    else:
        null(arguments.file, arguments.pairs)


if __name__ == "__main__":
    main()
