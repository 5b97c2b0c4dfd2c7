"""The self-contained page and its figures."""

from mcsurrogate.validation.report.figures import FigureShelf
from mcsurrogate.validation.report.page import render

__all__ = ["FigureShelf", "render"]
