"""Two-sample tests, each with its null distribution."""

from mcsurrogate.validation.statistics.binned import BinnedComparison, Chi2, compare_binned
from mcsurrogate.validation.statistics.combination import Combination, combine

__all__ = ["BinnedComparison", "Chi2", "Combination", "combine", "compare_binned"]
