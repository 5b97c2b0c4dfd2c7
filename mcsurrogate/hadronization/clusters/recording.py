# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded cluster formation and decay: everything that was drawn for each event."""

from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.errors import HadronizationError
from mcsurrogate.hadronization.recording_file import read_recording

__all__ = ["ClusterRecording", "Draw"]


class Draw(IntEnum):
    """Kinds of recorded draws; the same numbers as ``ClusterRecorder::Draw`` in C++."""

    KIND = 0
    PAIR = 1
    PEEL = 2
    POPPED = 3
    MASS = 4
    COSINE = 5
    FLAVOUR = 6
    SHARE = 7
    ABSORB = 8
    SINGLE = 9
    HADRON = 10
    #: The last three are no draws of networks, but determine momenta.
    AZIMUTH = 11
    MOMENTUM = 12
    REFERENCE = 13


@dataclass(frozen=True, slots=True)
class ClusterRecording:
    """Everything that was drawn for E events.

    Attributes
    ----------
    events
        Number E of events.
    codes
        ``(D, 8)`` int32: event, `Draw`, first and second end, choice, second choice, kind of the
        step, whether the cluster is primary.
    values
        ``(D, 4)`` float32: mass of the cluster in GeV, the continuous value drawn, and two masses
        that it depends on.
    labels
        ``(E,)`` int32 scale of row 0 of each event record, by which saved partons may be numbered.
    """

    events: int
    codes: NDArray[np.int32]
    values: NDArray[np.float32]
    labels: NDArray[np.int32]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file that the plugin has written (setting ``MCSurrogate:record``).

        Raises
        ------
        HadronizationError
            If the file is missing, damaged or something else.
        """
        metadata, tensors = read_recording(path, "clusters")
        try:
            return cls(
                int(metadata["events"]), tensors["codes"], tensors["values"], tensors["labels"]
            )
        except (KeyError, ValueError) as error:
            raise HadronizationError(f"recording {path} is incomplete: {error!r}") from error
