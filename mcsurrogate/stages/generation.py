"""Stage ``generate``: unweighted events in an LHE file."""

from collections.abc import Iterator
from concurrent.futures import Executor
from typing import Any

import torch

from mcsurrogate.cards import dump_card
from mcsurrogate.event_generation import (
    EventBuilder,
    EventNormalisation,
    EventSelection,
    PlainSelection,
    emulated_selection,
    event_blocks,
)
from mcsurrogate.events import EventBatch, ProcessInfo, RunInfo, write_les_houches
from mcsurrogate.hard_process import Variations, assemble
from mcsurrogate.integration import Evaluator, load_sampler
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
        Where the cross section is evaluated, without emulators; here if None.  Events do not
        depend on it.

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
        sampler = load_sampler(folder.path / SAMPLER, process, family=family)
        seed = folder.seed("generate")
        wanted = card.generation.events
        overweight, effective = result["overweight_fraction"], result["effective_fraction"]
        variations = Variations(card, process)
        selection: EventSelection
        if card.emulators is None:
            selection = PlainSelection(sampler, overweight, effective, Evaluator(process, executor))
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

        def batches() -> Iterator[EventBatch]:
            for block in event_blocks(card.generation.first_event, wanted, seed):
                builder, skipped = EventBuilder(process, block.seed, variations), block.skipped
                for points in selection.points(block.events, block.seed, report):
                    weights = selection.weights(points)
                    # what is not wanted is made all the same: the next events draw after it
                    kept = normalisation.weigh(
                        weights[skipped:],
                        process.bias_at(points.u[skipped:], points.channel[skipped:]),
                    )
                    weights = torch.cat((weights[:skipped], kept))
                    events = builder.build(
                        points.u,
                        points.channel,
                        weights,
                        selection.weight_names,
                        points.contributions,
                    )
                    yield events[skipped:]
                    skipped = max(0, skipped - len(events))
            # before the file gets its name: what contradicts the cross section is no result
            record.update(normalisation.check())

        energy = card.beams.sqrt_s / 2
        pdf = card.beams.pdf
        known = 0 if pdf is None else lhapdf_id(pdf, card.beams.pdf_member)
        first, second = (known if hadron else -1 for hadron in process.beams.hadronic)
        run = RunInfo(
            beams=process.beams.particles,
            energies_gev=(energy, energy),
            processes=tuple(
                ProcessInfo(
                    number,
                    found["cross_section_pb"],
                    found["error_pb"],
                    normalisation.unit / (bias["least"] if bias else 1.0),
                )
                for number, found in enumerate(result.get("definitions") or [result], start=1)
            ),
            weighting_strategy=_WEIGHTS_IN_PB,
            pdf_ids=(first, second),
            weight_names=(*selection.weight_names, *variations.names),
            header=f"<header>\n{variations.declarations}\n</header>" if variations.list else "",
        )
        count = write_les_houches(
            folder.path / EVENTS, run, batches(), {"mcsurrogate_card": dump_card(card)}
        )
        record.update(selection.summary(), file=EVENTS, events=count)
        return dict(record)
