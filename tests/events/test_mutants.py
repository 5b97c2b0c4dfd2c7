# SPDX-License-Identifier: GPL-3.0-or-later
"""Damaged files of every kind: refused by name, or read as they stand."""

import pytest

from tests.events.mutants import FAULTS, KINDS, run

MILLION = 1_000_000 // len(KINDS) + 1
# the others have a quick test of their own, or take longer
QUICK = ("lhe.gz", "hepmc.gz", "lheh5 of pylhe", "npy", "parquet of hepmc", "pdf")


@pytest.mark.parametrize(
    ("kind", "count"),
    [(kind, 40) for kind in QUICK]
    + [pytest.param(kind, MILLION, marks=pytest.mark.slow) for kind in KINDS],
)
def test_no_fault_is_silent_and_none_is_a_traceback(kind: str, count: int) -> None:
    counts = run(kind, count)
    assert sum(counts.values()) == count
    assert not [fault for fault in FAULTS if counts[fault]], counts
    assert counts["refused"] > count // 10
    assert counts["no verdict"] <= count // 10
