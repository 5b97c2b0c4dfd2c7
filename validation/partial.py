# SPDX-License-Identifier: GPL-3.0-or-later
"""What was filled of some of the events of a sample, in a file: farms validate where events lie.

Each job fills a file of sums from its events, all by one plan, so that bins, grids and features
are the same; sums of many files merge into those of the whole, and are compared as events are.
Contents are sums of weights: those of unit weights are equal in every bit, however the events were
divided, others but for the rounding of another order of adding.  Events that are kept one by one
(for classifiers, kernels and weights) are chosen by their own hashes: merged parts keep those that
the whole would have kept.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from mcsurrogate.analysis import JetAlgorithm, JetDefinition
from mcsurrogate.checkpoint import Checkpoint
from mcsurrogate.errors import ValidationError
from mcsurrogate.events import FileSummary
from mcsurrogate.progress import Progress as Told
from mcsurrogate.progress import silent
from mcsurrogate.validation.filling import Filling, sample_from_state, sample_state
from mcsurrogate.validation.planning import planner_for
from mcsurrogate.validation.sample import Progress, Reading, Sample, fill_sample
from mcsurrogate.validation.settings import ValidationSettings

__all__ = [
    "SUFFIX",
    "Partial",
    "fill_partial",
    "is_partial",
    "merge_partials",
    "read_partial",
    "refuse_planned",
    "require_alike",
]

SUFFIX = ".observables"
_IDENTITY = {"content": "observables of some events"}
_PLANNED = ("preset", "observables", "observables_file", "jets", "pdf_error", "reservoir", "deep",
            "measured")  # fmt: skip
"""Settings that are those of the plan."""


@dataclass(frozen=True, kw_only=True)
class Partial:
    """Sums of some events, and what filled them.

    Attributes
    ----------
    sample
        The sums.
    filling
        What was filled.
    jets
        Jet definition, None for the default.
    parts
        Digest of the events and name of the file of each part.
    """

    sample: Sample
    filling: Filling
    jets: JetDefinition | None
    parts: tuple[tuple[str, str], ...]

    def save(self, path: Path) -> None:
        """Write the file."""
        sample, jets = self.sample, self.jets
        state = {
            "filling": self.filling.state(),
            "jets": None if jets is None else asdict(jets) | {"algorithm": jets.algorithm.value},
            "file": asdict(sample.file) | {"path": str(sample.file.path)},
            "edges": _edges(self.filling),
            "names": list(sample.weight_table.names),
            "weight": sample.weights.name,
            "parts": [list(part) for part in self.parts],
            "sample": sample_state(sample),
        }
        Checkpoint(path, _IDENTITY).save(state)


def is_partial(path: Path) -> bool:
    """Whether a name is that of a file of sums rather than of events."""
    return path.suffix == SUFFIX


def read_partial(path: Path, label: str = "events") -> Partial:
    """Read a file of sums.

    Raises
    ------
    ValidationError
        There is none, or its observables are not known here.
    CheckpointError
        It is damaged, or a file of something else.
    """
    state = Checkpoint(path, _IDENTITY).load()
    if state is None:
        raise ValidationError(f"{path}: there is no such file of observables")
    file = FileSummary(**state["file"] | {"path": Path(state["file"]["path"])})
    file.weight_names = tuple(file.weight_names)
    file.tools = tuple((*tool,) for tool in file.tools)
    filling = Filling.from_state(state["filling"])
    if state["edges"] != _edges(filling):
        raise ValidationError(
            f"{path}: was filled by another version of mcsurrogate, or of a file of observables, "
            "with other bins; fill it anew"
        )
    names = tuple(state["names"])
    empty = Sample(label, file, filling.plan, names, names.index(state["weight"]))
    parts = tuple((str(digest), str(name)) for digest, name in state["parts"])
    sample = sample_from_state(empty, state["sample"])
    return Partial(sample=sample, filling=filling, jets=_jets(state["jets"]), parts=parts)


def _edges(filling: Filling) -> str:
    """Digest of all bin edges."""
    edges = [np.asarray(o.edges, dtype=np.float64).tobytes() for o in filling.plan.observables]
    return hashlib.sha256(b"|".join(edges)).hexdigest()


def _jets(state: dict[str, Any] | None) -> JetDefinition | None:
    if state is None:
        return None
    return JetDefinition(**state | {"algorithm": JetAlgorithm(state["algorithm"])})


def refuse_planned(asked: ValidationSettings, path: Path, also: Sequence[str] = ()) -> None:
    """Refuse settings that sums in a file have fixed.

    Raises
    ------
    ValidationError
        One of them was asked for.
    """
    for field in fields(asked):
        if field.name in (*_PLANNED, *also) and getattr(asked, field.name) != field.default:
            raise ValidationError(
                f"{field.name}: {path} was filled already, and its own holds; leave it out, or "
                "fill all files anew"
            )


def fill_partial(
    source: Path,
    target: Path,
    settings: ValidationSettings | None = None,
    *,
    plan: Path | None = None,
    progress: Progress | None = None,
    **changed: Any,  # noqa: ANN401 - whatever the settings hold
) -> Partial:
    """Read a file of events once and write the sums of its observables.

    Parameters
    ----------
    source
        HepMC file, as of `mcsurrogate.validation.validate`.
    target
        File to write, ending in ``.observables``.
    settings, changed
        As of `validate`: weight, max_events, and without `plan` what decides on observables.
    plan
        A file that was filled before, whose observables, grids, jets and seed are taken: of all
        files to merge or compare, but the first.
    progress
        See `validate`.

    Raises
    ------
    EventFileError
        The file is damaged.
    ValidationError
        It holds no event, has no weight of that name, `target` has another ending, or a setting is
        that of `plan`.
    """
    asked = replace(settings or ValidationSettings(), **changed)
    if not is_partial(target):
        raise ValidationError(f"{target}: sums of observables go to a file that ends in {SUFFIX}")
    reading = Reading(Path(source), asked.labels[0], asked.weight)
    if plan is not None:
        refuse_planned(asked, plan, also=("seed",))
        known = read_partial(plan)
        jets, filling = known.jets, known.filling
        sample = fill_sample(
            reading, lambda _: filling.plan, jets=jets, max_events=asked.max_events,
            progress=progress,
        )  # fmt: skip
    else:
        jets = asked.jets
        sample = fill_sample(
            reading, planner_for(asked), jets=jets, max_events=asked.max_events, progress=progress
        )
        filling = Filling.of(sample.plan, asked.observables_file)
    hashes = sample.hashes
    digest = hashlib.sha256(hashes.hashes.tobytes() + hashes.counts.tobytes()).hexdigest()
    made = Partial(sample=sample, filling=filling, jets=jets, parts=((digest, str(reading.path)),))
    made.save(target)
    return made


def merge_partials(paths: Sequence[Path], target: Path, progress: Told = silent) -> int:
    """Merge files of sums, in their order, into one.

    The cross section is the mean of the parts', each counted as often as it tried an event (or as
    it has events, where files do not tell).

    Parameters
    ----------
    paths
        Files that were filled by one plan; one at a time is in memory.
    target
        File to write.
    progress
        Is told the number of files.

    Returns
    -------
    int
        Number of events.

    Raises
    ------
    CheckpointError
        One is damaged.
    ValidationError
        They were filled by different plans, jets or weights, or two hold the same events.
    """
    whole: Partial | None = None
    known: dict[str, Path] = {}
    files: list[FileSummary] = []
    parts: list[tuple[str, str]] = []
    for number, path in enumerate(paths):
        progress(number, len(paths), path.name)
        part = read_partial(path)
        for digest, name in part.parts:
            if digest in known:
                raise ValidationError(
                    f"{path}: the events of {name} are in {known[digest]} too; give each job a "
                    "seed of its own"
                )
            known[digest] = path
        files.append(replace(part.sample.file))
        parts += part.parts
        if whole is None:
            whole = part
            continue
        require_alike((paths[0], whole), (path, part))
        whole.sample.merge(part.sample, whole.sample.file.events)
        whole.sample.file.events += part.sample.file.events
    if whole is None:
        raise ValidationError("no files of observables to merge")
    whole.sample.file = replace(_file_of(files), path=Path(target))
    replace(whole, parts=tuple(parts)).save(target)
    return whole.sample.file.events


def require_alike(
    one: tuple[Path, Partial], other: tuple[Path, Partial], *, weights: bool = True
) -> None:
    """Refuse sums that were filled by different plans, jets or weights.

    Raises
    ------
    ValidationError
        They have no common meaning.
    """
    (first, a), (second, b) = one, other
    kinds: list[tuple[str, object, object]] = [
        ("observables, grids or seeds", a.filling.digest, b.filling.digest),
        ("jets", str(a.jets or JetDefinition()), str(b.jets or JetDefinition())),
    ]
    if weights:
        tables = a.sample.weight_table, b.sample.weight_table
        kinds.append(("weights", tables[0].names, tables[1].names))
        kinds.append(("weight", a.sample.weights.name, b.sample.weights.name))
    for what, mine, theirs in kinds:
        if mine != theirs:
            raise ValidationError(
                f"{second}: its {what} are not those of {first}; fill all files with --plan and "
                "one of them"
            )


def _file_of(files: Sequence[FileSummary]) -> FileSummary:
    """Return what the files say together."""
    tools = dict.fromkeys(tool for file in files for tool in file.tools)
    whole = replace(
        files[0],
        events=sum(file.events for file in files),
        tools=tuple(tools),
        tried=sum(file.tried for file in files),
        complete=all(file.complete for file in files),
    )
    if any(file.cross_section_pb is None for file in files):
        return replace(whole, cross_section_pb=None, cross_section_error_pb=None)
    told = all(file.tried > 0 for file in files)
    shares = [file.tried if told else file.events for file in files]
    values = [share * (f.cross_section_pb or 0.0) for share, f in zip(shares, files, strict=True)]
    errors = [
        share * (f.cross_section_error_pb or 0.0) for share, f in zip(shares, files, strict=True)
    ]
    total = sum(shares)
    return replace(
        whole,
        cross_section_pb=math.fsum(values) / total,
        cross_section_error_pb=math.hypot(*errors) / total,
    )
