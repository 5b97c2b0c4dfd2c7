# SPDX-License-Identifier: GPL-3.0-or-later
"""Events as they are generated, batch by batch, with the HepMC3 file that goes with them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Generic, Protocol, Self, TypeVar

from mcsurrogate.errors import EventFileError, PythiaError
from mcsurrogate.events import HepmcFile

__all__ = ["EventStream", "Progress"]

Progress = Callable[[int], None]
"""Called with the number of events done so far."""


class _Sized(Protocol):
    def __len__(self) -> int: ...


Batch = TypeVar("Batch", bound=_Sized)

NextBatch = Callable[[int, Any, Progress | None], Batch | None]
"""At most so many events, into this native HepMC3 output, with this progress; None at the end."""


class EventStream(Iterator[Batch], Generic[Batch]):
    """Iterator over batches of generated events; memory does not grow with their number.

    The HepMC3 file gets its name after the last event. When the run ends early, by Ctrl-C, by an
    error or because the iteration was left, the file is closed as a valid HepMC3 file under the
    name ``STEM.interrupted.hepmc...``. Use the stream in a ``with`` block if the loop may be left
    early, so that this happens at once.

    Parameters
    ----------
    next_batch
        Makes the next batch.
    events
        Number of events to make; None for as many as there are.
    batch_size
        Largest number of events in a batch.
    hepmc
        File that every event is written to, or None.
    progress
        Called about twice a second, and at the end, with the number of events done. An exception
        that it raises stops the run like Ctrl-C.
    """

    def __init__(
        self,
        next_batch: NextBatch[Batch],
        events: int | None,
        batch_size: int,
        hepmc: HepmcFile | None,
        progress: Progress | None,
    ) -> None:
        self._next_batch = next_batch
        self._remaining = events
        self._batch_size = batch_size
        self._hepmc = hepmc
        self._progress = progress
        self._open = True
        self.events = 0

    @property
    def hepmc_path(self) -> Path | None:
        """Where the HepMC3 file lies now; None if there is none."""
        if self._hepmc is None:
            return None
        names = (self._hepmc.path, self._hepmc.interrupted_path)
        return self._hepmc.part if self._open else names[self._interrupted]

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Batch:
        if not self._open:
            raise StopIteration
        wanted = self._batch_size
        if self._remaining is not None:
            wanted = min(wanted, self._remaining)
        try:
            batch = self._make(wanted) if wanted > 0 else None
        except BaseException as error:
            try:
                self._end(interrupted=True)
            except EventFileError as consequence:
                error.add_note(f"the HepMC3 file is not whole: {consequence}")
            raise
        if batch is None or len(batch) == 0:
            self._end(interrupted=False)
            if self._progress is not None:
                self._progress(self.events)
            raise StopIteration
        self.events += len(batch)
        if self._remaining is not None:
            self._remaining -= len(batch)
        return batch

    def _make(self, wanted: int) -> Batch | None:
        output = None if self._hepmc is None else self._hepmc.output
        return self._next_batch(wanted, output, self._progress)

    def run(self) -> int:
        """Make all events for the sake of the HepMC3 file; returns their number.

        Raises
        ------
        PythiaError
            If there is no file to write.
        """
        if self._hepmc is None:
            raise PythiaError(
                "EventStream.run drops the arrays and there is no HepMC3 file; give hepmc=PATH"
            )
        with self:
            for _ in self:
                pass
        return self.events

    def close(self) -> None:
        """End the run here; without effect after the last event."""
        self._end(interrupted=True)

    def _end(self, *, interrupted: bool) -> None:
        if not self._open:
            return
        self._open = False
        self._interrupted = interrupted
        if self._hepmc is None:
            return
        if interrupted:
            self._hepmc.interrupt()
        else:
            self._hepmc.finish()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_open", False):
            self.close()
