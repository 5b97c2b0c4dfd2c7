# SPDX-License-Identifier: GPL-3.0-or-later
"""A fit by steps of Gauss and Newton, each with new events."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from mcsurrogate.checkpoint import Checkpoint, tensor_digest
from mcsurrogate.hadronization.fit_cards import FitSteps
from mcsurrogate.hadronization.fitting.fit_parameters import FitParameters
from mcsurrogate.hadronization.fitting.fitted_models import FittedModel
from mcsurrogate.hadronization.fitting.moment_fit import MomentMemory, moment_step
from mcsurrogate.progress import Progress

__all__ = ["Comparison", "GaussNewtonFit"]

_SEEDS_APART = 1000

Card = TypeVar("Card", bound=FitSteps)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Means of one sample of the model less their targets, and how the model answers.

    Attributes
    ----------
    deviation, error
        ``(B,)``; what has the error 0 does not count.
    jacobian
        ``(B, K)`` derivatives of the means.
    fisher
        ``(K, K)`` covariance of the scores.
    """

    deviation: NDArray[np.float64]
    error: NDArray[np.float64]
    jacobian: NDArray[np.float64]
    fisher: NDArray[np.float64]


class GaussNewtonFit(ABC, Generic[Card]):
    """Fits a model step by step; what is compared is a subclass's.

    Parameters
    ----------
    model
        Fitted in place.
    card
        How.
    seed
        Decides the events.
    folder
        For temporary files and the checkpoint.
    name
        Of the checkpoint.
    """

    def __init__(
        self, model: FittedModel[Any], card: Card, *, seed: int, folder: Path, name: str = "fit"
    ) -> None:
        self.model = model
        self.card = card
        self.name = name
        self.curve: list[dict[str, float]] = []
        self._seed = seed
        self._folder = folder
        identity = {
            "seed": seed,
            **card.model_dump(mode="json"),
            "networks": tensor_digest(model.networks.state_dict().values()),
        }
        self._checkpoint = Checkpoint(folder / f"{name}_checkpoint.safetensors", identity)
        self.parameters: FitParameters | None = None
        self._memory: MomentMemory | None = None
        self._moved: NDArray[np.float64] | None = None
        self._sum: dict[str, torch.Tensor] = {}

    @abstractmethod
    def _pass(self, seed: int) -> Comparison:
        """Generate events and compare."""

    def _state(self) -> dict[str, Any]:
        """Add what a subclass wants in the checkpoint."""
        return {}

    def _restore(self, state: Mapping[str, Any]) -> None:
        """Take it back."""

    def _noted(self) -> dict[str, float]:
        """Further columns of the curve."""
        return {}

    def resume(self) -> bool:
        """Go on from the checkpoint, if there is one; tells whether there was."""
        state = self._checkpoint.load()
        if state is None:
            return False
        self.model.networks.load_state_dict(state["networks"])
        self.curve = state["curve"]
        self._sum = state["sum"]
        if state["memory"] is not None:
            self._memory = MomentMemory(self.card.memory, *state["memory"])
        self.parameters = FitParameters(*state["parameters"])
        self._moved = state["moved"]
        self._restore(state)
        return True

    def _save(self) -> None:
        assert self.parameters is not None
        memory = None
        if (m := self._memory) is not None:
            memory = (m.jacobian, m.fisher, m.deviation, m.covariance, m.variance, m.steps)
        p = self.parameters
        self._checkpoint.save(
            {
                "networks": self.model.networks.state_dict(),
                "curve": self.curve,
                "sum": self._sum,
                "memory": memory,
                "moved": self._moved,
                "parameters": (p.outputs, p.directions, p.centres),
                **self._state(),
            }
        )

    def run(self, progress: Progress) -> None:
        """Fit to the end.

        Raises
        ------
        PythiaError
            If events cannot be generated.
        """
        networks = self.model.networks
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
                largest_divergence=limit, prior=self.card.prior, moved=self._moved,
                anchor=self.card.anchor,
            )  # fmt: skip
            damping = 1.0 if fraction < 0.5 else self.card.damping
            assert self.parameters is not None
            self.parameters.shift(networks, damping * step.shift)
            self._moved = damping * step.shift + (0.0 if self._moved is None else self._moved)
            if self._memory is not None:
                self._memory.move(damping * step.shift)
            if done >= steps - self.card.averaged:
                for name, values in networks.state_dict().items():
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
                    **self._noted(),
                }
            )
            self._save()
        if self.card.averaged > 1:
            networks.load_state_dict(self._sum)

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

    def summary(self) -> dict[str, Any]:
        """Tell a model card of the fit."""
        return {
            "settings": list(self.card.settings),
            "events_a_step": self.card.events,
            "steps": len(self.curve),
            "parameters": self.parameters.size if self.parameters is not None else 0,
            "last": self.curve[-1] if self.curve else {},
        }
