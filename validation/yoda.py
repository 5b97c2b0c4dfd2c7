"""Histograms in YODA's text format, for Rivet's plotting tools.

YODA: arXiv:2312.15070.  Contents are densities per event with statistical errors, as
``Scatter2D`` objects of format 2, which YODA 1.7 and later and YODA 2 read.
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
    # YAML strings in single quotes: only the quote itself is special
    title, label = (
        "'" + text.replace("'", "''") + "'"
        for text in (observable.title, f"{observable.label}{unit}")
    )
    head = [
        f"BEGIN YODA_SCATTER2D_V2 {path}",
        f"Path: {path}",
        f"Title: {title}",
        "Type: Scatter2D",
        f"XLabel: {label}",
        f"YLabel: '{'(1/N) dn/dx' if density else 'per event'}'",
        f"LogX: {int(observable.log_x)}",
        f"LogY: {int(observable.log_y)}",
        "---",
        "# xval\t xerr-\t xerr+\t yval\t yerr-\t yerr+",
    ]
    rows = np.stack((centre, half, half, value, down, up), axis=1)
    body = ["\t".join(f"{x:.6e}" for x in row) for row in rows]
    return "\n".join([*head, *body, "END YODA_SCATTER2D_V2", "", ""])


def _densities(observable: Observable, sums: EventSums) -> tuple[FloatArray, FloatArray]:
    """Contents a bin and event with errors, divided by the widths where they are densities."""
    edges = np.asarray(observable.edges)
    density = observable.density and not observable.categories
    width = np.diff(edges) if density else np.ones(len(edges) - 1)
    mean = sums.mean
    error = np.sqrt(np.maximum(np.diag(sums.covariance(mean)), 0.0))
    return mean[1:-1] / width, error[1:-1] / width


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
        carry the suffix ``[surrogate_0]``, ``[surrogate_1]``.
    """
    write_text(path, "".join(_objects(sample)))


def write_samples(found: Comparison, folder: Path) -> tuple[str, ...]:
    """Write ``candidate.yoda`` and ``reference.yoda``; return their names."""
    names = ("candidate.yoda", "reference.yoda")
    for sample, name in zip((found.candidate, found.reference), names, strict=True):
        write_yoda(sample, folder / name)
    return names
