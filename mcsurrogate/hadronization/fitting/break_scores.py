# SPDX-License-Identifier: GPL-3.0-or-later
"""Scores of events that `string_breaks` has hadronized, by their histories."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from mcsurrogate.hadronization.fitting.fit_parameters import FitParameters, Moments
from mcsurrogate.hadronization.string_breaks.densities import draw_gradients
from mcsurrogate.hadronization.string_breaks.history import BreakHistory
from mcsurrogate.hadronization.string_breaks.networks import StringBreakNetworks

__all__ = ["break_parameters", "break_scores"]


def break_scores(
    networks: StringBreakNetworks, history: BreakHistory, parameters: FitParameters
) -> NDArray[np.float32]:
    """Gradient of the logarithm of the density of each event, ``(E, K)``, by K parameters."""
    scores = torch.zeros(len(history), parameters.size)
    for found in draw_gradients(networks, history):
        values = parameters.spread(found.head, found.gradient, found.hidden)
        part = scores[:, parameters.slices[found.head]]
        event = torch.from_numpy(found.event)
        if len(values) == len(found.event):
            part.index_add_(0, event, values)
        else:
            # Few different draws: how often each event has each of them.
            counts = csr_matrix(
                (np.ones(len(event), dtype=np.float32), (found.event, found.row)),
                shape=(len(history), len(values)),
            )
            part += torch.from_numpy(counts @ values.numpy())
    return scores.numpy()


def break_parameters(
    networks: StringBreakNetworks, history: BreakHistory, directions: int
) -> FitParameters:
    """Parameters along the principal directions of the activations in recorded draws.

    Parameters
    ----------
    networks
        That the draws were made with.
    history
        Of events of the process that is fitted.
    directions
        How many of them; 0 for the biases alone.
    """

    def moments() -> Iterator[Moments]:
        for found in draw_gradients(networks, history, gradients=False):
            count = torch.from_numpy(np.bincount(found.row, minlength=len(found.hidden))).double()
            hidden = found.hidden.double()
            second = hidden.T @ (count[:, None] * hidden)
            yield Moments(found.head, float(count.sum()), count @ hidden, second)

    return FitParameters.biases(networks).principal(moments(), directions)
