"""Figures of a report: overlay, ratio and pulls of one observable; the p-values of all.

Figures are drawn once, in marker colours; as SVG inside the page the markers become CSS
variables, so that the page's light and dark themes colour them.
"""

import io
import re
from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import mplhep
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mcsurrogate.validation.histograms import EventSums
from mcsurrogate.validation.observables.registry import Observable

__all__ = ["LIGHT", "as_svg", "observable_figure", "p_value_figure"]

FloatArray = NDArray[np.float64]

_INK, _FAINT, _REFERENCE, _CANDIDATE, _WARN = (
    "#010101",
    "#020202",
    "#030303",
    "#040404",
    "#050505",
)
_VARIABLES = {
    _INK: "var(--ink)",
    _FAINT: "var(--faint)",
    _REFERENCE: "var(--reference)",
    _CANDIDATE: "var(--candidate)",
    _WARN: "var(--warn)",
}
LIGHT: Mapping[str, str] = {
    _INK: "#1b2430",
    _FAINT: "#c9d1da",
    _REFERENCE: "#3d4a59",
    _CANDIDATE: "#d1495b",
    _WARN: "#d98e04",
}
"""Colours of stand-alone figures."""

_STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10,
    "mathtext.fontset": "dejavusans",
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _INK,
    "axes.linewidth": 0.8,
    "axes.formatter.useoffset": False,
    "axes.formatter.limits": (-3, 4),
    "axes.formatter.use_mathtext": True,
    "xtick.color": _INK,
    "ytick.color": _INK,
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


def _band(axes: Axes, edges: FloatArray, low: FloatArray, high: FloatArray, color: str) -> None:
    """Fill between two step functions."""
    axes.fill_between(
        np.repeat(edges, 2)[1:-1],
        np.repeat(low, 2),
        np.repeat(high, 2),
        color=color,
        alpha=0.25,
        linewidth=0,
    )


def _ratio_limits(ratio: FloatArray, error: FloatArray) -> tuple[float, float]:
    """Symmetric limits that show the well measured bins whole."""
    good = np.isfinite(ratio) & np.isfinite(error) & (error < 0.5)
    if not good.any():
        return 0.0, 2.0
    reach = float(np.max(np.abs(ratio[good] - 1.0) + error[good])) * 1.15
    reach = min(max(reach, 0.02), 1.0)
    return 1.0 - reach, 1.0 + reach


def _main_panel(
    axes: Axes,
    observable: Observable,
    candidate: EventSums,
    reference: EventSums,
    labels: tuple[str, str],
) -> None:
    edges = np.asarray(observable.edges)
    width = np.ones(len(edges) - 1) if observable.categories else np.diff(edges)
    for sums, label, color in (
        (reference, labels[1], _REFERENCE),
        (candidate, labels[0], _CANDIDATE),
    ):
        mean = sums.mean
        value = mean[1:-1] / width
        error = np.sqrt(np.maximum(np.diag(sums.covariance(mean)), 0.0))[1:-1] / width
        if sums is reference:
            _band(axes, edges, value - error, value + error, color)
            mplhep.histplot(value, edges, ax=axes, color=color, label=label, lw=1.3, yerr=False)
        else:
            mplhep.histplot(
                value,
                edges,
                ax=axes,
                color=color,
                label=label,
                histtype="errorbar",
                yerr=error,
                markersize=3.5,
                elinewidth=1.0,
            )
    if observable.log_y:
        axes.set_yscale("log")
        positive = [s.mean[1:-1] / width for s in (reference, candidate)]
        filled = np.concatenate([p[p > 0.0] for p in positive])
        if len(filled):
            axes.set_ylim(filled.min() / 3.0, filled.max() * 6.0)
    else:
        axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
        axes.margins(y=0.25)
        axes.autoscale_view(scalex=False)
        axes.set_ylim(0.0 if axes.get_ylim()[0] >= 0.0 else None, axes.get_ylim()[1])
    unit = f" [1/{observable.unit}]" if observable.unit and not observable.categories else ""
    axes.set_ylabel("per event" if observable.categories else f"(1/N) dn/dx{unit}", loc="top")
    axes.legend(loc="best")


def observable_figure(
    observable: Observable,
    candidate: EventSums,
    reference: EventSums,
    pulls: FloatArray,
    labels: tuple[str, str],
) -> Figure:
    """Overlay with statistical errors, ratio to the reference, and pulls.

    Parameters
    ----------
    observable
        What is shown.
    candidate, reference
        Its sums in the two samples.
    pulls
        ``(B + 2,)`` deviations in standard deviations.
    labels
        Names of candidate and reference.
    """
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(5.0, 4.8), facecolor="none")
        grid = figure.add_gridspec(
            3,
            1,
            height_ratios=(3.2, 1.2, 0.9),
            hspace=0.06,
            left=0.15,
            right=0.97,
            top=0.97,
            bottom=0.11,
        )
        main = figure.add_subplot(grid[0])
        ratio_axes = figure.add_subplot(grid[1], sharex=main)
        pull_axes = figure.add_subplot(grid[2], sharex=main)
        for axes in (main, ratio_axes, pull_axes):
            axes.set_facecolor("none")

        edges = np.asarray(observable.edges)
        _main_panel(main, observable, candidate, reference, labels)

        a, b = candidate.mean, reference.mean
        error_a = np.sqrt(np.maximum(np.diag(candidate.covariance(a)), 0.0))
        error_b = np.sqrt(np.maximum(np.diag(reference.covariance(b)), 0.0))
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio, error, band = (
                x[1:-1] for x in (a / b, error_a / np.abs(b), error_b / np.abs(b))
            )
        band = np.where(np.isfinite(band), band, 0.0)
        shown = np.isfinite(ratio) & np.isfinite(error)
        _band(ratio_axes, edges, 1.0 - band, 1.0 + band, _REFERENCE)
        ratio_axes.axhline(1.0, color=_REFERENCE, lw=1.0)
        centres = 0.5 * (edges[1:] + edges[:-1])
        if observable.log_x:
            centres = np.sqrt(edges[1:] * np.maximum(edges[:-1], 1e-300))
        half = np.stack((centres - edges[:-1], edges[1:] - centres))
        ratio_axes.errorbar(
            centres[shown],
            ratio[shown],
            yerr=error[shown],
            xerr=half[:, shown],
            fmt="o",
            markersize=2.8,
            elinewidth=1.0,
            color=_CANDIDATE,
        )
        low, high = _ratio_limits(ratio, np.hypot(error, band))
        ratio_axes.set_ylim(low, high)
        ratio_axes.set_ylabel("ratio")
        outside = shown & ((ratio < low) | (ratio > high))
        ratio_axes.plot(
            centres[outside],
            np.where(ratio[outside] > high, high, low),
            linestyle="none",
            marker="d",
            markersize=5,
            color=_WARN,
            clip_on=False,
        )

        inner = np.where(np.isfinite(pulls[1:-1]), pulls[1:-1], 0.0)
        reach = max(3.5, float(np.max(np.abs(inner), initial=0.0)) * 1.1)
        for level in (-2.0, 2.0):
            pull_axes.axhline(level, color=_FAINT, lw=0.8)
        pull_axes.axhline(0.0, color=_REFERENCE, lw=0.8)
        pull_axes.bar(centres, inner, width=np.diff(edges), color=_CANDIDATE, alpha=0.55, lw=0)
        pull_axes.set_ylim(-reach, reach)
        pull_axes.set_ylabel("pull")
        _x_axis(observable, main, ratio_axes, pull_axes)
        figure.align_ylabels([main, ratio_axes, pull_axes])
        return figure


def _x_axis(observable: Observable, main: Axes, ratio_axes: Axes, pull_axes: Axes) -> None:
    """Scale, limits and labels of the common axis."""
    edges = observable.edges
    low = edges[0]
    if observable.log_x:
        for axes in (main, ratio_axes, pull_axes):
            axes.set_xscale("log")
    main.set_xlim(low, edges[-1])
    for axes in (main, ratio_axes):
        axes.tick_params(labelbottom=False)
    unit = f" [{observable.unit}]" if observable.unit else ""
    pull_axes.set_xlabel(f"{observable.label}{unit}", loc="right")
    if observable.categories:
        places = 0.5 * (np.asarray(edges[1:]) + np.asarray(edges[:-1]))
        pull_axes.set_xticks(places, list(observable.categories), rotation=60, ha="right")
        pull_axes.set_xlabel("")
        for axes in (main, ratio_axes, pull_axes):
            axes.tick_params(axis="x", which="minor", bottom=False, top=False)
        pull_axes.figure.subplots_adjust(bottom=0.2)


def p_value_figure(p_values: FloatArray) -> Figure:
    """Cumulative distribution of p-values against the uniform one, with its 95% band."""
    ordered = np.sort(p_values)
    n = len(ordered)
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(5.0, 3.1), facecolor="none")
        axes = figure.add_subplot()
        figure.subplots_adjust(left=0.12, right=0.97, top=0.97, bottom=0.16)
        axes.set_facecolor("none")
        x = np.linspace(0.0, 1.0, 101)
        reach = 1.358 / np.sqrt(n)
        axes.fill_between(
            x,
            np.clip(x - reach, 0, 1),
            np.clip(x + reach, 0, 1),
            color=_REFERENCE,
            alpha=0.15,
            lw=0,
        )
        axes.plot(x, x, color=_REFERENCE, lw=1.0)
        axes.step(
            np.concatenate(([0.0], ordered, [1.0])),
            np.concatenate(([0.0], np.arange(1, n + 1) / n, [1.0])),
            where="post",
            color=_CANDIDATE,
            lw=1.6,
        )
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        axes.set_xlabel("p-value", loc="right")
        axes.set_ylabel("fraction of observables below", loc="top")
        return figure


def as_svg(figure: Figure, name: str, title: str) -> str:
    """Figure as an SVG element for the inside of a page.

    Parameters
    ----------
    figure
        A figure of this module.
    name
        Unique on the page; becomes part of all ids of the element.
    title
        Text for screen readers.
    """
    buffer = io.StringIO()
    with mpl.rc_context({**_STYLE, "svg.hashsalt": name}):
        canvas: Any = FigureCanvasSVG(figure)
        canvas.print_svg(buffer, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', text)
    text = re.sub(r'href="#([^"]+)"', rf'href="#{name}-\1"', text)
    text = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", text)
    for marker, variable in _VARIABLES.items():
        text = text.replace(marker, variable)
    # the picture scales with the page: its size is a matter of the style sheet
    text = re.sub(r'<svg ([^>]*?)width="[^"]*" ?', r"<svg \1", text, count=1)
    text = re.sub(r'<svg ([^>]*?)height="[^"]*" ?', r"<svg \1", text, count=1)
    return text.replace("<svg ", f'<svg role="img" aria-label="{title}" ', 1)
