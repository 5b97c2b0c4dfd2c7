# SPDX-License-Identifier: GPL-3.0-or-later
"""metrics.json: everything a report states, for programs."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from mcsurrogate.validation.classifiers.global_test import GlobalTest
from mcsurrogate.validation.classifiers.weights import ClassifierWeights
from mcsurrogate.validation.comparison import Comparison
from mcsurrogate.validation.metrics_schema import SCHEMA_VERSION
from mcsurrogate.validation.observable_result import ObservableResult
from mcsurrogate.validation.observables.registry import metadata
from mcsurrogate.validation.sample import Sample
from mcsurrogate.validation.statistics.binned import Chi2
from mcsurrogate.validation.statistics.marginal import DistanceTest
from mcsurrogate.versions import versions

__all__ = ["clean", "comparison_metrics", "dumps"]

_LN10 = math.log(10.0)


def clean(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return the same value with NaN and infinities as null, which JSON can hold."""
    if isinstance(value, dict):
        return {str(k): clean(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if hasattr(value, "tolist"):
        return clean(value.tolist())
    return value


def dumps(metrics: dict[str, Any]) -> str:
    """JSON text of metrics."""
    return json.dumps(clean(metrics), indent=1, allow_nan=False) + "\n"


def _sample_metrics(sample: Sample) -> dict[str, Any]:
    file, weights = sample.file, sample.weights
    return {
        "label": sample.label,
        "file": str(file.path),
        "format": file.format,
        "events": file.events,
        "complete": file.complete,
        "tools": [" ".join(tool[:2]).strip() for tool in file.tools],
        "provenance": [tool[2] for tool in file.tools if tool[2]],
        "weight": weights.name,
        "sum_of_weights": weights.total,
        "effective_events": weights.effective_events,
        "negative_weights": weights.negative,
        "cross_section_pb": file.cross_section_pb,
        "cross_section_error_pb": file.cross_section_error_pb,
    }


def _chi2_metrics(test: Chi2) -> dict[str, Any]:
    return {
        "chi2": test.statistic,
        "ndf": test.ndf,
        "p_value": test.p_value,
        "log10_p_value": test.log_p / _LN10,
        "sigma": test.sigma,
    }


def _distance_metrics(test: DistanceTest) -> dict[str, Any]:
    return {
        "distance": test.distance,
        "expected": test.expected,
        "p_value": math.exp(test.log_p),
        "log10_p_value": test.log_p / _LN10,
    }


def _observable_metrics(result: ObservableResult) -> dict[str, Any]:
    tests, marginal = result.binned, result.marginal
    return {
        "name": result.observable.name,
        **metadata(result.observable),
        "p_value": math.exp(result.log_p),
        "log10_p_value": result.log_p / _LN10,
        "sigma": result.sigma,
        "p_value_adjusted": result.adjusted_p,
        "significant": result.significant,
        "counts": result.counts,
        "deviation": result.deviation,
        "deviation_resolution": result.deviation_error,
        "resolvable_deviation": result.resolvable,
        "where": result.where,
        "full": _chi2_metrics(tests.full),
        "shape": _chi2_metrics(tests.shape),
        "rate": _chi2_metrics(tests.rate),
        "scan": {
            "pull": tests.scan.pull,
            "p_value": math.exp(tests.scan.log_p),
            "log10_p_value": tests.scan.log_p / _LN10,
        },
        "rare": None
        if tests.rare is None
        else {
            "candidate": tests.rare.candidate,
            "reference": tests.rare.reference,
            "p_value": math.exp(tests.rare.log_p),
            "log10_p_value": tests.rare.log_p / _LN10,
        },
        "ks": None if marginal is None else _distance_metrics(marginal.ks),
        "wasserstein": None if marginal is None else _distance_metrics(marginal.wasserstein),
    }


def _global_metrics(test: GlobalTest) -> dict[str, Any]:
    return {
        "name": test.name,
        "title": test.title,
        "value": test.value,
        "error": test.error,
        "expected": test.expected,
        "p_value": test.p_value,
        "log10_p_value": test.log_p / _LN10,
        **test.details,
        **({} if test.weights is None else {"regions": _region_metrics(test.weights)}),
    }


def _region_metrics(weights: ClassifierWeights) -> list[dict[str, Any]]:
    """Where the weights of a classifier are largest and smallest."""
    return [
        {
            "title": region.title,
            "ratio": region.ratio,
            "features": list(region.features),
            "shifts": list(region.shifts),
        }
        for region in weights.regions
    ]


def comparison_metrics(
    found: Comparison,
    settings: Sequence[tuple[str, str]],
    parts: Sequence[tuple[str, str, str]],
    created: str,
) -> dict[str, Any]:
    """Everything that a comparison found.

    Parameters
    ----------
    found
        The comparison.
    settings
        Names and values of its settings, in words.
    parts
        What made the samples: name, in the candidate, in the reference.
    created
        Date and time.
    """
    sections, together = found.cross_sections, found.uniformity
    return {
        "schema_version": SCHEMA_VERSION,
        "verdict": found.verdict.value,
        "reasons": [
            {
                "name": reason.name,
                "title": reason.title,
                "kind": reason.kind,
                "figure": reason.figure,
                "p_value": math.exp(reason.log_p),
                "log10_p_value": reason.log_p / _LN10,
                "tolerated": reason.tolerated,
            }
            for reason in found.reasons
        ],
        "created": created,
        "family_wise_error": found.family_wise_error,
        "tolerance": {"default": found.tolerance.default, **(found.tolerance.by_name or {})},
        "settings": dict(settings),
        "parts": [
            {"name": name, "candidate": candidate, "reference": reference}
            for name, candidate, reference in parts
        ],
        "samples": {
            "candidate": _sample_metrics(found.candidate),
            "reference": _sample_metrics(found.reference),
        },
        "cross_section": None if sections is None else asdict(sections),
        "combination": {
            "ks_statistic": together.distance,
            "ks_p_value": together.p_value,
            "ks_p_value_independent": together.p_value_independent,
            "excess_p_value": together.excess_p_value,
            "effective_observables": together.effective_observables,
        },
        "global_tests": [_global_metrics(test) for test in found.global_tests],
        "observables": [_observable_metrics(result) for result in found.results],
        "repeated_events": {
            "candidate": found.repeats.candidate,
            "reference": found.repeats.reference,
            "shared": found.repeats.shared,
            "p_value": math.exp(found.repeats.log_p),
        },
        "finer_verdict": None if found.finer is None else asdict(found.finer),
        "warnings": list(found.warnings),
        "versions": versions(),
    }
