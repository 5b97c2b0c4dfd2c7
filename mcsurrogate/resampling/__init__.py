# SPDX-License-Identifier: GPL-3.0-or-later
"""Cell resampling: events with negative weights into nearly as many with positive ones."""

from mcsurrogate.resampling.cells import Resampling, resample_weights
from mcsurrogate.resampling.files import JETS, resample_events

__all__ = ["JETS", "Resampling", "resample_events", "resample_weights"]
