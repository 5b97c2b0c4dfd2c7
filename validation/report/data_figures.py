# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of samples against measured values."""

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mcsurrogate.validation.data_comparison import MeasuredResult, SampleAgainstData
from mcsurrogate.validation.report.theme import CANDIDATE, FAINT, INK, REFERENCE, STYLE, name_powers

__all__ = ["distribution_figure", "pulls_figure"]

FloatArray = NDArray[np.float64]

_CHARACTER = 0.0135
"""Width of a character of a label in units of the figure."""
_REACH = 8.0


def _steps(edges: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Corners of a histogram's line; bins may leave gaps."""
    return edges.ravel(), np.repeat(values, 2)


def distribution_figure(found: MeasuredResult, labels: tuple[str, str]) -> Figure:
    """Draw a measured distribution with both samples, and the samples over the data."""
    measurement = found.measurement
    edges = measurement.edges
    if edges is None:
        raise ValueError("the measurement is no distribution")
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(5.0, 4.2), facecolor="none")
        grid = figure.add_gridspec(
            2,
            1,
            height_ratios=(2.4, 1.2),
            hspace=0.06,
            left=0.15,
            right=0.97,
            top=0.97,
            bottom=0.12,
        )
        main = figure.add_subplot(grid[0])
        ratio = figure.add_subplot(grid[1], sharex=main)
        centre, half = edges.mean(axis=1), 0.5 * np.diff(edges, axis=1)[:, 0]
        for axes in (main, ratio):
            axes.set_facecolor("none")
        main.errorbar(
            centre,
            measurement.values,
            yerr=measurement.errors,
            xerr=half,
            fmt="o",
            markersize=3.2,
            elinewidth=1.0,
            color=INK,
            label="data",
        )
        relative = measurement.errors / measurement.values
        ratio.fill_between(
            *_steps(edges, 1.0 - relative)[:1],
            np.repeat(1.0 - relative, 2),
            np.repeat(1.0 + relative, 2),
            color=INK,
            alpha=0.15,
            lw=0,
        )
        ratio.axhline(1.0, color=INK, lw=0.8)
        for side, label, color in (
            (found.reference, labels[1], REFERENCE),
            (found.candidate, labels[0], CANDIDATE),
        ):
            _draw_sample(main, ratio, found, side, label, color)
        filled = measurement.values[measurement.values > 0.0]
        main.set_ylim(filled.min() / 4.0, filled.max() * 4.0)
        main.set_yscale("log")
        name_powers(main.yaxis)
        span = edges[:, 1] - edges[:, 0]
        if span.max() > 20.0 * span.min():
            main.set_xscale("log")
            name_powers(main.xaxis)
            main.set_xlim(max(edges[0, 0], 0.5 * edges[0, 1]), edges[-1, 1])
        else:
            main.set_xlim(edges[0, 0], edges[-1, 1])
        ratio.set_ylim(0.65, 1.35)
        ratio.set_ylabel("MC / data")
        ratio.set_xlabel(measurement.title.removeprefix("Distribution of "), loc="right")
        main.set_ylabel("1/N dN/dx", loc="top")
        main.tick_params(labelbottom=False)
        main.legend(loc="best")
        figure.align_ylabels([main, ratio])
        return figure


def _draw_sample(
    main: mpl.axes.Axes,
    ratio: mpl.axes.Axes,
    found: MeasuredResult,
    side: SampleAgainstData,
    label: str,
    color: str,
) -> None:
    measurement = found.measurement
    edges = np.asarray(measurement.edges)
    main.plot(*_steps(edges, side.mean), color=color, lw=1.3, label=label)
    with np.errstate(divide="ignore", invalid="ignore"):
        quotient, error = side.mean / measurement.values, side.error / measurement.values
    ratio.plot(*_steps(edges, quotient), color=color, lw=1.3)
    ratio.fill_between(
        edges.ravel(),
        np.repeat(quotient - error, 2),
        np.repeat(quotient + error, 2),
        color=color,
        alpha=0.2,
        lw=0,
    )


def pulls_figure(found: MeasuredResult, labels: tuple[str, str]) -> Figure:
    """Draw the pulls of both samples, one line for each value, names at the left."""
    measurement = found.measurement
    shown = np.flatnonzero(found.candidate.compared | found.reference.compared)
    with mpl.rc_context(STYLE):
        height = 0.9 + 0.21 * len(shown)
        figure = Figure(figsize=(5.0, height), facecolor="none")
        axes = figure.add_subplot()
        longest = max(len(measurement.labels[i]) for i in shown)
        left = min(max(0.2, 0.03 + _CHARACTER * longest), 0.55)
        figure.subplots_adjust(left=left, right=0.97, top=1.0 - 0.35 / height, bottom=0.5 / height)
        axes.set_facecolor("none")
        place = np.arange(len(shown))[::-1].astype(np.float64)
        for level in (-2.0, 2.0):
            axes.axvline(level, color=FAINT, lw=0.8)
        axes.axvline(0.0, color=INK, lw=0.8)
        for side, label, color, marker, shift in (
            (found.reference, labels[1], REFERENCE, "s", -0.16),
            (found.candidate, labels[0], CANDIDATE, "o", 0.16),
        ):
            pull = side.pulls[shown]
            inside = np.clip(pull, -_REACH, _REACH)
            axes.plot(
                inside,
                place + shift,
                linestyle="none",
                marker=marker,
                markersize=4.2,
                color=color,
                label=label,
            )
            beyond = np.abs(pull) > _REACH
            axes.plot(
                np.sign(pull[beyond]) * _REACH,
                place[beyond] + shift,
                linestyle="none",
                marker="d",
                markersize=7,
                fillstyle="none",
                color=color,
                clip_on=False,
            )
        axes.set_yticks(place, [measurement.labels[i] for i in shown], fontsize=8.5)
        for text in axes.get_yticklabels():
            text.set_parse_math(False)
        axes.tick_params(axis="y", which="both", left=False, right=False)
        axes.set_ylim(-0.7, len(shown) - 0.3)
        axes.set_xlim(-_REACH - 0.3, _REACH + 0.3)
        axes.set_xlabel("(sample - data) / error", loc="right")
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncol=2, borderaxespad=0.1)
        return figure
