"""Section of the report: samples against measured values."""

from collections.abc import Sequence
from html import escape

from mcsurrogate.validation.data_comparison import MeasuredResult, SampleAgainstData
from mcsurrogate.validation.report.data_figures import distribution_figure, pulls_figure
from mcsurrogate.validation.report.figures import FigureShelf

__all__ = ["data_section"]


def _chi2(side: SampleAgainstData) -> str:
    return f"{side.chi2:.1f} / {side.ndf}" if side.ndf else "not compared"


def _worst(found: MeasuredResult, side: SampleAgainstData) -> str:
    """Name the value with the largest pull."""
    if not side.ndf:
        return "–"
    pulls = [abs(p) if c else -1.0 for p, c in zip(side.pulls, side.compared, strict=True)]
    i = pulls.index(max(pulls))
    return f"{escape(found.measurement.labels[i])} ({side.pulls[i]:+.1f} σ)"


def _table(results: Sequence[MeasuredResult], labels: tuple[str, str]) -> str:
    rows = "".join(
        f"<tr><td class='wrap'><a href='#data-{r.measurement.name}'>"
        f"{escape(r.measurement.title)}</a></td><td>{len(r.measurement)}</td>"
        f"<td>{_chi2(r.candidate)}</td><td>{_chi2(r.reference)}</td>"
        f"<td class='l'>{_worst(r, r.candidate)}</td><td class='l'>{_worst(r, r.reference)}</td>"
        "</tr>"
        for r in results
    )
    a, b = (escape(label) for label in labels)
    return (
        "<div class='scroll'><table><tr><th>measurement</th><th>values</th>"
        f"<th>χ² / values, {a}</th><th>χ² / values, {b}</th>"
        f"<th class='l'>largest pull, {a}</th><th class='l'>largest pull, {b}</th></tr>"
        f"{rows}</table></div>"
    )


def _missing(found: MeasuredResult) -> str:
    """Values that neither sample holds."""
    gone = ~(found.candidate.compared | found.reference.compared)
    names = [label for label, out in zip(found.measurement.labels, gone, strict=True) if out]
    return f" Not in the samples: {escape(', '.join(names))}." if names else ""


def _figure(found: MeasuredResult, labels: tuple[str, str], shelf: FigureShelf) -> str:
    measurement = found.measurement
    draw = pulls_figure if measurement.edges is None else distribution_figure
    name = f"data-{measurement.name}"
    svg = shelf.inline(draw(found, labels), name, measurement.title)
    a, b = (escape(label) for label in labels)
    return (
        f"<figure id='{name}'><h3>{escape(measurement.title)}</h3><div class='stat'>"
        f"χ² / values: {a} {_chi2(found.candidate)}, {b} {_chi2(found.reference)}</div>{svg}"
        f"<figcaption>{escape(measurement.definition)}.{_missing(found)}</figcaption></figure>"
    )


def data_section(
    results: Sequence[MeasuredResult], labels: tuple[str, str], shelf: FigureShelf
) -> str:
    """HTML of the comparison with measured values; empty where there are none."""
    if not results:
        return ""
    notes = dict.fromkeys(note for r in results for note in r.notes)
    warnings = "".join(f"<p class='warning'>{escape(note)}.</p>" for note in notes)
    sources = "; ".join(dict.fromkeys(r.measurement.source for r in results))
    figures = "".join(_figure(r, labels, shelf) for r in results)
    return (
        "<h2 id='data'>Measured values</h2><p class='soft small'>Both samples against data; they "
        "decide nothing about the verdict. χ² takes the errors of the data as independent, since "
        "their correlations are not published, and the covariance of the samples as it is.</p>"
        f"{warnings}{_table(results, labels)}<p class='soft small'>Sources: {escape(sources)}.</p>"
        f"<div class='plots'>{figures}</div>"
    )
