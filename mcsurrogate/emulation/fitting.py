# SPDX-License-Identifier: GPL-3.0-or-later
"""From points to a trained, calibrated emulator: the steps between arrays and parts."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from mcsurrogate.emulation.calibration import (
    CalibrationFigures,
    SigmaCalibration,
    measure_calibration,
)
from mcsurrogate.emulation.domain import Domain
from mcsurrogate.emulation.features import FeatureMap, PointFeatures
from mcsurrogate.emulation.kinematics import check_rows
from mcsurrogate.emulation.laplace import laplace_root
from mcsurrogate.emulation.model_card import DataRecord
from mcsurrogate.emulation.network import FoldedNetwork
from mcsurrogate.emulation.parts import EmulatorParts, LogPrediction
from mcsurrogate.emulation.training import (
    EpochRecord,
    TrainingData,
    TrainingSettings,
    train_network,
)
from mcsurrogate.errors import EmulationError
from mcsurrogate.progress import Progress, silent

__all__ = ["BLOCK", "FitOptions", "FitResult", "Split", "fit_parts", "points_to_features"]

BLOCK = 2048
"""Points that are worked on at a time: what fits the second-level cache."""

_LEAST_POINTS = 1000
_LEAST_HELD = 400
_LARGEST_HELD = 200_000
_CURVE_POINTS = 20_000
_RANK = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class FitOptions:
    """What is known about the points of a training, and how it is kept.

    Attributes
    ----------
    skeleton
        Whether the network multiplies the antenna skeleton or learns |M|^2 alone.
    alpha_s_power
        Power of alpha_s in |M|^2; worked out from the process where None.
    held_fraction
        Part of the points kept for calibration and test, half for each.
    representative
        Number of leading points that are distributed as those the emulator will see;
        calibration and test points are taken from them, at most half of them.  All where None.
    source, amplitude_seconds
        Where the points came from and what |M|^2 cost, for the model card.
    checkpoint, resume, stop
        See :func:`mcsurrogate.emulation.training.train_network`.
    """

    skeleton: Literal["antenna", "none"] = "antenna"
    alpha_s_power: int | None = None
    held_fraction: float = 0.1
    representative: int | None = None
    source: str = "arrays"
    amplitude_seconds: float = 0.0
    checkpoint: Path | None = None
    resume: bool = False
    stop: Callable[[int], bool] | None = None


@dataclass(frozen=True, slots=True)
class Split:
    """Which points serve what.

    Attributes
    ----------
    training, calibration, test
        Indices of the points, disjoint.
    """

    training: Tensor
    calibration: Tensor
    test: Tensor

    @classmethod
    def draw(
        cls, points: int, held_fraction: float, seed: int, representative: int | None = None
    ) -> "Split":
        """Divide points at random; calibration and test share the held-out ones.

        Parameters
        ----------
        points
            Number of points.
        held_fraction
            Part of them that is held out.
        seed
            Decides which.
        representative
            Number of leading points of which at most half may be held out; all where None.

        Raises
        ------
        EmulationError
            If there are too few points, or the fraction is not between 0 and 1.
        """
        if points < _LEAST_POINTS:
            raise EmulationError(
                f"{points} points are too few to train and calibrate on: {_LEAST_POINTS} at least"
            )
        if not 0.0 < held_fraction < 0.5:
            raise EmulationError(f"held_fraction = {held_fraction}: must lie between 0 and 0.5")
        held = int(min(max(held_fraction * points, _LEAST_HELD), _LARGEST_HELD))
        open_to_hold = points if representative is None else representative
        if not 2 * _LEAST_HELD <= open_to_hold <= points:
            raise EmulationError(
                f"representative = {representative}: must be {2 * _LEAST_HELD} to {points}"
            )
        held = min(held, open_to_hold // 2)
        generator = torch.Generator().manual_seed(seed)
        order = torch.randperm(open_to_hold, generator=generator)
        training = torch.cat((order[held:], torch.arange(open_to_hold, points)))
        return cls(training, order[: held // 2], order[held // 2 : held])


@dataclass(frozen=True, slots=True)
class FitResult:
    """What :func:`fit_parts` made.

    Attributes
    ----------
    parts
        The emulator's numbers.
    split
        Which points served what.
    test
        Figures on the test points.
    history
        The learning curve.
    log_shat_range
        Smallest and largest log(s_hat / GeV^2) of the training points.
    """

    parts: EmulatorParts
    split: Split
    test: CalibrationFigures
    history: list[EpochRecord]
    log_shat_range: tuple[float, float]

    def data_record(self, source: str, amplitude_seconds: float) -> DataRecord:
        """Describe the points for the model card."""
        low, high = self.log_shat_range
        return DataRecord(
            source=source,
            training=len(self.split.training),
            calibration=len(self.split.calibration),
            test=len(self.split.test),
            sqrt_shat_min=math.exp(0.5 * low),
            sqrt_shat_max=math.exp(0.5 * high),
            amplitude_seconds=amplitude_seconds,
        )


def points_to_features(feature_map: FeatureMap, momenta: Tensor) -> PointFeatures:
    """Check momenta ``(N, n, 4)`` and return their features."""
    blocks = []
    for start in range(0, len(momenta), BLOCK):
        rows = feature_map.rows(momenta[start : start + BLOCK])
        check_rows(rows, feature_map.layout, start)
        blocks.append(feature_map.of_rows(rows))
    return PointFeatures(
        torch.cat([block.inputs for block in blocks], dim=1),
        torch.cat([block.log_skeleton for block in blocks]),
        torch.cat([block.log_shat for block in blocks]),
    )


def fit_parts(
    feature_map: FeatureMap,
    features: PointFeatures,
    me2: Tensor,
    settings: TrainingSettings,
    seed: int,
    options: FitOptions,
    progress: Progress = silent,
) -> FitResult:
    """Train networks and calibrate their uncertainty.

    Parameters
    ----------
    feature_map
        Maps momenta to features.
    features
        Features of the N points.
    me2
        ``(N,)`` squared amplitudes, positive, in GeV^(8 - 2n).
    settings, seed, progress
        See :func:`mcsurrogate.emulation.training.train_network`.
    options
        About the points, and how the training is kept.
    """
    split = Split.draw(len(features), options.held_fraction, seed, options.representative)
    target = me2.double().log() - features.log_unit(feature_map.layout.dimension)
    train_inputs, train_target = features.inputs[:, split.training], target[split.training]
    mean = train_inputs.double().mean(dim=1)
    std = train_inputs.double().std(dim=1)
    # an input that does not vary carries nothing and must not be blown up
    std = torch.where(std > 1e-6 * (1.0 + mean.abs()), std, 1.0)
    shift, scale = float(train_target.mean()), max(float(train_target.std()), 1e-12)

    def scaled(inputs: Tensor) -> Tensor:
        return ((inputs.double() - mean.unsqueeze(1)) / std.unsqueeze(1)).float()

    curve = split.calibration[:_CURVE_POINTS]
    data = TrainingData(
        scaled(train_inputs),
        ((train_target - shift) / scale).float(),
        scaled(features.inputs[:, curve]),
        ((target[curve] - shift) / scale).float(),
        scale,
    )
    network, history = train_network(
        data,
        settings,
        seed,
        progress,
        options.checkpoint,
        resume=options.resume,
        stop=options.stop,
    )
    folded = tuple(
        FoldedNetwork.fold(network, member, mean, std, shift, scale)
        for member in range(settings.members)
    )
    root = None
    if settings.members == 1:
        root = _posterior(folded[0], train_inputs)
    everywhere = Domain(
        torch.full((feature_map.size,), -torch.inf),
        torch.full((feature_map.size,), torch.inf),
        torch.inf,
    )
    raw = EmulatorParts(folded, root, SigmaCalibration.identity(), everywhere)
    held = predict_log(raw, features[split.calibration])
    calibration = SigmaCalibration.fit(
        held.log_sigma, (held.mean.double() - target[split.calibration]).float()
    )
    domain = Domain.of_training(train_inputs, predict_log(raw, features[split.training]).epistemic)
    parts = EmulatorParts(folded, root, calibration, domain)
    tested = predict_log(parts, features[split.test])
    ratio = (tested.mean.double() - target[split.test]).exp()
    sigma = ratio * calibration(tested.log_sigma).double().exp()
    figures = measure_calibration(ratio, sigma, torch.ones_like(ratio))
    shat = features.log_shat[split.training]
    return FitResult(parts, split, figures, history, (float(shat.min()), float(shat.max())))


def predict_log(parts: EmulatorParts, features: PointFeatures) -> LogPrediction:
    """Predict in blocks."""
    with torch.inference_mode():
        blocks = [
            parts(features[slice(start, start + BLOCK)]) for start in range(0, len(features), BLOCK)
        ]
    return LogPrediction(
        torch.cat([block.mean for block in blocks]),
        torch.cat([block.log_sigma for block in blocks]),
        torch.cat([block.epistemic for block in blocks]),
    )


def _posterior(network: FoldedNetwork, inputs: Tensor) -> Tensor:
    hidden, sigma = [], []
    with torch.inference_mode():
        # The posterior needs far fewer points than training does.
        thinned = inputs[:, :: max(1, inputs.shape[1] // 200_000)]
        for start in range(0, thinned.shape[1], BLOCK):
            state = network.hidden(thinned[:, start : start + BLOCK])
            hidden.append(state)
            sigma.append(network.outputs(state)[1].exp())
        share = thinned.shape[1] / inputs.shape[1]
        root = laplace_root(
            torch.cat(hidden, dim=1),
            torch.cat(sigma) * share**0.5,
            network.weights[-1][0],
            _RANK,
        )
    return root.clone()
