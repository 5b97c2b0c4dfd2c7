# SPDX-License-Identifier: GPL-3.0-or-later
"""Measured mean multiplicities of identified hadrons."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.errors import HadronizationError

__all__ = ["SHIPPED_TABLE", "MeasuredMultiplicities"]

#: Name of the table that comes with the package: hadronic Z decays at 91.2 GeV.
SHIPPED_TABLE = "z_pole"
_CHARGED = 0
#: Pythia numbers Lambda(1520) as an orbital excitation.
_PYTHIA_CODE = {3124: 102134}


@dataclass(frozen=True, slots=True)
class MeasuredMultiplicities:
    """A table of M multiplicities.

    Attributes
    ----------
    names
        Of the particles.
    codes
        Codes without sign, in Pythia's numbering; 0 for all charged particles.
    means, errors
        ``(M,)`` mean number in an event, particle and antiparticle summed, and its error.
    """

    names: tuple[str, ...]
    codes: tuple[int, ...]
    means: NDArray[np.float64]
    errors: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.codes)

    @classmethod
    def read(cls, table: str | Path) -> Self:
        """Read a CSV table with the columns ``name, pdg_id, mean_per_event, error``.

        Parameters
        ----------
        table
            A path, or `SHIPPED_TABLE`.

        Raises
        ------
        HadronizationError
            If the table cannot be read, lacks a column or has an error that is not positive.
        """
        if str(table) == SHIPPED_TABLE:
            # The import takes seconds.
            from mcsurrogate.analysis import measured_multiplicities

            rows = measured_multiplicities()
        else:
            try:
                lines = Path(table).read_text(encoding="utf-8").splitlines()
            except (OSError, UnicodeDecodeError) as error:
                raise HadronizationError(
                    f"table of multiplicities {table} cannot be read: {error}"
                ) from error
            rows = list(csv.DictReader(lines))
        try:
            names = tuple(row["name"] for row in rows)
            codes = tuple(
                _CHARGED if row["pdg_id"] == "charged" else _pythia_code(int(row["pdg_id"]))
                for row in rows
            )
            means = np.array([float(row["mean_per_event"]) for row in rows])
            errors = np.array([float(row["error"]) for row in rows])
        except (KeyError, TypeError, ValueError) as error:
            raise HadronizationError(
                f"table of multiplicities {table}: {error!r}; its columns must be name, pdg_id, "
                "mean_per_event and error"
            ) from error
        if not len(rows) or not (errors > 0).all():
            raise HadronizationError(
                f"table of multiplicities {table} is empty or has an error that is not positive"
            )
        return cls(names, codes, means, errors)

    def chi2(self, means: NDArray[np.float64], errors: NDArray[np.float64]) -> float:
        """Sum of squared deviations over the squared sum of both errors."""
        return float((((means - self.means) ** 2) / (self.errors**2 + errors**2)).sum())


def _pythia_code(code: int) -> int:
    return _PYTHIA_CODE.get(code, code)
