"""Chains: standard and surrogate Pythia 8 runs, the LHE feed and HepMC3 out."""

from mcsurrogate.events import EventRecords, HepmcFile, ParticleBatch
from mcsurrogate.generators.chain import PythiaChain
from mcsurrogate.generators.hadronization import (
    attach_hadronization,
    hadronization_settings,
    onnx_runtime,
    plugin_library,
)
from mcsurrogate.generators.matrix_element import attach_matrix_element, matrix_element_settings
from mcsurrogate.generators.rehadronize import Rehadronizer
from mcsurrogate.generators.settings import checked_seed, checked_settings, setting_name
from mcsurrogate.generators.statistics import RunSeconds, RunStatistics
from mcsurrogate.generators.stream import EventStream
from mcsurrogate.generators.weights_file import (
    read_model_card,
    read_weights_header,
    shipped_weights,
    weights_path,
    write_model_card,
    write_weights,
)

__all__ = [
    "EventRecords",
    "EventStream",
    "HepmcFile",
    "ParticleBatch",
    "PythiaChain",
    "Rehadronizer",
    "RunSeconds",
    "RunStatistics",
    "attach_hadronization",
    "attach_matrix_element",
    "checked_seed",
    "checked_settings",
    "hadronization_settings",
    "matrix_element_settings",
    "onnx_runtime",
    "plugin_library",
    "read_model_card",
    "read_weights_header",
    "setting_name",
    "shipped_weights",
    "weights_path",
    "write_model_card",
    "write_weights",
]
