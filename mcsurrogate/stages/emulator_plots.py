# SPDX-License-Identifier: GPL-3.0-or-later
"""Plots of an emulator's quality: learning curve, pulls, coverage, errors in corners."""

from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, StrMethodFormatter
from numpy.typing import NDArray
from scipy import stats
from torch import Tensor

from mcsurrogate.emulation import AccuracyScaling, Emulator
from mcsurrogate.kinematics import dot

__all__ = ["draw_quality_plots", "draw_scaling_plot", "singular_distances"]

_CLASSES = 12
_DPI = 130

Array = NDArray[np.float64]


def singular_distances(emulator: Emulator, momenta: Tensor) -> dict[str, Tensor]:
    """Return how far points are from soft and from collinear limits.

    Returns
    -------
    dict
        ``soft``: smallest energy of a massless outgoing leg in the partonic rest frame over
        half the energy; ``collinear``: smallest 2 p_i.p_j / s_hat of pairs with a massless leg.
        Each ``(N,)``; missing where there is no massless leg.
    """
    layout = emulator.features.layout
    points = momenta.double()
    total = points[:, 0] + points[:, 1]
    shat = dot(total, total)
    light = [leg for leg in range(2, layout.legs) if layout.masses[leg] == 0.0]
    if not light:
        return {}
    energies = torch.stack([2.0 * dot(points[:, leg], total) / shat for leg in light])
    pairs = torch.stack(
        [
            2.0 * dot(points[:, i], points[:, j]) / shat
            for i, j in layout.pairs[1:]
            if layout.masses[i] == 0.0 or layout.masses[j] == 0.0
        ]
    )
    return {"soft": energies.amin(dim=0), "collinear": pairs.amin(dim=0)}


def draw_quality_plots(
    emulator: Emulator, momenta: Tensor, me2: Tensor, folder: Path
) -> list[Path]:
    """Draw all plots from points that the emulator has not seen.

    Parameters
    ----------
    emulator
        A trained emulator.
    momenta, me2
        ``(N, n, 4)`` and ``(N,)``: test points inside the domain.
    folder
        Gets the files learning_curve.png, pulls.png, coverage.png, and limits.png where the
        process has soft or collinear limits.
    """
    folder.mkdir(parents=True, exist_ok=True)
    inside = ~emulator.outside_domain(momenta)
    value, sigma = emulator.predict(momenta[inside])
    truth = me2[inside].double()
    error = (value / truth - 1.0).abs().numpy()
    pull = ((value - truth) / sigma).numpy()
    relative = (sigma / value).numpy()
    made = [
        _draw(folder / "learning_curve.png", lambda f: _learning_curve(f, emulator)),
        _draw(folder / "pulls.png", lambda f: _pulls(f, pull)),
        _draw(folder / "coverage.png", lambda f: _coverage(f, pull, relative)),
    ]
    distances = singular_distances(emulator, momenta[inside])
    if distances:
        made.append(_draw(folder / "limits.png", lambda f: _limits(f, distances, error, relative)))
    return made


def draw_scaling_plot(scaling: AccuracyScaling, path: Path) -> Path:
    """Draw errors against the number of training points, with the power law ten times beyond."""

    def content(figure: Figure) -> None:
        axes = figure.subplots()
        points = np.array([entry.points for entry in scaling.series])
        for label, values in (
            ("median", [entry.median for entry in scaling.series]),
            ("99%", [entry.quantile99 for entry in scaling.series]),
        ):
            axes.loglog(points, values, "o-", ms=3, label=label)
        grid = np.geomspace(points[0], 10 * points[-1], 50)
        law = [scaling.extrapolate(float(count)) for count in grid]
        axes.loglog(grid, law, "k--", lw=1, label=f"points^{scaling.exponent:.2f}")
        axes.set_xlabel("training points")
        axes.set_ylabel("relative error on points that no training saw")
        axes.legend()

    return _draw(path, content)


def _draw(path: Path, content: Callable[[Figure], None]) -> Path:
    with mpl.rc_context({"font.size": 9, "axes.grid": True, "grid.alpha": 0.3}):
        figure = Figure(figsize=(7.2, 3.6), layout="constrained")
        content(figure)
        figure.savefig(path, dpi=_DPI)
    return path


def _learning_curve(figure: Figure, emulator: Emulator) -> None:
    axes = figure.subplots()
    curve = emulator.card.learning_curve
    epochs = [point.epoch for point in curve]
    for label, values in (
        ("median", [point.median for point in curve]),
        ("99%", [point.quantile99 for point in curve]),
        ("largest", [point.largest for point in curve]),
    ):
        axes.semilogy(epochs, values, label=label)
    axes.set_xlabel("epoch")
    axes.set_ylabel("relative error on held-out points")
    axes.set_title(emulator.card.process)
    axes.legend()


def _pulls(figure: Figure, pull: Array) -> None:
    linear, logarithmic = figure.subplots(1, 2)
    edges = np.linspace(-5, 5, 61)
    grid = np.linspace(-5, 5, 301)
    for axes in (linear, logarithmic):
        axes.hist(np.clip(pull, -5, 5), bins=edges, density=True, histtype="step", label="points")
        axes.plot(grid, stats.norm.pdf(grid), label="normal")
        axes.set_xlabel("(predicted - exact) / sigma")
    logarithmic.set_yscale("log")
    logarithmic.set_ylim(1e-5, 1)
    linear.set_title(f"width {pull.std():.3f}, mean {pull.mean():+.3f}")
    linear.legend()


def _coverage(figure: Figure, pull: Array, relative: Array) -> None:
    overall, by_sigma = figure.subplots(1, 2)
    expected = np.linspace(0.02, 0.998, 60)
    size = np.abs(pull)
    found = np.searchsorted(np.sort(size), stats.norm.ppf(0.5 + expected / 2)) / len(size)
    overall.plot(expected, found - expected)
    overall.axhline(0, color="k", lw=0.8)
    overall.set_xlabel("expected coverage")
    overall.set_ylabel("observed - expected")
    classes = np.array_split(np.argsort(relative), _CLASSES)
    centre = [np.median(relative[chosen]) for chosen in classes]
    for limit, label, level in ((1.0, "68.3%", 0.6827), (1.96, "95%", 0.95)):
        inside = [np.mean(size[chosen] <= limit) for chosen in classes]
        by_sigma.semilogx(centre, inside, "o-", ms=3, label=label)
        by_sigma.axhline(level, color="k", lw=0.8)
    by_sigma.set_xlabel("predicted relative uncertainty")
    by_sigma.set_ylabel("coverage")
    by_sigma.legend()


def _limits(figure: Figure, distances: dict[str, Tensor], error: Array, relative: Array) -> None:
    titles = {
        "soft": "smallest 2E / sqrt(s_hat) of a massless leg",
        "collinear": "smallest 2 p.p' / s_hat of a pair",
    }
    panels = figure.subplots(1, len(distances), sharey=True, squeeze=False)[0]
    for axes, (name, distance) in zip(panels, distances.items(), strict=True):
        values = distance.numpy()
        classes = np.array_split(np.argsort(values), _CLASSES)
        centre = [np.median(values[chosen]) for chosen in classes]
        for quantile in (0.5, 0.9, 0.99):
            height = [np.quantile(error[chosen], quantile) for chosen in classes]
            axes.loglog(centre, height, "o-", ms=3, label=f"{quantile:.0%} quantile")
        spread = [np.median(relative[chosen]) for chosen in classes]
        axes.loglog(centre, spread, "k--", lw=1, label="median sigma")
        axes.set_xlabel(titles[name])
        # Less than a decade wide, an axis needs more than powers of ten, and not all nine digits.
        axes.xaxis.set_minor_locator(LogLocator(subs=(2.0, 5.0)))
        for set_formatter in (axes.xaxis.set_major_formatter, axes.xaxis.set_minor_formatter):
            set_formatter(StrMethodFormatter("{x:g}"))
        axes.tick_params(axis="x", which="both", labelsize=7)
    panels[0].set_ylabel("relative error")
    panels[0].legend()
