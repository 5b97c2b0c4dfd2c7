# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an emulator may be believed."""

from dataclasses import dataclass

import torch
from torch import Tensor

from mcsurrogate.emulation.model_card import InputRange

__all__ = ["Domain"]

_MARGIN = 0.02
_EPISTEMIC_MARGIN = 2.0


@dataclass(frozen=True, slots=True)
class Domain:
    """The region that the training points fill.

    A point is outside if an input lies beyond the range of the training points, or if the
    data pin the network down much less there than anywhere in training.

    Attributes
    ----------
    lower, upper
        ``(F,)`` float32 ranges of the inputs.
    epistemic
        Largest epistemic variance of log |M|^2.
    """

    lower: Tensor
    upper: Tensor
    epistemic: float

    @classmethod
    def of_training(cls, inputs: Tensor, epistemic: Tensor) -> "Domain":
        """Return the domain of training inputs ``(F, N)`` with epistemic variances ``(N,)``."""
        lower, upper = inputs.amin(dim=1), inputs.amax(dim=1)
        margin = _MARGIN * (upper - lower)
        # an input that never varies may differ by rounding
        margin = margin.clamp(min=1e-3)
        return cls(lower - margin, upper + margin, _EPISTEMIC_MARGIN * float(epistemic.max()))

    def outside(self, inputs: Tensor, epistemic: Tensor) -> Tensor:
        """Return whether each point ``(F, N)`` lies outside: ``(N,)`` bool.

        Written so that NaN is outside.
        """
        lower, upper = self.lower.unsqueeze(1), self.upper.unsqueeze(1)
        clamped = torch.maximum(torch.minimum(inputs, upper), lower)
        good = (clamped == inputs).all(dim=0)
        return ~(good & (epistemic <= self.epistemic))

    def reason(self, inputs: Tensor, names: list[str]) -> str:
        """Say why a point ``(F,)`` is outside."""
        for value, low, high, name in zip(
            inputs.tolist(), self.lower.tolist(), self.upper.tolist(), names, strict=True
        ):
            if not low <= value <= high:
                return f"{name} = {value:.4g} is outside [{low:.4g}, {high:.4g}]"
        return "the training points leave the network undetermined there"

    def ranges(self, names: list[str]) -> tuple[InputRange, ...]:
        """Return the ranges of the inputs for the model card."""
        limits = zip(names, self.lower.tolist(), self.upper.tolist(), strict=True)
        return tuple(InputRange(name=name, lower=low, upper=high) for name, low, high in limits)
