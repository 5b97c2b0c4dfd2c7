"""Compare two samples that have been read: tests, their combination and the verdict."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mcsurrogate.validation.histograms import EventSums
from mcsurrogate.validation.observables.registry import Observable
from mcsurrogate.validation.sample import Sample
from mcsurrogate.validation.statistics.binned import BinnedComparison, compare_binned
from mcsurrogate.validation.statistics.combination import Uniformity, holm, uniformity
from mcsurrogate.validation.statistics.global_tests import GlobalTest, global_tests
from mcsurrogate.validation.statistics.marginal import Marginal, compare_marginal
from mcsurrogate.validation.statistics.multipliers import Multipliers
from mcsurrogate.validation.statistics.scan import Scan
from mcsurrogate.validation.statistics.significance import log_sf_chi2, sigmas
from mcsurrogate.validation.verdict import FAMILY_WISE_ERROR, Tolerance, Verdict, decide

__all__ = ["Comparison", "CrossSections", "ObservableResult", "compare"]

REPLICAS = 1000


@dataclass(frozen=True)
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
        Smallest of the chi^2, scan, KS and Wasserstein p-values times their number.
    adjusted_p
        `log_p` adjusted for the number of observables.
    deviation, deviation_error
        Root mean square relative difference over the bins with the noise subtracted, and its
        resolution: what noise alone would give.
    where
        The bin that deviates most, in words.
    significant
        Whether the deviation is significant at the family-wise error.
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
    where: str
    significant: bool

    @property
    def sigma(self) -> float:
        """`log_p` as Gaussian standard deviations."""
        return sigmas(self.log_p)


@dataclass(frozen=True)
class CrossSections:
    """Cross sections that the files state.

    Attributes
    ----------
    ratio
        Candidate over reference.
    pull
        Difference in standard deviations; None where a file states no error.
    p_value
        Of the pull.
    """

    ratio: float
    pull: float | None
    p_value: float | None


@dataclass(frozen=True)
class Comparison:
    """Everything that was found.

    Attributes
    ----------
    candidate, reference
        The samples.
    results
        By descending deviation; checks of consistency after the significant observables.
    uniformity
        The p-values of all observables together.
    global_tests
        Tests of all observables at once.
    cross_sections
        None where a file states none.
    verdict, family_wise_error
        The verdict, and the probability of a false ``differs``.
    tolerance
        The tolerances that were allowed.
    """

    candidate: Sample
    reference: Sample
    results: tuple[ObservableResult, ...]
    uniformity: Uniformity
    global_tests: tuple[GlobalTest, ...]
    cross_sections: CrossSections | None
    verdict: Verdict
    family_wise_error: float
    tolerance: Tolerance


def _deviation(candidate: EventSums, reference: EventSums) -> tuple[float, float]:
    """Root mean square relative difference of the bins and its noise."""
    a, b = candidate.mean, reference.mean
    filled = b > 0.0
    if not filled.any():
        return 0.0, 0.0
    variance = np.diag(candidate.covariance(a)) + np.diag(reference.covariance(b))
    share = b[filled] / b[filled].sum()
    squares = float((share * ((a - b)[filled] / b[filled]) ** 2).sum())
    noise = float((share * variance[filled] / b[filled] ** 2).sum())
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


def _where(observable: Observable, binned: BinnedComparison) -> str:
    """Say which bin or tail deviates most."""
    if binned.full.ndf == 0:
        return "constant in both"
    pulls = np.nan_to_num(binned.pulls)
    worst = int(np.abs(pulls).argmax())
    edges, last = observable.edges, len(observable.edges)
    found = binned.scan
    if abs(found.pull) > abs(pulls[worst]) and not observable.categories:
        return _interval(observable, found)
    pull = f"{pulls[worst]:+.1f} σ"
    if observable.categories:
        if 0 < worst < last:
            return f"{_plain(observable.categories[worst - 1])} ({pull})"
        return f"others ({pull})"
    unit = f" {observable.unit}" if observable.unit else ""
    if worst == 0:
        return f"below {edges[0]:.3g}{unit} ({pull})"
    if worst == last:
        return f"above {edges[-1]:.3g}{unit} ({pull})"
    return f"{edges[worst - 1]:.3g} … {edges[worst]:.3g}{unit} ({pull})"


def _cross_sections(candidate: Sample, reference: Sample) -> CrossSections | None:
    a, b = candidate.file, reference.file
    if a.cross_section_pb is None or not b.cross_section_pb:
        return None
    ratio = a.cross_section_pb / b.cross_section_pb
    error = math.hypot(a.cross_section_error_pb or 0.0, b.cross_section_error_pb or 0.0)
    if not a.cross_section_error_pb or not b.cross_section_error_pb:
        return CrossSections(ratio, None, None)
    pull = (a.cross_section_pb - b.cross_section_pb) / error
    return CrossSections(ratio, pull, math.exp(log_sf_chi2(pull**2, 1)))


def _row_log_p(binned: BinnedComparison, marginal: Marginal | None) -> float:
    """Log p-value of an observable: Bonferroni over its tests."""
    tests = [binned.full.log_p, binned.scan.log_p]
    if marginal is not None:
        tests += [marginal.ks.log_p, marginal.wasserstein.log_p]
    return min(0.0, min(tests) + math.log(len(tests)))


def _rank(result: ObservableResult) -> tuple[bool, bool, float, float]:
    """Order of the table: by deviation, but broken records follow significant physics.

    Almost any defect of a record also breaks a conservation law, far more significantly than it
    moves a spectrum; the spectrum says what is wrong.
    """
    check = result.observable.group == "consistency"
    return (not result.significant, check, result.log_p, -result.deviation)


def compare(
    candidate: Sample,
    reference: Sample,
    tolerance: Tolerance,
    *,
    seed: int = 1,
    family_wise_error: float = FAMILY_WISE_ERROR,
    progress: Callable[[str], None] | None = None,
) -> Comparison:
    """Test all observables of two samples.

    Parameters
    ----------
    candidate, reference
        Samples filled by the same plan.
    tolerance
        Which real deviations are allowed.
    seed
        Of all bootstraps and of the classifier.
    family_wise_error
        Probability of finding any significant deviation between equal samples.
    progress
        Called with the name of what is computed next.
    """
    observables = reference.plan.observables
    pairs = [(candidate.sums[o.name], reference.sums[o.name]) for o in observables]
    multipliers = Multipliers.draw(REPLICAS, seed)
    binned = [
        compare_binned(a, b, categories=bool(o.categories))
        for o, (a, b) in zip(observables, pairs, strict=True)
    ]
    marginals = [
        compare_marginal(candidate.fine[o.name], reference.fine[o.name], multipliers)
        if o.name in reference.fine
        else None
        for o in observables
    ]
    log_p = [_row_log_p(b, m) for b, m in zip(binned, marginals, strict=True)]
    adjusted = holm([math.exp(value) for value in log_p])
    together = uniformity(pairs, binned, seed=seed)
    whole = global_tests(candidate, reference, multipliers, seed=seed, progress=progress)
    cross_sections = _cross_sections(candidate, reference)

    # half of the error for the observables, a quarter for the global tests, the rest for the
    # uniformity of the p-values and the cross section
    half, quarter, eighth = (family_wise_error / n for n in (2, 4, 8))
    results = []
    for i, observable in enumerate(observables):
        a, b = pairs[i]
        deviation, noise = _deviation(a, b)
        results.append(
            ObservableResult(
                observable,
                a,
                b,
                binned[i],
                marginals[i],
                log_p[i],
                float(adjusted[i]),
                deviation,
                noise,
                _where(observable, binned[i]),
                bool(adjusted[i] < half),
            )
        )
    results.sort(key=_rank)

    significant = {r.observable.name: r.significant for r in results}
    tolerable = {r.observable.name: r.deviation <= tolerance.of(r.observable.name) for r in results}
    all_tolerable = all(tolerable.values()) and any(tolerance.of(n) > 0.0 for n in tolerable)
    for test, value in zip(whole, holm([math.exp(t.log_p) for t in whole]), strict=True):
        significant[test.name] = bool(value < quarter)
        tolerable[test.name] = all_tolerable
    significant["all p-values"] = together.excess_p_value < eighth
    tolerable["all p-values"] = all_tolerable
    if cross_sections is not None and cross_sections.p_value is not None:
        significant["cross_section"] = cross_sections.p_value < eighth
        allowed = tolerance.of("cross_section")
        tolerable["cross_section"] = abs(cross_sections.ratio - 1.0) <= allowed
    return Comparison(
        candidate,
        reference,
        tuple(results),
        together,
        tuple(whole),
        cross_sections,
        decide(significant, tolerable),
        family_wise_error,
        tolerance,
    )
