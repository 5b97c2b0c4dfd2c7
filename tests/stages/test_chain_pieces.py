# SPDX-License-Identifier: GPL-3.0-or-later
"""Chains made in pieces: nothing depends on who makes them, and what was made is kept."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mcsurrogate.cards import RunCard, replace_values
from mcsurrogate.errors import PythiaError, RunFolderError
from mcsurrogate.events import CrossSectionSoFar, EventFile
from mcsurrogate.executors import Chunk, open_executor
from mcsurrogate.generators import Piece, PieceMaker, PieceRecord, PythiaChain, Totals
from mcsurrogate.generators.pieces import mean_error
from mcsurrogate.progress import silent
from mcsurrogate.run_folder import RunFolder
from mcsurrogate.stages import chain_pieces, run_chains, run_shower, run_validation
from mcsurrogate.stages.observed import kept_sample
from mcsurrogate.validation import sample_state

_Z = ["WeakSingleBoson:ffbar2gmZ = on", "23:onMode = off", "23:onIfAny = 1 2 3 4 5"]
_BEAMS = ["Beams:idA = 11", "Beams:idB = -11", "Beams:eCM = 91.2", "PDF:lepton = off"]
_EVENTS, _CHUNK = 250, 100  # the last piece is not full


def _card(**sections: Any) -> RunCard:
    content: dict[str, Any] = {
        "seed": 5,
        "process": {"pythia": _Z},
        "beams": {"particles": ("e-", "e+"), "sqrt_s": 91.2},
        "generation": {"events": _EVENTS},
        "chain": {"hepmc": "plain", "chunk_events": _CHUNK, "standard": {},
                  "surrogate": {"hadronization": "string_breaks"}},
        "validation": {"preset": "ee_z", "plots": False},
    }  # fmt: skip
    return replace_values(RunCard.model_validate(content), sections)


def _run(path: Path, card: RunCard, workers: int) -> dict[str, bytes]:
    """Run both chains; what they leave in `events`, by name."""
    card = replace_values(card, {"execution": {"workers": workers}})
    with RunFolder(path, card) as folder, open_executor(card.execution) as pool:
        run_chains(folder, silent, silent, executor=pool)
    return {file.name: file.read_bytes() for file in sorted((path / "events").iterdir())}


@pytest.fixture(scope="module")
def serial(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    path = tmp_path_factory.mktemp("serial") / "run"
    return path, _run(path, _card(), 1)


def test_nothing_depends_on_the_number_of_processes(
    serial: tuple[Path, dict[str, bytes]], tmp_path: Path
) -> None:
    path, files = serial
    assert set(files) == {f"{chain}.{what}" for chain in ("surrogate", "standard")
                          for what in ("hepmc", "observables")}  # fmt: skip
    others = _run(tmp_path / "run", _card(), 2)
    assert others.keys() == files.keys()
    for name in ("surrogate.hepmc", "standard.hepmc"):
        assert others[name] == files[name], name
    for chain in ("surrogate", "standard"):
        _assert_close(_sums(path, chain), _sums(tmp_path / "run", chain), exact=True)


def _sums(path: Path, chain: str) -> dict[str, Any]:
    with RunFolder(path, _card(), resume=True) as folder:
        return sample_state(kept_sample(folder, chain))


def test_a_piece_is_a_chain_of_its_seed(serial: tuple[Path, dict[str, bytes]]) -> None:
    path, _ = serial
    with RunFolder(path, _card(), resume=True) as folder:
        seed = folder.seed("reference")
    chunks = EventFile(path / "events/standard.hepmc").chunks(1 << 40)
    whole = next(chunks)  # the order of particles is another one there
    assert len(whole) == _EVENTS
    np.testing.assert_array_equal(whole.event_numbers, np.arange(_EVENTS))
    for number in range(3):
        alone = next(PythiaChain([*_BEAMS, *_Z], seed=seed + number).generate(_CHUNK)).momenta
        events = slice(number * _CHUNK, min((number + 1) * _CHUNK, _EVENTS))
        own = whole.offsets[events.start : events.stop + 1]
        final = whole.particles[own[0] : own[-1]]
        final = final[final["status"] == 1]
        np.testing.assert_array_equal(np.sort(final["e"]), np.sort(alone[: len(final), 0]))


@pytest.mark.slow
def test_the_report_without_files_is_that_of_the_files(tmp_path: Path) -> None:
    """Rounding aside, where both lay out their fine grids from the same first events."""
    reports = {}
    for kind, hepmc in (("events", "plain"), ("file", "plain"), ("none", "none")):
        card = _card(chain={"hepmc": hepmc, "chunk_events": _EVENTS})
        path = tmp_path / hepmc
        left = {} if kind == "file" else _run(path, card, 1)
        if kind == "none":
            assert set(left) == {"surrogate.observables", "standard.observables"}
        if kind == "file":
            record = json.loads((path / "run.json").read_text())
            for stage in ("shower", "reference"):
                del record["stages"][stage]["observables"]
            del record["stages"]["validate"]
            (path / "run.json").write_text(json.dumps(record))
        with RunFolder(path, card, resume=True) as folder:
            run_validation(folder, silent)
        reports[kind] = json.loads((path / "report/metrics.json").read_text())
    _assert_close(reports["file"], reports["events"])
    _assert_close(reports["file"], reports["none"])


def _assert_close(one: Any, other: Any, place: str = "", *, exact: bool = False) -> None:
    if isinstance(one, dict):
        assert one.keys() == other.keys(), place
        for key in one.keys() - {"created", "file", "timing", "bytes"}:
            _assert_close(one[key], other[key], f"{place}/{key}", exact=exact)
    elif isinstance(one, list):
        assert len(one) == len(other), place
        for i, pair in enumerate(zip(one, other, strict=True)):
            _assert_close(*pair, f"{place}/{i}", exact=exact)
    elif exact:
        np.testing.assert_array_equal(other, one, err_msg=place)
    elif isinstance(one, float):
        np.testing.assert_allclose(other, one, rtol=1e-6, atol=1e-9, err_msg=place)
    elif "/" not in str(one):
        assert one == other, place


def test_what_was_made_is_kept_when_work_is_resumed(
    serial: tuple[Path, dict[str, bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    original = PieceMaker.make

    def interrupted(self: PieceMaker, piece: Piece, *rest: Any) -> PieceRecord:
        if len(made) == 2:
            raise PythiaError("planted")
        made.append(piece.chunk.number)
        return original(self, piece, *rest)

    path, card = tmp_path / "run", _card()
    monkeypatch.setattr(PieceMaker, "make", interrupted)
    with RunFolder(path, card) as folder, pytest.raises(PythiaError, match="planted"):
        run_shower(folder, silent)
    assert made == [0, 1]
    monkeypatch.setattr(PieceMaker, "make", original)
    with RunFolder(path, card) as folder, pytest.raises(RunFolderError, match="--resume"):
        run_shower(folder, silent)
    (path / "events/surrogate.pieces/000001.json").write_text("{}")  # a record that is not whole
    again: list[int] = []

    def counted(self: PieceMaker, piece: Piece, *rest: Any) -> PieceRecord:
        again.append(piece.chunk.number)
        return original(self, piece, *rest)

    monkeypatch.setattr(PieceMaker, "make", counted)
    with RunFolder(path, card, resume=True) as folder:
        run_shower(folder, silent)
    assert again == [1, 2]
    assert (path / "events/surrogate.hepmc").read_bytes() == serial[1]["surrogate.hepmc"]
    assert not (path / "events/surrogate.pieces").exists()


def test_hard_events_are_dealt_to_pieces_whatever_the_batches() -> None:
    chunks = [Chunk(0, 0, 4, 1), Chunk(1, 4, 4, 2), Chunk(2, 8, 1, 3)]
    batches = [range(3), range(3, 8), range(8, 9)]
    dealt = list(chain_pieces._dealt(iter(chunks), iter(batches)))  # type: ignore[arg-type]
    assert [[list(b) for b in own] for _, own in dealt] == [[[0, 1, 2], [3]], [[4, 5, 6, 7]], [[8]]]


def _piece(**changed: Any) -> PieceRecord:
    told: dict[str, Any] = {
        "number": 0, "events": 10, "failed": 0, "left_out": 0, "particles": 100,
        "cross_section_pb": 2.0, "error_pb": 0.3, "rate_error_pb": 0.0,
        "tried": 100, "selected": 10, "accepted": 10, "weight_names": ["Weight"],
        "weight_sums": [10.0], "seconds": dict.fromkeys(Totals().seconds, 1.0), "messages": {},
    }  # fmt: skip
    return PieceRecord(**told | changed)


def test_cross_sections_of_pieces_are_combined() -> None:
    """Means over all that was tried; errors of statistics in quadrature, a common one once."""
    totals = Totals()
    totals.add(_piece())
    totals.add(_piece(number=1, cross_section_pb=3.0, error_pb=0.4, tried=300))
    assert totals.cross_section_pb == pytest.approx((100 * 2.0 + 300 * 3.0) / 400)
    expected = np.hypot(100 * 0.3, 300 * 0.4) / 400
    assert totals.cross_section_error_pb == pytest.approx(expected)
    rated = Totals()
    for error in (0.4, 0.6):  # of strategy -3 in proportion to the mean sign
        rated.add(_piece(rate_error_pb=error))
    assert rated.cross_section_error_pb == pytest.approx(np.hypot(0.3 / np.sqrt(2), 0.5))
    named = Totals()
    for sums in ([10.0, 11.0], [30.0, 29.0]):
        named.add(_piece(weight_names=["Weight", "up"], weight_sums=sums))
    assert named.shares == [1.0, 1.0]
    line = CrossSectionSoFar(2.0, 0.5, 10, 100, [1.0, -0.5]).line()
    assert line == (
        b"A 0 GenCrossSection 2.00000000e+00 5.00000000e-01 10 100 -1.00000000e+00 2.50000000e-01"
    )


def test_pieces_that_cannot_be_joined_are_refused() -> None:
    totals = Totals()
    totals.add(_piece())
    with pytest.raises(PythiaError, match="same named weights"):
        totals.add(_piece(weight_names=["up"]))
    with pytest.raises(PythiaError, match="12 of 42 events failed"):
        totals.add(_piece(failed=12))


def test_the_file_tells_the_cross_section_of_all_pieces(
    serial: tuple[Path, dict[str, bytes]],
) -> None:
    path, _ = serial
    record = json.loads((path / "run.json").read_text())["stages"]["reference"]
    source = EventFile(path / "events/standard.hepmc")
    for chunk in source.chunks():
        last = chunk.cross_section[-1]
    assert last[0] == pytest.approx(record["cross_section_pb"], rel=1e-8)
    assert last[1] == pytest.approx(record["cross_section_error_pb"], rel=1e-8)
    assert last[2] == record["events"] == source.summary.events


class _Deadly(PieceMaker):
    """The first worker that gets piece 1 dies of it."""

    def __call__(self, piece: Piece) -> PieceRecord:
        mark = self.folder / "dead"
        mark.parent.mkdir(parents=True, exist_ok=True)
        if piece.chunk.number == 1 and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(piece)


@pytest.mark.slow
def test_the_piece_of_a_dead_worker_is_made_by_another(
    serial: tuple[Path, dict[str, bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, card = tmp_path / "run", _card(execution={"workers": 2})
    monkeypatch.setattr(chain_pieces, "PieceMaker", _Deadly)
    with RunFolder(path, card) as folder, open_executor(card.execution) as pool:
        run_shower(folder, silent, executor=pool)
    assert (path / "events/surrogate.hepmc").read_bytes() == serial[1]["surrogate.hepmc"]


def test_the_error_has_the_spread_of_the_weights_that_merging_makes() -> None:
    weights = np.where(np.arange(50) % 3 == 0, 0.0, 7.0 + np.arange(50) % 5)  # vetoed: zero
    expected = weights.std() / 50**0.5
    found = mean_error(weights.sum(), np.square(weights).sum(), 50)
    assert found == pytest.approx(expected, rel=1e-12)
    assert mean_error(50 * 7.3, 50 * 7.3**2, 50) == pytest.approx(0.0, abs=1e-6)
