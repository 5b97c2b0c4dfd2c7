# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``run.json`` and ``result.json`` hold, read through one check, and digests of files.

Keys that the models do not name are kept as they are.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mcsurrogate.errors import RunFolderError

__all__ = [
    "RESULT_FILE",
    "RUN_FILE",
    "check_files",
    "digests",
    "file_records",
    "read_result",
    "read_run",
]

RUN_FILE = "run.json"
RESULT_FILE = "result.json"

Number = Annotated[float, Field(allow_inf_nan=False)]
Size = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]


class _Record(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True, strict=True)


class DefinitionResult(_Record):
    """Cross section of one process definition of several."""

    process: str
    cross_section_pb: Number
    error_pb: Size


class SubprocessResult(_Record):
    """Cross section of one subprocess, or of one channel of the phase space."""

    name: str
    cross_section_pb: Number
    error_pb: Size


class BiasResult(_Record):
    """What was integrated in the place of the cross section."""

    function: str
    integral: Number
    error: Size
    effective_fraction: Annotated[float, Field(gt=0)]
    least: Annotated[float, Field(gt=0)]


class Result(_Record):
    """``result.json``: a cross section and how it was found."""

    cross_section_pb: Number
    error_pb: Size
    definitions: list[DefinitionResult] | None = None
    subprocesses: list[SubprocessResult] = []
    channel_cross_sections: list[SubprocessResult] = []
    bias: BiasResult | None = None
    relative_std_dev: Size
    unweighting_efficiency: Size | None
    overweight_fraction: Annotated[float, Field(ge=0, lt=1)]
    effective_fraction: Annotated[float, Field(gt=0, le=1)]
    integrand_evaluations: Count
    seconds: Size
    method: str
    width_scheme: Literal["fixed", "complex-mass"] = "fixed"
    warnings: list[str]


class FileRecord(_Record):
    """A file that a stage read or wrote; no digest where there was none."""

    path: str | None
    sha256: str | None
    stage: str


class StageRecord(_Record):
    """A stage: its part of the card, and what it recorded once it was finished."""

    finished: bool
    seed: int
    card: dict[str, Any]


class Work(_Record):
    """What a stage cost: CPU of its thread and of the workers, chunks that these did."""

    cpu_seconds: Size
    chunks: Count
    repeated_chunks: Count


class _Finished(StageRecord):
    seconds: Size
    work: Work | None = None


class Emulation(_Record):
    """How emulators took part in the events."""

    mode: str
    emulated_points: Count
    outside_domain_points: Count
    uncertain_points: Count
    cross_section_pb: Number
    cross_section_error_pb: Size


class ExactSecondStage(Emulation):
    """The exact amplitude decided."""

    gain: Size
    first_efficiency: Size
    second_efficiency: Size
    first_overweight_points: Count
    first_largest_over_maximum: Size
    kish_effective_events: Size
    preparation_seconds: Size
    description: str


class UncertaintyWeights(Emulation):
    """The emulator alone, its error in event weights."""

    weight_names: list[str]


class Generated(_Finished):
    """Stage ``generate``."""

    file: str
    events: Count
    efficiency: Size
    efficiency_error: Size
    overweight_events: Count
    overweight_fraction: Size
    emulation: ExactSecondStage | UncertaintyWeights | None = None


class Hadronization(_Record):
    """The weights that hadronized."""

    weights: str
    model: str
    training_seconds: Size | None = None
    training_not_stated: list[str] = []


class Steps(_Record):
    """Seconds of the steps of a chain."""

    initialisation: Size
    events: Size
    arrays: Size
    hepmc_conversion: Size
    hepmc_writing: Size


class ChainRun(_Finished):
    """Stages ``shower`` and ``reference``; no file where no events were kept."""

    file: str | None
    events: Count
    failed_events: Count
    cross_section_pb: Number
    cross_section_error_pb: Size
    seconds_by_step: Steps
    warnings: list[str] = []
    hadronization: Hadronization | None = None


class Validated(_Finished):
    """Stage ``validate``."""

    verdict: Literal["indistinguishable", "within tolerance", "differs", "undecided"]
    observables: Count
    smallest_p: Size
    report: str


_FINISHED: Mapping[str, type[StageRecord]] = {
    "integrate": _Finished,
    "generate": Generated,
    "shower": ChainRun,
    "reference": ChainRun,
    "validate": Validated,
}


class Run(_Record):
    """``run.json``: stages, the files that they read and wrote, versions."""

    stages: dict[Literal["integrate", "generate", "shower", "reference", "validate"], StageRecord]
    files: dict[str, FileRecord] = {}
    versions: dict[str, str] = {}


def read_run(folder: Path) -> dict[str, Any]:
    """Read and check ``run.json`` of a run folder.

    Raises
    ------
    RunFolderError
        If it cannot be read, lacks a key or holds a value of another type.
    """
    path = folder / RUN_FILE
    content = _read(path, Run)
    for name, stage in content["stages"].items():
        if stage["finished"]:
            _check(path, _FINISHED[name], stage, ("stages", name))
    return {"files": {}, "versions": {}, **content}


def read_result(folder: Path) -> dict[str, Any]:
    """Read and check ``result.json`` of a run folder; raises as :func:`read_run`."""
    return _read(folder / RESULT_FILE, Result)


def _read(path: Path, model: type[BaseModel]) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunFolderError(
            f"{path}: gone or damaged ({error}); choose another folder with --out"
        ) from error
    _check(path, model, content, ())
    found: dict[str, Any] = content
    return found


def _check(path: Path, model: type[BaseModel], content: object, where: tuple[str, ...]) -> None:
    try:
        model.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in (*where, *first["loc"]))
        raise RunFolderError(
            f"{path}: not the record of a run of this version ({key or 'all of it'}: "
            f"{first['msg']}); choose another folder with --out"
        ) from error


def digests(files: Mapping[str, Path | None]) -> dict[str, str | None]:
    """SHA-256 of files by their part in the run; None where there is no such file.

    Raises
    ------
    RunFolderError
        If a file is there and cannot be read.
    """

    def digest(path: Path | None) -> str | None:
        if path is None or not path.exists():
            return None
        try:
            with path.open("rb") as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            raise RunFolderError(f"{path}: cannot be read: {error}") from error

    return {name: digest(path) for name, path in files.items()}


def file_records(
    stage: str, files: Mapping[str, Path | None], found: Mapping[str, str | None]
) -> dict[str, dict[str, str | None]]:
    """Entries of ``run.json`` for the files of a stage, given their digests."""
    return {
        name: {"path": None if path is None else str(path), "sha256": found[name], "stage": stage}
        for name, path in files.items()
    }


def check_files(
    folder: Path,
    files: Mapping[str, Path | None],
    recorded: Mapping[str, Mapping[str, Any]],
    *,
    needed: bool = True,
) -> None:
    """Refuse files that are not those that earlier stages read or wrote.

    Parameters
    ----------
    folder
        The run folder.
    files
        Where each file is now, by its part in the run.
    recorded
        ``files`` of ``run.json``.
    needed
        Whether the files are about to be read: then those of the run must be there, and recorded.

    Raises
    ------
    RunFolderError
        Naming the file, the stage that used it, both digests, and what to do.
    """
    found = digests(files)
    for name, path in files.items():
        own = path == folder / name  # what an earlier stage of the run wrote
        entry, now = recorded.get(name), found[name]
        if entry is None:
            if own and needed:
                raise RunFolderError(
                    f"{path}: run.json holds no digest of it, so nothing tells what made it; "
                    "start again in another folder with --out"
                )
        elif now != entry["sha256"] and not (own and now is None and not needed):
            raise RunFolderError(
                f"{folder}: {name} is not the file that stage {entry['stage']!r} had: SHA-256 "
                f"{_short(entry['sha256'])} of {entry['path']} then, {_short(now)} of {path} now; "
                "bring the file back, or start again in another folder with --out"
            )


def _short(digest: str | None) -> str:
    return "(no file)" if digest is None else digest[:16]
