# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers of PDF sets, by which event files name them."""

from pathlib import Path

from mcsurrogate.errors import PartonDensityError
from mcsurrogate.pdf.info_file import read_info
from mcsurrogate.pdf.locate import find_pdf

__all__ = ["lhapdf_id"]

# Of sets that Pythia ships without their .info files; from LHAPDF's list (lhapdf.hepforge.org).
_SHIPPED = {
    "NNPDF23_lo_as_0119_qed": 246800,
    "NNPDF23_lo_as_0130_qed": 247000,
    "NNPDF31_lo_as_0118": 315000,
    "NNPDF31_lo_as_0130": 315200,
    "NNPDF31_nnlo_as_0118_luxqed": 325100,
}


def lhapdf_id(name_or_path: str | Path, member: int = 0) -> int:
    """LHAPDF's number of a member of a set: its ``SetIndex`` and the member.

    Parameters
    ----------
    name_or_path, member
        As `load_pdf` takes them.

    Returns
    -------
    int
        0 where nothing tells it.

    Raises
    ------
    PartonDensityError
        The set's ``.info`` file is damaged.
    """
    try:
        files = find_pdf(name_or_path, member)
    except PartonDensityError:
        return 0  # of a module that has sets of its own
    name, _, number = files.grid.stem.rpartition("_")
    index = 0.0
    if files.info is not None:
        index = read_info(files.info).number("SetIndex", 0.0)
    index = index or _SHIPPED.get(name, 0)
    return int(index) + int(number) if index > 0 and number.isdigit() else 0
