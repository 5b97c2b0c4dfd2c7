# SPDX-License-Identifier: GPL-3.0-or-later
"""Packs: the same events elsewhere, parts of one sequence, and nothing damaged is believed."""

import json
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mcsurrogate.cards import RunCard, dump_card
from mcsurrogate.cli import main
from mcsurrogate.errors import MCSurrogateError, PackError, RunFolderError
from mcsurrogate.event_generation import event_blocks
from mcsurrogate.events import EventBatch, read_generated_events, read_les_houches
from mcsurrogate.pack import Pack, is_pack
from mcsurrogate.progress import silent
from mcsurrogate.run_folder import RunFolder
from mcsurrogate.stages import (
    open_pack,
    pack_run,
    packed_card,
    run_generation,
    run_integration,
    unpack_run,
)

PDF = "NNPDF23_lo_as_0130_qed"


def card(**changes: object) -> RunCard:
    content: dict[str, object] = {
        "seed": 5,
        "process": {"definition": "g g > t t~"},
        "beams": {"sqrt_s": 13000.0, "pdf": PDF},
        "scales": {"alpha_s": 0.118},
        "integration": {"method": "vegas", "max_evaluations": 10_000, "precision": 0.02},
        "generation": {"events": 60},
    }
    return RunCard.model_validate({**content, **changes})


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("integrated") / "run"
    with RunFolder(path, card()) as folder:
        run_integration(folder, silent)
    return path


@pytest.fixture(scope="module")
def packed(run: Path) -> Path:
    return pack_run(run, run.parent / "run.pack")


def generate(pack: Path, folder: Path, *, resume: bool = False, **generation: int) -> EventBatch:
    opened = open_pack(pack)
    resolved = packed_card(opened, folder, {"generation": generation})
    with RunFolder(folder, resolved, resume=resume) as opened_folder:
        unpack_run(opened, opened_folder)
        run_integration(opened_folder, silent, keep=True)
        record = run_generation(opened_folder, silent)
    (batch,) = read_les_houches(folder / record["file"])[1]
    assert len(batch) == record["events"]
    return batch


def same(one: EventBatch, other: EventBatch) -> bool:
    return all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("pdg_id", "colour", "momenta", "weights", "helicity", "scale")
    )


def test_events_of_a_pack_are_those_of_the_run_with_that_seed(
    run: Path, packed: Path, tmp_path: Path
) -> None:
    here = shutil.copytree(run, tmp_path / "run")
    with RunFolder(here, card(generation={"events": 60, "seed": 7}), resume=True) as folder:
        run_integration(folder, silent)
        record = run_generation(folder, silent)
    (expected,) = read_les_houches(here / record["file"])[1]
    elsewhere = shutil.copy(packed, tmp_path / "moved.pack")
    assert same(generate(Path(elsewhere), tmp_path / "job", seed=7), expected)
    assert not same(generate(packed, tmp_path / "other", seed=8), expected)
    assert packed.stat().st_size < 1_000_000


def test_jobs_of_one_seed_make_parts_of_one_sample(packed: Path, tmp_path: Path) -> None:
    whole = generate(packed, tmp_path / "whole", seed=7, events=60)
    for number, (first, events) in enumerate(((0, 25), (25, 35), (59, 1))):
        part = generate(packed, tmp_path / f"{number}", seed=7, events=events, first_event=first)
        assert same(part, whole[first : first + events])
    # showers of two jobs, and of a job and its neighbour's seed, are independent
    seeds = {
        RunFolder(tmp_path, card(generation={"seed": seed, "first_event": first})).seed("shower")
        for seed in (7, 8)
        for first in (0, 1, 100)
    }
    assert len(seeds) == 6


def test_a_pack_goes_through_its_chain(
    packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose densities are those of the pack, in a folder that is not there before."""
    job = tmp_path / "job7"
    monkeypatch.setattr(sys, "argv", ["mcsurrogate", "generate", str(packed), "--events", "5",
                                      "--seed", "7", "--out", str(job)])  # fmt: skip
    with pytest.raises(SystemExit) as end:
        main()
    assert not end.value.code
    _, batches = read_generated_events(job / "events" / "surrogate.hepmc.zst")
    assert sum(len(chunk.weights) for chunk in batches) == 5


def test_hard_events_of_partons_are_packed(tmp_path: Path) -> None:
    with RunFolder(tmp_path / "run", card(beams={"sqrt_s": 1000.0})) as folder:
        run_integration(folder, silent)
    pack = pack_run(tmp_path / "run", tmp_path / "run.pack")
    assert len(generate(pack, tmp_path / "job", events=5)) == 5


@pytest.mark.parametrize(
    ("first", "events", "expected"),
    [
        (0, 100_000, [(100_000, 0)]),
        (0, 100_001, [(100_000, 0), (1, 0)]),
        (99_999, 2, [(100_000, 99_999), (1, 0)]),
        (250_000, 10, [(50_010, 50_000)]),
    ],
)
def test_blocks_hold_what_is_wanted(
    first: int, events: int, expected: list[tuple[int, int]]
) -> None:
    blocks = list(event_blocks(first, events, seed=3))
    assert [(block.events, block.skipped) for block in blocks] == expected
    assert sum(block.events - block.skipped for block in blocks) == events
    assert len({block.seed for block in blocks}) == len(blocks)
    assert (blocks[0].seed == 3) == (first < 100_000)


def test_a_job_resumes_and_another_pack_is_refused(packed: Path, tmp_path: Path) -> None:
    batch = generate(packed, tmp_path / "job", seed=7)
    assert same(generate(packed, tmp_path / "job", seed=7, resume=True), batch)
    with RunFolder(tmp_path / "longer", card(seed=6)) as folder:
        run_integration(folder, silent)
    other = pack_run(tmp_path / "longer", tmp_path / "other.pack")
    with pytest.raises(RunFolderError, match="holds another integration than"):
        generate(other, tmp_path / "job", seed=7, resume=True)


def test_a_pack_has_its_own_grid(packed: Path, tmp_path: Path) -> None:
    generate(packed, tmp_path / "job", seed=7)
    state = json.loads((tmp_path / "job" / "run.json").read_text())
    grid = Path(state["files"]["PDF grid"]["path"])
    assert grid.parent == tmp_path / "job" / "pack" / "pdf" / PDF
    grid.write_bytes(grid.read_bytes() + b"\n")
    with pytest.raises(RunFolderError, match="PDF grid is not the file that stage"):
        generate(packed, tmp_path / "job", seed=7, resume=True)


def rewritten(change: Callable[[dict[str, bytes]], None]) -> Callable[[Path, Path], None]:
    def write(source: Path, target: Path) -> None:
        with zipfile.ZipFile(source) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        change(parts)
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in parts.items():
                archive.writestr(name, content)

    return write


def manifest(**values: object) -> Callable[[Path, Path], None]:
    def change(parts: dict[str, bytes]) -> None:
        content = json.loads(parts["manifest.json"]) | values
        parts["manifest.json"] = json.dumps(content).encode()

    return rewritten(change)


def bomb(parts: dict[str, bytes]) -> None:
    parts["result.json"] = bytes(200_000_000)


def escape(parts: dict[str, bytes]) -> None:
    content = json.loads(parts["manifest.json"])
    content["parts"]["../escaped"] = content["parts"].pop("result.json")
    parts["manifest.json"] = json.dumps(content).encode()
    parts["../escaped"] = parts.pop("result.json")


def swap(parts: dict[str, bytes]) -> None:
    parts["result.json"] = parts["result.json"].replace(b"7", b"8")


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (manifest(version="0.0.9"), "made by mcsurrogate 0.0.9, this is"),
        (manifest(format=2), "a pack of format 2, this version reads 1"),
        (manifest(parts={}), "does not hold the parts of its manifest"),
        (manifest(about={}), "no pack of a run"),
        (manifest(surprise=1), "surprise"),
        (rewritten(bomb), "damaged or oversized"),
        (rewritten(escape), "leads out of the run folder"),
        (rewritten(swap), "result.json is not what the manifest says"),
        (rewritten(lambda parts: parts.update({"more.py": b""})), "parts of its manifest"),
        (rewritten(lambda parts: parts.pop("manifest.json") and None), "damaged, or no pack"),
        (lambda _, target: target.write_bytes(b"PK\x03\x04"), "damaged, or no pack"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_pack_of_this_version_is_refused(
    packed: Path, tmp_path: Path, write: Callable[[Path, Path], None], message: str
) -> None:
    bad = tmp_path / "bad.pack"
    write(packed, bad)
    with pytest.raises(PackError, match=message):
        generate(bad, tmp_path / "job")
    assert not (tmp_path / "job" / "result.json").exists()


def test_no_flipped_byte_and_no_cut_changes_a_number(packed: Path, tmp_path: Path) -> None:
    content = packed.read_bytes()
    rng = np.random.default_rng(20261130)
    version = open_pack(packed).manifest.version
    bad, refused = tmp_path / "bad.pack", 0
    for trial in range(200):
        damaged = bytearray(content)
        place = int(rng.integers(len(content)))
        if trial % 3:
            damaged[place] ^= 1 << int(rng.integers(8))
        else:
            del damaged[place:]
        bad.write_bytes(damaged)
        try:
            Pack(bad, version).extract(tmp_path / "out")
        except PackError:
            refused += 1
            continue
        for name in ("result.json", "sampler.safetensors"):
            with zipfile.ZipFile(packed) as archive:
                assert (tmp_path / "out" / name).read_bytes() == archive.read(name)
    assert refused > 170


def test_code_is_not_packed(run: Path, tmp_path: Path) -> None:
    named = shutil.copytree(run, tmp_path / "run")
    table = tmp_path / "decays.slha"
    table.write_text("# decays\n")
    naming = card(chain={"settings": [f"SLHA:file = {table}"]})
    (named / "card.toml").write_text(dump_card(naming))
    with pytest.raises(PackError, match="does not hold files that Pythia settings name"):
        pack_run(named, tmp_path / "x.pack")
    with pytest.raises(MCSurrogateError, match="its integration is not finished"):
        pack_run(unfinished(tmp_path), tmp_path / "x.pack")
    assert not is_pack(tmp_path / "x.pack")


def unfinished(folder: Path) -> Path:
    (folder / "empty").mkdir()
    (folder / "empty" / "run.json").write_text('{"stages": {}, "files": {}}')
    return folder / "empty"
