"""Monte Carlo integration by normalizing flows and by VEGAS+."""

from mcsurrogate.integration.integrand import FunctionIntegrand, Integrand, IntegrandValue
from mcsurrogate.integration.integrate import Progress, integrate
from mcsurrogate.integration.result import ChannelResult, IntegrationResult
from mcsurrogate.integration.sampler import Sampler, WeightedPoints
from mcsurrogate.integration.trainer import TrainingSettings
from mcsurrogate.integration.unweighting import UnweightingRecord, unweight

__all__ = [
    "ChannelResult",
    "FunctionIntegrand",
    "Integrand",
    "IntegrandValue",
    "IntegrationResult",
    "Progress",
    "Sampler",
    "TrainingSettings",
    "UnweightingRecord",
    "WeightedPoints",
    "integrate",
    "unweight",
]
