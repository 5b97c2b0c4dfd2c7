# SPDX-License-Identifier: GPL-3.0-or-later
"""The self-contained page and its figures."""

from mcsurrogate.validation.report.figures import FigureShelf
from mcsurrogate.validation.report.index import write_index
from mcsurrogate.validation.report.page import render

__all__ = ["FigureShelf", "render", "write_index"]
