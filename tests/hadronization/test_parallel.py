# SPDX-License-Identifier: GPL-3.0-or-later
"""PythiaParallel: one plugin instance for each thread, and no state between them."""

import numpy as np
import pythia8mc

from mcsurrogate.generators.hadronization import attach_hadronization

EVENTS = 60


def fingerprint(pythia):
    last = pythia.event[pythia.event.size() - 1]
    return pythia.event.size(), last.id(), last.e()


def draws(table):
    """Draws of flavours, hadrons, pT and z: how many, and how many by Pythia's own code."""
    assert table.count("End MCSurrogate Hadronization Statistics") == 1
    rows = [
        next(line for line in table.splitlines() if f"|  {name} " in line).split()[-2:]
        for name in ("flavours", "hadrons", "transverse momenta", "fractions z")
    ]
    return np.array(rows, dtype=int)


def test_threads_reproduce_single_runs(good, zpole, capfd):
    parallel = pythia8mc.PythiaParallel("", False)
    attach_hadronization(parallel, good)
    settings = [*zpole, "Print:quiet = on"]
    threads = [
        "Parallelism:numThreads = 2",
        "Parallelism:seeds = {1,2}",
        "Parallelism:balanceLoad = on",
    ]
    for line in [*settings, *threads]:
        assert parallel.readString(line)
    assert parallel.init()
    events = {0: [], 1: []}
    parallel.run(
        2 * EVENTS,
        lambda pythia: events[pythia.settings.mode("Parallelism:index")].append(
            fingerprint(pythia)
        ),
    )
    parallel.stat()
    together = draws(capfd.readouterr().out)
    alone = np.zeros_like(together)
    for index, found in events.items():
        single = pythia8mc.Pythia("", False)
        attach_hadronization(single, good)
        for line in [*settings, "Random:setSeed = on", f"Random:seed = {index + 1}"]:
            assert single.readString(line)
        assert single.init()
        expected = []
        for _ in range(EVENTS):
            assert single.next()
            expected.append(fingerprint(single))
        assert found == expected
        single.stat()
        alone += draws(capfd.readouterr().out)
    # The statistics of all threads are printed once, as one sum.
    np.testing.assert_array_equal(together, alone)
    assert (together[:, 0] > 2 * EVENTS * 20).all()
