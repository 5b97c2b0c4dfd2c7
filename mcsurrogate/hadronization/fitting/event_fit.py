# SPDX-License-Identifier: GPL-3.0-or-later
"""Fit of a model to whole events, to Pythia's or to measured multiplicities."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.classifiers import auc
from mcsurrogate.events import ParticleBatch
from mcsurrogate.hadronization.fit_cards import EventFitCard
from mcsurrogate.hadronization.fitting.decay_products import product_matrix
from mcsurrogate.hadronization.fitting.event_quantities import EventQuantities, Hadrons
from mcsurrogate.hadronization.fitting.event_samples import hadronized_twice
from mcsurrogate.hadronization.fitting.fitted_models import FittedModel
from mcsurrogate.hadronization.fitting.gauss_newton import Comparison, GaussNewtonFit
from mcsurrogate.hadronization.fitting.measured import MeasuredMultiplicities
from mcsurrogate.hadronization.fitting.measured_shapes import MeasuredShapes
from mcsurrogate.hadronization.fitting.moment_fit import whitened
from mcsurrogate.hadronization.fitting.set_discriminator import HadronSets, cross_fitted_logits

__all__ = ["EventFit"]

_LARGEST_LOGIT = 5.0
_YIELDS = ("number of", "xi of strange", "xi of baryons", "xi of charm", "xi of bottom")


class EventFit(GaussNewtonFit[EventFitCard]):
    """Fits a model to whole events.

    Each step generates new partons, hadronizes them by Pythia and by the model, and changes the
    parameters by a Gauss-Newton step with the scores of the events.
    """

    def __init__(
        self,
        model: FittedModel[Any],
        card: EventFitCard,
        *,
        seed: int,
        folder: Path,
        name: str = "fit",
    ) -> None:
        super().__init__(model, card, seed=seed, folder=folder, name=name)
        self._quantities: EventQuantities | None = None
        self._areas: list[float] = []
        self._sample = _sample(card)
        self._measured = (
            MeasuredMultiplicities.read(card.measured) if card.measured is not None else None
        )
        self._shapes = MeasuredShapes.read() if card.measured_shapes else None

    def _state(self) -> dict[str, Any]:
        assert self._quantities is not None
        return {"quantities": self._quantities.state()}

    def _restore(self, state: Mapping[str, Any]) -> None:
        self._quantities = EventQuantities.of_state(state["quantities"])

    def _noted(self) -> dict[str, float]:
        return {"discriminator_auc": self._areas[-1]} if self._areas else {}

    def _pass(self, seed: int) -> Comparison:
        both = hadronized_twice(
            self.model, self.card.settings, self.card.events, seed=seed, folder=self._folder
        )
        recorded, batches = both.recorded, [both.batch]
        target = self._sample if self._sample is not None else both.target
        if self.parameters is None:
            self.parameters = self.model.parameters(recorded, self.card.directions)
        of_event = self.model.scores(recorded, self.parameters)
        # Events that fail before hadronization leave no record.
        scores = np.zeros((both.events, of_event.shape[1]), dtype=np.float32)
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

    def _compare(
        self,
        got: NDArray[np.float64],
        wanted: NDArray[np.float64],
        shapes: NDArray[np.float64] | None,
        scores: NDArray[np.float64],
    ) -> Comparison:
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
        return Comparison(deviation, error, jacobian, fisher)

    def _with_measured(
        self,
        got: NDArray[np.float64],
        targets: NDArray[np.float64],
        error: NDArray[np.float64],
        shapes: NDArray[np.float64] | None,
        jacobian: NDArray[np.float64],
        fisher: NDArray[np.float64],
        centred: NDArray[np.float64],
    ) -> Comparison:
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
        return Comparison(deviation, error, jacobian, fisher)

    def summary(self) -> dict[str, Any]:
        """Tell a model card of the fit."""
        return {
            **super().summary(),
            "measured": str(self.card.measured) if self.card.measured is not None else None,
            **({"sample": self.card.sample.name} if self.card.sample is not None else {}),
        }


def _sample(card: EventFitCard) -> Hadrons | None:
    if card.sample is None:
        return None
    # Reading HepMC files loads the validation, which takes seconds.
    from mcsurrogate.hadronization.clusters.hepmc_samples import read_primary_hadrons

    return read_primary_hadrons(card.sample)
