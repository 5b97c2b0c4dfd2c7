# SPDX-License-Identifier: GPL-3.0-or-later
"""``histograms.parquet``: a row for each bin of each observable, for data frames."""

from pathlib import Path
from typing import Any

from mcsurrogate.atomic import atomic_path
from mcsurrogate.errors import ValidationError
from mcsurrogate.validation.comparison import Comparison
from mcsurrogate.validation.histogram_file import histogram_contents

__all__ = ["arrow", "histogram_rows", "write_table"]

NAME = "histograms.parquet"
_OF_SIDE = ("contents", "errors", "sum_of_weights", "sum_of_squares", "entries")


def arrow() -> Any:  # noqa: ANN401 - a module that need not be there
    """Return pyarrow, with its Parquet part.

    Raises
    ------
    ValidationError
        It is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise ValidationError(
            "a Parquet file needs pyarrow: pip install 'mcsurrogate[parquet]'"
        ) from error
    return pyarrow


def histogram_rows(found: Comparison) -> list[dict[str, Any]]:
    """Rows of ``histograms.parquet``: bins in order, underflow first and overflow last.

    Parameters
    ----------
    found
        The comparison.

    Returns
    -------
    One dictionary a bin: ``observable``, ``bin``, ``low`` and ``high`` (infinite for under- and
    overflow), ``category``, ``unit``, and for both sides what `histograms.json` has of them.
    """
    rows = []
    for histogram in histogram_contents(found)["histograms"]:
        edges = [float("-inf"), *map(float, histogram["edges"]), float("inf")]
        names = histogram["categories"]
        for i in range(len(edges) - 1):
            row: dict[str, Any] = {
                "observable": histogram["name"],
                "bin": i,
                "low": edges[i],
                "high": edges[i + 1],
                "category": names[i - 1] if 0 < i <= len(names) else "",
                "unit": histogram["unit"],
            }
            for side in ("candidate", "reference"):
                row |= {f"{side}_{name}": histogram[side][name][i] for name in _OF_SIDE}
            rows.append(row)
    return rows


def write_table(found: Comparison, out: Path) -> str:
    """Write ``histograms.parquet`` into a folder; return its name.

    Parameters
    ----------
    found
        The comparison.
    out
        The folder.

    Raises
    ------
    ValidationError
        pyarrow is not installed.
    """
    pa = arrow()
    with atomic_path(out / NAME) as part:
        pa.parquet.write_table(pa.Table.from_pylist(histogram_rows(found)), part)
    return NAME
