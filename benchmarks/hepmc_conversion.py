# SPDX-License-Identifier: GPL-3.0-or-later
"""HepMC3 text of Pythia's events: natively, officially, and built with pyhepmc in Python.

All make the same events of runs with the same seed, block by block in turn: the native text against
that of Pythia's converter and HepMC3's writer together, and the official conversion alone against a
builder in Python, which makes what it makes except the colour-flow attributes. Times are CPU times
of the thread, so that a busy machine does not count; printed are medians over the blocks. The
target: a quarter of the official time. Then events with a file beside them over bare ones: the CPU
time of Pythia's thread, which a busy machine hardly changes, and the wall clock, for which the
target is 1.1 with a second core free.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyhepmc
import pythia8mc
from native_loop import PROCESSES, python_pythia

from mcsurrogate.generators import PythiaChain
from mcsurrogate.native import native_module

TARGET = 0.25
BESIDE = 1.1


def build_event(pythia: pythia8mc.Pythia, number: int) -> pyhepmc.GenEvent:
    """One HepMC3 event from Pythia's record, vertex by vertex as the official converter does."""
    event = pyhepmc.GenEvent(pyhepmc.Units.GEV, pyhepmc.Units.MM)
    event.event_number = number
    entries = list(pythia.event)
    particles = []
    for entry in entries:
        momentum = (entry.px(), entry.py(), entry.pz(), entry.e())
        particle = pyhepmc.GenParticle(momentum, entry.id(), entry.statusHepMC())
        particle.generated_mass = entry.m()
        particles.append(particle)
    vertices: dict[int, pyhepmc.GenVertex] = {}  # by the position of an incoming particle
    made = []
    for entry, particle in zip(entries[1:], particles[1:], strict=True):
        mothers = sorted(mother for mother in entry.motherList() if mother > 0)
        if not mothers:
            continue
        vertex = vertices.get(mothers[0])
        if vertex is None:
            place = (entry.xProd(), entry.yProd(), entry.zProd(), entry.tProd())
            vertex = pyhepmc.GenVertex(place)
            made.append(vertex)
            for mother in mothers:
                vertex.add_particle_in(particles[mother])
                vertices[mother] = vertex
        vertex.add_particle_out(particle)
    for vertex in made:
        event.add_vertex(vertex)
    info = pythia.infoPython()
    event.weights = [info.weight()]
    event.cross_section = pyhepmc.GenCrossSection()
    event.cross_section.set_cross_section(info.sigmaGen() * 1e9, info.sigmaErr() * 1e9)
    return event


def python_seconds(pythia: pythia8mc.Pythia, events: int) -> tuple[float, int]:
    """Seconds per event of the Python builder alone, and particles made."""
    seconds, particles = 0.0, 0
    for number in range(events):
        pythia.next()
        start = time.thread_time()
        event = build_event(pythia, number)
        seconds += time.thread_time() - start
        particles += len(event.particles)
    return seconds / events, particles


def beside_pythia(settings: list[str], seed: int, events: int) -> dict[str, tuple[float, float]]:
    """Seconds of events with a file of each compression over those of the same events bare.

    Of Pythia's own thread, whose CPU time is what a file costs it where the thread that makes the
    text has another core, and of the clock on the wall.
    """
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for suffix in (".hepmc", ".hepmc.gz", ".hepmc.zst"):
            bare = native_module().EventLoop(settings, seed)
            alone = _both_clocks(lambda bare=bare: bare.run_bare(events))
            stream = PythiaChain(settings, seed=seed).generate(
                events, hepmc=Path(folder) / f"events{suffix}"
            )
            beside = _both_clocks(stream.run)
            found[suffix] = (beside[0] / alone[0], beside[1] / alone[1])
    return found


def _both_clocks(work: Callable[[], object]) -> tuple[float, float]:
    thread, wall = time.thread_time(), time.perf_counter()
    work()
    return time.thread_time() - thread, time.perf_counter() - wall


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=16, help="blocks of events")
    parser.add_argument("--pairs", type=int, default=5, help="pairs with and without a file")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    for process, (block, settings) in PROCESSES.items():
        block = max(block // 5, 5)
        native, official = (native_module().EventLoop(settings, arguments.seed) for _ in range(2))
        pythia = python_pythia(settings, arguments.seed)
        ours, theirs, converted, in_python, particles = [], [], [], [], 0
        for _ in range(arguments.rounds):
            ours.append(sum(native.run_hepmc(block, False)[1:]) / block)
            _, conversion, writing = official.run_hepmc(block, True)
            theirs.append((conversion + writing) / block)
            converted.append(conversion / block)
            seconds, made = python_seconds(pythia, block)
            in_python.append(seconds)
            particles += made
        mean = particles / arguments.rounds / block
        print(f"{process}: {arguments.rounds - 1} blocks of {block} events, {mean:.0f} particles")
        for name, times in (
            ("native text", ours),
            ("official conversion and text", theirs),
            ("official conversion alone", converted),
            ("built with pyhepmc in Python", in_python),
        ):
            print(f"  {name:30s} {1e6 * statistics.median(times[1:]):9.1f} us/event")
        ratio = statistics.median(a / b for a, b in zip(ours[1:], theirs[1:], strict=True))
        verdict = "met" if ratio <= TARGET else "missed"
        print(f"  native / official: median {ratio:.3f}; target {TARGET}: {verdict}")
        pairs = [
            beside_pythia(settings, arguments.seed + i, 10 * block) for i in range(arguments.pairs)
        ]
        print(f"  events with a file / bare events: medians of {len(pairs)} pairs")
        for suffix in pairs[0]:
            thread, wall = (statistics.median(p[suffix][k] for p in pairs) for k in range(2))
            verdict = "met" if wall <= BESIDE else "missed"
            print(
                f"    {suffix:10s} CPU of Pythia's thread {thread:.2f}, wall clock {wall:.2f}; "
                f"target {BESIDE}: {verdict}"
            )


if __name__ == "__main__":
    main()
