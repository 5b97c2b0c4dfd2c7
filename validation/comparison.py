# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare two samples that have been read: tests, their combination and the verdict."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from mcsurrogate.validation.classifiers.global_test import GlobalTest
from mcsurrogate.validation.cross_sections import CrossSections, Side, compare_cross_sections
from mcsurrogate.validation.finer import FinerVerdict, finer_verdict
from mcsurrogate.validation.global_tests import global_tests
from mcsurrogate.validation.histograms import EventSums
from mcsurrogate.validation.observable_result import (
    ObservableResult,
    deviation,
    log_p_of_row,
    rank,
    where,
)
from mcsurrogate.validation.observables.registry import Observable
from mcsurrogate.validation.reasons import find_reasons, too_few_events
from mcsurrogate.validation.repeated import Repeats, compare_hashes
from mcsurrogate.validation.sample import Sample
from mcsurrogate.validation.statistics.binned import (
    MIN_EFFECTIVE,
    BinnedComparison,
    compare_binned,
)
from mcsurrogate.validation.statistics.combination import Uniformity, holm, uniformity
from mcsurrogate.validation.statistics.marginal import FineSums, Marginal, compare_marginal
from mcsurrogate.validation.statistics.multipliers import Multipliers
from mcsurrogate.validation.statistics.sensitivity import resolvable_deviation
from mcsurrogate.validation.verdict import FAMILY_WISE_ERROR, Reason, Tolerance, Verdict, decide
from mcsurrogate.validation.weight_comparison import compare_weights

__all__ = ["Comparison", "ObservableResult", "compare"]

REPLICAS = 1000
_TESTS_PER_ROW = 5


@dataclass(frozen=True, kw_only=True)
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
    repeats
        Events that occur twice.
    cross_sections
        None where a file states none.
    finer
        Events that a finer verdict needs, None where no observable varies.
    warnings
        What else a reader should know, in words.
    reasons
        What decided: every test that found a significant deviation, observables first.
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
    repeats: Repeats
    cross_sections: CrossSections | None
    finer: FinerVerdict | None
    warnings: tuple[str, ...]
    reasons: tuple[Reason, ...]
    verdict: Verdict
    family_wise_error: float
    tolerance: Tolerance


@dataclass(frozen=True, kw_only=True)
class _Tested:
    """An observable, or a weight, with its tests."""

    observable: Observable
    pair: tuple[EventSums, EventSums]
    binned: BinnedComparison
    marginal: Marginal | None
    counts: bool = True


def _test_observables(
    candidate: Sample, reference: Sample, multipliers: Multipliers, minimum: float
) -> list[_Tested]:
    """Compare all observables that have the minimum of effective events."""
    tested = []
    for o in reference.plan.observables:
        pair = candidate.sums[o.name], reference.sums[o.name]
        # a broken record is rare: all ways of being broken together, where each is too rare
        unordered = bool(o.categories) or o.group == "consistency"
        fine = None
        # categories have no order that a distance could follow
        if o.name in reference.fine and not o.categories:
            fine = candidate.fine[o.name], reference.fine[o.name]
        tested.append(
            _Tested(
                observable=o,
                pair=pair,
                binned=compare_binned(*pair, categories=unordered, min_effective=minimum),
                marginal=_distances(pair, fine, multipliers, minimum),
                counts=o.counts,
            )
        )
    return tested


def _distances(
    pair: tuple[EventSums, EventSums],
    fine: tuple[FineSums, FineSums] | None,
    multipliers: Multipliers,
    minimum: float = MIN_EFFECTIVE,
) -> Marginal | None:
    """Distances where both samples have enough events with entries for their replicas."""
    if fine is None or min(sums.effective_contributors for sums in pair) < minimum:
        return None
    return compare_marginal(*fine, multipliers)


def _test_weights(candidate: Sample, reference: Sample, multipliers: Multipliers) -> list[_Tested]:
    return [
        _Tested(
            observable=pair.observable,
            pair=pair.sums,
            binned=compare_binned(*pair.sums),
            marginal=_distances(pair.sums, pair.fine, multipliers),
            counts=pair.counts,
        )
        for pair in compare_weights(candidate.weight_table, reference.weight_table)
    ]


def _resolvable(tested: _Tested, error: float) -> float:
    """Deviation that would be found; relative to contents, which signed entries do not have."""
    if any(sums.signed for sums in tested.pair):
        return math.inf
    return resolvable_deviation(tested.binned, error)


def _results(tested: list[_Tested], error: float) -> tuple[ObservableResult, ...]:
    """Lines of the table; the family-wise error covers those that count."""
    log_p = [log_p_of_row(t.binned, t.marginal) for t in tested]
    counting = [i for i, t in enumerate(tested) if t.counts]
    adjusted = np.minimum(np.exp(log_p), 1.0)
    adjusted[counting] = holm([math.exp(log_p[i]) for i in counting])
    results = []
    for i, t in enumerate(tested):
        size, noise = deviation(*t.pair)
        results.append(
            ObservableResult(
                observable=t.observable,
                candidate=t.pair[0],
                reference=t.pair[1],
                binned=t.binned,
                marginal=t.marginal,
                log_p=log_p[i],
                adjusted_p=float(adjusted[i]),
                deviation=size,
                deviation_error=noise,
                resolvable=_resolvable(t, error / (len(counting) * _TESTS_PER_ROW)),
                where=where(t.observable, t.binned, sum(sums.entries for sums in t.pair)),
                significant=t.counts and bool(adjusted[i] < error),
                counts=t.counts,
            )
        )
    return tuple(sorted(results, key=rank))


def _warnings(candidate: Sample, reference: Sample, repeats: Repeats) -> tuple[str, ...]:
    found = [reference.plan.warning] if reference.plan.warning else []
    if repeats.shared > 0.0:
        found.append(
            f"{100 * repeats.shared:.3g}% of the candidate's events are events of the reference: "
            "the samples are not independent, and the tests see less than they claim"
        )
    for sample, share in ((candidate, repeats.candidate), (reference, repeats.reference)):
        if share > 0.0:
            found.append(
                f"{100 * share:.3g}% of the events of {sample.label} repeat earlier ones: its "
                "statistical errors are larger than stated"
            )
    found += [
        f"the weights of {sample.label} were resampled in cells: its errors are those of the "
        "weights before, and tests of all observables at once are left out"
        for sample in (candidate, reference)
        if sample.before is not None
    ]
    for sample in (candidate, reference):
        found += [
            f"events of {sample.label} do not cover the variation {own.name}, whose weights mean "
            f"little: {own.fault}"
            for own in sample.bands.coverage()
            if own.fault
        ]
    for sample, other in ((candidate, reference), (reference, candidate)):
        own = sample.weights
        if own.negative and not other.weights.negative:
            found.append(
                f"{100 * own.negative / sample.file.events:.3g}% of the events of {sample.label} "
                f"have negative weights, of {other.label} none: its {sample.file.events} events "
                f"count for {own.effective_events:.4g}, and counts of rare events are not compared"
            )
    names = [set(s.weight_table.names) for s in (candidate, reference)]
    for sample, missing in ((candidate, names[1] - names[0]), (reference, names[0] - names[1])):
        if missing and min(len(n) for n in names) > 1:
            listed = ", ".join(sorted(missing)[:5]) + (", ..." if len(missing) > 5 else "")
            found.append(f"{sample.label} lacks {len(missing)} weights of the other: {listed}")
    return tuple(found)


def compare(
    candidate: Sample,
    reference: Sample,
    tolerance: Tolerance,
    *,
    seed: int = 1,
    family_wise_error: float = FAMILY_WISE_ERROR,
    normalise_to: Side | None = None,
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
    normalise_to
        Whose cross section both samples get, which then decides nothing.
    progress
        Called with the name of what is computed next.
    """
    cross_sections = compare_cross_sections(candidate.file, reference.file, normalise_to)
    few = too_few_events(candidate, reference)
    multipliers = Multipliers.draw(REPLICAS, seed)
    minimum = math.inf if few else MIN_EFFECTIVE
    tested = _test_observables(candidate, reference, multipliers, minimum)
    deciding = [t for t in tested if t.counts]
    together = uniformity([t.pair for t in deciding], [t.binned for t in deciding], seed=seed)
    whole: list[GlobalTest] = []
    if not few:
        tested += _test_weights(candidate, reference, multipliers)
        whole = global_tests(candidate, reference, multipliers, seed=seed, progress=progress)
        whole = [_without_story(test, family_wise_error) for test in whole]
    repeats = compare_hashes(candidate.hashes, reference.hashes)
    # half of the error for the observables, the other half for all other tests
    results = _results(tested, family_wise_error / 2)
    reasons = few or find_reasons(
        results, whole, together, repeats, cross_sections, tolerance, family_wise_error
    )
    return Comparison(
        candidate=candidate,
        reference=reference,
        results=results,
        uniformity=together,
        global_tests=tuple(whole),
        repeats=repeats,
        cross_sections=cross_sections,
        finer=finer_verdict(results, tolerance, (candidate.file.events, reference.file.events)),
        warnings=(
            *(f"undecided, too few events: {reason}" for reason in few),
            *_warnings(candidate, reference, repeats),
        ),
        reasons=reasons,
        verdict=decide(reasons),
        family_wise_error=family_wise_error,
        tolerance=tolerance,
    )


def _without_story(test: GlobalTest, error: float) -> GlobalTest:
    """Return a classifier that tells the samples apart; of another one no regions are named."""
    if test.weights is None or test.p_value < error:
        return test
    return replace(test, weights=replace(test.weights, regions=()))
