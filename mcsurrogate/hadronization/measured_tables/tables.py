# SPDX-License-Identifier: GPL-3.0-or-later
"""Measured tables of e+ e- annihilation, and what each of them holds.

A file has `# ` lines of provenance and the columns ``table, observable, x_low, x_high, y,
error_low, error_high, stat, syst``; its name is the experiment, the year and the Inspire number.
"""

import csv
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.errors import HadronizationError

__all__ = ["Definition", "MeasuredTable", "defined_files", "read_tables", "shipped_tables"]

_FOLDER = files(__package__)
_DEFINITION = re.compile(
    r"(?:(?P<factor>[0-9.]+) )?(?P<unit>unit )?(?P<quantity>[A-Za-z0-9_]+) of "
    r"(?P<particles>charged|all|b|[0-9+]+)(?: in (?P<events>uds|[udscb]))?"
    r"(?: at (?P<energy>[0-9.]+))?"
)
_Z_POLE = 91.2
_COLUMNS = ("table", "x_low", "x_high", "y", "error_low", "error_high")


@dataclass(frozen=True, slots=True)
class Definition:
    """What a table holds; ``definitions.toml`` explains the words.

    Attributes
    ----------
    quantity, particles, events
        The last is empty for all events.
    factor
        By which the table was multiplied.
    unit
        Whether the distribution is normalised to unit area.
    energy
        In the centre of mass, GeV.
    """

    quantity: str
    particles: str
    events: str = ""
    factor: float = 1.0
    unit: bool = False
    energy: float = _Z_POLE

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``[FACTOR] [unit] QUANTITY of PARTICLES [in EVENTS] [at ENERGY]``.

        Raises
        ------
        HadronizationError
            If it is none.
        """
        found = _DEFINITION.fullmatch(text)
        if found is None:
            raise HadronizationError(
                f"{text!r} defines no table; write QUANTITY of PARTICLES [in EVENTS] [at GEV]"
            )
        return cls(
            quantity=found["quantity"],
            particles=found["particles"],
            events=found["events"] or "",
            factor=float(found["factor"] or 1.0),
            unit=found["unit"] is not None,
            energy=float(found["energy"] or _Z_POLE),
        )


@dataclass(frozen=True, slots=True)
class MeasuredTable:
    """A table with B bins.

    Attributes
    ----------
    file, name, title
        Where it stands, and what its source calls it.
    definition
        What it holds.
    low, high, values, errors
        ``(B,)``; the errors are total, the mean of both sides, and positive.
    """

    file: str
    name: str
    title: str
    definition: Definition
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    values: NDArray[np.float64]
    errors: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.values)


@cache
def _definitions() -> dict[str, dict[str, Definition]]:
    content = tomllib.loads(_FOLDER.joinpath("definitions.toml").read_text(encoding="utf-8"))
    return {
        file: {name: Definition.parse(text) for name, text in tables.items()}
        for file, tables in content.items()
    }


def shipped_tables() -> tuple[str, ...]:
    """Names of the files that come with the package."""
    folder = _FOLDER.joinpath("data")
    return tuple(sorted(item.name.removesuffix(".csv") for item in folder.iterdir()
                        if item.name.endswith(".csv")))  # fmt: skip


def defined_files() -> tuple[str, ...]:
    """Names of the files of which tables have a definition."""
    return tuple(_definitions())


def read_tables(file: str | Path) -> list[MeasuredTable]:
    """Read all tables of a file that have a definition.

    Parameters
    ----------
    file
        A name of `shipped_tables`, or the path of another file that ``definitions.toml`` knows.

    Raises
    ------
    HadronizationError
        If there is no such file, it has no definitions, or it cannot be understood.
    """
    path = Path(file)
    source = _FOLDER.joinpath("data", f"{file}.csv") if path.suffix != ".csv" else path
    definitions = _definitions().get(path.stem)
    if definitions is None:
        raise HadronizationError(
            f"nothing is known of the measured tables {path.stem}; known are "
            f"{', '.join(_definitions())}"
        )
    try:
        lines = source.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise HadronizationError(
            f"measured tables {file}: {error}; the package has {', '.join(shipped_tables())}, "
            "others are named by the path of their .csv file"
        ) from error
    titles = dict(re.findall(r"^# table (\S+): (.*?); x:", "\n".join(lines), re.MULTILINE))
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    tables = []
    for name, definition in definitions.items():
        try:
            numbers = np.array(
                [[float(row[c]) for c in _COLUMNS[1:]] for row in rows if row["table"] == name]
            )
        except (KeyError, TypeError, ValueError) as error:
            raise HadronizationError(f"measured tables {file}, {name}: {error!r}") from error
        # Rows without an error are empty bins, or their error is not known.
        numbers = numbers[numbers[:, 3:].mean(axis=1) > 0] if len(numbers) else numbers
        if not len(numbers):
            raise HadronizationError(f"measured tables {file} have no values for {name}")
        low, high, values, below, above = numbers.T
        tables.append(
            MeasuredTable(
                path.stem, name, titles.get(name, ""), definition,
                low, high, values, (below + above) / 2.0,
            )
        )  # fmt: skip
    return tables
