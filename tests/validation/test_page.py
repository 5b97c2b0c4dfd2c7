# SPDX-License-Identifier: GPL-3.0-or-later
"""Contrast of the page, headers of its tables, and figures that fill the window."""

import re
from pathlib import Path

import pytest

from mcsurrogate.validation import validate
from mcsurrogate.validation.report.theme import LIGHT

STYLE = (Path(__file__).parents[2] / "validation/report/templates/style.css").read_text()
TEXT = ("ink", "soft")
LINES = ("faint", "reference", "candidate", "warn")
GROUNDS = ("paper", "card")


def luminance(colour):
    """Relative luminance (WCAG 2.2)."""
    digits = colour.lstrip("#")
    digits = "".join(2 * c for c in digits) if len(digits) == 3 else digits
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    dark, bright = sorted((luminance(one), luminance(other)))
    return (bright + 0.05) / (dark + 0.05)


def themes():
    """Colours of the light and of the dark theme by name."""
    found = [
        dict(re.findall(r"--([a-z-]+):(#[0-9a-f]{3,6})", block))
        for block in re.findall(r":root\{(.*?)\}", STYLE, re.DOTALL)
    ]
    assert len(found) == 2
    return found


@pytest.mark.parametrize("colours", themes(), ids=("light", "dark"))
def test_contrast(colours):
    for ground in GROUNDS:
        for name in TEXT:
            assert contrast(colours[name], colours[ground]) >= 4.5, (name, ground)
        for name in LINES:
            assert contrast(colours[name], colours[ground]) >= 3.0, (name, ground)
    for name in ("good", "mid", "bad"):
        assert contrast(colours[name], colours[f"{name}-bg"]) >= 4.5, name
    assert contrast("#fff", "#000") == pytest.approx(21.0)


def test_contrast_of_figures_on_disk():
    assert all(contrast(colour, "#ffffff") >= 3.0 for colour in LIGHT.values())


@pytest.fixture(scope="module")
def page(z_files, tmp_path_factory):
    out = tmp_path_factory.mktemp("page")
    names = ["thrust", "charged_xi", "final_species"]
    report = validate(*z_files, out, observables=names, max_events=100, measured=False, reservoir=0)
    return report.report.read_text()


def test_rows_and_columns_have_headers(page):
    tables = re.findall(r"<table.*?</table>", page, re.DOTALL)
    assert len(tables) >= 2
    for table in tables:
        assert 'scope="col"' in table
        rows = [row for row in re.findall(r"<tr.*?</tr>", table, re.DOTALL) if "<td" in row]
        assert rows
        assert all(re.match(r'<tr[^>]*>\s*<th scope="row"', row) for row in rows), table[:500]


def test_every_figure_fills_the_window_on_demand(page):
    for name in ("thrust", "charged_xi", "final_species"):
        assert f'<div class="picture" id="large-{name}"><a href="#large-{name}"' in page
        assert f'<a class="close" href="#{name}"' in page
    assert ".picture:target{position:fixed" in page
    anchors = set(re.findall(r'href="#([^"]+)"', page))
    assert anchors <= set(re.findall(r'id="([^"]+)"', page))
