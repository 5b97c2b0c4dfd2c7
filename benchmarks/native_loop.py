# SPDX-License-Identifier: GPL-3.0-or-later
"""Cost of the native event loop with arrays, against bare ``pythia.next()``.

Loops with the same seed make the same events, block by block in turn. Times are CPU times of the
thread, so that a busy machine does not count; printed are medians over the blocks of the time per
event and of the ratio to the bare native loop. The target: at most 1.1 for the native loop with
arrays.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import pythia8mc
from pythia_settings import DIJETS, ZPOLE

from mcsurrogate.native import native_module

PROCESSES = {
    "Z -> q qbar, 91.2 GeV": (500, ZPOLE),
    "13 TeV dijets, pTHatMin 100": (15, DIJETS),
}
TARGET = 1.1
BARE = "native, bare next()"
ARRAYS = "native, with arrays"


def python_pythia(settings: list[str], seed: int) -> pythia8mc.Pythia:
    """Make the same run through pythia8mc."""
    pythia = pythia8mc.Pythia("", False)
    for line in ["Print:quiet = on", *settings, "Random:setSeed = on", f"Random:seed = {seed}"]:
        pythia.readString(line)
    if not pythia.init():
        raise SystemExit(f"pythia8mc refuses {settings}")
    return pythia


def python_arrays(pythia: pythia8mc.Pythia) -> np.ndarray:
    """Final-state momenta, gathered in Python."""
    return np.array([(p.id(), p.e(), p.px(), p.py(), p.pz()) for p in pythia.event if p.isFinal()])


def clocked(loop: Callable[[int], object]) -> Callable[[int], float]:
    """Seconds that a loop takes for so many events."""

    def run(events: int) -> float:
        start = time.thread_time()
        loop(events)
        return time.thread_time() - start

    return run


def loops(settings: list[str], seed: int) -> dict[str, Callable[[int], float]]:
    """All loops over the same events: name -> seconds for so many events."""
    native = native_module()
    bare, arrays = (native.EventLoop(settings, seed) for _ in range(2))
    plain, gathering = (python_pythia(settings, seed) for _ in range(2))

    def repeat_plain(events: int) -> None:
        for _ in range(events):
            plain.next()

    def repeat_gathering(events: int) -> None:
        for _ in range(events):
            gathering.next()
            python_arrays(gathering)

    return {
        BARE: clocked(bare.run_bare),
        ARRAYS: clocked(arrays.next_batch),
        "pythia8mc, bare next()": clocked(repeat_plain),
        "pythia8mc, loop over the event": clocked(repeat_gathering),
    }


def measure(settings: list[str], block: int, rounds: int, seed: int) -> dict[str, np.ndarray]:
    """Seconds per event of each loop in each round, ``(rounds,)`` each."""
    runs = loops(settings, seed)
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    names = list(runs)
    for i in range(rounds):
        for name in names[i % 2 :] + names[: i % 2]:  # nobody always comes first
            seconds[name].append(runs[name](block) / block)
    return {name: np.array(times[1:]) for name, times in seconds.items()}  # first round: warm-up


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=31, help="blocks of events for each loop")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    for process, (block, settings) in PROCESSES.items():
        seconds = measure(settings, block, arguments.rounds, arguments.seed)
        print(f"{process}: {arguments.rounds - 1} blocks of {block} events")
        for name, times in seconds.items():
            ratio = statistics.median(times / seconds[BARE])
            print(f"  {name:32s} {1e6 * np.median(times):9.1f} us/event   ratio {ratio:.3f}")
        ratio = statistics.median(seconds[ARRAYS] / seconds[BARE])
        total = seconds[ARRAYS].sum() / seconds[BARE].sum()
        verdict = "met" if ratio <= TARGET else "missed"
        print(
            f"  arrays / bare: median {ratio:.3f}, of sums {total:.3f}; target {TARGET}: {verdict}"
        )


if __name__ == "__main__":
    main()
