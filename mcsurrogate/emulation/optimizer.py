# SPDX-License-Identifier: GPL-3.0-or-later
"""The optimizer of the emulators: Adam in the eigenbasis of Shampoo's preconditioner.

Targets here are exact numbers, not noisy samples, so a small network keeps improving for as
long as the optimizer makes headway, and curvature decides: at equal time this optimizer's
errors are three to four times smaller than those of Adam (``benchmarks/emulation.py``).
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

__all__ = ["SOAP"]

_SMALLEST_SIDE = 2


class SOAP(torch.optim.Optimizer):
    """Adam in a slowly rotating eigenbasis (SOAP, arXiv:2409.11321, algorithm 3).

    Parameters
    ----------
    parameters
        Tensors of shape ``(M, out, in)``: M independent matrices; those with a side below two
        (biases) are updated by Adam.
    lr
        Learning rate.
    betas
        Decay of the first and of the second moments.
    preconditioner_beta
        Decay of the two factors of the preconditioner.
    eps
        Floor of the denominator.
    every
        Steps between two updates of the eigenbasis.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float = 1e-2,
        betas: tuple[float, float] = (0.95, 0.95),
        preconditioner_beta: float = 0.95,
        eps: float = 1e-8,
        every: int = 10,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "preconditioner_beta": preconditioner_beta,
            "eps": eps,
            "every": every,
        }
        super().__init__(parameters, defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Take one step; ``closure`` is not supported."""
        if closure is not None:
            raise ValueError("SOAP takes no closure")
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._update(parameter, group)

    def _update(self, parameter: Tensor, group: dict[str, Any]) -> None:
        gradient = parameter.grad
        assert gradient is not None
        state = self.state[parameter]
        matrix = gradient.dim() == 3 and min(gradient.shape[1:]) >= _SMALLEST_SIDE
        if not state:
            state["step"] = torch.zeros((), dtype=torch.int64)
            # Row-major like what a checkpoint restores: the layout decides the rounding.
            state["mean"] = torch.zeros(gradient.shape)
            state["square"] = torch.zeros(gradient.shape)
            if matrix:
                # The first gradient only sets the basis.
                state["left"] = (gradient @ gradient.mT).contiguous()
                state["right"] = (gradient.mT @ gradient).contiguous()
                state["left_basis"] = _eigenbasis(state["left"])
                state["right_basis"] = _eigenbasis(state["right"])
                return
        beta1, beta2 = group["betas"]
        state["step"] += 1
        step = int(state["step"])
        state["mean"].lerp_(gradient, 1.0 - beta1)
        seen, mean = gradient, state["mean"]
        if matrix:
            left, right = state["left_basis"], state["right_basis"]
            seen = left.mT @ gradient @ right
            mean = left.mT @ mean @ right
        state["square"].mul_(beta2).addcmul_(seen, seen, value=1.0 - beta2)
        spread = (state["square"] / (1.0 - beta2**step)).sqrt_().add_(group["eps"])
        direction = (mean / (1.0 - beta1**step)).div_(spread)
        if matrix:
            direction = left @ direction @ right.mT
        parameter.sub_(direction, alpha=group["lr"])
        if matrix:
            keep = 1.0 - group["preconditioner_beta"]
            state["left"].lerp_(gradient @ gradient.mT, keep)
            state["right"].lerp_(gradient.mT @ gradient, keep)
            if step % group["every"] == 0:
                _rotate(state, "left", axis=1)
                _rotate(state, "right", axis=2)


def _eigenbasis(factor: Tensor) -> Tensor:
    size = factor.shape[-1]
    trace = factor.diagonal(dim1=-2, dim2=-1).sum(-1)[:, None, None]
    # A tiny ridge keeps the decomposition well defined for gradients of low rank.
    ridge = torch.eye(size, dtype=factor.dtype) * (1e-6 * trace / size + 1e-30)
    vectors: Tensor = torch.linalg.eigh(factor + ridge).eigenvectors
    return vectors.flip(-1).contiguous()


def _rotate(state: dict[str, Tensor], side: str, axis: int) -> None:
    """One step of subspace iteration; the second moments follow the order of the basis."""
    factor, basis = state[side], state[f"{side}_basis"]
    estimate = (basis * (factor @ basis)).sum(dim=1)
    order = estimate.argsort(dim=1, descending=True)
    index = order.unsqueeze(1).expand_as(basis)
    state[f"{side}_basis"] = torch.linalg.qr(factor @ basis.gather(2, index)).Q.contiguous()
    square = state["square"]
    moved = order.unsqueeze(2 if axis == 1 else 1).expand_as(square)
    state["square"] = square.gather(axis, moved).contiguous()
