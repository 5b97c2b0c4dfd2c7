# SPDX-License-Identifier: GPL-3.0-or-later
"""Adversarial training of all networks of a cluster model on whole events.

As in HADML (arXiv:2305.17169) a discriminator of hadron sets learns to tell the model's events
from the target's, and the model learns to deceive it. Angles and masses of clusters answer along
the path by which they were drawn; choices of flavours and kinds, and the formation of clusters, by
their scores (`decay_replay`). The discriminator has never seen the events that it judges.
"""

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from torch import Tensor, nn

from mcsurrogate.checkpoint import Checkpoint, tensor_digest
from mcsurrogate.classifiers import auc
from mcsurrogate.errors import HadronizationError
from mcsurrogate.events import ParticleBatch
from mcsurrogate.hadronization.clusters.recording import ClusterRecording
from mcsurrogate.hadronization.fit_cards import AdversarialCard
from mcsurrogate.hadronization.fitting.cluster_scores import formation_log_density
from mcsurrogate.hadronization.fitting.decay_replay import replay
from mcsurrogate.hadronization.fitting.event_samples import EventSamples, hadronized_twice
from mcsurrogate.hadronization.fitting.fitted_models import FittedClusters
from mcsurrogate.hadronization.fitting.set_discriminator import (
    DeepSet,
    HadronSets,
    hadron_features,
    rows_of_events,
)
from mcsurrogate.progress import Progress

__all__ = ["AdversarialTraining"]

_SEEDS_APART = 10
_CHECKPOINT_SECONDS = 30.0
_LARGEST_GRADIENT = 1.0
# Gradients below this, those of rare flavours, are noise: Adam shall not blow them up.
_QUIET = 1e-3
_BATCH = 256
# One batch in so many is penalised, as often as much: arXiv:1912.04958, appendix B.
_PENALISED = 4
# GeV between a replayed hadron and the event's own, and what part of hadrons may lack it.
_SAME = 0.05
_FEW = 0.01
_APART = 1e4


class AdversarialTraining:
    """Trains a cluster model against a discriminator.

    Parameters
    ----------
    model
        Trained in place.
    card
        How.
    seed
        Decides events, discriminator and order.
    folder
        For temporary files and the checkpoint.
    """

    def __init__(
        self, model: FittedClusters, card: AdversarialCard, *, seed: int, folder: Path
    ) -> None:
        self.model = model
        self.card = card
        self.curve: list[dict[str, float]] = []
        self._seed = seed
        self._folder = folder
        networks = model.networks
        identity = {
            "seed": seed,
            **card.model_dump(mode="json"),
            "networks": tensor_digest(networks.state_dict().values()),
        }
        self._checkpoint = Checkpoint(
            folder / "adversarial_checkpoint.safetensors", identity, every=_CHECKPOINT_SECONDS
        )
        codes = np.unique(np.abs(networks.tables.vertices[:, 2]))
        self._vocabulary = np.unique(np.concatenate([codes, -codes]))
        torch.manual_seed(seed)
        self._discriminator = DeepSet(len(self._vocabulary), card.hidden)
        self._of_model = torch.optim.Adam(
            networks.parameters(), lr=card.learning_rate, betas=(0.5, 0.99), eps=_QUIET
        )
        self._of_discriminator = torch.optim.AdamW(
            self._discriminator.parameters(),
            lr=card.discriminator_rate,
            weight_decay=1e-5,
        )
        self._sum: dict[str, Tensor] = {}

    def resume(self) -> bool:
        """Go on from the checkpoint, if there is one; tells whether there was."""
        state = self._checkpoint.load()
        if state is None:
            return False
        self.model.networks.load_state_dict(state["networks"])
        self._discriminator.load_state_dict(state["discriminator"])
        self._of_model.load_state_dict(state["of_model"])
        self._of_discriminator.load_state_dict(state["of_discriminator"])
        self._sum, self.curve = state["sum"], state["curve"]
        return True

    def _save(self) -> None:
        self._checkpoint.save(
            {
                "networks": self.model.networks.state_dict(),
                "discriminator": self._discriminator.state_dict(),
                "of_model": self._of_model.state_dict(),
                "of_discriminator": self._of_discriminator.state_dict(),
                "sum": self._sum,
                "curve": self.curve,
            }
        )

    def run(self, progress: Progress) -> None:
        """Train to the end.

        Raises
        ------
        PythiaError
            If events cannot be generated.
        HadronizationError
            If the training diverges.
        """
        card, networks = self.card, self.model.networks
        total = card.warm_up + card.steps
        while len(self.curve) < total:
            done = len(self.curve)
            progress(done, total, "training against a discriminator")
            seed = self._seed + _SEEDS_APART * (done + 1)
            samples = hadronized_twice(
                self.model, card.settings, card.events, seed=seed, folder=self._folder
            )
            target = self._set(samples.target)
            mine = self._set(samples.batch)
            for group in self._of_model.param_groups:
                group["lr"] = card.learning_rate * _falling(done - card.warm_up, card.steps)
            area = self._answer(samples, mine, target, moves=done >= card.warm_up)
            self._teach(mine, target, seed)
            left = total - len(self.curve)
            if left <= card.averaged:
                for name, values in networks.state_dict().items():
                    part = values.double() / card.averaged
                    self._sum[name] = self._sum[name] + part if name in self._sum else part
            self.curve.append(area)
            if self._checkpoint.due or left == 1:
                self._save()
        networks.load_state_dict(self._sum)

    def _set(self, batch: ParticleBatch) -> "_Set":
        momenta = np.ascontiguousarray(batch.momenta)
        sets = HadronSets.of_events(batch.offsets, batch.pdg_id, momenta, self._vocabulary)
        return _Set(sets, torch.from_numpy(momenta))

    def _answer(
        self, samples: EventSamples, mine: "_Set", target: "_Set", *, moves: bool
    ) -> dict[str, float]:
        """Judge events that the discriminator has not seen, and move the model by its judgement."""
        with torch.no_grad():
            others = self._discriminator(target.number, target.species, target.features)
        if not moves:
            with torch.no_grad():
                logits = self._discriminator(mine.number, mine.species, mine.features)
            return {"auc": auc(others.double().numpy(), logits.double().numpy())}
        recording: ClusterRecording = samples.recorded
        replayed = replay(self.model.networks, recording)
        event = np.full(samples.events, -1, dtype=np.int64)
        assert samples.batch.source_event is not None
        event[samples.batch.source_event] = np.arange(len(samples.batch))
        event = event[recording.labels]
        features = hadron_features(
            _with_derivatives(mine, replayed.momenta, event[replayed.event.numpy()]), mine.offsets
        )
        logits = self._discriminator(mine.number, mine.species, features)
        loss = nn.functional.softplus(-logits)
        log_density = replayed.log_probability + formation_log_density(
            self.model.networks, recording
        )
        kept = torch.from_numpy(event >= 0)
        of_event = torch.zeros(len(mine.number), dtype=torch.float64).index_add(
            0, torch.from_numpy(event)[kept], log_density[kept].double()
        )
        # Less the mean of the other events: without bias, and with far less variance.
        advantage = (loss - loss.mean()).detach() * len(loss) / (len(loss) - 1)
        self._of_model.zero_grad()
        torch.autograd.backward(loss.mean() + (advantage * of_event).mean())
        norm = nn.utils.clip_grad_norm_(self.model.networks.parameters(), _LARGEST_GRADIENT)
        if not bool(torch.isfinite(norm)):
            raise HadronizationError(
                f"step {len(self.curve) + 1}: the gradient of the adversarial training is not "
                "finite; lower its learning_rate"
            )
        self._of_model.step()
        return {
            "auc": auc(others.double().numpy(), logits.detach().double().numpy()),
            "loss": float(loss.detach().mean()),
            "gradient": float(norm),
        }

    def _teach(self, mine: "_Set", target: "_Set", seed: int) -> None:
        """Let the discriminator learn from the events of both that it has just judged."""
        generator = torch.Generator().manual_seed(seed)
        size = min(len(mine.number), len(target.number))
        for _ in range(self.card.passes):
            orders = [
                torch.randperm(len(s.number), generator=generator)[:size] for s in (mine, target)
            ]
            pairs = zip(*(torch.split(order, _BATCH) for order in orders), strict=True)
            for i, (a, b) in enumerate(pairs):
                loss = nn.functional.softplus(self._logits(mine, a)[0]).mean()
                logits, features = self._logits(target, b)
                loss = loss + nn.functional.softplus(-logits).mean()
                if i % _PENALISED == 0:
                    # R1 of arXiv:1801.04406: it keeps the game stable near the equilibrium.
                    (slope,) = torch.autograd.grad(logits.sum(), features, create_graph=True)
                    weight = 0.5 * _PENALISED * self.card.penalty
                    loss = loss + weight * (slope**2).sum() / len(b)
                self._of_discriminator.zero_grad()
                torch.autograd.backward(loss)
                self._of_discriminator.step()

    def _logits(self, sample: "_Set", index: Tensor) -> tuple[Tensor, Tensor]:
        number, rows = rows_of_events(sample.offsets, index)
        features = sample.features[rows].requires_grad_()
        return self._discriminator(number, sample.species[rows], features), features

    def summary(self) -> dict[str, Any]:
        """Tell a model card of the training."""
        return {
            "settings": list(self.card.settings),
            "events_a_step": self.card.events,
            "steps": len(self.curve),
            "parameters": sum(p.numel() for p in self.model.networks.parameters()),
            "last": self.curve[-1] if self.curve else {},
        }


class _Set:
    """Events as the discriminator sees them."""

    def __init__(self, sets: HadronSets, momenta: Tensor) -> None:
        self.offsets = torch.from_numpy(sets.offsets)
        self.number = self.offsets.diff()
        self.species = torch.from_numpy(sets.species)
        self.momenta = momenta
        self.features = torch.from_numpy(sets.kinematics)


def _falling(step: int, steps: int) -> float:
    """Factor on the learning rate: constant at first, then a cosine to a twentieth."""
    late = max(2.0 * step / steps - 1.0, 0.0)
    return 0.05 + 0.95 * 0.5 * (1.0 + math.cos(math.pi * late))


def _with_derivatives(sample: _Set, momenta: Tensor, event: NDArray[np.int64]) -> Tensor:
    """Momenta of all hadrons of events, with derivatives where decays were replayed."""
    own = torch.repeat_interleave(sample.number).numpy()
    tree = cKDTree(np.column_stack([_APART * own, sample.momenta.numpy()]))
    distance, index = tree.query(np.column_stack([_APART * event, momenta.detach().numpy()]))
    same = distance < _SAME
    # Events that were lost after their hadronization have the number -1 and are far from all.
    wrong = (~same & (event >= 0)).mean() if len(event) else 0.0
    if wrong > _FEW:
        raise HadronizationError(
            f"{wrong:.1%} of the hadrons of recorded decays are not found in their events"
        )
    rows = torch.from_numpy(index[same])
    change = momenta[torch.from_numpy(same)]
    return sample.momenta.index_add(0, rows, change - change.detach())
