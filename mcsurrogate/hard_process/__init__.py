# SPDX-License-Identifier: GPL-3.0-or-later
"""A hard process put together: amplitudes, parton densities, phase space and scales."""

from mcsurrogate.hard_process.assemble import assemble
from mcsurrogate.hard_process.beams import BEAM_PARTICLES, Beams, beam_particles
from mcsurrogate.hard_process.bias import UnbiasedResult, unbiased_cross_section
from mcsurrogate.hard_process.definitions import read_definitions
from mcsurrogate.hard_process.integrand import Amplitude, Contributions, HardProcess
from mcsurrogate.hard_process.model import model_warnings, standard_model
from mcsurrogate.hard_process.samples import Sample, read_samples
from mcsurrogate.hard_process.shares import cross_section_shares, subprocesses
from mcsurrogate.hard_process.variations import (
    Variations,
    combined_variations,
    varied_cross_section,
    varied_sets,
)
from mcsurrogate.hard_process.widths import PartialWidth, partial_width

__all__ = [
    "BEAM_PARTICLES",
    "Amplitude",
    "Beams",
    "Contributions",
    "HardProcess",
    "PartialWidth",
    "Sample",
    "UnbiasedResult",
    "Variations",
    "assemble",
    "beam_particles",
    "combined_variations",
    "cross_section_shares",
    "model_warnings",
    "partial_width",
    "read_definitions",
    "read_samples",
    "standard_model",
    "subprocesses",
    "unbiased_cross_section",
    "varied_cross_section",
    "varied_sets",
]
