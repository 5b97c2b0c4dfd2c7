"""Validation: compare a candidate's events with a reference's and decide.

`validate` reads two HepMC files and writes a report with a verdict.
"""

from mcsurrogate.validation.histograms import Values
from mcsurrogate.validation.jets import JetAlgorithm, JetDefinition
from mcsurrogate.validation.observables import (
    Observable,
    linear,
    load_observables,
    logarithmic,
    observable,
)
from mcsurrogate.validation.validate import ValidationResult, validate
from mcsurrogate.validation.verdict import Tolerance, Verdict

__all__ = [
    "JetAlgorithm",
    "JetDefinition",
    "Observable",
    "Tolerance",
    "ValidationResult",
    "Values",
    "Verdict",
    "linear",
    "load_observables",
    "logarithmic",
    "observable",
    "validate",
]
