# SPDX-License-Identifier: GPL-3.0-or-later
"""The random numbers that all bootstrap replicas share, and p-values from replicas.

Events are dealt to blocks (`mcsurrogate.validation.histograms.BLOCKS`).  A replica multiplies
the deviation of every block from the sample's mean by a standard normal number; because all
statistics of a report use the same numbers, their replicas are correlated as the statistics
themselves are (multiplier bootstrap, Chernozhukov, Chetverikov and Kato, arXiv:1212.6906).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.validation.histograms import BLOCKS

__all__ = ["Multipliers", "log_p_from_replicas"]

FloatArray = NDArray[np.float64]
SingleArray = NDArray[np.float32]

_RELIABLE = 20
_TAIL_SHARE = 0.05
"""Share of the replicas that the tail is continued from."""
_FARTHER = 4
"""The tail is continued from at least so many times `_RELIABLE` replicas."""


@dataclass(frozen=True)
class Multipliers:
    """Standard normal numbers for R replicas and both samples.

    Attributes
    ----------
    candidate, reference
        ``(R, BLOCKS)``, single precision: replicas need three digits.
    """

    candidate: SingleArray
    reference: SingleArray

    @classmethod
    def draw(cls, replicas: int, seed: int) -> "Multipliers":
        """Draw the numbers of R replicas from a seed."""
        random = np.random.default_rng(seed)
        candidate, reference = random.standard_normal((2, replicas, BLOCKS), dtype=np.float32)
        return cls(candidate, reference)

    def __len__(self) -> int:
        return len(self.candidate)

    def difference(self, candidate: FloatArray, reference: FloatArray) -> FloatArray:
        """Replicas of the difference of two means.

        Parameters
        ----------
        candidate, reference
            ``(BLOCKS, F)`` deviations of the blocks, which sum to zero.

        Returns
        -------
        ``(R, F)``.
        """
        noise = np.concatenate((self.candidate, -self.reference), axis=1)
        deviations = np.concatenate((candidate, reference)).astype(np.float32)
        return (noise @ deviations).astype(np.float64)


def log_p_from_replicas(statistic: float, replicas: FloatArray) -> float:
    """Log p-value of a distance among its replicas.

    Beyond the reach of the replicas the tail is continued as that of a norm of a Gaussian
    process, log p = a - b d^2 (Borell's inequality), with b from the largest replicas.

    Parameters
    ----------
    statistic
        A distance; large means different.
    replicas
        ``(R,)`` the same distance under the null hypothesis.
    """
    n = len(replicas)
    above = int((replicas >= statistic).sum())
    if above >= _RELIABLE:
        return math.log((above + 1) / (n + 1))
    ordered = np.sort(replicas)[::-1]
    # slope between the k-th and the `_RELIABLE`-th largest replica: too close to each other, their
    # distance would be mostly chance
    k = min(max(int(_TAIL_SHARE * n), _FARTHER * _RELIABLE), n)
    near, far = float(ordered[k - 1]) ** 2, float(ordered[_RELIABLE - 1]) ** 2
    if far <= near or not statistic > 0.0:
        return math.log((above + 1) / (n + 1))
    slope = math.log(k / _RELIABLE) / (far - near)
    return math.log((_RELIABLE + 1) / (n + 1)) - slope * max(statistic**2 - far, 0.0)
