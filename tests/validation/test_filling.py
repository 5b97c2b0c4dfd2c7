# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples filled in parts, handed on as numbers and merged, against samples filled in one go.

Contents are sums of weights: with unit weights they are whole numbers and equal in every bit; sums
of numbers with digits differ by the rounding of another order of adding.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mcsurrogate.analysis import Events
from mcsurrogate.checkpoint import Checkpoint
from mcsurrogate.events import EventFile
from mcsurrogate.validation.filling import Filling, _dense, sample_from_state, sample_state
from mcsurrogate.validation.plan import Planner
from mcsurrogate.validation.sample import Reading, Sample, fill_sample, first_events

_ROUNDING = 1e-12


def _numbers(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and ("all" in value or "place" in value):
        yield place, _dense(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _numbers(item, f"{place}/{key}")
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _numbers(item, f"{place}/{i}")
    else:
        yield place, value


def _filled(path: Path, filling: Filling, folder: Path) -> tuple[Sample, Sample]:
    """Fill chunk by chunk a sample, and parts that go through files before they are merged."""
    source, reading = EventFile(path), Reading(path, "sample")
    samples: list[Sample] = []
    read = 0
    for number, chunk in enumerate(source.chunks(3000)):
        names = source.summary.weight_names
        samples = samples or [filling.whole(reading, names, source.summary) for _ in range(2)]
        events = Events(chunk, np.ascontiguousarray(chunk.weights[:, 0]), None)
        samples[0].fill(events, read)
        part = filling.part(reading, names, source.summary)
        part.fill(events, 0)
        file = Checkpoint(folder / f"{number}.part", {})
        file.save({"sample": sample_state(part)})
        state = file.load()
        assert state is not None
        empty = filling.part(reading, names, source.summary)
        samples[1].merge(sample_from_state(empty, state["sample"]), read)
        read += len(chunk)
    assert number > 2  # several parts, none of which begins a round of blocks
    return samples[0], samples[1]


@pytest.mark.parametrize("deep", [0, 40])
def test_parts_are_the_whole(z_files: tuple[Path, Path], tmp_path: Path, deep: int) -> None:
    planner = Planner(preset="ee_z", seed=4, reservoir=60, deep=deep)
    first = first_events(Reading(z_files[0], "sample"), jets=None, max_events=100)
    filling = Filling.from_state(Filling.of(planner(first), None).state())
    sample, merged = _filled(z_files[0], filling, tmp_path)
    one, other = dict(_numbers(sample_state(sample))), dict(_numbers(sample_state(merged)))
    assert one.keys() == other.keys()
    assert len(one) > 500
    for place, own in one.items():
        if own is None or isinstance(own, str):
            assert other[place] == own, place
        else:
            size = max(1.0, float(np.abs(own).max(initial=0.0)))  # of what may cancel
            np.testing.assert_allclose(
                other[place], own, rtol=_ROUNDING, atol=_ROUNDING * size, err_msg=place
            )
    np.testing.assert_array_equal(merged.reservoir.positions, sample.reservoir.positions)
    np.testing.assert_array_equal(merged.reservoir.rows, sample.reservoir.rows)
    for name, sums in sample.sums.items():
        np.testing.assert_array_equal(merged.sums[name].hits, sums.hits, err_msg=name)
        if not sums.signed:
            np.testing.assert_array_equal(merged.sums[name].content, sums.content)
            np.testing.assert_array_equal(merged.sums[name].block_content, sums.block_content)


def test_a_filling_is_known_by_what_it_fills(z_files: tuple[Path, Path]) -> None:
    planner = Planner(preset="ee_z", seed=4)
    fill_sample(Reading(z_files[0], "sample"), planner, max_events=50)
    assert planner.plan is not None
    filling = Filling.of(planner.plan, None)
    assert Filling.from_state(filling.state()).digest == filling.digest
    for other in (
        Filling.of(replace(planner.plan, seed=5), None),
        replace(filling, names=filling.names[:-1]),
    ):
        assert other.digest != filling.digest
