# SPDX-License-Identifier: GPL-3.0-or-later
"""Where figures go: into the page as SVG, and on demand to disk as PDF and PNG."""

import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from markupsafe import Markup, escape
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from mcsurrogate.atomic import atomic_path
from mcsurrogate.validation.report.compact import SharedParts
from mcsurrogate.validation.report.drawing import Drawing
from mcsurrogate.validation.report.theme import LIGHT, STYLE, svg_text

__all__ = ["FigureShelf", "Picture"]

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A figure that is drawn, wherever that was.

    Attributes
    ----------
    name
        Unique in the report.
    svg
        For the page, whole in itself.
    pdf, png
        Contents of its files, None without files.
    """

    name: str
    svg: str
    pdf: bytes | None
    png: bytes | None

    @classmethod
    def of(cls, figure: Figure, name: str, *, files: bool) -> "Picture":
        """Draw a figure in marker colours, for the page alone or for files too."""
        with mpl.rc_context(STYLE):
            drawing = Drawing(figure)
            svg = svg_text(drawing, name)
            if not files:
                return cls(name=name, svg=svg, pdf=None, png=None)
            pdf, png = io.BytesIO(), io.BytesIO()
            drawing.write_pdf(pdf, _shown)
            drawing.write_png(png, _PNG_DPI, _shown)
        return cls(name=name, svg=svg, pdf=pdf.getvalue(), png=png.getvalue())


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

    @property
    def keeps_files(self) -> bool:
        """Whether pictures need the contents of files."""
        return self._folder is not None

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
        return self.place(Picture.of(figure, name, files=self.keeps_files), title)

    def place(self, picture: Picture, title: str) -> Markup:
        """SVG element of a picture, which was drawn for files if this shelf keeps them."""
        # the picture scales with the page: its size is a matter of the style sheet
        svg = Markup(self.shared.compact(picture.svg, escape(title)))  # noqa: S704 - matplotlib's own
        if self._folder is not None:
            stem = _stem(picture.name)
            for suffix, content in (("pdf", picture.pdf), ("png", picture.png)):
                assert content is not None
                with atomic_path(self._folder / f"{stem}.{suffix}") as part:
                    part.write_bytes(content)
            self.files.append(stem)
        return svg

    def pictures(self, name: str) -> tuple[str, ...]:
        """Names of the files of a figure, none where there are none."""
        stem = _stem(name)
        return (f"{stem}.pdf", f"{stem}.png") if stem in self.files else ()


def _stem(name: str) -> str:
    """Name of a figure as that of a file."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", name)
