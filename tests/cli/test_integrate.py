# SPDX-License-Identifier: GPL-3.0-or-later
"""``mcsurrogate integrate``: alarms reach the exit code, figures are drawn when asked for."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mcsurrogate.cli import main


def integrate(monkeypatch: pytest.MonkeyPatch, folder: Path, text: str, *options: str) -> int:
    card = folder / "card.toml"
    card.write_text(text, encoding="utf-8")
    arguments = ["mcsurrogate", "integrate", str(card), "--out", str(folder / "run"), *options]
    monkeypatch.setattr(sys, "argv", arguments)
    try:
        main()
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


@pytest.mark.parametrize(
    ("precision", "options", "code"),
    [(1e-6, ("--strict",), 3), (1e-6, (), 0), (0.02, ("--strict", "--plots"), 0)],
)
def test_strict(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    gluons_to_tops: Callable[..., str],
    precision: float,
    options: tuple[str, ...],
    code: int,
) -> None:
    assert integrate(monkeypatch, tmp_path, gluons_to_tops(precision=precision), *options) == code
    result = json.loads((tmp_path / "run" / "result.json").read_text(encoding="utf-8"))
    flagged = any("was not reached" in text for text in result["warnings"])
    assert flagged == (precision < 1e-3)
    assert 0.9 < result["effective_fraction"] <= 1.0
    figures = sorted(p.stem for p in (tmp_path / "run").glob("plots/integration/*.png"))
    assert figures == (["corner", "training", "weights"] if "--plots" in options else [])


def test_a_cross_section_of_nothing_is_refused(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    gluons_to_tops: Callable[..., str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    nothing = '\n[[cuts]]\nobservable = "pt(t) / pt(t~)"\nminimum = 2.0\n'
    assert integrate(monkeypatch, tmp_path, gluons_to_tops() + nothing) == 2
    assert "left nothing of 10000 points" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "run" / "result.json").exists()
