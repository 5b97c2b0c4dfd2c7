# SPDX-License-Identifier: GPL-3.0-or-later
"""How the cross section divides among definitions, subprocesses and channels."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from mcsurrogate.hard_process.integrand import Contributions, HardProcess
from mcsurrogate.integration import Sampler
from mcsurrogate.matrix_elements import particle_by_pdg

__all__ = ["cross_section_shares", "member_parts", "subprocesses"]

_BLOCK = 2000


class _Shares:
    r"""Shares of a sum of weights, and their errors.

    With the shares :math:`f_i` of the weight :math:`w_i` of a point, the share of all is
    :math:`F = \sum w_i f_i / \sum w_i`, and the variance of that ratio
    :math:`\sum w_i^2 (f_i - F)^2 / (\sum w_i)^2`.
    """

    def __init__(self, columns: int) -> None:
        self._sums = torch.zeros(3, columns, dtype=torch.float64)
        self._weight = self._square = 0.0

    def add(self, weight: Tensor, parts: Tensor) -> None:
        """Add points ``(N,)`` with their parts ``(N, columns)``."""
        w = weight[:, None]
        self._sums += torch.stack([(w * parts), (w**2 * parts), (w * parts) ** 2]).sum(dim=1)
        self._weight += float(weight.sum())
        self._square += float(weight.square().sum())

    def cross_sections(self, value: float, error: float) -> list[dict[str, float]]:
        """Parts in pb of a cross section."""
        first, mixed, square = self._sums
        share = first / self._weight
        variance = square - 2 * share * mixed + share**2 * self._square
        spread = variance.clamp(min=0).sqrt() / abs(self._weight)
        return [
            {"cross_section_pb": f * value, "error_pb": math.hypot(f * error, s * value)}
            for f, s in zip(share.tolist(), spread.tolist(), strict=True)
        ]


def cross_section_shares(
    process: HardProcess,
    sampler: Sampler,
    names: Sequence[str],
    cross_section: tuple[float, float],
    seed: int,
    points: int = 20_000,
) -> dict[str, list[dict[str, Any]]]:
    """Divide the cross section, from a sample of its own.

    Parameters
    ----------
    process
        The hard process.
    sampler
        The finished integration's.
    names
        The definitions, in the order of the card.
    cross_section
        Of all of them and its error in pb.
    seed
        Of the sample.
    points
        Its size.

    Returns
    -------
    dict
        ``definitions``, in the order of the card; ``subprocesses``, the largest first, with their
        ``pdg_ids``, the number of their ``definition`` and the ``process_id`` of their
        events; and ``channels`` of the phase space.
        Each has a ``name``, ``cross_section_pb`` and ``error_pb``, and each list adds up to the
        cross section.
    """
    keys = subprocesses(process)
    column = torch.tensor([keys.index(key) for key in _keys(process)])
    numbers = torch.tensor([number for number, _ in keys])
    totals = (_Shares(len(names)), _Shares(len(keys)), _Shares(process.channels))
    with torch.no_grad():
        drawn = sampler.sample(points, torch.Generator().manual_seed(seed))
        for u, channel, weight in zip(*(torch.split(part, _BLOCK) for part in drawn), strict=True):
            found = process.contributions(u, channel)
            inside = weight[found.accepted].double()
            if found.bias is not None:
                inside = inside / found.bias
            parts = member_parts(found)
            parts = torch.zeros(len(parts), len(keys)).double().index_add(1, column, parts)
            of_definition = [parts[:, numbers == n].sum(dim=1) for n in range(1, len(names) + 1)]
            of_channel = torch.nn.functional.one_hot(channel[found.accepted], process.channels)
            for total, part in zip(
                totals, (torch.stack(of_definition, 1), parts, of_channel.double()), strict=True
            ):
                total.add(inside, part)
    definitions, members, channels = (total.cross_sections(*cross_section) for total in totals)
    numbered = zip(enumerate(keys, start=1), members, strict=True)
    ordered = sorted(numbered, key=lambda one: -one[1]["cross_section_pb"])
    return {
        "definitions": [{"process": n, **part} for n, part in zip(names, definitions, strict=True)],
        "subprocesses": [
            {
                "name": _name(ids),
                "pdg_ids": list(ids),
                "definition": number,
                "process_id": process_id,
                **part,
            }
            for (process_id, (number, ids)), part in ordered
        ],
        "channels": [{"name": n, **part} for n, part in zip(process.names, channels, strict=True)],
    }


def subprocesses(process: HardProcess) -> list[tuple[int, tuple[int, ...]]]:
    """Definition and PDG ids of every subprocess: the first is process 1 of the events."""
    return list(dict.fromkeys(_keys(process)))


def _keys(process: HardProcess) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Definition and PDG ids of every member of every amplitude."""
    for amplitude in process.amplitudes:
        for member in amplitude.members:
            yield amplitude.process_id, member.pdg_ids


def member_parts(found: Contributions) -> Tensor:
    """Part ``(P, members)`` of every member of every amplitude in the weight of a point."""
    total = found.weights.double().sum(dim=1, keepdim=True)
    parts = [
        found.weights[:, [index]] / total * luminosity / luminosity.sum(dim=1, keepdim=True)
        for index, luminosity in enumerate(found.luminosities)
    ]
    return torch.nan_to_num(torch.cat(parts, dim=1).double())


def _name(pdg_ids: Sequence[int]) -> str:
    names = [particle_by_pdg(pdg).name for pdg in pdg_ids]
    return f"{' '.join(names[:2])} > {' '.join(names[2:])}"
