# SPDX-License-Identifier: GPL-3.0-or-later
"""Recalibrating predicted uncertainties on held-out points, and measuring the result."""

from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["CalibrationFigures", "SigmaCalibration", "measure_calibration"]

_NORMAL_68 = 1.0
_NORMAL_95 = 1.959963984540054
_PROBABILITY_68 = 0.6826894921370859
_PROBABILITY_95 = 0.95
_LEAST_PER_KNOT = 200


@dataclass(frozen=True, slots=True)
class SigmaCalibration:
    """A factor on the uncertainty that depends on the uncertainty itself.

    Between the knots the factor's logarithm is linear in log sigma, outside it is constant:
    the ordering of points by their uncertainty is the network's, its size is measured.

    Attributes
    ----------
    log_sigma
        ``(K,)`` increasing knots.
    log_factor
        ``(K,)`` logarithms of the factor.
    """

    log_sigma: Tensor
    log_factor: Tensor

    @classmethod
    def identity(cls) -> "SigmaCalibration":
        """Return a calibration that changes nothing."""
        return cls(torch.zeros(1), torch.zeros(1))

    @classmethod
    def fit(cls, log_sigma: Tensor, difference: Tensor, knots: int = 16) -> "SigmaCalibration":
        """Fit the factors to held-out points.

        In each of K classes of equal population in the predicted uncertainty, the factor is
        the geometric mean of those that give 68.3% and 95% coverage.

        Parameters
        ----------
        log_sigma
            ``(N,)`` predicted log uncertainties.
        difference
            ``(N,)`` predicted minus true log |M|^2.
        knots
            Largest number of classes.
        """
        count = max(1, min(knots, len(log_sigma) // _LEAST_PER_KNOT))
        order = log_sigma.argsort()
        where, factor = [], []
        for chosen in order.tensor_split(count):
            pull = (difference[chosen].abs() / log_sigma[chosen].exp()).double()
            width = _quantile(pull, _PROBABILITY_68) / _NORMAL_68
            wide = _quantile(pull, _PROBABILITY_95) / _NORMAL_95
            where.append(float(log_sigma[chosen].double().mean()))
            factor.append(0.5 * float((width * wide).clamp(min=1e-30).log()))
        knot = torch.tensor(where)
        value = torch.tensor(factor)
        distinct = torch.cat((torch.tensor([True]), knot[1:] > knot[:-1]))
        return cls(knot[distinct], value[distinct])

    def __call__(self, log_sigma: Tensor) -> Tensor:
        """Return the calibrated log uncertainties ``(N,)``."""
        if len(self.log_sigma) == 1:
            return log_sigma + self.log_factor
        clamped = log_sigma.clamp(float(self.log_sigma[0]), float(self.log_sigma[-1]))
        above = torch.bucketize(clamped, self.log_sigma[1:-1])
        slope = (self.log_factor[1:] - self.log_factor[:-1]) / (
            self.log_sigma[1:] - self.log_sigma[:-1]
        )
        start = self.log_factor[:-1] - slope * self.log_sigma[:-1]
        return log_sigma + torch.addcmul(start[above], slope[above], clamped)


def _quantile(values: Tensor, probability: float) -> Tensor:
    rank = min(len(values), max(1, round(probability * len(values))))
    return values.kthvalue(rank).values


@dataclass(frozen=True, slots=True)
class CalibrationFigures:
    """Errors and pulls on points that neither training nor calibration has seen.

    Attributes
    ----------
    points
        Number of points.
    median, quantile90, quantile99, largest
        Relative errors |predicted / true - 1|.
    rms
        Root mean square of the relative error.
    pull_mean, pull_width
        Mean and standard deviation of (predicted - true) / sigma.
    coverage68, coverage95
        Part of the points within 1 and 1.96 sigma.
    median_sigma
        Median predicted relative uncertainty.
    """

    points: int
    median: float
    quantile90: float
    quantile99: float
    largest: float
    rms: float
    pull_mean: float
    pull_width: float
    coverage68: float
    coverage95: float
    median_sigma: float


def measure_calibration(value: Tensor, sigma: Tensor, truth: Tensor) -> CalibrationFigures:
    """Compare predictions with the truth.

    Parameters
    ----------
    value, sigma, truth
        ``(N,)`` predicted values, their uncertainties and exact values, positive.
    """
    value, sigma, truth = value.double(), sigma.double(), truth.double()
    error = (value / truth - 1.0).abs()
    pull = (value - truth) / sigma
    return CalibrationFigures(
        points=len(truth),
        median=float(_quantile(error, 0.5)),
        quantile90=float(_quantile(error, 0.9)),
        quantile99=float(_quantile(error, 0.99)),
        largest=float(error.max()),
        rms=float(error.square().mean().sqrt()),
        pull_mean=float(pull.mean()),
        pull_width=float(pull.std()),
        coverage68=float((pull.abs() <= _NORMAL_68).double().mean()),
        coverage95=float((pull.abs() <= _NORMAL_95).double().mean()),
        median_sigma=float(_quantile(sigma / value, 0.5)),
    )
