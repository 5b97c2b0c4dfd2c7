# SPDX-License-Identifier: GPL-3.0-or-later
"""Stage ``generate``: unweighted events in an LHE file."""

import math
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from mcsurrogate.cards import dump_card
from mcsurrogate.errors import RunFolderError
from mcsurrogate.event_generation import (
    AcceptedPoints,
    EventBuilder,
    EventChoices,
    EventNormalisation,
    EventSelection,
    PlainSelection,
    emulated_selection,
    event_blocks,
)
from mcsurrogate.events import (
    EventText,
    ProcessInfo,
    RunInfo,
    event_text,
    write_event_texts,
)
from mcsurrogate.executors import map_chunks
from mcsurrogate.hard_process import HardProcess, Variations, assemble, subprocesses
from mcsurrogate.integration import load_sampler
from mcsurrogate.pdf import lhapdf_id
from mcsurrogate.progress import Progress
from mcsurrogate.run_folder import RunFolder
from mcsurrogate.run_record import RESULT_FILE, read_result
from mcsurrogate.stages.inputs import (
    emulator_files,
    flow_files,
    function_files,
    pdf_files,
    varied_pdf_files,
)
from mcsurrogate.stages.integration import SAMPLER

__all__ = ["EVENTS", "run_generation"]

EVENTS = "events/hard_process.lhe.gz"
_WEIGHTS_IN_PB = -4


class _Batch(NamedTuple):
    """Accepted points, weights ``(N, W)`` in pb, and what chooses their events.

    The first ``skipped`` are not wanted.
    """

    points: AcceptedPoints
    weights: Tensor
    choices: Tensor
    skipped: int


@dataclass(frozen=True, slots=True)
class _Writer:
    """Makes the text of the events of a batch."""

    builder: EventBuilder
    weight_names: tuple[str, ...]
    path: Path
    run: RunInfo

    def __call__(self, batch: _Batch) -> EventText:
        points = batch.points
        events = self.builder.build(
            points.u,
            points.channel,
            batch.weights,
            self.weight_names,
            points.contributions,
            batch.choices,
        )
        return event_text(self.path, self.run, events[batch.skipped :])


def run_generation(
    folder: RunFolder, progress: Progress, *, executor: Executor | None = None
) -> dict[str, Any]:
    """Unweight events with the sampler of the finished integration.

    With a section ``[emulators]`` trained emulators take part; see
    :func:`mcsurrogate.event_generation.emulated_selection.emulated_selection`.

    Events carry weights in pb (IDWTUP = -4) whose mean is the cross section: all equal,
    except that overweight events keep the ratio of their weight to the maximum.

    Parameters
    ----------
    folder
        The run folder, with a finished integration.
    progress
        Is told the number of events.
    executor
        Where points are drawn and evaluated, without emulators, and events are built; here if
        None.  Events do not depend on it.

    Returns
    -------
    dict
        Number of events, efficiency with error and the overweight bookkeeping.

    Raises
    ------
    GenerationError
        If the events contradict the cross section; no file appears.
    """
    card = folder.card
    reads = {
        RESULT_FILE: folder.path / RESULT_FILE,
        SAMPLER: folder.path / SAMPLER,
        **pdf_files(card),
        **varied_pdf_files(card),
        **flow_files(card),
        **function_files(card),
        **emulator_files(card),
    }
    with folder.stage("generate", reads=reads, makes=[EVENTS]) as record:
        if record is None:
            return dict(folder.record("generate") or {})
        result = read_result(folder.path)
        process = assemble(card)
        family = card.integration.flow.family
        device = card.integration.device
        sampler = load_sampler(folder.path / SAMPLER, process, family=family, device=device)
        seed = folder.seed("generate")
        wanted = card.generation.events
        overweight, effective = result["overweight_fraction"], result["effective_fraction"]
        variations = Variations(card, process)
        selection: EventSelection
        if card.emulators is None:
            selection = PlainSelection(sampler, overweight, effective, executor)
        else:
            progress(0, wanted, "pilot sample of the emulator")
            selection = emulated_selection(card, process, sampler, overweight, effective, seed)
        bias = result.get("bias")
        normalisation = EventNormalisation(
            result["cross_section_pb"],
            result["error_pb"],
            selection.overweight,
            selection.effective * (bias["effective_fraction"] if bias else 1.0),
            bias["integral"] if bias else None,
        )

        def report(done: int, message: str) -> None:
            progress(min(done, wanted), wanted, message)

        unit = normalisation.unit / (bias["least"] if bias else 1.0)
        pdf = card.beams.pdf
        known = 0 if pdf is None else lhapdf_id(pdf, card.beams.pdf_member)
        first, second = (known if hadron else -1 for hadron in process.beams.hadronic)
        run = RunInfo(
            beams=process.beams.particles,
            energies_gev=card.beams.beam_energies,
            processes=_processes(result, process, unit),
            weighting_strategy=_WEIGHTS_IN_PB,
            pdf_ids=(first, second),
            weight_names=(*selection.weight_names, *variations.names),
            header=f"<header>\n{variations.declarations}\n</header>" if variations.list else "",
        )

        def batches() -> Iterator[_Batch]:
            for block in event_blocks(card.generation.first_event, wanted, seed):
                choices, skipped = EventChoices(block.seed), block.skipped
                for points in selection.points(block.events, block.seed, report):
                    weights = selection.weights(points)
                    # what is not wanted is made all the same: the next events draw after it
                    kept = normalisation.weigh(
                        weights[skipped:],
                        process.bias_at(points.u[skipped:], points.channel[skipped:]),
                    )
                    weights = torch.cat((weights[:skipped], kept))
                    yield _Batch(points, weights, choices.draw(len(weights)), skipped)
                    skipped = max(0, skipped - len(weights))
            # before the file gets its name: what contradicts the cross section is no result
            record.update(normalisation.check())

        path = folder.path / EVENTS
        write = _Writer(EventBuilder(process, None, variations), selection.weight_names, path, run)
        texts = map_chunks(executor, write, batches(), name="batch of events")
        header = {"mcsurrogate_card": dump_card(card), **_told_errors(result)}
        count = write_event_texts(path, run, (text for _, text in texts), header)
        record.update(selection.summary(), file=EVENTS, events=count)
        return dict(record)


def _processes(
    result: dict[str, Any], process: HardProcess, unit: float
) -> tuple[ProcessInfo, ...]:
    """Give each subprocess, by the number that its events carry, its part of the cross section."""
    parts = {
        (found["definition"], tuple(found["pdg_ids"])): found
        for found in result.get("subprocesses", [])
    }
    keys = subprocesses(process)
    if missing := [key for key in keys if key not in parts]:
        raise RunFolderError(
            f"result.json tells no cross section of {missing[0][1]}; integrate again into another "
            "folder (--out)"
        )
    scale = _error_scale(result)
    return tuple(
        ProcessInfo(number, parts[key]["cross_section_pb"], scale * parts[key]["error_pb"], unit)
        for number, key in enumerate(keys, start=1)
    )


def _error_scale(result: dict[str, Any]) -> float:
    """Factor by which XERRUP of all subprocesses, added in quadrature, is the error of the total.

    Readers add them so, Pythia among them, but subprocesses that share an integral are
    anticorrelated: their own errors would tell twice the error of the sum and more.
    """
    independent = math.hypot(*(part["error_pb"] for part in result["subprocesses"]))
    return result["error_pb"] / independent if independent > 0.0 else 1.0


def _told_errors(result: dict[str, Any]) -> dict[str, str]:
    """Header element that says how XERRUP was made, where there are several."""
    if len(result["subprocesses"]) == 1:
        return {}
    return {
        "mcsurrogate_errors": (
            f"XERRUP: errors of the subprocesses times {_error_scale(result):.6g}, so that added "
            f"in quadrature they are that of the total, {result['error_pb']:.6g} pb; their own "
            "are in result.json"
        )
    }
