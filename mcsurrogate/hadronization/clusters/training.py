# SPDX-License-Identifier: GPL-3.0-or-later
"""Maximum likelihood for the steps of cluster decays, head by head, resumable bit for bit."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mcsurrogate.checkpoint import Checkpoint, tensor_digest
from mcsurrogate.errors import HadronizationError
from mcsurrogate.hadronization.clusters.flavours import conjugate_hadron
from mcsurrogate.hadronization.clusters.networks import ClusterNetworks, mass_coordinate
from mcsurrogate.hadronization.clusters.steps import KINDS, DecaySteps
from mcsurrogate.hadronization.clusters.tables import second_is_anti

__all__ = ["ClusterTrainer", "HeadData", "head_data"]

_CHECKPOINT_SECONDS = 30.0
_HH, _HC, _CH, _CC = range(len(KINDS))
_FEWEST = 40


@dataclass(frozen=True, slots=True)
class HeadData:
    """What one head is trained on.

    Attributes
    ----------
    columns
        Inputs of the head, each of length N.
    log_density
        ``(networks, columns) -> (N,)`` log density of what was drawn.
    """

    columns: tuple[Tensor, ...]
    log_density: Callable[[ClusterNetworks, tuple[Tensor, ...]], Tensor]

    def __len__(self) -> int:
        return len(self.columns[0])


def _whole(values: NDArray[np.int64]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.int64))


def _real(values: NDArray[np.float64]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))


def _vertex_of(networks: ClusterNetworks, steps: DecaySteps, side: int) -> NDArray[np.int64]:
    """Vertex of the hadron on one side of each step, -1 where it is not in the tables."""
    vertices = {tuple(v): i for i, v in enumerate(networks.tables.vertices.tolist())}
    end = steps.second if side else steps.first
    anti = second_is_anti(steps.first, steps.second) & (side == 1)
    rows = zip(
        end.tolist(), steps.popped.tolist(), steps.products[:, side].tolist(), anti.tolist(),
        strict=True,
    )  # fmt: skip
    return np.array(
        [vertices.get((e, x, conjugate_hadron(h) if c else h), -1) for e, x, h, c in rows],
        dtype=np.int64,
    )


def head_data(networks: ClusterNetworks, steps: DecaySteps) -> dict[str, HeadData]:
    """Split steps into what each head of the networks draws.

    Steps below a threshold of the tables, which use reference masses, are left out.
    """
    data = {
        "kind": _kind(networks, steps),
        "hadron": _hadron(networks, steps),
        "peel": _peel(networks, steps),
        "pop": _pop(networks, steps),
        "mass": _mass(networks, steps),
        "angle": _angle(steps),
    }
    return {name: head for name, head in data.items() if len(head) >= _FEWEST}


def _kind(networks: ClusterNetworks, steps: DecaySteps) -> HeadData:
    threshold = networks.tables.kind_threshold()[steps.first, steps.second]
    kind = np.where(steps.kind < 0, _CC, steps.kind)
    use = steps.mass > threshold[np.arange(len(kind)), kind] + 1e-4
    s = steps.take(use)
    columns = (_whole(s.first), _whole(s.second), _real(s.mass), _whole(kind[use]))
    return HeadData(
        columns, lambda n, c: n.kind_log_probability(*c[:3]).gather(1, c[3][:, None])[:, 0]
    )


def _hadron(networks: ClusterNetworks, steps: DecaySteps) -> HeadData:
    s = steps.take(steps.kind == _HH)
    tables = networks.tables
    v, w = (_vertex_of(networks, s, side) for side in (0, 1))
    # Few combinations occur, so the table of pairs is searched once for each.
    keys = np.stack([s.first, s.second, v, w], axis=1)
    unique, inverse = np.unique(keys, axis=0, return_inverse=True)
    match = (tables.pairs[unique[:, 0], unique[:, 1]] == unique[:, None, 2:]).all(axis=2)
    found = np.where(match.any(axis=1), match.argmax(axis=1), -1)
    position = found[inverse.reshape(-1)]
    known = (v >= 0) & (w >= 0) & (position >= 0)
    known &= s.mass > tables.hadron_mass[v] + tables.hadron_mass[w] + 1e-4
    s, pair = s.take(known), position[known]
    columns = (_whole(s.first), _whole(s.second), _real(s.mass), _whole(pair))
    return HeadData(
        columns, lambda n, c: n.pair_log_probability(*c[:3]).gather(1, c[3][:, None])[:, 0]
    )


def _peel(networks: ClusterNetworks, steps: DecaySteps) -> HeadData:
    s = steps.take((steps.kind == _HC) | (steps.kind == _CH))
    side = (s.kind == _CH).astype(np.int64)
    vertex = np.where(side == 0, _vertex_of(networks, s, 0), _vertex_of(networks, s, 1))
    own, other = np.where(side == 0, s.first, s.second), np.where(side == 0, s.second, s.first)
    use = (vertex >= 0) & (
        s.mass > networks.tables.peel_threshold()[own, other, np.maximum(vertex, 0)] + 1e-4
    )
    s = s.take(use)
    columns = (_whole(s.first), _whole(s.second), _real(s.mass), _whole(side[use]),
               _whole(vertex[use]))  # fmt: skip
    return HeadData(
        columns, lambda n, c: n.peel_log_probability(*c[:4]).gather(1, c[4][:, None])[:, 0]
    )


def _pop(networks: ClusterNetworks, steps: DecaySteps) -> HeadData:
    s = steps.take(steps.kind == _CC)
    threshold = networks.tables.pop_threshold()[s.first, s.second, s.popped]
    s = s.take(s.mass > threshold + 1e-4)
    columns = (_whole(s.first), _whole(s.second), _real(s.mass), _whole(s.popped))
    return HeadData(
        columns, lambda n, c: n.pop_log_probability(*c[:3]).gather(1, c[3][:, None])[:, 0]
    )


def _mass(networks: ClusterNetworks, steps: DecaySteps) -> HeadData:
    rows: list[list[Tensor]] = []
    for role, kind, own in ((0, _CC, 0), (1, _CC, 1), (2, _HC, 1), (3, _CH, 0)):
        s = steps.take(steps.kind == kind)
        first, second, popped = _whole(s.first), _whole(s.second), _whole(s.popped)
        x = networks.popped_end(popped)
        low = networks.lightest(second if own else first, x)
        mass, m = _real(s.mass), _real(s.masses[:, own])
        other = _real(s.masses[:, 1 - own])
        rest = networks.lightest(second, x) if role == 0 else other
        high = mass - rest
        use = torch.isfinite(low) & (high > low * 1.0001) & (m > low * 0.98) & (m < high * 1.001)
        coordinate = mass_coordinate(m, low, high)
        columns = (first, second, popped, mass, torch.full_like(first, role), other, coordinate)
        rows.append([c[use] for c in columns])
    joined = tuple(torch.cat(parts) for parts in zip(*rows, strict=True))
    return HeadData(joined, lambda n, c: n.mass_log_density(*c))


def _angle(steps: DecaySteps) -> HeadData:
    s = steps.take(steps.kind >= 0)
    s = s.take(s.mass > s.masses.sum(axis=1) + 1e-5)
    columns = (
        _whole(s.first), _whole(s.second), _whole(s.popped), _whole(s.kind),
        torch.from_numpy(s.primary), _real(s.mass), _real(s.masses), _real(s.cosine),
    )  # fmt: skip
    return HeadData(columns, lambda n, c: n.angle_log_density(*c))


class ClusterTrainer:
    """Trains every head of a `ClusterNetworks` on decay steps.

    Parameters
    ----------
    networks
        Trained in place; initial weights are the caller's.
    steps
        Trained on.
    held_out
        Steps that only watch the likelihood.
    optimiser_steps
        Steps of Adam for each head, by name.
    batch_size, learning_rate
        Of Adam, with a learning rate that rises over the first 5% and falls as a cosine.
    seed
        Decides the order of the data.
    checkpoint
        File that a killed run goes on from, bit for bit; None for none.
    """

    def __init__(
        self,
        networks: ClusterNetworks,
        steps: DecaySteps,
        held_out: DecaySteps,
        *,
        optimiser_steps: Mapping[str, int],
        batch_size: int,
        learning_rate: float,
        seed: int,
        checkpoint: Path | None = None,
    ) -> None:
        self.networks = networks
        self._train = head_data(networks, steps)
        self._test = head_data(networks, held_out)
        self._lengths = {
            name: optimiser_steps[name]
            for name in self._train
            if name in self._test and optimiser_steps[name] > 0
        }
        self._batch = batch_size
        self._rate = learning_rate
        self._seed = seed
        columns = [column for head in self._train.values() for column in head.columns]
        identity = {
            "seed": seed,
            "lengths": self._lengths,
            "batch_size": batch_size,
            "learning_rate": learning_rate,
            "data": tensor_digest(columns),
            "networks": tensor_digest(networks.state_dict().values()),
        }
        self._checkpoint = Checkpoint(checkpoint, identity, every=_CHECKPOINT_SECONDS)
        self._done: list[str] = []
        self._state: dict[str, Any] | None = None
        self.curve: list[dict[str, float | int | str]] = []

    def resume(self) -> bool:
        """Go on from the checkpoint, if there is one; tells whether there was."""
        state = self._checkpoint.load()
        if state is None:
            return False
        self.networks.load_state_dict(state["networks"])
        self._done = state["done"]
        self._state = state["head"]
        self.curve = state["curve"]
        return True

    def _save(self, head: dict[str, Any] | None) -> None:
        self._checkpoint.save(
            {
                "networks": self.networks.state_dict(),
                "done": self._done,
                "head": head,
                "curve": self.curve,
            }
        )

    def held_out_loss(self, name: str) -> float:
        """Mean negative log-likelihood of what was held out, in nats a draw."""
        with torch.no_grad():
            data = self._test[name]
            parts = zip(*(torch.split(column, 8192) for column in data.columns), strict=True)
            return -float(torch.cat([data.log_density(self.networks, p) for p in parts]).mean())

    def _parameters(self, name: str) -> list[nn.Parameter]:
        parameters = list(getattr(self.networks, name).parameters())
        return [*parameters, self.networks.exponent] if name == "hadron" else parameters

    def run(self, progress: Callable[[str, int, int], None] | None = None) -> ClusterNetworks:
        """Train all heads to the end.

        Parameters
        ----------
        progress
            Called with the head's name, the steps done and of all heads.

        Raises
        ------
        HadronizationError
            If a loss becomes infinite.
        """
        total = sum(self._lengths.values())
        for name, length in self._lengths.items():
            if name in self._done:
                continue
            before = sum(self._lengths[done] for done in self._done)

            def report(step: int, name: str = name, before: int = before) -> None:
                if progress is not None:
                    progress(name, before + step, total)

            self._run_head(name, length, report)
            self._done.append(name)
            self._save(None)
        return self.networks

    def _run_head(self, name: str, length: int, progress: Callable[[int], object]) -> None:
        data = self._train[name]
        optimiser = torch.optim.Adam(self._parameters(name), lr=self._rate, betas=(0.9, 0.99))
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser,
            self._rate,
            length,
            pct_start=min(max(0.05, 2.0 / length), 0.5),
            final_div_factor=1e3,
        )
        step = 0
        if self._state is not None:
            optimiser.load_state_dict(self._state["optimiser"])
            schedule.load_state_dict(self._state["schedule"])
            step = self._state["step"]
            self._state = None
        while step < length:
            # Batches are a function of seed and step alone, so that a resumed run sees the same.
            generator = torch.Generator().manual_seed(self._seed * 1_000_003 + step)
            index = torch.randint(len(data), (min(self._batch, len(data)),), generator=generator)
            loss = -data.log_density(self.networks, tuple(c[index] for c in data.columns)).mean()
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            step += 1
            if step % max(length // 20, 1) == 0 or step == length:
                value = self.held_out_loss(name)
                if not math.isfinite(value):
                    raise HadronizationError(
                        f"head {name!r} diverged at step {step}; lower the learning rate"
                    )
                self.curve.append({"head": name, "step": step, "held_out_nats": value})
                progress(step)
            if self._checkpoint.due:
                self._save(
                    {
                        "optimiser": optimiser.state_dict(),
                        "schedule": schedule.state_dict(),
                        "step": step,
                    }
                )
