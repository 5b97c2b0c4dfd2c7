"""Networks of hadronization: string breaks, clusters, their training and fits to data."""

from mcsurrogate.hadronization.clusters import decay_clusters
from mcsurrogate.hadronization.onnx_export import export_onnx
from mcsurrogate.hadronization.string_breaks import record_string_breaks
from mcsurrogate.hadronization.train import read_hadronization_card, train_hadronization

__all__ = [
    "decay_clusters",
    "export_onnx",
    "read_hadronization_card",
    "record_string_breaks",
    "train_hadronization",
]
