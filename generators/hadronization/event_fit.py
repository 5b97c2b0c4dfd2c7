"""Fit of a cluster model to whole events, to Pythia's or to measured multiplicities."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mcsurrogate.atomic import atomic_path
from mcsurrogate.generators.chain import PythiaChain
from mcsurrogate.generators.hadronization.decay_products import (
    CHARGED,
    decay_products,
    product_matrix,
)
from mcsurrogate.generators.hadronization.plugin import hadronization_settings
from mcsurrogate.generators.particles import ParticleBatch
from mcsurrogate.generators.records import EventRecords
from mcsurrogate.generators.rehadronize import Rehadronizer
from mcsurrogate.hadronization.closure import auc
from mcsurrogate.hadronization.cluster_cards import EventFitCard
from mcsurrogate.hadronization.cluster_networks import ClusterNetworks
from mcsurrogate.hadronization.cluster_scores import (
    ClusterRecording,
    event_scores,
    parameter_slices,
    shift_parameters,
)
from mcsurrogate.hadronization.event_moments import EventMoments
from mcsurrogate.hadronization.measured import MeasuredMultiplicities
from mcsurrogate.hadronization.moment_fit import moment_step
from mcsurrogate.hadronization.set_discriminator import HadronSets, cross_fitted_logits
from mcsurrogate.hadronization.weights_file import write_weights
from mcsurrogate.progress import Progress

__all__ = ["EventFit"]

_DECAYS = 300
_SEEDS_APART = 1000
_LARGEST_LOGIT = 5.0
_YIELDS = ("number of", "xi of strange", "xi of baryons", "xi of charm", "xi of bottom")


@dataclass(frozen=True, slots=True)
class _Pass:
    """Means of one sample of the model and of its target, and how the model answers."""

    deviation: NDArray[np.float64]
    error: NDArray[np.float64]
    jacobian: NDArray[np.float64]
    fisher: NDArray[np.float64]


class EventFit:
    """Fits formation and the biases of all heads, step by step.

    Each step generates new partons, hadronizes them by Pythia and by the model, and changes the
    parameters by a Gauss-Newton step with the scores of the events.

    Parameters
    ----------
    networks
        Fitted in place.
    card
        How.
    seed
        Decides partons and hadronization.
    folder
        For temporary files and the checkpoint.
    """

    def __init__(
        self, networks: ClusterNetworks, card: EventFitCard, *, seed: int, folder: Path
    ) -> None:
        self.networks = networks
        self.card = card
        self.curve: list[dict[str, float]] = []
        self._seed = seed
        self._folder = folder
        self._checkpoint = folder / "fit_checkpoint.pt"
        self._moments: EventMoments | None = None
        self._areas: list[float] = []
        self._table: dict[int, dict[int, float]] = {}
        self._measured = (
            MeasuredMultiplicities.read(card.measured) if card.measured is not None else None
        )

    def resume(self) -> bool:
        """Go on from the checkpoint, if there is one; tells whether there was."""
        if not self._checkpoint.exists():
            return False
        state: dict[str, Any] = torch.load(self._checkpoint, weights_only=True)
        self.networks.load_state_dict(state["networks"])
        self.curve = state["curve"]
        return True

    def _save(self) -> None:
        with atomic_path(self._checkpoint) as part:
            torch.save({"networks": self.networks.state_dict(), "curve": self.curve}, part)

    def run(self, progress: Progress) -> None:
        """Fit to the end.

        Raises
        ------
        PythiaError
            If events cannot be generated.
        """
        steps = self.card.steps
        while len(self.curve) < steps:
            done = len(self.curve)
            progress(done, steps, "fitting to events")
            found = self._pass(self._seed + _SEEDS_APART * (done + 1))
            # Large steps first, then averages over ever more events.
            fraction = done / max(steps - 1, 1)
            limit = (
                self.card.first_divergence
                * (self.card.last_divergence / self.card.first_divergence) ** fraction
            )
            step = moment_step(
                found.jacobian, found.fisher, found.deviation, found.error,
                largest_divergence=limit, prior=self.card.prior,
            )  # fmt: skip
            damping = 1.0 if fraction < 0.5 else 0.5
            shift_parameters(self.networks, damping * step.shift)
            used = found.error > 0
            self.curve.append(
                {
                    "chi2": step.chi2,
                    "expected_chi2": step.expected_chi2,
                    "quantities": float(used.sum()),
                    "divergence": step.divergence,
                    "largest_pull": float(np.abs(found.deviation[used] / found.error[used]).max()),
                }
            )
            if self._areas:
                self.curve[-1]["discriminator_auc"] = self._areas[-1]
            self._save()

    def _lines(self) -> list[str]:
        return [*self.card.settings, "HadronLevel:Decay = off"]

    def _pass(self, seed: int) -> _Pass:
        chain = PythiaChain(self._lines(), seed=seed, keep_parton_level=True)
        (target,) = chain.generate(self.card.events, batch_size=self.card.events)
        assert target.parton_level is not None
        partons = _numbered(target.parton_level)
        recording = self._folder / "fit_recording.safetensors"
        weights = self._write_weights()
        run = Rehadronizer(
            [
                *hadronization_settings(weights),
                f"MCSurrogate:record = {recording}",
                *self._lines(),
            ],
            seed=seed + 1,
        )
        batches = list(run.hadronize(partons, batch_size=self.card.events))
        del run  # the plugin writes when it is destroyed
        recorded = ClusterRecording.read(recording)
        recording.unlink()
        of_event = event_scores(self.networks, recorded)
        # Events that fail before hadronization leave no record.
        scores = np.zeros((len(partons), of_event.shape[1]), dtype=np.float32)
        scores[recorded.labels] = of_event
        if self._moments is None:
            self._prepare(target, batches)
        assert self._moments is not None
        wanted = self._evaluate([target])
        got = self._evaluate(batches)
        scores = scores[np.concatenate([batch.source_event for batch in batches])]
        if self.card.loss != "moments":
            got, wanted = self._with_discriminator(got, wanted, batches, target, seed)
        return self._compare(got, wanted, scores.astype(np.float64))

    def _with_discriminator(
        self,
        got: NDArray[np.float64],
        wanted: NDArray[np.float64],
        batches: list[ParticleBatch],
        target: ParticleBatch,
        seed: int,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Add the output of a discriminator as a quantity, or take it alone.

        Its mean over the model's events rises where they become more like the target's.
        """
        assert self._moments is not None
        codes = np.array(self._moments.species)
        vocabulary = np.unique(np.concatenate([codes, -codes]))
        sets = [
            HadronSets.of_events(
                np.concatenate(
                    [[0], np.cumsum(np.concatenate([np.diff(b.offsets) for b in part]))]
                ),
                np.concatenate([b.pdg_id for b in part]),
                np.concatenate([b.momenta for b in part]),
                vocabulary,
            )
            for part in (batches, [target])
        ]
        logits = cross_fitted_logits(
            sets[0], sets[1], species=len(vocabulary), seed=seed, epochs=self.card.epochs
        )
        area = auc(*logits)
        self._areas.append(area)
        columns = [np.clip(values, -_LARGEST_LOGIT, _LARGEST_LOGIT)[:, None] for values in logits]
        if self.card.loss == "adversarial":
            return columns[0], columns[1]
        return np.concatenate([got, columns[0]], axis=1), np.concatenate(
            [wanted, columns[1]], axis=1
        )

    def _write_weights(self) -> Path:
        path = self._folder / "fit_weights.safetensors"
        write_weights(
            path, model="clusters", tensors=self.networks.tensors(),
            metadata=self.networks.metadata(), card={},
        )  # fmt: skip
        return path

    def _prepare(self, target: ParticleBatch, batches: list[ParticleBatch]) -> None:
        ids = np.concatenate([target.pdg_id, *(batch.pdg_id for batch in batches)])
        species = [int(code) for code in np.unique(np.abs(ids)) if code > 100]
        self._table = decay_products(species, decays=_DECAYS, seed=self._seed)
        charged = {code: products.get(CHARGED, 0.0) for code, products in self._table.items()}
        offsets = np.concatenate([target.offsets, *(
            batch.offsets[1:] + shift for batch, shift in zip(
                batches, np.cumsum([target.offsets[-1], *(b.offsets[-1] for b in batches)])[:-1],
                strict=True)
        )])  # fmt: skip
        self._moments = EventMoments.of_sample(offsets, ids, charged)

    def _evaluate(self, batches: list[ParticleBatch]) -> NDArray[np.float64]:
        assert self._moments is not None
        rows = [
            self._moments.evaluate(batch.offsets, batch.pdg_id, batch.momenta) for batch in batches
        ]
        return np.concatenate(rows).astype(np.float64)

    def _compare(
        self, got: NDArray[np.float64], wanted: NDArray[np.float64], scores: NDArray[np.float64]
    ) -> _Pass:
        means, targets = got.mean(axis=0), wanted.mean(axis=0)
        error = np.sqrt(got.var(axis=0) / len(got) + wanted.var(axis=0) / len(wanted))
        # Rare bins are at least as uncertain as one event in the sample.
        error = np.hypot(np.maximum(error, 1.0 / len(got)), self.card.tolerance * targets)
        centred = scores - scores.mean(axis=0)
        jacobian = (got - means).T @ centred / len(got)
        fisher = centred.T @ centred / len(got)
        deviation = means - targets
        if self._measured is not None:
            assert self._moments is not None
            count = len(self._moments.species)
            products = product_matrix(self._table, self._moments.species, self._measured.codes)
            # Measured multiplicities take the place of Pythia's yields, which spectra by kind of
            # hadron hold too; shapes stay Pythia's.
            names = self._moments.names()
            yields = [i for i, name in enumerate(names) if name.startswith(_YIELDS)]
            error[yields] = 0.0
            deviation = np.concatenate([deviation, means[:count] @ products - self._measured.means])
            jacobian = np.concatenate([jacobian, products.T @ jacobian[:count]])
            error = np.concatenate([self.card.shape_error * error, self._measured.errors])
        return _Pass(deviation, error, jacobian, fisher)

    def summary(self) -> Mapping[str, Any]:
        """Tell a model card of the fit."""
        return {
            "settings": list(self.card.settings),
            "events_a_step": self.card.events,
            "steps": len(self.curve),
            "parameters": max(part.stop for part in parameter_slices(self.networks).values()),
            "measured": str(self.card.measured) if self.card.measured is not None else None,
            "last": self.curve[-1] if self.curve else {},
        }


def _numbered(partons: EventRecords) -> EventRecords:
    """Write the position of each event into the scale of its row 0, where the plugin reads it."""
    scale = partons.scale.copy()
    scale[partons.offsets[:-1]] = np.arange(len(partons))
    return replace(partons, scale=scale)
