# SPDX-License-Identifier: GPL-3.0-or-later
"""Histograms in YODA's text format, for Rivet's plotting tools and for merging.

YODA: arXiv:2312.15070.  Contents are densities per event with statistical errors, as
``Scatter2D`` objects of format 2, which YODA 1.7 and later and YODA 2 read.  The sums that they
come from are ``Histo1D`` objects of format 3 (YODA 2) below ``/RAW``, with the sum of the event
weights as the counter ``/RAW/_EVTCOUNT``, as Rivet writes them: those of parts of a sample add up.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.atomic import write_text
from mcsurrogate.validation.comparison import Comparison
from mcsurrogate.validation.histograms import EventSums
from mcsurrogate.validation.observables.registry import Observable
from mcsurrogate.validation.sample import Sample
from mcsurrogate.validation.weight_bands import Band

__all__ = ["write_samples", "write_yoda"]

FloatArray = NDArray[np.float64]

PREFIX = "/MCSURROGATE"


def _scatter(
    path: str, observable: Observable, value: FloatArray, down: FloatArray, up: FloatArray
) -> str:
    """One Scatter2D object."""
    edges = np.asarray(observable.edges)
    centre, half = 0.5 * (edges[1:] + edges[:-1]), 0.5 * np.diff(edges)
    unit = f" [{observable.unit}]" if observable.unit else ""
    density = observable.density and not observable.categories
    head = [
        f"Title: {_quoted(observable.title)}",
        f"XLabel: {_quoted(observable.label + unit)}",
        f"YLabel: '{'(1/N) dn/dx' if density else 'per event'}'",
        f"LogX: {int(observable.log_x)}",
        f"LogY: {int(observable.log_y)}",
        *_ticks(observable),
    ]
    rows = np.stack((centre, half, half, value, down, up), axis=1)
    body = ["\t".join(f"{x:.6e}" for x in row) for row in rows]
    columns = "# xval\t xerr-\t xerr+\t yval\t yerr-\t yerr+"
    return _object("YODA_SCATTER2D_V2", path, "Scatter2D", head, [columns, *body])


def _ticks(observable: Observable) -> list[str]:
    """Names of categories as labels of the axis."""
    if not observable.categories:
        return []
    pairs = (f"{i + 0.5}\t{label}" for i, label in enumerate(observable.categories))
    return ["XCustomMajorTicks: '" + "\t".join(pairs).replace("'", "''") + "'"]


def _rows(columns: FloatArray) -> list[str]:
    return ["\t".join(f"{x:.17g}" for x in row) for row in columns]


def _raw(sample: Sample) -> Iterable[str]:
    """Return the sums of all observables and of the event weights."""
    weights = sample.weights
    count = [weights.total, weights.squares, float(sample.file.events)]
    yield _object("YODA_COUNTER_V3", "/RAW/_EVTCOUNT", "Counter", [], [
        "# sumW\t sumW2\t numEntries", *_rows(np.array([count]))
    ])  # fmt: skip
    for observable in sample.plan.observables:
        sums = sample.sums[observable.name]
        columns = (sums.content, np.diag(sums.product), *sums.moments)
        edges = ", ".join(f"{x:.17g}" for x in observable.edges)
        head = [f"Title: {_quoted(observable.title)}", *_ticks(observable)]
        yield _object("YODA_HISTO1D_V3", f"/RAW{PREFIX}/{observable.name}", "Histo1D", head, [
            f"Edges(A1): [{edges}]",
            "# sumW\t sumW2\t sumW(A1)\t sumW2(A1)\t numEntries",
            *_rows(np.stack(columns, axis=1)),
        ])  # fmt: skip


def _object(kind: str, path: str, what: str, annotations: list[str], body: list[str]) -> str:
    """One object between its lines."""
    head = [f"BEGIN {kind} {path}", f"Path: {path}", *annotations, f"Type: {what}", "---"]
    return "\n".join([*head, *body, f"END {kind}", "", ""])


def _quoted(text: str) -> str:
    """YAML string in single quotes: only the quote itself is special."""
    return "'" + text.replace("'", "''") + "'"


def _densities(observable: Observable, sums: EventSums) -> tuple[FloatArray, FloatArray]:
    """Contents a bin and event with errors, divided by the widths where they are densities."""
    edges = np.asarray(observable.edges)
    density = observable.density and not observable.categories
    width = np.diff(edges) if density else np.ones(len(edges) - 1)
    return sums.mean[1:-1] / width, sums.errors[1:-1] / width


def _objects(sample: Sample) -> Iterable[str]:
    for observable in sample.plan.observables:
        value, error = _densities(observable, sample.sums[observable.name])
        path = f"{PREFIX}/{observable.name}"
        yield _scatter(path, observable, value, error, error)
        for number, band in enumerate(
            sample.bands.of(observable.name, sample.sums[observable.name].mean)
        ):
            suffix = f"surrogate_{number}" if band.name == "surrogate" else band.name
            yield _band(f"{path}[{suffix}]", observable, value, band)


def _band(path: str, observable: Observable, value: FloatArray, band: Band) -> str:
    """Write the nominal values with a surrogate's uncertainty as errors."""
    density = observable.density and not observable.categories
    edges = np.asarray(observable.edges)
    width = np.diff(edges) if density else np.ones(len(edges) - 1)
    low, high = (side[1:-1] / width for side in (band.low, band.high))
    return _scatter(
        path, observable, value, np.maximum(value - low, 0.0), np.maximum(high - value, 0.0)
    )


def write_yoda(sample: Sample, path: Path) -> None:
    """Write all histograms of a sample.

    Parameters
    ----------
    sample
        A sample that has been read.
    path
        The file.  Objects are ``/MCSURROGATE/NAME``; bands of a surrogate's own uncertainty
        carry the suffix ``[surrogate_0]``, ``[surrogate_1]``, others their name.  Sums are
        ``/RAW/MCSURROGATE/NAME`` and ``/RAW/_EVTCOUNT``.
    """
    write_text(path, "".join((*_objects(sample), *_raw(sample))))


def write_samples(found: Comparison, folder: Path) -> tuple[str, ...]:
    """Write ``candidate.yoda`` and ``reference.yoda``; return their names."""
    names = ("candidate.yoda", "reference.yoda")
    for sample, name in zip((found.candidate, found.reference), names, strict=True):
        write_yoda(sample, folder / name)
    return names
