# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as one HTML page without anything outside it."""

import itertools
from collections.abc import Sequence
from concurrent.futures import Executor
from typing import Any

import numpy as np
from markupsafe import Markup

from mcsurrogate.executors import map_chunks
from mcsurrogate.validation.comparison import Comparison
from mcsurrogate.validation.data_comparison import MeasuredResult
from mcsurrogate.validation.report.data_figures import distribution_figure, pulls_figure
from mcsurrogate.validation.report.environment import p_text, page
from mcsurrogate.validation.report.figures import FigureShelf
from mcsurrogate.validation.report.observable_picture import ObservablePicture, draw
from mcsurrogate.validation.report.regression import run_data
from mcsurrogate.validation.report.summary_plots import (
    p_value_figure,
    region_figure,
    weight_figure,
)
from mcsurrogate.validation.statistics.binned import MIN_EFFECTIVE
from mcsurrogate.validation.supplement import Supplement
from mcsurrogate.validation.verdict import MIN_EVENTS, Verdict, main_reasons
from mcsurrogate.versions import versions

__all__ = ["render"]

Labels = tuple[str, str]

_GROUPS = {
    "hard": "Hard process",
    "top": "Top quarks",
    "boson": "W, Z and Higgs bosons",
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
_SHOWN = 25
"""Rows of the summary table that are not folded away."""


def _tiles(c: Comparison) -> list[tuple[str, str]]:
    rows = [r for r in c.results if r.counts]
    if c.verdict is Verdict.UNDECIDED:
        return [
            (f"effective events, {side}", f"{sample.weights.effective_events:,.3g}")
            for side, sample in (("candidate", c.candidate), ("reference", c.reference))
        ]
    tiles = [
        ("events, candidate", f"{c.candidate.file.events:,}"),
        ("events, reference", f"{c.reference.file.events:,}"),
        ("smallest p-value of all, adjusted", p_text(min(r.adjusted_p for r in rows))),
        ("p-values uniform (KS, correlated)", p_text(c.uniformity.p_value)),
        ("largest deviation", f"{max(r.sigma for r in rows):.1f} σ"),
    ]
    if c.cross_sections is not None:
        pull = c.cross_sections.pull
        text = f"{c.cross_sections.ratio:.4f}" + ("" if pull is None else f" ({pull:+.1f} σ)")
        tiles.append(("cross section, candidate / reference", text))
        if c.cross_sections.common_pb is not None:
            tiles.append(("pb, both are normalised to", f"{c.cross_sections.common_pb:.5g}"))
    return tiles


def _measured(
    results: Sequence[MeasuredResult], labels: Labels, shelf: FigureShelf
) -> list[tuple[MeasuredResult, Markup]]:
    """Measurements with their figures."""
    found = []
    for result in results:
        measurement = result.measurement
        draw = pulls_figure if measurement.edges is None else distribution_figure
        name = f"data-{measurement.name}"
        found.append((result, shelf.inline(draw(result, labels), name, measurement.title)))
    return found


def _groups(c: Comparison, shelf: FigureShelf, executor: Executor | None) -> list[tuple[Any, ...]]:
    """Return groups of observables with their titles, results and figures."""
    order = list(_GROUPS)
    rows = sorted(c.results, key=lambda r: order.index(r.observable.group))
    asked = (ObservablePicture.of(c, r, files=shelf.keeps_files) for r in rows)
    drawn = map_chunks(executor, draw, asked, name="figure")
    members = [
        (r, shelf.place(picture, r.observable.title))
        for r, (_, picture) in zip(rows, drawn, strict=True)
    ]
    by_group = itertools.groupby(members, key=lambda member: member[0].observable.group)
    return [(group, _GROUPS[group], list(own)) for group, own in by_group]


def _classifiers(c: Comparison, labels: Labels, shelf: FigureShelf) -> list[tuple[Any, ...]]:
    """Return classifiers with the figures of their weights and of the regions that they name."""
    found = []
    for test in c.global_tests:
        if test.weights is None:
            continue
        weights = shelf.inline(
            weight_figure(test.weights, labels), f"weights-{test.name}", "Classifier weights"
        )
        regions = []
        for i, region in enumerate(test.weights.regions):
            for j, (name, shift) in enumerate(zip(region.features, region.shifts, strict=True)):
                figure = region_figure(name, region.histograms[j], "region", labels)
                svg = shelf.inline(figure, f"region-{test.name}-{i}-{j}", f"{name} in the region")
                regions.append((region, name, shift, svg))
        found.append((test, weights, regions))
    return found


def _contents(
    c: Comparison,
    parts: Sequence[tuple[str, str, str]],
    supplement: Supplement,
    data: dict[str, Any],
) -> list[tuple[str, str]]:
    """Anchors and titles of the sections that the page has."""
    timed, rivet = supplement.timing is not None, supplement.rivet is not None
    sections = [
        ("parts", "What made the events", bool(parts)),
        ("summary", "Summary", True),
        ("global", "All observables at once", bool(c.global_tests)),
        ("samples", "Samples", True),
        ("amplification", "What the candidate is worth", supplement.amplification is not None),
        ("runs", "The two runs", supplement.runs is not None),
        ("speed", "Speed", timed),
        ("data", "Measured values", bool(supplement.measured)),
        *((f"group-{group}", title, True) for group, title, _ in data["groups"]),
        ("combination", "All p-values together", bool(c.uniformity.effective_observables)),
        *((test.name, test.title, True) for test, _, _ in data["classifiers"]),
        ("files", "Further files", bool(supplement.files) or rivet),
        ("methods", "How this was done", True),
    ]
    return [(anchor, title) for anchor, title, there in sections if there]


def render(
    c: Comparison,
    settings: Sequence[tuple[str, str]],
    created: str,
    parts: Sequence[tuple[str, str, str]] = (),
    supplement: Supplement | None = None,
    shelf: FigureShelf | None = None,
    executor: Executor | None = None,
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
    executor
        Whose workers draw the figures of observables; this process by default.
    """
    supplement, shelf = supplement or Supplement(), shelf or FigureShelf()
    labels = (c.candidate.label, c.reference.label)
    p_values = p_value_figure(np.array([r.binned.full.p_value for r in c.results if r.counts]))
    data = {
        "measured": _measured(supplement.measured, labels, shelf),
        "groups": _groups(c, shelf, executor),
        "p_values": shelf.inline(p_values, "p-values", "Cumulative distribution of the p-values"),
        "classifiers": _classifiers(c, labels, shelf),
    }
    return page(
        "report",
        c=c,
        created=created,
        settings=settings,
        parts=parts,
        contents=_contents(c, parts, supplement, data),
        picture_files=shelf.pictures,
        tiles=_tiles(c),
        reasons=main_reasons(c.reasons),
        min_events=MIN_EVENTS,
        # significant ones are always in sight
        shown=max(_SHOWN, sum(r.significant for r in c.results)),
        worth=supplement.amplification,
        runs=run_data(supplement.runs),
        timing=supplement.timing,
        files=supplement.files,
        rivet=supplement.rivet,
        versions=versions(),
        min_effective=MIN_EFFECTIVE,
        definitions=shelf.shared.definitions(),
        **data,
    )
