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
    popcorn_partner,
    popped_index,
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


@pytest.mark.parametrize(
    ("end", "hadron", "other"),
    [
        (2101, 211, -1103),  # (ud) -> u dbar, (dd)
        (2101, -211, -2203),
        (2103, 321, -3101),  # (ud) -> u sbar, (sd)
        (2101, 111, -2101),
        (-2203, -321, 3201),
        (3303, 333, -3303),
        (3101, -311, -1103),  # (sd) -> s dbar, (dd)
        (2203, -211, 0),
        (3303, 211, 0),
        (2101, 421, 0),  # no popped flavour has charm
        (2101, 2212, 0),
        (2, 211, 0),
    ],
)
def test_popcorn_partner(end, hadron, other):
    assert popcorn_partner(end, hadron) == other
    assert (popped_index(other) >= 0) == (other != 0)


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
