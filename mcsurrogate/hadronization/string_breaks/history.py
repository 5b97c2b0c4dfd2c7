# SPDX-License-Identifier: GPL-3.0-or-later
"""Histories of events: every draw that the string model made for each of them, in order."""

import zipfile
from dataclasses import dataclass, fields, replace
from enum import IntEnum
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.atomic import atomic_path
from mcsurrogate.errors import HadronizationError
from mcsurrogate.hadronization.recording_file import read_recording

__all__ = ["BreakHistory", "Draw"]


class Draw(IntEnum):
    """Kinds of draws; the same numbers as ``BreakHistory::Draw`` in C++."""

    POPCORN = 0
    PICK = 1
    MESON = 2
    BARYON = 3
    TRANSVERSE = 4
    FRACTION = 5


@dataclass(frozen=True, slots=True)
class BreakHistory:
    """Draws of E events.

    Attributes
    ----------
    labels
        ``(E,)`` int32 scale of row 0 of each event record, by which saved partons may be numbered.
    offsets
        ``(E + 1,)`` int64: draws of event i are ``offsets[i]:offsets[i + 1]``.
    codes
        ``(D, 6)`` int32: `Draw`; what it depends on in up to three codes without sign (diquark;
        old flavour, whether at a string end, quark of a popcorn meson; larger and smaller code;
        new flavour; old and new flavour); outcome (2 x popcorn mesons + whether the lighter quark
        is shared, position in `PICK_OUTCOMES`, hadron without sign or 0 for a rejected attempt);
        whether Pythia's own code drew because the networks do not cover it.
    values
        ``(V, 2)`` float64 of the continuous draws, in order: px and py in GeV, squared transverse
        mass in GeV^2 and z.
    """

    labels: NDArray[np.int32]
    offsets: NDArray[np.int64]
    codes: NDArray[np.int32]
    values: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.labels)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file that the plugin has written (``MCSurrogate:recordEvents = on``).

        Raises
        ------
        HadronizationError
            If the file is missing, damaged or something else.
        """
        _, tensors = read_recording(path, "string_breaks_history")
        offsets = np.append(tensors["offsets"], len(tensors["codes"]))
        return cls(tensors["labels"], offsets, tensors["codes"], tensors["values"])

    def save(self, path: Path) -> None:
        """Write a compressed ``.npz`` file, from which `load` makes the same history."""
        with atomic_path(path) as part, part.open("wb") as stream:
            np.savez_compressed(
                stream, **{field.name: getattr(self, field.name) for field in fields(self)}
            )

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` has written.

        Raises
        ------
        HadronizationError
            If the file is missing, damaged or something else.
        """
        try:
            with path.open("rb") as stream, np.load(stream) as file:
                history = cls(**{field.name: file[field.name] for field in fields(cls)})
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise HadronizationError(f"{path} is no history of events: {error}") from error
        continuous = (history.codes[:, 0] >= Draw.TRANSVERSE).sum()
        sizes = (len(history.labels) + 1, len(history.codes), continuous)
        if sizes != (len(history.offsets), history.offsets[-1], len(history.values)):
            raise HadronizationError(f"{path} is no whole history: its arrays do not fit")
        return history

    @property
    def events(self) -> NDArray[np.int64]:
        """``(D,)`` event of each draw."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    def only(self, keep: NDArray[np.bool_]) -> Self:
        """Leave out draws: `keep`, ``(D,)``, says which stay."""
        first = np.concatenate([[0], np.cumsum(keep)])
        return replace(
            self,
            offsets=first[self.offsets],
            codes=self.codes[keep],
            values=self.values[keep[self.codes[:, 0] >= Draw.TRANSVERSE]],
        )
