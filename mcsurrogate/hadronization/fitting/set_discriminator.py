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

__all__ = ["HadronSets", "SetDiscriminator", "cross_fitted_logits"]

_KINEMATICS = 4
_BATCH = 256
_FEWEST_BATCHES = 12


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
        ``(M, 4)`` float32: ``log x``, ``log(pT / GeV)`` and cosine with respect to the event's
        axis, logarithm of the energy over the hemisphere's.
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
        events = len(offsets) - 1
        event = np.repeat(np.arange(events), np.diff(offsets))
        p = momenta[:, 1:]
        size = np.maximum(np.sqrt((p**2).sum(axis=1)), 1e-9)
        tensor = np.zeros((events, 3, 3))
        for i in range(3):
            for j in range(3):
                tensor[:, i, j] = np.bincount(event, p[:, i] * p[:, j] / size, minlength=events)
        axis = np.linalg.eigh(tensor)[1][:, :, 2]
        along = (p * axis[event]).sum(axis=1)
        across = np.sqrt(np.maximum(size**2 - along**2, 1e-12))
        energy = momenta[:, 0]
        side = 2 * event + (along > 0)
        hemisphere = np.bincount(side, energy, minlength=2 * events)[side]
        total = np.bincount(event, energy, minlength=events)[event]
        kinematics = np.stack(
            [
                np.log(2.0 * energy / total),
                np.log(across + 0.05),
                along / size,
                np.log(energy / hemisphere),
            ],
            axis=1,
        )
        position = np.searchsorted(vocabulary, pdg_id).clip(max=len(vocabulary) - 1)
        species = np.where(vocabulary[position] == pdg_id, position + 1, 0)
        return cls(offsets, species.astype(np.int64), kinematics.astype(np.float32))


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
        self.embedding = nn.Embedding(species + 1, 8)
        self.single = nn.Sequential(
            nn.Linear(8 + _KINEMATICS, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU()
        )
        self.whole = nn.Sequential(nn.Linear(hidden + 1, hidden), nn.SiLU(), nn.Linear(hidden, 1))

    def forward(self, index: Tensor) -> Tensor:
        """``(n,)`` logits of events by their numbers."""
        index = index.long()
        number = self._offsets.diff()[index]
        event = torch.repeat_interleave(number)
        rows = (self._offsets[index] - number.cumsum(0) + number)[event] + torch.arange(len(event))
        single = self.single(
            torch.cat([self.embedding(self._species[rows]), self._kinematics[rows]], dim=1)
        )
        counted = torch.cat([single, torch.ones(len(single), 1)], dim=1)
        total = torch.zeros(len(index), counted.shape[1]).index_add(0, event, counted)
        result: Tensor = self.whole(total / 20.0)[:, 0]
        return result


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
