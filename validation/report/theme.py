"""Colours and style of all figures, and figures as part of a page or as files.

Figures are drawn once, in marker colours.  As SVG inside the page the markers become CSS
variables, so that the page's light and dark themes colour them; in files they become the
colours of the light theme.
"""

import io
import re
from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from mcsurrogate.validation.report.compact import SharedParts

__all__ = ["CANDIDATE", "FAINT", "INK", "LIGHT", "REFERENCE", "STYLE", "WARN", "as_svg"]

INK, FAINT, REFERENCE, CANDIDATE, WARN = (
    "#010101",
    "#020202",
    "#030303",
    "#040404",
    "#050505",
)
VARIABLES = {
    INK: "var(--ink)",
    FAINT: "var(--faint)",
    REFERENCE: "var(--reference)",
    CANDIDATE: "var(--candidate)",
    WARN: "var(--warn)",
}
LIGHT: Mapping[str, str] = {
    INK: "#1b2430",
    FAINT: "#828e9b",
    REFERENCE: "#3d4a59",
    CANDIDATE: "#d1495b",
    WARN: "#b27203",
}
"""Colours of stand-alone figures."""

STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10,
    "mathtext.fontset": "dejavusans",
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.linewidth": 0.8,
    "axes.formatter.useoffset": False,
    "axes.formatter.limits": (-3, 4),
    # as mathematics, plain numbers would take most of the time of a figure
    "axes.formatter.use_mathtext": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.top": True,
    "ytick.right": True,
    "xtick.minor.visible": True,
    "ytick.minor.visible": True,
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "svg.fonttype": "path",
    "path.simplify": False,
}


def as_svg(figure: Figure, name: str, title: str, shared: SharedParts) -> str:
    """Figure as an SVG element for the inside of a page.

    Parameters
    ----------
    figure
        A figure of this module.
    name
        Unique on the page.
    title
        Text for screen readers, escaped.
    shared
        The parts of the page's figures.
    """
    buffer = io.StringIO()
    with mpl.rc_context({**STYLE, "svg.hashsalt": name}):
        canvas: Any = FigureCanvasSVG(figure)
        canvas.print_svg(buffer, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    for marker, variable in VARIABLES.items():
        text = text.replace(marker, variable)
    # the picture scales with the page: its size is a matter of the style sheet
    return shared.compact(text, title)
