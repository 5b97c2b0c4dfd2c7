# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a verdict is what it is: the tests that decide, each with its figure."""

import math
from collections.abc import Sequence

from mcsurrogate.validation.classifiers.global_test import GlobalTest
from mcsurrogate.validation.cross_sections import CrossSections
from mcsurrogate.validation.observable_result import ObservableResult
from mcsurrogate.validation.repeated import Repeats
from mcsurrogate.validation.sample import Sample
from mcsurrogate.validation.statistics.combination import Uniformity, holm
from mcsurrogate.validation.verdict import CROSS_SECTION, MIN_EVENTS, Reason, Tolerance

__all__ = ["find_reasons", "too_few_events"]

_TINY = 1e-300


def too_few_events(candidate: Sample, reference: Sample) -> tuple[Reason, ...]:
    """Name samples with too few effective events for a verdict."""
    return tuple(
        Reason(
            name=f"{side}_events",
            title=f"Effective events of the {side}",
            kind="effective events",
            figure=f"{sample.weights.effective_events:.3g}, a verdict needs {MIN_EVENTS:g}",
        )
        for side, sample in (("candidate", candidate), ("reference", reference))
        if sample.weights.effective_events < MIN_EVENTS
    )


def find_reasons(
    results: Sequence[ObservableResult],
    global_tests: Sequence[GlobalTest],
    together: Uniformity,
    repeats: Repeats,
    cross_sections: CrossSections | None,
    tolerance: Tolerance,
    error: float,
) -> tuple[Reason, ...]:
    """All tests that found a significant deviation, observables first.

    Parameters
    ----------
    results
        Lines of the table, which know whether they are significant.
    global_tests, together, repeats, cross_sections
        All other tests.
    tolerance
        Which deviations are allowed.  Tests of all observables at once are tolerated where all
        significant observables are.
    error
        Family-wise error.  Half of it is the observables'; a quarter is given to the global tests,
        an eighth to the uniformity of the p-values, a sixteenth each to repeated events and to
        the cross sections.
    """
    found = [_of_observable(r, tolerance) for r in results if r.significant]
    tolerated = all(reason.tolerated for reason in found)
    tolerated &= any(tolerance.of(r.observable.name) > 0.0 for r in results)
    adjusted = holm([test.p_value for test in global_tests])
    found += [
        _of_global_test(test, tolerated)
        for test, p in zip(global_tests, adjusted, strict=True)
        if p < error / 4
    ]
    if together.excess_p_value < error / 8:
        found.append(
            Reason(
                name="uniformity",
                title="All p-values together",
                kind="uniformity",
                figure=f"too many small ones, p = {together.excess_p_value:.2g}",
                log_p=math.log(together.excess_p_value),
                tolerated=tolerated,
            )
        )
    if math.exp(repeats.log_p) < error / 16:
        found.append(
            Reason(
                name="repeated_events",
                title="Repeated events",
                kind="repeated events",
                figure=(
                    f"{100 * repeats.candidate:.3g}% of the candidate, "
                    f"{100 * repeats.reference:.3g}% of the reference, "
                    f"p = {math.exp(repeats.log_p):.2g}"
                ),
                log_p=repeats.log_p,
            )
        )
    if cross_sections is not None and cross_sections.common_pb is None:
        found += _of_cross_sections(cross_sections, tolerance, error / 16)
    return tuple(found)


def _of_observable(result: ObservableResult, tolerance: Tolerance) -> Reason:
    return Reason(
        name=result.observable.name,
        title=result.observable.title,
        kind="observable",
        figure=f"{result.sigma:.1f} σ, {result.where}",
        log_p=result.log_p,
        tolerated=0.0 < tolerance.of(result.observable.name) >= result.deviation,
    )


def _of_global_test(test: GlobalTest, tolerated: bool) -> Reason:
    figure = f"{test.value:.4g}"
    if test.error is not None:
        figure += f" ± {test.error:.2g}"
    if test.expected is not None:
        figure += f", {test.expected:.4g} between equal samples"
    return Reason(
        name=test.name,
        title=test.title,
        kind="global",
        figure=f"{figure}, p = {test.p_value:.2g}",
        log_p=test.log_p,
        tolerated=tolerated,
    )


def _of_cross_sections(found: CrossSections, tolerance: Tolerance, error: float) -> list[Reason]:
    if found.pull is None or found.p_value is None or found.p_value >= error:
        return []
    return [
        Reason(
            name=CROSS_SECTION,
            title="Cross sections of the files",
            kind="cross section",
            figure=f"ratio {found.ratio:.4f}, {found.pull:+.1f} σ",
            log_p=math.log(max(found.p_value, _TINY)),
            tolerated=0.0 < tolerance.of(CROSS_SECTION) >= abs(found.ratio - 1.0),
        )
    ]
