# SPDX-License-Identifier: GPL-3.0-or-later
"""Fits of hadronization to whole events and to measured values."""

from mcsurrogate.hadronization.fitting.event_fit import EventFit

__all__ = ["EventFit"]
