# SPDX-License-Identifier: GPL-3.0-or-later
"""Frechet and kernel physics distance as the package jetnet defines them, for its own numbers.

Kansal et al., arXiv:2211.10295; jetnet 0.2.5 (`jetnet.evaluation.gen_metrics`).  The tests of this
package (`compare_frechet`, `compare_kernel`) know weights and have null distributions; these two
are for comparison with published values: same scaling, batches, seeds, extrapolation.
"""

import warnings

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from mcsurrogate.errors import ValidationError
from mcsurrogate.validation.statistics.multivariate import frechet

__all__ = ["jetnet_fpd", "jetnet_kpd"]

FloatArray = NDArray[np.float64]
Distance = tuple[float, float]

_RECOMMENDED = 50_000
_DEGREE = 4


def _scaled(real: FloatArray, generated: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Both samples over the largest magnitude of each feature of the real one.

    Raises
    ------
    ValidationError
        They are no tables of the same features.
    """
    real, generated = (np.asarray(x, dtype=np.float64) for x in (real, generated))
    if real.ndim != 2 or generated.ndim != 2 or real.shape[1:] != generated.shape[1:]:
        raise ValidationError(
            f"features of shapes {real.shape} and {generated.shape}: both samples need (N, D) "
            "with the same D"
        )
    fewest = min(len(real), len(generated))
    if fewest < _RECOMMENDED:
        warnings.warn(
            f"{fewest} events: published values take {_RECOMMENDED:,} of each sample",
            RuntimeWarning,
            stacklevel=3,
        )
    largest = np.abs(real).max(axis=0)
    largest[largest == 0.0] = 1.0
    return real / largest, generated / largest


def _moments(features: FloatArray) -> tuple[FloatArray, FloatArray]:
    return features.mean(axis=0), np.atleast_2d(np.cov(features, rowvar=False))


def jetnet_fpd(
    real: FloatArray,
    generated: FloatArray,
    *,
    min_samples: int = 20_000,
    max_samples: int = 50_000,
    num_batches: int = 20,
    num_points: int = 10,
    seed: int = 42,
) -> Distance:
    """Frechet physics distance at infinite size, and the error of the extrapolation.

    Parameters
    ----------
    real, generated
        ``(N, D)`` and ``(M, D)`` features, without weights.
    min_samples, max_samples, num_points, num_batches
        Sizes of the batches, drawn with replacement, and their number at each size.
    seed
        Of the batches.
    """
    x, y = _scaled(real, generated)
    inverse = np.linspace(1.0 / min_samples, 1.0 / max_samples, num_points)
    sizes = (1.0 / inverse).astype(np.int32)
    random = np.random.default_rng(seed)
    means = []
    for size in sizes:
        found = []
        for _ in range(num_batches):
            own, other = random.choice(len(x), size=size), random.choice(len(y), size=size)
            found.append(frechet(*_moments(x[own]), *_moments(y[other])))
        means.append(np.mean(found))

    def line(one: FloatArray, intercept: float, slope: float) -> FloatArray:
        return intercept + slope * one

    fit, covariance = optimize.curve_fit(
        line, 1.0 / sizes, means, bounds=([0.0, 0.0], [np.inf, np.inf])
    )
    return float(fit[0]), float(np.sqrt(covariance[0, 0]))


def _without_diagonal(kernel: FloatArray) -> float:
    n = len(kernel)
    return float((kernel.sum() - np.trace(kernel)) / (n * (n - 1)))


def _kernel(x: FloatArray, y: FloatArray) -> FloatArray:
    kernel: FloatArray = (x @ y.T / x.shape[1] + 1.0) ** _DEGREE
    return kernel


def _discrepancy(x: FloatArray, y: FloatArray) -> float:
    """Squared maximum mean discrepancy, unbiased."""
    own = _without_diagonal(_kernel(x, x)) + _without_diagonal(_kernel(y, y))
    return own - 2.0 * float(_kernel(x, y).mean())


def jetnet_kpd(
    real: FloatArray,
    generated: FloatArray,
    *,
    num_batches: int = 10,
    batch_size: int = 5_000,
    seed: int = 42,
) -> Distance:
    """Kernel physics distance: median over batches, and half of their central 67% range.

    Parameters
    ----------
    real, generated
        ``(N, D)`` and ``(M, D)`` features, without weights.
    num_batches, batch_size
        Batches, drawn with replacement.
    seed
        Of the batches.
    """
    x, y = _scaled(real, generated)
    values = []
    for batch in range(num_batches):
        random = np.random.default_rng(seed + 1000 * batch)
        own = random.choice(len(x), size=batch_size)
        other = random.choice(len(y), size=batch_size)
        values.append(_discrepancy(x[own], y[other]))
    return float(np.median(values)), float(stats.iqr(values, rng=(16.275, 83.725)) / 2.0)
