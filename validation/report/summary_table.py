"""The summary table of a report, and its numbers as text."""

import math
from html import escape

from mcsurrogate.validation.comparison import Comparison, ObservableResult
from mcsurrogate.validation.statistics.binned import Chi2

__all__ = ["chi2_p_text", "chi2_text", "distance_text", "p_text", "summary_table"]

_SHOWN = 25
"""Rows of the summary table that are not folded away."""


def p_text(log_p: float) -> str:
    """p-value in few characters, however small."""
    if log_p > math.log(1e-3):
        return f"{math.exp(log_p):.3f}"
    exponent = math.floor(log_p / math.log(10.0))
    mantissa = math.exp(log_p - exponent * math.log(10.0))
    return f"{mantissa:.1f}·10<sup>{exponent}</sup>".replace("-", "−")


def chi2_text(test: Chi2) -> str:
    """Statistic over degrees of freedom."""
    return f"{test.statistic:.1f} / {test.ndf}" if test.ndf else "–"


def chi2_p_text(test: Chi2) -> str:
    """p-value, a dash where there was nothing to test."""
    return p_text(test.log_p) if test.ndf else "–"


def distance_text(r: ObservableResult, name: str) -> str:
    """Return the p-value of one of the distances."""
    return "–" if r.marginal is None else p_text(getattr(r.marginal, name).log_p)


def _row(r: ObservableResult) -> str:
    t = r.binned
    width = min(100.0, 100.0 * r.sigma / 8.0)
    return (
        f"<tr class='{'flag' if r.significant else ''}'>"
        f"<td class='wrap'><a href='#{r.observable.name}'>{escape(r.observable.title)}</a>"
        f"{'' if r.counts else ' (for information)'}</td>"
        f"<td><span class='bar'><i style='width:{width:.0f}%'></i></span> {r.sigma:.1f}</td>"
        f"<td>{p_text(math.log(max(r.adjusted_p, 1e-300)))}</td>"
        f"<td>{chi2_text(t.full)}</td><td>{chi2_p_text(t.full)}</td><td>{chi2_p_text(t.shape)}</td><td>{chi2_p_text(t.rate)}</td>"
        f"<td>{p_text(t.scan.log_p)}</td>"
        f"<td>{distance_text(r, 'ks')}</td><td>{distance_text(r, 'wasserstein')}</td>"
        f"<td>{100 * r.deviation:.2g}%</td><td class='l'>{escape(r.where)}</td></tr>"
    )


def summary_table(c: Comparison) -> str:
    """HTML of the table of all observables, the largest deviation first."""
    head = (
        "<tr><th>observable</th><th>deviation in σ</th><th>p adjusted</th><th>χ² / ndf</th>"
        "<th>p (χ²)</th><th>p (shape)</th><th>p (rate)</th><th>p (scan)</th><th>p (KS)</th>"
        "<th>p (W<sub>1</sub>)</th><th>size</th><th class='l'>largest in</th></tr>"
    )
    # significant ones are always in sight
    number = max(_SHOWN, sum(r.significant for r in c.results))
    shown, rest = c.results[:number], c.results[number:]
    folded = ""
    if rest:
        folded = (
            f"<details class='rest'><summary>{len(rest)} more observables</summary>"
            f"<div class='scroll'><table>{head}{''.join(_row(r) for r in rest)}</table></div>"
            "</details>"
        )
    return (
        "<h2 id='summary'>Summary, largest deviation first</h2><div class='scroll'><table>"
        + head
        + "".join(_row(r) for r in shown)
        + f"</table></div>{folded}<p class='soft small'>p (χ²): shape and rate together. "
        "Deviation: the smallest of the χ², scan, KS and Wasserstein p-values, corrected for their "
        "number. "
        "Adjusted: probability that any of all observables comes out as small between equal "
        "samples. Size: root mean square relative difference over the bins with the statistical "
        "noise subtracted.</p>"
    )
