# SPDX-License-Identifier: GPL-3.0-or-later
"""What a whole run costs, in units of bare ``pythia.next()`` for the same events of both chains.

    python benchmarks/run_cost.py [CARD] [--events 10000] [--no-files]

Each stage of the run in this one process, then the same pieces of both chains once more without
anything around Pythia. CPU seconds of the process, threads that write included; initialisation of
Pythia counts for the run, not for the bare events. The target for `cards/ttbar.toml` with its
10,000 events: at most 2.2 for the whole run. Fixed costs (integration, tests and figures of the
report) weigh more with fewer events.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mcsurrogate.cards import RunCard, replace_values
from mcsurrogate.cli.options import read_card
from mcsurrogate.generators import PythiaChain
from mcsurrogate.progress import silent
from mcsurrogate.run_folder import RunFolder
from mcsurrogate.stages import run_chains, run_generation, run_integration, run_validation
from mcsurrogate.stages.chain_pieces import ChainMaker
from mcsurrogate.stages.chains import chain_makers

TARGET = 2.2


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU seconds of this process for some work."""
    start = time.process_time()
    work()
    return time.process_time() - start


def bare_seconds(maker: ChainMaker) -> float:
    """Seconds of bare events of a chain, piece by piece."""
    run_info, seconds = maker.run_info, 0.0
    for piece in maker.pieces():
        chain = PythiaChain(
            maker.settings, seed=piece.chunk.seed, source=piece.hard_events, run_info=run_info
        )
        seconds += cpu_seconds(lambda chain=chain, n=piece.chunk.events: chain._loop.run_bare(n))
    return seconds


def measure(card: RunCard, path: Path) -> tuple[dict[str, float], float]:
    """Seconds of the stages, and of bare events of both chains."""
    with RunFolder(path, card) as folder:
        stages: dict[str, Callable[..., Any]] = {
            "chains, observables, files": lambda: run_chains(folder, silent, silent),
            "report": lambda: run_validation(folder, silent),
        }
        if card.process.definition is not None:
            stages = {
                "cross section": lambda: run_integration(folder, silent),
                "hard events": lambda: run_generation(folder, silent),
            } | stages
        seconds = {name: cpu_seconds(stage) for name, stage in stages.items()}
        bare = sum(bare_seconds(maker) for maker in chain_makers(folder))
    return seconds, bare


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("card", type=Path, nargs="?", default=Path("cards/ttbar.toml"))
    parser.add_argument("--events", type=int, default=500)
    parser.add_argument("--no-files", action="store_true", help="chain.hepmc = 'none'")
    arguments = parser.parse_args()
    changed: dict[str, Any] = {"generation": {"events": arguments.events}}
    if arguments.no_files:
        changed["chain"] = {"hepmc": "none"}
    card = replace_values(read_card(arguments.card), changed)
    with tempfile.TemporaryDirectory() as folder:
        seconds, bare = measure(card, Path(folder) / "run")
    print(f"{arguments.card}: {arguments.events} events a chain, bare {bare:.1f} CPU seconds")
    for name, own in seconds.items():
        print(f"  {name:28s} {own:8.1f} s   {own / bare:6.2f} x bare")
    ratio = sum(seconds.values()) / bare
    verdict = "met" if ratio <= TARGET else "missed"
    print(
        f"  {'all':28s} {sum(seconds.values()):8.1f} s   {ratio:6.2f} x; target {TARGET}: {verdict}"
    )


if __name__ == "__main__":
    main()
