# SPDX-License-Identifier: GPL-3.0-or-later
"""Maximum likelihood for the light-cone fraction z of a break, resumable bit for bit."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mcsurrogate.checkpoint import Checkpoint, tensor_digest
from mcsurrogate.errors import HadronizationError
from mcsurrogate.hadronization.string_breaks.flavours import (
    BREAK_CLASSES,
    END_CLASSES,
    break_class,
    end_class,
)
from mcsurrogate.hadronization.string_breaks.networks import FractionNetwork
from mcsurrogate.hadronization.string_breaks.recording import BreakRecording

__all__ = ["FractionSample", "FractionTrainer", "fraction_coverage"]

_HELD_OUT = 50
_SLICE = 1 << 20
_CHECKPOINT_SECONDS = 30.0
#: Fraction of the values of mT^2 of a pair of flavours that coverage leaves out at each end.
_TAIL = 2e-5
_FEWEST = 200


@dataclass(frozen=True, slots=True)
class FractionSample:
    """Recorded values of z with their conditions.

    Attributes
    ----------
    old, new
        ``(N,)`` int8 classes: there are tens of millions of them.
    log_mass
        ``(N,)`` float32 ``log(mT^2 / GeV^2)``.
    z
        ``(N,)`` float32.
    """

    old: Tensor
    new: Tensor
    log_mass: Tensor
    z: Tensor

    @classmethod
    def from_recording(cls, recording: BreakRecording) -> "FractionSample":
        """Take those of the flavours that the network knows."""
        columns: tuple[list[NDArray[Any]], ...] = ([], [], [], [])
        for start in range(0, len(recording.fraction), _SLICE):
            part = slice(start, start + _SLICE)
            old = end_class(recording.fraction_id[part, 0])
            new = break_class(recording.fraction_id[part, 1])
            mass, z = recording.fraction[part].T
            keep = (old >= 0) & (new >= 0) & (mass > 0.0) & (z > 0.0) & (z < 1.0)
            usable = (
                old[keep].astype(np.int8),
                new[keep].astype(np.int8),
                np.log(mass[keep]),
                z[keep],
            )
            for column, values in zip(columns, usable, strict=True):
                column.append(values)
        number = sum(len(values) for values in columns[-1])
        if number < 10 * _HELD_OUT:
            raise HadronizationError(
                f"the recording has only {number} usable values of z; record more events"
            )
        return cls(*(torch.from_numpy(np.concatenate(column)) for column in columns))

    def __len__(self) -> int:
        return len(self.z)

    def take(self, index: Tensor | slice) -> "FractionSample":
        """Part of the sample."""
        return FractionSample(self.old[index], self.new[index], self.log_mass[index], self.z[index])


def fraction_coverage(sample: FractionSample) -> NDArray[np.float32]:
    """Range of ``log(mT^2)`` that each pair of classes was seen with, ``(old, new, 2)``.

    A pair seen fewer than 200 times is not covered: its lower end lies above its upper end.
    """
    coverage = np.zeros((END_CLASSES, len(BREAK_CLASSES), 2), dtype=np.float32)
    coverage[..., 0], coverage[..., 1] = 1.0, -1.0
    pair = (sample.old.to(torch.int16) * len(BREAK_CLASSES) + sample.new).numpy()
    order = np.argsort(pair, kind="stable")
    log_mass = sample.log_mass.numpy()[order]
    for start, group in _groups(pair[order], log_mass):
        if len(group) >= _FEWEST:
            low, high = np.quantile(group, [_TAIL, 1.0 - _TAIL])
            coverage[start // len(BREAK_CLASSES), start % len(BREAK_CLASSES)] = low, high
    return coverage


def _groups(
    keys: NDArray[np.int16], values: NDArray[np.float32]
) -> list[tuple[int, NDArray[np.float32]]]:
    names, starts = np.unique(keys, return_index=True)
    return list(zip(names.tolist(), np.split(values, starts[1:]), strict=True))


class FractionTrainer:
    """Trains a `FractionNetwork` on recorded breaks.

    Parameters
    ----------
    sample
        All recorded values; one in fifty is held out to watch the likelihood.
    bins, hidden
        Of the network.
    steps, batch_size, learning_rate
        Of Adam, with a learning rate that rises over the first 5% and falls as a cosine.
    seed
        Decides initial weights and the order of the data.
    checkpoint
        File that a killed run goes on from, bit for bit; None for none.
    """

    def __init__(
        self,
        sample: FractionSample,
        *,
        bins: int,
        hidden: int,
        steps: int,
        batch_size: int,
        learning_rate: float,
        seed: int,
        checkpoint: Path | None = None,
    ) -> None:
        self._sample = sample
        self._held_out = sample.take(torch.arange(0, len(sample), _HELD_OUT)[:200_000])
        self._train_size = len(sample) - -(-len(sample) // _HELD_OUT)
        self._batch = min(batch_size, self._train_size)
        self._seed = seed
        self._steps = steps
        identity = {
            "seed": seed,
            "steps": steps,
            "batch_size": batch_size,
            "learning_rate": learning_rate,
            "bins": bins,
            "hidden": hidden,
            "data": tensor_digest([sample.old, sample.new, sample.log_mass, sample.z]),
        }
        self._checkpoint = Checkpoint(checkpoint, identity, every=_CHECKPOINT_SECONDS)
        log_mass = sample.log_mass[_train_index(torch.arange(self._train_size))]
        torch.manual_seed(seed)
        self.network = FractionNetwork(bins, hidden, float(log_mass.mean()), float(log_mass.std()))
        self._optimiser = torch.optim.Adam(
            self.network.parameters(), lr=learning_rate, betas=(0.9, 0.99)
        )
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimiser,
            learning_rate,
            steps,
            pct_start=min(max(0.05, 2.0 / steps), 0.5),  # two steps up at least
            final_div_factor=1e3,
        )
        self._step = 0
        self._epoch = -1
        self._order = torch.empty(0, dtype=torch.int64)
        self.curve: list[dict[str, float]] = []

    def resume(self) -> bool:
        """Go on from the checkpoint, if there is one; tells whether there was."""
        state = self._checkpoint.load()
        if state is None:
            return False
        self.network.load_state_dict(state["network"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._schedule.load_state_dict(state["schedule"])
        self._step = state["step"]
        self.curve = state["curve"]
        return True

    def _save(self) -> None:
        self._checkpoint.save(
            {
                "network": self.network.state_dict(),
                "optimiser": self._optimiser.state_dict(),
                "schedule": self._schedule.state_dict(),
                "step": self._step,
                "curve": self.curve,
            }
        )

    def _next_batch(self) -> FractionSample:
        """Batches are a function of seed and step alone, so that a resumed run sees the same."""
        per_epoch = self._train_size // self._batch
        epoch, position = divmod(self._step, per_epoch)
        if epoch != self._epoch:
            generator = torch.Generator().manual_seed(self._seed + 7919 * (epoch + 1))
            self._order = torch.randperm(self._train_size, generator=generator)
            self._epoch = epoch
        start = position * self._batch
        return self._sample.take(_train_index(self._order[start : start + self._batch]))

    def held_out_loss(self) -> float:
        """Mean negative log-likelihood of the values held out, in nats."""
        with torch.no_grad():
            return -float(_log_density(self.network, self._held_out).mean())

    def run(self, progress: Callable[[int, int], None] | None = None) -> FractionNetwork:
        """Train to the end.

        Parameters
        ----------
        progress
            Called with the number of steps done and of all.

        Raises
        ------
        HadronizationError
            If the loss becomes infinite.
        """
        report = max(self._steps // 100, 1)
        while self._step < self._steps:
            loss = -_log_density(self.network, self._next_batch()).mean()
            self._optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self._optimiser.step()
            self._schedule.step()
            self._step += 1
            if self._step % report == 0 or self._step == self._steps:
                value = self.held_out_loss()
                if not math.isfinite(value):
                    raise HadronizationError(
                        f"the training diverged at step {self._step}; lower the learning rate"
                    )
                self.curve.append({"step": self._step, "held_out_nats": value})
                if progress is not None:
                    progress(self._step, self._steps)
            if self._checkpoint.due or self._step == self._steps:
                self._save()
        return self.network


def _train_index(number: Tensor) -> Tensor:
    """Positions in a sample of the values that are not held out, by their number."""
    return number + number.div(_HELD_OUT - 1, rounding_mode="floor") + 1


def _log_density(network: FractionNetwork, sample: FractionSample) -> Tensor:
    return network.log_density(sample.old.long(), sample.new.long(), sample.log_mass, sample.z)
