# SPDX-License-Identifier: GPL-3.0-or-later
"""Monte Carlo integration by normalizing flows and by VEGAS+."""

from mcsurrogate.integration.evaluation import Evaluator
from mcsurrogate.integration.history import Estimate, Progress
from mcsurrogate.integration.integrand import FunctionIntegrand, Integrand, IntegrandValue
from mcsurrogate.integration.integrate import integrate
from mcsurrogate.integration.maximum import maximum_weight
from mcsurrogate.integration.plots import save_plots
from mcsurrogate.integration.result import ChannelResult, IntegrationResult
from mcsurrogate.integration.sampler import Sampler, WeightedPoints
from mcsurrogate.integration.sampler_file import load_sampler, save_sampler
from mcsurrogate.integration.settings import FlowSettings, IntegrationSettings, TrainingSettings
from mcsurrogate.integration.unweighting import UnweightingRecord, unweight

__all__ = [
    "ChannelResult",
    "Estimate",
    "Evaluator",
    "FlowSettings",
    "FunctionIntegrand",
    "Integrand",
    "IntegrandValue",
    "IntegrationResult",
    "IntegrationSettings",
    "Progress",
    "Sampler",
    "TrainingSettings",
    "UnweightingRecord",
    "WeightedPoints",
    "integrate",
    "load_sampler",
    "maximum_weight",
    "save_plots",
    "save_sampler",
    "unweight",
]
