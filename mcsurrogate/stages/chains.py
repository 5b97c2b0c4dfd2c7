# SPDX-License-Identifier: GPL-3.0-or-later
"""Stages ``shower`` and ``reference``: both chains through Pythia 8 to HepMC3."""

import re
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mcsurrogate.cards import RunCard
from mcsurrogate.errors import MCSurrogateError
from mcsurrogate.events import require_hard_events
from mcsurrogate.generators import checked_settings
from mcsurrogate.progress import Progress
from mcsurrogate.run_folder import RunFolder
from mcsurrogate.stages.chain_pieces import ChainMaker
from mcsurrogate.stages.generation import EVENTS
from mcsurrogate.stages.hard_events import events_file, events_files, source_record
from mcsurrogate.stages.inputs import hadronization_files, pdf_files, settings_files
from mcsurrogate.stages.observed import (
    LABELS,
    asked_observables,
    keep_sample,
    observables_file,
    plan_filling,
    validation_settings,
)
from mcsurrogate.stages.pythia_settings import standard_settings, surrogate_settings
from mcsurrogate.stages.samples import UNMERGED
from mcsurrogate.stages.surrogates import (
    hadronization_record,
    plugin_settings,
    require_surrogate,
)
from mcsurrogate.validation import Filling

__all__ = [
    "chain_makers",
    "require_chain",
    "require_chains",
    "run_chains",
    "run_reference",
    "run_shower",
]

_OURS = re.compile(r"(?:Warning|Error) in MCSurrogate: (.*)", re.DOTALL)
_SUFFIX = {"plain": "", "gz": ".gz", "zst": ".zst", "none": None}


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


def run_shower(
    folder: RunFolder,
    progress: Progress,
    *,
    executor: Executor | None = None,
    filling: Filling | None = None,
) -> dict[str, Any]:
    """Run the surrogate chain: showers, hadrons, HepMC3.

    Hard events are those of the run folder's LHE file, of the card's, or Pythia's own.

    Parameters
    ----------
    folder
        The run folder.
    progress
        Is told the number of events.
    executor
        Where events are made; here if None. Nothing depends on it.
    filling
        Observables that are filled with the events.
    """
    card = folder.card
    own_process = card.process.definition is not None
    source = _source(folder, "surrogate")
    hard_events = {EVENTS: source} if own_process else events_files(card)
    own = [*surrogate_settings(card), *card.chain.surrogate.settings]
    files = {**pdf_files(card), **hadronization_files(card), **settings_files(own)}
    with _stage(folder, "shower", "surrogate", {**hard_events, **files}, filling) as record:
        if record is None:
            return dict(folder.record("shower") or {})
        record.update(source_record(card))
        if weights := hadronization_record(card):
            record.update(hadronization=weights)
        return _run(folder, _shower(folder), "surrogate", executor, filling, record, progress)


def run_reference(
    folder: RunFolder,
    progress: Progress,
    *,
    executor: Executor | None = None,
    filling: Filling | None = None,
) -> dict[str, Any]:
    """Generate as many events with Pythia's own parts, all else equal; as `run_shower`."""
    card = folder.card
    settings = standard_settings(card)
    merged = {} if card.merging is None else {UNMERGED: _source(folder, "standard")}
    reads = {**events_files(card), **merged, **pdf_files(card), **settings_files(settings)}
    with _stage(folder, "reference", "standard", reads, filling) as record:
        if record is None:
            return dict(folder.record("reference") or {})
        record.update(source_record(card))
        return _run(folder, _reference(folder), "standard", executor, filling, record, progress)


def run_chains(
    folder: RunFolder,
    surrogate_progress: Progress,
    standard_progress: Progress,
    *,
    executor: Executor | None = None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run both chains side by side, and fill the observables of the report with their events.

    Both hand their pieces to the executor; without one each runs in a thread of this process, for
    Pythia runs without Python's lock. Ctrl-C, or an error of one chain, stops both.
    """
    filling = None
    if any(folder.record(stage) is None for stage in ("shower", "reference")):
        filling = plan_filling(folder, _reference(folder))
    stop = threading.Event()

    def stoppable(progress: Progress) -> Progress:
        def report(done: float, total: float | None, message: str) -> None:
            if stop.is_set():
                raise _StoppedError("the other chain has failed")
            progress(done, total, message)

        return report

    how: dict[str, Any] = {"executor": executor, "filling": filling}
    with ThreadPoolExecutor(2, thread_name_prefix="chain") as threads:
        chains: list[Future[dict[str, Any]]] = [
            threads.submit(run_shower, folder, stoppable(surrogate_progress), **how),
            threads.submit(run_reference, folder, stoppable(standard_progress), **how),
        ]
        try:
            for future in wait(chains, return_when=FIRST_EXCEPTION).done:
                future.result()
        except BaseException:
            stop.set()
            if executor is not None:
                executor.shutdown(wait=False, cancel_futures=True)
            raise
    return chains[0].result(), chains[1].result()


def _source(folder: RunFolder, name: str) -> Path | None:
    """File of the hard events of a chain."""
    card = folder.card
    if name == "surrogate" and card.process.definition is not None:
        return folder.path / EVENTS
    if card.merging is not None:
        return folder.path / UNMERGED
    return events_file(card)


def _file(name: str, card: RunCard) -> str | None:
    suffix = _SUFFIX[card.chain.hepmc]
    return None if suffix is None else f"events/{name}.hepmc{suffix}"


def _pieces(name: str) -> str:
    return f"events/{name}.pieces"


@contextmanager
def _stage(
    folder: RunFolder,
    stage: str,
    name: str,
    reads: Mapping[str, Path | None],
    filling: Filling | None,
) -> Iterator[dict[str, Any] | None]:
    made = [_file(name, folder.card), None if filling is None else observables_file(name)]
    makes = [file for file in made if file is not None]
    pieces = _pieces(name)
    with folder.stage(stage, reads=reads, makes=makes, checkpoint=pieces) as record:
        yield record
    if record is not None:
        shutil.rmtree(folder.path / pieces, ignore_errors=True)


def chain_makers(folder: RunFolder) -> tuple[ChainMaker, ChainMaker]:
    """Return what makes the events of the surrogate and of the standard chain."""
    return _shower(folder), _reference(folder)


def _shower(folder: RunFolder) -> ChainMaker:
    card = folder.card
    settings = [*surrogate_settings(card), *plugin_settings(card), *card.chain.surrogate.settings]
    return _chain(folder, "shower", "surrogate", settings)


def _reference(folder: RunFolder) -> ChainMaker:
    return _chain(folder, "reference", "standard", standard_settings(folder.card))


def _chain(folder: RunFolder, stage: str, name: str, settings: Sequence[str]) -> ChainMaker:
    card, file = folder.card, _file(name, folder.card)
    source = _source(folder, name)
    events = card.generation.events
    if source is not None:
        # damage is known before hours are spent
        held = require_hard_events(source)
        events = held if card.process.definition is not None else min(events, held)
    return ChainMaker(
        settings=tuple(checked_settings(settings)),
        seed=folder.seed(stage),
        source=source,
        events=events,
        chunk_events=card.chain.chunk_events,
        hepmc=None if file is None else folder.path / file,
        folder=folder.path / _pieces(name),
        sums=folder.path / observables_file(name),
        label=LABELS[name],
    )


def _run(
    folder: RunFolder,
    chain: ChainMaker,
    name: str,
    executor: Executor | None,
    filling: Filling | None,
    record: dict[str, Any],
    progress: Progress,
) -> dict[str, Any]:
    totals, sample = chain.run(filling, executor, progress)
    if filling is not None and sample is not None:
        keep_sample(folder, name, filling, sample)
        record.update(observables=asked_observables(validation_settings(folder)))
    record.update(
        file=_file(name, folder.card),
        events=totals.events,
        failed_events=totals.failed,
        left_out_events=totals.left_out,
        particles=totals.particles,
        cross_section_pb=totals.cross_section_pb,
        cross_section_error_pb=totals.cross_section_error_pb,
        seconds_by_step=totals.seconds,
        messages=totals.messages,
        warnings=_our_warnings(totals.messages),
    )
    return dict(record)


def _our_warnings(messages: Mapping[str, int]) -> list[str]:
    """Return what surrogates and checks of hard events said, which Pythia keeps to itself."""
    told = ((_OURS.fullmatch(message), times) for message, times in messages.items())
    return [
        found[1] if times == 1 else f"{found[1]} ({times} times)"
        for found, times in told
        if found is not None
    ]
