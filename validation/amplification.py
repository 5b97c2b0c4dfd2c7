# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a candidate is worth more events than it was trained on.

"Forecasting generative amplification", Bahl et al., arXiv:2509.08048: a generated sample describes
a distribution as well as N_equiv true events do, and amplifies if N_equiv exceeds the number of
events that it was trained on.  Here regions of phase space are the bins of an observable.  The
chi^2 of K degrees of freedom between n_a candidate and n_b reference events is that of equal
distributions times 1 + n / N, n = n_a n_b / (n_a + n_b), where the candidate's distribution is
known as well as from N true events: a bootstrap of N events has exactly that scatter.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import stats

from mcsurrogate.validation.comparison import Comparison
from mcsurrogate.validation.observable_result import ObservableResult
from mcsurrogate.validation.statistics.combination import holm

__all__ = ["Amplification", "Worth", "amplification", "worth_of"]

_ONE_SIDED = 0.05
_LEFT_OUT = ("consistency", "weight")


@dataclass(frozen=True, kw_only=True)
class Worth:
    """What a candidate is worth in one observable.

    Attributes
    ----------
    name, title
        Of the observable.
    events, at_least, at_most
        True events that describe the observable as well: estimate, and limits at 95%; infinite
        where nothing tells the candidate from any number of true events.
    factor
        `events` over the events of the training.
    p_amplified
        Probability that a candidate worth no more than its training agrees as well: a small one
        shows amplification.
    p_degraded
        Probability that a candidate worth its training deviates as much: a small one shows that it
        is worth less.
    """

    name: str
    title: str
    events: float
    at_least: float
    at_most: float
    factor: float
    p_amplified: float
    p_degraded: float


@dataclass(frozen=True, kw_only=True)
class Amplification:
    """What a candidate is worth in all observables.

    Attributes
    ----------
    trained_on
        Events of the training.
    rows
        Observables, those that are worth least first.
    amplified, degraded
        Number of observables in which amplification, or its contrary, is shown at 95%, all of
        them together.
    """

    trained_on: int
    rows: tuple[Worth, ...]
    amplified: int
    degraded: int

    def metrics(self) -> dict[str, Any]:
        """Everything for metrics.json."""
        return asdict(self)

    def __str__(self) -> str:
        """Return one sentence."""
        return (
            f"trained on {self.trained_on:,} events, the candidate is worth more in "
            f"{self.amplified} and less in {self.degraded} of {len(self.rows)} observables (95%, "
            "all together); for the others there are too few events to tell"
        )


def _events(ratio: float, common: float) -> float:
    """Events N with 1 + n / N = ratio."""
    return common / (ratio - 1.0) if ratio > 1.0 else np.inf


def worth_of(result: ObservableResult, trained_on: int) -> Worth:
    """Events that the candidate is worth in an observable.

    Parameters
    ----------
    result
        The observable, compared.
    trained_on
        Events of the training, none of which may be in the reference.
    """
    test = result.binned.full
    sizes = result.candidate.effective_events, result.reference.effective_events
    common = sizes[0] * sizes[1] / sum(sizes)
    null = stats.chi2(test.ndf)
    scaled = test.statistic / (1.0 + common / trained_on)
    events = _events(test.statistic / test.ndf, common)
    return Worth(
        name=result.observable.name,
        title=result.observable.title,
        events=events,
        at_least=_events(test.statistic / float(null.ppf(_ONE_SIDED)), common),
        at_most=_events(test.statistic / float(null.ppf(1.0 - _ONE_SIDED)), common),
        factor=events / trained_on,
        p_amplified=float(null.cdf(scaled)),
        p_degraded=float(null.sf(scaled)),
    )


def amplification(found: Comparison, trained_on: int) -> Amplification:
    """Say in which observables a candidate is worth more events than its training had.

    Parameters
    ----------
    found
        The comparison; checks of consistency and rows for information are left out.
    trained_on
        Events of the training, none of which may be in the reference.
    """
    rows = [
        worth_of(r, trained_on)
        for r in found.results
        if r.binned.full.ndf and r.counts and r.observable.group not in _LEFT_OUT
    ]
    return Amplification(
        trained_on=trained_on,
        rows=tuple(sorted(rows, key=lambda row: (row.at_least, row.name))),
        amplified=_below(_ONE_SIDED, [row.p_amplified for row in rows]),
        degraded=_below(_ONE_SIDED, [row.p_degraded for row in rows]),
    )


def _below(error: float, p_values: Sequence[float]) -> int:
    return int((holm(p_values) < error).sum()) if p_values else 0
