# SPDX-License-Identifier: GPL-3.0-or-later
"""The training points that a card asks for."""

import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path

import torch
from pydantic import ValidationError
from torch import Tensor

from mcsurrogate.cards import EmulatorCard, RunCard
from mcsurrogate.emulation import (
    TrainingPoints,
    evaluate_points,
    legs_from_events,
    points_by_uncertainty,
    points_from_draws,
)
from mcsurrogate.errors import EmulationError, RunFolderError
from mcsurrogate.events import read_les_houches
from mcsurrogate.hard_process import HardProcess, assemble, standard_model
from mcsurrogate.integration import Sampler, load_sampler
from mcsurrogate.matrix_elements import Process, StandardModel, matrix_element, side_by_side
from mcsurrogate.progress import Progress
from mcsurrogate.run_record import check_files, read_run
from mcsurrogate.stages.inputs import pdf_files
from mcsurrogate.stages.integration import SAMPLER

__all__ = ["points_of_card", "sampler_draws"]


def points_of_card(
    card: EmulatorCard,
    model: StandardModel,
    progress: Progress,
    executor: Executor | None = None,
) -> TrainingPoints:
    """Collect the points of a card and evaluate the exact amplitude there.

    Raises
    ------
    EmulationError
        If the source has no points of the process, or another model.
    ProcessError
        If there is no exact amplitude.
    """
    if card.points.source == "arrays":
        return _from_arrays(card)
    process = Process.parse(card.amplitude.definition)
    amplitude = matrix_element(process, model)
    path = Path(card.points.path)
    coupling, count = card.amplitude.alpha_s, card.points.count
    start = time.process_time()
    if card.points.source == "events":
        momenta = _from_events(path, process, count)
        source = f"events of {path.name}"
    else:
        draw = _integrator_draws(path, process, model)
        source = f"sampler of the run {path.name}"
        if card.points.selection == "uncertain":
            return points_by_uncertainty(
                draw, count, card.seed, amplitude, coupling, source, progress, executor
            )
        momenta = points_from_draws(draw, count, card.seed, progress)
    drawing = time.process_time() - start
    points = evaluate_points(momenta, amplitude, coupling, source, progress, executor)
    return replace(points, seconds=points.seconds + drawing)


def _from_arrays(card: EmulatorCard) -> TrainingPoints:
    points = TrainingPoints.load(Path(card.points.path), card.amplitude.definition)
    keep = slice(0, card.points.count)
    shortened = replace(points, momenta=points.momenta[keep], me2=points.me2[keep])
    if points.representative is not None and points.representative >= len(shortened):
        return replace(shortened, representative=None)
    return shortened


def _from_events(path: Path, process: Process, count: int) -> Tensor:
    _, batches = read_les_houches(path)
    blocks: list[Tensor] = []
    have = 0
    for batch in batches:
        block = legs_from_events(batch, process)
        blocks.append(block)
        have += len(block)
        if have >= count:
            break
    if not blocks:
        raise EmulationError(f"{path} has no events")
    return torch.cat(blocks)[:count]


def _integrator_draws(
    folder: Path, process: Process, model: StandardModel
) -> Callable[[int, torch.Generator], Tensor]:
    run = _integrated_card(folder)
    # alpha_s of a card stands in another section
    for name, value, own in side_by_side(standard_model(run.model).numbers(), model.numbers()):
        if value != own:
            raise EmulationError(
                f"{folder}: its run has model.{name} = {value:g}, but the emulator's card has "
                f"{own:g}"
            )
    hard_process = assemble(run)
    sampler = load_sampler(folder / SAMPLER, hard_process, family=run.integration.flow.family)
    return sampler_draws(hard_process, sampler, process)


def _integrated_card(folder: Path) -> RunCard:
    """Card of a finished integration, whose sampler and grids are still those that it had.

    Raises
    ------
    RunFolderError
        If there is no such integration, or a file is another one now.
    """
    record = read_run(folder)
    integration = record["stages"].get("integrate", {"finished": False})
    if not integration["finished"]:
        raise RunFolderError(f"{folder}: its integration is not finished; integrate first")
    try:
        run = RunCard.model_validate(integration["card"])
    except ValidationError as error:
        raise RunFolderError(
            f"{folder}: run.json holds no card of its integration: {error}"
        ) from error
    check_files(folder, {SAMPLER: folder / SAMPLER, **pdf_files(run)}, record["files"])
    return run


def sampler_draws(
    hard_process: HardProcess, sampler: Sampler, process: Process
) -> Callable[[int, torch.Generator], Tensor]:
    """Return a function that draws momenta as an integrator proposes them.

    Parameters
    ----------
    hard_process
        What was integrated.
    sampler
        The integration's sampler.
    process
        The partonic process whose legs are wanted.

    Raises
    ------
    EmulationError
        If the hard process has no such amplitude.
    """
    index = next(
        (
            number
            for number, amplitude in enumerate(hard_process.amplitudes)
            if amplitude.matrix_element.process.pdg_ids == process.pdg_ids
        ),
        None,
    )
    if index is None:
        known = ", ".join(
            sorted({repr(a.matrix_element.process.name) for a in hard_process.amplitudes})
        )
        raise EmulationError(
            f"the run has no amplitude {process.name!r}; it has {known}: write the definition in "
            "this order of legs"
        )
    order = list(hard_process.amplitudes[index].permutation)

    def draw(count: int, generator: torch.Generator) -> Tensor:
        weights = sampler.probability.expand(count, -1)
        channel = torch.multinomial(weights, 1, generator=generator)[:, 0]
        with torch.no_grad():
            u, _ = sampler.mixture.sample(channel, generator)
            point = hard_process.phase_space.forward(u, channel)
            momenta = point.momenta
            # outside the physical region momenta are fillers and the jacobian is zero
            inside = hard_process.cuts(momenta) & (point.jacobian > 0.0)
        return momenta[inside][:, order].double()

    return draw
