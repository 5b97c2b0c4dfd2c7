# SPDX-License-Identifier: GPL-3.0-or-later
"""``histograms.json``: edges, contents and errors of every histogram, for programs."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from mcsurrogate.atomic import write_text
from mcsurrogate.validation.comparison import Comparison
from mcsurrogate.validation.histograms import EventSums
from mcsurrogate.validation.metrics import clean
from mcsurrogate.validation.weight_bands import Band

__all__ = ["histogram_contents", "schema", "write_histograms"]

NAME = "histograms.json"
Numbers = list[float | None]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class _Band(_Part):
    name: str
    """surrogate, scale, pdf, shower or hadronization."""
    low: Numbers
    high: Numbers


class _Side(_Part):
    contents: Numbers
    """Mean contents per event of underflow, all bins and overflow, in pb where `unit` says so; not
    divided by widths."""
    errors: Numbers
    """Statistical standard deviations, events being independent, entries of one event not."""
    sum_of_weights: Numbers
    """Sums of the weights of the entries: those of parts of a sample add up."""
    sum_of_squares: Numbers
    """Sums over the events of the squares of their contents: likewise."""
    entries: list[int]
    bands: list[_Band]


class _Histogram(_Part):
    name: str
    title: str
    label: str
    """Of the axis, with LaTeX."""
    unit: str
    group: str
    edges: list[float]
    categories: list[str]
    """Names of the bins where they have no order, else empty."""
    density: bool
    """Whether figures divide by the widths of the bins."""
    candidate: _Side
    reference: _Side


class _File(_Part):
    schema_version: Literal[1]
    unit: Literal["per event", "pb"]
    """pb where both samples are normalised to one cross section."""
    events: dict[Literal["candidate", "reference"], Annotated[int, Field(ge=1)]]
    event_weights: dict[Literal["candidate", "reference"], float]
    """Sums of the event weights."""
    histograms: list[_Histogram]


def schema() -> dict[str, Any]:
    """JSON schema of ``histograms.json``."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_File.model_json_schema(),
        "title": "histograms.json of mcsurrogate validate",
    }


def _side(sums: EventSums, bands: Sequence[Band], scale: float) -> dict[str, Any]:
    return {
        "contents": scale * sums.mean,
        "errors": scale * sums.errors,
        "sum_of_weights": sums.content,
        "sum_of_squares": np.diag(sums.product),
        "entries": sums.moments[2].astype(np.int64),
        "bands": [
            {"name": band.name, "low": scale * band.low, "high": scale * band.high}
            for band in bands
        ],
    }


def histogram_contents(found: Comparison) -> dict[str, Any]:
    """Everything that ``histograms.json`` holds, in the order of the table.

    Parameters
    ----------
    found
        The comparison.
    """
    sections = found.cross_sections
    common = None if sections is None else sections.common_pb
    scale = 1.0 if common is None else common
    histograms = []
    for row in found.results:
        own = row.observable
        sides = {
            name: _side(sums, sample.bands.of(own.name, sums.mean), scale)
            for name, sums, sample in (
                ("candidate", row.candidate, found.candidate),
                ("reference", row.reference, found.reference),
            )
        }
        histograms.append(
            {
                "name": own.name,
                "title": own.title,
                "label": own.label,
                "unit": own.unit,
                "group": own.group,
                "edges": own.edges,
                "categories": own.categories,
                "density": own.density and not own.categories,
                **sides,
            }
        )
    samples = {"candidate": found.candidate, "reference": found.reference}
    contents = {
        "schema_version": 1,
        "unit": "per event" if common is None else "pb",
        "events": {name: sample.file.events for name, sample in samples.items()},
        "event_weights": {name: sample.weights.total for name, sample in samples.items()},
        "histograms": histograms,
    }
    cleaned: dict[str, Any] = clean(contents)
    return cleaned


def write_histograms(found: Comparison, folder: Path) -> str:
    """Write ``histograms.json`` into a folder; return its name."""
    text = json.dumps(histogram_contents(found), allow_nan=False)
    # a line for each histogram
    write_text(folder / NAME, text.replace('{"name": "', '\n{"name": "') + "\n")
    return NAME
