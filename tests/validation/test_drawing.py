# SPDX-License-Identifier: GPL-3.0-or-later
"""A drawing, replayed: what matplotlib's own canvases write of the same figure."""

import io
import re

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from mcsurrogate.validation.report.drawing import Drawing
from mcsurrogate.validation.report.theme import STYLE, name_powers

DOTS = 160


def figure() -> Figure:
    """Lines, dashes, markers, bands, collections, clipping, plain and mathematical text."""
    own = Figure(figsize=(4.0, 3.0), facecolor="white")
    axes = own.add_subplot(xscale="log")
    name_powers(axes.xaxis)
    x = np.geomspace(1.0, 1000.0, 9)
    axes.fill_between(x, x - 50.0, x + 50.0, alpha=0.3, color="#040404")
    axes.errorbar(x, x, yerr=30.0, fmt="o", color="#030303", label="points")
    axes.plot(x, x[::-1], "--", color="#010101", label=r"$\sqrt{s}$")
    axes.scatter(x, 0.5 * x, s=40.0, c="#050505")
    axes.bar([2.0, 30.0], [100.0, 300.0], width=[1.0, 20.0], color="#040404", alpha=0.5)
    axes.set_xlabel(r"$p_T$ [GeV]")
    axes.text(10.0, 700.0, "turned", rotation=30.0)
    axes.set_ylim(-50.0, 800.0)
    axes.legend()
    return own


@pytest.fixture(autouse=True)
def style():
    with mpl.rc_context({**STYLE, "svg.hashsalt": "test"}):
        yield


def test_svg_is_what_matplotlib_writes():
    own, other = io.StringIO(), io.StringIO()
    Drawing(figure()).write_svg(own)
    FigureCanvasSVG(figure()).print_svg(other, metadata={"Date": None, "Creator": None})
    assert own.getvalue() == other.getvalue()
    assert own.getvalue().count("<path") > 20


def test_a_png_differs_from_matplotlibs_by_parts_of_a_dot():
    stream = io.BytesIO()
    Drawing(figure()).write_png(stream, DOTS)
    stream.seek(0)
    own = mpl.image.imread(stream)[..., :3]
    whole = figure()
    whole.set_dpi(DOTS)
    canvas = FigureCanvasAgg(whole)
    canvas.draw()
    other = np.asarray(canvas.buffer_rgba())[..., :3] / 255.0
    assert own.shape == other.shape
    # texts lie at places found with outlines instead of hinted letters
    assert np.abs(own - other).mean() < 0.004
    assert np.mean(np.abs(own - other).max(axis=-1) > 0.5) < 0.001
    assert other.std() > 0.05


def test_colours_are_replaced_in_files():
    def red(color):
        return (1.0, 0.0, 0.0, 1.0) if to_hex(color) == "#030303" else color

    drawing, stream = Drawing(figure()), io.BytesIO()
    drawing.write_png(stream, DOTS, red)
    stream.seek(0)
    own = mpl.image.imread(stream)
    assert (np.abs(own[..., :3] - [1.0, 0.0, 0.0]).max(axis=-1) < 0.1).sum() > 100
    with mpl.rc_context({"pdf.compression": 0}):
        files = io.BytesIO(), io.BytesIO()
        for file in files:
            drawing.write_pdf(file, red)
    text = files[0].getvalue()
    assert text == files[1].getvalue()
    assert re.search(rb"\b1 0 0 RG", text)
    assert b"(G) Tj" in text  # as text, to be searched and copied


def test_what_is_not_kept_is_refused():
    own = Figure()
    own.add_subplot().imshow(np.eye(2))
    with pytest.raises(NotImplementedError):
        Drawing(own)
