"""Scores of events that `string_breaks` has hadronized, by their histories."""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from mcsurrogate.hadronization.fitting.fit_parameters import FitParameters
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
    parameters = FitParameters.biases(networks)
    if directions == 0:
        return parameters
    number: dict[str, float] = {}
    first: dict[str, torch.Tensor] = {}
    second: dict[str, torch.Tensor] = {}
    for found in draw_gradients(networks, history, gradients=False):
        count = torch.from_numpy(np.bincount(found.row, minlength=len(found.hidden))).double()
        hidden, head = found.hidden.double(), found.head
        number[head] = number.get(head, 0.0) + float(count.sum())
        first[head] = first.get(head, torch.zeros(())) + count @ hidden
        second[head] = second.get(head, torch.zeros(())) + hidden.T @ (count[:, None] * hidden)
    for head in parameters.outputs:
        if number.get(head, 0.0) > 1.0:
            mean = first[head] / number[head]
            covariance = second[head] / number[head] - torch.outer(mean, mean)
            parameters = parameters.along(head, mean, covariance, directions)
    return parameters
