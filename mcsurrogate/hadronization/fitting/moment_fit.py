# SPDX-License-Identifier: GPL-3.0-or-later
"""One step of a fit of event means by the scores of events."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

__all__ = ["MomentMemory", "MomentStep", "determined_directions", "moment_step", "whitened"]

_SMALLEST = 1e-9
_BISECTIONS = 60
_FIRMNESS = 0.01
_LARGEST_CHANGE = 0.7
_SINGULAR = 1e-6


@dataclass(frozen=True, slots=True)
class MomentStep:
    """Change of the parameters that brings means closer to their targets.

    Attributes
    ----------
    shift
        ``(K,)`` change of the parameters.
    divergence
        Expected Kullback-Leibler divergence in nats between the events before and after.
    chi2, expected_chi2
        Sum of squared deviations over their errors, now and as expected after the step.
    """

    shift: NDArray[np.float64]
    divergence: float
    chi2: float
    expected_chi2: float


def moment_step(
    jacobian: NDArray[np.float64],
    fisher: NDArray[np.float64],
    deviation: NDArray[np.float64],
    error: NDArray[np.float64],
    *,
    largest_divergence: float,
    prior: float,
    moved: NDArray[np.float64] | None = None,
    anchor: float = 0.0,
) -> MomentStep:
    """Gauss-Newton step within a trust region of the Kullback-Leibler divergence.

    Minimises ``|(deviation + J s) / error|^2 + a s.F s`` with the smallest ``a >= prior`` for which
    ``s.F s / 2`` does not exceed the largest divergence. With an anchor b and parameters that have
    moved by m so far, ``b (m + s).F (m + s)`` is added.

    Parameters
    ----------
    jacobian
        ``(B, K)`` derivatives of the means: covariances of quantities and scores.
    fisher
        ``(K, K)`` covariance of the scores.
    deviation, error
        ``(B,)`` mean of the model less target, and its error.
    largest_divergence
        In nats an event.
    prior
        Weight of the present model: about the number of events that it counts for.
    moved, anchor
        ``(K,)`` how far the parameters have moved from where they began, and the weight of the
        model there.
    """
    used = error > 0
    weighted = jacobian[used] / error[used, None]
    pull = deviation[used] / error[used]
    scale = np.sqrt(np.maximum(np.diag(fisher), 0.0))
    active = scale > _SMALLEST
    scale = scale[active]
    normal = (weighted[:, active].T @ weighted[:, active]) / np.outer(scale, scale)
    metric = fisher[np.ix_(active, active)] / np.outer(scale, scale)
    # Parameters that hardly any event depends on must not run away.
    metric += np.diag(_FIRMNESS / scale**2)
    right = -(weighted[:, active].T @ pull) / scale
    if moved is not None:
        normal = normal + anchor * metric
        right = right - anchor * metric @ (moved[active] * scale)

    def solve(weight: float) -> tuple[NDArray[np.float64], float]:
        step = np.linalg.solve(normal + weight * metric, right)
        return step, float(step @ metric @ step / 2.0)

    low = prior
    step, divergence = solve(low)
    if divergence > largest_divergence:
        high = low
        while solve(high)[1] > largest_divergence:
            high *= 10.0
        for _ in range(_BISECTIONS):
            middle = np.sqrt(low * high)
            low, high = (middle, high) if solve(middle)[1] > largest_divergence else (low, middle)
            if high / low < 1.01:
                break
        step, divergence = solve(high)
    shift = np.zeros(len(active))
    shift[active] = np.clip(step / scale, -_LARGEST_CHANGE, _LARGEST_CHANGE)
    expected = pull + weighted @ shift
    return MomentStep(shift, divergence, float(pull @ pull), float(expected @ expected))


def determined_directions(
    jacobian: NDArray[np.float64],
    fisher: NDArray[np.float64],
    error: NDArray[np.float64],
    *,
    prior: float,
) -> NDArray[np.float64]:
    """One standard deviation along each independent direction that the data determine.

    In the metric of the Fisher information the covariance of a fit is diagonal; directions of which
    the data tell less than the prior events stay where they are.

    Parameters
    ----------
    jacobian, fisher, error
        As in `moment_step`.
    prior
        Events that the model counts for.

    Returns
    -------
    NDArray[np.float64]
        ``(R, K)`` changes of the parameters, the best determined first.
    """
    used = error > 0
    weighted = jacobian[used] / error[used, None]
    scale = np.sqrt(np.maximum(np.diag(fisher), 0.0))
    active = np.flatnonzero(scale > _SMALLEST)
    scale = scale[active]
    normal = (weighted[:, active].T @ weighted[:, active]) / np.outer(scale, scale)
    metric = fisher[np.ix_(active, active)] / np.outer(scale, scale)
    metric += np.diag(_FIRMNESS / scale**2)
    known, vectors = eigh(normal, metric)
    best = np.argsort(known)[::-1]
    best = best[known[best] > prior]
    directions = np.zeros((len(best), len(fisher)))
    directions[:, active] = (vectors[:, best] / np.sqrt(known[best] + prior)).T / scale
    return directions


def whitened(
    jacobian: NDArray[np.float64],
    deviation: NDArray[np.float64],
    error: NDArray[np.float64],
    covariance: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Independent combinations of quantities, in units of their errors.

    Parameters
    ----------
    jacobian, deviation
        ``(B, K)`` and ``(B,)``.
    error
        ``(B,)`` errors that are independent of each other, beside the covariance.
    covariance
        ``(B, B)`` of the deviations.

    Returns
    -------
    tuple
        ``(R, K)`` and ``(R,)``: combinations that the covariance does not fix are left out.
    """
    whole = covariance + np.diag(error**2)
    scale = np.sqrt(np.maximum(np.diag(whole), 1e-300))
    values, vectors = np.linalg.eigh(whole / np.outer(scale, scale))
    use = values > _SINGULAR * values.max()
    change = vectors[:, use].T / np.sqrt(values[use])[:, None] / scale
    return change @ jacobian, change @ deviation


@dataclass(slots=True)
class MomentMemory:
    """Means and derivatives of several steps, carried along to the present parameters.

    The derivatives hardly change from step to step, and neither does the scatter, so that their
    averages are known better than one step's sample tells.

    Parameters
    ----------
    memory
        Weight of what is known against a new step, 0 for none.

    Attributes
    ----------
    jacobian, fisher, deviation, covariance
        Averages; the covariance is that of one step's deviation, a matrix or its diagonal.
    variance
        Variance of the averaged deviation over that of one step.
    steps
        How many were added.
    """

    memory: float
    jacobian: NDArray[np.float64]
    fisher: NDArray[np.float64]
    deviation: NDArray[np.float64]
    covariance: NDArray[np.float64]
    variance: float = 1.0
    steps: int = 1

    def add(
        self,
        jacobian: NDArray[np.float64],
        fisher: NDArray[np.float64],
        deviation: NDArray[np.float64],
        covariance: NDArray[np.float64],
    ) -> None:
        """Take in another step."""
        self.steps += 1
        weight = max(1.0 - self.memory, 1.0 / self.steps)
        self.jacobian += weight * (jacobian - self.jacobian)
        self.fisher += weight * (fisher - self.fisher)
        self.deviation += weight * (deviation - self.deviation)
        self.covariance += weight * (covariance - self.covariance)
        self.variance = (1.0 - weight) ** 2 * self.variance + weight**2

    def move(self, shift: NDArray[np.float64]) -> None:
        """Carry the deviation along with a change of the parameters, ``(K,)``."""
        self.deviation += self.jacobian @ shift
