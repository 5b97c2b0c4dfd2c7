# SPDX-License-Identifier: GPL-3.0-or-later
"""Where figures go: into the page as SVG, and on demand to disk as PDF and PNG."""

import re
from pathlib import Path
from typing import Any

import matplotlib as mpl
from markupsafe import Markup, escape
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from mcsurrogate.atomic import atomic_path
from mcsurrogate.validation.report.compact import SharedParts
from mcsurrogate.validation.report.drawing import Drawing
from mcsurrogate.validation.report.theme import LIGHT, STYLE, as_svg

__all__ = ["FigureShelf"]

_PNG_DPI = 160


def _shown(color: Any) -> Any:  # noqa: ANN401 - matplotlib's colours have many forms
    """Colour of the light theme for a marker colour, any other as it is."""
    try:
        found = LIGHT.get(to_hex(color))
    except (ValueError, TypeError):
        return color
    if found is None:
        return color
    alpha = color[3] if not isinstance(color, str) and len(color) == 4 else 1.0
    return (*mpl.colors.to_rgb(found), float(alpha))


class FigureShelf:
    """Takes every figure of a report once.

    Parameters
    ----------
    folder
        Where PDF and PNG files go; None for the page alone.

    Attributes
    ----------
    files
        Names of the figures on disk, in order.
    shared
        What the figures on the page refer to.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self.files: list[str] = []
        self.shared = SharedParts()

    def inline(self, figure: Figure, name: str, title: str) -> Markup:
        """SVG element of a figure for the page; its files are written on the way.

        Parameters
        ----------
        figure
            A figure in marker colours.
        name
            Unique in the report.
        title
            Text for screen readers, not escaped.
        """
        with mpl.rc_context(STYLE):
            drawing = Drawing(figure)
        svg = Markup(as_svg(drawing, name, escape(title), self.shared))  # noqa: S704 - matplotlib's own
        if self._folder is not None:
            self._save(drawing, self._folder / _stem(name))
        return svg

    def pictures(self, name: str) -> tuple[str, ...]:
        """Names of the files of a figure, none where there are none."""
        stem = _stem(name)
        return (f"{stem}.pdf", f"{stem}.png") if stem in self.files else ()

    def _save(self, drawing: Drawing, path: Path) -> None:
        with mpl.rc_context(STYLE):
            with atomic_path(path.with_name(f"{path.name}.pdf")) as part:
                drawing.write_pdf(part, _shown)
            with (
                atomic_path(path.with_name(f"{path.name}.png")) as part,
                part.open("wb") as stream,
            ):
                drawing.write_png(stream, _PNG_DPI, _shown)
        self.files.append(path.name)


def _stem(name: str) -> str:
    """Name of a figure as that of a file."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", name)
