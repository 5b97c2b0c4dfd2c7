"""Stages ``shower`` and ``reference``: both chains through Pythia 8 to HepMC3."""

import threading
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import Any

from mcsurrogate.cards import RunCard
from mcsurrogate.cards.sections import StandardChainSection
from mcsurrogate.errors import CardError
from mcsurrogate.generators import PythiaChain
from mcsurrogate.progress import Progress
from mcsurrogate.run_folder import RunFolder
from mcsurrogate.stages.generation import EVENTS
from mcsurrogate.stages.pythia_settings import beam_settings, hard_process_settings

__all__ = ["require_reference", "run_chains", "run_reference", "run_shower"]

_SUFFIX = {"plain": "", "gz": ".gz", "zst": ".zst"}


def require_reference(card: RunCard) -> StandardChainSection:
    """Return the section of the reference chain.

    Raises
    ------
    CardError
        If the card has none, or asks for what Pythia's own processes do not have.
    """
    if card.chain.standard is None:
        message = (
            "the card has no [chain.standard], the reference that the report compares with; "
            "add its Pythia settings, or use `mcsurrogate generate`"
        )
        raise CardError(message)
    hard_process_settings(card)
    return card.chain.standard


def run_shower(folder: RunFolder, progress: Progress) -> dict[str, Any]:
    """Pass the LHE events of the run folder through Pythia: showers, hadrons, HepMC3."""
    with folder.stage("shower") as record:
        if record is None:
            return dict(folder.record("shower") or {})
        card = folder.card
        chain = PythiaChain(
            [*_pdf_only(beam_settings(card)), *card.chain.settings],
            seed=folder.seed("shower"),
            source=folder.path / EVENTS,
        )
        return _run(folder, card, chain, "surrogate", None, record, progress)


def run_reference(folder: RunFolder, progress: Progress) -> dict[str, Any]:
    """Generate as many events with Pythia's own hard process, all else equal."""
    with folder.stage("reference") as record:
        if record is None:
            return dict(folder.record("reference") or {})
        card = folder.card
        standard = require_reference(card)
        chain = PythiaChain(
            [
                *beam_settings(card),
                *hard_process_settings(card),
                *standard.settings,
                *card.chain.settings,
            ],
            seed=folder.seed("reference"),
        )
        return _run(folder, card, chain, "standard", card.generation.events, record, progress)


def run_chains(
    folder: RunFolder, surrogate_progress: Progress, standard_progress: Progress
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run both chains side by side in two threads; Pythia runs without Python's lock.

    Ctrl-C, or an error of one chain, stops both.
    """
    stop = threading.Event()

    def stoppable(progress: Progress) -> Progress:
        def report(done: float, total: float | None, message: str) -> None:
            if stop.is_set():
                raise KeyboardInterrupt
            progress(done, total, message)

        return report

    with ThreadPoolExecutor(2, thread_name_prefix="chain") as executor:
        chains: list[Future[dict[str, Any]]] = [
            executor.submit(run_shower, folder, stoppable(surrogate_progress)),
            executor.submit(run_reference, folder, stoppable(standard_progress)),
        ]
        try:
            for future in wait(chains, return_when=FIRST_EXCEPTION).done:
                future.result()
        except BaseException:
            stop.set()
            raise
    return chains[0].result(), chains[1].result()


def _pdf_only(settings: list[str]) -> list[str]:
    # Beams and energy come from the LHE file.
    return [line for line in settings if not line.startswith("Beams:")]


def _run(
    folder: RunFolder,
    card: RunCard,
    chain: PythiaChain,
    name: str,
    events: int | None,
    record: dict[str, Any],
    progress: Progress,
) -> dict[str, Any]:
    file = f"events/{name}.hepmc{_SUFFIX[card.chain.hepmc]}"
    path = folder.path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    wanted = card.generation.events

    def report(done: int) -> None:
        progress(done, wanted, "events")

    particles = 0
    for batch in chain.generate(events, hepmc=path, progress=report):
        particles += len(batch.pdg_id)
    statistics = chain.statistics
    seconds = statistics.seconds
    record.update(
        file=file,
        events=statistics.events,
        failed_events=statistics.failed,
        particles=particles,
        cross_section_pb=statistics.cross_section_pb,
        cross_section_error_pb=statistics.cross_section_error_pb,
        seconds_by_step={
            "initialisation": seconds.initialisation,
            "events": seconds.events,
            "arrays": seconds.arrays,
            "hepmc_conversion": seconds.hepmc_conversion,
            "hepmc_writing": seconds.hepmc_writing,
        },
        messages=statistics.messages,
    )
    return dict(record)
