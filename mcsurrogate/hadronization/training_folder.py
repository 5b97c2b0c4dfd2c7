# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder of a training: whose it is, what made it, and how long that took."""

import json
import time
from pathlib import Path
from typing import Self

from pydantic import BaseModel

from mcsurrogate.atomic import write_text
from mcsurrogate.cards import dump_card
from mcsurrogate.errors import RunFolderError
from mcsurrogate.progress import Progress

__all__ = ["TrainingClock", "claim_folder"]


def claim_folder(card: BaseModel, out: Path, *, resume: bool) -> None:
    """Mark an empty folder as this training's, or check that it is.

    Raises
    ------
    RunFolderError
        If the folder holds another training, or one that `resume` was not given for.
    """
    mark = out / "card.toml"
    text = dump_card(card)
    if mark.exists():
        if mark.read_text(encoding="utf-8") != text:
            raise RunFolderError(f"{out} holds the training of another card; choose another folder")
        if not resume:
            raise RunFolderError(f"{out} holds this training already; go on with it by --resume")
        return
    if out.exists() and any(out.iterdir()):
        raise RunFolderError(f"{out} is not empty and holds no training; choose another folder")
    out.mkdir(parents=True, exist_ok=True)
    write_text(mark, text)


class TrainingClock:
    """Wall-clock seconds of a training, those of earlier sessions of the folder included.

    A context; the seconds are kept in the folder whenever the training tells its progress, so that
    a killed session counts up to its last word.

    Parameters
    ----------
    folder
        Of the training.
    progress
        Told what the training tells.
    """

    _EVERY = 2.0  # seconds between two writes

    def __init__(self, folder: Path, progress: Progress) -> None:
        self._file = folder / "seconds.json"
        self._progress = progress
        self._before = 0.0
        if self._file.exists():
            self._before = float(json.loads(self._file.read_text(encoding="utf-8")))
        self._start = self._written = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds up to now."""
        return self._before + time.monotonic() - self._start

    def progress(self, done: float, total: float | None, message: str, /) -> None:
        """Pass progress on."""
        if time.monotonic() - self._written > self._EVERY:
            self._write()
        self._progress(done, total, message)

    def _write(self) -> None:
        self._written = time.monotonic()
        write_text(self._file, json.dumps(round(self.seconds, 1)) + "\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._write()
