"""What an evaluator without torch needs besides the weights: the features' recipe in numbers."""

import json

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
        that sort outgoing legs.
    metadata
        Numbers that need double precision, and flags, as text.
    """
    layout = features.layout
    exchanges = layout.compare_exchanges
    if layout.conjugate_pair is not None:
        exchanges = (*exchanges, layout.conjugate_pair)
    tensors = {
        "layout.flow_powers": features.flow_powers.to(torch.float32),
        "layout.triple_signs": features.triple_signs.to(torch.float32),
        "layout.exchanges": torch.tensor(exchanges, dtype=torch.int32).reshape(-1, 2),
    }
    metadata = {
        "mcsurrogate.format": "1",
        "mcsurrogate.model": "matrix_element",
        "process": card.process,
        "pdg_ids": json.dumps(list(card.pdg_ids)),
        "masses": json.dumps(list(layout.masses)),
        "triple_offsets": json.dumps([triple.offset for triple in layout.triples]),
        "identical_beams": json.dumps(layout.identical_beams),
        "scale_free": json.dumps(layout.scale_free),
        "members": str(card.members),
        "alpha_s": repr(card.alpha_s),
        "alpha_s_power": json.dumps(card.alpha_s_power),
        "epistemic_limit": repr(epistemic_limit),
    }
    return tensors, metadata
