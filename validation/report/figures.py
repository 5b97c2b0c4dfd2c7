"""Where figures go: into the page as SVG, and on demand to disk as PDF and PNG."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
from markupsafe import Markup, escape
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.collections import Collection
from matplotlib.colors import to_hex, to_rgba_array
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text

from mcsurrogate.atomic import atomic_path
from mcsurrogate.validation.report.compact import SharedParts
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


def _recolour(figure: Figure) -> None:
    """Replace marker colours by those of the light theme."""
    for artist in figure.findobj():
        if isinstance(artist, Line2D):
            artist.set_color(_shown(artist.get_color()))
            artist.set_markerfacecolor(_shown(artist.get_markerfacecolor()))
            artist.set_markeredgecolor(_shown(artist.get_markeredgecolor()))
        elif isinstance(artist, Collection):
            faces, edges = (
                to_rgba_array(c) for c in (artist.get_facecolor(), artist.get_edgecolor())
            )
            artist.set_facecolor([_shown(tuple(c)) for c in faces])
            artist.set_edgecolor([_shown(tuple(c)) for c in edges])
        elif isinstance(artist, Patch):
            artist.set_facecolor(_shown(artist.get_facecolor()))
            artist.set_edgecolor(_shown(artist.get_edgecolor()))
        elif isinstance(artist, Text):
            artist.set_color(_shown(artist.get_color()))


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
        svg = Markup(as_svg(figure, name, escape(title), self.shared))  # noqa: S704 - matplotlib's own
        if self._folder is not None:
            self._save(figure, _stem(name))
        return svg

    def pictures(self, name: str) -> tuple[str, ...]:
        """Names of the files of a figure, none where there are none."""
        stem = _stem(name)
        return (f"{stem}.pdf", f"{stem}.png") if stem in self.files else ()

    def _save(self, figure: Figure, name: str) -> None:
        folder = self._folder
        if folder is None:
            return
        _recolour(figure)
        figure.set_facecolor("white")
        for axes in figure.axes:
            axes.set_facecolor("white")
        light: Mapping[Any, Any] = {k: LIGHT.get(v, v) for k, v in _hashable(STYLE).items()}
        with mpl.rc_context({**STYLE, **light}):
            with atomic_path(folder / f"{name}.pdf") as part:
                # no date: the same report gives the same file
                pdf: Any = FigureCanvasPdf(figure)
                pdf.print_pdf(part, metadata={"CreationDate": None})
            with atomic_path(folder / f"{name}.png") as part:
                figure.set_dpi(_PNG_DPI)
                canvas: Any = FigureCanvasAgg(figure)
                with part.open("wb") as stream:
                    canvas.print_png(stream)
        self.files.append(name)


def _stem(name: str) -> str:
    """Name of a figure as that of a file."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", name)


def _hashable(style: Mapping[Any, Any]) -> dict[Any, Any]:
    return {k: v for k, v in style.items() if isinstance(v, str)}
