# SPDX-License-Identifier: GPL-3.0-or-later
"""The job ``mcsurrogate train emulator``: card in, emulator with its figures and plots out."""

import json
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mcsurrogate.atomic import write_text
from mcsurrogate.cards import EmulatorCard, dump_card
from mcsurrogate.emulation import (
    Emulator,
    FitOptions,
    Split,
    TrainingPoints,
    TrainingSettings,
    check_counts,
    measure_scaling,
    measure_seconds,
)
from mcsurrogate.errors import CardError, EmulationError
from mcsurrogate.hard_process import standard_model
from mcsurrogate.matrix_elements import StandardModel
from mcsurrogate.progress import Progress, silent
from mcsurrogate.stages.emulator_plots import draw_quality_plots, draw_scaling_plot
from mcsurrogate.stages.emulator_points import points_of_card

__all__ = ["EMULATOR", "METRICS", "TrainedEmulator", "train_emulator"]

EMULATOR = "emulator.safetensors"
METRICS = "metrics.json"
_POINTS = "points.npz"
_CHECKPOINT = "checkpoint.safetensors"
_CARD = "card.toml"


@dataclass(frozen=True, slots=True)
class TrainedEmulator:
    """What :func:`train_emulator` made.

    Attributes
    ----------
    emulator
        The emulator.
    metrics
        Content of ``metrics.json``.
    folder
        Holds card.toml, points.npz, emulator.safetensors and .json, metrics.json and plots/.
    """

    emulator: Emulator
    metrics: dict[str, Any]
    folder: Path


def train_emulator(
    card: EmulatorCard | Mapping[str, Any],
    folder: Path,
    progress: Progress = silent,
    *,
    resume: bool = False,
    executor: Executor | None = None,
) -> TrainedEmulator:
    """Train the emulator that a card describes.

    Parameters
    ----------
    card
        The card, or its content as a dictionary.
    folder
        Gets everything; a finished one is never overwritten.
    progress
        Told about points and epochs.
    resume
        Continue a training that was stopped; the result is bit for bit the same.
    executor
        Where exact amplitudes are evaluated; here if None.

    Raises
    ------
    CardError
        If the card is wrong.
    EmulationError
        If the folder is finished, belongs to another card, or training fails.
    """
    card = _validated(card)
    _open(card, folder, resume=resume)
    if (folder / METRICS).exists():
        emulator = Emulator.load(folder / EMULATOR)
        metrics = json.loads((folder / METRICS).read_text(encoding="utf-8"))
        return TrainedEmulator(emulator, metrics, folder)
    model = standard_model(card.model, alpha_s=card.amplitude.alpha_s)
    points = _points(card, model, folder, progress, executor)
    settings = TrainingSettings(
        hidden=card.network.hidden,
        members=card.network.members,
        epochs=card.training.epochs,
        batch=card.training.batch,
        learning_rate=card.training.learning_rate,
        beta=card.training.beta,
        boost=card.training.boost,
    )
    if card.training.scaling:
        check_counts(len(points), card.training.scaling, settings)
    emulator = Emulator.fit(
        points.momenta,
        points.me2,
        card.amplitude.definition,
        seed=card.seed,
        model=model,
        alpha_s=points.alpha_s,
        settings=settings,
        options=FitOptions(
            skeleton=card.network.skeleton,
            held_fraction=card.training.held_fraction,
            representative=points.representative,
            source=points.source,
            amplitude_seconds=points.seconds,
            checkpoint=folder / _CHECKPOINT,
            resume=resume,
        ),
        progress=progress,
    )
    emulator.save(folder / EMULATOR)
    fraction = card.training.held_fraction
    test = Split.draw(len(points), fraction, card.seed, points.representative).test
    draw_quality_plots(emulator, points.momenta[test], points.me2[test], folder / "plots")
    metrics = {
        "process": emulator.card.process,
        "test": emulator.card.test.model_dump(),
        "training_points": emulator.card.data.training,
        "training_seconds": emulator.card.seconds,
        "amplitude_seconds": points.seconds,
        "microseconds_per_point": 1e6 * measure_seconds(emulator, points.momenta[test]),
    }
    if card.training.scaling:
        scaling = measure_scaling(
            points, card.training.scaling, card.seed, settings, model=model, progress=progress,
            equal_steps=card.training.scaling_steps == "equal",
        )  # fmt: skip
        metrics["scaling"] = scaling.as_json()
        draw_scaling_plot(scaling, folder / "plots" / "scaling.png")
    write_text(folder / METRICS, json.dumps(metrics, indent=2, allow_nan=False) + "\n")
    (folder / _CHECKPOINT).unlink(missing_ok=True)
    return TrainedEmulator(emulator, metrics, folder)


def _validated(card: EmulatorCard | Mapping[str, Any]) -> EmulatorCard:
    if isinstance(card, EmulatorCard):
        return card
    try:
        return EmulatorCard.model_validate(card)
    except ValidationError as error:
        lines = [
            f"{'.'.join(str(key) for key in entry['loc'])}: {entry['msg']}"
            for entry in error.errors()
        ]
        raise CardError("\n".join(lines)) from error


def _open(card: EmulatorCard, folder: Path, *, resume: bool) -> None:
    """Make the folder, or check that it is this card's and may be continued."""
    path = folder / _CARD
    text = dump_card(card)
    if path.exists():
        if path.read_text(encoding="utf-8") != text:
            raise EmulationError(f"{folder} was made from another card; choose another folder")
        if not resume:
            state = "finished" if (folder / METRICS).exists() else "begun"
            raise EmulationError(
                f"{folder}: this training is {state}; resume it or choose another folder"
            )
        return
    if folder.exists() and any(folder.iterdir()):
        raise EmulationError(
            f"{folder} is no folder of an emulator and is not empty; choose another folder"
        )
    write_text(path, text)


def _points(
    card: EmulatorCard,
    model: StandardModel,
    folder: Path,
    progress: Progress,
    executor: Executor | None,
) -> TrainingPoints:
    path = folder / _POINTS
    if path.exists():
        return TrainingPoints.load(path, card.amplitude.definition)
    points = points_of_card(card, model, progress, executor)
    points.save(path)
    return points
