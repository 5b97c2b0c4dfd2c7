# SPDX-License-Identifier: GPL-3.0-or-later
"""Losses of the sampler: what a training step makes smaller.

All are functions of the integrand times the channel weight, h, of the trained density q, and of
a measure: the mean over a batch of ``g * exp(log_measure)`` estimates the integral of g, summed
over channels.  The points may come from any density.
"""

from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["LOSSES", "Loss", "kl_divergence", "stratified_variance", "tail_aware"]

Loss = Callable[[Tensor, Tensor, Tensor, Tensor, int], Tensor]
"""``(log_value (N,), log_prob (N,), log_measure (N,), channel (N,), channels) -> ()``."""

_STEEPEST = 4.0
_SMALL_VARIANCE = 1e-2


def _by_channel(values: Tensor, channel: Tensor, channels: int) -> Tensor:
    return values.new_zeros(channels).index_add(0, channel, values) / len(values)


def _soft_limit(log_ratio: Tensor) -> Tensor:
    """Leave small arguments, let those above 4 grow as their logarithm only.

    One point with a weight of e^20 would otherwise be the whole gradient.
    """
    above = (log_ratio - _STEEPEST).clamp(min=0.0)
    return torch.minimum(log_ratio, _STEEPEST + torch.log1p(above))


def stratified_variance(
    log_value: Tensor, log_prob: Tensor, log_measure: Tensor, channel: Tensor, channels: int
) -> Tensor:
    """Square of the summed standard deviations of the channels over the integral.

    It is the variance of the integral under the best allocation of points to channels
    (arXiv:2311.01548, eq. 22).

    Parameters
    ----------
    log_value
        ``(N,)`` logarithm of the integrand times channel weight, in units of the integral.
    log_prob
        ``(N,)`` logarithm of the density that is trained.
    log_measure
        ``(N,)`` see the module.
    channel
        ``(N,)`` channel of each point.
    channels
        Number of channels.
    """
    density = (log_value + log_measure).exp()
    ratio = _soft_limit(log_value - log_prob).exp()
    first = _by_channel(density, channel, channels)
    second = _by_channel(density * ratio, channel, channels)
    # Of a good sampler the difference is smaller than its noise, and may be negative: it keeps a
    # gradient, and the square root a finite slope.
    variance = second - first.square()
    variance = 0.5 * (variance + torch.hypot(variance, _SMALL_VARIANCE * first.square()))
    present = first.detach() > 0.0
    deviation = torch.where(present, variance, 1.0).sqrt() * present
    return (deviation.sum() / first.sum().clamp(min=1e-30)).square()


def kl_divergence(
    log_value: Tensor, log_prob: Tensor, log_measure: Tensor, channel: Tensor, channels: int
) -> Tensor:
    """Divergence of the normalised integrand from the density, channels weighted by integral.

    It covers modes and has gradients of bounded size (arXiv:2311.01548, eq. 17); channel weights
    get no gradient from it.  The arguments are those of :func:`stratified_variance`.
    """
    del channel, channels
    value = log_value.detach()
    share = (value + log_measure).exp()
    return (share * (value - log_prob)).sum() / share.sum().clamp(min=1e-30)


def tail_aware(
    log_value: Tensor, log_prob: Tensor, log_measure: Tensor, channel: Tensor, channels: int
) -> Tensor:
    """Mean of w^(1/2) over the integrand, of w^(3/2) over the density, by channel.

    A Renyi divergence of order 3/2, between the KL divergence (order 1) and the variance
    (order 2): it punishes the tail of large weights that decides on the unweighting efficiency,
    and its gradients stay estimable where those of the variance are not.  The arguments are
    those of :func:`stratified_variance`.
    """
    density = (log_value + log_measure).exp()
    root = (0.5 * _soft_limit(log_value - log_prob)).exp()
    first = _by_channel(density, channel, channels)
    power = _by_channel(density * root, channel, channels)
    # of order 3/2 in the integrand, so that the weight of each channel is its integral
    present = first.detach() > 0.0
    relative = power / torch.where(present, first, 1.0).sqrt()
    return (relative * present).sum() / first.sum().clamp(min=1e-30)


LOSSES: dict[str, Loss] = {
    "variance": stratified_variance,
    "kl": kl_divergence,
    "tail": tail_aware,
}
"""Losses by the name that cards use."""
