# SPDX-License-Identifier: GPL-3.0-or-later
"""Hadrons that the networks of string breaks did not make, put in beside others."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from mcsurrogate.errors import CardError
from mcsurrogate.hadronization.fit_cards import AddedHadron
from mcsurrogate.hadronization.string_breaks.flavours import (
    LIGHT_DIQUARKS,
    QUARKS,
    baryon_has_content,
    meson_has_content,
)
from mcsurrogate.hadronization.string_breaks.networks import StringBreakNetworks

__all__ = ["add_hadrons"]


def add_hadrons(networks: StringBreakNetworks, added: Sequence[AddedHadron]) -> None:
    """Let the networks make further hadrons, each at first like one of the same flavours.

    Parameters
    ----------
    networks
        Changed in place.
    added
        What, like which and at which rate relative to it.

    Raises
    ------
    CardError
        If a hadron is known already, or the other is not or has other flavours.
    """
    for hadron in added:
        is_meson = hadron.like in networks.mesons
        vocabulary = networks.mesons if is_meson else networks.baryons
        if hadron.like not in vocabulary:
            raise CardError(f"[[add]]: the networks make no hadron {hadron.like} to be like")
        if hadron.hadron in vocabulary:
            raise CardError(f"[[add]]: the networks make {hadron.hadron} already")
        if _contents(hadron.hadron, is_meson=is_meson) != _contents(hadron.like, is_meson=is_meson):
            raise CardError(
                f"[[add]]: {hadron.hadron} does not consist of the flavours of {hadron.like}"
            )
        last = (networks.meson if is_meson else networks.baryon).last
        _copy_output(last, vocabulary.index(hadron.like), float(np.log(hadron.rate)))
        if is_meson:
            networks.mesons = (*vocabulary, hadron.hadron)
        else:
            networks.baryons = (*vocabulary, hadron.hadron)


def _contents(code: int, *, is_meson: bool) -> set[tuple[int, int]]:
    if is_meson:
        return {(a, b) for a in QUARKS for b in QUARKS if a >= b and meson_has_content(code, a, b)}
    return {(d, q) for d in LIGHT_DIQUARKS for q in QUARKS if baryon_has_content(code, d, q)}


def _copy_output(last: nn.Linear, position: int, shift: float) -> None:
    with torch.no_grad():
        last.weight = nn.Parameter(torch.cat([last.weight, last.weight[position, None]]))
        last.bias = nn.Parameter(torch.cat([last.bias, last.bias[position, None] + shift]))
    last.out_features += 1
