"""Bands of a sample's own uncertainty: histograms under the event weights that express it.

A surrogate that knows its error writes event weights: an emulator ``surrogate_up``,
``surrogate_down`` and, for an ensemble, ``surrogate_member_1`` and so on, an ensemble of
hadronization models ``MCSurrogate.NAME_member_1`` and so on; other ``MCSurrogate.NAME`` are
variations.  Contents are divided by the nominal sum of weights, so the bands contain the
uncertainty of the rate as well as that of the shape.
"""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.events import SURROGATE_DOWN, SURROGATE_UP
from mcsurrogate.validation.histograms import Values

__all__ = ["Band", "WeightBands"]

FloatArray = NDArray[np.float64]
Band = tuple[FloatArray, FloatArray]
"""Lower and upper mean contents per event, ``(B + 2,)`` each."""

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
    """

    def __init__(self, weight_names: Sequence[str], edges: dict[str, FloatArray]) -> None:
        names = list(weight_names)
        self.columns = [
            k
            for k, name in enumerate(names)
            if name in (SURROGATE_UP, SURROGATE_DOWN)
            or any(kind.fullmatch(name) for kind in (*_ENSEMBLES, _VARIATION))
        ]
        self.names = tuple(names[k] for k in self.columns)
        self._edges = edges
        self._nominal = 0.0
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
        for name, own in values.items():
            edges = self._edges[name]
            event = np.arange(len(weights)) if own.event is None else own.event
            keep = ~np.isnan(own.values)
            bins = np.searchsorted(edges, own.values[keep], side="right")
            bins[own.values[keep] == edges[-1]] = len(edges) - 1
            for row in range(len(self.columns)):
                entry = picked[event[keep], row]
                if own.entry_weights is not None:
                    entry = entry * own.entry_weights[keep]
                self._content[name][row] += np.bincount(bins, entry, minlength=len(edges) + 1)

    def of(self, name: str, nominal: FloatArray | None = None) -> list[Band]:
        """Return the bands of an observable, the widest first; empty without such weights.

        Up and down weights give their envelope; variations of the hadronization plugin
        (``MCSurrogate.NAME``) theirs, the nominal contents included; members of an ensemble their
        mean plus and minus one standard deviation, which keeps correlations across phase space.

        Parameters
        ----------
        name
            Of the observable; one without a histogram of its own, as the event's weight, has no
            band.
        nominal
            ``(B + 2,)`` mean contents per event under the nominal weights; without them there is
            no band of variations.
        """
        if self._nominal == 0.0 or name not in self._content:
            return []
        mean = self._content[name] / self._nominal
        pairs = [k for k, own in enumerate(self.names) if own in (SURROGATE_UP, SURROGATE_DOWN)]
        bands: list[Band] = []
        if pairs:
            bands.append((mean[pairs].min(axis=0), mean[pairs].max(axis=0)))
        variations = [k for k, own in enumerate(self.names) if _VARIATION.fullmatch(own)]
        if variations and nominal is not None:
            around = np.concatenate((mean[variations], nominal[None]))
            bands.append((around.min(axis=0), around.max(axis=0)))
        for ensemble in _ENSEMBLES:
            members = [k for k, own in enumerate(self.names) if ensemble.fullmatch(own)]
            if len(members) > 1:
                centre, spread = mean[members].mean(axis=0), mean[members].std(axis=0, ddof=1)
                bands.append((centre - spread, centre + spread))
        return bands
