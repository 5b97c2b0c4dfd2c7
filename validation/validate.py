"""`validate`: two event files in, a verdict, a page and metrics out."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mcsurrogate.analysis import JetDefinition
from mcsurrogate.atomic import write_text
from mcsurrogate.errors import ValidationError
from mcsurrogate.validation.classifiers.deep import DEEP_EVENTS
from mcsurrogate.validation.classifiers.global_test import GlobalTest
from mcsurrogate.validation.classifiers.weights import ClassifierWeights
from mcsurrogate.validation.comparison import Comparison, ObservableResult, compare
from mcsurrogate.validation.data_comparison import compare_data
from mcsurrogate.validation.metrics import SCHEMA_VERSION, dumps
from mcsurrogate.validation.observables.registry import Observable, metadata, names
from mcsurrogate.validation.observables.user_file import load_observables
from mcsurrogate.validation.parallel import can_divide, fill_both
from mcsurrogate.validation.plan import Plan, Planner
from mcsurrogate.validation.report import FigureShelf, render
from mcsurrogate.validation.rivet import find_rivet, run_rivet
from mcsurrogate.validation.runs import summarize_run
from mcsurrogate.validation.sample import Progress, Sample, fill_sample
from mcsurrogate.validation.statistics.binned import Chi2
from mcsurrogate.validation.statistics.marginal import DistanceTest
from mcsurrogate.validation.supplement import Supplement
from mcsurrogate.validation.timing import timing_of
from mcsurrogate.validation.verdict import FAMILY_WISE_ERROR, Tolerance, Verdict
from mcsurrogate.validation.yoda import write_samples
from mcsurrogate.versions import versions

__all__ = ["ValidationResult", "validate"]

_LN10 = math.log(10.0)
_CROSS_SECTION = "cross_section"
"""What a tolerance of the files' own cross sections is called."""
RESERVOIR = 50_000
"""Events of each sample that the kernel distance and the classifier see at most."""


@dataclass(frozen=True)
class ValidationResult:
    """Outcome of `validate`.

    Attributes
    ----------
    verdict
        The verdict.
    report, metrics_file
        The files that were written.
    comparison
        All samples, tests and histograms.
    metrics
        What `metrics_file` holds.
    """

    verdict: Verdict
    report: Path
    metrics_file: Path
    comparison: Comparison
    metrics: dict[str, Any]


def validate(
    candidate: Path,
    reference: Path,
    out: Path,
    *,
    preset: str | None = None,
    labels: tuple[str, str] = ("candidate", "reference"),
    observables: Sequence[str | Observable] | None = None,
    observables_file: Path | None = None,
    jets: JetDefinition | None = None,
    weight: str | None = None,
    max_events: int | None = None,
    tolerance: float | Mapping[str, float] | None = None,
    family_wise_error: float = FAMILY_WISE_ERROR,
    reservoir: int = RESERVOIR,
    deep: bool = False,
    seed: int = 1,
    parts: Sequence[tuple[str, str, str]] = (),
    workers: int = 1,
    measured: bool = True,
    plots: bool = False,
    yoda: bool = False,
    rivet: Sequence[str] = (),
    runs: tuple[Path, Path] | None = None,
    progress: Progress | None = None,
    tell: Callable[[str], None] | None = None,
) -> ValidationResult:
    """Compare two event samples and write ``report.html`` and ``metrics.json``.

    Parameters
    ----------
    candidate, reference
        HepMC3 or HepMC2 files, plain or compressed; each is read once, in a stream.
    out
        Folder for the report; made where it does not exist.
    preset
        Name of a list of observables; by default the one that fits the reference's events.
    labels
        Names of the samples in the report.
    observables
        Names or `Observable` objects instead of a preset.
    observables_file
        Python file with a user's observables, which come on top; see `observable`.
    jets
        Jet definition; anti-kt with R = 0.4, pT > 25 GeV, |y| < 4.5 by default.
    weight
        Name of the event weight to use; the first one by default.
    max_events
        Read at most this many events of each file.
    tolerance
        Relative deviation that is allowed, for all observables or by name (``default`` for
        the others); without it every significant deviation means ``differs``.
    family_wise_error
        Probability of a false ``differs``.
    reservoir
        Events of each sample, drawn at random, that the kernel distance and the classifier
        see at most; 0 leaves both out.
    deep
        Also train a particle-flow and a Lorentz-equivariant network on the particles of
        `DEEP_EVENTS` events of each sample; takes minutes.
    seed
        Of all random choices.
    parts
        What made the samples, for the report: name, in the candidate, in the reference.
    workers
        2 reads both files at once, in processes of their own.  Results do not depend on it.
        `Observable` objects are only known to this process, which then reads one file after
        the other.
    measured
        Compare both samples with measured values, where there are some for such events.
    plots
        Write every figure as PDF and PNG to ``plots`` in the folder.
    yoda
        Write the histograms as ``candidate.yoda`` and ``reference.yoda``.
    rivet
        Rivet analyses to run on both files; needs the command ``rivet``.
    runs
        Folders of the two runs or reports that the samples come from, to show side by side what
        they say of themselves.
    progress
        Called after each chunk with label, events read and fraction of the file.
    tell
        Called with the name of each test that takes longer, before it.

    Returns
    -------
    ValidationResult
        Also when the samples differ; look at its `verdict`.

    Raises
    ------
    EventFileError
        A file is missing or damaged; nothing is written.
    ValidationError
        Samples that cannot be compared or unknown names; nothing is written.
    """
    if rivet:
        find_rivet()
    summaries = (summarize_run(runs[0]), summarize_run(runs[1])) if runs is not None else None
    own = load_observables(Path(observables_file)) if observables_file is not None else ()
    planner = Planner(
        preset,
        observables,
        own,
        reservoir=reservoir,
        seed=seed,
        deep=DEEP_EVENTS if deep else 0,
        measured=measured,
    )
    allowed = _tolerance(tolerance)
    _require_known(allowed, [*own, *(o for o in observables or () if isinstance(o, Observable))])
    options: dict[str, Any] = {
        "weight": weight,
        "jets": jets,
        "max_events": max_events,
    }
    if workers > 1 and can_divide(planner, observables_file):
        first, second = fill_both(
            Path(candidate),
            Path(reference),
            labels,
            planner,
            observables_file,
            options,
            progress,
        )
    else:
        # the reference first: its events decide the preset
        options["progress"] = progress
        second = fill_sample(Path(reference), labels[1], planner, **options)
        first = fill_sample(Path(candidate), labels[0], planner, **options)
    found = compare(
        first, second, allowed, seed=seed, family_wise_error=family_wise_error, progress=tell
    )
    created = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    settings = _settings(second.plan, jets or JetDefinition(), max_events, allowed, seed, found)
    out = Path(out)
    files = write_samples(found, out) if yoda else ()
    run = None
    if rivet:
        run = run_rivet(
            Path(candidate),
            Path(reference),
            rivet,
            out / "rivet",
            labels=labels,
            max_events=max_events,
        )
    supplement = Supplement(
        compare_data(first.measured, second.measured, labels),
        timing_of(Path(candidate), Path(reference)),
        run,
        (*files, *(("plots/",) if plots else ())),
        summaries,
    )
    shelf = FigureShelf(out / "plots" if plots else None)
    metrics = {**_metrics(found, settings, parts, created), **supplement.metrics()}
    report_file, metrics_file = out / "report.html", out / "metrics.json"
    write_text(report_file, render(found, settings, created, parts, supplement, shelf))
    write_text(metrics_file, dumps(metrics))
    return ValidationResult(found.verdict, report_file, metrics_file, found, metrics)


def _tolerance(given: float | Mapping[str, float] | None) -> Tolerance:
    if given is None:
        return Tolerance()
    if isinstance(given, Mapping):
        named = {k: v for k, v in given.items() if k != "default"}
        return Tolerance(given.get("default", 0.0), named)
    return Tolerance(given)


def _require_known(tolerance: Tolerance, own: Sequence[Observable]) -> None:
    """Refuse tolerances of observables that do not exist."""
    known = {*names(), *(o.name for o in own), _CROSS_SECTION}
    unknown = sorted(set(tolerance.by_name or ()) - known)
    if unknown:
        message = (
            f"tolerance names {', '.join(unknown)}, which is no observable; `mcsurrogate validate "
            f"--list` lists them, 'default' stands for all others and {_CROSS_SECTION!r} for the "
            "cross sections of the files"
        )
        raise ValidationError(message)


def _settings(
    plan: Plan,
    jets: JetDefinition,
    max_events: int | None,
    tolerance: Tolerance,
    seed: int,
    found: Comparison,
) -> list[tuple[str, str]]:
    allowed = [f"{k}: {v:.3g}" for k, v in (tolerance.by_name or {}).items()]
    if tolerance.default:
        allowed.append(f"{tolerance.default:.3g} for all others")
    return [
        ("candidate", str(found.candidate.file.path)),
        ("reference", str(found.reference.file.path)),
        ("preset", plan.preset or "none, observables were named"),
        ("observables", str(len(plan.observables))),
        ("jets", f"{jets}, of visible final-state particles"),
        ("events read", "all" if max_events is None else f"at most {max_events} a file"),
        ("tolerance", ", ".join(allowed) or "none: any significant deviation is 'differs'"),
        ("family-wise error", f"{found.family_wise_error:g}"),
        ("seed of the bootstrap", str(seed)),
    ]


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


def _metrics(
    found: Comparison,
    settings: Sequence[tuple[str, str]],
    parts: Sequence[tuple[str, str, str]],
    created: str,
) -> dict[str, Any]:
    sections, together = found.cross_sections, found.uniformity
    return {
        "schema_version": SCHEMA_VERSION,
        "verdict": found.verdict.value,
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
        "cross_section": None
        if sections is None
        else {"ratio": sections.ratio, "pull": sections.pull, "p_value": sections.p_value},
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
