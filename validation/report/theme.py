# SPDX-License-Identifier: GPL-3.0-or-later
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
from matplotlib.axis import Axis
from matplotlib.ticker import LogFormatterMathtext

from mcsurrogate.validation.report.drawing import Drawing

__all__ = [
    "CANDIDATE",
    "FAINT",
    "INK",
    "LIGHT",
    "REFERENCE",
    "STYLE",
    "WARN",
    "name_powers",
    "svg_text",
]

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


_POWER = re.compile(r"\$\\mathdefault\{10\^\{(-?\d+)\}\}\$")
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class _Powers(LogFormatterMathtext):
    """Powers of ten as plain text: as mathematics each takes as long as ten lines."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        text = super().__call__(x, pos)
        power = _POWER.fullmatch(text)
        return text if power is None else f"10{power[1].translate(_RAISED)}"


def name_powers(*logarithmic: Axis) -> None:
    """Name the powers of ten on logarithmic axes."""
    for axis in logarithmic:
        axis.set_major_formatter(_Powers())


def svg_text(drawing: Drawing, name: str) -> str:
    """Drawing as SVG without prologue, coloured by the page that it will stand in.

    Parameters
    ----------
    drawing
        Of a figure in marker colours.
    name
        Unique on the page.
    """
    buffer = io.StringIO()
    with mpl.rc_context({**STYLE, "svg.hashsalt": name}):
        drawing.write_svg(buffer)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    for marker, variable in VARIABLES.items():
        text = text.replace(marker, variable)
    return text
