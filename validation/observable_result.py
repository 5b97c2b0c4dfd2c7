# SPDX-License-Identifier: GPL-3.0-or-later
"""One line of the summary table: an observable, its tests, and what they mean in words."""

import math
from dataclasses import dataclass

import numpy as np

from mcsurrogate.validation.histograms import EventSums
from mcsurrogate.validation.observables.registry import Observable
from mcsurrogate.validation.statistics.binned import BinnedComparison
from mcsurrogate.validation.statistics.marginal import Marginal
from mcsurrogate.validation.statistics.scan import Scan
from mcsurrogate.validation.statistics.significance import sigmas

__all__ = ["ObservableResult", "deviation", "log_p_of_row", "rank", "where"]


_PRECEDENCE = 2.0
"""Of the log p-value of a specific observable, where it is significant."""


@dataclass(frozen=True, kw_only=True)
class ObservableResult:
    """One line of the summary table.

    Attributes
    ----------
    observable
        What was compared.
    candidate, reference
        Its sums in the samples.
    binned, marginal
        The tests; `marginal` is None for categories and where a sample has no entries.
    log_p
        Smallest of the p-values of chi^2, scan, rare bins, KS and Wasserstein, times their number.
    adjusted_p
        `log_p` adjusted for the number of observables.
    deviation, deviation_error
        Root mean square relative difference over the bins with the noise subtracted, and its
        resolution: what noise alone would give.
    resolvable
        Deviation that would be found with 90% probability; infinite for a constant observable.
    where
        The bin that deviates most, in words.
    significant
        Whether the deviation is significant at the family-wise error and counts.
    counts
        Whether it counts for the verdict; otherwise it is for information.
    """

    observable: Observable
    candidate: EventSums
    reference: EventSums
    binned: BinnedComparison
    marginal: Marginal | None
    log_p: float
    adjusted_p: float
    deviation: float
    deviation_error: float
    resolvable: float
    where: str
    significant: bool
    counts: bool = True

    @property
    def sigma(self) -> float:
        """`log_p` as Gaussian standard deviations."""
        return sigmas(self.log_p)


def deviation(candidate: EventSums, reference: EventSums) -> tuple[float, float]:
    """Root mean square relative difference of the bins and its noise.

    Relative to the mean of both, so that a bin which only one of them fills counts too; where
    entries have signs, to the events with an entry.
    """
    a, b = candidate.mean, reference.mean
    middle = 0.5 * (candidate.size + reference.size)
    filled = middle > 0.0
    if not filled.any():
        return 0.0, 0.0
    variance = np.diag(candidate.covariance(a)) + np.diag(reference.covariance(b))
    share = middle[filled] / middle[filled].sum()
    squares = float((share * ((a - b)[filled] / middle[filled]) ** 2).sum())
    noise = float((share * variance[filled] / middle[filled] ** 2).sum())
    return math.sqrt(max(squares - noise, 0.0)), math.sqrt(max(noise, 0.0))


_PLAIN = {
    r"\bar p": "p̄",
    r"\bar n": "n̄",
    r"\pm": "±",
    r"\pi": "π",
    r"\gamma": "γ",
    r"\mu": "μ",
    r"\nu": "ν",
    r"\eta": "η",
    r"\rho": "ρ",
    r"\omega": "ω",
    r"\phi": "φ",
    r"\Lambda": "Λ",
    r"\Sigma": "Σ",
    r"\Xi": "Ξ",
    r"\Omega": "Ω",
    r"\Delta": "Δ",
}


def _plain(label: str) -> str:
    """Label without LaTeX, for text."""
    for latex, text in _PLAIN.items():
        label = label.replace(latex, text)
    return label.translate(str.maketrans("", "", "${}^_\\"))


def _interval(observable: Observable, found: Scan) -> str:
    """Range of an interval of bins in words."""
    edges, last = observable.edges, len(observable.edges)
    unit = f" {observable.unit}" if observable.unit else ""
    pull = f"{found.pull:+.1f} σ"
    if found.first == 0 and found.last == last:
        return f"number of entries ({pull})"
    if found.first == 0:
        return f"below {edges[found.last]:.3g}{unit} ({pull})"
    if found.last == last:
        return f"above {edges[found.first - 1]:.3g}{unit} ({pull})"
    return f"{edges[found.first - 1]:.3g} … {edges[found.last]:.3g}{unit} ({pull})"


def _bin(observable: Observable, number: int) -> str:
    """Range of a bin, or name of a category, in words."""
    edges, last = observable.edges, len(observable.edges)
    unit = f" {observable.unit}" if observable.unit else ""
    if observable.categories:
        return _plain(observable.categories[number - 1]) if 0 < number < last else "others"
    if number == 0:
        return f"below {edges[0]:.3g}{unit}"
    if number == last:
        return f"above {edges[-1]:.3g}{unit}"
    return f"{edges[number - 1]:.3g} … {edges[number]:.3g}{unit}"


def where(observable: Observable, binned: BinnedComparison, entries: int = 1) -> str:
    """Say which bin or tail deviates most; `entries` is the number in both samples."""
    if entries == 0:
        return "no entries"
    if np.isnan(binned.pulls).all():
        return "equal in both" if binned.pooled_mean.any() else "not compared"
    if not np.nan_to_num(binned.pulls).any():
        return "equal in both"
    rare, found = binned.rare, binned.scan
    if rare is not None and rare.log_p < min(binned.full.log_p, found.log_p):
        events = f"{rare.candidate} events against {rare.reference}"
        return f"{_bin(observable, rare.bin)} ({events})"
    pulls = np.nan_to_num(binned.pulls)
    worst = int(np.abs(pulls).argmax())
    if abs(found.pull) > abs(pulls[worst]) and not observable.categories:
        return _interval(observable, found)
    return f"{_bin(observable, worst)} ({pulls[worst]:+.1f} σ)"


def log_p_of_row(binned: BinnedComparison, marginal: Marginal | None) -> float:
    """Log p-value of an observable: Bonferroni over its tests."""
    tests = [binned.full.log_p, binned.scan.log_p]
    if binned.rare is not None:
        tests.append(binned.rare.log_p)
    if marginal is not None:
        tests += [marginal.ks.log_p, marginal.wasserstein.log_p]
    return min(0.0, min(tests) + math.log(len(tests)))


def rank(result: ObservableResult) -> tuple[bool, bool, bool, float, float]:
    """Order of the table: by deviation, but broken records follow significant physics.

    What is there for information alone comes last.

    Almost any defect of a record also breaks a conservation law, far more significantly than it
    moves a spectrum; the spectrum says what is wrong.  A wrong decay or spin in turn moves spectra
    of its products, some of them with a little more significance than itself: the significant
    observables of one process alone count `_PRECEDENCE` times.
    """
    check = result.observable.group == "consistency"
    first = _PRECEDENCE if result.significant and result.observable.specific else 1.0
    return (
        not result.counts,
        not result.significant,
        check,
        first * result.log_p,
        -result.deviation,
    )
