# SPDX-License-Identifier: GPL-3.0-or-later
"""Parton densities: LHAPDF6 grids in torch, and the strong coupling that belongs to them."""

from mcsurrogate.pdf.alpha_s import (
    AnalyticCoupling,
    FixedCoupling,
    RunningCoupling,
    StrongCoupling,
    TabulatedCoupling,
    standard_coupling,
)
from mcsurrogate.pdf.grid_density import GridDensity
from mcsurrogate.pdf.lhapdf_id import lhapdf_id
from mcsurrogate.pdf.load import load_pdf
from mcsurrogate.pdf.locate import PdfFiles, available_pdfs, find_pdf
from mcsurrogate.pdf.member_stack import MemberStack
from mcsurrogate.pdf.protocol import ManyPartonDensity, PartonDensity, densities
from mcsurrogate.pdf.running import RunningSettings
from mcsurrogate.pdf.uncertainty import PdfSet, read_pdf_set

__all__ = [
    "AnalyticCoupling",
    "FixedCoupling",
    "GridDensity",
    "ManyPartonDensity",
    "MemberStack",
    "PartonDensity",
    "PdfFiles",
    "PdfSet",
    "RunningCoupling",
    "RunningSettings",
    "StrongCoupling",
    "TabulatedCoupling",
    "available_pdfs",
    "densities",
    "find_pdf",
    "lhapdf_id",
    "load_pdf",
    "read_pdf_set",
    "standard_coupling",
]
