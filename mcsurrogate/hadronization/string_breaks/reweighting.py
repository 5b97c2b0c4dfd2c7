# SPDX-License-Identifier: GPL-3.0-or-later
"""Events that were hadronized once, weighed as other weights would have made them."""

import os
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.errors import HadronizationError
from mcsurrogate.hadronization.string_breaks.densities import (
    covered_fractions,
    draw_gradients,
    history_log_densities,
)
from mcsurrogate.hadronization.string_breaks.history import BreakHistory, Draw
from mcsurrogate.hadronization.string_breaks.networks import StringBreakNetworks

__all__ = ["EventWeights", "reweight"]

# The same limits as in cpp_bindings/hadronization/weight_coverage.cpp.
_FEWEST_EVENTS = 100
_SMALLEST_EFFECTIVE_SHARE = 1.0 / 3.0
_LARGEST_OUTSIDE_SHARE = 0.01
_SLACK, _STANDARD_DEVIATIONS = 0.01, 4.0


@dataclass(frozen=True, slots=True)
class EventWeights:
    """Weights of E events, and how well the events cover what the other model makes.

    Attributes
    ----------
    values
        ``(E,)``, with mean 1.
    draws, outside
        Number of draws, and of those that the other model never makes or whose density one of both
        models does not know.
    """

    values: NDArray[np.float64]
    draws: int
    outside: int

    @property
    def effective_events(self) -> float:
        """Unweighted events that as many are worth, (sum w)^2 / sum w^2."""
        squares = float((self.values**2).sum())
        return float(self.values.sum()) ** 2 / squares if squares > 0 else 0.0

    @property
    def fault(self) -> str:
        """What is wrong with the coverage, empty where nothing is; asked from 100 events on."""
        count = len(self.values)
        if count < _FEWEST_EVENTS:
            return ""
        mean, error = float(self.values.mean()), float(self.values.std()) / np.sqrt(count)
        if not self.effective_events >= _SMALLEST_EFFECTIVE_SHARE * count:
            return (
                f"{count} events count for {self.effective_events:.0f} (largest weight "
                f"{self.values.max():.3g})"
            )
        if self.outside > _LARGEST_OUTSIDE_SHARE * self.draws:
            return f"{self.outside} of {self.draws} draws are outside its support"
        if not abs(mean - 1.0) <= _SLACK + _STANDARD_DEVIATIONS * error:
            return f"the mean weight is {mean:.4f} +- {error:.4f} instead of 1"
        return ""


def reweight(
    history: BreakHistory, other: str | os.PathLike[str], *, drawn_from: str | os.PathLike[str]
) -> EventWeights:
    """Weights that turn events into those of other weights, without generating them again.

    They equal what ``MCSurrogate:variations`` gives in the run itself.

    Parameters
    ----------
    history
        Of the events.
    other
        Weights of `string_breaks`, shipped ones by their name.
    drawn_from
        The weights that the events were made with. For a history of Pythia's own draws (the model
        ``lund``), those that were trained on its tune.

    Raises
    ------
    HadronizationError
        If there are no such weights, or the history holds draws that `drawn_from` never makes.
    """
    base, varied = StringBreakNetworks.load(drawn_from), StringBreakNetworks.load(other)
    is_fraction = history.codes[:, 0] == Draw.FRACTION
    by_pythia = history.codes[:, 5] != 0
    covered = [covered_fractions(networks, history) & ~by_pythia for networks in (base, varied)]
    # Where both leave a draw of z to Pythia, its density is the same.
    unknown = is_fraction & (covered[0] != covered_fractions(varied, history))
    both = history.only(~by_pythia & (~is_fraction | (covered[0] & covered[1])))
    nominal, wanted = (history_log_densities(networks, both) for networks in (base, varied))
    if not np.isfinite(nominal).all():
        raise HadronizationError(
            f"{int((~np.isfinite(nominal)).sum())} events hold draws that {drawn_from} never "
            "makes; they were made with other weights"
        )
    never = _impossible(varied, both) if not np.isfinite(wanted).all() else 0
    return EventWeights(np.exp(wanted - nominal), len(history.codes), int(unknown.sum()) + never)


def _impossible(networks: StringBreakNetworks, history: BreakHistory) -> int:
    """Count the draws that the networks never make."""
    return sum(
        int((~np.isfinite(found.log_density.numpy()[found.row])).sum())
        for found in draw_gradients(networks, history, gradients=False)
    )
