# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel physics distance: maximum mean discrepancy with a polynomial kernel.

Kansal et al., arXiv:2211.10295: kernel (x y / D + 1)^4, unbiased quadratic estimate, median
over batches.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["KernelDistance", "compare_kernel"]

FloatArray = NDArray[np.float64]
Single = NDArray[np.float32]

DEGREE = 4
BATCHES = 10
BATCH_EVENTS = 2500
KERNEL_REPLICAS = 200


@dataclass(frozen=True)
class KernelDistance:
    """Kernel physics distance with its test.

    Attributes
    ----------
    distance, error
        Median over the batches, and half of its central 67% range.
    p_value
        Share of wild-bootstrap replicas of the mean over batches that are as large.
    """

    distance: float
    error: float
    p_value: float


def _signed(weights_a: FloatArray, weights_b: FloatArray) -> FloatArray:
    """Weights of the difference of the two empirical distributions."""
    return np.concatenate((weights_a / weights_a.sum(), -weights_b / weights_b.sum()))


def _centred(kernel: Single, signed: Single) -> Single:
    """Kernel around its mean over both samples, without its diagonal.

    The unbiased estimate does not change, but only products of centred kernels have zero mean
    when their factors get random signs.
    """
    share = np.abs(signed) / np.abs(signed).sum()
    mean = kernel @ share
    centred: Single = kernel - mean[:, None] - mean + mean @ share
    np.fill_diagonal(centred, 0.0)
    return centred


def _statistics(
    points: Single, signed: Single, split: int, noise: Single
) -> tuple[float, FloatArray]:
    """MMD^2 without its diagonal, and its replicas."""
    dimension = points.shape[1]
    kernel = _centred((points @ points.T / dimension + 1.0) ** DEGREE, signed)
    value = _form(kernel, signed[:, None], split)[0]
    return float(value), _form(kernel, noise * signed[:, None], split)


def _form(kernel: Single, signed: Single, split: int) -> FloatArray:
    """Quadratic forms without diagonal, each block scaled to be unbiased.

    The sum over pairs i != j of one sample misses the share sum v_i^2 / (sum v_i)^2 of all
    pairs; with equal weights the factor is n / (n - 1).
    """
    product = kernel @ signed
    out = np.zeros(signed.shape[1])
    for part in (slice(None, split), slice(split, None)):
        own = kernel[part, part] @ signed[part]
        square = (signed[part] ** 2).mean() / (np.abs(signed[part]).mean() ** 2)
        n = signed[part].shape[0]
        out += (signed[part] * own).sum(0) / (1.0 - square / n)
        out += (signed[part] * (product[part] - own)).sum(0)
    return out


def compare_kernel(
    candidate: NDArray[np.floating[Any]],
    reference: NDArray[np.floating[Any]],
    weights: tuple[FloatArray, FloatArray],
    *,
    seed: int = 1,
) -> KernelDistance:
    """Kernel physics distance of two samples of features.

    The null distribution is a wild bootstrap (Chwialkowski, Sejdinovic and Gretton,
    arXiv:1408.5404) of the mean over batches.

    Parameters
    ----------
    candidate, reference
        ``(n, D)`` and ``(m, D)`` features.
    weights
        Event weights of both.
    seed
        Of the batches and replicas.
    """
    random = np.random.default_rng(seed)
    size = min(BATCH_EVENTS, len(candidate) // 2, len(reference) // 2)
    batches = max(1, min(BATCHES, len(candidate) // size, len(reference) // size))
    order_a, order_b = random.permutation(len(candidate)), random.permutation(len(reference))
    values, null = [], np.zeros(KERNEL_REPLICAS)
    for batch in range(batches):
        a = order_a[batch * size : (batch + 1) * size]
        b = order_b[batch * size : (batch + 1) * size]
        points = np.concatenate((candidate[a], reference[b])).astype(np.float32)
        signed = _signed(weights[0][a], weights[1][b]).astype(np.float32)
        noise = np.sign(random.standard_normal((2 * size, KERNEL_REPLICAS), dtype=np.float32))
        value, replicas = _statistics(points, signed, size, noise)
        values.append(value)
        null += replicas / batches
    mean = float(np.mean(values))
    low, high = np.percentile(values, (16.275, 83.725))
    p_value = (int((null >= mean).sum()) + 1) / (KERNEL_REPLICAS + 1)
    return KernelDistance(float(np.median(values)), 0.5 * float(high - low), p_value)
