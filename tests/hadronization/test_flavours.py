# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np

from mcsurrogate.hadronization.string_breaks.flavours import (
    BREAK_CLASSES,
    PICK_OUTCOMES,
    baryon_has_content,
    break_class,
    end_class,
    meson_has_content,
)


def test_classes_of_codes():
    np.testing.assert_array_equal(end_class(np.array([1, 5, 1103, 3303, 4203, 5101])),
                                  [0, 4, 5, 13, 14, 15])  # fmt: skip
    np.testing.assert_array_equal(end_class(np.array([0, 6, 21, 2212, 1000021])), [-1] * 5)
    np.testing.assert_array_equal(break_class(np.array(BREAK_CLASSES)), range(12))
    np.testing.assert_array_equal(break_class(np.array([4, 4203, 0, -1])), [-1] * 4)


def test_pick_outcomes_are_three_quarks_and_fifteen_diquarks_twice():
    # Ordered pairs of three flavours: 3 equal with spin 1 only, 6 unequal with two spins.
    assert len(PICK_OUTCOMES) == 3 + 2 * 15
    assert len(set(PICK_OUTCOMES)) == len(PICK_OUTCOMES)
    for outcome in PICK_OUTCOMES[3:]:
        quarks = {outcome.popcorn_quark, outcome.vertex_quark}
        assert {outcome.id // 1000, (outcome.id // 100) % 10} == quarks


def test_contents():
    assert meson_has_content(211, 2, 1)
    assert meson_has_content(331, 1, 1)  # u ubar, d dbar and s sbar mix
    assert not meson_has_content(321, 2, 1)
    assert meson_has_content(443, 4, 4)
    assert not meson_has_content(441, 3, 3)
    assert not meson_has_content(2212, 2, 1)
    assert baryon_has_content(3122, 2101, 3)
    assert baryon_has_content(3122, 3201, 1)
    assert not baryon_has_content(2212, 2101, 1)
