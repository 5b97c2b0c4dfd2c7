"""PythiaParallel: one plugin instance for each thread, and no state between them."""

import pythia8mc

from mcsurrogate.generators.hadronization import attach_hadronization

EVENTS = 60


def fingerprint(pythia):
    last = pythia.event[pythia.event.size() - 1]
    return pythia.event.size(), last.id(), last.e()


def test_threads_reproduce_single_runs(good, zpole):
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
