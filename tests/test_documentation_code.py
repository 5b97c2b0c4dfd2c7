"""Code of README and docs runs as it is pasted: Python blocks, cards and parts of cards."""

import gzip
import re
import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest
import tomli_w
from pydantic import ValidationError

from mcsurrogate.cards import EmulatorCard, RunCard
from mcsurrogate.events import convert_events
from mcsurrogate.generators import PythiaChain
from mcsurrogate.hadronization.cards import StringBreakCard
from mcsurrogate.hadronization.clusters.cards import ClusterCard

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: Path
    line: int
    code: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path, language: str) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [
        Block(page, text.count("\n", 0, match.start()) + 1, match[1])
        for match in re.finditer(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    ]


RUN = {
    "seed": 1,
    "process": {"definition": "p p > t t~"},
    "beams": {"sqrt_s": "13 TeV", "pdf": "NNPDF23_lo_as_0130_qed"},
}
EMULATOR = tomllib.loads((ROOT / "cards" / "emulator_gg_ttxg.toml").read_text(encoding="utf-8"))
CLUSTERS = {"kind": "clusters", "name": "mine", "seed": 1, "strings": {}, "fit": {"settings": []}}
STRINGS = {**CLUSTERS, "kind": "string_breaks", "start": "string_breaks_monash"}
del STRINGS["strings"]
BASES = (
    (RunCard, RUN),
    (EmulatorCard, EMULATOR),
    (ClusterCard, CLUSTERS),
    (StringBreakCard, STRINGS),
)


def joined(base: dict, part: dict) -> dict:
    """The base with the sections of a part in the place of, or within, its own."""
    whole = dict(base)
    for key, value in part.items():
        within = isinstance(value, dict) and isinstance(base.get(key), dict)
        whole[key] = {**base[key], **value} if within else value
    if set(part.get("process", {})) & {"pythia", "events"}:
        whole["process"] = part["process"]
    return whole


def mistakes(card: str) -> list[str]:
    """What is wrong with a card, or a part of one, for each kind of card; none if one takes it."""
    found, part = [], tomllib.loads(card)
    if isinstance(part.get("refine"), dict):  # [[refine.add]] without its [[refine]]
        part["refine"] = [{"settings": [], **part["refine"]}]
    for model, base in BASES:
        whole = part if "seed" in part or "kind" in part else joined(base, part)
        try:
            model.model_validate(whole)
        except ValidationError as error:
            found.append(str(error))
        else:
            return []
    return found


@pytest.mark.parametrize("block", [b for page in PAGES for b in blocks(page, "toml")], ids=str)
def test_a_card_of_a_page_is_a_card(block):
    assert not mistakes(block.code)


def test_a_card_that_is_none_is_found():
    assert mistakes("[integration]\nprecison = 0.1\n")
    assert mistakes('seed = 1\n[process]\ndefinition = "p p > t t~"\n[beams]\nenergy = 1\n')


@pytest.fixture(scope="session")
def readers_files(tmp_path_factory, zpole):
    """The files that a reader of the pages has: hard events and events of generators."""
    folder = tmp_path_factory.mktemp("reader")
    hard = (ROOT / "tests" / "data" / "cases" / "lhe" / "good_eight_events.lhe").read_bytes()
    (folder / "events.lhe.gz").write_bytes(gzip.compress(hard))
    for seed, name in enumerate(("events", "candidate", "reference"), start=1):
        PythiaChain(zpole, seed=seed).generate(60, hepmc=folder / f"{name}.hepmc.zst").run()
    convert_events(folder / "events.hepmc.zst", folder / "events.parquet")
    weights = ROOT / "mcsurrogate" / "hadronization" / "weights"
    for suffix in ("safetensors", "json"):
        shutil.copy(weights / f"string_breaks_monash.{suffix}", folder / f"mine_member_1.{suffix}")
    card = tomllib.loads((weights / "string_breaks_monash.toml").read_text(encoding="utf-8"))
    for recording, events in zip(card["recordings"], (200, 20), strict=True):
        recording |= {"events": events, "repeats": 2}
    card["training"] |= {"steps": 20}
    (folder / "my_strings.toml").write_text(tomli_w.dumps(card), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "page", [page for page in PAGES if blocks(page, "python")], ids=lambda page: page.name
)
def test_python_of_a_page_runs(page, readers_files, tmp_path, monkeypatch):
    """As it is pasted, from the top of the page to its end."""
    for path in readers_files.iterdir():
        (tmp_path / path.name).symlink_to(path)
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "__main__"}
    for block in blocks(page, "python"):
        exec(compile(block.code, str(block), "exec"), names)
