# SPDX-License-Identifier: GPL-3.0-or-later
"""Robustness of surrogate hadronization: many hard cases, no abort, no more failures than Lund's.

    python benchmarks/hadronization_robustness.py [--model string_breaks] [--events 10000]
        [--reference-events 10000] [--chunk 1000] [--out FOLDER]

Three kinds of 13 TeV pp events in equal parts: inelastic and diffractive ones, QCD jets from
pTHatMin 20 GeV, and pairs of charm and bottom quarks, all with multiparton interactions, beam
remnants and the newer colour reconnection that makes junctions in every second chunk. Pythia's own
check of charge, energy and momentum is on and counted. The same is done with Pythia's own
hadronization. Events come in chunks with seeds of their own; with --out finished chunks are kept, a
run that was stopped goes on from them, and several processes with the same folder share the work.
"""

import argparse
import json
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
from event_chunks import make_chunks

from mcsurrogate.generators import PythiaChain
from mcsurrogate.generators.hadronization import hadronization_settings

PROCESSES = {
    "inelastic": ["SoftQCD:inelastic = on"],
    "jets": ["HardQCD:all = on", "PhaseSpace:pTHatMin = 20"],
    "heavy": ["HardQCD:hardccbar = on", "HardQCD:hardbbbar = on", "PhaseSpace:pTHatMin = 10"],
}
JUNCTIONS = ["ColourReconnection:mode = 1", "BeamRemnants:remnantMode = 1"]
ALWAYS = ["Beams:eCM = 13000", "HadronLevel:Decay = off"]


def chunk(lines: list[str], count: int, seed: int) -> dict[str, object]:
    """Generate events and check each one's balance besides Pythia's own check."""
    start = time.process_time()
    chain = PythiaChain(lines, seed=seed)
    hadrons, worst, charges = 0, 0.0, 0
    for batch in chain.generate(count, batch_size=200):
        total = np.add.reduceat(batch.momenta, batch.offsets[:-1])
        worst = max(worst, float(np.abs(total - [13000.0, 0.0, 0.0, 0.0]).max()))
        baryon = np.sign(batch.pdg_id) * ((np.abs(batch.pdg_id) // 1000) % 10 > 0)
        charges += int((np.add.reduceat(baryon, batch.offsets[:-1]) != 2).sum())
        hadrons += len(batch.pdg_id)
    statistics = chain.statistics
    return {
        "events": statistics.events,
        "failed": statistics.failed,
        "hadrons": hadrons,
        "largest_imbalance_gev": worst,
        "events_of_wrong_baryon_number": charges,
        "seconds": time.process_time() - start,
        "messages": statistics.messages,
    }


def run(
    name: str, plugin: list[str], process: str, events: int, size: int, folder: Path
) -> list[dict[str, object]]:
    """Chunks of one kind of events and one hadronization."""

    def write(index: int, path: Path) -> None:
        more = JUNCTIONS if index % 2 else []
        content = chunk([*plugin, *PROCESSES[process], *more, *ALWAYS], size, 30_001 + index)
        path.write_text(json.dumps(content), encoding="utf-8")

    paths = [folder / f"{process}_{name}_{index:04d}.json" for index in range(-(-events // size))]
    make_chunks(paths, write)
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths]


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="string_breaks")
    parser.add_argument("--events", type=int, default=6_000)
    parser.add_argument(
        "--reference-events", type=int, help="with Pythia's own hadronization; default: as many"
    )
    parser.add_argument("--chunk", type=int, default=1_000)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    model = Path(arguments.model).stem
    plugins = {"pythia": [], model: hadronization_settings(arguments.model)}
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.out or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        found = {}
        for name, plugin in plugins.items():
            events = arguments.events
            if name == "pythia":
                events = arguments.reference_events or events
            each = -(-events // len(PROCESSES))
            size = min(arguments.chunk, each)
            found[name] = {
                process: run(name, plugin, process, each, size, folder) for process in PROCESSES
            }
    for name, processes in found.items():
        for process, chunks in processes.items():
            events = sum(c["events"] for c in chunks)
            print(
                f"{name:24s} {process:10s} {events:8d} events, "
                f"{sum(c['failed'] for c in chunks)} failed, "
                f"{sum(c['hadrons'] for c in chunks) / events:.1f} hadrons an event, "
                f"{1e3 * sum(c['seconds'] for c in chunks) / events:.2f} ms, largest imbalance "
                f"{1e3 * max(c['largest_imbalance_gev'] for c in chunks):.1f} MeV, "
                f"{sum(c['events_of_wrong_baryon_number'] for c in chunks)} of wrong baryon number"
            )
        messages = Counter[str]()
        for chunks in processes.values():
            for c in chunks:
                messages.update(c["messages"])
        for message, times in messages.most_common(12):
            print(f"    {times:6d} x {message}")


if __name__ == "__main__":
    main()
