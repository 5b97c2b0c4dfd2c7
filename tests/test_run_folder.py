# SPDX-License-Identifier: GPL-3.0-or-later
"""Run folders: stages, immutability, resumption."""

import json
from importlib.metadata import version
from pathlib import Path

import pytest

from mcsurrogate.cards import RunCard
from mcsurrogate.errors import CardError, RunFolderError
from mcsurrogate.run_folder import RunFolder, stage_seed

CARD = RunCard.model_validate(
    {"seed": 3, "process": {"definition": "p p > t t~"}, "beams": {"sqrt_s": 13000.0, "pdf": "x"}}
)


def changed(section: str, **values: object) -> RunCard:
    content = CARD.model_dump()
    content[section] = {**content[section], **values}
    return RunCard.model_validate(content)


def run(path: Path, card: RunCard = CARD, *stages: str, resume: bool = False) -> None:
    with RunFolder(path, card, resume=resume) as folder:
        for name in stages:
            with folder.stage(name) as record:
                if record is not None:
                    record["ran"] = name


def test_a_finished_stage_is_kept_on_resume_and_refused_without(tmp_path: Path) -> None:
    path = tmp_path / "run"
    run(path, CARD, "integrate")
    with pytest.raises(RunFolderError, match="finished; use --resume"):
        run(path, CARD, "integrate")
    with RunFolder(path, CARD, resume=True) as folder, folder.stage("integrate") as record:
        assert record is None
    state = json.loads((path / "run.json").read_text())
    assert state["stages"]["integrate"]["ran"] == "integrate"
    assert state["stages"]["integrate"]["seed"] == stage_seed(3, "integrate")
    assert state["versions"]["torch"] == version("torch")
    assert {"platform", "python", "mcsurrogate", "backports.zstd"} <= state["versions"].keys()


def test_an_interrupted_stage_is_continued_on_resume_only(tmp_path: Path) -> None:
    path = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt), RunFolder(path, CARD) as folder:
        with folder.stage("integrate"):
            raise KeyboardInterrupt
    with pytest.raises(RunFolderError, match="begun; use --resume"):
        run(path, CARD, "integrate")
    run(path, CARD, "integrate", resume=True)
    assert json.loads((path / "run.json").read_text())["stages"]["integrate"]["finished"]


def test_another_card_is_refused_and_the_difference_named(tmp_path: Path) -> None:
    path = tmp_path / "run"
    run(path, CARD, "integrate")
    with pytest.raises(RunFolderError, match=r"different: model\.top_mass"):
        run(path, changed("model", top_mass=172.5), "generate")


def test_a_later_stage_may_differ_in_its_own_section(tmp_path: Path) -> None:
    path = tmp_path / "run"
    run(path, CARD, "integrate")
    run(path, changed("generation", events=5), "generate")
    assert "events = 5" in (path / "card.toml").read_text()


def test_empty_folders_of_a_workflow_are_nothing_yet(tmp_path: Path) -> None:
    (tmp_path / "run" / "events").mkdir(parents=True)
    with RunFolder(tmp_path / "run", CARD) as folder:
        assert folder.path == tmp_path / "run"


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(RunFolderError, match="not empty"):
        run(tmp_path, CARD, "integrate")
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


def test_one_process_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "run"
    with RunFolder(path, CARD), pytest.raises(RunFolderError, match="another process"):
        run(path, CARD, "integrate")


def test_stage_seeds_differ_and_are_valid_for_pythia() -> None:
    seeds = [stage_seed(seed, name) for seed in range(1, 50) for name in ("integrate", "shower")]
    assert len(set(seeds)) == len(seeds)
    assert all(1 <= seed <= 900_000_000 for seed in seeds)


def test_a_command_that_builds_on_a_finished_stage_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "run"
    run(path, CARD, "integrate")
    with RunFolder(path, CARD) as folder, folder.stage("integrate", keep=True) as record:
        assert record is None


def test_what_a_stage_does_not_read_may_change(tmp_path: Path) -> None:
    path = tmp_path / "run"
    with RunFolder(path, CARD) as folder:
        for name in ("integrate", "reference"):
            with folder.stage(name):
                pass
        surrogate = {**CARD.chain.model_dump(), "surrogate": {"settings": ["x = y"]}}
        for other in (
            changed("chain", **surrogate),
            changed("validation", preset="ee_z"),
            changed("integration", precision=0.1),
        ):
            folder.card = other
            with folder.stage("reference", keep=True) as record:
                assert record is None
        folder.card = changed("generation", events=5)
        with pytest.raises(RunFolderError, match=r"'reference' .*generation\.events"):
            with folder.stage("reference", keep=True):
                pass


def test_a_stage_that_is_refused_has_not_begun(tmp_path: Path) -> None:
    path = tmp_path / "run"
    for _ in range(2):  # the second time needs no --resume
        with pytest.raises(CardError, match="no such thing"), RunFolder(path, CARD) as folder:
            with folder.stage("integrate", reads={"PDF grid": None}, checkpoint="x"):
                raise CardError("no such thing")
        assert not path.exists()
    with pytest.raises(CardError), RunFolder(path, CARD) as folder:
        with folder.stage("integrate", checkpoint="x"):
            (path / "x").write_text("hours of work")
            raise CardError("no such thing")
    with pytest.raises(RunFolderError, match="begun; use --resume"):
        run(path, CARD, "integrate")


def test_a_fault_leaves_its_folder(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), RunFolder(tmp_path / "run", CARD):
        1 / 0  # noqa: B018
    assert (tmp_path / "run").is_dir()


def test_a_folder_of_ones_own_stays(tmp_path: Path) -> None:
    path = tmp_path / "run"
    path.mkdir()
    with RunFolder(path, CARD):
        pass
    assert list(path.iterdir()) == []
