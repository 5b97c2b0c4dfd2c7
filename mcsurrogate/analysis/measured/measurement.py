# SPDX-License-Identifier: GPL-3.0-or-later
"""A measurement: values with errors, and how a sample is counted to be comparable."""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.analysis.selection import Events
from mcsurrogate.errors import ValidationError

__all__ = ["Measurement", "read_table"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """Measured means per event.

    Attributes
    ----------
    name, title
        Short name, and what it is in words.
    source
        Where the numbers come from.
    definition
        How events are counted, so that the sample means the same as the measurement.
    labels
        Names of the K values.
    values, errors
        ``(K,)`` measured values and their total errors.
    contribution
        From N events to ``(N, K)``: what each adds to the K means.
    edges
        ``(K, 2)`` bins where the values are a distribution, else None.
    needs_decays
        ``(K,)`` whether a value depends on which particles have decayed.
    """

    name: str
    title: str
    source: str
    definition: str
    labels: tuple[str, ...]
    values: FloatArray
    errors: FloatArray
    contribution: Callable[[Events], FloatArray]
    edges: FloatArray | None
    needs_decays: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.values)


def read_table(name: str) -> list[dict[str, str]]:
    """Rows of a shipped table.

    Raises
    ------
    ValidationError
        There is no such table, or it holds no row: the installation is damaged.
    """
    source = files("mcsurrogate.analysis.measured").joinpath(name)
    try:
        with source.open(encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
    except OSError as error:
        raise ValidationError(f"the table {name} of measured values is missing") from error
    if not rows:
        raise ValidationError(f"the table {name} of measured values is empty")
    return rows
