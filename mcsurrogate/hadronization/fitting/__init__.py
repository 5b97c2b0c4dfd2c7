"""Fits of hadronization to whole events and to measured values."""

from mcsurrogate.hadronization.fitting.event_fit import EventFit

__all__ = ["EventFit"]
