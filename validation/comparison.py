"""Compare two samples that have been read: tests, their combination and the verdict."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mcsurrogate.validation.histograms import EventSums
from mcsurrogate.validation.observables.registry import Observable
from mcsurrogate.validation.sample import Sample
from mcsurrogate.validation.statistics.binned import BinnedComparison, compare_binned
from mcsurrogate.validation.statistics.combination import Combination, combine
from mcsurrogate.validation.statistics.significance import log_sf_chi2
from mcsurrogate.validation.verdict import FAMILY_WISE_ERROR, Tolerance, Verdict, decide

__all__ = ["Comparison", "CrossSections", "ObservableResult", "compare"]


@dataclass(frozen=True)
class ObservableResult:
    """One line of the summary table.

    Attributes
    ----------
    observable, tests
        What was compared and how it came out.
    adjusted_p
        Family-wise adjusted p-value.
    deviation
        Root mean square relative difference over the bins, noise subtracted.
    deviation_error
        Statistical resolution of `deviation`: what noise alone would give.
    significant
        Whether the deviation is significant at the family-wise error.
    """

    observable: Observable
    candidate: EventSums
    reference: EventSums
    tests: BinnedComparison
    adjusted_p: float
    deviation: float
    deviation_error: float
    significant: bool


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
        By descending deviation.
    combination
        All observables together.
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
    combination: Combination
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
    return math.sqrt(max(squares - noise, 0.0)), math.sqrt(noise)


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


def compare(
    candidate: Sample,
    reference: Sample,
    observables: Sequence[Observable],
    tolerance: Tolerance,
    *,
    seed: int = 1,
    family_wise_error: float = FAMILY_WISE_ERROR,
) -> Comparison:
    """Test all observables of two samples.

    Parameters
    ----------
    candidate, reference
        Samples filled with the same observables.
    observables
        These observables.
    tolerance
        Which real deviations are allowed.
    seed
        Of the bootstrap that gives the joint null distribution.
    family_wise_error
        Probability of finding any significant deviation between equal samples.
    """
    pairs = [(candidate.sums[o.name], reference.sums[o.name]) for o in observables]
    tests = [
        compare_binned(a, b, categories=bool(o.categories))
        for o, (a, b) in zip(observables, pairs, strict=True)
    ]
    combination = combine(pairs, tests, seed=seed)
    cross_sections = _cross_sections(candidate, reference)
    # three families share the error: the observables, their KS test, the cross section
    share = family_wise_error / 3.0
    results = []
    for observable, (a, b), test, adjusted in zip(
        observables, pairs, tests, combination.adjusted, strict=True
    ):
        deviation, noise = _deviation(a, b)
        results.append(
            ObservableResult(
                observable, a, b, test, float(adjusted), deviation, noise, bool(adjusted < share)
            )
        )
    results.sort(key=lambda r: (r.tests.full.log_p, -r.deviation))

    significant = {r.observable.name: r.significant for r in results}
    tolerable = {r.observable.name: r.deviation <= tolerance.of(r.observable.name) for r in results}
    significant["all p-values"] = combination.ks_p_value < share
    tolerable["all p-values"] = bool(tolerance.default) and all(tolerable.values())
    if cross_sections is not None and cross_sections.p_value is not None:
        significant["cross_section"] = cross_sections.p_value < share
        allowed = tolerance.of("cross_section")
        tolerable["cross_section"] = abs(cross_sections.ratio - 1.0) <= allowed
    return Comparison(
        candidate,
        reference,
        tuple(results),
        combination,
        cross_sections,
        decide(significant, tolerable),
        family_wise_error,
        tolerance,
    )
