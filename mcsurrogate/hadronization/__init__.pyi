# SPDX-License-Identifier: GPL-3.0-or-later
"""What the room offers; `__init__.py` imports each when it is first asked for."""

from .clusters import decay_clusters as decay_clusters
from .onnx_export import export_onnx as export_onnx
from .string_breaks import BreakHistory as BreakHistory
from .string_breaks import EventWeights as EventWeights
from .string_breaks import record_string_breaks as record_string_breaks
from .string_breaks import reweight as reweight
from .train import read_hadronization_card as read_hadronization_card
from .train import train_hadronization as train_hadronization
