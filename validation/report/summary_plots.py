# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of all observables together: p-values, classifier weights, deviating regions."""

import matplotlib as mpl
import mplhep
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from mcsurrogate.validation.classifiers.weights import FEATURE_EDGES, ClassifierWeights
from mcsurrogate.validation.report.theme import (
    CANDIDATE,
    FAINT,
    REFERENCE,
    STYLE,
    WARN,
    name_powers,
)

__all__ = ["p_value_figure", "region_figure", "weight_figure"]

FloatArray = NDArray[np.float64]


def p_value_figure(p_values: FloatArray) -> Figure:
    """Cumulative distribution of p-values against the uniform one, with its 95% band."""
    ordered = np.sort(p_values)
    n = len(ordered)
    with mpl.rc_context(STYLE):
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
            color=REFERENCE,
            alpha=0.15,
            lw=0,
        )
        axes.plot(x, x, color=REFERENCE, lw=1.0)
        axes.step(
            np.concatenate(([0.0], ordered, [1.0])),
            np.concatenate(([0.0], np.arange(1, n + 1) / n, [1.0])),
            where="post",
            color=CANDIDATE,
            lw=1.6,
        )
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        axes.set_xlabel("p-value", loc="right")
        axes.set_ylabel("fraction of observables below", loc="top")
        return figure


def weight_figure(found: ClassifierWeights, labels: tuple[str, str]) -> Figure:
    """Distribution of the classifier's weights in both samples."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(5.0, 3.1), facecolor="none")
        axes = figure.add_subplot()
        figure.subplots_adjust(left=0.14, right=0.97, top=0.97, bottom=0.16)
        axes.set_facecolor("none")
        axes.axvline(0.0, color=FAINT, lw=0.8)
        for shares, label, color in (
            (found.reference, labels[1], REFERENCE),
            (found.candidate, labels[0], CANDIDATE),
        ):
            mplhep.histplot(
                shares, found.edges, ax=axes, color=color, label=label, lw=1.4, yerr=False
            )
        filled = np.concatenate((found.reference, found.candidate))
        axes.set_ylim(max(filled[filled > 0.0].min(), 1e-6) / 2.0, filled.max() * 5.0)
        axes.set_yscale("log")
        name_powers(axes.yaxis)
        axes.set_xlim(found.edges[0], found.edges[-1])
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.set_xlabel(r"$\log_{10} w$, weight of the classifier", loc="right")
        axes.set_ylabel("share of events", loc="top")
        axes.legend(loc="best")
        return figure


def region_figure(name: str, shares: FloatArray, region: str, labels: tuple[str, str]) -> Figure:
    """Draw a feature in both samples and in a region of large or small weights.

    Parameters
    ----------
    name
        Of the feature.
    shares
        ``(3, B)``; see `mcsurrogate.validation.classifiers.weights.Region`.
    region, labels
        Names of the region and of candidate and reference.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(5.0, 2.9), facecolor="none")
        axes = figure.add_subplot()
        figure.subplots_adjust(left=0.14, right=0.97, top=0.97, bottom=0.17)
        axes.set_facecolor("none")
        for values, label, color in (
            (shares[1], labels[1], REFERENCE),
            (shares[0], labels[0], CANDIDATE),
            (shares[2], region, WARN),
        ):
            mplhep.histplot(
                values, FEATURE_EDGES, ax=axes, color=color, label=label, lw=1.4, yerr=False
            )
        axes.set_xlim(FEATURE_EDGES[0], FEATURE_EDGES[-1])
        axes.set_ylim(0.0, float(shares.max()) * 1.35)
        axes.set_xlabel(f"{name}, scaled", loc="right", parse_math=False)
        axes.set_ylabel("share of events", loc="top")
        axes.legend(loc="best")
        return figure
