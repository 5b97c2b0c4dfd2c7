# SPDX-License-Identifier: GPL-3.0-or-later
"""Correlations between what an event holds: species, multiplicity, shape and momenta.

They are what a classifier of whole events sees where all means agree: which baryons are made
together, and how the momenta of an event follow its hadrons.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["EventCorrelations"]

_FEWEST = 0.05
_MOST_SPECTRA = 24
_SCALARS = (
    "primary hadrons", "charged hadrons", "log smallest eigenvalue", "log middle eigenvalue",
    "mean xi", "spread of xi", "sum of momenta",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class EventCorrelations:
    """First and second moments of standardised numbers of an event.

    Attributes
    ----------
    species
        Codes without sign of species that are counted, the most frequent first.
    charged
        Mean number of charged particles after decays of each of them.
    centre, scale
        ``(n,)`` mean and standard deviation of each number, those of species first.
    """

    species: tuple[int, ...]
    charged: tuple[float, ...]
    centre: NDArray[np.float64]
    scale: NDArray[np.float64]

    @classmethod
    def of_sample(
        cls,
        offsets: NDArray[np.int64],
        pdg_id: NDArray[np.int32],
        momenta: NDArray[np.float64],
        charged: dict[int, float],
    ) -> "EventCorrelations":
        """Species and scales that suit a sample.

        Parameters
        ----------
        offsets, pdg_id, momenta
            Of the sample, as in `ParticleBatch`.
        charged
            Charged particles after decays by code without sign.
        """
        codes, counts = np.unique(np.abs(pdg_id), return_counts=True)
        use = (counts > _FEWEST * (len(offsets) - 1)) & (codes > 100)
        order = np.argsort(-counts[use], kind="stable")
        species = tuple(int(code) for code in codes[use][order])
        rates = tuple(charged.get(code, 0.0) for code in species)
        found = cls(species, rates, np.zeros(1), np.ones(1))
        numbers = found._numbers(offsets, pdg_id, momenta)[0]
        spread = numbers.std(axis=0)
        return cls(species, rates, numbers.mean(axis=0), np.where(spread > 0, spread, 1.0))

    def names(self) -> list[str]:
        """Names of the columns of `evaluate`."""
        single = [*(f"number of {code}" for code in self.species), *_SCALARS]
        pairs = [
            f"{single[i]} x {single[j]}" for i, j in zip(*np.triu_indices(len(single)), strict=True)
        ]
        spectra = [f"xi of {code}" for code in self.species[:_MOST_SPECTRA]]
        return [*single[len(self.species) :], *pairs, *spectra]

    def _numbers(
        self,
        offsets: NDArray[np.int64],
        pdg_id: NDArray[np.int32],
        momenta: NDArray[np.float64],
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Numbers of each event, and sums of xi of each species."""
        events = len(offsets) - 1
        event = np.repeat(np.arange(events), np.diff(offsets))
        code = np.abs(pdg_id).astype(np.int64)
        order = np.argsort(self.species)
        known = np.array(self.species)[order]
        place = np.searchsorted(known, code).clip(max=len(known) - 1)
        position = np.where(known[place] == code, order[place], len(known))
        width = len(known) + 1
        table = np.bincount(event * width + position, minlength=events * width)
        counts = table.reshape(events, width)[:, :-1].astype(np.float64)

        p = momenta[:, 1:]
        size = np.maximum(np.sqrt((p**2).sum(axis=1)), 1e-12)
        total = np.bincount(event, size, minlength=events)
        energy = np.bincount(event, momenta[:, 0], minlength=events)
        tensor = np.zeros((events, 3, 3))
        for i in range(3):
            for j in range(i + 1):
                entry = np.bincount(event, p[:, i] * p[:, j] / size, minlength=events) / total
                tensor[:, i, j] = tensor[:, j, i] = entry
        eigenvalues = np.log(np.maximum(np.linalg.eigvalsh(tensor)[:, :2], 1e-6))
        xi = np.log(energy[event] / size).clip(0.0, 12.0)
        number = np.maximum(np.bincount(event, minlength=events), 1).astype(np.float64)
        mean = np.bincount(event, xi, minlength=events) / number
        spread = np.bincount(event, (xi - mean[event]) ** 2, minlength=events) / number
        scalars = np.stack(
            [number, counts @ np.array(self.charged), *eigenvalues.T, mean, np.sqrt(spread),
             total / energy],
            axis=1,
        )  # fmt: skip
        sums = np.bincount(event * width + position, xi, minlength=events * width)
        by_species = sums.reshape(events, width)[:, :-1].astype(np.float64)
        return np.concatenate([counts, scalars], axis=1), by_species

    def evaluate(
        self,
        offsets: NDArray[np.int64],
        pdg_id: NDArray[np.int32],
        momenta: NDArray[np.float64],
    ) -> NDArray[np.float32]:
        """``(N, B)`` quantities of N events."""
        numbers, sums = self._numbers(offsets, pdg_id, momenta)
        standard = ((numbers - self.centre) / self.scale).astype(np.float32)
        i, j = np.triu_indices(standard.shape[1])
        return np.concatenate(
            [
                standard[:, len(self.species) :],
                standard[:, i] * standard[:, j],
                sums[:, :_MOST_SPECTRA].astype(np.float32),
            ],
            axis=1,
        )
