"""Stages ``shower`` and ``reference``: both chains through Pythia 8 to HepMC3."""

import threading
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import Any

from mcsurrogate.cards import RunCard
from mcsurrogate.errors import MCSurrogateError
from mcsurrogate.generators import PythiaChain
from mcsurrogate.progress import Progress
from mcsurrogate.run_folder import RunFolder
from mcsurrogate.stages.generation import EVENTS
from mcsurrogate.stages.hard_events import events_file, source_record
from mcsurrogate.stages.inputs import hadronization_files, pdf_files, settings_files
from mcsurrogate.stages.pythia_settings import standard_settings, surrogate_settings
from mcsurrogate.stages.surrogates import (
    hadronization_record,
    plugin_settings,
    require_surrogate,
)

__all__ = ["require_chain", "require_chains", "run_chains", "run_reference", "run_shower"]

_SUFFIX = {"plain": "", "gz": ".gz", "zst": ".zst"}


class _StoppedError(MCSurrogateError):
    """Ends a chain whose run has come to nothing."""


def require_chain(card: RunCard) -> None:
    """Refuse a card whose surrogate chain cannot run, before any work is done.

    Raises
    ------
    CardError
        If Pythia has no such beams, or there are no such hadronization weights.
    """
    surrogate_settings(card)
    plugin_settings(card)


def require_chains(card: RunCard) -> None:
    """Refuse a card whose two chains cannot run or are the same, before any work is done.

    Raises
    ------
    CardError
        If a chain is missing or asks for what does not exist, or both chains are the same.
    """
    require_chain(card)
    standard_settings(card)
    require_surrogate(card)


def run_shower(folder: RunFolder, progress: Progress) -> dict[str, Any]:
    """Run the surrogate chain: showers, hadrons, HepMC3.

    Hard events are those of the run folder's LHE file, of the card's, or Pythia's own.
    """
    card = folder.card
    own_process = card.process.definition is not None
    source = folder.path / EVENTS if own_process else events_file(card)
    hard_events = {EVENTS if own_process else "process.events": source}
    own = [*surrogate_settings(card), *card.chain.surrogate.settings]
    files = {**pdf_files(card), **hadronization_files(card), **settings_files(own)}
    makes = [_file("surrogate", card)]
    with folder.stage("shower", reads={**hard_events, **files}, makes=makes) as record:
        if record is None:
            return dict(folder.record("shower") or {})
        settings = [
            *surrogate_settings(card),
            *plugin_settings(card),
            *card.chain.surrogate.settings,
        ]
        chain = PythiaChain(settings, seed=folder.seed("shower"), source=source)
        record.update(source_record(card))
        if weights := hadronization_record(card):
            record.update(hadronization=weights)
        events = None if own_process else card.generation.events
        return _run(folder, card, chain, "surrogate", events, record, progress)


def run_reference(folder: RunFolder, progress: Progress) -> dict[str, Any]:
    """Generate as many events with Pythia's own parts, all else equal."""
    card = folder.card
    source = events_file(card)
    settings, seed = standard_settings(card), folder.seed("reference")
    reads = {"process.events": source, **pdf_files(card), **settings_files(settings)}
    makes = [_file("standard", card)]
    with folder.stage("reference", reads=reads, makes=makes) as record:
        if record is None:
            return dict(folder.record("reference") or {})
        chain = PythiaChain(settings, seed=seed, source=source)
        record.update(source_record(card))
        events = card.generation.events
        return _run(folder, card, chain, "standard", events, record, progress)


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
                raise _StoppedError("the other chain has failed")
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


def _file(chain: str, card: RunCard) -> str:
    return f"events/{chain}.hepmc{_SUFFIX[card.chain.hepmc]}"


def _run(
    folder: RunFolder,
    card: RunCard,
    chain: PythiaChain,
    name: str,
    events: int | None,
    record: dict[str, Any],
    progress: Progress,
) -> dict[str, Any]:
    file = _file(name, card)
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
        left_out_events=statistics.left_out,
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
