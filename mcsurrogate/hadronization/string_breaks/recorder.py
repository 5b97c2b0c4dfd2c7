# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings of what the string model draws, made by Pythia in C++."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from mcsurrogate.errors import HadronizationError
from mcsurrogate.generators import checked_seed, checked_settings, hadronization_settings
from mcsurrogate.hadronization.string_breaks.recording import BreakRecording
from mcsurrogate.native import native_module

__all__ = ["record_string_breaks"]

_CHUNK = 1000


def record_string_breaks(
    path: Path,
    settings: str | Iterable[str],
    *,
    events: int,
    seed: int,
    maximum: int = 3_000_000,
    repeats: int = 0,
    model: str | os.PathLike[str] = "lund",
    progress: Callable[[int], None] | None = None,
) -> BreakRecording:
    """Run Pythia and record every proposal of its string model, or of a surrogate.

    Parameters
    ----------
    path
        Where the recording is kept, a safetensors file.
    settings
        Pythia settings of the process: lines of a ``.cmnd`` file, or its text.
    events
        How many events.
    seed
        From 1 to 900,000,000.
    maximum
        Most values of z kept for each pair of flavours, and of pT for each flavour.
    repeats
        Further draws that are recorded for each one that the string fragmentation uses; they
        make rare flavours learnable from fewer events.
    model
        ``lund`` for Pythia's own proposals, else as in `hadronization_settings`.
    progress
        Called with the number of events done.

    Raises
    ------
    PythiaError
        If Pythia refuses the settings or too many events fail.
    HadronizationError
        If the recording cannot be written.
    """
    lines = [
        *hadronization_settings(model),
        *checked_settings(settings),
        f"MCSurrogate:record = {path}",
        f"MCSurrogate:recordMax = {maximum}",
        f"MCSurrogate:recordRepeats = {repeats}",
        "HadronLevel:Decay = off",
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    loop = native_module().EventLoop(lines, checked_seed(seed), verbose=False)
    for done in range(0, events, _CHUNK):
        loop.run_bare(min(_CHUNK, events - done))
        if progress is not None:
            progress(min(done + _CHUNK, events))
    del loop  # the plugin writes when it is destroyed
    if not path.exists():
        raise HadronizationError(
            f"the recording {path} was not written; is there space, and may it be written?"
        )
    return BreakRecording.read(path)
