"""Bands from the event weights of a surrogate's uncertainty."""

import numpy as np

from mcsurrogate.validation.histograms import Values
from mcsurrogate.validation.weight_bands import WeightBands

EDGES = np.array([0.0, 1.0, 2.0])
NAMES = ("Weight", "surrogate_up", "surrogate_down", "other", "surrogate_member_1",
         "surrogate_member_2")  # fmt: skip


def test_bands_of_up_and_down_and_members():
    bands = WeightBands(NAMES, {"x": EDGES})
    weights = np.array([[1.0, 1.1, 0.9, 7.0, 1.2, 0.8], [1.0, 1.2, 0.8, 7.0, 1.0, 1.0]])
    values = Values(np.array([0.5, 2.0]))
    bands.fill({"x": values}, weights, weights[:, 0])
    bands.fill({"x": Values(np.array([np.nan, 3.0]))}, weights, weights[:, 0])
    wide, narrow = bands.of("x")
    # Underflow, two bins, overflow; four events in all.
    np.testing.assert_allclose(wide[0], np.array([0.0, 0.9, 0.8, 0.8]) / 4)
    np.testing.assert_allclose(wide[1], np.array([0.0, 1.1, 1.2, 1.2]) / 4)
    spread = np.array([0.0, np.std([1.2, 0.8], ddof=1), 0.0, 0.0])
    np.testing.assert_allclose(narrow[1] - narrow[0], 2 * spread / 4, atol=1e-15)


def test_ensembles_of_different_parts_have_bands_of_their_own():
    names = ("Weight", "MCSurrogate.mine_member_1", "surrogate_member_1", "MCSurrogate.tune",
             "MCSurrogate.mine_member_2", "surrogate_member_2")  # fmt: skip
    bands = WeightBands(names, {"x": EDGES})
    bands.fill(
        {"x": Values(np.array([0.5]))}, np.array([[1.0, 0.7, 0.9, 9.0, 1.3, 1.1]]), np.ones(1)
    )
    widths = [high[1] - low[1] for low, high in bands.of("x")]
    np.testing.assert_allclose(
        widths, [2 * np.std([0.9, 1.1], ddof=1), 2 * np.std([0.7, 1.3], ddof=1)]
    )


def test_several_entries_an_event_and_weights_of_entries():
    bands = WeightBands(NAMES[:3], {"x": EDGES})
    weights = np.array([[2.0, 2.2, 1.8]])
    values = Values(np.array([0.5, 0.6, 1.5]), np.array([0, 0, 0]), np.array([1.0, 1.0, 3.0]))
    bands.fill({"x": values}, weights, weights[:, 0])
    (band,) = bands.of("x")
    np.testing.assert_allclose(band[1][1:3], [2.2, 3.3])


def test_files_without_such_weights_have_no_band():
    bands = WeightBands(("Weight", "isr:muRfac=2"), {"x": EDGES})
    bands.fill({"x": Values(np.array([0.5]))}, np.ones((1, 2)), np.ones(1))
    assert bands.of("x") == []


def test_variations_of_hadronization_give_their_envelope():
    """Two variations around the nominal contents; members of an ensemble are no variations."""
    names = ("nominal", "MCSurrogate.more", "MCSurrogate.less", "MCSurrogate.e_member_1")
    bands = WeightBands(names, {"x": EDGES})
    weights = np.array([[1.0, 1.2, 0.9, 5.0]] * 4)
    inside = 0.5 * (EDGES[0] + EDGES[1])
    bands.fill({"x": Values(np.full(4, inside))}, weights, weights[:, 0])
    nominal = np.zeros(len(EDGES) + 1)
    nominal[1] = 1.0
    ((low, high),) = bands.of("x", nominal)
    assert low[1] == 0.9
    assert high[1] == 1.2
    # without nominal contents there is nothing to put the variations around
    assert bands.of("x") == []
