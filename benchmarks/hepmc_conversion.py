"""Conversion to HepMC3: natively, against building the event with pyhepmc in Python.

Both convert the same events of runs with the same seed, block by block in turn. The Python builder
makes what the official converter makes except the colour-flow attributes, so it does a little less.
Times are CPU times of the thread, so that a busy machine does not count; printed are medians over
the blocks. The target: the native conversion is at least 15 times faster. Writing to disk is timed
apart, natively, by the wall clock.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import pyhepmc
import pythia8mc
from native_loop import PROCESSES, python_pythia

from mcsurrogate.generators import PythiaChain
from mcsurrogate.native import native_module

TARGET = 15.0


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


def writing_seconds(settings: list[str], seed: int, events: int) -> dict[str, float]:
    """Seconds per event of the native writer for each compression."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for suffix in (".hepmc", ".hepmc.gz", ".hepmc.zst"):
            chain = PythiaChain(settings, seed=seed)
            path = Path(folder) / f"events{suffix}"
            chain.generate(events, hepmc=path).run()
            found[suffix] = chain.statistics.seconds.hepmc_writing / events
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=16, help="blocks of events")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    for process, (block, settings) in PROCESSES.items():
        block = max(block // 5, 5)
        native = native_module().EventLoop(settings, arguments.seed)
        pythia = python_pythia(settings, arguments.seed)
        natively, in_python, particles = [], [], 0
        for _ in range(arguments.rounds):
            natively.append(native.run_conversion(block) / block)
            seconds, made = python_seconds(pythia, block)
            in_python.append(seconds)
            particles += made
        ratios = [slow / fast for slow, fast in zip(in_python[1:], natively[1:], strict=True)]
        ratio = statistics.median(ratios)
        mean = particles / arguments.rounds / block
        print(f"{process}: {arguments.rounds - 1} blocks of {block} events, {mean:.0f} particles")
        print(f"  native conversion {1e6 * np.median(natively[1:]):9.1f} us/event")
        print(f"  pyhepmc in Python {1e6 * np.median(in_python[1:]):9.1f} us/event")
        verdict = "met" if ratio >= TARGET else "missed"
        print(f"  ratio: median {ratio:.1f}; target {TARGET:.0f}: {verdict}")
        for suffix, seconds in writing_seconds(settings, arguments.seed, 5 * block).items():
            print(f"  native writing {suffix:10s} {1e6 * seconds:9.1f} us/event")


if __name__ == "__main__":
    main()
