# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster model is fitted to: means over events of counts, spectra and shapes.

All are functions of primary hadrons, before decays, which Pythia makes in the same way for every
model.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["EventMoments"]

_EIGENVALUE_EDGES = np.concatenate([[-30.0], np.linspace(-7.0, -1.2, 13), [1.0]])
_XI_EDGES = np.array([0.0, 0.15, 0.3, 0.5, 0.75, 1.0, 1.3, 1.6, 2.0, 2.4, 2.8, 3.2, 3.7, 4.3, 12.0])


def _is_baryon(code: NDArray[np.int64]) -> NDArray[np.bool_]:
    return (code // 1000) % 10 > 0


def _heaviest(code: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.maximum((code // 1000) % 10, (code // 100) % 10)


@dataclass(frozen=True, slots=True)
class EventMoments:
    """A list of event quantities.

    Attributes
    ----------
    species
        Codes without sign whose numbers are counted.
    charged
        Mean number of charged particles after decays of each of them.
    number_edges, charged_edges
        Edges of the histograms of the number of primary hadrons and of charged particles.
    """

    species: tuple[int, ...]
    charged: tuple[float, ...]
    number_edges: tuple[float, ...]
    charged_edges: tuple[float, ...]

    @classmethod
    def of_sample(
        cls,
        offsets: NDArray[np.int64],
        pdg_id: NDArray[np.int32],
        charged: dict[int, float],
        rarest: float,
    ) -> "EventMoments":
        """Species and edges that suit a sample.

        Parameters
        ----------
        offsets, pdg_id
            Of the sample, as in `ParticleBatch`.
        charged
            Charged particles after decays by code without sign.
        rarest
            Smallest mean number in an event of a species that is counted.
        """
        events = len(offsets) - 1
        codes, counts = np.unique(np.abs(pdg_id), return_counts=True)
        use = (counts > rarest * events) & (codes > 100)
        species = tuple(int(code) for code in codes[use])
        rates = tuple(charged.get(code, 0.0) for code in species)
        found = cls(species, rates, (), ())
        number, multiplicity = found._numbers(offsets, pdg_id)

        def edges(values: NDArray[np.float64]) -> tuple[float, ...]:
            inner = np.unique(np.quantile(values, np.linspace(0.03, 0.97, 15)))
            return (-1e9, *(float(x) + 1e-6 for x in inner), 1e9)

        return cls(species, rates, edges(number), edges(multiplicity))

    def _numbers(
        self, offsets: NDArray[np.int64], pdg_id: NDArray[np.int32]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        event = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
        code = np.abs(pdg_id)
        order = np.argsort(self.species)
        sorted_species = np.array(self.species)[order]
        position = np.searchsorted(sorted_species, code).clip(max=len(order) - 1)
        rate = np.where(
            sorted_species[position] == code, np.array(self.charged)[order][position], 0.0
        )
        number = np.bincount(event[code > 100], minlength=len(offsets) - 1).astype(np.float64)
        return number, np.bincount(event, rate, minlength=len(offsets) - 1).astype(np.float64)

    def names(self) -> list[str]:
        """Names of the columns of `evaluate`."""
        names = [f"number of {code}" for code in self.species]
        names += [f"primary hadrons, bin {i}" for i in range(len(self.number_edges) - 1)]
        names += [f"charged particles, bin {i}" for i in range(len(self.charged_edges) - 1)]
        for which in ("smallest", "middle"):
            names += [f"{which} eigenvalue, bin {i}" for i in range(len(_EIGENVALUE_EDGES) - 1)]
        for kind in ("light mesons", "strange mesons", "baryons", "charm", "bottom"):
            names += [f"xi of {kind}, bin {i}" for i in range(len(_XI_EDGES) - 1)]
        return names

    def evaluate(
        self,
        offsets: NDArray[np.int64],
        pdg_id: NDArray[np.int32],
        momenta: NDArray[np.float64],
    ) -> NDArray[np.float32]:
        """``(N, B)`` quantities of N events."""
        events = len(offsets) - 1
        event = np.repeat(np.arange(events), np.diff(offsets))
        code = np.abs(pdg_id).astype(np.int64)
        columns: list[NDArray[Any]] = [
            np.bincount(event[code == s], minlength=events) for s in self.species
        ]
        for values, edges in zip(
            self._numbers(offsets, pdg_id), (self.number_edges, self.charged_edges), strict=True
        ):
            columns += _indicators(values, np.array(edges))
        p = momenta[:, 1:]
        size = np.maximum(np.sqrt((p**2).sum(axis=1)), 1e-12)
        total = np.bincount(event, size, minlength=events)
        tensor = np.zeros((events, 3, 3))
        for i in range(3):
            for j in range(i + 1):
                entry = np.bincount(event, p[:, i] * p[:, j] / size, minlength=events) / total
                tensor[:, i, j] = tensor[:, j, i] = entry
        eigenvalues = np.linalg.eigvalsh(tensor)
        for k in (0, 1):
            smallest = np.log(np.maximum(eigenvalues[:, k], 1e-12)).astype(np.float64)
            columns += _indicators(smallest, _EIGENVALUE_EDGES)
        xi = np.log(total[event] / 2.0 / size).clip(0.0, 11.9)
        heavy, is_baryon = _heaviest(code), _is_baryon(code)
        hadron = code > 100
        kinds = (
            hadron & ~is_baryon & (heavy < 3),
            hadron & ~is_baryon & (heavy == 3),
            hadron & is_baryon & (heavy <= 3),
            hadron & (heavy == 4),
            hadron & (heavy == 5),
        )
        index = np.digitize(xi, _XI_EDGES) - 1
        bins = len(_XI_EDGES) - 1
        for use in kinds:
            table = np.bincount(event[use] * bins + index[use], minlength=events * bins)
            columns += list(table.reshape(events, bins).T)
        return np.stack(columns, axis=1).astype(np.float32)


def _indicators(
    values: NDArray[np.float64], edges: NDArray[np.float64]
) -> list[NDArray[np.float64]]:
    index = np.digitize(values, edges) - 1
    return [(index == i).astype(np.float64) for i in range(len(edges) - 1)]
