# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded string breaks: what Pythia drew at each break, whether it was used or not."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.errors import HadronizationError
from mcsurrogate.hadronization.recording_file import read_recording

__all__ = ["BreakRecording", "merge_recordings"]


@dataclass(frozen=True, slots=True)
class BreakRecording:
    """Proposals of the string model.

    Attributes
    ----------
    popcorn
        ``(K, 4)`` int64 rows of diquark code, popcorn mesons, popcorn quark, count.
    pick
        ``(K, 9)`` int64 rows of old code, whether at a string end, old popcorn mesons and quark,
        new code, new popcorn mesons, popcorn and vertex quarks, count.
    combine
        ``(K, 4)`` int64 rows of larger code, smaller code, hadron (0: rejected), count.
    transverse_id
        ``(N,)`` int32 codes of the new flavour.
    transverse
        ``(N, 2)`` float32 px and py in GeV.
    fraction_id
        ``(M, 2)`` int32 codes of old and new flavour.
    fraction
        ``(M, 2)`` float32 squared transverse mass in GeV^2 and z.
    """

    popcorn: NDArray[np.int64]
    pick: NDArray[np.int64]
    combine: NDArray[np.int64]
    transverse_id: NDArray[np.int32]
    transverse: NDArray[np.float32]
    fraction_id: NDArray[np.int32]
    fraction: NDArray[np.float32]

    @classmethod
    def read(cls, path: Path) -> "BreakRecording":
        """Read a file that the plugin has written (setting ``MCSurrogate:record``).

        Raises
        ------
        HadronizationError
            If the file is missing, damaged or something else.
        """
        _, tensors = read_recording(path, "string_breaks")

        def table(name: str) -> NDArray[np.int64]:
            keys = tensors[f"{name}.keys"].astype(np.int64)
            return np.concatenate([keys, tensors[f"{name}.counts"][:, None]], axis=1)

        return cls(
            popcorn=table("popcorn"),
            pick=table("pick"),
            combine=table("combine"),
            transverse_id=tensors["transverse.id"],
            transverse=tensors["transverse.value"],
            fraction_id=tensors["fraction.id"],
            fraction=tensors["fraction.value"],
        )

    def resampled(self, seed: int) -> "BreakRecording":
        """Bootstrap replica: as many draws, taken at random from these with replacement."""
        random = np.random.default_rng(seed)

        def table(rows: NDArray[np.int64]) -> NDArray[np.int64]:
            counts = random.poisson(rows[:, -1])
            return np.concatenate([rows[:, :-1], counts[:, None]], axis=1)[counts > 0]

        popcorn, pick, combine = (table(t) for t in (self.popcorn, self.pick, self.combine))
        transverse = random.integers(len(self.transverse_id), size=len(self.transverse_id))
        fraction = random.integers(len(self.fraction_id), size=len(self.fraction_id))
        return BreakRecording(
            popcorn=popcorn,
            pick=pick,
            combine=combine,
            transverse_id=self.transverse_id[transverse],
            transverse=self.transverse[transverse],
            fraction_id=self.fraction_id[fraction],
            fraction=self.fraction[fraction],
        )


def _merge_tables(tables: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    rows = np.concatenate(tables)
    keys, index = np.unique(rows[:, :-1], axis=0, return_inverse=True)
    counts = np.zeros(len(keys), dtype=np.int64)
    np.add.at(counts, index.reshape(-1), rows[:, -1])
    return np.concatenate([keys, counts[:, None]], axis=1)


def merge_recordings(recordings: Iterable[BreakRecording]) -> BreakRecording:
    """Put recordings of several runs together."""
    parts = list(recordings)
    if not parts:
        raise HadronizationError(
            "there is no recording to train on; give at least one source of events"
        )
    return BreakRecording(
        popcorn=_merge_tables([part.popcorn for part in parts]),
        pick=_merge_tables([part.pick for part in parts]),
        combine=_merge_tables([part.combine for part in parts]),
        transverse_id=np.concatenate([part.transverse_id for part in parts]),
        transverse=np.concatenate([part.transverse for part in parts]),
        fraction_id=np.concatenate([part.fraction_id for part in parts]),
        fraction=np.concatenate([part.fraction for part in parts]),
    )
