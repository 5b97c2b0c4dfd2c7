# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups of PDG numbers by one table, against looking for every number."""

import numpy as np

from mcsurrogate.events import groups_of

_GROUPS = ((211,), (11, 13), (1000822080, 2212), (8192,), (13,))


def test_groups_are_those_of_every_number() -> None:
    random = np.random.default_rng(1)
    known = [number for group in _GROUPS for number in group]
    numbers = [*known, 0, 22, 8191, 8193, 8194, 1000822081]
    magnitude = random.choice(np.array(numbers, dtype=np.int32), 1000)
    expected = np.full(len(magnitude), -1)
    for i, group in enumerate(_GROUPS):
        expected[np.isin(magnitude, group)] = i
    assert set(expected) == {-1, 0, 1, 2, 3, 4}
    np.testing.assert_array_equal(groups_of(magnitude, _GROUPS), expected)
