# SPDX-License-Identifier: GPL-3.0-or-later
"""Two-sample tests, each with its null distribution."""

from mcsurrogate.validation.statistics.binned import BinnedComparison, Chi2, compare_binned
from mcsurrogate.validation.statistics.combination import Uniformity, holm, uniformity
from mcsurrogate.validation.statistics.jetnet import jetnet_fpd, jetnet_kpd
from mcsurrogate.validation.statistics.multipliers import Multipliers

__all__ = [
    "BinnedComparison",
    "Chi2",
    "Multipliers",
    "Uniformity",
    "compare_binned",
    "holm",
    "jetnet_fpd",
    "jetnet_kpd",
    "uniformity",
]
