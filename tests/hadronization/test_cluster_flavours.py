# SPDX-License-Identifier: GPL-3.0-or-later
"""Flavour arithmetic of clusters, checked against the quark content that Pythia's codes mean."""

import itertools

import pytest

from mcsurrogate.hadronization.clusters.flavours import (
    CLUSTER_ENDS,
    POPPED,
    canonical,
    conjugate_hadron,
    partner,
)


@pytest.mark.parametrize(
    ("end", "hadron", "other"),
    [
        (2, 211, -1),  # u dbar
        (-1, 211, 2),
        (1, -211, -2),
        (3, -321, -2),  # s ubar
        (-3, 321, 2),
        (-3, 311, 1),
        (5, -511, -1),
        (5, 511, 0),
        (-5, 511, 1),
        (4, 421, -2),
        (2, 111, -2),
        (1, 113, -1),
        (3, 333, -3),
        (4, 443, -4),
        (4, 111, 0),
        (2, 2212, 2101),  # u (ud)
        (1, 2212, 2203),
        (2101, 2212, 2),
        (2101, 3122, 3),
        (-2101, -3122, -3),
        (2203, 2224, 2),
        (2, -2212, 0),
        (2101, 211, 0),
        (3, 3334, 3303),
        (1, 4122, 0),  # the rest would be a charmed diquark
        (4, 4122, 2101),
    ],
)
def test_partner(end, hadron, other):
    assert partner(end, hadron) == other


def test_conjugation():
    assert [conjugate_hadron(c) for c in (211, 111, 333, 2212, -311)] == [-211, 111, 333, -2212,
                                                                          311]  # fmt: skip


def test_canonical_forms():
    signed = [*CLUSTER_ENDS, *(-code for code in CLUSTER_ENDS)]
    for plus, minus in itertools.product(signed, repeat=2):
        form = canonical(plus, minus)
        if sum((c > 0) == (abs(c) < 10) for c in (plus, minus)) != 1:
            assert form is None
            continue
        assert form is not None
        assert form.first > 0
        assert CLUSTER_ENDS.index(form.first) >= CLUSTER_ENDS.index(abs(form.second))
        sign = -1 if form.conjugated else 1
        ends = (sign * form.first, sign * form.second)
        assert (ends[::-1] if form.swapped else ends) == (plus, minus)


def test_popped_diquarks_have_one_spin():
    assert {partner(quark, 3122) for quark in (1, 2, 3)} <= set(POPPED)
