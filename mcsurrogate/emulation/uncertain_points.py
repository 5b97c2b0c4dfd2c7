# SPDX-License-Identifier: GPL-3.0-or-later
"""Training points where a pilot emulator is uncertain: fewer points for the same tail of errors.

An integrator's points crowd where its weights do, and an emulator's largest errors are in sparse
corners.  A pilot emulator, trained on a part of the points, knows its own uncertainty; the other
points are drawn from the same integrator in proportion to its power of 1.5.  This is boosted
training on badly described points (arXiv:2206.14831) with new points in the place of repeated
ones.
"""

import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import replace

import torch
from torch import Tensor

from mcsurrogate.emulation.emulator import Emulator
from mcsurrogate.emulation.training import TrainingSettings
from mcsurrogate.emulation.training_points import (
    TrainingPoints,
    evaluate_points,
    points_from_draws,
)
from mcsurrogate.errors import EmulationError
from mcsurrogate.matrix_elements import MatrixElement
from mcsurrogate.progress import Progress, silent

__all__ = ["points_by_uncertainty"]

_CANDIDATES_PER_POINT = 5
"""Points that are drawn for each one that is kept."""
_POWER = 1.5
_PILOT_FRACTION = 0.1
_PILOT = TrainingSettings(hidden=(96, 96, 96), epochs=20, learning_rate=0.01)
_PILOT_STEPS = 50
_LEAST_PILOT_POINTS = 5000
_BATCH = 16384


def points_by_uncertainty(
    draw: Callable[[int, torch.Generator], Tensor],
    count: int,
    seed: int,
    amplitude: MatrixElement,
    alpha_s: float,
    source: str,
    progress: Progress = silent,
    executor: Executor | None = None,
) -> TrainingPoints:
    """Draw points, most of them where a pilot emulator is uncertain.

    The first tenth (at least 5,000) are those of the sampler: the pilot is trained on them, and
    calibration and test points have to come from them.  The others are accepted with a
    probability in proportion to the pilot's relative uncertainty to the power of 1.5; points that
    it does not know are always accepted.

    Parameters
    ----------
    draw
        Takes a number of trials and a generator, returns the momenta ``(M, n, 4)`` in GeV of
        those that pass the cuts.
    count
        Number of points wanted.
    seed
        Decides every point.
    amplitude, alpha_s
        The exact squared amplitude and its strong coupling.
    source
        Where the points come from, for the model card.
    progress
        Told about points, amplitudes and the pilot's training.
    executor
        Where exact amplitudes are evaluated; here if None.

    Returns
    -------
    TrainingPoints
        With the number of plain points as ``representative``; ``seconds`` has drawing, pilot and
        amplitudes.

    Raises
    ------
    EmulationError
        If fewer than 10,000 points are wanted, or no point passes the cuts.
    """
    if count < 2 * _LEAST_PILOT_POINTS:
        raise EmulationError(
            f"{count} points are too few to choose them by uncertainty: "
            f"{2 * _LEAST_PILOT_POINTS} at least"
        )
    start = time.process_time()
    plain = max(_LEAST_PILOT_POINTS, round(_PILOT_FRACTION * count))
    momenta = points_from_draws(draw, plain, seed, progress)
    first = evaluate_points(momenta, amplitude, alpha_s, source, progress, executor)
    pilot = Emulator.fit(
        first.momenta,
        first.me2,
        amplitude.process,
        seed=seed,
        model=amplitude.parameters,
        alpha_s=alpha_s,
        settings=replace(_PILOT, batch=min(_PILOT.batch, len(first) // _PILOT_STEPS)),
        progress=progress,
    )
    momenta = points_from_draws(_accepting(draw, pilot, seed), count - plain, seed + 1, progress)
    rest = evaluate_points(momenta, amplitude, alpha_s, source, progress, executor)
    elsewhere = 0.0 if executor is None else first.seconds + rest.seconds
    return replace(
        first,
        momenta=torch.cat((first.momenta, rest.momenta)),
        me2=torch.cat((first.me2, rest.me2)),
        source=f"{source}, where a pilot emulator is uncertain",
        representative=len(first),
        seconds=time.process_time() - start + elsewhere,
    )


def _accepting(
    draw: Callable[[int, torch.Generator], Tensor], pilot: Emulator, seed: int
) -> Callable[[int, torch.Generator], Tensor]:
    """Accept draws in proportion to the pilot's uncertainty."""
    generator = torch.Generator().manual_seed(seed + 2)
    scale = _acceptance_scale(_priority(draw(4 * _BATCH, generator), pilot))

    def accepted(count: int, generator: torch.Generator) -> Tensor:
        momenta = draw(count, generator)
        chance = scale * _priority(momenta, pilot)
        keep = torch.rand(len(momenta), generator=generator, dtype=torch.float64) < chance
        return momenta[keep]

    return accepted


def _priority(momenta: Tensor, pilot: Emulator) -> Tensor:
    """Power of the relative uncertainty, ``(N,)``; infinite outside the pilot's domain."""
    found = torch.full((len(momenta),), torch.inf, dtype=torch.float64)
    inside = ~pilot.outside_domain(momenta)
    value, sigma = pilot.predict(momenta[inside], check=False)
    found[inside] = (sigma / value) ** _POWER
    return found


def _acceptance_scale(priority: Tensor) -> float:
    """Factor s for which min(1, s priority) has the mean 1 / _CANDIDATES_PER_POINT."""
    low, high = 0.0, 1.0 / float(priority.min())
    for _ in range(60):
        middle = 0.5 * (low + high)
        if float((middle * priority).clamp(max=1.0).mean()) < 1.0 / _CANDIDATES_PER_POINT:
            low = middle
        else:
            high = middle
    return high
