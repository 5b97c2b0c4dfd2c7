# SPDX-License-Identifier: GPL-3.0-or-later
"""Bands of a sample's own uncertainty: histograms under the event weights that express it.

A surrogate that knows its error writes event weights: an emulator ``surrogate_up``,
``surrogate_down`` and, for an ensemble, ``surrogate_member_1`` and so on, an ensemble of
hadronization models ``MCSurrogate.NAME_member_1`` and so on; other ``MCSurrogate.NAME`` are
variations.  Weights of scales, densities, showers and hadronization are told by their names and
combined by their own rules (`weight_families`).  Contents are divided by the nominal sum of
weights, so the bands contain the uncertainty of the rate as well as that of the shape.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.events import SURROGATE_DOWN, SURROGATE_UP
from mcsurrogate.validation.histograms import Values, contents
from mcsurrogate.validation.weight_families import PdfRule, theory_families

__all__ = ["Band", "Coverage", "WeightBands"]

FloatArray = NDArray[np.float64]


class Band(NamedTuple):
    """Lower and upper mean contents per event, ``(B + 2,)`` each, and of which uncertainty."""

    low: FloatArray
    high: FloatArray
    name: str = "surrogate"


# The plugin says the same of its events while it makes them (cpp_bindings/hadronization).
_FEWEST_EVENTS = 100
_SMALLEST_EFFECTIVE_SHARE = 1.0 / 3.0
_SLACK = 0.01
_STANDARD_DEVIATIONS = 4.0


class Coverage(NamedTuple):
    """How well N events cover what a variation of the hadronization would make of them.

    Ratios of weights to the nominal ones: their sum, sum of squares, and largest.
    """

    name: str
    events: int
    total: float
    squares: float
    largest: float

    @property
    def effective_events(self) -> float:
        """Events that as many unweighted ones are worth."""
        return self.total**2 / self.squares if self.squares > 0 else 0.0

    @property
    def fault(self) -> str:
        """What is wrong with the coverage; empty where nothing is, and below 100 events."""
        if self.events < _FEWEST_EVENTS:
            return ""
        mean = self.total / self.events
        error = (max(self.squares / self.events - mean**2, 0.0) / self.events) ** 0.5
        if not self.effective_events >= _SMALLEST_EFFECTIVE_SHARE * self.events:
            return (
                f"{self.events:,} events count for {self.effective_events:.3g} "
                f"(largest weight {self.largest:.3g})"
            )
        if not abs(mean - 1.0) <= _SLACK + _STANDARD_DEVIATIONS * error:
            return f"the mean weight is {mean:.4g} +- {error:.2g} instead of 1"
        return ""


_ENSEMBLES = (re.compile(r"surrogate_member_\d+"), re.compile(r"MCSurrogate\..*_member_\d+"))
"""Members of each ensemble, whose spread is a band of its own."""
_VARIATION = re.compile(r"MCSurrogate\.(?!.*_member_\d+$).*")


class WeightBands:
    """Contents of the observables under every weight of a surrogate's uncertainty.

    Parameters
    ----------
    weight_names
        Names of all weights of the file; those of an uncertainty are picked by their names.
    edges
        Bin edges of each observable by its name.
    pdf_rule
        How weights of parton densities are combined; by the LHAPDF number of their set if not
        given.

    Raises
    ------
    ValidationError
        Weights of densities whose rule is not known.
    """

    def __init__(
        self,
        weight_names: Sequence[str],
        edges: dict[str, FloatArray],
        pdf_rule: PdfRule | None = None,
    ) -> None:
        names = list(weight_names)
        self.families = theory_families(names, pdf_rule)
        theory = {column for family in self.families for column in family.columns}
        self.columns = [
            k
            for k, name in enumerate(names)
            if k in theory
            or name in (SURROGATE_UP, SURROGATE_DOWN)
            or any(kind.fullmatch(name) for kind in (*_ENSEMBLES, _VARIATION))
        ]
        self.names = tuple(names[k] for k in self.columns)
        self._edges = edges
        self._nominal = 0.0
        self._events = 0
        self._ratios = np.zeros((3, len(self.columns)))
        self._content = {
            name: np.zeros((len(self.columns), len(own) + 1)) for name, own in edges.items()
        }

    def fill(self, values: dict[str, Values], weights: FloatArray, nominal: FloatArray) -> None:
        """Add a chunk.

        Parameters
        ----------
        values
            The observables in N events, by name.
        weights
            ``(N, W)`` all weights of the events.
        nominal
            ``(N,)`` the weights that the comparison uses.
        """
        if not self.columns:
            return
        self._nominal += float(nominal.sum())
        picked = weights[:, self.columns]
        self._add_ratios(picked[nominal != 0.0] / nominal[nominal != 0.0, None])
        for name, own in values.items():
            self._content[name] += picked.T @ contents(own, self._edges[name], len(weights))

    def merge(self, other: "WeightBands") -> None:
        """Add the sums of other events."""
        self._nominal += other._nominal
        self._events += other._events
        self._ratios[:2] += other._ratios[:2]
        self._ratios[2] = np.maximum(self._ratios[2], other._ratios[2])
        for name, content in other._content.items():
            self._content[name] += content

    def _add_ratios(self, ratios: FloatArray) -> None:
        if not len(ratios):
            return
        self._events += len(ratios)
        self._ratios[0] += ratios.sum(axis=0)
        self._ratios[1] += (ratios**2).sum(axis=0)
        self._ratios[2] = np.maximum(self._ratios[2], ratios.max(axis=0))

    def coverage(self) -> list[Coverage]:
        """Of each variation of the hadronization, whose mean weight has to be 1."""
        return [
            Coverage(name, self._events, *(float(number) for number in self._ratios[:, k]))
            for k, name in enumerate(self.names)
            if _ENSEMBLES[1].fullmatch(name) or _VARIATION.fullmatch(name)
        ]

    def of(self, name: str, nominal: FloatArray | None = None) -> list[Band]:
        """Return the bands of an observable, the widest first; empty without such weights.

        Up and down weights give their envelope; variations of the hadronization plugin
        (``MCSurrogate.NAME``) theirs, the nominal contents included; members of an ensemble their
        mean plus and minus one standard deviation, which keeps correlations across phase space.
        Scales, showers, hadronization and densities follow, around the nominal contents.

        Parameters
        ----------
        name
            Of the observable; one without a histogram of its own, as the event's weight, has no
            band.
        nominal
            ``(B + 2,)`` mean contents per event under the nominal weights; without them there is
            no band of variations, scales, showers, hadronization and densities.
        """
        if self._nominal == 0.0 or name not in self._content:
            return []
        mean = self._content[name] / self._nominal
        pairs = [k for k, own in enumerate(self.names) if own in (SURROGATE_UP, SURROGATE_DOWN)]
        bands: list[Band] = []
        if pairs:
            bands.append(Band(mean[pairs].min(axis=0), mean[pairs].max(axis=0)))
        variations = [k for k, own in enumerate(self.names) if _VARIATION.fullmatch(own)]
        if variations and nominal is not None:
            around = np.concatenate((mean[variations], nominal[None]))
            bands.append(Band(around.min(axis=0), around.max(axis=0)))
        for ensemble in _ENSEMBLES:
            members = [k for k, own in enumerate(self.names) if ensemble.fullmatch(own)]
            if len(members) > 1:
                centre, spread = mean[members].mean(axis=0), mean[members].std(axis=0, ddof=1)
                bands.append(Band(centre - spread, centre + spread))
        if nominal is not None:
            for family in self.families:
                rows = [self.columns.index(column) for column in family.columns]
                bands.append(Band(*family.band(mean[rows], nominal), family.name))
        return bands
