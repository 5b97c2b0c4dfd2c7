# SPDX-License-Identifier: GPL-3.0-or-later
"""Events at other parameters: weights and scores by ratios of squared matrix elements."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mcsurrogate.errors import MatrixElementError
from mcsurrogate.matrix_elements.factory import matrix_element
from mcsurrogate.matrix_elements.gradients import log_gradients
from mcsurrogate.matrix_elements.parameters import StandardModel, as_number
from mcsurrogate.matrix_elements.process_definition import ProcessDefinition
from mcsurrogate.matrix_elements.subprocesses import Subprocess, SubprocessGroup, expand

if TYPE_CHECKING:  # files of events are of no use to |M|^2, and slow and large to import
    from mcsurrogate.events import EventBatch

__all__ = ["event_scores", "reweight_events"]

Array = NDArray[np.float64]
Rows = NDArray[np.intp]


def reweight_events(
    batch: "EventBatch",
    definition: ProcessDefinition | str,
    model: StandardModel,
    benchmarks: Mapping[str, StandardModel],
    *,
    flavours: int = 4,
) -> "EventBatch":
    """Add a named weight for each other set of parameters.

    The new weight is the nominal one times |M|^2 at the new over |M|^2 at the old parameters,
    at the same momenta.  Divided by the ratio of the cross sections (the mean of the ratio,
    weighted with the nominal weight) it is the parton-level joint likelihood ratio.

    Parameters
    ----------
    batch
        Events of the hard process, incoming and outgoing legs in the order of the process.
    definition
        The process that they were generated with.
    model
        The parameters that they were generated with.
    benchmarks
        Other parameters by the name of the weight.  A benchmark whose ``alpha_s`` differs
        scales the coupling of every event by the same factor.
    flavours
        Number of quark flavours in ``p`` and ``j``.

    Returns
    -------
    EventBatch
        The same events with more weight columns.

    Raises
    ------
    MatrixElementError
        If a benchmark changes the mass of an external particle, a name is taken, or an event
        does not belong to the process.
    """
    taken = sorted(set(benchmarks) & set(batch.weight_names))
    if taken:
        raise MatrixElementError(
            f"the events already have a weight {taken[0]!r}; choose another name"
        )
    ratios = {name: np.ones(len(batch)) for name in benchmarks}

    amplitude = cache(matrix_element)

    def fill(group: SubprocessGroup, rows: Rows, momenta: Tensor, alpha_s: Tensor) -> None:
        nominal = amplitude(group.representative, model)(momenta, alpha_s)
        for name, benchmark in benchmarks.items():
            _check_masses(group, model, benchmark, name)
            factor = as_number(benchmark.alpha_s) / as_number(model.alpha_s)
            other = amplitude(group.representative, benchmark)(momenta, alpha_s * factor)
            ratios[name][rows] = (other / nominal).numpy()

    _for_each_group(batch, definition, flavours, fill)
    nominal_weight = batch.weights[:, :1]
    columns = [nominal_weight * ratios[name][:, None] for name in benchmarks]
    return replace(
        batch,
        weights=np.concatenate([batch.weights, *columns], axis=1),
        weight_names=(*batch.weight_names, *benchmarks),
    )


def event_scores(
    batch: "EventBatch",
    definition: ProcessDefinition | str,
    model: StandardModel,
    parameters: Sequence[str],
    *,
    flavours: int = 4,
) -> Array:
    """Return derivatives of log |M|^2 with respect to parameters for every event.

    Less their mean, weighted with the nominal weight, these are the parton-level joint scores.

    Parameters
    ----------
    batch, definition, model, flavours
        As in `reweight_events`.
    parameters
        Names of fields of `StandardModel`.

    Returns
    -------
    ndarray
        ``(N, K)``.

    Raises
    ------
    MatrixElementError
        As `mcsurrogate.matrix_elements.gradients.log_gradients`.
    """
    scores = np.zeros((len(batch), len(parameters)))

    def fill(group: SubprocessGroup, rows: Rows, momenta: Tensor, alpha_s: Tensor) -> None:
        _, columns = log_gradients(group.representative, model, momenta, alpha_s, parameters)
        scores[rows] = columns.numpy()

    _for_each_group(batch, definition, flavours, fill)
    return scores


def _check_masses(
    group: SubprocessGroup, model: StandardModel, benchmark: StandardModel, name: str
) -> None:
    for particle in group.representative.particles:
        if as_number(particle.mass(model)) != as_number(particle.mass(benchmark)):
            raise MatrixElementError(
                f"benchmark {name!r} changes the mass of {particle.name}, an external particle: "
                "events on the old mass shell cannot be reweighted; generate new ones"
            )


def _for_each_group(
    batch: "EventBatch",
    definition: ProcessDefinition | str,
    flavours: int,
    fill: Callable[[SubprocessGroup, Rows, Tensor, Tensor], None],
) -> None:
    """Call ``fill`` with the events of each representative, in its order of legs."""
    groups = expand(definition, flavours)
    members: dict[tuple[int, ...], tuple[SubprocessGroup, Subprocess]] = {
        member.pdg_ids: (group, member) for group in groups for member in group.members
    }
    n_legs = groups[0].representative.n_legs
    hard = (batch.status == -1) | (batch.status == 1)
    counts = np.add.reduceat(hard, batch.offsets[:-1]) if len(batch) else np.array([])
    if not bool((counts == n_legs).all()):
        event = int(np.flatnonzero(counts != n_legs)[0])
        raise MatrixElementError(
            f"event {event} has {int(counts[event])} external legs, the process has {n_legs}"
        )
    pdgs = batch.pdg_id[hard].reshape(-1, n_legs)
    momenta = torch.from_numpy(batch.momenta[hard].reshape(-1, n_legs, 4))
    for found in np.unique(pdgs, axis=0):
        key = tuple(int(pdg) for pdg in found)
        if key not in members:
            raise MatrixElementError(
                f"events with the particles {key} do not belong to the process"
            )
        group, member = members[key]
        rows = np.flatnonzero((pdgs == found).all(axis=1))
        chosen = momenta[torch.from_numpy(rows)][:, list(member.permutation)]
        fill(group, rows, chosen, torch.from_numpy(batch.alpha_s[rows]))
