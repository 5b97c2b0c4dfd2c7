# SPDX-License-Identifier: GPL-3.0-or-later
"""Generated events in one file: every event once, with the cross section of the whole."""

import gzip
import math
from pathlib import Path

import numpy as np
import pyhepmc
import pytest

from mcsurrogate.errors import EventFileError
from mcsurrogate.events import EventFile, merge_generated_events, read_generated_events
from mcsurrogate.generators import PythiaChain

EVENTS = (30, 50, 20)


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory, zpole: list[str]) -> list[Path]:
    folder = tmp_path_factory.mktemp("parts")
    names = []
    for number, (events, suffix) in enumerate(zip(EVENTS, ("", ".gz", ""), strict=True)):
        path = folder / f"{number}.hepmc{suffix}"
        for _ in PythiaChain(zpole, seed=number + 1).generate(events, hepmc=path):
            pass
        names.append(path)
    return names


def events_of(path: Path) -> list[pyhepmc.GenEvent]:
    with pyhepmc.open(str(path)) as stream:
        return list(stream)


def test_every_event_is_there_once_and_the_cross_section_is_that_of_all(
    parts: list[Path], tmp_path: Path
) -> None:
    target = tmp_path / "whole.hepmc.gz"
    assert merge_generated_events(parts, target) == sum(EVENTS)
    merged, own = events_of(target), [events_of(part) for part in parts]
    assert [event.event_number for event in merged] == list(range(sum(EVENTS)))
    expected = [event for events in own for event in events]
    for one, other in zip(merged, expected, strict=True):
        assert np.array_equal(one.numpy.particles.px, other.numpy.particles.px)
        assert np.array_equal(one.weights, other.weights)
    last = [events[-1].cross_section for events in own]
    tried = [x.attempted_events for x in last]
    value = sum(n * x.xsec() for n, x in zip(tried, last, strict=True)) / sum(tried)
    error = math.hypot(*(n * x.xsec_err() for n, x in zip(tried, last, strict=True))) / sum(tried)
    for event in merged:
        found = event.cross_section
        assert math.isclose(found.xsec(), value, rel_tol=1e-8)
        assert math.isclose(found.xsec_err(), error, rel_tol=1e-8)
        assert (found.accepted_events, found.attempted_events) == (sum(EVENTS), sum(tried))
    stream = EventFile(target)  # our own reader agrees
    assert sum(len(chunk) for chunk in stream.chunks()) == sum(EVENTS)
    assert math.isclose(stream.summary.cross_section_pb, value, rel_tol=1e-8)
    columns = tmp_path / "whole.parquet"
    assert merge_generated_events([target], columns) == sum(EVENTS)
    (chunk,) = read_generated_events(columns)[1]
    assert np.allclose(chunk.cross_section[:, 0], value, rtol=1e-8)


def test_merging_in_two_steps_is_merging_in_one(parts: list[Path], tmp_path: Path) -> None:
    one, pair, two = (tmp_path / f"{name}.hepmc" for name in ("one", "pair", "two"))
    merge_generated_events(parts, one)
    merge_generated_events(parts[:2], pair)
    merge_generated_events([pair, parts[2]], two)

    def cross_section(path: Path) -> float:
        return events_of(path)[0].cross_section.xsec()

    # the mean of the first two has nine digits
    assert math.isclose(cross_section(one), cross_section(two), rel_tol=1e-8)
    assert [e.event_number for e in events_of(two)] == list(range(sum(EVENTS)))


def damaged(change: object, parts: list[Path], folder: Path) -> Path:
    text = gzip.decompress(parts[1].read_bytes())
    path = folder / "damaged.hepmc"
    path.write_bytes(change(text))
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text[: len(text) // 2], "is truncated"),
        (lambda text: text + text, "event number 0 comes after 49"),
        (lambda text: text.replace(b"Asciiv3-START", b"Other-START"), "HepMC"),
        (lambda text: text.replace(b"W Weight\n", b"W Other\n"), "its weights are not those of"),
        (lambda text: text.replace(b"seed = 2", b"seed = 1"), "its events are in .* too"),
        (
            lambda text: text.replace(b"GenCrossSection ", b"GenCrossSection x"),
            "expected a cross section",
        ),
        (lambda _: b"", "empty"),
    ],
)
def test_what_is_no_part_of_one_sample_is_refused(
    parts: list[Path], tmp_path: Path, change: object, message: str
) -> None:
    bad = damaged(change, parts, tmp_path)
    target = tmp_path / "whole.hepmc"
    with pytest.raises(EventFileError, match=message):
        merge_generated_events([parts[0], bad], target)
    assert not target.exists()


def test_a_torn_gzip_file_is_refused(parts: list[Path], tmp_path: Path) -> None:
    torn = tmp_path / "torn.hepmc.gz"
    torn.write_bytes(parts[1].read_bytes()[:-100])
    with pytest.raises(EventFileError, match="damaged or truncated"):
        merge_generated_events([parts[0], torn], tmp_path / "whole.hepmc")
