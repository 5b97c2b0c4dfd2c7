# SPDX-License-Identifier: GPL-3.0-or-later
"""Stage ``validate``: the report that compares both chains."""

from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

from mcsurrogate.errors import RunFolderError
from mcsurrogate.progress import Progress
from mcsurrogate.run_folder import RunFolder
from mcsurrogate.run_record import read_result
from mcsurrogate.stages.inputs import observables_files
from mcsurrogate.stages.observed import (
    asked_observables,
    kept_sample,
    observables_file,
    validation_settings,
)
from mcsurrogate.stages.surrogates import surrogate_parts
from mcsurrogate.validation import ValidationResult, main_reasons, validate, validate_samples

__all__ = ["reading_progress", "run_validation", "summarize"]

REPORT = "report"
_CHAINS = ("surrogate", "standard")


def run_validation(
    folder: RunFolder, progress: Progress, *, executor: Executor | None = None
) -> dict[str, Any]:
    """Compare the surrogate chain's events with the standard chain's.

    A finished report whose page is gone is made again.

    Parameters
    ----------
    folder
        The run, with both chains.
    progress
        Told the tests that take longer.
    executor
        Whose workers draw the figures; this process by default.

    Returns
    -------
    dict
        Verdict, number of observables, smallest p-value and the path of the report.
    """
    chains = [folder.finished(stage) for stage in ("shower", "reference")]
    asked = asked_observables(validation_settings(folder))
    filled = all(chain.get("observables") == asked for chain in chains)
    made = [observables_file(name) for name in _CHAINS] if filled else _events(folder, chains)
    files = {file: folder.path / file for file in made}
    reads = {**files, **observables_files(folder.card)}
    page = folder.path / REPORT / "report.html"
    if folder.resume and folder.record("validate") is not None and not page.exists():
        folder.withdraw("validate")
    with folder.stage("validate", reads=reads) as record:
        if record is None:
            return dict(folder.record("validate") or {})
        settings = validation_settings(folder, parts=_parts(folder, chains))
        out = folder.path / REPORT

        def tell(test: str) -> None:
            progress(0.0, None, test)

        if filled:
            first, second = (kept_sample(folder, name) for name in _CHAINS)
            result = validate_samples(first, second, out, settings, executor=executor, tell=tell)
        else:
            report = reading_progress(progress)
            one, two = files.values()
            result = validate(one, two, out, settings, progress=report, tell=tell)
        record.update(summarize(result), report=f"{REPORT}/{page.name}")
        return dict(record)


def _events(folder: RunFolder, chains: list[dict[str, Any]]) -> list[str]:
    """Return the files of events, for chains that were run without the observables asked for.

    Raises
    ------
    RunFolderError
        If a chain kept no events.
    """
    files = [chain["file"] for chain in chains]
    if None in files:
        raise RunFolderError(
            f"{folder.path}: the observables of [validation] were not filled, and no events were "
            "kept (chain.hepmc = 'none'); run both chains again in another folder"
        )
    return files


def _parts(folder: RunFolder, chains: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """List what made both samples."""
    own_process = folder.card.process.definition is not None
    method = read_result(folder.path)["method"] if own_process else None
    failed, other = (
        f"{chain['failed_events']:,} of {chain['events'] + chain['failed_events']:,}"
        for chain in chains
    )
    parts = [*surrogate_parts(folder.card, method), ("events that failed", failed, other)]
    said, others = ("; ".join(chain.get("warnings", ())) for chain in chains)
    return [*parts, ("warnings", said, others)] if said or others else parts


def summarize(result: ValidationResult) -> dict[str, Any]:
    """Return verdict, its reasons, number of observables and smallest p-value of a comparison."""
    # rows for information only, as that of event weights, decide nothing
    observables = [entry for entry in result.metrics["observables"] if entry["counts"]]
    return {
        "verdict": result.verdict.value,
        "reasons": _reasons(result),
        "observables": len(observables),
        "smallest_p": min((entry["p_value"] for entry in observables), default=1.0),
        "ks_p_value": result.metrics["combination"]["ks_p_value"],
    }


def _reasons(result: ValidationResult) -> list[str]:
    """Return what decided, in lines; of the observables the first ones."""
    reasons = result.comparison.reasons
    shown = main_reasons(reasons)
    more = len(reasons) - len(shown)
    return [*map(str, shown), *([f"{more} more observables"] if more else [])]


def reading_progress(progress: Progress, files: int = 2) -> Callable[[str, int, float], None]:
    """Turn the progress of reading files into that of one task."""
    done: dict[str, float] = {}

    def report(label: str, events: int, fraction: float) -> None:
        done[label] = fraction
        progress(sum(done.values()), float(files), f"{label}: {events:,} events read")

    return report
