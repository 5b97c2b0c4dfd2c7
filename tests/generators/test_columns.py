# SPDX-License-Identifier: GPL-3.0-or-later
"""Events with their graphs, made from Pythia's record, against reading the file of the same ones.

Equal bit for bit: the reader is the other program, and `test_hepmc_text` compares the text that it
reads with that of the official writer.
"""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from mcsurrogate.events import EventChunk, EventFile, HepmcFile
from mcsurrogate.generators import PythiaChain

_ZPOLE = [
    "Beams:idA = 11", "Beams:idB = -11", "Beams:eCM = 91.188", "PDF:lepton = off",
    "WeakSingleBoson:ffbar2gmZ = on", "23:onMode = off", "23:onIfAny = 1 2 3 4 5",
]  # fmt: skip
_DIJETS = ["Beams:eCM = 13000", "HardQCD:all = on", "PhaseSpace:pTHatMin = 100"]
_SHOWER_WEIGHTS = [
    "UncertaintyBands:doVariations = on",
    "UncertaintyBands:List = {up fsr:muRfac=2.0, down fsr:muRfac=0.5}",
]
_COLUMNS = [
    field.name for field in fields(EventChunk) if field.name not in ("first_event", "details")
]


def _assert_same(made: list[EventChunk], read: list[EventChunk]) -> None:
    assert [len(chunk) for chunk in made] == [len(chunk) for chunk in read]
    for own, other in zip(made, read, strict=True):
        assert own.first_event == other.first_event
        for name in _COLUMNS:
            one, two = getattr(own, name), getattr(other, name)
            assert (one.dtype, one.shape) == (two.dtype, two.shape), name
            assert one.tobytes() == two.tobytes(), name


@pytest.mark.parametrize(
    ("settings", "events"),
    [(_ZPOLE, 60), ([*_ZPOLE, *_SHOWER_WEIGHTS], 20), (_DIJETS, 8)],
    ids=["Z", "shower weights", "dijets"],
)
def test_columns_are_those_of_the_file(tmp_path: Path, settings: list[str], events: int) -> None:
    path = tmp_path / "events.hepmc"
    PythiaChain(settings, seed=3).generate(events, hepmc=path).run()
    source = EventFile(path)
    read = list(source.chunks(2000))
    chain = PythiaChain(settings, seed=3)
    made = list(chain.chunks(events, particles=2000))
    assert len(made) > 1
    _assert_same(made, read)
    assert chain.weight_names == source.summary.weight_names


def test_a_file_beside_columns_is_the_file_without_them(tmp_path: Path) -> None:
    alone, beside = tmp_path / "alone.hepmc", tmp_path / "beside.hepmc"
    PythiaChain(_ZPOLE, seed=3).generate(50, hepmc=alone).run()
    chain = PythiaChain(_ZPOLE, seed=3)
    for _ in chain.chunks(50, hepmc=HepmcFile(beside, chain.provenance)):
        pass
    assert beside.read_bytes() == alone.read_bytes()


def test_pieces_make_the_whole_file(tmp_path: Path) -> None:
    """Head, events of both pieces, each with its last one held back, and foot."""
    from mcsurrogate.native import native_module

    whole = tmp_path / "whole.hepmc"
    PythiaChain(_ZPOLE, seed=3).generate(30, hepmc=whole).run()
    chain = PythiaChain(_ZPOLE, seed=3)
    found, first = b"", 0
    for events in (10, 20):
        file = HepmcFile(tmp_path / "piece.hepmc", piece=True)
        with chain.chunks(events, hepmc=file) as stream:
            numbers = np.concatenate([chunk.event_numbers for chunk in stream])
        np.testing.assert_array_equal(numbers, np.arange(first, first + events))
        assert file.held.startswith(f"E {first + events - 1} ".encode())
        found += file.path.read_bytes() + file.held
        first += events
    text = whole.read_bytes()
    begin = text.index(b"E 0 ")
    assert found == text[begin : -len(native_module().hepmc_foot())]
