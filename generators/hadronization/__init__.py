"""Surrogate hadronization in Pythia runs: the plugin, its weights, recording and training."""

from mcsurrogate.generators.hadronization.plugin import (
    attach_hadronization,
    hadronization_settings,
    onnx_runtime,
    plugin_library,
)
from mcsurrogate.generators.hadronization.recording import record_string_breaks
from mcsurrogate.generators.hadronization.single_clusters import decay_clusters
from mcsurrogate.generators.hadronization.training import train_hadronization

__all__ = [
    "attach_hadronization",
    "decay_clusters",
    "hadronization_settings",
    "onnx_runtime",
    "plugin_library",
    "record_string_breaks",
    "train_hadronization",
]
