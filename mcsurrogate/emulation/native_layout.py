# SPDX-License-Identifier: GPL-3.0-or-later
"""What an evaluator without torch needs besides the weights: the features' recipe in numbers."""

import json
from collections.abc import Sequence

import torch
from torch import Tensor

from mcsurrogate.emulation.features import FeatureMap
from mcsurrogate.emulation.model_card import ModelCard

__all__ = ["native_layout"]


def native_layout(
    features: FeatureMap, card: ModelCard, epistemic_limit: float
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return the tensors and the metadata that the C++ evaluator reads.

    Parameters
    ----------
    features
        From momenta to the network's inputs.
    card
        The model card.
    epistemic_limit
        Largest epistemic variance inside the domain.

    Returns
    -------
    tensors
        ``layout.flow_powers`` ``(flows, pairs - 1)`` powers of the invariants in the skeleton,
        ``layout.triple_signs`` ``(triples, pairs)``, ``layout.exchanges`` ``(E, 2)`` comparisons
        of energies that sort identical outgoing legs, ``layout.conjugate_pair`` ``(0 or 1, 2)``
        the legs that CP exchanges.
    metadata
        Numbers that need double precision, and flags, as text.
    """
    layout = features.layout
    pairs = [] if layout.conjugate_pair is None else [layout.conjugate_pair]
    tensors = {
        "layout.flow_powers": features.flow_powers.to(torch.float32),
        "layout.triple_signs": features.triple_signs.to(torch.float32),
        "layout.exchanges": torch.tensor(layout.compare_exchanges, dtype=torch.int32).reshape(
            -1, 2
        ),
        "layout.conjugate_pair": _pairs(pairs),
    }
    metadata = {
        "mcsurrogate.format": "2",
        "mcsurrogate.model": "matrix_element",
        "process": card.process,
        "pdg_ids": json.dumps(list(card.pdg_ids)),
        "masses": json.dumps(list(layout.masses)),
        "triple_offsets": json.dumps([triple.offset for triple in layout.triples]),
        "identical_beams": json.dumps(layout.identical_beams),
        "beam_reference": str(layout.beam_reference),
        "scale_free": json.dumps(layout.scale_free),
        "members": str(card.members),
        "alpha_s": repr(card.alpha_s),
        "alpha_s_power": json.dumps(card.alpha_s_power),
        "alpha_em": repr(1.0 / card.parameters["inverse_alpha_ew"]),
        "epistemic_limit": repr(epistemic_limit),
    }
    return tensors, metadata


def _pairs(legs: Sequence[tuple[int, int]]) -> Tensor:
    return torch.tensor(legs, dtype=torch.int32).reshape(-1, 2)
