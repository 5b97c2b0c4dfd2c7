"""Section of the report: what two runs say of themselves, side by side."""

import math
from html import escape

from mcsurrogate.validation.runs import RunSummary

__all__ = ["regression_section"]

_SHOWN = 12
_CHANGE = 1.0
"""Observables whose deviation changed by at least so many standard deviations are listed."""


def _number(value: float | None, digits: int = 4) -> str:
    return "–" if value is None else f"{value:,.{digits}g}"


def _cross_section(run: RunSummary) -> str:
    if run.cross_section_pb is None:
        return "–"
    error = run.cross_section_error_pb
    return f"{run.cross_section_pb:.6g}" + (f" ± {error:.2g}" if error else "")


def _pull(a: RunSummary, b: RunSummary) -> str:
    """Difference of the cross sections in standard deviations."""
    if a.cross_section_pb is None or b.cross_section_pb is None:
        return ""
    error = math.hypot(a.cross_section_error_pb or 0.0, b.cross_section_error_pb or 0.0)
    return f"{(a.cross_section_pb - b.cross_section_pb) / error:+.1f} σ" if error else ""


def _significant(run: RunSummary) -> str:
    return "–" if run.observables is None else f"{run.significant} of {run.observables}"


def _worst(run: RunSummary) -> str:
    return "–" if run.worst is None else f"{run.worst} ({run.worst_sigma or 0.0:.1f} σ)"


def _table(a: RunSummary, b: RunSummary) -> str:
    rows = (
        ("verdict of its own report", a.verdict or "–", b.verdict or "–", ""),
        ("significant observables", _significant(a), _significant(b), ""),
        ("largest deviation", _worst(a), _worst(b), ""),
        ("cross section in pb", _cross_section(a), _cross_section(b), _pull(a, b)),
        ("integrand evaluations", _number(a.evaluations, 7), _number(b.evaluations, 7), ""),
        ("unweighting efficiency", _number(a.efficiency), _number(b.efficiency), ""),
        ("speed over standard chain", _number(a.speed_ratio, 3), _number(b.speed_ratio, 3), ""),
        ("version", a.version or "–", b.version or "–", ""),
    )
    cells = "".join(
        "<tr>" + "".join(f"<td class='l'>{escape(str(cell))}</td>" for cell in row) + "</tr>"
        for row in rows
        if row[1:3] != ("–", "–")
    )
    return (
        "<div class='scroll'><table><tr><th></th>"
        f"<th class='l'>{escape(a.folder.name)}</th><th class='l'>{escape(b.folder.name)}</th>"
        f"<th class='l'>difference</th></tr>{cells}</table></div>"
    )


def _changes(a: RunSummary, b: RunSummary) -> str:
    """Observables whose deviation from the reference changed between the reports."""
    common = [name for name in a.sigmas if name in b.sigmas]
    if not common:
        return ""
    changed = sorted(common, key=lambda n: -abs(a.sigmas[n] - b.sigmas[n]))
    shown = [n for n in changed if abs(a.sigmas[n] - b.sigmas[n]) >= _CHANGE][:_SHOWN]
    if not shown:
        return (
            f"<p>None of the {len(common)} observables of both reports deviates from its reference "
            f"by {_CHANGE:g} σ more or less than before.</p>"
        )
    rows = "".join(
        f"<tr><td>{escape(n)}</td><td>{a.sigmas[n]:.1f}</td><td>{b.sigmas[n]:.1f}</td>"
        f"<td>{a.sigmas[n] - b.sigmas[n]:+.1f}</td></tr>"
        for n in shown
    )
    return (
        "<h3>Deviations from the reference that changed most, in σ</h3><div class='scroll'><table>"
        f"<tr><th>observable</th><th>{escape(a.folder.name)}</th>"
        f"<th>{escape(b.folder.name)}</th><th>change</th></tr>{rows}</table></div>"
    )


def regression_section(runs: tuple[RunSummary, RunSummary] | None) -> str:
    """HTML of both runs' own results; empty where the samples are no runs."""
    if runs is None:
        return ""
    return (
        "<h2 id='runs'>The two runs</h2><p class='soft small'>What each run says of itself; the "
        f"tests of this page compare their events with each other.</p>{_table(*runs)}"
        f"{_changes(*runs)}"
    )
