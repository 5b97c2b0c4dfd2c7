# SPDX-License-Identifier: GPL-3.0-or-later
"""Templates of the pages, and how they write numbers.

The pages are Jinja templates that escape whatever they are given; only `Markup`, which figures
and powers of ten are, goes in as it is.
"""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from mcsurrogate.validation.runs import RunSummary
from mcsurrogate.validation.statistics.binned import Chi2
from mcsurrogate.validation.verdict import Verdict

__all__ = [
    "cross_section_text",
    "log_p_text",
    "number_text",
    "p_text",
    "page",
    "significant_text",
    "worst_text",
]

_NONE = "–"
_TONES = {
    Verdict.INDISTINGUISHABLE.value: "good",
    Verdict.WITHIN_TOLERANCE.value: "mid",
    Verdict.DIFFERS.value: "bad",
}
_SMALLEST_P = 1e-300


def log_p_text(log_p: float) -> str:
    """p-value in few characters, however small."""
    if log_p > math.log(1e-3):
        return f"{math.exp(log_p):.3f}"
    exponent = math.floor(log_p / math.log(10.0))
    mantissa = math.exp(log_p - exponent * math.log(10.0))
    return Markup("{:.1f}·10<sup>{}</sup>").format(mantissa, f"−{-exponent}")


def p_text(p_value: float) -> str:
    """p-value in few characters."""
    return log_p_text(math.log(max(p_value, _SMALLEST_P)))


def number_text(value: float | None, digits: int) -> str:
    """Value with so many digits; a dash for none."""
    return _NONE if value is None or not math.isfinite(value) else f"{value:,.{digits}g}"


def _with_error(value: float, error: float | None) -> str:
    """Value and error with as many digits as the error has meaning."""
    if not error:
        return f"{value:.6g}"
    digits = max(0, 1 - math.floor(math.log10(abs(error))))
    return f"{value:.{digits}f} ± {error:.{digits}f}"


def _seconds(value: float) -> str:
    if value < 1e-3:
        return f"{1e6 * value:.3g} µs"
    if value < 1.0:
        return f"{1e3 * value:.3g} ms"
    return f"{value:,.0f} s" if value >= 100.0 else f"{value:.3g} s"


def _rate(value: float) -> str:
    """Three digits, in full."""
    if value <= 0.0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(value)))
    return f"{value:,.{digits}f}"


def cross_section_text(run: RunSummary) -> str:
    """Cross section of a run with its error; a dash for none."""
    if run.cross_section_pb is None:
        return _NONE
    error = run.cross_section_error_pb
    return f"{run.cross_section_pb:.6g}" + (f" ± {error:.2g}" if error else "")


def significant_text(run: RunSummary) -> str:
    """Significant observables of all; a dash without a report."""
    return _NONE if run.observables is None else f"{run.significant} of {run.observables}"


def worst_text(run: RunSummary) -> str:
    """Observable that deviates most; a dash for none."""
    return _NONE if run.worst is None else f"{run.worst} ({run.worst_sigma or 0.0:.1f} σ)"


def _chi2(test: Chi2) -> str:
    return f"{test.statistic:.1f} / {test.ndf}" if test.ndf else _NONE


def _chi2_p(test: Chi2) -> str:
    return log_p_text(test.log_p) if test.ndf else _NONE


_FILTERS: dict[str, Callable[..., str]] = {
    "chi2": _chi2,
    "chi2_p": _chi2_p,
    "cross_section": cross_section_text,
    "log_p": log_p_text,
    "number": number_text,
    "p": p_text,
    "rate": _rate,
    "seconds": _seconds,
    "sentence": lambda text: text[:1].upper() + text[1:],
    "significant": significant_text,
    "spec": format,
    "tone": lambda verdict: _TONES.get(verdict, "none"),
    "with_error": _with_error,
    "worst": worst_text,
}


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("mcsurrogate.validation.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(_FILTERS)
    return environment


def page(template: str, **data: Any) -> str:  # noqa: ANN401 - whatever the template shows
    """Text of a page.

    Parameters
    ----------
    template
        Name of the file in ``templates``, without ``.html.j2``.
    data
        What it shows; a name that it uses and does not get is an error.
    """
    return _environment().get_template(f"{template}.html.j2").render(data) + "\n"
