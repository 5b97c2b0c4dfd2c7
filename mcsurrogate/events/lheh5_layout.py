# SPDX-License-Identifier: GPL-3.0-or-later
"""What LHEH5 files are made of: Les Houches events in HDF5 (arXiv:1905.05120, 2309.13154).

Version 2 has tables of float64 whose columns are named by an attribute: ``events`` with a row an
event, ``particles``, ``procInfo``, and one row ``init``. Everything behind the first nine columns
of ``events`` is a weight, the nominal one first. What LHE has and these tables lack stands beside
them in the group ``xml``, as text: readers that do not know it skip it.
"""

import re
import zlib
from typing import Final

__all__ = [
    "CHUNK_CACHE",
    "EVENT_COLUMNS",
    "GENERATOR_COLUMNS",
    "INIT_COLUMNS",
    "KNOWN_DATASETS",
    "NOMINAL",
    "PARTICLE_COLUMNS",
    "PROCESS_COLUMNS",
    "PROCESS_TAGS",
    "SUFFIXES",
    "attribute",
    "checksum",
]

SUFFIXES: Final = (".h5", ".hdf5", ".lheh5")
INIT_COLUMNS: Final = (
    "beamA", "beamB", "energyA", "energyB", "PDFgroupA", "PDFgroupB", "PDFsetA", "PDFsetB",
    "weightingStrategy", "numProcesses",
)  # fmt: skip
PROCESS_TAGS: Final = ("npLO", "npNLO")
PROCESS_COLUMNS: Final = ("procId", *PROCESS_TAGS, "xSection", "error", "unitWeight")
EVENT_COLUMNS: Final = (
    "pid", "nparticles", "start", "trials", "scale", "fscale", "rscale", "aqed", "aqcd",
)  # fmt: skip
NOMINAL: Final = ("NOMINAL", "weight")
PARTICLE_COLUMNS: Final = (
    "id", "status", "mother1", "mother2", "color1", "color2", "px", "py", "pz", "e", "m",
    "lifetime", "spin",
)  # fmt: skip
GENERATOR_COLUMNS: Final = ("name", "version", "description", "extraAttributes")
KNOWN_DATASETS: Final = {
    "version", "init", "procInfo", "events", "particles", "generators", "xml",
}  # fmt: skip
# A whole row of chunks must fit, or each of its columns is unpacked anew for every batch.
CHUNK_CACHE: Final = {"rdcc_nbytes": 1 << 26, "rdcc_nslots": 100_003}


def checksum(header: str, init: str) -> int:
    """CRC-32 of the texts in front of the events."""
    return zlib.crc32((header + "\0" + init).encode("utf-8", "surrogateescape"))


def attribute(text: str, name: str) -> float | None:
    """Value of an XML attribute that is a number; None if there is none."""
    found = re.search(rf"\b{name}\s*=\s*[\"']\s*([^\"']*?)\s*[\"']", text)
    try:
        return None if found is None else float(found[1])
    except ValueError:
        return None
