# SPDX-License-Identifier: GPL-3.0-or-later
"""A card chooses a flow of the user's own, by file and class: integrated, read and generated."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mcsurrogate.cli import app
from mcsurrogate.cli.options import read_card

FLOW = '''
from mcsurrogate.flows.families.splines import HypercubeFlow


class Mine(HypercubeFlow):
    """The shipped family under another name."""
'''


@pytest.fixture
def card(tmp_path: Path) -> Path:
    text = Path("cards/gg_ttx.toml").read_text(encoding="utf-8")
    assert "[integration]" in text
    head, _, _ = text.partition("[integration]")
    own = '[integration]\nmethod = "madnis"\nmax_evaluations = 10000\nprecision = 0.5\n'
    flow = '[integration.flow]\nfamily = "mine.py:Mine"\noptions = { hidden = [8], blocks = 2 }\n'
    path = tmp_path / "card.toml"
    path.write_text(head + own + flow, encoding="utf-8")
    (tmp_path / "mine.py").write_text(FLOW, encoding="utf-8")
    return path


def test_integrate_and_generate(card: Path, tmp_path: Path) -> None:
    assert read_card(card).integration.flow.family == f"{tmp_path / 'mine.py'}:Mine"
    run = tmp_path / "run"
    for arguments in (["integrate"], ["generate", "--events", "50", "--no-shower"]):
        result = CliRunner().invoke(app, [*arguments, str(card), "--out", str(run)])
        assert result.exit_code == 0, result.exception
    assert json.loads((run / "result.json").read_text())["method"] == "madnis"
    assert json.loads((run / "run.json").read_text())["stages"]["generate"]["events"] == 50


def test_a_mistake_in_the_file_is_led_back_to_its_line(card: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("import torch\n\nclass Mine(torch.nn.NoSuch): ...\n")
    result = CliRunner().invoke(app, ["integrate", str(card), "--out", str(tmp_path / "run")])
    assert result.exit_code == 2
    assert "mine.py:3: AttributeError" in result.stderr
