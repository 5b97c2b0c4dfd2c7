# SPDX-License-Identifier: GPL-3.0-or-later
"""A figure, laid out once and written in several formats.

Matplotlib lays all ticks and texts out anew for each format, which takes most of the time of a
report. Here what its artists ask of a renderer is kept and handed to the renderers of SVG, PDF and
PNG, in the order in which it came, in their scales and colours.
"""

from collections.abc import Callable
from typing import IO, Any, BinaryIO

import matplotlib as mpl
import numpy as np
from matplotlib.backend_bases import GraphicsContextBase, RendererBase
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.backends.backend_pdf import PdfFile, RendererPdf
from matplotlib.backends.backend_svg import RendererSVG
from matplotlib.figure import Figure
from matplotlib.path import Path as Outline
from matplotlib.transforms import Affine2D, TransformedBbox, TransformedPath

__all__ = ["Drawing"]

_POINTS = 72
"""Dots an inch of a drawing: units are points."""

# matplotlib does not annotate them
_Agg: Any = RendererAgg
_Pdf: Any = RendererPdf
_PdfFile: Any = PdfFile
_Svg: Any = RendererSVG

Colour = Callable[[Any], Any]
"""Another colour for a colour."""


def _same(color: Any) -> Any:  # noqa: ANN401 - matplotlib's colours have many forms
    return color


class Drawing(RendererBase):
    """What a figure draws.

    Parameters
    ----------
    figure
        It is drawn at once; later changes of it are not seen.

    Notes
    -----
    Text has the extent of its outlines. Images and shaded meshes are not kept: a figure with them
    is refused by matplotlib's `NotImplementedError`.
    """

    def __init__(self, figure: Figure) -> None:
        super().__init__()
        inches = figure.get_size_inches()
        self.width, self.height = (float(length) * _POINTS for length in inches)
        self._calls: list[tuple[str, GraphicsContextBase | None, tuple[Any, ...]]] = []
        before = figure.dpi
        figure.set_dpi(_POINTS)
        figure.draw(self)
        figure.set_dpi(before)

    def write_svg(self, stream: IO[str]) -> None:
        """Write the drawing as it is."""
        renderer = _Svg(self.width, self.height, stream, metadata={"Date": None, "Creator": None})
        self._replay(renderer, 1.0, _same)
        renderer.finalize()

    def write_pdf(self, stream: BinaryIO, colour: Colour = _same) -> None:
        """Write a PDF file; the same drawing gives the same file."""
        file = _PdfFile(stream, metadata={"CreationDate": None})
        try:
            file.newPage(self.width / _POINTS, self.height / _POINTS)
            renderer = _Pdf(file, _POINTS, self.height / _POINTS, self.width / _POINTS)
            self._paper(renderer, 1.0)
            self._replay(renderer, 1.0, colour)
            renderer.finalize()
            file.finalize()
        finally:
            file.close()

    def write_png(self, stream: BinaryIO, dots: int, colour: Colour = _same) -> None:
        """Write a PNG file with so many dots an inch."""
        scale = dots / _POINTS
        renderer = _Agg(self.width * scale, self.height * scale, dots)
        self._paper(renderer, scale)
        self._replay(renderer, scale, colour)
        mpl.image.imsave(stream, renderer.buffer_rgba(), format="png", dpi=dots)

    def _paper(self, renderer: RendererBase, scale: float) -> None:
        context = renderer.new_gc()
        context.set_linewidth(0.0)
        whole: Any = Affine2D().scale(self.width * scale, self.height * scale)
        renderer.draw_path(context, Outline.unit_rectangle(), whole, (1.0, 1.0, 1.0, 1.0))
        context.restore()

    def _replay(self, renderer: RendererBase, scale: float, colour: Colour) -> None:
        for name, kept, arguments in self._calls:
            if kept is None:
                getattr(renderer, name)(*arguments)
                continue
            context = renderer.new_gc()
            context.copy_properties(kept)
            _scaled(context, scale)
            context.set_foreground(colour(kept.get_rgb()), isRGBA=True)
            own = getattr(self, f"_{name}")(arguments, Affine2D().scale(scale), colour, renderer)
            getattr(renderer, name)(context, *own)
            context.restore()

    # What the renderers are given: places in their scale, faces in their colours.

    @staticmethod
    def _draw_path(arguments: Any, scale: Affine2D, colour: Colour, _: Any) -> tuple[Any, ...]:  # noqa: ANN401
        path, transform, face = arguments
        return path, transform + scale, face if face is None else colour(face)

    @staticmethod
    def _draw_markers(arguments: Any, scale: Affine2D, colour: Colour, _: Any) -> tuple[Any, ...]:  # noqa: ANN401
        marker, of_marker, path, transform, face = arguments
        face = face if face is None else colour(face)
        return marker, of_marker + scale, path, transform + scale, face

    @staticmethod
    def _draw_path_collection(
        arguments: Any,  # noqa: ANN401
        scale: Affine2D,
        colour: Colour,
        _: Any,  # noqa: ANN401
    ) -> tuple[Any, ...]:
        master, paths, transforms, offsets, of_offsets, faces, edges, *rest = arguments
        return (
            master + scale,
            paths,
            transforms,
            offsets,
            of_offsets + scale,
            *(np.array([colour(tuple(c)) for c in own]).reshape(-1, 4) for own in (faces, edges)),
            *rest,
        )

    def _draw_text(
        self,
        arguments: Any,  # noqa: ANN401
        scale: Affine2D,
        _: Colour,
        renderer: RendererBase,
    ) -> tuple[Any, ...]:
        x, y, *rest = arguments
        factor = scale.get_matrix()[0, 0]
        return x * factor, (y if renderer.flipy() else self.height - y) * factor, *rest

    # What matplotlib's artists call.

    def get_canvas_width_height(self) -> tuple[float, float]:
        """Size in points."""
        return self.width, self.height

    def get_text_width_height_descent(self, s: str, prop: Any, ismath: Any) -> Any:  # noqa: ANN401
        """Extent of the outlines of a text in points."""
        return self._text2path.get_text_width_height_descent(s, prop, ismath)

    def open_group(self, s: str, gid: str | None = None) -> None:
        """Keep the beginning of a group."""
        self._calls.append(("open_group", None, (s, gid)))

    def close_group(self, s: str) -> None:
        """Keep its end."""
        self._calls.append(("close_group", None, (s,)))

    def draw_path(self, gc: Any, path: Any, transform: Any, rgbFace: Any = None) -> None:  # noqa: ANN401
        """Keep an outline."""
        self._keep("draw_path", gc, path, transform.frozen(), rgbFace)

    def draw_markers(
        self,
        gc: Any,  # noqa: ANN401
        marker_path: Any,  # noqa: ANN401
        marker_trans: Any,  # noqa: ANN401
        path: Any,  # noqa: ANN401
        trans: Any,  # noqa: ANN401
        rgbFace: Any = None,  # noqa: ANN401
    ) -> None:
        """Keep markers."""
        frozen = (marker_trans.frozen(), path, trans.frozen())
        self._keep("draw_markers", gc, marker_path, *frozen, rgbFace)

    def draw_path_collection(
        self,
        gc: Any,  # noqa: ANN401
        master_transform: Any,  # noqa: ANN401
        paths: Any,  # noqa: ANN401
        all_transforms: Any,  # noqa: ANN401
        offsets: Any,  # noqa: ANN401
        offset_trans: Any,  # noqa: ANN401
        *looks: Any,  # noqa: ANN401
        **_: Any,  # noqa: ANN401
    ) -> None:
        """Keep a collection of outlines; colours of hatches have nothing to colour."""
        if gc.get_hatch() is not None:
            raise NotImplementedError("a drawing does not keep hatches")
        where = (master_transform.frozen(), paths, all_transforms, offsets, offset_trans.frozen())
        self._keep("draw_path_collection", gc, *where, *looks)

    def draw_text(
        self,
        gc: Any,  # noqa: ANN401
        x: float,
        y: float,
        s: str,
        prop: Any,  # noqa: ANN401
        angle: float,
        ismath: Any = False,  # noqa: ANN401
        mtext: Any = None,  # noqa: ANN401, ARG002
    ) -> None:
        """Keep a text; y is counted from above."""
        self._keep("draw_text", gc, x, y, s, prop.copy(), angle, ismath)

    def _keep(self, name: str, gc: Any, *arguments: Any) -> None:  # noqa: ANN401
        kept = GraphicsContextBase()
        kept.copy_properties(gc)
        if (rectangle := gc.get_clip_rectangle()) is not None:
            kept.set_clip_rectangle(rectangle.frozen())
        path, transform = gc.get_clip_path()
        kept.set_clip_path(None if path is None else TransformedPath(path, transform.frozen()))
        self._calls.append((name, kept, arguments))


def _scaled(context: GraphicsContextBase, factor: float) -> None:
    """Scale the clipping of a context; widths and dashes of lines are points everywhere."""
    if factor == 1.0:
        return
    scale = Affine2D().scale(factor)
    if (rectangle := context.get_clip_rectangle()) is not None:
        clip: Any = TransformedBbox(rectangle, scale)
        context.set_clip_rectangle(clip)
    clipping: Any = context.get_clip_path()
    if clipping[0] is not None:
        context.set_clip_path(TransformedPath(clipping[0], clipping[1] + scale))
