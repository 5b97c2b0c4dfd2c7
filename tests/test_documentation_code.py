# SPDX-License-Identifier: GPL-3.0-or-later
"""Code of README and docs runs as it is pasted: Python blocks, cards and parts of cards."""

import tomllib

import pytest
from page_blocks import PAGES, ROOT, blocks
from pydantic import ValidationError

from mcsurrogate.cards import EmulatorCard, RunCard
from mcsurrogate.hadronization.cards import StringBreakCard
from mcsurrogate.hadronization.clusters.cards import ClusterCard

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
