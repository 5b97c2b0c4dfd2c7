"""Losses of the sampler: what a training step makes smaller."""

from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["LOSSES", "Loss", "kl_divergence", "stratified_variance", "tail_aware"]

Loss = Callable[[Tensor, Tensor, Tensor, Tensor, int], Tensor]
"""``(value (N,), log_prob (N,), log_proposal (N,), channel (N,), channels) -> ()``."""


def _channel_mean(values: Tensor, channel: Tensor, channels: int) -> tuple[Tensor, Tensor]:
    counts = torch.bincount(channel, minlength=channels).to(values.dtype)
    total = values.new_zeros(channels).index_add(0, channel, values)
    return total / counts.clamp(min=1.0), counts


def stratified_variance(
    value: Tensor, log_prob: Tensor, log_proposal: Tensor, channel: Tensor, channels: int
) -> Tensor:
    """Square of the summed standard deviations of the channels over the integral.

    It is the variance of the integral under the best allocation of points to channels
    (arXiv:2311.01548, eq. 22).

    Parameters
    ----------
    value
        ``(N,)`` integrand times channel weight.
    log_prob
        ``(N,)`` logarithm of the density that is trained.
    log_proposal
        ``(N,)`` logarithm of the density that drew the points.
    channel
        ``(N,)`` channel of each point.
    channels
        Number of channels.
    """
    size = value.abs()
    first, _ = _channel_mean(size * (-log_proposal).exp(), channel, channels)
    second, _ = _channel_mean(size.square() * (-log_prob - log_proposal).exp(), channel, channels)
    floor = torch.finfo(value.dtype).eps * second.detach().amax().clamp(min=1e-30)
    deviation = (second - first.square()).clamp(min=0.0) + floor
    return (deviation.sqrt().sum() / first.sum().clamp(min=1e-30)).square()


def kl_divergence(
    value: Tensor, log_prob: Tensor, log_proposal: Tensor, channel: Tensor, channels: int
) -> Tensor:
    """Divergence of the normalised integrand from the density, channels weighted by integral.

    It covers modes and has gradients of bounded size (arXiv:2311.01548, eq. 17).  The arguments
    are those of :func:`stratified_variance`.
    """
    size = value.abs().detach()
    weight = size * (-log_proposal).exp()
    counts = torch.bincount(channel, minlength=channels).to(value.dtype)
    share = weight / counts.clamp(min=1.0)[channel]
    share = share / share.sum().clamp(min=1e-30)
    gain = (size.clamp(min=1e-30)).log() - log_prob
    return (share * gain).sum()


def tail_aware(
    value: Tensor, log_prob: Tensor, log_proposal: Tensor, channel: Tensor, channels: int
) -> Tensor:
    """Divergence whose integrand weights grow with the importance weight.

    Minimises the mean of w^(3/2) under the trained density (a Renyi divergence of order 3/2,
    between the KL divergence and the variance), which punishes the tail of large weights that
    decides on the unweighting efficiency, and stays estimable where the variance is not.  The
    arguments are those of :func:`stratified_variance`.
    """
    size = value.abs()
    mean, _ = _channel_mean(size * (-log_proposal).exp(), channel, channels)
    power, _ = _channel_mean(size**1.5 * (-0.5 * log_prob - log_proposal).exp(), channel, channels)
    scale = mean.clamp(min=1e-30) ** 1.5
    relative = power / scale
    return (mean * relative).sum() / mean.sum().clamp(min=1e-30)


LOSSES: dict[str, Loss] = {
    "variance": stratified_variance,
    "kl": kl_divergence,
    "tail": tail_aware,
}
"""Losses by the name that cards use."""
