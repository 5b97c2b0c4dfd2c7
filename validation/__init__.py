# SPDX-License-Identifier: GPL-3.0-or-later
"""Validation: compare a candidate's events with a reference's and decide.

`validate` reads two HepMC files and writes a report with a verdict.
"""

from mcsurrogate.analysis import JetAlgorithm, JetDefinition
from mcsurrogate.validation.filling import Filling, sample_from_state, sample_state
from mcsurrogate.validation.histograms import Values
from mcsurrogate.validation.observables import (
    Observable,
    linear,
    load_observables,
    logarithmic,
    observable,
)
from mcsurrogate.validation.partial import (
    Partial,
    fill_partial,
    is_partial,
    merge_partials,
    read_partial,
)
from mcsurrogate.validation.planning import planner_for
from mcsurrogate.validation.report import write_index
from mcsurrogate.validation.runs import events_of
from mcsurrogate.validation.sample import Reading, Sample
from mcsurrogate.validation.settings import ValidationSettings
from mcsurrogate.validation.statistics import jetnet_fpd, jetnet_kpd
from mcsurrogate.validation.validate import (
    ValidationResult,
    validate,
    validate_samples,
)
from mcsurrogate.validation.verdict import (
    FAMILY_WISE_ERROR,
    Reason,
    Tolerance,
    Verdict,
    main_reasons,
)
from mcsurrogate.validation.weight_families import PdfRule

__all__ = [
    "FAMILY_WISE_ERROR",
    "Filling",
    "JetAlgorithm",
    "JetDefinition",
    "Observable",
    "Partial",
    "PdfRule",
    "Reading",
    "Reason",
    "Sample",
    "Tolerance",
    "ValidationResult",
    "ValidationSettings",
    "Values",
    "Verdict",
    "events_of",
    "fill_partial",
    "is_partial",
    "jetnet_fpd",
    "jetnet_kpd",
    "linear",
    "load_observables",
    "logarithmic",
    "main_reasons",
    "merge_partials",
    "observable",
    "planner_for",
    "read_partial",
    "sample_from_state",
    "sample_state",
    "validate",
    "validate_samples",
    "write_index",
]
