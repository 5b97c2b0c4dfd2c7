# SPDX-License-Identifier: GPL-3.0-or-later
"""Cell resampling: sums stay in every cell, and equal samples stay equal.

Statistical tests fail with probability 1e-4 each; seeds are fixed.
"""

import numpy as np
import pytest
from two_samples import uniformity

import mcsurrogate.resampling.cells as cells
from mcsurrogate.errors import EventFileError
from mcsurrogate.resampling import resample_weights
from mcsurrogate.validation.histograms import EventSums, Values
from mcsurrogate.validation.statistics.binned import compare_binned


def signed(random, n, share=0.2):
    """Weights 1 and -1 over their mean: any distribution of the events stays what it is."""
    return np.where(random.random(n) < share, -1.0, 1.0)[:, None] / (1.0 - 2.0 * share)


def events(random, n):
    """Two objects and what balances them, as jets: 6 independent numbers of 9."""
    first = random.exponential(30.0, (n, 3)) * random.choice([-1.0, 1.0], (n, 3))
    second = random.normal(0.0, 20.0, (n, 3))
    return np.concatenate((first, second, -first - second), axis=1)


def test_negative_weights_go_and_sums_stay():
    random = np.random.default_rng(1)
    points = events(random, 10_000)
    weights = np.concatenate((signed(random, 10_000), random.random((10_000, 1))), axis=1)
    found = resample_weights(points, weights)
    assert found.negative_before == pytest.approx(0.2, abs=0.02)
    assert found.negative_after < 0.05
    assert found.effective_after > 1.5 * found.effective_before
    assert found.weights.sum(axis=0) == pytest.approx(weights.sum(axis=0), rel=1e-12)
    assert found.cells > 1000
    assert "negative weights: 20." in str(found)


def test_sums_stay_in_every_part_that_cells_cannot_leave():
    random = np.random.default_rng(2)
    islands = np.repeat(np.arange(50), 40)
    points = 1e4 * islands[:, None] + random.standard_normal((2000, 3))
    weights = signed(random, 2000)
    found = resample_weights(points, weights)
    before, after = (np.bincount(islands, w[:, 0]) for w in (weights, found.weights))
    assert (before > 0).sum() > 40
    assert after[before > 0] == pytest.approx(before[before > 0], rel=1e-9)
    assert (found.weights[np.isin(islands, np.flatnonzero(before > 0)), 0] >= 0).all()


def test_cells_do_not_exceed_their_limit():
    random = np.random.default_rng(3)
    points, weights = events(random, 2000), signed(random, 2000)
    free = resample_weights(points, weights)
    bound = resample_weights(points, weights, largest_cell=free.median_radius)
    assert bound.largest_radius <= free.median_radius < free.largest_radius
    assert free.negative_after < bound.negative_after < bound.negative_before
    assert bound.weights.sum() == pytest.approx(weights.sum(), rel=1e-12)


def p_values(random, monkeypatch, smear):
    """Of a distribution, resampled against an independent sample with unit weights."""
    found = []
    with monkeypatch.context() as patch:
        if smear:
            # cells of random events instead of the nearest ones
            def anywhere(tree, places, number):
                begin = random.integers(0, tree.n, (len(places), 1))
                near = (begin + np.arange(number)) % tree.n
                return near, np.ones(near.shape)

            patch.setattr(cells, "_nearest", anywhere)
        for _ in range(12):
            n = 4000
            # one object in the transverse plane: cells are small
            points, other = (events(random, n)[:, :2] for _ in range(2))
            # more negative weights where the first object is soft
            share = np.where(np.linalg.norm(points, axis=1) < 50.0, 0.35, 0.02)
            weights = np.where(random.random(n) < share, -1.0, 1.0) / (1.0 - 2.0 * share)
            after = resample_weights(points, weights[:, None])
            assert smear or after.negative_after < 0.05
            found.append(compared(points, other, after.weights[:, 0], weights))
    return found


def compared(points, other, weights, before):
    """Shape of the momentum of the first object; errors from the weights before."""
    sums = []
    for place, own, scatter in ((points, weights, before), (other, np.ones(len(other)), None)):
        one = EventSums(np.linspace(0.0, 200.0, 21))
        one.fill(Values(np.linalg.norm(place, axis=1)), own, 0, scatter)
        sums.append(one)
    return compare_binned(*sums).shape.p_value


def test_resampled_events_are_indistinguishable_and_random_cells_are_not(monkeypatch):
    random = np.random.default_rng(4)
    assert uniformity(p_values(random, monkeypatch, smear=False)) > 1e-4
    assert uniformity(p_values(random, monkeypatch, smear=True)) < 1e-4


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.array([[1.0], [-2.0]]), "sum to -1"),
        (np.array([[1.0], [np.nan]]), "finite"),
        (np.ones((3, 1)), "as many"),
    ],
)
def test_what_cannot_be_resampled_is_said(weights, message):
    with pytest.raises(EventFileError, match=message):
        resample_weights(np.zeros((2, 3)), weights)
