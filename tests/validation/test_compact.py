# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures on the page: small, and the same picture as matplotlib's own."""

import io
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.transforms import Affine2D
from scipy.spatial import cKDTree

from mcsurrogate.validation.report.compact import SharedParts


@pytest.fixture(scope="module")
def svg():
    random = np.random.default_rng(1)
    figure = Figure(figsize=(4, 3))
    upper, lower = figure.subplots(2, sharex=True)
    x = np.arange(20.0)
    upper.errorbar(x, random.random(20), 0.1, fmt="o", label=r"$\sqrt{s}$ points")
    upper.fill_between(np.repeat(x, 2)[1:], 0.1, np.repeat(random.random(20), 2)[1:], alpha=0.3)
    upper.set_yscale("log")
    upper.legend()
    lower.bar(x, random.normal(size=20), alpha=0.5)
    lower.plot(x, np.sin(x))
    lower.set_xticks(x[::4], [f"bin {i}" for i in range(5)], rotation=60)
    lower.set_xlabel(r"$\frac{a}{b}$, turned")
    stream = io.StringIO()
    FigureCanvasSVG(figure).print_svg(stream, metadata={"Date": None})
    text = re.sub(r"(?s)<metadata>.*?</metadata>", "", stream.getvalue())
    return text[text.index("<svg") :]


def matrix(text):
    found = Affine2D()
    for name, numbers in reversed(re.findall(r"(\w+)\(([^)]*)\)", text or "")):
        values = [float(n) for n in re.split(r"[ ,]+", numbers.strip())]
        if name == "translate":
            found.translate(values[0], values[1] if len(values) > 1 else 0.0)
        elif name == "scale":
            found.scale(*values)
        else:
            assert name == "rotate"
            found.rotate_deg(values[0])
    return found


def corners(data):
    """Points that a path goes through or is drawn to, curves with their control points."""
    found = []
    for command, rest in re.findall(r"([A-Za-z])([^A-Za-z]*)", data):
        numbers = [float(n) for n in re.findall(r"-?[\d.]+(?:e-?\d+)?", rest)]
        if command in "HV":
            last = found[-1]
            found.append((numbers[0], last[1]) if command == "H" else (last[0], numbers[0]))
        else:
            assert command in "MLQCz"
            found += list(zip(numbers[::2], numbers[1::2], strict=True))
    return np.array(found).reshape(-1, 2)


def drawn(root):
    """All points that an SVG draws, in its own units, with references resolved."""
    tag = lambda e: e.tag.rpartition("}")[2]  # noqa: E731
    known = {e.get("id"): e for e in root.iter() if e.get("id")}
    points = []

    def visit(element, outer):
        own = matrix(element.get("transform")) + outer
        if tag(element) == "path":
            points.append(own.transform(corners(element.get("d") or "")))
        elif tag(element) == "rect":
            x, y, w, h = (float(element.get(k, 0)) for k in ("x", "y", "width", "height"))
            points.append(own.transform(np.array([(x, y), (x + w, y + h)])))
        elif tag(element) == "use":
            href = element.get("href") or element.get("{http://www.w3.org/1999/xlink}href")
            x, y = (float(element.get(k, 0)) for k in "xy")
            visit(known[href[1:]], Affine2D().translate(x, y) + own)
        for child in element:
            if tag(child) not in ("defs", "style"):
                visit(child, own)

    visit(root, Affine2D())
    return np.concatenate([p for p in points if len(p)])


def test_the_picture_stays(svg):
    shared = SharedParts()
    small = shared.compact(svg, "two panels")
    page = ElementTree.fromstring(f"<page>{small}{shared.definitions()}</page>")
    before, after = drawn(ElementTree.fromstring(svg)), drawn(page)
    assert len(before) == len(after) > 1000
    # every point of one picture has one of the other within a fiftieth of a point
    assert cKDTree(after).query(before)[0].max() < 0.02
    assert cKDTree(before).query(after)[0].max() < 0.02
    assert len(small) < 0.25 * len(svg)


def test_everything_that_is_named_is_there_once(svg):
    shared = SharedParts()
    figures = [shared.compact(svg, "first"), shared.compact(svg, "second")]
    page = "".join(figures) + str(shared.definitions())
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    named = set(re.findall(r'href="#([^"]+)"', page)) | set(re.findall(r"url\(#([^)]+)\)", page))
    assert named == set(ids)
    classes = set(re.findall(r'class="([^"]+)"', page))
    assert classes == set(re.findall(r"\.(f\d+)\{", page))
    # the second figure brings nothing new
    assert figures[0].replace("first", "second") == figures[1]


def test_translucent_shapes_stay_apart(svg):
    """Joined into one path, bars that overlap would be drawn once instead of twice."""
    shared = SharedParts()
    small = shared.compact(svg, "bars")
    style = next(n for text, n in shared.classes.items() if "opacity:0.5" in text)
    assert small.count(f'class="f{style}"') == 20
