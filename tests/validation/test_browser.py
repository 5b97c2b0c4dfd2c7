# SPDX-License-Identifier: GPL-3.0-or-later
"""The page in a real browser: nothing is wider than its place, asked for or complained about."""

import re
import shutil
import subprocess
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

from mcsurrogate.validation import validate
from mcsurrogate.validation.observables import preset

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
PROBE = """<script>
const wide = [...document.querySelectorAll("body *")].filter(
  e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth && !e.closest("svg"));
document.body.dataset.found = JSON.stringify(
  {width: innerWidth, page: document.documentElement.scrollWidth, wide: wide.map(
    e => e.tagName + "." + e.className + " " + e.textContent.trim().slice(0, 40))});
</script>"""
FRAME = """<body><iframe style="border:0;width:{width}px;height:800px" src="probed.html"
onload="document.body.dataset.found = this.contentDocument.body.dataset.found"></iframe>"""
REFERENCE = Path(__file__).parents[1] / "data/report_page.png"
"""The page of `page`, 1400 pixels wide, as Chromium draws it, a cell of 10 x 10 pixels a dot."""
FONT = Path(mpl.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"
PLAIN = ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine"),
]


def browse(*words):
    return subprocess.run(
        [BROWSER, *PLAIN, *words], capture_output=True, text=True, timeout=120, check=True
    )


@pytest.fixture(scope="module")
def page(z_files, tmp_path_factory):
    """Long names, folded rows, measured values, a null classifier."""
    out = tmp_path_factory.mktemp("page")
    names = [o.name for o in preset("ee_z")][::5]
    assert len(names) > 25
    return validate(*z_files, out, observables=names, max_events=120).report


@pytest.mark.parametrize("width", [1400, 1000, 390])
def test_nothing_is_cut(page, tmp_path, width):
    probed = tmp_path / "probed.html"
    probed.write_text(page.read_text().replace("</body>", f"{PROBE}</body>"))
    # a window is not narrower than 500, a frame is
    frame = tmp_path / "frame.html"
    frame.write_text(FRAME.format(width=width))
    size = f"--window-size={width + 100},900"
    picture = tmp_path / "picture.png"
    browse(size, f"--screenshot={picture}", f"file://{frame}")
    assert picture.stat().st_size > 20_000
    text = browse(size, "--allow-file-access-from-files", "--dump-dom", f"file://{frame}").stdout
    found = re.search(r'data-found="([^"]*)"', text).group(1).replace("&quot;", '"')
    assert f'"width":{width},"page":{width},"wide":[]' in found, found


def test_the_page_asks_for_nothing(page):
    text = page.read_text()
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', text)
    assert "<script" not in text
    errors = browse("--enable-logging=stderr", "--dump-dom", f"file://{page}").stderr
    assert "CONSOLE" not in errors
    anchors = set(re.findall(r'href="#([^"]+)"', text))
    assert anchors <= set(re.findall(r'id="([^"]+)"', text))


def shrunk(text, folder):
    """Colours of cells of 10 x 10 pixels of the upper part of a page, 0 to 1, in one font."""
    source, picture = folder / "drawn.html", folder / "picture.png"
    font = f'@font-face{{font-family:one;src:url("file://{FONT}")}}body{{font-family:one}}'
    source.write_text(text.replace("</style>", f"{font}</style>", 1))
    browse("--window-size=1400,1600", f"--screenshot={picture}", f"file://{source}")
    image = Image.open(picture).convert("RGB").resize((140, 160), Image.Resampling.BOX)
    return image, np.asarray(image) / 255.0


def distance(cells, reference):
    """Share of the cells that are of another colour than theirs and those beside them."""
    near = [np.roll(reference, (i, j), (0, 1)) for i in (-1, 0, 1) for j in (-1, 0, 1)]
    low, high = np.min(near, axis=0), np.max(near, axis=0)
    return float(((cells < low - 0.04) | (cells > high + 0.04)).any(axis=2).mean())


def test_the_page_looks_as_it_did(page, tmp_path):
    """A wanted change: look at picture.png and copy cells.png over the reference."""
    text = page.read_text()
    image, cells = shrunk(text, tmp_path)
    image.save(tmp_path / "cells.png")
    reference = np.asarray(Image.open(REFERENCE).convert("RGB")) / 255.0
    limit = 0.003
    assert distance(cells, reference) < limit, f"{tmp_path}: another page than {REFERENCE}"
    for rule in (
        ".tiles{display:grid",
        "text-align:right",
        "padding:0 20px",
        "background:var(--good",
    ):
        assert rule in text
        broken = text.replace(rule, rule.replace(":", "-none:", 1), 1)
        assert distance(shrunk(broken, tmp_path)[1], reference) > 2 * limit, rule


def test_paper_has_all_rows(page, tmp_path):
    """A print opens what is folded: many more pages than with the rows away."""
    closed = tmp_path / "closed.html"
    closed.write_text(re.sub(r"(?s)<details.*?</details>", "", page.read_text()))
    pages = []
    for name, source in (("all", page), ("closed", closed)):
        browse(f"--print-to-pdf={tmp_path / name}.pdf", f"file://{source}")
        content = (tmp_path / f"{name}.pdf").read_bytes()
        pages.append(len(re.findall(rb"/Type\s*/Page\b", content)))
    assert pages[0] >= pages[1] + 2
