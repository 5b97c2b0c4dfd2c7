# SPDX-License-Identifier: GPL-3.0-or-later
"""Events whose partons are hadronized both by Pythia and by a model that records its draws."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mcsurrogate.events import EventRecords, ParticleBatch
from mcsurrogate.generators import PythiaChain, Rehadronizer, hadronization_settings
from mcsurrogate.hadronization.fitting.fitted_models import FittedModel, write_model

__all__ = ["EventSamples", "hadronized_twice"]


@dataclass(frozen=True, slots=True)
class EventSamples:
    """Primary hadrons of the same partons.

    Attributes
    ----------
    events
        Number of parton-level events, which number the events of `batch` and of the recording.
    target
        Hadronized by Pythia.
    batch
        By the model.
    recorded
        What the model drew; events that failed before hadronization are missing.
    """

    events: int
    target: ParticleBatch
    batch: ParticleBatch
    recorded: Any


def hadronized_twice(
    model: FittedModel[Any], settings: Sequence[str], events: int, *, seed: int, folder: Path
) -> EventSamples:
    """Generate partons and hadronize them.

    Parameters
    ----------
    model
        With its present parameters.
    settings
        Pythia settings of the process.
    events
        To generate.
    seed
        Of partons and Pythia's hadrons; the model's is the next.
    folder
        For temporary files.

    Raises
    ------
    PythiaError
        If events cannot be generated.
    """
    lines = [*settings, "HadronLevel:Decay = off"]
    chain = PythiaChain(lines, seed=seed, keep_parton_level=True)
    (target,) = chain.generate(events, batch_size=events)
    assert target.parton_level is not None
    partons = _numbered(target.parton_level)
    recording = folder / "fit_recording.safetensors"
    weights = write_model(model, folder / "fit_weights.safetensors")
    run = Rehadronizer(
        [
            *hadronization_settings(weights),
            f"MCSurrogate:record = {recording}",
            *model.record_settings,
            *lines,
        ],
        seed=seed + 1,
    )
    (batch,) = run.hadronize(partons, batch_size=events)
    del run  # the plugin writes when it is destroyed
    recorded = model.read(recording)
    recording.unlink()
    return EventSamples(len(partons), target, batch, recorded)


def _numbered(partons: EventRecords) -> EventRecords:
    """Write the position of each event into the scale of its row 0, where the plugin reads it."""
    scale = partons.scale.copy()
    scale[partons.offsets[:-1]] = np.arange(len(partons))
    return replace(partons, scale=scale)
