"""A discriminator that sees an event as the set of its hadrons: the adversary of a fit.

As in HADML (arXiv:2305.17169) a network on single hadrons is summed over the event, deep sets of
arXiv:1703.06114, and a second network tells the event's origin from the sum. Here it sees species
as well as momenta.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

__all__ = ["HadronSets", "SetDiscriminator", "cross_fitted_logits"]

_KINEMATICS = 4
_BATCH = 128


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
    species
        Size of the vocabulary, other hadrons not counted.
    hidden
        Units of every hidden layer.
    """

    def __init__(self, species: int, hidden: int = 32) -> None:
        super().__init__()
        self.embedding = nn.Embedding(species + 1, 8)
        self.single = nn.Sequential(
            nn.Linear(8 + _KINEMATICS, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU()
        )
        self.whole = nn.Sequential(nn.Linear(hidden + 1, hidden), nn.SiLU(), nn.Linear(hidden, 1))

    def forward(self, species: Tensor, kinematics: Tensor, event: Tensor, events: int) -> Tensor:
        """``(events,)`` logits of flat hadrons that belong to `event`."""
        single = self.single(torch.cat([self.embedding(species), kinematics], dim=1))
        zeros = torch.zeros(events, single.shape[1] + 1)
        counted = torch.cat([single, torch.ones(len(single), 1)], dim=1)
        result: Tensor = self.whole(zeros.index_add(0, event, counted) / 20.0)[:, 0]
        return result


def _logits(network: SetDiscriminator, sets: HadronSets, index: NDArray[np.int64]) -> Tensor:
    number = np.diff(sets.offsets)[index]
    start = np.cumsum(number) - number
    rows = np.repeat(sets.offsets[index] - start, number) + np.arange(number.sum())
    event = torch.from_numpy(np.repeat(np.arange(len(index)), number))
    species, kinematics = (
        torch.from_numpy(sets.species[rows]),
        torch.from_numpy(sets.kinematics[rows]),
    )
    logits: Tensor = network(species, kinematics, event, len(index))
    return logits


def cross_fitted_logits(
    model: HadronSets, target: HadronSets, *, species: int, seed: int, epochs: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Logits of every event by a discriminator that was trained on the other half.

    Parameters
    ----------
    model, target
        The two kinds of events; large logits stand for `target`.
    species
        Size of the vocabulary.
    seed
        Decides halves, initial weights and order.
    epochs
        Passes over the training half.

    Returns
    -------
    tuple
        ``(N,)`` and ``(M,)``.
    """
    random = np.random.default_rng(seed)
    halves = [random.permutation(len(sets)) % 2 for sets in (model, target)]
    results = [np.zeros(len(sets)) for sets in (model, target)]
    with torch.random.fork_rng(devices=[]):
        for part in (0, 1):
            torch.manual_seed(seed + part)
            network = SetDiscriminator(species)
            trained = [np.flatnonzero(half != part) for half in halves]
            _train(network, (model, target), trained, epochs, random)
            with torch.no_grad():
                for sets, half, result in zip((model, target), halves, results, strict=True):
                    index = np.flatnonzero(half == part)
                    for chunk in np.array_split(index, max(len(index) // 4096, 1)):
                        result[chunk] = _logits(network, sets, chunk).double().numpy()
    return results[0], results[1]


def _train(
    network: SetDiscriminator,
    sets: tuple[HadronSets, HadronSets],
    index: list[NDArray[np.int64]],
    epochs: int,
    random: np.random.Generator,
) -> None:
    fewest = min(len(i) for i in index)
    batches = max(fewest // _BATCH, min(fewest // 16, 12), 1)
    steps = epochs * batches
    optimiser = torch.optim.Adam(network.parameters(), lr=3e-3, weight_decay=1e-5)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: 0.5 * (1.0 + math.cos(math.pi * step / steps))
    )
    loss = nn.BCEWithLogitsLoss()
    for _ in range(epochs):
        orders = [random.permutation(i)[:fewest] for i in index]
        for chunks in zip(*(np.array_split(o, batches) for o in orders), strict=True):
            logits = [_logits(network, s, c) for s, c in zip(sets, chunks, strict=True)]
            value = loss(logits[0], torch.zeros_like(logits[0])) + loss(
                logits[1], torch.ones_like(logits[1])
            )
            optimiser.zero_grad()
            value.backward()
            optimiser.step()
            schedule.step()
