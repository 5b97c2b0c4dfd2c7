"""The stages of a run, each from a run folder to what it adds to the folder."""

from mcsurrogate.stages.chains import (
    require_chain,
    require_chains,
    run_chains,
    run_reference,
    run_shower,
)
from mcsurrogate.stages.generation import run_generation
from mcsurrogate.stages.integration import run_integration
from mcsurrogate.stages.report import run_validation

__all__ = [
    "require_chain",
    "require_chains",
    "run_chains",
    "run_generation",
    "run_integration",
    "run_reference",
    "run_shower",
    "run_validation",
]
