# SPDX-License-Identifier: GPL-3.0-or-later
"""Events of several samples in one sequence: all of them, whole, in their order, well mixed."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from mcsurrogate.errors import EventFileError
from mcsurrogate.events import EventBatch, mixed_events


def sample(number: int, events: int, particles: int, batch: int) -> Iterator[EventBatch]:
    """Events that say in every column whose they are, and which."""
    for first in range(0, events, batch):
        which = np.arange(first, min(first + batch, events))
        owner = np.repeat(which, particles)
        ids = np.full(len(owner), number, dtype=np.int32)
        yield EventBatch(
            offsets=np.arange(len(which) + 1) * particles,
            pdg_id=ids,
            status=ids,
            parents=np.stack((ids, ids), axis=1),
            colour=np.stack((ids, ids), axis=1),
            momenta=np.stack([owner.astype(float)] * 4, axis=1),
            mass=owner.astype(float),
            weights=np.stack((which, which + 0.5), axis=1).astype(float),
            scale=which.astype(float),
            alpha_s=which.astype(float),
            alpha_qed=which.astype(float),
            process_id=np.full(len(which), number, dtype=np.int32),
            weight_names=("nominal", "up"),
            helicity=owner.astype(float) if number == 1 else None,
            annotations=tuple(f"{number}:{event}" for event in which) if number == 2 else None,
        )


def test_all_events_come_whole_and_in_their_order() -> None:
    counts = (2500, 700)
    parts = [sample(1, 2500, 4, 333), sample(2, 900, 5, 1000)]
    batches = list(mixed_events(parts, counts, seed=3))
    process = np.concatenate([batch.process_id for batch in batches])
    weights = np.concatenate([batch.weights for batch in batches])
    assert [(process == number).sum() for number in (1, 2)] == list(counts)
    for number, count in zip((1, 2), counts, strict=True):
        np.testing.assert_array_equal(weights[process == number, 0], np.arange(count))
    np.testing.assert_array_equal(weights[:, 1], weights[:, 0] + 0.5)
    for batch in batches:
        assert batch.helicity is not None
        for event in range(len(batch)):
            inside = slice(batch.offsets[event], batch.offsets[event + 1])
            number, which = batch.process_id[event], batch.weights[event, 0]
            assert len(batch.pdg_id[inside]) == {1: 4, 2: 5}[number]
            assert (batch.pdg_id[inside] == number).all()
            assert (batch.momenta[inside] == which).all()
            assert (batch.helicity[inside] == (which if number == 1 else 9)).all()
            assert batch.annotations is not None
            assert batch.annotations[event] == ("" if number == 1 else f"2:{which:.0f}")
    # hypergeometric: half of the sequence has half of the second sample, within 3.9 deviations
    half = (process[:1600] == 2).sum()
    spread = np.sqrt(1600 * (700 / 3200) * (2500 / 3200) * 0.5)
    assert abs(half - 350) < 3.9 * spread  # false alarm 1e-4
    again = list(mixed_events([sample(1, 2500, 4, 77), sample(2, 700, 5, 7)], counts, seed=3))
    np.testing.assert_array_equal(np.concatenate([batch.process_id for batch in again]), process)


def test_what_cannot_be_mixed() -> None:
    with pytest.raises(EventFileError, match="ends 5 events too early"):
        list(mixed_events([sample(1, 10, 4, 3)], (15,), seed=1))
    renamed = (replace(batch, weight_names=("nominal", "down")) for batch in sample(2, 9, 4, 3))
    with pytest.raises(EventFileError, match="different weights"):
        list(mixed_events([sample(1, 9, 4, 3), renamed], (9, 9), seed=1))
