# SPDX-License-Identifier: GPL-3.0-or-later
"""A discriminator that sees an event as the set of its hadrons: the adversary of a fit.

As in HADML (arXiv:2305.17169) a network on single hadrons is summed over the event, deep sets of
arXiv:1703.06114, and a second network tells the event's origin from the sum. Here it sees species
as well as momenta.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mcsurrogate.classifiers import TrainingSettings, cross_fit

__all__ = [
    "DeepSet",
    "HadronSets",
    "SetDiscriminator",
    "cross_fitted_logits",
    "hadron_features",
    "rows_of_events",
]

_KINEMATICS = 6
_EMBEDDING = 16
# Scale of sums over hadrons, of order one for a network.
_TYPICAL = 5.0
_BATCH = 256
_FEWEST_BATCHES = 12
_SMALLEST_GAP = 1e-3


@dataclass(frozen=True, slots=True)
class HadronSets:
    """Hadrons of N events as a discriminator sees them.

    Attributes
    ----------
    offsets
        ``(N + 1,)`` int64.
    species
        ``(M,)`` int64 position of the signed code in a vocabulary, 0 for others.
    kinematics
        ``(M, 6)`` float32: ``log x``, ``log(pT / GeV)`` and cosine with respect to the event's
        axis, logarithm of the energy over the hemisphere's, x and momentum over half the energy.
    """

    offsets: NDArray[np.int64]
    species: NDArray[np.int64]
    kinematics: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @classmethod
    def of_events(
        cls,
        offsets: NDArray[np.int64],
        pdg_id: NDArray[np.int32],
        momenta: NDArray[np.float64],
        vocabulary: NDArray[np.int64],
    ) -> "HadronSets":
        """Make sets of generated events.

        Parameters
        ----------
        offsets, pdg_id, momenta
            As in `ParticleBatch`.
        vocabulary
            Sorted signed codes.
        """
        kinematics = hadron_features(torch.from_numpy(momenta), torch.from_numpy(offsets)).numpy()
        position = np.searchsorted(vocabulary, pdg_id).clip(max=len(vocabulary) - 1)
        species = np.where(vocabulary[position] == pdg_id, position + 1, 0)
        return cls(offsets, species.astype(np.int64), kinematics)


def hadron_features(momenta: Tensor, offsets: Tensor) -> Tensor:
    """``(M, 6)`` float32 kinematics of `HadronSets`, with derivatives by the momenta.

    Parameters
    ----------
    momenta
        ``(M, 4)`` float64 [E, px, py, pz] in GeV.
    offsets
        ``(N + 1,)`` int64.
    """
    events = len(offsets) - 1
    event = torch.repeat_interleave(offsets.diff())

    def summed(values: Tensor, index: Tensor, size: int) -> Tensor:
        return torch.zeros(size, *values.shape[1:], dtype=values.dtype).index_add(0, index, values)

    p, energy = momenta[:, 1:], momenta[:, 0]
    size = torch.sqrt((p**2).sum(dim=1)).clamp(min=1e-9)
    tensor = summed(p[:, :, None] * p[:, None, :] / size[:, None, None], event, events)
    axis = _first_axis(tensor)[event]
    along = (p * axis).sum(dim=1)
    across = torch.sqrt((size**2 - along**2).clamp(min=1e-12))
    side = 2 * event + (along > 0)
    hemisphere = summed(energy, side, 2 * events)[side]
    total = summed(energy, event, events)[event]
    x = 2.0 * energy / total
    columns = [
        torch.log(x),
        torch.log(across + 0.05),
        along / size,
        torch.log(energy / hemisphere),
        x,
        2.0 * size / total,
    ]
    return torch.stack(columns, dim=1).float()


def _first_axis(tensor: Tensor) -> Tensor:
    """``(N, 3)`` eigenvectors of the largest eigenvalues of ``(N, 3, 3)``.

    Derivatives are those of perturbation theory, which stay finite where eigenvalues coincide.
    """
    values, vectors = torch.linalg.eigh(tensor.detach())
    axis = vectors[:, :, 2]
    others = vectors[:, :, :2]
    coupling = torch.einsum("nik,nij,nj->nk", others, tensor, axis)
    gap = (values[:, 2:] - values[:, :2]).clamp(min=_SMALLEST_GAP)
    # The value of the coupling is zero: an eigenvector is orthogonal to the others.
    shift = (coupling - coupling.detach()) / gap
    result: Tensor = axis + torch.einsum("nik,nk->ni", others, shift)
    return result


class DeepSet(nn.Module):
    """A network on single hadrons, summed over the event, and one on the sums.

    What stands for the species is summed by itself, too: numbers of hadrons need not be learned
    through a network.

    Parameters
    ----------
    species
        Size of the vocabulary, other hadrons not counted.
    hidden
        Units of every hidden layer.
    """

    def __init__(self, species: int, hidden: int = 32) -> None:
        super().__init__()
        self.embedding = nn.Embedding(species + 1, _EMBEDDING)
        self.single = nn.Sequential(
            nn.Linear(_EMBEDDING + _KINEMATICS, hidden),
            nn.SiLU(),
            nn.Linear(hidden, hidden),
            nn.SiLU(),
        )
        self.whole = nn.Sequential(
            nn.Linear(hidden + 1 + _EMBEDDING, hidden),
            nn.SiLU(),
            nn.Linear(hidden, hidden),
            nn.SiLU(),
            nn.Linear(hidden, 1),
        )

    def forward(self, number: Tensor, species: Tensor, kinematics: Tensor) -> Tensor:
        """``(n,)`` logits of events with ``number`` (n,) hadrons, one event after the other."""
        event = torch.repeat_interleave(number)
        embedded = self.embedding(species)
        single = self.single(torch.cat([embedded, kinematics], dim=1))
        counted = torch.cat([single, torch.ones(len(single), 1), embedded], dim=1)
        total = torch.zeros(len(number), counted.shape[1]).index_add(0, event, counted)
        result: Tensor = self.whole(total / _TYPICAL)[:, 0]
        return result


class SetDiscriminator(nn.Module):
    """Deep sets on hadrons.

    Parameters
    ----------
    sets
        Events that it can be asked for.
    species
        Size of the vocabulary, other hadrons not counted.
    hidden
        Units of every hidden layer.
    """

    def __init__(self, sets: HadronSets, species: int, hidden: int = 32) -> None:
        super().__init__()
        self._offsets = torch.from_numpy(sets.offsets)
        self._species = torch.from_numpy(sets.species)
        self._kinematics = torch.from_numpy(sets.kinematics)
        self.network = DeepSet(species, hidden)

    def forward(self, index: Tensor) -> Tensor:
        """``(n,)`` logits of events by their numbers."""
        number, rows = rows_of_events(self._offsets, index.long())
        logits: Tensor = self.network(number, self._species[rows], self._kinematics[rows])
        return logits


def rows_of_events(offsets: Tensor, index: Tensor) -> tuple[Tensor, Tensor]:
    """Numbers of hadrons of chosen events, and the rows of all of them."""
    number = offsets.diff()[index]
    event = torch.repeat_interleave(number)
    rows = (offsets[index] - number.cumsum(0) + number)[event] + torch.arange(len(event))
    return number, rows


def cross_fitted_logits(
    sets: HadronSets, target: NDArray[np.bool_], *, species: int, seed: int, epochs: int
) -> NDArray[np.float64]:
    """``(N,)`` logits of every event by a discriminator that was trained on the other half.

    Parameters
    ----------
    sets
        N events of both kinds.
    target
        ``(N,)`` whether an event is one of the target; large logits stand for these.
    species
        Size of the vocabulary.
    seed
        Decides halves, initial weights and order.
    epochs
        Passes over the training half at most.
    """
    settings = TrainingSettings(
        epochs=epochs,
        patience=max(epochs // 2, 5),
        batch=min(_BATCH, max(len(sets) // (2 * _FEWEST_BATCHES), 32)),
        learning_rate=3e-3,
        weight_decay=1e-5,
    )
    logits, _ = cross_fit(
        lambda: SetDiscriminator(sets, species),
        (np.arange(float(len(sets))),),
        target,
        np.ones(len(sets)),
        settings,
        seed=seed,
    )
    return logits
