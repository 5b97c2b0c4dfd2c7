# SPDX-License-Identifier: GPL-3.0-or-later
"""Run folders: what a run wrote, from which card, seeds and versions, stage by stage.

A folder holds ``card.toml`` (the resolved card), ``run.json`` (stages, seeds, versions),
``result.json`` and what the stages wrote.  A finished stage is immutable; an unfinished one
leaves no file under its final name.  What a stage depends on is derived: the fields of the card
that its models say it reads, and the digests of the files that it is given.
"""

import fcntl
import json
import logging
import os
import platform
import threading
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import numpy as np

from mcsurrogate.atomic import write_text
from mcsurrogate.cards import STAGES, RunCard, decided_by, dump_card, stages_below
from mcsurrogate.errors import MCSurrogateError, RunFolderError
from mcsurrogate.executors import work_so_far
from mcsurrogate.run_record import RUN_FILE, check_files, digests, file_records, read_run
from mcsurrogate.versions import versions

__all__ = ["RunFolder", "stage_seed"]

_log = logging.getLogger(__name__)

_ABSENT = object()
_LOCK = ".lock"
_LARGEST_PYTHIA_SEED = 900_000_000
_BEHIND_INTEGRATION = [stage for stage in STAGES if stage != "integrate"]


def stage_seed(seed: int, stage: str) -> int:
    """Derive the seed of a stage, in Pythia's range 1 to 900,000,000, from the card's seed."""
    sequence = np.random.SeedSequence([seed, zlib.crc32(stage.encode())])
    return int(sequence.generate_state(1, np.uint64)[0] % _LARGEST_PYTHIA_SEED) + 1


class RunFolder:
    """A folder that one process at a time works in; use it as a context manager.

    Stages that do not build on each other may run in threads of that process.

    Parameters
    ----------
    path
        The folder; made where it is missing.
    card
        The resolved card.
    resume
        Continue an unfinished run and pass over finished stages.

    Raises
    ------
    RunFolderError
        If another process works in the folder, it holds something else than a run, or its
        finished stages came from another card.
    """

    def __init__(self, path: Path, card: RunCard, *, resume: bool = False) -> None:
        self.path = path
        self.card = card
        self.resume = resume
        self._state: dict[str, Any] = {"stages": {}, "files": {}}
        self._new = False
        self._lock: int | None = None
        self._state_lock = threading.Lock()

    def __enter__(self) -> Self:
        self._new = not self.path.exists()
        recorded = (self.path / RUN_FILE).exists()
        if not self._new and not recorded and any(self._visible()):
            raise RunFolderError(
                f"{self.path} is no run folder and is not empty; choose another folder with --out"
            )
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self.path / _LOCK, os.O_CREAT | os.O_RDWR, 0o666)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._release()
            raise RunFolderError(
                f"{self.path}: another process is working in this run folder"
            ) from error
        except OSError as error:
            raise RunFolderError(f"{self.path}: the run folder cannot be made: {error}") from error
        if recorded:
            try:
                self._state = read_run(self.path)
            except RunFolderError:
                self._release()
                raise
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        # a fault of ours leaves its traceback here
        if not self._state["stages"] and (kind is None or issubclass(kind, MCSurrogateError)):
            self._discard()
        self._release()

    def _discard(self) -> None:
        """Leave nothing behind of a run that was refused before it made anything."""
        for name in (RUN_FILE, "card.toml", _LOCK):
            (self.path / name).unlink(missing_ok=True)
        folders = sorted((p for p in self.path.rglob("*") if p.is_dir()), reverse=True)
        for folder in [*folders, *([self.path] if self._new else [])]:
            if not any(folder.iterdir()):
                folder.rmdir()

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _visible(self) -> Iterator[Path]:
        """All files but those of no run; a workflow's empty folders are nothing yet."""
        passed_over = (self.path / _LOCK, self.path / "traceback.txt")
        return (
            entry
            for entry in self.path.rglob("*")
            if not entry.is_dir() and entry not in passed_over
        )

    def seed(self, stage: str) -> int:
        """Return the seed of a stage; events, and what follows, may have one of their own.

        The sequence of hard events is that of its seed, whatever part of it is made; what is done
        with a later part has a seed of its own.
        """
        generation = self.card.generation
        behind = stage in _BEHIND_INTEGRATION
        own = generation.seed if behind else None
        seed = stage_seed(self.card.seed if own is None else own, stage)
        first = generation.first_event if behind and stage != "generate" else 0
        return stage_seed(seed + first, stage) if first else seed

    def record(self, stage: str) -> dict[str, Any] | None:
        """Return what a finished stage recorded, or None where it is not finished."""
        found: dict[str, Any] | None = self._state["stages"].get(stage)
        return found if found is not None and found["finished"] else None

    @property
    def records(self) -> dict[str, dict[str, Any] | None]:
        """What each stage recorded, None where it is not finished."""
        return {stage: self.record(stage) for stage in STAGES}

    def finished(self, stage: str) -> dict[str, Any]:
        """Return what a stage recorded that must be finished.

        Raises
        ------
        RunFolderError
            If it is not.
        """
        found = self.record(stage)
        if found is None:
            raise RunFolderError(f"{self.path}: stage {stage!r} is not finished; run it first")
        return found

    @contextmanager
    def stage(
        self,
        name: str,
        *,
        keep: bool = False,
        reads: Mapping[str, Path | None] | None = None,
        makes: Sequence[str] = (),
        checkpoint: str | None = None,
    ) -> Iterator[dict[str, Any] | None]:
        """Run a stage: yields a dictionary to record into, or None if it is finished already.

        A stage that fails by a named error, and left no checkpoint, has not begun.

        Parameters
        ----------
        name
            One of integrate, generate, shower, reference, validate.
        keep
            Pass over the stage if it is finished, even without ``resume``: for commands that
            build on an earlier one's result.
        reads
            Files that the stage reads, by their part in the run; None where there is none.
        makes
            Files that it leaves in the folder.
        checkpoint
            File in the folder that an unfinished stage continues from.

        Raises
        ------
        RunFolderError
            If a stage that is finished, this one or one that it builds on, came from other
            settings or other files, or if this one is there and ``resume`` was not asked for.
        """
        files = dict(reads or {})
        made = {file: self.path / file for file in makes}
        if self._passed_over(name, files, made, keep=keep):
            _log.info("stage %s: kept, %s", name, self.path)
            yield None
            return
        entry = self._begin(name, files)
        start, cpu, before = time.perf_counter(), time.thread_time(), work_so_far()
        record: dict[str, Any] = {}
        try:
            _log.info("stage %s: begun with seed %d in %s", name, entry["seed"], self.path)
            yield record
        except MCSurrogateError:
            if checkpoint is None or not (self.path / checkpoint).exists():
                self.withdraw(name)
            raise
        found = digests(made)
        with self._state_lock:
            self._state["files"] |= file_records(name, {f: Path(f) for f in makes}, found)
            work = work_so_far()
            entry.update(
                record,
                seconds=time.perf_counter() - start,
                work={
                    "cpu_seconds": time.thread_time() - cpu + work.seconds - before.seconds,
                    "chunks": work.chunks - before.chunks,
                    "repeated_chunks": work.repeated - before.repeated,
                },
                finished=True,
            )
            self._save()
        _log.info("stage %s: finished after %.1f s", name, entry["seconds"])

    def adopt(
        self,
        name: str,
        record: Mapping[str, Any],
        reads: Mapping[str, Path | None],
        makes: Sequence[str],
    ) -> None:
        """Take over a stage that was finished elsewhere and whose files have been laid here.

        Parameters
        ----------
        name
            The stage.
        record
            What it recorded there; its part of the card is that of this folder's card.
        reads, makes
            As of :meth:`stage`.
        """
        entry = {**record, "card": decided_by(self.card, name)}
        files = {**reads, **{file: self.path / file for file in makes}}
        found = digests(files)
        with self._state_lock:
            self._state["stages"][name] = entry
            self._note_versions(name, entry)
            self._state["files"] |= file_records(name, files, found)
            self._save()
            write_text(self.path / "card.toml", dump_card(self.card))

    def digest(self, file: str) -> str | None:
        """SHA-256 that is recorded of a file, None where none is."""
        found: str | None = self._state["files"].get(file, {}).get("sha256")
        return found

    def _passed_over(
        self, name: str, reads: Mapping[str, Path | None], made: Mapping[str, Path], *, keep: bool
    ) -> bool:
        """Tell whether a stage is finished; refuse what does not belong to the run."""
        for earlier in stages_below(name):
            self._check_card(earlier)
        finished = self.record(name) is not None
        files = {**reads, **made} if finished else reads
        check_files(self.path, files, self._state["files"], needed=not finished)
        if name in self._state["stages"] and not self.resume and not (keep and finished):
            raise RunFolderError(
                f"{self.path}: stage {name!r} is {'finished' if finished else 'begun'}; use "
                f"--resume to {'keep' if finished else 'continue'} it or another folder with --out"
            )
        return finished

    def _begin(self, name: str, files: Mapping[str, Path | None]) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "finished": False,
            "seed": self.seed(name),
            "card": decided_by(self.card, name),
        }
        found = digests(files)
        with self._state_lock:
            self._state["stages"][name] = entry
            self._note_versions(name, entry)
            # what an earlier stage has recorded stays in its name
            self._state["files"] = file_records(name, files, found) | self._state["files"]
            self._save()
            write_text(self.path / "card.toml", dump_card(self.card))
        return entry

    def _note_versions(self, name: str, entry: dict[str, Any]) -> None:
        """Keep the versions of the run's first stage, and what is different for this one."""
        now = {"platform": platform.platform(), **versions()}
        if not any(stage != name for stage in self._state["stages"]):
            self._state["versions"] = now
        first = self._state["versions"]
        if changed := {part: new for part, new in now.items() if first.get(part) != new}:
            entry["versions"] = changed
            for part, new in changed.items():
                _log.warning(
                    "stage %s: %s is %s, earlier stages had %s", name, part, new, first.get(part)
                )

    def withdraw(self, name: str) -> None:
        """Forget a stage that was refused, or whose results are gone, so that it begins anew."""
        with self._state_lock:
            del self._state["stages"][name]
            known = self._state["files"]
            self._state["files"] = {k: v for k, v in known.items() if v["stage"] != name}
            self._save()

    def write_json(self, name: str, content: Mapping[str, Any]) -> Path:
        """Write a JSON file into the folder, atomically."""
        path = self.path / name
        write_text(path, json.dumps(content, indent=2, allow_nan=False) + "\n")
        return path

    def _check_card(self, stage: str) -> None:
        recorded = self._state["stages"].get(stage)
        if recorded is None:
            return
        old, new = _by_key(recorded["card"]), _by_key(decided_by(self.card, stage))
        different = [
            key for key in {**old, **new} if old.get(key, _ABSENT) != new.get(key, _ABSENT)
        ]
        if different:
            raise RunFolderError(
                f"{self.path}: its stage {stage!r} came from another card (different: "
                f"{', '.join(different)}); choose another folder with --out"
            )

    def _save(self) -> None:
        self.write_json(RUN_FILE, self._state)


def _by_key(content: Mapping[str, Any], section: str = "") -> dict[str, Any]:
    """Values of nested sections by their dotted keys."""
    found: dict[str, Any] = {}
    for name, value in content.items():
        if isinstance(value, dict):
            found |= _by_key(value, f"{section}{name}.")
        else:
            found[f"{section}{name}"] = value
    return found
