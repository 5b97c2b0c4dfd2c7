# SPDX-License-Identifier: GPL-3.0-or-later
"""Cells around events with negative weights, whose weights are shared out anew.

Andersen and Maier, arXiv:2109.07851, and with Maitre, arXiv:2303.15246: the event with the most
negative weight is the seed of a cell, which takes in the nearest events until its weights sum to
more than zero (at zero, as published, events of weights 1 and -1 would lose theirs).  Then each
weight becomes its magnitude times the sum of weights over the sum of magnitudes, so that the sum of
the cell, any observable that does not resolve it, and the cross section stay.  The more events, the
smaller the cells.

Sums over many cells scatter as they did before: the weights of a cell depend on each other, and the
square root of the sum of their squares is too small an error.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from mcsurrogate.errors import EventFileError
from mcsurrogate.progress import Progress, silent

__all__ = ["Resampling", "resample_weights"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_NEIGHBOURS = (8, 64, 512)
"""Nearest events that are looked for at once, and more where a cell needs them."""
_SEEDS = 20_000
_ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True)
class Resampling:
    """Weights with fewer negative ones, and what it took.

    Attributes
    ----------
    weights
        ``(N, W)``; column 0 is the nominal weight.
    events
        Number of events, N.
    cells
        Number of cells.
    negative_before, negative_after
        Share of the events with a negative nominal weight.
    effective_before, effective_after
        Effective events (sum w)^2 / sum w^2.
    median_radius, largest_radius
        Distances in GeV of the outermost event of a cell from its seed; 0 without cells.
    mean_size
        Events of a cell.
    """

    weights: FloatArray
    events: int
    cells: int
    negative_before: float
    negative_after: float
    effective_before: float
    effective_after: float
    median_radius: float
    largest_radius: float
    mean_size: float

    def __str__(self) -> str:
        """Return one sentence."""
        return (
            f"negative weights: {100 * self.negative_before:.3g}% -> "
            f"{100 * self.negative_after:.3g}% of {self.events:,} events, effective events "
            f"{self.effective_before:,.0f} -> {self.effective_after:,.0f}; {self.cells:,} cells of "
            f"{self.mean_size:.3g} events and {self.median_radius:.3g} GeV (largest "
            f"{self.largest_radius:.3g} GeV)"
        )


def _effective(weights: FloatArray) -> float:
    squares = float((weights**2).sum())
    return float(weights.sum()) ** 2 / squares if squares > 0.0 else 0.0


def resample_weights(
    points: FloatArray,
    weights: FloatArray,
    *,
    largest_cell: float = np.inf,
    progress: Progress = silent,
) -> Resampling:
    """Share out weights in cells around events with negative ones.

    Parameters
    ----------
    points
        ``(N, D)`` places of the events, whose Euclidean distance in GeV is that of the cells.
    weights
        ``(N, W)``; column 0 decides the cells, the sums of all columns are kept in each cell, and
        all are shared out as the magnitudes of column 0 are.
    largest_cell
        Radius in GeV that no cell exceeds; what is negative then stays so, but smaller.
    progress
        Told the number of cells.

    Raises
    ------
    EventFileError
        If the nominal weights sum to zero or less, or places or weights are not finite.
    """
    if len(points) != len(weights) or not (
        np.isfinite(points).all() and np.isfinite(weights).all()
    ):
        raise EventFileError(
            f"cell resampling: {len(points)} places and {len(weights)} weights of events; both "
            "must be finite and as many"
        )
    nominal = weights[:, 0]
    if not nominal.sum() > 0.0:
        raise EventFileError(
            f"cell resampling: the nominal weights sum to {nominal.sum():g}; a sum above zero is "
            "needed to make them positive"
        )
    own = weights.copy()
    radii, sizes = [], []
    seeds = np.flatnonzero(nominal < 0.0)
    for seed, near, distance in _neighbours(points, seeds[np.argsort(nominal[seeds])], own):
        inside = distance <= largest_cell
        size = _size(own[near[inside], 0])
        if size < 2 or own[seed, 0] >= 0.0:
            continue
        cell = near[:size]
        share = np.abs(own[cell, 0])
        own[cell] = (share / share.sum())[:, None] * own[cell].sum(axis=0)
        radii.append(float(distance[size - 1]))
        sizes.append(size)
        progress(len(radii), float(len(seeds)), f"{len(radii)} cells")
    return Resampling(
        weights=own,
        events=len(own),
        cells=len(radii),
        negative_before=float((nominal < 0.0).mean()),
        negative_after=float((own[:, 0] < 0.0).mean()),
        effective_before=_effective(nominal),
        effective_after=_effective(own[:, 0]),
        median_radius=float(np.median(radii)) if radii else 0.0,
        largest_radius=max(radii, default=0.0),
        mean_size=float(np.mean(sizes)) if sizes else 0.0,
    )


def _size(weights: FloatArray) -> int:
    """Events of a cell: the fewest nearest ones whose sum is above zero, or all of them."""
    enough = _positive(weights)
    return int(enough.argmax()) + 1 if enough.any() else len(weights)


def _positive(weights: FloatArray) -> NDArray[np.bool_]:
    """Whether the first 1, 2, ... of some weights sum to more than zero."""
    positive: NDArray[np.bool_] = np.cumsum(weights) > _ROUNDING * np.cumsum(np.abs(weights))
    return positive


def _neighbours(
    points: FloatArray, seeds: IntArray, weights: FloatArray
) -> Iterator[tuple[int, IntArray, FloatArray]]:
    """Seeds that are negative still when it is their turn, and the events nearest to each.

    Parameters
    ----------
    points, seeds
        Places of all events, and numbers of those that are to be seeds, in order.
    weights
        Weights of all events, which change meanwhile.
    """
    tree = KDTree(points)
    for start in range(0, len(seeds), _SEEDS):
        some = seeds[start : start + _SEEDS]
        some = some[weights[some, 0] < 0.0]
        near, distance = _nearest(tree, points[some], _NEIGHBOURS[0])
        for i, seed in enumerate(map(int, some)):
            if weights[seed, 0] >= 0.0:
                continue
            own, far = near[i], distance[i]
            for number in _NEIGHBOURS[1:]:
                if len(own) == len(points) or _positive(weights[own, 0]).any():
                    break
                one, way = _nearest(tree, points[seed : seed + 1], number)
                own, far = one[0], way[0]
            # the seed comes first, also where other events lie at the same place
            rest = own != seed
            yield seed, np.append(seed, own[rest]), np.append(0.0, far[rest])


def _nearest(tree: KDTree, places: FloatArray, number: int) -> tuple[IntArray, FloatArray]:
    """Numbers and distances of the nearest events, ``(M, K)``, by distance."""
    k = np.arange(1, min(number, tree.n) + 1)
    distance, near = tree.query(places, k=k)
    return near.astype(np.int64), distance
