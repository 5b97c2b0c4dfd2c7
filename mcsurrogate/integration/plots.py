# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of an integration: training, weights, channel weights, sampler against integrand."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from mcsurrogate.errors import IntegrationError
from mcsurrogate.integration.evaluation import Evaluator
from mcsurrogate.integration.result import IntegrationResult
from mcsurrogate.integration.sampler import Sampler

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "plot_channel_weights",
    "plot_corner",
    "plot_training",
    "plot_weights",
    "save_plots",
]

_CORNER_DIMENSIONS = 6


def _figure(width: float, height: float) -> "Figure":
    from matplotlib.figure import Figure  # most who sample draw nothing

    return Figure(figsize=(width, height), layout="constrained")


def plot_training(result: IntegrationResult) -> "Figure":
    """Draw the loss of every step, and the relative standard deviation of every iteration."""
    figure = _figure(9, 3.5)
    left, right = figure.subplots(1, 2)
    left.plot(result.losses, lw=0.5)
    left.set(xlabel="training step", ylabel="loss")
    if not result.losses:
        left.text(0.5, 0.5, "no training", ha="center", transform=left.transAxes)
    evaluations = 0
    for phase in dict.fromkeys(e.phase for e in result.history):
        x, y = [], []
        evaluations = 0
        for estimate in result.history:
            evaluations += estimate.points
            if estimate.phase == phase and estimate.value != 0.0:
                x.append(evaluations)
                y.append(estimate.relative_std_dev)
        right.plot(x, y, "o-", ms=4, label=phase)
    right.set(xlabel="integrand evaluations", ylabel="relative standard deviation", yscale="log")
    right.legend()
    return figure


def plot_weights(result: IntegrationResult, points: int = 20_000, seed: int = 1) -> "Figure":
    """Draw the distribution of the weights of each channel over their mean.

    Parameters
    ----------
    result
        An integration.
    points
        Points to draw; the integrand is evaluated at each.
    seed
        Decides on the points.
    """
    sample = result.sampler.sample(points, torch.Generator().manual_seed(seed))
    figure = _figure(6, 4)
    axes = figure.subplots()
    for k, channel in enumerate(result.channels):
        weight = sample.weight[sample.channel == k].abs()
        weight = weight[weight > 0.0]
        if len(weight) < 2:
            continue
        label = channel.name if len(result.channels) <= 10 else None
        edges = [10 ** (-4 + 0.1 * i) for i in range(61)]
        axes.hist(
            (weight / weight.mean()).numpy(), bins=edges, histtype="step", density=True, label=label
        )
    axes.set(xscale="log", yscale="log", xlabel="weight / mean of its channel", ylabel="density")
    if axes.get_legend_handles_labels()[0]:
        axes.legend()
    return figure


def plot_channel_weights(
    result: IntegrationResult, points: int = 20_000, seed: int = 1
) -> "Figure":
    """Draw the mean learned and prior weight of each channel over the integrand.

    The arguments are those of :func:`plot_weights`.
    """
    sampler = result.sampler
    if sampler.channels == 1:
        raise IntegrationError("an integrand of one channel has no channel weights")
    generator = torch.Generator().manual_seed(seed)
    sample = sampler.sample(points, generator)
    value = Evaluator(sampler.integrand)(sample.u, sample.channel)
    assert value.prior is not None
    share = sample.weight.abs() / sample.weight.abs().sum()
    prior = (share[:, None] * value.prior).sum(0)
    learned = prior
    if sampler.channel_weights is not None:
        with torch.no_grad():
            alpha = sampler.channel_weights.all(value.prior, value.features)
        learned = (share[:, None] * alpha).sum(0)
    figure = _figure(max(5.0, 0.35 * sampler.channels), 4)
    axes = figure.subplots()
    position = torch.arange(sampler.channels).double()
    axes.bar((position - 0.2).tolist(), prior.tolist(), 0.4, label="prior")
    axes.bar((position + 0.2).tolist(), learned.tolist(), 0.4, label="learned")
    axes.set_xticks(position.tolist(), [c.name for c in result.channels], rotation=90)
    axes.set(ylabel="part of the integral")
    axes.legend()
    return figure


def plot_corner(
    sampler: Sampler, channel: int = 0, points: int = 20_000, seed: int = 1
) -> "Figure":
    """Compare the density of a sampler with the integrand, in all pairs of dimensions.

    The lower triangle shows points as the sampler draws them, the upper one the same points
    weighted to the integrand, and the diagonal both.

    Parameters
    ----------
    sampler
        A sampler.
    channel
        Which channel.
    points
        Points to draw; the integrand is evaluated at each.
    seed
        Decides on the points.
    """
    if not 0 <= channel < sampler.channels:
        raise IntegrationError(f"channel {channel} does not exist: there are {sampler.channels}")
    index = torch.full((points,), channel)
    sample = sampler.draw(index, torch.Generator().manual_seed(seed))
    u, weight = sample.u.numpy(), sample.weight.abs().numpy()
    dim = min(sampler.mixture.dim, _CORNER_DIMENSIONS)
    figure = _figure(1.8 * dim + 1, 1.8 * dim + 1)
    grid = figure.subplots(dim, dim, squeeze=False)
    bins = max(10, min(40, math.isqrt(points) // 4))
    for i in range(dim):
        for j in range(dim):
            axes = grid[i, j]
            if i == j:
                options = {"bins": bins, "range": (0, 1), "histtype": "step", "density": True}
                axes.hist(u[:, i], label="sampler", **options)
                axes.hist(u[:, i], weights=weight, label="integrand", **options)
                axes.set_yticks([])
                if i == 0:
                    axes.legend(fontsize="x-small")
            else:
                chosen = None if i > j else weight
                axes.hist2d(u[:, j], u[:, i], bins=bins, range=[(0, 1), (0, 1)], weights=chosen)
                axes.set_yticks([] if j else [0, 1])
            axes.set_xticks([] if i < dim - 1 else [0, 1])
            if i == dim - 1:
                axes.set_xlabel(f"u{j}")
            if j == 0:
                axes.set_ylabel(f"u{i}")
    figure.suptitle("below: as sampled; above: weighted to the integrand")
    return figure


def save_plots(result: IntegrationResult, folder: Path, points: int = 20_000) -> list[Path]:
    """Write all figures of an integration as PNG files into a folder.

    Parameters
    ----------
    result
        An integration.
    folder
        Where to; made if it is missing.
    points
        Points to draw for each figure of the sampler.

    Returns
    -------
    list
        The files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    figures = {
        "training": plot_training(result),
        "weights": plot_weights(result, points),
        "corner": plot_corner(result.sampler, points=points),
    }
    if result.sampler.channels > 1:
        figures["channel_weights"] = plot_channel_weights(result, points)
    paths = []
    for name, figure in figures.items():
        path = folder / f"{name}.png"
        figure.savefig(path, dpi=120)
        paths.append(path)
    return paths
