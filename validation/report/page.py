"""The report as one HTML page without anything outside it."""

import math
from collections.abc import Sequence
from html import escape

import numpy as np

from mcsurrogate.validation.comparison import Comparison, ObservableResult
from mcsurrogate.validation.report.data import data_section
from mcsurrogate.validation.report.figures import FigureShelf
from mcsurrogate.validation.report.files import files_section
from mcsurrogate.validation.report.plots import observable_figure
from mcsurrogate.validation.report.regression import regression_section
from mcsurrogate.validation.report.speed import speed_section
from mcsurrogate.validation.report.style import STYLE
from mcsurrogate.validation.report.summary_plots import (
    p_value_figure,
    region_figure,
    weight_figure,
)
from mcsurrogate.validation.report.summary_table import (
    chi2_p_text,
    chi2_text,
    distance_text,
    p_text,
    summary_table,
)
from mcsurrogate.validation.sample import Sample
from mcsurrogate.validation.statistics.binned import MIN_EFFECTIVE
from mcsurrogate.validation.supplement import Supplement
from mcsurrogate.validation.verdict import Verdict
from mcsurrogate.validation.weight_bands import Band
from mcsurrogate.versions import versions

__all__ = ["render"]

_GROUPS = {
    "hard": "Hard process",
    "top": "Top quarks",
    "event": "Events",
    "shape": "Event shapes",
    "jet": "Jets",
    "substructure": "Jet substructure",
    "particle": "Particles",
    "correlation": "Correlations and flights",
    "user": "Own observables",
    "weight": "Event weights",
    "consistency": "Consistency of the events",
}
_CLASS = {
    Verdict.INDISTINGUISHABLE: "good",
    Verdict.WITHIN_TOLERANCE: "mid",
    Verdict.DIFFERS: "bad",
}


def _number(value: float | None, digits: int = 5) -> str:
    return "–" if value is None or not math.isfinite(value) else f"{value:,.{digits}g}"


def _with_error(value: float | None, error: float | None) -> str:
    """Value and error with as many digits as the error has meaning."""
    if value is None:
        return "not stated"
    if not error:
        return f"{value:.6g}"
    digits = max(0, 1 - math.floor(math.log10(abs(error))))
    return f"{value:.{digits}f} ± {error:.{digits}f}"


def _deciding(c: Comparison) -> list[ObservableResult]:
    """Rows that count for the verdict, by rank."""
    return [r for r in c.results if r.counts]


def _verdict(c: Comparison) -> str:
    found = [r for r in c.results if r.significant]
    n = len(_deciding(c))
    if c.verdict is Verdict.INDISTINGUISHABLE:
        why = f"No significant deviation in {n} observables"
    else:
        worst = found[0] if found else None
        why = f"{len(found)} of {n} observables deviate significantly"
        if worst is not None:
            why += (
                f"; the largest is <a href='#{worst.observable.name}'>"
                f"{escape(worst.observable.title.lower())}</a> ({worst.sigma:.1f} σ)"
            )
        if c.verdict is Verdict.WITHIN_TOLERANCE:
            why += "; all are within the allowed tolerance"
    why += f". Probability of a false alarm over all tests: {100 * c.family_wise_error:.2g}%."
    if c.finer is not None:
        sentence = escape(str(c.finer))
        why += f" {sentence[0].upper()}{sentence[1:]}."
    return (
        f"<div class='verdict {_CLASS[c.verdict]}'><b>{escape(c.verdict.value)}</b>"
        f"<span>{why}</span></div>"
    )


def _warnings(c: Comparison) -> str:
    """List what a reader should know besides the verdict."""
    lines = "".join(f"<li>{escape(text)}</li>" for text in c.warnings)
    return f"<ul class='warnings'>{lines}</ul>" if lines else ""


def _tiles(c: Comparison) -> str:
    rows = _deciding(c)
    tiles = [
        ("events, candidate", f"{c.candidate.file.events:,}"),
        ("events, reference", f"{c.reference.file.events:,}"),
        (
            "smallest p-value of all, adjusted",
            p_text(math.log(max(min(r.adjusted_p for r in rows), 1e-300))),
        ),
        ("p-values uniform (KS, correlated)", p_text(math.log(c.uniformity.p_value))),
        ("largest deviation", f"{max(r.sigma for r in rows):.1f} σ"),
    ]
    if c.cross_sections is not None:
        pull = c.cross_sections.pull
        text = f"{c.cross_sections.ratio:.4f}" + ("" if pull is None else f" ({pull:+.1f} σ)")
        tiles.append(("cross section, candidate / reference", text))
    return (
        "<div class='tiles'>"
        + "".join(
            f"<div class='tile'><div class='k'>{k}</div><div class='v'>{v}</div></div>"
            for k, v in tiles
        )
        + "</div>"
    )


def _samples(c: Comparison) -> str:
    def rows(s: Sample) -> list[str]:
        w, f = s.weights, s.file
        tools = ", ".join(f"{n} {v}".strip() for n, v, _ in f.tools) or "not stated"
        return [
            escape(f.path.name),
            f"{escape(f.format)}, {escape(tools)}",
            f"{f.events:,}" + ("" if f.complete else " (first ones)"),
            escape(w.name),
            f"{w.total:,.6g}",
            f"{w.effective_events:,.0f}",
            f"{w.negative:,} ({100.0 * w.negative / f.events:.2g}%)",
            f"{w.smallest:.4g} … {w.largest:.4g}",
            f"{s.particles_per_event:.1f}",
            _with_error(f.cross_section_pb, f.cross_section_error_pb) + " pb"
            if f.cross_section_pb is not None
            else "not stated",
        ]

    names = (
        "file",
        "format, made by",
        "events",
        "weight",
        "sum of weights",
        "effective events (Σw)²/Σw²",
        "events with negative weight",
        "range of weights",
        "final particles an event",
        "cross section",
    )
    body = "".join(
        f"<tr><td>{name}</td><td>{a}</td><td>{b}</td></tr>"
        for name, a, b in zip(names, rows(c.candidate), rows(c.reference), strict=True)
    )
    return (
        "<h2 id='samples'>Samples</h2><div class='scroll'><table><tr><th></th>"
        f"<th><span class='key' style='background:var(--candidate)'></span>candidate: "
        f"{escape(c.candidate.label)}</th>"
        f"<th><span class='key' style='background:var(--reference)'></span>reference: "
        f"{escape(c.reference.label)}</th></tr>{body}</table></div>"
    )


def _global(c: Comparison) -> str:
    """Table of the tests of all observables at once."""
    if not c.global_tests:
        return ""
    rows = "".join(
        f"<tr><td>{escape(t.title)}</td><td>{_number(t.value, 4)}"
        f"{'' if t.error is None else ' ± ' + _number(t.error, 2)}</td>"
        f"<td>{_number(t.expected, 4)}</td><td>{p_text(t.log_p)}</td></tr>"
        for t in c.global_tests
    )
    return (
        "<h2 id='global'>All observables at once</h2><div class='scroll'><table><tr><th>test</th>"
        "<th>value</th><th>expected between equal samples</th><th>p</th></tr>"
        f"{rows}</table></div><p class='soft small'>On {len(c.reference.plan.features.names)} "
        "features of every event made of the observables, scaled to their spread.</p>"
    )


def _figure(
    r: ObservableResult, labels: tuple[str, str], bands: list[Band], shelf: FigureShelf
) -> str:
    o, t = r.observable, r.binned
    svg = shelf.inline(
        observable_figure(o, r.candidate, r.reference, t.pulls, labels, bands), o.name, o.title
    )
    pill = f"<span class='pill'>{r.sigma:.1f} σ</span>" if r.significant else ""
    return (
        f"<figure id='{o.name}'><h3>{escape(o.title)}{pill}</h3>"
        f"<div class='stat'>χ²/ndf = {chi2_text(t.full)}, p = {chi2_p_text(t.full)}; "
        f"shape {chi2_p_text(t.shape)}, rate {chi2_p_text(t.rate)}; "
        f"KS {distance_text(r, 'ks')}, W<sub>1</sub> {distance_text(r, 'wasserstein')}</div>"
        f"{svg}<figcaption><code>{o.name}</code>: {escape(o.definition)}</figcaption></figure>"
    )


def _figures(c: Comparison, shelf: FigureShelf) -> str:
    labels = (c.candidate.label, c.reference.label)
    out = []
    for group, title in _GROUPS.items():
        members = [r for r in c.results if r.observable.group == group]
        if members:
            body = "".join(
                _figure(r, labels, c.candidate.bands.of(r.observable.name, r.candidate.mean), shelf)
                for r in members
            )
            out.append(f"<h2 id='group-{group}'>{title}</h2><div class='plots'>{body}</div>")
    return "".join(out)


def _combination(c: Comparison, shelf: FigureShelf) -> str:
    p = np.array([r.binned.full.p_value for r in c.results])
    svg = shelf.inline(p_value_figure(p), "p-values", "Cumulative distribution of the p-values")
    k = c.uniformity
    return (
        "<h2 id='combination'>All p-values together</h2><div class='plots'><figure>"
        f"<h3>Are the p-values uniform?</h3><div class='stat'>KS distance {k.distance:.3f}, "
        f"p = {p_text(math.log(k.p_value))} with the correlations between observables "
        f"({p_text(math.log(max(k.p_value_independent, 1e-300)))} if independent)</div>"
        f"{svg}<figcaption>Step: the {len(p)} p-values; line and band: uniform, 95% for "
        "independent observables.</figcaption></figure></div>"
    )


def _classifiers(c: Comparison, shelf: FigureShelf) -> str:
    """Weights of each classifier, and where they are largest and smallest."""
    labels = (c.candidate.label, c.reference.label)
    out = []
    for test in c.global_tests:
        found = test.weights
        if found is None:
            continue
        svg = shelf.inline(
            weight_figure(found, labels), f"weights-{test.name}", "Classifier weights"
        )
        note = (
            f"AUC {test.value:.4f} ± {test.error or 0.0:.4f}, p = {p_text(test.log_p)}; width "
            f"{found.width:.3f}, beyond a factor of 2: {100 * found.tail:.2g}%"
        )
        caption = (
            "w = density of the candidate over that of the reference, for events that the "
            "classifier did not see in training (arXiv:2305.16774)."
        )
        figure = f"<figure><h3>Weights</h3><div class='stat'>{note}</div>{svg}"
        parts = [figure + f"<figcaption>{caption}</figcaption></figure>"]
        for i, region in enumerate(found.regions):
            for j, (name, shift) in enumerate(zip(region.features, region.shifts, strict=True)):
                svg = shelf.inline(
                    region_figure(name, region.histograms[j], "region", labels),
                    f"region-{test.name}-{i}-{j}",
                    f"{name} in the region",
                )
                parts.append(
                    f"<figure><h3>Most likely {region.title}: {escape(name)}</h3><div class='stat'>"
                    f"shifted by {shift:+.2f} spreads; candidate / reference in the region "
                    f"{region.ratio:.3f}</div>{svg}<figcaption>Region: the 5% of all events with "
                    f"the {'largest' if i == 0 else 'smallest'} weights.</figcaption></figure>"
                )
        out.append(f"<h2 id='{test.name}'>{escape(test.title)}</h2><div class='plots'>")
        out.append("".join(parts) + "</div>")
    return "".join(out)


def _methods(c: Comparison, settings: Sequence[tuple[str, str]]) -> str:
    lines = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in settings)
    used = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in versions().items())
    return (
        "<h2 id='methods'>How this was done</h2>"
        f"<details open><summary>What was compared</summary><dl>{lines}</dl></details>"
        "<details><summary>Statistics</summary>"
        "<p>The event is the independent unit. For every observable the bin contents of each event "
        "are summed with the event's weight, and so are their products; the covariance of the mean "
        "bin contents per event follows from these sums for any weights and any number of entries "
        "an event. Under- and overflow count. The statistic is χ² = d<sup>T</sup>C<sup>+</sup>d "
        "with the difference d of the means and their covariance C around the pooled mean; ndf is "
        "the rank of C, and p-values account for C having been estimated from the effective number "
        "of events (beta distribution of the one-way multivariate analysis of variance). Bins are "
        f"merged until the smaller sample expects {MIN_EFFECTIVE:g} effective events in each. "
        "Shape: contents normalised to their sum. Rate: mean number of entries per event.</p>"
        "<p>Scan: the largest deviation in standard deviations of any bin, lower or upper tail or "
        "the total, among normal variables with the same correlations.</p>"
        "<p>KS and W<sub>1</sub>: largest and integrated distance of the cumulative distributions "
        "on a fine grid; their null distribution is a multiplier bootstrap over blocks of events "
        "(arXiv:1212.6906), continued with a Gaussian tail beyond the reach of its replicas.</p>"
        "<p>Adjusted p-values follow Holm's procedure, which holds for any correlation. Half of "
        "the family-wise error is given to the observables, a quarter to the tests of all of "
        "them at once, an eighth each to the uniformity of all p-values and to the cross section. "
        "Observables share events, so their p-values are correlated; the test for uniformity "
        f"draws p-values with these correlations ({c.uniformity.effective_observables:.0f} of "
        f"{len(c.results)} observables would be as many if they were independent).</p>"
        "<p>Points: candidate with statistical errors. Line and band: reference. Pulls: difference "
        "over its standard deviation, bin by bin; bins of one observable are correlated.</p>"
        "</details>"
        f"<details><summary>Versions</summary><dl>{used}</dl></details>"
        "<details><summary>References</summary><p class='small'>HepMC3: arXiv:1912.08005. FastJet: "
        "arXiv:1111.6097. anti-k<sub>t</sub>: arXiv:0802.1189. Evaluating generative models for "
        "physics: arXiv:2211.10295, arXiv:2305.16774.</p></details>"
    )


def _parts(c: Comparison, parts: Sequence[tuple[str, str, str]]) -> str:
    """Table of what made the samples."""
    if not parts:
        return ""
    rows = "".join(
        "<tr>"
        + "".join(f"<td class='l'>{escape(text)}</td>" for text in (name, candidate, reference))
        + "</tr>"
        for name, candidate, reference in parts
    )
    return (
        "<h2 id='parts'>What made the events</h2><div class='scroll'><table><thead><tr>"
        f"<th>part</th><th class='l'>{escape(c.candidate.label)}</th>"
        f"<th class='l'>{escape(c.reference.label)}</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )


def render(
    c: Comparison,
    settings: Sequence[tuple[str, str]],
    created: str,
    parts: Sequence[tuple[str, str, str]] = (),
    supplement: Supplement | None = None,
    shelf: FigureShelf | None = None,
) -> str:
    """Page of a comparison.

    Parameters
    ----------
    c
        What was found.
    settings
        Names and values of the settings of the comparison.
    created
        Date and time for the footer.
    parts
        What made the samples: name, in the candidate, in the reference.
    supplement
        Data, speed and files of other tools.
    shelf
        Where figures go besides the page.
    """
    supplement, shelf = supplement or Supplement(), shelf or FigureShelf()
    labels = (c.candidate.label, c.reference.label)
    title = f"{c.candidate.label} against {c.reference.label}"
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width,initial-scale=1'>"
        f"<title>{escape(title)}: {c.verdict.value}</title><style>{STYLE}</style></head><body>"
        f"<header><p class='soft small'>mcsurrogate validation</p><h1>{escape(title)}</h1>"
        f"{_verdict(c)}{_warnings(c)}</header><main>{_tiles(c)}{_parts(c, parts)}{summary_table(c)}"
        f"{_global(c)}{_samples(c)}{regression_section(supplement.runs)}"
        f"{speed_section(supplement.timing, labels)}"
        f"{data_section(supplement.measured, labels, shelf)}{_figures(c, shelf)}"
        f"{_combination(c, shelf)}{_classifiers(c, shelf)}{files_section(supplement)}"
        f"{_methods(c, settings)}</main>{shelf.shared.definitions()}"
        f"<footer>Made {escape(created)} by mcsurrogate {escape(versions()['mcsurrogate'])}."
        "</footer></body></html>\n"
    )
