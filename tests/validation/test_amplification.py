# SPDX-License-Identifier: GPL-3.0-or-later
"""What a candidate is worth: calibrated on bootstraps, which are worth what they are made of."""

import numpy as np
import pytest
from scipy import stats

from mcsurrogate.validation.amplification import amplification, worth_of
from mcsurrogate.validation.histograms import EventSums, Values
from mcsurrogate.validation.observable_result import ObservableResult
from mcsurrogate.validation.observables import get
from mcsurrogate.validation.statistics.binned import compare_binned

EDGES = np.linspace(-2.0, 2.0, 9)
TRAINED, MADE = 400, 4000


def compared(candidate, reference, name="thrust"):
    pair = []
    for values in (candidate, reference):
        sums = EventSums(EDGES)
        sums.fill(Values(values), np.ones(len(values)), 0)
        pair.append(sums)
    return ObservableResult(
        observable=get(name),
        candidate=pair[0],
        reference=pair[1],
        binned=compare_binned(*pair),
        marginal=None,
        log_p=0.0,
        adjusted_p=1.0,
        deviation=0.0,
        deviation_error=0.0,
        resolvable=0.0,
        where="",
        significant=False,
    )


def test_a_bootstrap_is_worth_its_training():
    """P-values uniform and limits that hold in 95%; both fail with probability 1e-4."""
    random = np.random.default_rng(1)
    found = []
    for _ in range(120):
        training = random.standard_normal(TRAINED)
        candidate = random.choice(training, MADE)
        found.append(worth_of(compared(candidate, random.standard_normal(MADE)), TRAINED))
    assert stats.kstest([w.p_amplified for w in found], "uniform").pvalue > 1e-4
    covered = sum(w.at_least <= TRAINED for w in found)
    assert stats.binomtest(covered, 120, 0.95).pvalue > 1e-4
    assert np.median([w.events for w in found]) == pytest.approx(TRAINED, rel=0.25)


def test_true_events_are_worth_more_and_wrong_ones_less():
    random = np.random.default_rng(2)
    good = compared(random.standard_normal(MADE), random.standard_normal(MADE))
    bad = compared(0.8 * random.standard_normal(MADE), random.standard_normal(MADE), "sphericity")
    found = amplification(
        type("Found", (), {"results": (good, bad)})(),
        TRAINED,  # what it reads of a comparison
    )
    assert (found.amplified, found.degraded) == (1, 1)
    assert [row.name for row in found.rows] == ["sphericity", "thrust"]
    assert found.rows[0].at_most < TRAINED < found.rows[1].at_least
    assert "worth more in 1 and less in 1 of 2" in str(found)
