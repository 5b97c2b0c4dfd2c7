# SPDX-License-Identifier: GPL-3.0-or-later
"""What is filled from the samples; fixed by the first reference events."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.analysis import Events, Measurement, measurements_for
from mcsurrogate.validation.features import FeatureMap, raw_features
from mcsurrogate.validation.observables.presets import detect
from mcsurrogate.validation.observables.registry import Observable, preset, resolve
from mcsurrogate.validation.statistics.marginal import fine_edges
from mcsurrogate.validation.statistics.multivariate import FeatureSums
from mcsurrogate.validation.weight_families import PdfRule

__all__ = ["Plan", "Planner"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Observables, grids and features.

    Attributes
    ----------
    observables, preset
        What is histogrammed, and the preset it came from (None where named one by one).
    grids
        Fine grid of each observable that has an order, checks of consistency excepted.
    features
        Scaling of the event features.
    sample
        ``(n, D)`` features of the first reference events.
    reservoir
        Capacity of the reservoir of features, 0 for none.
    seed
        Of all random choices.
    deep
        Events whose particles are kept for the networks on particles, 0 for none.
    measurements
        Measured values that the samples are compared with.
    pdf_error
        How weights of parton densities are combined, None for the rule of their set.
    warning
        What was not understood of the events when a preset was chosen.
    """

    observables: tuple[Observable, ...]
    preset: str | None
    grids: dict[str, FloatArray]
    features: FeatureMap
    sample: FloatArray
    reservoir: int
    seed: int
    deep: int = 0
    measurements: tuple[Measurement, ...] = ()
    pdf_error: PdfRule | None = None
    warning: str = ""

    def feature_sums(self) -> FeatureSums | None:
        """Empty sums for one sample, None where no feature varies."""
        return FeatureSums(self.sample, self.seed) if self.features.names else None


@dataclass
class Planner:
    """Makes the plan when the first reference events are there, and keeps it.

    Attributes
    ----------
    preset
        Name of a preset, or None for the one that fits the events.
    observables
        Names or objects instead of a preset.
    extra
        Observables besides the preset.
    reservoir, seed, deep
        See `Plan`.
    measured
        Whether the events are compared with measured values where there are some.
    pdf_error
        See `Plan`.
    """

    preset: str | None = None
    observables: Sequence[str | Observable] | None = None
    extra: Sequence[Observable] = ()
    reservoir: int = 0
    seed: int = 1
    deep: int = 0
    measured: bool = False
    pdf_error: PdfRule | None = None
    plan: Plan | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        # unknown names are found before anything is read
        self._chosen: tuple[Observable, ...] = ()
        if self.observables is not None:
            self._chosen = resolve([*self.observables, *self.extra])
            self.preset = None
        elif self.preset is not None:
            self._chosen = resolve([*preset(self.preset), *self.extra])

    def __call__(self, events: Events) -> Plan:
        """Plan for events like these; the first call decides."""
        if self.plan is None:
            self.plan = self._make(events)
        return self.plan

    def _make(self, events: Events) -> Plan:
        name, chosen, warning = self.preset, self._chosen, ""
        if not chosen:
            name, warning = detect(events)
            chosen = resolve([*preset(name), *self.extra])
        values = [o.values(events) for o in chosen]
        grids = {
            o.name: fine_edges(v.values if o.fine else np.empty(0), np.asarray(o.edges))
            for o, v in zip(chosen, values, strict=True)
            # what is kept to rounding has coarse bins: between them there is nothing to compare
            if not o.categories and o.group != "consistency"
        }
        raw = raw_features(chosen, values, len(events))
        features = FeatureMap.learn(raw)
        sample = features(raw) if features.names else np.zeros((0, 0))
        measured = measurements_for(events) if self.measured else ()
        return Plan(
            observables=chosen,
            preset=name,
            grids=grids,
            features=features,
            sample=sample,
            reservoir=self.reservoir,
            seed=self.seed,
            deep=self.deep,
            measurements=measured,
            pdf_error=self.pdf_error,
            warning=warning and f"preset {name}: {warning}",
        )
