# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of two cards, or of two files of one name, never make one run."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mcsurrogate import run_folder
from mcsurrogate.cards import STAGES, RunCard, decided_by, load_card, stages_below
from mcsurrogate.cards.decides import field_stages
from mcsurrogate.cards.sections import Section
from mcsurrogate.errors import GenerationError, IntegrationError, PythiaError, RunFolderError
from mcsurrogate.events import read_les_houches
from mcsurrogate.integration import Sampler, load_sampler
from mcsurrogate.pdf import find_pdf
from mcsurrogate.progress import silent
from mcsurrogate.run_folder import RunFolder
from mcsurrogate.stages import run_generation, run_integration, run_reference, run_shower
from mcsurrogate.stages.inputs import flow_files, settings_files
from mcsurrogate.stages.pythia_settings import surrogate_settings
from mcsurrogate.versions import versions

CASES = Path("tests/data/cases/cards")
PDF = "NNPDF23_lo_as_0130_qed"


def card(**changes: object) -> RunCard:
    content: dict[str, object] = {
        "seed": 5,
        "process": {"definition": "g g > t t~"},
        "beams": {"sqrt_s": 13000.0, "pdf": PDF},
        "scales": {"alpha_s": 0.118},
        "integration": {"method": "vegas", "max_evaluations": 10_000, "precision": 0.02},
        "generation": {"events": 20},
        "chain": {"settings": ["PartonLevel:all = off", "HadronLevel:all = off"],
                  "hepmc": "plain", "standard": {"settings": ["Top:gg2ttbar = on"]}},
    }  # fmt: skip
    return RunCard.model_validate({**content, **changes})


@pytest.fixture(scope="module")
def integrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("integrated") / "run"
    with RunFolder(path, card()) as folder:
        run_integration(folder, silent)
    return path


@pytest.fixture
def run(integrated: Path, tmp_path: Path) -> Path:
    return shutil.copytree(integrated, tmp_path / "run")


def generate(path: Path, of: RunCard, *, resume: bool = False) -> dict[str, object]:
    with RunFolder(path, of, resume=resume) as folder:
        return run_generation(folder, silent)


def test_a_mapping_of_another_card_is_refused_and_its_events_too(tmp_path: Path) -> None:
    before = load_card(CASES / "mapping_before.toml", RunCard)
    after = load_card(CASES / "mapping_after.toml", RunCard)
    # VEGAS is enough to tell the mappings apart, and quick
    quick = {"integration": {"method": "vegas", "max_evaluations": 20_000, "precision": 0.004}}
    before, after = (RunCard.model_validate({**c.model_dump(), **quick}) for c in (before, after))
    path = tmp_path / "run"
    with RunFolder(path, before) as folder:
        run_integration(folder, silent)
    with pytest.raises(RunFolderError, match=r"\(different: phase_space\.mapping\)"):
        generate(path, after)

    # Were the change not noticed, the sampler would tell: it knows its integrand by its values.
    state = json.loads((path / "run.json").read_text())
    state["stages"]["integrate"]["card"] = decided_by(after, "integrate")
    (path / "run.json").write_text(json.dumps(state))
    with pytest.raises(IntegrationError, match="integrate again"):
        generate(path, after)
    assert "generate" not in json.loads((path / "run.json").read_text())["stages"]


def test_events_that_contradict_the_cross_section_are_not_kept(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def smaller_maxima(path: Path, *arguments: object, **options: object) -> Sampler:
        sampler = load_sampler(path, *arguments, **options)
        sampler.maximum *= 0.4
        return sampler

    monkeypatch.setattr("mcsurrogate.stages.generation.load_sampler", smaller_maxima)
    with pytest.raises(GenerationError, match=r"overweight events hold|mean weight of 200 events"):
        generate(run, card(generation={"events": 200}))
    assert not list(run.rglob("*.lhe.gz*"))
    assert "generate" not in json.loads((run / "run.json").read_text())["stages"]


@pytest.mark.parametrize("name", ["sampler.safetensors", "result.json"])
def test_files_of_an_integration_cannot_be_swapped(run: Path, name: str) -> None:
    content = (run / name).read_bytes()
    (run / name).write_bytes(content + b" ")
    message = rf"{name} is not the file that stage 'integrate' had: SHA-256 \w{{16}} of {name} then"
    with pytest.raises(RunFolderError, match=message):
        generate(run, card())
    (run / name).unlink()
    with pytest.raises(RunFolderError, match=r"\(no file\) of .* now; bring the file back"):
        generate(run, card())
    (run / name).write_bytes(content)
    assert generate(run, card())["events"] == 20


def test_a_grid_of_the_same_name_elsewhere_is_refused(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / "grids" / PDF
    mine.mkdir(parents=True)
    grid = shutil.copy(find_pdf(PDF).grid, mine)
    monkeypatch.setenv("LHAPDF_DATA_PATH", str(mine.parent))
    with RunFolder(run, card(), resume=True) as folder:
        run_integration(folder, silent)  # the same bytes at another place are the same grid
    with Path(grid).open("a") as stream:
        stream.write("\n")
    for stage in (run_integration, run_generation, run_reference):
        with RunFolder(run, card(), resume=True) as folder:
            with pytest.raises(RunFolderError, match="PDF grid is not the file that stage"):
                stage(folder, silent)


def test_edited_events_are_refused_by_the_shower_and_on_resume(run: Path) -> None:
    generate(run, card())
    events = run / "events" / "hard_process.lhe.gz"
    content = events.read_bytes()
    events.write_bytes(content + b"\0")
    for stage in (run_shower, run_generation):
        with RunFolder(run, card(), resume=True) as folder:
            with pytest.raises(RunFolderError, match=r"hard_process\.lhe\.gz is not the file"):
                stage(folder, silent)


def test_files_of_ones_own_that_a_card_names_are_known_by_digest(tmp_path: Path) -> None:
    family, table = tmp_path / "flat.py", tmp_path / "decays.slha"
    code = "from mcsurrogate.flows import HypercubeFlow\n\n\nclass Flat(HypercubeFlow):\n    pass\n"
    family.write_text(code)
    table.write_text("# decays\n")
    naming = card(
        integration={
            "method": "vegas",
            "max_evaluations": 10_000,
            "flow": {"family": f"{family}:Flat"},
        },
        chain={"settings": [f"SLHA:file = {table}"], "hepmc": "plain", "standard": {}},
    )
    assert flow_files(naming) == {"integration.flow.family": family}
    assert settings_files(surrogate_settings(naming)) == {"setting SLHA:file": table}
    path = tmp_path / "run"
    with RunFolder(path, naming) as folder:
        assert run_integration(folder, silent)["width_scheme"] == "fixed"
    family.write_text(code + "    mended = True\n")
    with pytest.raises(RunFolderError, match=r"flow\.family is not the file that stage"):
        generate(path, naming)


def test_a_stage_that_other_versions_made_says_so(
    run: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(run_folder, "versions", lambda: {**versions(), "torch": "1.0"})
    generate(run, card())
    state = json.loads((run / "run.json").read_text())
    assert state["versions"]["torch"] == versions()["torch"]
    assert state["stages"]["generate"]["versions"] == {"torch": "1.0"}
    assert "versions" not in state["stages"]["integrate"]
    assert "stage generate: torch is 1.0, earlier stages had" in caplog.text


def test_a_refused_stage_may_be_begun_anew_with_a_mended_card(tmp_path: Path) -> None:
    bad = card(
        process={"pythia": ["HardQCD:al = on"]},
        chain={"settings": [], "hepmc": "plain", "standard": {}},
    )
    with pytest.raises(PythiaError), RunFolder(tmp_path / "run", bad) as folder:
        run_reference(folder, silent)
    assert not (tmp_path / "run").exists()


def test_a_record_without_digests_is_refused(run: Path) -> None:
    state = json.loads((run / "run.json").read_text())
    del state["files"]["sampler.safetensors"]
    (run / "run.json").write_text(json.dumps(state))
    with pytest.raises(RunFolderError, match=r"run\.json holds no digest of it"):
        generate(run, card())


@pytest.mark.parametrize("effective", [1.0, 0.5])
def test_weights_sum_to_the_cross_section_with_many_overweight_events(
    tmp_path: Path, effective: float
) -> None:
    # A third of the cross section lies above unit weight: a lost factor 1 - f is 50% too much.
    integration = {"method": "vegas", "max_evaluations": 20_000, "precision": 0.002}
    many = card(
        integration={**integration, "overweight_fraction": 0.33, "effective_fraction": effective},
        generation={"events": 2000},
    )
    with RunFolder(tmp_path / "run", many) as folder:
        result = run_integration(folder, silent)
        record = run_generation(folder, silent)
    assert record["overweight_events"] > 500
    _, batches = read_les_houches(tmp_path / "run" / record["file"])
    weights = np.concatenate([batch.weights[:, 0] for batch in batches])
    assert weights.mean() == pytest.approx(record["mean_weight_pb"], rel=1e-12)
    error = np.hypot(weights.std() / len(weights) ** 0.5, result["error_pb"])
    # false-alarm rate of 4 sigma: 6e-5
    assert abs(weights.mean() - result["cross_section_pb"]) < 4 * error
    assert error < 0.03 * result["cross_section_pb"]


def test_files_are_readable_as_the_umask_says(integrated: Path) -> None:
    mask = os.umask(0)
    os.umask(mask)
    files = [path for path in integrated.iterdir() if path.name != ".lock"]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o666 & ~mask}


def test_the_stages_read_what_their_fields_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every field of the card that a stage looks at decides that stage, or one below it."""
    own = card()
    monkeypatch.setattr(
        "mcsurrogate.stages.generation.dump_card", lambda _: ""
    )  # the whole card in the header decides nothing
    looked: set[str] = set()
    plain: Callable[[object, str], object] = Section.__getattribute__

    def watched(section: Section, name: str) -> object:
        value = plain(section, name)
        if name in type(section).model_fields and not isinstance(value, Section):
            looked.add(f"{type(section).__name__}.{name}")
        return value

    decided = dict(field_stages(RunCard))

    def owners(stage: str) -> set[str]:
        """Names `Section.field` of what decides a stage."""
        found = set()
        for path, stages in decided.items():
            if set(stages) & set(stages_below(stage)):
                section: object = own
                for part in path:
                    if isinstance(section, Section):
                        found.add(f"{type(section).__name__}.{part}")
                        section = getattr(section, part)
        return found

    steps = {
        "integrate": run_integration, "generate": run_generation,
        "shower": run_shower, "reference": run_reference,
    }  # fmt: skip
    assert list(steps) == [stage for stage in STAGES if stage != "validate"]
    with RunFolder(tmp_path / "run", own) as folder:
        for stage, step in steps.items():
            allowed = owners(stage)
            looked.clear()
            with monkeypatch.context() as patch:
                patch.setattr(Section, "__getattribute__", watched)
                step(folder, silent)
            # The planned number of events helps to choose the method, and may be another later;
            # the start of showers is compiled with the other scales, so that a bad expression is
            # refused at once, and no integral has it.
            known = {"GenerationSection.events", "ScalesSection.shower"}
            known = known if stage == "integrate" else set()
            assert looked - allowed - known == set(), stage
            assert looked
