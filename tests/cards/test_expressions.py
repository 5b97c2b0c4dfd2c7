# SPDX-License-Identifier: GPL-3.0-or-later
"""Expressions in cards: what is understood, and nothing that runs."""

import pytest

from mcsurrogate.cards import parse_expression


@pytest.mark.parametrize(
    ("text", "particles"),
    [
        ("pt(j1)^2", [("pt", ("j1",))]),
        ("0.5*mass(e+, e-) + 1e1", [("mass", ("e+", "e-"))]),
        ("max(pt(t~), pt(-6))**2 / sqrt(ht)", [("pt", ("t~",)), ("pt", ("-6",))]),
        ("-delta_r( j1 ,j2 )", [("delta_r", ("j1", "j2"))]),
        ("ht/2", []),
        ("2", []),
    ],
)
def test_understood(text: str, particles: list[tuple[str, tuple[str, ...]]]) -> None:
    assert list(parse_expression(text).observables.values()) == particles


@pytest.mark.parametrize(
    "text",
    [
        "", "pt", "pt()", "pt(j1", "pt(j1,)", "pT(j1)", "delta_r(j1)", "delta_phi(j1, j2, j3)",
        "ht(", "ht if ht else 1", "ht.real", "[ht]", "lambda: 1", "sqrt(ht, 2)", "min(ht)",
        "max(*ht)", "exit()", "exec('1')", "open('/etc/passwd')", "ht.__class__", "__0", "().x",
        "1j", "True", "'ht'", "ht; ht", "ht < 2", "ht % 2", "x := 2", "sqrt(x=ht)", "(" * 300,
        "1 +" * 400 + "1",
    ],
)  # fmt: skip
def test_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"known are|name (its|two) part|underscores|characters"):
        parse_expression(text)
