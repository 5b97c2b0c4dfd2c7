# SPDX-License-Identifier: GPL-3.0-or-later
"""How a run on many cores scales: a model in closed form, and a simulation of the same parts.

A chunk costs a worker ``events * event_seconds + chunk_seconds``; a scheduler hands out and takes
back one call at a time; the parent unpacks and writes results one at a time; a file system takes
what the workers write themselves. Workers may die during a chunk, which is then repeated.

``python benchmarks/cluster_model.py`` prints docs/scaling.md's table; ``--measure`` measures the
constants of this machine first.
"""

import argparse
import heapq
import random
import time
from dataclasses import dataclass, replace

__all__ = ["Costs", "Plan", "bound", "simulate"]


@dataclass(frozen=True)
class Costs:
    """Measured constants, in seconds and bytes.

    Attributes
    ----------
    event_seconds
        CPU of an event in a worker.
    chunk_seconds
        What a chunk costs a worker besides.
    start_seconds
        CPU until a worker has imported, read the grids and built the amplitudes.
    call_seconds
        Scheduler and client, for one call there and back.
    parent_seconds
        The parent, for the result of one event: unpacking, bookkeeping and writing.
    event_bytes
        Output of an event.
    disk_bytes_per_second
        What the file system takes from all workers together.
    death
        Chance that a worker dies during a chunk.
    """

    event_seconds: float
    chunk_seconds: float
    start_seconds: float
    call_seconds: float
    parent_seconds: float
    event_bytes: float
    disk_bytes_per_second: float
    death: float = 0.0


@dataclass(frozen=True)
class Plan:
    """How the work is cut.

    ``through_parent`` tells whether results go through one process, as with an executor, or are
    written by the workers, as in an array of jobs from a pack.
    """

    cores: int
    events: float
    chunk_events: float
    through_parent: bool


def bound(costs: Costs, plan: Plan) -> dict[str, float]:
    """Seconds that each part is busy at least; the longest is the bottleneck."""
    chunks = plan.events / plan.chunk_events
    tries = 1.0 / (1.0 - costs.death)
    chunk = plan.chunk_events * costs.event_seconds + costs.chunk_seconds
    busy = {
        "workers": costs.start_seconds + chunks * tries * chunk / plan.cores,
        "file system": plan.events * costs.event_bytes / costs.disk_bytes_per_second,
    }
    if plan.through_parent:
        busy["scheduler"] = chunks * tries * costs.call_seconds
        busy["parent"] = plan.events * costs.parent_seconds
    return busy


def simulate(costs: Costs, plan: Plan, seed: int = 1) -> float:
    """Seconds until the last chunk is written, chunk by chunk."""
    rng = random.Random(seed)
    left = round(plan.events / plan.chunk_events)
    chunk = plan.chunk_events * costs.event_seconds + costs.chunk_seconds
    writing = plan.chunk_events * costs.event_bytes / costs.disk_bytes_per_second
    scheduler = parent = disk = end = 0.0
    free = [costs.start_seconds] * plan.cores
    heapq.heapify(free)
    while left:
        now = heapq.heappop(free)
        if plan.through_parent:
            scheduler = now = max(scheduler, now) + costs.call_seconds
        # the length of a chunk varies by a tenth
        spent = chunk * rng.uniform(0.9, 1.1)
        if rng.random() < costs.death:
            heapq.heappush(free, now + spent * rng.random() + costs.start_seconds)
            continue
        left -= 1
        done = now + spent
        disk = done = max(disk, done) + writing
        end = max(end, done)
        if plan.through_parent:
            parent = max(parent, done) + plan.chunk_events * costs.parent_seconds
            end = max(end, parent)
        heapq.heappush(free, done)
    return end


def measured() -> Costs:
    """Return the constants of docs/scaling.md; see there how they were measured."""
    return Costs(
        event_seconds=71e-6,
        chunk_seconds=2e-3,
        start_seconds=6.0,
        call_seconds=4.6e-3,
        parent_seconds=6e-6,
        event_bytes=164.0,
        disk_bytes_per_second=1e9,
    )


def call_seconds(calls: int = 2000) -> float:
    """Measure a call there and back through two local processes."""
    from mcsurrogate.cards import ExecutionSection
    from mcsurrogate.executors import map_chunks, open_executor

    with open_executor(ExecutionSection(workers=2)) as executor:
        list(map_chunks(executor, abs, range(4)))
        start = time.process_time()
        list(map_chunks(executor, abs, range(calls)))
        return (time.process_time() - start) / calls


def main() -> None:
    """Print seconds, efficiency and bottleneck from 2 to 10,000 cores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--measure", action="store_true", help="measure a call first")
    parser.add_argument("--events", type=float, default=1e10)
    arguments = parser.parse_args()
    costs = measured()
    if arguments.measure:
        costs = replace(costs, call_seconds=call_seconds())
        print(f"a call: {1e6 * costs.call_seconds:.0f} us of the parent")
    chains = replace(costs, event_seconds=0.0094, event_bytes=8.4e4, parent_seconds=2e-5)
    for name, own, through, chunk in (
        ("hard events, executor", costs, True, 1e5),
        ("hard events, array", costs, False, 1e6),
        ("chain, executor", chains, True, 1e3),
        ("chain, array", chains, False, 1e5),
    ):
        for cores in (2, 16, 128, 1000, 10_000):
            plan = Plan(cores, arguments.events, chunk, through)
            parts = bound(own, plan)
            slowest = max(parts, key=parts.__getitem__)
            # enough chunks for a steady state, scaled to all events
            part = replace(plan, events=min(plan.events, 40.0 * cores * chunk))
            simulated = simulate(own, part) * plan.events / part.events
            ideal = plan.events * own.event_seconds / cores
            print(
                f"{name:22} {cores:6d} cores: {parts[slowest]:10.3g} s by {slowest:11} "
                f"simulated {simulated:10.3g} s, efficiency {ideal / simulated:.1%}"
            )


if __name__ == "__main__":
    main()
