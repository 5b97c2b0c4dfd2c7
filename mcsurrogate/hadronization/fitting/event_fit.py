"""Fit of a cluster model to whole events, to Pythia's or to measured multiplicities."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mcsurrogate.checkpoint import Checkpoint, tensor_digest
from mcsurrogate.classifiers import auc
from mcsurrogate.events import EventRecords, ParticleBatch
from mcsurrogate.generators import PythiaChain, Rehadronizer, hadronization_settings, write_weights
from mcsurrogate.hadronization.clusters.cards import EventFitCard
from mcsurrogate.hadronization.clusters.networks import ClusterNetworks
from mcsurrogate.hadronization.clusters.recording import ClusterRecording
from mcsurrogate.hadronization.fitting.cluster_scores import event_scores, principal_parameters
from mcsurrogate.hadronization.fitting.decay_products import product_matrix
from mcsurrogate.hadronization.fitting.event_quantities import EventQuantities, Hadrons
from mcsurrogate.hadronization.fitting.fit_parameters import FitParameters
from mcsurrogate.hadronization.fitting.measured import MeasuredMultiplicities
from mcsurrogate.hadronization.fitting.measured_shapes import MeasuredShapes
from mcsurrogate.hadronization.fitting.moment_fit import MomentMemory, moment_step, whitened
from mcsurrogate.hadronization.fitting.set_discriminator import HadronSets, cross_fitted_logits
from mcsurrogate.progress import Progress

__all__ = ["EventFit"]

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
    """Fits formation and the last layers of all heads, step by step.

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
    name
        Of the checkpoint.
    """

    def __init__(
        self,
        networks: ClusterNetworks,
        card: EventFitCard,
        *,
        seed: int,
        folder: Path,
        name: str = "fit",
    ) -> None:
        self.networks = networks
        self.card = card
        self.curve: list[dict[str, float]] = []
        self._seed = seed
        self._folder = folder
        identity = {
            "seed": seed,
            **card.model_dump(mode="json"),
            "networks": tensor_digest(networks.state_dict().values()),
        }
        self._checkpoint = Checkpoint(folder / f"{name}_checkpoint.safetensors", identity)
        self._quantities: EventQuantities | None = None
        self._parameters: FitParameters | None = None
        self._memory: MomentMemory | None = None
        self._sum: dict[str, torch.Tensor] = {}
        self._areas: list[float] = []
        self._sample = _sample(card)
        self._measured = (
            MeasuredMultiplicities.read(card.measured) if card.measured is not None else None
        )
        self._shapes = MeasuredShapes.read() if card.measured_shapes else None

    def resume(self) -> bool:
        """Go on from the checkpoint, if there is one; tells whether there was."""
        state = self._checkpoint.load()
        if state is None:
            return False
        self.networks.load_state_dict(state["networks"])
        self.curve = state["curve"]
        self._sum = state["sum"]
        if state["memory"] is not None:
            self._memory = MomentMemory(self.card.memory, *state["memory"])
        self._parameters = FitParameters(*state["parameters"])
        self._quantities = EventQuantities.of_state(state["quantities"])
        return True

    def _save(self) -> None:
        assert self._parameters is not None
        assert self._quantities is not None
        memory = None
        if (m := self._memory) is not None:
            memory = (m.jacobian, m.fisher, m.deviation, m.covariance, m.variance, m.steps)
        state = {
            "networks": self.networks.state_dict(),
            "curve": self.curve,
            "sum": self._sum,
            "memory": memory,
            "parameters": (
                self._parameters.outputs, self._parameters.directions, self._parameters.centres
            ),
            "quantities": self._quantities.state(),
        }  # fmt: skip
        self._checkpoint.save(state)

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
            damping = 1.0 if fraction < 0.5 else self.card.damping
            assert self._parameters is not None
            self._parameters.shift(self.networks, damping * step.shift)
            if self._memory is not None:
                self._memory.move(damping * step.shift)
            if done >= steps - self.card.averaged:
                for name, values in self.networks.state_dict().items():
                    part = values.double() / self.card.averaged
                    self._sum[name] = self._sum[name] + part if name in self._sum else part
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
        if self.card.averaged > 1:
            self.networks.load_state_dict(self._sum)

    def _lines(self) -> list[str]:
        return [*self.card.settings, "HadronLevel:Decay = off"]

    def _pass(self, seed: int) -> _Pass:
        chain = PythiaChain(self._lines(), seed=seed, keep_parton_level=True)
        (generated,) = chain.generate(self.card.events, batch_size=self.card.events)
        assert generated.parton_level is not None
        partons = _numbered(generated.parton_level)
        target = self._sample if self._sample is not None else generated
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
        if self._parameters is None:
            self._parameters = principal_parameters(self.networks, recorded, self.card.directions)
        of_event = event_scores(self.networks, recorded, self._parameters)
        # Events that fail before hadronization leave no record.
        scores = np.zeros((len(partons), of_event.shape[1]), dtype=np.float32)
        scores[recorded.labels] = of_event
        if self._quantities is None:
            self._quantities = EventQuantities.of_samples(
                target,
                batches,
                correlations=self.card.correlations,
                thrust=self.card.thrust,
                rarest=self.card.rarest,
                seed=self._seed,
            )
        wanted, got = (
            self._quantities.evaluate(part).astype(np.float64) for part in ([target], batches)
        )
        scores = scores[np.concatenate([batch.source_event for batch in batches])]
        if self.card.loss != "moments":
            got, wanted = self._with_discriminator(got, wanted, batches, target, seed)
        shapes = None
        if self._shapes is not None:
            shapes = self._shapes.evaluate(batches, seed=seed + 2).astype(np.float64)
        return self._compare(got, wanted, shapes, scores.astype(np.float64))

    def _with_discriminator(
        self,
        got: NDArray[np.float64],
        wanted: NDArray[np.float64],
        batches: list[ParticleBatch],
        target: Hadrons,
        seed: int,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Add the output of a discriminator as a quantity, or take it alone.

        Its mean over the model's events rises where they become more like the target's.
        """
        assert self._quantities is not None
        codes = np.array(self._quantities.moments.species)
        vocabulary = np.unique(np.concatenate([codes, -codes]))
        everything = [*batches, target]
        sets = HadronSets.of_events(
            np.cumsum(np.concatenate([[0], *(np.diff(part.offsets) for part in everything)])),
            np.concatenate([part.pdg_id for part in everything]),
            np.concatenate([part.momenta for part in everything]),
            vocabulary,
        )
        logits = cross_fitted_logits(
            sets,
            np.arange(len(sets)) >= len(got),
            species=len(vocabulary),
            seed=seed,
            epochs=self.card.epochs,
        )
        self._areas.append(auc(logits[len(got) :], logits[: len(got)]))
        column = np.clip(logits, -_LARGEST_LOGIT, _LARGEST_LOGIT)[:, None]
        mine, others = column[: len(got)], column[len(got) :]
        if self.card.loss == "adversarial":
            return mine, others
        return np.concatenate([got, mine], axis=1), np.concatenate([wanted, others], axis=1)

    def _write_weights(self) -> Path:
        path = self._folder / "fit_weights.safetensors"
        write_weights(
            path, model="clusters", tensors=self.networks.tensors(),
            metadata=self.networks.metadata(), card={},
        )  # fmt: skip
        return path

    def _compare(
        self,
        got: NDArray[np.float64],
        wanted: NDArray[np.float64],
        shapes: NDArray[np.float64] | None,
        scores: NDArray[np.float64],
    ) -> _Pass:
        means, targets = got.mean(axis=0), wanted.mean(axis=0)
        centred = scores - scores.mean(axis=0)
        jacobian = (got - means).T @ centred / len(got)
        fisher = centred.T @ centred / len(got)
        deviation = means - targets
        # Rare bins are at least as uncertain as one event in the sample.
        error = np.sqrt(got.var(axis=0) / len(got) + wanted.var(axis=0) / len(wanted))
        error = np.maximum(error, 1.0 / len(got))
        if self._measured is not None:
            return self._with_measured(got, targets, error, shapes, jacobian, fisher, centred)
        error = np.hypot(error, self.card.tolerance * targets)
        if self.card.correlations:
            covariance = np.cov(got.T) / len(got) + np.cov(wanted.T) / len(wanted)
            rest = np.sqrt(np.maximum(error**2 - np.diag(covariance), 0.0))
            if self.card.memory > 0:
                m = self._remember(jacobian, fisher, deviation, covariance)
                jacobian, deviation, fisher = m.jacobian, m.deviation, m.fisher
                covariance = m.variance * m.covariance
                rest = np.sqrt(m.variance) * rest
            jacobian, deviation = whitened(jacobian, deviation, rest, covariance)
            error = np.ones(len(deviation))
        return _Pass(deviation, error, jacobian, fisher)

    def _remember(
        self,
        jacobian: NDArray[np.float64],
        fisher: NDArray[np.float64],
        deviation: NDArray[np.float64],
        covariance: NDArray[np.float64],
    ) -> MomentMemory:
        if self._memory is None:
            self._memory = MomentMemory(self.card.memory, jacobian, fisher, deviation, covariance)
        else:
            self._memory.add(jacobian, fisher, deviation, covariance)
        return self._memory

    def _with_measured(
        self,
        got: NDArray[np.float64],
        targets: NDArray[np.float64],
        error: NDArray[np.float64],
        shapes: NDArray[np.float64] | None,
        jacobian: NDArray[np.float64],
        fisher: NDArray[np.float64],
        centred: NDArray[np.float64],
    ) -> _Pass:
        """Put measured multiplicities in the place of yields, which spectra by species hold too."""
        assert self._quantities is not None
        assert self._measured is not None
        species = self._quantities.moments.species
        products = product_matrix(self._quantities.table, species, self._measured.codes)
        measurable = got[:, : len(species)] @ products
        values, errors = self._measured.means, self._measured.errors
        if shapes is not None:
            assert self._shapes is not None
            measurable = np.concatenate([measurable, shapes], axis=1)
            values = np.concatenate([values, self._shapes.values])
            errors = np.concatenate([errors, self._shapes.errors])
        deviation = np.concatenate([got.mean(axis=0) - targets, measurable.mean(axis=0) - values])
        rows = (measurable - measurable.mean(axis=0)).T @ centred / len(got)
        jacobian = np.concatenate([jacobian, rows])
        variance = np.concatenate([error, measurable.std(axis=0) / np.sqrt(len(got))]) ** 2
        part = 1.0
        if self.card.memory > 0:
            m = self._remember(jacobian, fisher, deviation, variance)
            jacobian, fisher, deviation = m.jacobian, m.fisher, m.deviation
            variance, part = m.covariance, m.variance
        systematic = np.concatenate([self.card.tolerance * targets, errors])
        error = np.sqrt(part * variance + systematic**2)
        error[: len(targets)] *= self.card.shape_error
        names = self._quantities.moments.names()
        error[[i for i, name in enumerate(names) if name.startswith(_YIELDS)]] = 0.0
        return _Pass(deviation, error, jacobian, fisher)

    def summary(self) -> Mapping[str, Any]:
        """Tell a model card of the fit."""
        return {
            "settings": list(self.card.settings),
            "events_a_step": self.card.events,
            "steps": len(self.curve),
            "parameters": self._parameters.size if self._parameters is not None else 0,
            "measured": str(self.card.measured) if self.card.measured is not None else None,
            **({"sample": self.card.sample.name} if self.card.sample is not None else {}),
            "last": self.curve[-1] if self.curve else {},
        }


def _sample(card: EventFitCard) -> Hadrons | None:
    if card.sample is None:
        return None
    # Reading HepMC files loads the validation, which takes seconds.
    from mcsurrogate.hadronization.clusters.hepmc_samples import read_primary_hadrons

    return read_primary_hadrons(card.sample)


def _numbered(partons: EventRecords) -> EventRecords:
    """Write the position of each event into the scale of its row 0, where the plugin reads it."""
    scale = partons.scale.copy()
    scale[partons.offsets[:-1]] = np.arange(len(partons))
    return replace(partons, scale=scale)
