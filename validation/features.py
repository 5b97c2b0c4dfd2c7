# SPDX-License-Identifier: GPL-3.0-or-later
"""A fixed-length vector of numbers for each event, made of the observables.

Multivariate tests need one point an event.  Observables with one value an event enter as they
are, those with many entries by the number and the mean of their entries, categories by their
counts.  All are scaled to the spread of the first reference events and clipped, so that no
unit and no single outlier decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.validation.histograms import Values
from mcsurrogate.validation.observables.registry import Observable

__all__ = ["FeatureMap", "raw_features"]

FloatArray = NDArray[np.float64]

_CLIP = 5.0
_MISSING = -_CLIP
"""Scaled value of a quantity that an event does not have (no second jet)."""


def _per_event(observable: Observable, values: Values, n_events: int) -> dict[str, FloatArray]:
    """Named numbers of each event."""
    name = observable.name
    if values.event is None:
        column = values.values
        if observable.log_x:
            column = np.log(np.maximum(column, 1e-12))
        return {name: column}
    kept = ~np.isnan(values.values)
    entry, event = values.values[kept], values.event[kept]
    if observable.categories:
        width = len(observable.categories)
        slots = np.clip(entry.astype(np.int64), 0, width - 1)
        flat = np.bincount(event * width + slots, minlength=n_events * width)
        counts = flat.reshape(n_events, width).astype(np.float64)
        return {f"{name}[{i}]": counts[:, i] for i in range(counts.shape[1])}
    if observable.log_x:
        entry = np.log(np.maximum(entry, 1e-12))
    finite = np.isfinite(entry)
    entry, event = entry[finite], event[finite]
    number = np.bincount(event, minlength=n_events).astype(np.float64)
    total = np.bincount(event, weights=entry, minlength=n_events)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / number
    return {f"{name} (number)": number, f"{name} (mean)": mean}


def raw_features(
    observables: Sequence[Observable], values: Sequence[Values], n_events: int
) -> dict[str, FloatArray]:
    """All numbers of N events by name, unscaled; NaN where an event has none."""
    out: dict[str, FloatArray] = {}
    for observable, own in zip(observables, values, strict=True):
        if observable.feature:
            out.update(_per_event(observable, own, n_events))
    return out


@dataclass(frozen=True)
class FeatureMap:
    """Scaling of features, fixed by the first reference events.

    Attributes
    ----------
    names
        Names of the D features that vary.
    centre, scale
        ``(D,)`` median and spread.
    """

    names: tuple[str, ...]
    centre: FloatArray
    scale: FloatArray

    @classmethod
    def learn(cls, raw: dict[str, FloatArray]) -> "FeatureMap":
        """Scaling from the features of some events; constant and doubled features are left out."""
        names, centre, scale = [], [], []
        seen: set[bytes] = set()
        for name, column in raw.items():
            finite = column[np.isfinite(column)]
            if len(finite) < 10 or float(finite.std()) == 0.0:
                continue
            key = np.nan_to_num(column).tobytes()
            if key in seen:
                continue
            seen.add(key)
            low, middle, high = np.quantile(finite, (0.16, 0.5, 0.84))
            spread = 0.5 * float(high - low)
            names.append(name)
            centre.append(float(middle))
            scale.append(spread if spread > 0.0 else float(finite.std()))
        return cls(tuple(names), np.array(centre), np.array(scale))

    def __call__(self, raw: dict[str, FloatArray]) -> FloatArray:
        """Scaled features, ``(N, D)``."""
        columns = np.stack([raw[name] for name in self.names], axis=1)
        scaled = np.clip((columns - self.centre) / self.scale, -_CLIP, _CLIP)
        result: FloatArray = np.where(np.isnan(columns), _MISSING, scaled)
        return result
