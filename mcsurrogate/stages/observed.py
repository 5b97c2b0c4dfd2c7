# SPDX-License-Identifier: GPL-3.0-or-later
"""Observables that are filled while events are made, kept until they are compared."""

import hashlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from mcsurrogate.analysis import Events
from mcsurrogate.cards import RunCard
from mcsurrogate.checkpoint import Checkpoint
from mcsurrogate.errors import CheckpointError
from mcsurrogate.events import FileSummary
from mcsurrogate.hard_process import varied_sets
from mcsurrogate.pdf import read_pdf_set
from mcsurrogate.run_folder import RunFolder
from mcsurrogate.stages.chain_pieces import ChainMaker
from mcsurrogate.validation import (
    Filling,
    PdfRule,
    Reading,
    Sample,
    ValidationSettings,
    planner_for,
    sample_from_state,
    sample_state,
)

__all__ = [
    "LABELS",
    "asked_observables",
    "keep_sample",
    "kept_sample",
    "observables_file",
    "plan_filling",
    "validation_settings",
]

LABELS = {"surrogate": "surrogate chain", "standard": "standard chain"}
_LAST_RATE = 2
"""The last jet rate that is an observable is that from 2 to 3 jets."""


def observables_file(chain: str) -> str:
    """Name of the file in the run folder that holds what was filled of a chain."""
    return f"events/{chain}.observables"


def validation_settings(folder: RunFolder, **more: Any) -> ValidationSettings:  # noqa: ANN401
    """Return the settings of the report that a card asks for.

    Parameters
    ----------
    folder
        The run.
    more
        Further ones.
    """
    section = folder.card.validation
    own = section.observables_file
    return ValidationSettings(
        preset=section.preset,
        extra=_jet_rates(folder.card),
        observables_file=None if own is None else Path(own),
        labels=(LABELS["surrogate"], LABELS["standard"]),
        pdf_error=_pdf_rule(folder.card),
        tolerance=section.tolerance,
        deep=section.deep,
        workers=2,
        seed=folder.seed("validate"),
        plots=section.plots,
        yoda=section.yoda,
        **more,
    )


def _jet_rates(card: RunCard) -> tuple[str, ...]:
    """Name the jet rates that merging decides on: from n to n + 1 jets, n up to those it makes."""
    most = -1 if card.merging is None else min(card.merging.jets, _LAST_RATE)
    return tuple(f"jet_rate_{n}{n + 1}" for n in range(most + 1))


_RULES: dict[tuple[str, int], PdfRule] = {
    ("hessian", 68): "hessian",
    ("hessian", 90): "hessian 90%",
    ("symmhessian", 68): "symmetric hessian",
    ("symmhessian", 90): "symmetric hessian 90%",
}


def _pdf_rule(card: RunCard) -> PdfRule | None:
    """How members of the sets that a card varies are combined; None where their rules differ."""
    sets = (read_pdf_set(name) for name, members in varied_sets(card) if members > 1)
    rules = {
        "replicas"
        if own.error_type == "replicas"
        else _RULES.get((own.error_type, int(own.confidence)))
        for own in sets
    }
    return rules.pop() if len(rules) == 1 else None


def plan_filling(folder: RunFolder, reference: ChainMaker) -> Filling:
    """Plan from the first events of the reference what is filled, as reading its file would."""
    asked = validation_settings(folder)
    chunk, names = reference.first_events()
    column = reference.reading.column(names)
    events = Events(chunk, np.ascontiguousarray(chunk.weights[:, column]), asked.jets)
    return Filling.of(planner_for(asked)(events), asked.observables_file)


def asked_observables(asked: ValidationSettings) -> dict[str, Any]:
    """Return what decides on what is filled."""
    own = asked.observables_file
    return {
        "preset": asked.preset,
        "extra": list(asked.extra),
        "observables_file": None if own is None else hashlib.sha256(own.read_bytes()).hexdigest(),
        "numbers": [asked.reservoir, asked.seed, asked.deep, asked.measured],
        "labels": list(asked.labels),
    }


def keep_sample(folder: RunFolder, chain: str, filling: Filling, sample: Sample) -> None:
    """Write what was filled of a chain."""
    file = asdict(sample.file) | {"path": str(sample.file.path)}
    state = {
        "filling": filling.state(),
        "file": file,
        "label": sample.label,
        "sample": sample_state(sample),
    }
    path = folder.path / observables_file(chain)
    Checkpoint(path, asked_observables(validation_settings(folder))).save(state)


def kept_sample(folder: RunFolder, chain: str) -> Sample:
    """Read what was filled of a chain.

    Raises
    ------
    CheckpointError
        If the file is damaged, or other settings have filled it.
    """
    path = folder.path / observables_file(chain)
    state = Checkpoint(path, asked_observables(validation_settings(folder))).load()
    if state is None:
        raise CheckpointError(f"{path}: is missing; run both chains again in another folder")
    file = FileSummary(**state["file"] | {"path": Path(state["file"]["path"])})
    file.weight_names = tuple(file.weight_names)
    reading = Reading(file.path, state["label"])
    empty = Filling.from_state(state["filling"]).whole(reading, file.weight_names, file)
    return sample_from_state(empty, state["sample"])
