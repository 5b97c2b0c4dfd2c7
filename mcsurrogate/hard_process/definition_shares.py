"""How the cross section divides among the definitions of a card."""

import math
from collections.abc import Sequence
from typing import Any

import torch

from mcsurrogate.hard_process.integrand import HardProcess
from mcsurrogate.integration import Sampler

__all__ = ["definition_shares"]

_POINTS = 20_000


def definition_shares(
    process: HardProcess,
    sampler: Sampler,
    names: Sequence[str],
    cross_section: tuple[float, float],
    seed: int,
) -> list[dict[str, Any]]:
    r"""Divide the cross section among the definitions, from a sample of its own.

    With the shares :math:`f_i` that a definition has of the weight :math:`w_i` of a point, its
    share is :math:`F = \sum w_i f_i / \sum w_i`, and the variance of that ratio
    :math:`\sum w_i^2 (f_i - F)^2 / (\sum w_i)^2`.

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

    Returns
    -------
    list
        For each definition ``process``, ``cross_section_pb`` and ``error_pb``; the cross sections
        add up to that of all.
    """
    value, error = cross_section
    with torch.no_grad():
        points = sampler.sample(_POINTS, torch.Generator().manual_seed(seed))
        found = process.contributions(points.u, points.channel)
        weight = points.weight[found.accepted].double()
        parts = found.weights.double() / found.weights.double().sum(dim=1, keepdim=True)
    numbers = torch.tensor([amplitude.process_id for amplitude in process.amplitudes])
    total = float(weight.sum())
    shares = []
    for number, name in enumerate(names, start=1):
        part = torch.nan_to_num(parts[:, numbers == number].sum(dim=1))
        share = float((weight * part).sum()) / total
        spread = float((weight * (part - share)).square().sum().sqrt()) / total
        shares.append(
            {
                "process": name,
                "cross_section_pb": share * value,
                "error_pb": math.hypot(share * error, spread * value),
            }
        )
    return shares
