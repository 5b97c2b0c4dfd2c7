"""Run folders: what a run wrote, from which card, seeds and versions, stage by stage.

A folder holds ``card.toml`` (the resolved card), ``run.json`` (stages, seeds, versions),
``result.json`` and what the stages wrote.  A finished stage is immutable; an unfinished one
leaves no file under its final name.
"""

import fcntl
import json
import logging
import os
import platform
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import numpy as np

from mcsurrogate.atomic import write_text
from mcsurrogate.cards import RunCard, dump_card
from mcsurrogate.errors import RunFolderError
from mcsurrogate.versions import versions

__all__ = ["RunFolder", "stage_seed"]

_log = logging.getLogger(__name__)

_SECTIONS = {
    "integrate": ("seed", "process", "beams", "model", "scales", "cuts", "jets", "integration"),
    "generate": ("generation", "emulators"),
    # Where Pythia makes the hard process, no earlier stage has recorded what it is.
    "shower": ("seed", "process", "beams", "generation", "chain"),
    "reference": ("seed", "process", "beams", "model", "scales", "generation", "chain"),
    "validate": ("validation",),
}
_ORDER = tuple(_SECTIONS)
_LARGEST_PYTHIA_SEED = 900_000_000


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
        self._state: dict[str, Any] = {"stages": {}}
        self._lock: int | None = None
        self._state_lock = threading.Lock()

    def __enter__(self) -> Self:
        state_file = self.path / "run.json"
        if self.path.exists() and not state_file.exists() and any(self._visible()):
            message = (
                f"{self.path} is no run folder and is not empty; choose another folder with --out"
            )
            raise RunFolderError(message)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self.path / ".lock", os.O_CREAT | os.O_RDWR)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._release()
            message = f"{self.path}: another process is working in this run folder"
            raise RunFolderError(message) from error
        except OSError as error:
            message = f"{self.path}: the run folder cannot be made: {error}"
            raise RunFolderError(message) from error
        if state_file.exists():
            try:
                self._state = json.loads(state_file.read_text(encoding="utf-8"))
            except ValueError as error:
                self._release()
                message = f"{state_file} is damaged ({error}); choose another folder with --out"
                raise RunFolderError(message) from error
        return self

    def __exit__(self, *_: object) -> None:
        self._release()

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _visible(self) -> Iterator[Path]:
        return (
            entry for entry in self.path.iterdir() if entry.name not in (".lock", "traceback.txt")
        )

    def seed(self, stage: str) -> int:
        """Return the seed of a stage."""
        return stage_seed(self.card.seed, stage)

    def record(self, stage: str) -> dict[str, Any] | None:
        """Return what a finished stage recorded, or None where it is not finished."""
        found: dict[str, Any] | None = self._state["stages"].get(stage)
        return found if found is not None and found["finished"] else None

    @contextmanager
    def stage(self, name: str, *, keep: bool = False) -> Iterator[dict[str, Any] | None]:
        """Run a stage: yields a dictionary to record into, or None if it is finished already.

        Parameters
        ----------
        name
            One of integrate, generate, shower, reference, validate.
        keep
            Pass over the stage if it is finished, even without ``resume``: for commands that
            build on an earlier one's result.

        Raises
        ------
        RunFolderError
            If a stage that is finished, this one or one that it builds on, came from other
            settings, or if this one is there and ``resume`` was not asked for.
        """
        for earlier in _ORDER[: _ORDER.index(name) + 1]:
            self._check(earlier)
        finished = self.record(name) is not None
        if name in self._state["stages"] and not self.resume and not (keep and finished):
            message = (
                f"{self.path}: stage {name!r} is {'finished' if finished else 'begun'}; use "
                f"--resume to {'keep' if finished else 'continue'} it or another folder with --out"
            )
            raise RunFolderError(message)
        if finished:
            _log.info("stage %s: kept, %s", name, self.path)
            yield None
            return
        entry: dict[str, Any] = {
            "finished": False,
            "seed": self.seed(name),
            "card": self._subset(name),
        }
        with self._state_lock:
            self._state["stages"][name] = entry
            self._state["versions"] = {"platform": platform.platform(), **versions()}
            self._save()
            write_text(self.path / "card.toml", dump_card(self.card))
        start = time.perf_counter()
        record: dict[str, Any] = {}
        _log.info("stage %s: begun with seed %d in %s", name, entry["seed"], self.path)
        yield record
        with self._state_lock:
            entry.update(record, seconds=time.perf_counter() - start, finished=True)
            self._save()
        _log.info("stage %s: finished after %.1f s", name, entry["seconds"])

    def write_json(self, name: str, content: Mapping[str, Any]) -> Path:
        """Write a JSON file into the folder, atomically."""
        path = self.path / name
        write_text(path, json.dumps(content, indent=2, allow_nan=False) + "\n")
        return path

    def _subset(self, stage: str) -> dict[str, Any]:
        content = self.card.model_dump(mode="json")
        return {key: content[key] for key in _SECTIONS[stage] if key in content}

    def _check(self, stage: str) -> None:
        recorded = self._state["stages"].get(stage)
        if recorded is None:
            return
        wanted = self._subset(stage)
        if recorded["card"] != wanted:
            different = [
                f"{section}.{key}" if isinstance(wanted.get(section), dict) else section
                for section in wanted
                for key in _different(recorded["card"].get(section), wanted[section])
            ]
            message = (
                f"{self.path}: its stage {stage!r} came from another card (different: "
                f"{', '.join(dict.fromkeys(different))}); choose another folder with --out"
            )
            raise RunFolderError(message)

    def _save(self) -> None:
        self.write_json("run.json", self._state)


def _different(old: object, new: object) -> list[str]:
    if not isinstance(old, dict) or not isinstance(new, dict):
        return [""] if old != new else []
    return [key for key in {**old, **new} if old.get(key) != new.get(key)]
