# SPDX-License-Identifier: GPL-3.0-or-later
"""Figure of one observable: overlay, ratio and pulls."""

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import mplhep
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.markers import TICKDOWN, TICKLEFT, TICKRIGHT, TICKUP
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, NullFormatter, NullLocator
from numpy.typing import NDArray

from mcsurrogate.validation.histograms import EventSums
from mcsurrogate.validation.observables.registry import Observable
from mcsurrogate.validation.report.theme import (
    CANDIDATE,
    FAINT,
    INK,
    REFERENCE,
    STYLE,
    WARN,
    name_powers,
)
from mcsurrogate.validation.weight_bands import Band

__all__ = ["observable_figure"]

FloatArray = NDArray[np.float64]

_LABEL_X, _LABEL_Y = -0.125, -0.42
"""Places of the axis labels in units of the panels."""
_LONGEST_SYMBOL = 28
_MOST_NAMES = 30


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


def _uncertainty(
    main: Axes,
    ratio_axes: Axes,
    observable: Observable,
    bands: Sequence[Band],
    reference: FloatArray,
    color: str,
) -> None:
    """Draw the uncertainty of a sample's weights in both panels."""
    edges = np.asarray(observable.edges)
    density = observable.density and not observable.categories
    width = np.diff(edges) if density else np.ones(len(edges) - 1)
    for low, high, _ in bands:
        _band(main, edges, low[1:-1] / width, high[1:-1] / width, color)
        with np.errstate(divide="ignore", invalid="ignore"):
            down, up = low[1:-1] / reference, high[1:-1] / reference
        finite = np.isfinite(down) & np.isfinite(up)
        _band(ratio_axes, edges, np.where(finite, down, 1.0), np.where(finite, up, 1.0), color)


def _name_bands(main: Axes, drawn: Sequence[tuple[Sequence[Band], str]]) -> None:
    """Say in the legend what uncertainties the bands show."""
    handles, names = main.get_legend_handles_labels()
    for bands, color in drawn:
        if bands:
            handles.append(Patch(facecolor=color, alpha=0.25, linewidth=0))
            kinds = ", ".join(dict.fromkeys(band.name for band in bands))
            names.append(f"{kinds} uncertainty")
    main.legend(handles, names, loc="best")


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
    density = observable.density and not observable.categories
    width = np.diff(edges) if density else np.ones(len(edges) - 1)
    for sums, label, color in (
        (reference, labels[1], REFERENCE),
        (candidate, labels[0], CANDIDATE),
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
    positive = [s.mean[1:-1] / width for s in (reference, candidate)]
    filled = np.concatenate([p[p > 0.0] for p in positive])
    if observable.log_y and len(filled):
        # first the limits: of a single filled bin the logarithmic axis would find none
        axes.set_ylim(filled.min() / 3.0, filled.max() * 6.0)
        axes.set_yscale("log")
        name_powers(axes.yaxis)
        axes.yaxis.set_minor_formatter(NullFormatter())
    else:
        axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
        axes.margins(y=0.25)
        axes.autoscale_view(scalex=False)
        axes.set_ylim(0.0 if axes.get_ylim()[0] >= 0.0 else None, axes.get_ylim()[1])
    axes.set_ylabel(_density_label(observable) if density else "per event", loc="top")


def _density_label(observable: Observable) -> str:
    """Axis title in the field's way, as (1/N) dN/dpT [1/GeV]."""
    unit = f" [1/{observable.unit}]" if observable.unit else ""
    symbol = observable.label if len(observable.label) <= _LONGEST_SYMBOL else "x"
    if "-" in symbol and symbol.startswith("$"):
        symbol = f"({symbol})"
    elif not symbol.startswith("$"):
        symbol = f" {symbol}" if symbol != "x" else symbol
    return f"(1/N) dN/d{symbol}{unit}"


def observable_figure(
    observable: Observable,
    candidate: EventSums,
    reference: EventSums,
    pulls: FloatArray,
    labels: tuple[str, str],
    bands: Sequence[Band] = (),
    reference_bands: Sequence[Band] = (),
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
    bands
        The candidate's uncertainty, from its event weights.
    reference_bands
        The reference's.
    """
    with mpl.rc_context(STYLE):
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
        drawn = ((reference_bands, REFERENCE), (bands, CANDIDATE))
        for own, color in drawn:
            _uncertainty(main, ratio_axes, observable, own, b[1:-1], color)
        _name_bands(main, drawn)
        _band(ratio_axes, edges, 1.0 - band, 1.0 + band, REFERENCE)
        ratio_axes.axhline(1.0, color=REFERENCE, lw=1.0)
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
            color=CANDIDATE,
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
            color=WARN,
            clip_on=False,
        )

        inner = np.where(np.isfinite(pulls[1:-1]), pulls[1:-1], 0.0)
        reach = max(3.5, float(np.max(np.abs(inner), initial=0.0)) * 1.1)
        for level in (-2.0, 2.0):
            pull_axes.axhline(level, color=FAINT, lw=0.8)
        pull_axes.axhline(0.0, color=REFERENCE, lw=0.8)
        pull_axes.bar(centres, inner, width=np.diff(edges), color=CANDIDATE, alpha=0.55, lw=0)
        pull_axes.set_ylim(-reach, reach)
        pull_axes.set_ylabel("pull")
        _x_axis(observable, main, ratio_axes, pull_axes, (a + b)[1:-1] != 0.0)
        # labels at fixed places: to find places, matplotlib lays all ticks out three times
        for axes, height in ((main, 1.0), (ratio_axes, 0.5), (pull_axes, 0.5)):
            axes.yaxis.set_label_coords(_LABEL_X, height)
        pull_axes.xaxis.set_label_coords(1.0, _LABEL_Y)
        for axes in (ratio_axes, pull_axes):
            axes.yaxis.set_major_locator(MaxNLocator(4, min_n_ticks=3, prune="both"))
            axes.yaxis.set_minor_locator(NullLocator())
        _minor_ticks((main, ratio_axes, pull_axes))
        return figure


def _minor_ticks(panels: Sequence[Axes]) -> None:
    """Draw the minor ticks of each side as one artist, when all limits are final.

    Matplotlib makes five artists for every tick, which took half of the time of a report.
    """
    places = []
    for axes in panels:
        for axis in (axes.xaxis, axes.yaxis):
            shown = axis.get_tick_params(which="minor")
            sides = [side for side in ("bottom", "top", "left", "right") if shown.get(side)]
            # those that have names of their own, on a short logarithmic axis, stay ticks
            if sides and isinstance(axis.get_minor_formatter(), NullFormatter):
                low, high = sorted(axis.get_view_interval())
                at = np.asarray(axis.get_minorticklocs())
                places.append((axes, axis, sides, at[(at >= low) & (at <= high)]))
    style: Any = mpl.rcParams
    for axes, axis, sides, at in places:
        axis.set_minor_locator(NullLocator())  # shared by panels above each other
        name = axis.axis_name
        for side in sides:
            across = np.full(len(at), 0.0 if side in ("bottom", "left") else 1.0)
            if name == "x":
                x, y, transform = at, across, axes.get_xaxis_transform(which="grid")
            else:
                x, y, transform = across, at, axes.get_yaxis_transform(which="grid")
            axes.add_artist(
                Line2D(
                    x,
                    y,
                    transform=transform,
                    linestyle="none",
                    marker=_INWARDS[side],
                    markersize=style[f"{name}tick.minor.size"],
                    markeredgewidth=style[f"{name}tick.minor.width"],
                    color=INK,
                    clip_on=False,
                    zorder=2.01,
                )
            )


_INWARDS: dict[str, Any] = {"bottom": TICKUP, "top": TICKDOWN, "left": TICKRIGHT, "right": TICKLEFT}


def _x_axis(
    observable: Observable,
    main: Axes,
    ratio_axes: Axes,
    pull_axes: Axes,
    filled: NDArray[np.bool_],
) -> None:
    """Scale, limits and labels of the common axis."""
    edges = observable.edges
    low = edges[0]
    if observable.log_x:
        for axes in (main, ratio_axes, pull_axes):
            axes.set_xscale("log")
            name_powers(axes.xaxis)
            if edges[-1] > 8.0 * low:
                axes.xaxis.set_minor_formatter(NullFormatter())
    main.set_xlim(low, edges[-1])
    for axes in (main, ratio_axes):
        axes.tick_params(labelbottom=False)
    unit = f" [{observable.unit}]" if observable.unit else ""
    pull_axes.set_xlabel(f"{observable.label}{unit}", loc="right")
    if observable.categories:
        places = 0.5 * (np.asarray(edges[1:]) + np.asarray(edges[:-1]))
        names = np.array(observable.categories)
        # of many categories only those that something is in have room for their names
        kept = np.flatnonzero(filled) if len(names) > _MOST_NAMES else np.arange(len(names))
        kept = kept[:: -(-len(kept) // _MOST_NAMES) or 1]
        pull_axes.set_xticks(places[kept], list(names[kept]), rotation=60, ha="right")
        pull_axes.set_xlabel("")
        for axes in (main, ratio_axes, pull_axes):
            axes.tick_params(axis="x", which="minor", bottom=False, top=False)
        pull_axes.figure.subplots_adjust(bottom=0.2)
