"""The self-contained page and its figures."""

from mcsurrogate.validation.report.page import render

__all__ = ["render"]
