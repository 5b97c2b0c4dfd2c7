# SPDX-License-Identifier: GPL-3.0-or-later
"""madnis 1.0 on an integrand of ours: VEGAS start, buffered training, 60% of the points train."""

import time
from dataclasses import dataclass

import madnis.integrator as mi
import numpy as np
import torch
from madnis.integrator.vegas_pretraining import VegasPreTraining
from torch import Tensor

from mcsurrogate.integration import Integrand

__all__ = ["MadnisPeer"]

_BATCH, _BUFFERED = 2048, 4


@dataclass
class MadnisPeer:
    """An integrand of ours as madnis calls it.

    Attributes
    ----------
    integrand
        What is integrated, in one or several channels.
    seconds
        CPU seconds spent in it so far.
    """

    integrand: Integrand
    seconds: float = 0.0

    def _evaluate(self, x: Tensor, channel: Tensor) -> tuple[Tensor, ...]:
        start = time.process_time()
        with torch.no_grad():
            out = self.integrand(x.double(), channel)
        self.seconds += time.process_time() - start
        parts = (out.weight, out.features, out.prior)
        return tuple(part.to(x.dtype) for part in parts if part is not None)

    def _wrapped(self) -> mi.Integrand:
        ours = self.integrand
        if ours.channels == 1:

            def one(x: Tensor) -> Tensor:
                return self._evaluate(x, torch.zeros(len(x), dtype=torch.int64))[0]

            return mi.Integrand(one, input_dim=ours.dim)
        first = ours(torch.full((1, ours.dim), 0.5, dtype=torch.float64), torch.zeros(1).long())
        assert first.features is not None
        return mi.Integrand(
            self._evaluate,
            input_dim=ours.dim,
            channel_count=ours.channels,
            remapped_dim=first.features.shape[1],
            has_channel_weight_prior=True,
        )

    def train(self, evaluations: int, seed: int) -> tuple[mi.Integrator, int]:
        """Train with 60% of the evaluations.

        Returns
        -------
        tuple
            The integrator, and the number of evaluations that are left to sample with.
        """
        torch.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        steps = int(0.5 * evaluations / _BATCH) * (_BUFFERED + 1)
        integrator = mi.Integrator(
            self._wrapped(),
            batch_size=_BATCH,
            learning_rate=3e-3,
            scheduler=lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, steps),
            buffer_capacity=evaluations,
            buffered_steps=_BUFFERED,
        )
        start = VegasPreTraining(integrator, bins=64)
        start.rng = np.random.default_rng(seed)
        start.train([evaluations // 10 // 7 // self.integrand.channels] * 7)
        start.initialize_integrator()
        integrator.train(steps)
        return integrator, int(0.4 * evaluations)
