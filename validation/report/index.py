"""Index page of a folder of runs: one static file without anything outside it."""

import os
from collections.abc import Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

from mcsurrogate.atomic import write_text
from mcsurrogate.errors import ValidationError
from mcsurrogate.validation.report.style import STYLE
from mcsurrogate.validation.runs import RunSummary, find_runs, summarize_run
from mcsurrogate.validation.verdict import Verdict

__all__ = ["write_index"]

_CLASS = {
    Verdict.INDISTINGUISHABLE.value: "good",
    Verdict.WITHIN_TOLERANCE.value: "mid",
    Verdict.DIFFERS.value: "bad",
}
_INDEX = "index.html"


def _number(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else f"{value:,.{digits}g}"


def _row(run: RunSummary, folder: Path) -> str:
    name = escape(str(run.folder.relative_to(folder)))
    if run.report is not None:
        link = quote(os.path.relpath(run.report, folder).replace(os.sep, "/"))
        name = f"<a href='{link}'>{name}</a>"
    verdict = run.verdict or "no report yet"
    pill = f"<span class='pill {_CLASS.get(verdict, 'none')}'>{escape(verdict)}</span>"
    significant = "–" if run.observables is None else f"{run.significant} of {run.observables}"
    worst = "–" if run.worst is None else f"{escape(run.worst)} ({run.worst_sigma or 0:.1f} σ)"
    events = "–" if run.events is None else " / ".join(f"{n:,}" for n in run.events)
    section = "–"
    if run.cross_section_pb is not None:
        error = run.cross_section_error_pb
        section = f"{run.cross_section_pb:.6g}" + (f" ± {error:.2g}" if error else "")
    compared = run.process or (" against ".join(run.labels) if run.labels else "–")
    cells = (
        ("wrap l", name),
        ("l", pill),
        ("wrap l", escape(compared)),
        ("", events),
        ("", significant),
        ("wrap l", worst),
        ("", section),
        ("", _number(run.speed_ratio)),
        ("", "never" if run.speed_ratio and run.break_even is None else _number(run.break_even)),
        ("l", escape(run.created or "–")),
    )
    return "<tr>" + "".join(f"<td class='{c}'>{text}</td>" for c, text in cells) + "</tr>"


def _page(folder: Path, runs: Sequence[RunSummary], broken: Sequence[str]) -> str:
    heads = (
        ("", "run"),
        ("l", "verdict"),
        ("l", "process"),
        ("", "events"),
        ("", "significant"),
        ("l", "largest deviation"),
        ("", "cross section / pb"),
        ("", "speed ratio"),
        ("", "break-even events"),
        ("l", "made"),
    )
    head = "".join(f"<th class='{c}'>{text}</th>" for c, text in heads)
    counts = {value: sum(r.verdict == value for r in runs) for value in _CLASS}
    tiles = "".join(
        f"<div class='tile'><div class='k'>{escape(name)}</div><div class='v'>{number}</div></div>"
        for name, number in (("runs", len(runs)), *counts.items())
    )
    damaged = "".join(f"<p class='warning'>{escape(text)}</p>" for text in broken)
    title = escape(folder.resolve().name)
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width,initial-scale=1'>"
        f"<title>Runs in {title}</title><style>{STYLE}</style></head><body><header>"
        f"<p class='soft small'>mcsurrogate</p><h1>Runs in {title}</h1></header><main>"
        f"<div class='tiles'>{tiles}</div>{damaged}<div class='scroll'><table><tr>{head}</tr>"
        f"{''.join(_row(run, folder) for run in runs)}</table></div>"
        "<p class='soft small'>Latest first. Speed ratio: events a second of the surrogate chain "
        "over the standard chain, preparation left out; break-even: events from which on the "
        "surrogate is cheaper, preparation counted.</p></main></body></html>\n"
    )


def write_index(folder: Path) -> tuple[Path, int]:
    """Write ``index.html`` of the runs and reports in a folder.

    Parameters
    ----------
    folder
        Where to look, three levels deep.

    Returns
    -------
    The page, and the number of runs on it.

    Raises
    ------
    ValidationError
        There is no such folder, or no run in it.
    """
    if not folder.is_dir():
        raise ValidationError(f"{folder}: no such folder")
    runs, broken = [], []
    for place in find_runs(folder):
        try:
            runs.append(summarize_run(place))
        except ValidationError as error:
            # one damaged run must not hide the others
            broken.append(str(error))
    if not runs and not broken:
        raise ValidationError(f"{folder}: holds no run and no report")
    runs.sort(key=lambda r: (r.created or "", str(r.folder)), reverse=True)
    page = folder / _INDEX
    write_text(page, _page(folder, runs, broken))
    return page, len(runs)
