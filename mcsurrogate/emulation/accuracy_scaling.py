# SPDX-License-Identifier: GPL-3.0-or-later
"""How accuracy grows with the number of training points."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import torch
from torch import Tensor

from mcsurrogate.emulation.calibration import measure_calibration
from mcsurrogate.emulation.emulator import Emulator
from mcsurrogate.emulation.fitting import FitOptions, Split
from mcsurrogate.emulation.training import TrainingSettings
from mcsurrogate.emulation.training_points import TrainingPoints
from mcsurrogate.errors import EmulationError
from mcsurrogate.matrix_elements import StandardModel
from mcsurrogate.progress import Progress, silent

__all__ = ["AccuracyScaling", "ScalingPoint", "check_counts", "measure_scaling"]

_TEST_POINTS = 20_000
_HELD_FRACTION = 0.1


@dataclass(frozen=True, slots=True)
class ScalingPoint:
    """Errors of an emulator made from a number of points.

    Attributes
    ----------
    points
        Points that it was made from, held-out ones included.
    median, quantile99, rms
        Relative errors on points that no emulator of the series has seen.
    """

    points: int
    median: float
    quantile99: float
    rms: float


@dataclass(frozen=True, slots=True)
class AccuracyScaling:
    """A series of emulators and its power law, error = amplitude * points^exponent.

    Attributes
    ----------
    series
        The emulators, from few to many points.
    amplitude, exponent
        Least-squares power law of the median error.
    """

    series: tuple[ScalingPoint, ...]
    amplitude: float
    exponent: float

    def extrapolate(self, points: float) -> float:
        """Median error expected for a number of points."""
        return float(self.amplitude * points**self.exponent)

    def as_json(self) -> dict[str, object]:
        """Return plain values."""
        return {
            "series": [asdict(point) for point in self.series],
            "amplitude": self.amplitude,
            "exponent": self.exponent,
        }


def measure_scaling(
    points: TrainingPoints,
    counts: Sequence[int],
    seed: int,
    settings: TrainingSettings,
    *,
    model: StandardModel | None = None,
    equal_steps: bool = False,
    test_points: int = _TEST_POINTS,
    progress: Progress = silent,
) -> AccuracyScaling:
    """Train with growing parts of the points and fit a power law.

    Parameters
    ----------
    points
        All points; the last ``test_points`` are kept for the errors.
    counts
        Numbers of points, increasing, at least two.
    seed, settings, model
        As for :meth:`Emulator.fit`.
    equal_steps
        Every training takes as many steps as the largest, so that only the data differ; otherwise
        as many epochs, so that the cost grows with the points too.
    test_points
        Points that no training sees.
    progress
        Told after every training.

    Raises
    ------
    EmulationError
        If there are not enough points, or they are not all representative.
    """
    if points.representative is not None:
        raise EmulationError("scaling needs points that are all as the emulator will see them")
    check_counts(len(points), counts, settings, test_points)
    test = slice(len(points) - test_points, None)
    series = []
    for done, count in enumerate(counts):
        factor = counts[-1] / count if equal_steps else 1.0
        emulator = Emulator.fit(
            points.momenta[:count],
            points.me2[:count],
            points.process,
            seed=seed,
            model=model,
            alpha_s=points.alpha_s,
            settings=replace(settings, epochs=round(settings.epochs * factor)),
            options=FitOptions(held_fraction=_HELD_FRACTION, source=points.source),
        )
        series.append(_measure(emulator, points.momenta[test], points.me2[test], count))
        progress(done + 1, len(counts), f"{count} points: median {series[-1].median:.2e}")
    return _fit_power_law(tuple(series))


def check_counts(
    points: int, counts: Sequence[int], settings: TrainingSettings, test_points: int = _TEST_POINTS
) -> None:
    """Check that a series of trainings is possible, before any is begun.

    Parameters
    ----------
    points, counts, settings, test_points
        As in :func:`measure_scaling`, with the number of points in the place of the points.

    Raises
    ------
    EmulationError
        If there are not enough points.
    """
    available = points - test_points
    if len(counts) < 2 or list(counts) != sorted(set(counts)) or counts[-1] > available:
        raise EmulationError(
            f"counts {list(counts)}: two or more increasing numbers up to {available} are needed "
            f"({points} points, {test_points} of them for the test)"
        )
    smallest = len(Split.draw(counts[0], _HELD_FRACTION, 1).training)
    if smallest < settings.batch:
        raise EmulationError(
            f"of {counts[0]} points {smallest} are left to train on, fewer than a batch of "
            f"{settings.batch}: begin the scaling with more"
        )


def _measure(emulator: Emulator, momenta: Tensor, me2: Tensor, count: int) -> ScalingPoint:
    inside = ~emulator.outside_domain(momenta)
    value, sigma = emulator.predict(momenta[inside])
    figures = measure_calibration(value, sigma, me2[inside])
    return ScalingPoint(count, figures.median, figures.quantile99, figures.rms)


def _fit_power_law(series: tuple[ScalingPoint, ...]) -> AccuracyScaling:
    x = torch.tensor([math.log(point.points) for point in series], dtype=torch.float64)
    y = torch.tensor([math.log(point.median) for point in series], dtype=torch.float64)
    slope = float(((x - x.mean()) * (y - y.mean())).sum() / (x - x.mean()).square().sum())
    return AccuracyScaling(series, math.exp(float(y.mean()) - slope * float(x.mean())), slope)
