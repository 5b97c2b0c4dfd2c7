# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulator: a squared matrix element with an uncertainty, at a microsecond a point."""

import math
import time
from collections.abc import Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Self

import torch
from torch import Tensor

from mcsurrogate.emulation.features import FeatureMap
from mcsurrogate.emulation.fitting import FitOptions, fit_parts, points_to_features
from mcsurrogate.emulation.inputs import Points, as_tensor, check_values
from mcsurrogate.emulation.kinematics import TOLERANCE, check_shape, explain_point
from mcsurrogate.emulation.layout import ProcessLayout
from mcsurrogate.emulation.model_card import FigureRecord, LearningPoint, ModelCard
from mcsurrogate.emulation.native_evaluator import NativeEvaluator
from mcsurrogate.emulation.native_layout import native_layout
from mcsurrogate.emulation.parts import EmulatorParts
from mcsurrogate.emulation.storage import digest, read_model, write_model
from mcsurrogate.emulation.training import TrainingSettings
from mcsurrogate.errors import EmulationError
from mcsurrogate.matrix_elements import (
    MatrixElement,
    Process,
    StandardModel,
    same_amplitude,
    side_by_side,
    strong_power,
)
from mcsurrogate.progress import Progress, silent
from mcsurrogate.versions import versions

__all__ = ["Emulator"]


class Emulator:
    """A trained emulator of one squared matrix element.

    Make one with :meth:`fit` or :meth:`load`.  It is bound to its process, the order of its
    legs and the parameters of the model, and refuses momenta that do not fit.

    Attributes
    ----------
    process
        The partonic process.
    parameters
        Parameters of the Standard Model of the training points.
    card
        The model card: data, errors, calibration, validity.
    parts
        Weights, calibration and domain.
    features
        From momenta to the network's inputs.
    exact
        The exact amplitude that points outside the domain fall back to, or None.
    """

    def __init__(
        self, parts: EmulatorParts, card: ModelCard, exact: MatrixElement | None = None
    ) -> None:
        self.process = Process.parse(card.process)
        self.parameters = StandardModel(**card.parameters)
        self.card = card
        self.parts = parts
        layout = ProcessLayout(self.process, self.parameters, antennae=card.skeleton == "antenna")
        self.features = FeatureMap(layout)
        self._exact: MatrixElement | None = None
        self.exact = exact

    @property
    def exact(self) -> MatrixElement | None:
        """The exact amplitude that points outside the domain fall back to."""
        return self._exact

    @exact.setter
    def exact(self, amplitude: MatrixElement | None) -> None:
        if amplitude is not None:
            self._check_same(amplitude.process, amplitude.parameters)
        self._exact = amplitude

    @classmethod
    def fit(
        cls,
        momenta: Points,
        me2: Points,
        process: str | Process,
        *,
        seed: int,
        model: StandardModel | None = None,
        alpha_s: float | None = None,
        settings: TrainingSettings | None = None,
        options: FitOptions | None = None,
        exact: MatrixElement | None = None,
        progress: Progress = silent,
    ) -> Self:
        """Train an emulator.

        Parameters
        ----------
        momenta
            ``(N, n, 4)`` [E, px, py, pz] in GeV, legs in the order of the process.
        me2
            ``(N,)`` squared amplitudes in GeV^(8 - 2n) at ``alpha_s``.
        process
            Partonic process in MadGraph's syntax.
        seed
            Decides everything random: split, initial weights, order of the points.
        model
            Parameters behind ``me2``; the defaults of StandardModel where None.
        alpha_s
            Strong coupling behind ``me2``; that of the model where None.
        settings
            How to train.
        options
            What else is known about the points, and where the training is kept.
        exact
            Amplitude for points outside the domain.
        progress
            Told after every epoch.

        Raises
        ------
        EmulationError
            If points and amplitudes do not fit together or cannot be trained on.
        KinematicsError
            If momenta are off shell, unbalanced or not finite.
        """
        start = time.process_time()
        settings = TrainingSettings() if settings is None else settings
        options = FitOptions() if options is None else options
        model = StandardModel() if model is None else model
        parsed = Process.parse(process) if isinstance(process, str) else process
        numbers = model.numbers()
        coupling = numbers["alpha_s"] if alpha_s is None else alpha_s
        if not (math.isfinite(coupling) and coupling > 0.0):
            raise EmulationError(f"alpha_s = {coupling}: must be finite and positive")
        points = as_tensor(momenta)
        check_shape(points, parsed)
        values = check_values(as_tensor(me2), len(points))
        layout = ProcessLayout(parsed, model, antennae=options.skeleton == "antenna")
        feature_map = FeatureMap(layout)
        features = points_to_features(feature_map, points)
        result = fit_parts(feature_map, features, values, settings, seed, options, progress)
        power = options.alpha_s_power
        card = ModelCard(
            process=parsed.name,
            pdg_ids=parsed.pdg_ids,
            parameters=numbers,
            alpha_s=coupling,
            alpha_s_power=strong_power(parsed) if power is None else power,
            unit=f"GeV^{8 - 2 * parsed.n_legs}",
            skeleton=options.skeleton,
            hidden=settings.hidden,
            members=settings.members,
            seed=seed,
            training=asdict(settings),
            data=result.data_record(options.source, options.amplitude_seconds),
            test=FigureRecord(**asdict(result.test)),
            validity=result.parts.domain.ranges(feature_map.names),
            epistemic_limit=result.parts.domain.epistemic,
            learning_curve=tuple(LearningPoint(**asdict(point)) for point in result.history),
            seconds=time.process_time() - start,
            versions=versions(),
            weights_sha256="",
        )
        emulator = cls(result.parts, card, exact)
        checksum = digest(*emulator._content())[1]
        emulator.card = card.model_copy(update={"weights_sha256": checksum})
        return emulator

    def predict(
        self,
        momenta: Points,
        alpha_s: Tensor | float | None = None,
        *,
        pdg_ids: Sequence[int] | None = None,
        check: bool = True,
    ) -> tuple[Tensor, Tensor]:
        """Return |M|^2 and its uncertainty.

        Points outside the domain get the exact amplitude, with an uncertainty of zero.

        Parameters
        ----------
        momenta
            ``(N, n, 4)`` [E, px, py, pz] in GeV, legs in the order of the process.
        alpha_s
            Strong coupling, a number or ``(N,)``; that of the training where None.
        pdg_ids
            PDG ids of the legs, to be compared with the emulator's.
        check
            Whether momenta are checked; without it wrong ones give wrong numbers.

        Returns
        -------
        value, sigma
            ``(N,)`` float64 each, in GeV^(8 - 2n).

        Raises
        ------
        KinematicsError
            If momenta are not finite, unbalanced or off their mass shells.
        EmulationError
            If a point is outside the domain and there is no exact amplitude, or the legs are
            those of another process.
        """
        points = self._points(momenta, pdg_ids)
        value, sigma, outside = self._evaluate(points, check=check)
        factor = self._coupling_factor(alpha_s, len(points))
        if factor is not None:
            value, sigma = value * factor, sigma * factor
        if bool(outside.any()):
            where = outside.nonzero()[:, 0]
            coupling = self.card.alpha_s if alpha_s is None else alpha_s
            if isinstance(coupling, Tensor) and coupling.dim() == 1:
                coupling = coupling[where]
            value[where] = self._fall_back(points, where, coupling)
            sigma[where] = 0.0
        return value, sigma

    def outside_domain(self, momenta: Points) -> Tensor:
        """Return for each point whether it is outside the domain: ``(N,)`` bool."""
        return self._evaluate(self._points(momenta, None), check=True)[2]

    def predict_members(self, momenta: Points, alpha_s: Tensor | float | None = None) -> Tensor:
        """Return |M|^2 of every member of the ensemble, ``(M, N)``, without the fall-back."""
        points = self._points(momenta, None)
        features = points_to_features(self.features, points)
        with torch.inference_mode():
            means = self.parts.member_means(features)
        values = (means.double() + features.log_unit(self.features.layout.dimension)).exp()
        factor = self._coupling_factor(alpha_s, len(points))
        return values.clone() if factor is None else values * factor

    def save(self, path: str | Path) -> None:
        """Write weights to ``path`` (.safetensors) and the model card beside it (.json)."""
        tensors, metadata = self._content()
        write_model(Path(path), tensors, self.card, metadata)

    def _content(self) -> tuple[dict[str, Tensor], dict[str, str]]:
        """Tensors and metadata of the file."""
        layout, metadata = native_layout(self.features, self.card, self.parts.domain.epistemic)
        return {**self.parts.tensors(), **layout}, metadata

    @classmethod
    def load(
        cls,
        path: str | Path,
        *,
        process: str | Process | None = None,
        model: StandardModel | None = None,
        exact: MatrixElement | None = None,
    ) -> Self:
        """Read an emulator.

        Parameters
        ----------
        path
            The .safetensors file; the model card lies beside it.
        process, model
            What the emulator has to be for; not compared where None.
        exact
            Amplitude for points outside the domain.

        Raises
        ------
        EmulationError
            If a file is missing or damaged, or the emulator is for another process or other
            parameters.
        """
        tensors, card = read_model(Path(path))
        layout = ProcessLayout(
            Process.parse(card.process),
            StandardModel(**card.parameters),
            antennae=card.skeleton == "antenna",
        )
        try:
            parts = EmulatorParts.from_tensors(
                tensors, card.members, len(card.hidden) + 1, FeatureMap(layout).size
            )
            emulator = cls(parts, card)
            wanted = Process.parse(process) if isinstance(process, str) else process
            emulator._check_same(wanted, model)
        except EmulationError as error:
            raise EmulationError(f"{path}: {error}") from error
        emulator.exact = exact
        return emulator

    def _check_same(self, process: Process | None, model: StandardModel | None) -> None:
        if process is not None and not same_amplitude(process, self.process):
            raise EmulationError(
                f"the emulator is for {self.card.process!r}, not for {process.name!r}; train "
                "one for this process"
            )
        if model is not None:
            for name, trained, given in side_by_side(self.card.parameters, model.numbers()):
                if not math.isclose(given, trained, rel_tol=1e-12):
                    raise EmulationError(
                        f"the emulator of {self.card.process!r} was trained with {name} = "
                        f"{trained:g}, not {given:g}; train one with these parameters"
                    )

    def _points(self, momenta: Points, pdg_ids: Sequence[int] | None) -> Tensor:
        if pdg_ids is not None and tuple(pdg_ids) != self.process.pdg_ids:
            raise EmulationError(
                f"the legs {tuple(pdg_ids)} are not those of {self.card.process!r}, "
                f"{self.process.pdg_ids} in this order"
            )
        points = as_tensor(momenta)
        check_shape(points, self.process)
        return points

    def _evaluate(self, points: Tensor, *, check: bool) -> tuple[Tensor, Tensor, Tensor]:
        rows = points.double().contiguous()
        found = self._native.evaluate(rows.numpy(), TOLERANCE if check else 0.0)
        if found[3] < len(points):
            explain_point(rows[found[3]], self.features.layout, found[3])
        value, sigma, inside = (torch.from_numpy(array) for array in found[:3])
        return value, sigma, ~inside

    @cached_property
    def _native(self) -> NativeEvaluator:
        content, _ = digest(*self._content())
        return NativeEvaluator(content, f"of {self.card.process!r}")

    def _coupling_factor(self, alpha_s: Tensor | float | None, count: int) -> Tensor | None:
        if alpha_s is None:
            return None
        coupling = torch.as_tensor(alpha_s, dtype=torch.float64)
        if coupling.dim() > 1 or (coupling.dim() == 1 and len(coupling) != count):
            raise EmulationError(f"alpha_s of shape {tuple(coupling.shape)} for {count} points")
        if not bool(((coupling > 0.0) & torch.isfinite(coupling)).all()):
            raise EmulationError("alpha_s must be finite and positive")
        power = self.card.alpha_s_power
        if power is None:
            if bool((coupling != self.card.alpha_s).any()):
                raise EmulationError(
                    f"{self.card.process!r} has no single power of alpha_s: the emulator is for "
                    f"alpha_s = {self.card.alpha_s:g} only"
                )
            return None
        return (coupling / self.card.alpha_s) ** power

    def _fall_back(self, points: Tensor, where: Tensor, alpha_s: Tensor | float) -> Tensor:
        if self._exact is None:
            first = int(where[0])
            features = self.features(points[first : first + 1])
            reason = self.parts.domain.reason(features.inputs[:, 0], self.features.names)
            raise EmulationError(
                f"{len(where)} of {len(points)} points are outside the domain of the emulator of "
                f"{self.card.process!r} (event {first}: {reason}); set emulator.exact to an "
                "exact amplitude, or train on points like these"
            )
        return self._exact(points[where].double(), alpha_s).double()
