# SPDX-License-Identifier: GPL-3.0-or-later
"""Hard-process events as flat arrays.

The layout follows the Les Houches event record (hep-ph/0109068, hep-ph/0609017): one entry
per particle in flat arrays, and ``offsets`` that mark where each event begins.
"""

from dataclasses import dataclass, field, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "BEFORE_RESAMPLING",
    "SURROGATE_DOWN",
    "SURROGATE_UP",
    "EventBatch",
    "ProcessInfo",
    "RunInfo",
]

#: Names of the event weights one standard deviation of a surrogate up and down.
SURROGATE_UP, SURROGATE_DOWN = "surrogate_up", "surrogate_down"
#: Name of the nominal event weight before cell resampling, which tells how weights scatter.
BEFORE_RESAMPLING = "before_resampling"


@dataclass(frozen=True, slots=True)
class ProcessInfo:
    """One process of a Les Houches run.

    Attributes
    ----------
    process_id
        LPRUP.
    cross_section_pb, error_pb
        XSECUP and XERRUP in pb.
    max_weight
        XMAXUP: the unit weight of the events.
    """

    process_id: int
    cross_section_pb: float
    error_pb: float
    max_weight: float = 1.0


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What holds for all events of a run: the ``<init>`` block.

    Attributes
    ----------
    beams
        PDG ids of the two beams; the first moves along +z.
    energies_gev
        Energy of each beam in GeV.
    processes
        The processes with their cross sections.
    weighting_strategy
        IDWTUP: 3 for unit weights, -4 for weights in pb whose mean is the cross section.
    pdf_ids
        LHAPDF ids of both beams, 0 for unknown, -1 for a beam without PDF.
    weight_names
        Names of the weight columns, the nominal one first.
    pdf_groups
        PDFGUP; None for 0, and -1 for a beam without PDF.
    version, header, init_text
        Of a file that was read, not compared: its version, the text before ``<init>`` and the
        text behind the processes in it, as they stand there.
    """

    beams: tuple[int, int]
    energies_gev: tuple[float, float]
    processes: tuple[ProcessInfo, ...]
    weighting_strategy: int = -4
    pdf_ids: tuple[int, int] = (0, 0)
    weight_names: tuple[str, ...] = ("nominal",)
    pdf_groups: tuple[int, int] | None = field(default=None, compare=False)
    version: str = field(default="3.0", compare=False)
    header: str = field(default="", compare=False)
    init_text: str = field(default="", compare=False)

    @property
    def pdf_authors(self) -> tuple[int, int]:
        """PDFGUP of both beams."""
        return self.pdf_groups or (min(self.pdf_ids[0], 0), min(self.pdf_ids[1], 0))


@dataclass(frozen=True, slots=True)
class EventBatch:
    """A batch of N hard-process events with M particles in all.

    Attributes
    ----------
    offsets
        ``(N + 1,)`` int64: particles of event i are ``offsets[i]:offsets[i + 1]``.
    pdg_id
        ``(M,)`` int32.
    status
        ``(M,)`` int32, Les Houches: -1 incoming, 1 outgoing, 2 intermediate resonance.
    parents
        ``(M, 2)`` int32, 1-based positions inside the event, 0 for none.
    colour
        ``(M, 2)`` int32 colour and anticolour line, 0 for none, from 501 upwards.
    momenta
        ``(M, 4)`` float64, [E, px, py, pz] in GeV, laboratory frame.
    mass
        ``(M,)`` float64 generated mass in GeV.
    weights
        ``(N, W)`` float64; column 0 is the nominal weight.
    scale
        ``(N,)`` float64, SCALUP in GeV: where parton showers start.
    alpha_s, alpha_qed
        ``(N,)`` float64 couplings of the hard process.
    process_id
        ``(N,)`` int32, IDPRUP.
    weight_names
        Names of the W weight columns.
    helicity
        ``(M,)`` float64, SPINUP: helicity, 9 where unknown; None for all unknown.
    lifetime
        ``(M,)`` float64, VTIMUP: invariant lifetime c tau in mm; None for all zero.
    attributes
        Of each event the text within its ``<event>`` tag (npLO, npNLO); None for all empty.
    annotations
        Of each event the tags and comments behind its particles (``<scales>``,
        ``<clustering>``, ``<mgrwt>``, ``#``) but weights; None for all empty.
    """

    offsets: NDArray[np.int64]
    pdg_id: NDArray[np.int32]
    status: NDArray[np.int32]
    parents: NDArray[np.int32]
    colour: NDArray[np.int32]
    momenta: NDArray[np.float64]
    mass: NDArray[np.float64]
    weights: NDArray[np.float64]
    scale: NDArray[np.float64]
    alpha_s: NDArray[np.float64]
    alpha_qed: NDArray[np.float64]
    process_id: NDArray[np.int32]
    weight_names: tuple[str, ...] = ("nominal",)
    helicity: NDArray[np.float64] | None = None
    lifetime: NDArray[np.float64] | None = None
    attributes: tuple[str, ...] | None = None
    annotations: tuple[str, ...] | None = None

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, selection: slice) -> Self:
        """Return the events of a contiguous slice as a batch of their own."""
        start, stop, step = selection.indices(len(self))
        if step != 1:
            raise IndexError("an EventBatch takes contiguous slices only")
        stop = max(start, stop)
        first, last = self.offsets[start], self.offsets[stop]
        per_particle = {"pdg_id", "status", "parents", "colour", "momenta", "mass"}
        per_particle |= {"helicity", "lifetime"}
        values = {}
        for entry in fields(self):
            value = getattr(self, entry.name)
            if entry.name == "offsets":
                value = self.offsets[start : stop + 1] - first
            elif value is None:
                pass
            elif entry.name in per_particle:
                value = value[first:last]
            elif entry.name != "weight_names":
                value = value[start:stop]
            values[entry.name] = value
        return type(self)(**values)
