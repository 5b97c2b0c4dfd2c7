# SPDX-License-Identifier: GPL-3.0-or-later
"""Fit of a model to measured tables, each compared as it was measured."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.errors import CardError, HadronizationError
from mcsurrogate.generators import PythiaChain, hadronization_settings
from mcsurrogate.hadronization.fit_cards import TableFitCard
from mcsurrogate.hadronization.fitting.fitted_models import FittedModel, write_model
from mcsurrogate.hadronization.fitting.gauss_newton import Comparison, GaussNewtonFit
from mcsurrogate.hadronization.fitting.moment_fit import determined_directions
from mcsurrogate.hadronization.measured_tables import (
    STABLE,
    MeasuredTable,
    RecordedEvents,
    annihilation_settings,
    ratio_columns,
    read_tables,
    table_columns,
)

__all__ = ["TableFit"]

_BATCH = 2000
# Members move in directions of which the data tell so many times more than the prior events.
_TIMES_PRIOR = 4.0


class TableFit(GaussNewtonFit[TableFitCard]):
    """Fits a model to all tables of some files.

    Each step generates events with the model, decays included; the derivative of each value is its
    covariance with the scores of the events.
    """

    def __init__(
        self,
        model: FittedModel[Any],
        card: TableFitCard,
        *,
        seed: int,
        folder: Path,
        name: str = "tables",
    ) -> None:
        super().__init__(model, card, seed=seed, folder=folder, name=name)
        known = [table for file in card.files for table in read_tables(file)]
        self.tables = [
            [table for table in known if table.definition.energy == energy]
            for energy in card.energies
        ]
        for energy, tables in zip(card.energies, self.tables, strict=True):
            if not tables:
                raise CardError(f"[tables]: no table of the files was measured at {energy:g} GeV")
        chosen = [table for tables in self.tables for table in tables]
        self._values = np.concatenate([table.values for table in chosen])
        self._errors = np.concatenate(
            [np.maximum(t.errors, card.floor * np.abs(t.values)) for t in chosen]
        )

    def _pass(self, seed: int) -> Comparison:
        means, variances, rows, fishers = [], [], [], []
        for i, (energy, tables) in enumerate(zip(self.card.energies, self.tables, strict=True)):
            columns, scores = self._events(energy, tables, seed + i)
            centred = scores - scores.mean(axis=0)
            means.append(columns.mean(axis=0))
            variances.append(columns.var(axis=0) / len(columns))
            rows.append((columns - means[-1]).T @ centred / len(columns))
            fishers.append(centred.T @ centred / len(columns))
        m = self._remember(
            np.concatenate(rows), np.mean(fishers, axis=0), np.concatenate(means) - self._values,
            np.concatenate(variances),
        )  # fmt: skip
        error = np.sqrt(m.variance * m.covariance + self._errors**2)
        return Comparison(m.deviation, error, m.jacobian, m.fisher)

    def _events(
        self, energy: float, tables: Sequence[MeasuredTable], seed: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """``(N, B)`` quantities whose means are the values of the tables, ``(N, K)`` scores."""
        recording = self._folder / "fit_recording.safetensors"
        weights = write_model(self.model, self._folder / "fit_weights.safetensors")
        chain = PythiaChain(
            [
                *hadronization_settings(weights),
                f"MCSurrogate:record = {recording}",
                *self.model.record_settings,
                *annihilation_settings(energy),
                *self.card.settings,
                *STABLE,
            ],
            seed=seed,
            keep_record=True,
        )
        found, counts = [], []
        for batch in chain.generate(self.card.events, batch_size=_BATCH):
            assert batch.record is not None
            one, other = table_columns(RecordedEvents(batch.record), tables)
            found.append(one)
            counts.append(other)
        del chain  # the plugin writes when it is destroyed
        draws = self.model.read(recording)
        recording.unlink()
        if self.parameters is None:
            self.parameters = self.model.parameters(draws, self.card.directions)
        scores = self.model.scores(draws, self.parameters)
        columns = ratio_columns(
            np.concatenate(found).astype(np.float64),
            np.concatenate(counts).astype(np.float64),
            tables,
        )
        if len(scores) != len(columns):
            raise HadronizationError(
                f"the plugin recorded {len(scores)} events where Pythia made {len(columns)}"
            )
        return columns, scores.astype(np.float64)

    def members(self, number: int, seed: int) -> NDArray[np.float64]:
        """Draw changes of the parameters, ``(number, K)``, from the covariance of the fit.

        It is scaled by chi squared over the number of values where that is above 1. Only what the
        data determine well, four times better than the prior events, is changed.
        """
        m = self._memory
        assert m is not None
        error = np.sqrt(m.variance * m.covariance + self._errors**2)
        directions = determined_directions(
            m.jacobian, m.fisher, error, prior=_TIMES_PRIOR * self.card.prior
        )
        spread = max(float(np.mean((m.deviation / error) ** 2)), 1.0)
        random = np.random.default_rng(seed)
        draws = random.normal(size=(number, len(directions)))
        changes: NDArray[np.float64] = np.sqrt(spread) * draws @ directions
        return changes

    def summary(self) -> dict[str, Any]:
        """Tell a model card of the fit."""
        return {
            **super().summary(),
            "energies": list(self.card.energies),
            "files": [Path(file).stem for file in self.card.files],
            "values": len(self._values),
            "floor": self.card.floor,
        }
