# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of the model ``string_breaks`` from a card."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mcsurrogate.atomic import atomic_path, write_text
from mcsurrogate.cards import dump_card
from mcsurrogate.generators import write_weights
from mcsurrogate.hadronization.cards import Recording, StringBreakCard
from mcsurrogate.hadronization.fit_string_breaks import fit_string_breaks
from mcsurrogate.hadronization.string_breaks.discrete import fit_discrete, hadron_vocabularies
from mcsurrogate.hadronization.string_breaks.fractions import (
    FractionSample,
    FractionTrainer,
    fraction_coverage,
)
from mcsurrogate.hadronization.string_breaks.networks import StringBreakNetworks
from mcsurrogate.hadronization.string_breaks.recorder import record_string_breaks
from mcsurrogate.hadronization.string_breaks.recording import BreakRecording, merge_recordings
from mcsurrogate.progress import Progress
from mcsurrogate.versions import versions

__all__ = ["train_string_breaks"]

# Seeds of members lie apart, so that no member repeats a recording's seed.
_MEMBER_SEEDS = 1000


def train_string_breaks(
    card: StringBreakCard, out: Path, *, progress: Progress, resume: bool
) -> None:
    """Train string breaks in a folder that is this training's; see `train_hadronization`."""
    if card.fit is None and card.tables is None:
        _train(card, out, progress=progress, resume=resume)
    else:
        fit_string_breaks(card, _start(card, out, progress=progress, resume=resume), out,
                          progress=progress, resume=resume)  # fmt: skip
    progress(1, 1, "done")


def _start(card: StringBreakCard, out: Path, *, progress: Progress, resume: bool) -> str | Path:
    """Weights that a fit begins with: given ones, or trained ones."""
    if card.start is not None:
        return card.start
    nothing = {"fit": None, "tables": None, "add": ()}
    trained = card.model_copy(update={"name": f"{card.name}_start", **nothing})
    _train(trained, out, progress=progress, resume=resume)
    return out / f"{trained.name}.safetensors"


def _train(card: StringBreakCard, out: Path, *, progress: Progress, resume: bool) -> None:
    recording = merge_recordings(
        _record(card, i, source, out, progress) for i, source in enumerate(card.recordings)
    )
    # Densities of members are comparable where all cover the same hadrons and masses.
    coverage = fraction_coverage(FractionSample.from_recording(recording))
    vocabularies = hadron_vocabularies(recording)
    metrics = {}
    for member, name in enumerate(card.weights_names):
        path = out / f"{name}.safetensors"
        metrics[name] = _train_member(
            card, member, recording, vocabularies, coverage, path, progress, resume=resume
        )
    write_text(out / "metrics.json", json.dumps(metrics, indent=1) + "\n")


def _train_member(
    card: StringBreakCard,
    member: int,
    recording: BreakRecording,
    vocabularies: tuple[tuple[int, ...], tuple[int, ...]],
    coverage: NDArray[np.float32],
    weights: Path,
    progress: Progress,
    *,
    resume: bool,
) -> dict[str, Any]:
    """Train one member of an ensemble, the first on the recording as it is."""
    record = weights.with_suffix(".metrics.json")
    if weights.exists():
        content: dict[str, Any] = json.loads(record.read_text(encoding="utf-8"))
        return content
    training = card.training
    seed = card.seed + _MEMBER_SEEDS * member
    if member:
        recording = recording.resampled(seed)
    sample = FractionSample.from_recording(recording)
    trainer = FractionTrainer(
        sample,
        bins=training.bins,
        hidden=training.hidden,
        steps=training.steps,
        batch_size=training.batch_size,
        learning_rate=training.learning_rate,
        seed=seed,
        checkpoint=weights.with_suffix(".checkpoint.safetensors"),
    )
    if resume:
        trainer.resume()
    which = f", member {member + 1} of {training.members}" if training.members > 1 else ""
    fraction = trainer.run(
        lambda step, steps: progress(step, steps, f"training the density of z{which}")
    )

    progress(0, None, f"fitting the discrete draws{which}")
    torch.manual_seed(seed)
    networks = StringBreakNetworks(*vocabularies, fraction, components=training.components)
    networks.range = coverage
    divergence = fit_discrete(networks, recording, steps=training.discrete_steps)

    metrics = {"learning_curve": trainer.curve, "divergence_nats": divergence}
    write_text(record, json.dumps(metrics, indent=1) + "\n")
    write_text(weights.with_suffix(".toml"), dump_card(card))
    write_weights(
        weights,
        model="string_breaks",
        tensors=networks.tensors(),
        metadata=networks.metadata(),
        card=_model_card(card, weights.stem, trainer, divergence, sample, member),
    )
    return metrics


def _model_card(
    card: StringBreakCard,
    name: str,
    trainer: FractionTrainer,
    divergence: dict[str, float],
    sample: FractionSample,
    member: int,
) -> dict[str, Any]:
    return {
        "name": name,
        "model": card.kind,
        "what": "flavour, transverse momentum and z of string breaks, for Pythia's Lund strings",
        "trained_on": [source.model_dump(mode="json") for source in card.recordings],
        "values_of_z": len(sample),
        "parameters_of_z_network": sum(p.numel() for p in trainer.network.parameters()),
        "held_out_nats_of_z": trainer.curve[-1]["held_out_nats"],
        "divergence_of_discrete_draws_nats": divergence,
        "seed": card.seed,
        **({"ensemble_member": member} if card.training.members > 1 else {}),
        "versions": versions(),
    }


def _record(
    card: StringBreakCard, index: int, source: Recording, out: Path, progress: Progress
) -> BreakRecording:
    path = out / f"recording_{index}.safetensors"
    if path.exists():
        return BreakRecording.read(path)
    with atomic_path(path) as part:
        record_string_breaks(
            part,
            source.settings,
            events=source.events,
            seed=card.seed + index,
            maximum=source.maximum,
            repeats=source.repeats,
            progress=lambda done: progress(
                done, source.events, f"recording breaks, source {index}"
            ),
        )
    return BreakRecording.read(path)
