# SPDX-License-Identifier: GPL-3.0-or-later
"""How long an amplitude takes."""

import time
from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["seconds_per_point"]


def seconds_per_point(
    amplitude: Callable[[Tensor, float], Tensor],
    points: Tensor,
    *,
    alpha_s: float = 0.118,
    repetitions: int = 5,
) -> float:
    """Return the median time of a call divided by the number of points.

    Parameters
    ----------
    amplitude
        A matrix element.
    points
        ``(N, n, 4)`` momenta in GeV.
    alpha_s
        Strong coupling.
    repetitions
        Number of timed calls, after one that is not timed.
    """
    times = []
    with torch.no_grad():
        amplitude(points, alpha_s)
        for _ in range(repetitions):
            start = time.perf_counter()
            amplitude(points, alpha_s)
            if points.is_cuda:
                torch.cuda.synchronize(points.device)
            times.append(time.perf_counter() - start)
    return sorted(times)[len(times) // 2] / len(points)
