# SPDX-License-Identifier: GPL-3.0-or-later
"""What is filled from samples, as processes and files hand it on, and samples in files.

Observables are functions, which stay where they are: they travel by their names.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.analysis import z_pole_measurements
from mcsurrogate.events import FileSummary
from mcsurrogate.validation.features import FeatureMap
from mcsurrogate.validation.observables import load_observables
from mcsurrogate.validation.observables.registry import Observable, resolve
from mcsurrogate.validation.plan import Plan
from mcsurrogate.validation.sample import Reading, Sample

__all__ = ["Filling", "sample_from_state", "sample_state"]

_SUMS = ("weights", "sums", "fine", "features", "reservoir", "particle_sets", "hashes",
         "particles", "weight_table", "bands", "measured")  # fmt: skip
_KNOWN_BY_PLAN = frozenset(
    {"edges", "_edges", "directions", "families", "columns", "names", "chosen", "measurements",
     "capacity", "_random"}
)  # fmt: skip
_SPARSE = 0.5
"""Share of entries other than zero below which an array is kept by them alone."""


@dataclass(frozen=True)
class Filling:
    """A plan without functions: observables by name.

    Attributes
    ----------
    bare
        The plan, without observables and measurements.
    names
        Of the observables.
    observables_file
        Python file with those of a user.
    measured
        Whether the plan has measurements.
    """

    bare: Plan
    names: tuple[str, ...]
    observables_file: Path | None
    measured: bool

    @classmethod
    def of(cls, plan: Plan, observables_file: Path | None) -> "Filling":
        """Take the functions out of a plan."""
        names = tuple(o.name for o in plan.observables)
        bare = replace(plan, observables=(), measurements=())
        return cls(bare, names, observables_file, bool(plan.measurements))

    @cached_property
    def plan(self) -> Plan:
        """The plan, with the functions of this process."""
        own = load_observables(self.observables_file) if self.observables_file else ()
        known: dict[str, str | Observable] = {o.name: o for o in own}
        observables = resolve([known.get(name, name) for name in self.names])
        measurements = z_pole_measurements() if self.measured else ()
        return replace(self.bare, observables=observables, measurements=measurements)

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k != "plan"}

    def part(self, reading: Reading, weight_names: tuple[str, ...], file: FileSummary) -> Sample:
        """Make an empty part of a sample of events with such weights."""
        column = reading.column(weight_names)
        return Sample(reading.label, file, self.plan, weight_names, column, part=True)

    def whole(self, reading: Reading, weight_names: tuple[str, ...], file: FileSummary) -> Sample:
        """Make the empty sample that parts are merged into."""
        column = reading.column(weight_names)
        return Sample(reading.label, file, self.plan, weight_names, column)

    def state(self) -> dict[str, Any]:
        """Return what `from_state` needs, of numbers, texts and arrays."""
        bare, file = self.bare, self.observables_file
        return {
            "names": list(self.names),
            "observables_file": None if file is None else str(file),
            "measured": self.measured,
            "preset": bare.preset,
            "grids": dict(bare.grids),
            "features": [list(bare.features.names), bare.features.centre, bare.features.scale],
            "sample": bare.sample,
            "numbers": [bare.reservoir, bare.seed, bare.deep],
            "pdf_error": bare.pdf_error,
            "warning": bare.warning,
        }  # fmt: skip

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "Filling":
        """Return what made the state."""
        names, centre, scale = state["features"]
        reservoir, seed, deep = state["numbers"]
        file = state["observables_file"]
        bare = Plan(
            observables=(),
            preset=state["preset"],
            grids=state["grids"],
            features=FeatureMap(tuple(names), centre, scale),
            sample=state["sample"],
            reservoir=reservoir,
            seed=seed,
            deep=deep,
            pdf_error=state["pdf_error"],
            warning=state.get("warning", ""),
        )
        measured = bool(state["measured"])
        return cls(bare, tuple(state["names"]), None if file is None else Path(file), measured)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the state."""
        found = hashlib.sha256()
        # the same file may lie elsewhere
        _digest(self.state() | {"observables_file": None}, found)
        if self.observables_file is not None:
            found.update(self.observables_file.read_bytes())
        return found.hexdigest()


def _digest(value: Any, found: Any) -> None:  # noqa: ANN401 - any state, and hashes have no type
    if isinstance(value, np.ndarray):
        found.update(f"{value.dtype}{value.shape}".encode() + np.ascontiguousarray(value).tobytes())
    elif isinstance(value, Mapping):
        for key in sorted(value):
            found.update(key.encode())
            _digest(value[key], found)
    elif isinstance(value, list):
        for item in value:
            _digest(item, found)
    else:
        found.update(json.dumps(value).encode())


def sample_state(sample: Sample) -> dict[str, Any]:
    """Return all sums of a sample as numbers and arrays, without what its plan knows."""
    return {name: _packed(getattr(sample, name)) for name in _SUMS}


def sample_from_state(sample: Sample, state: Mapping[str, Any]) -> Sample:
    """Give an empty sample of the same plan the sums of another one."""
    for name in _SUMS:
        setattr(sample, name, _unpacked(getattr(sample, name), state[name]))
    return sample


def _packed(value: Any) -> Any:  # noqa: ANN401 - any part of a sample
    if isinstance(value, np.ndarray):
        return _sparse(value)
    if isinstance(value, dict):
        return {key: _packed(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_packed(item) for item in value]
    if hasattr(value, "__dict__"):
        return {k: _packed(v) for k, v in vars(value).items() if k not in _KNOWN_BY_PLAN}
    return value


def _unpacked(target: Any, state: Any) -> Any:  # noqa: ANN401
    """Return the state in the type that an empty sample has in its place."""
    if isinstance(target, np.ndarray) or (target is None and isinstance(state, dict)):
        return _dense(state)
    if isinstance(target, Counter):
        return Counter(state)
    if isinstance(target, dict):
        return {key: _unpacked(item, state[key]) for key, item in target.items()}
    if isinstance(target, list):
        return [_unpacked(item, own) for item, own in zip(target, state, strict=True)]
    if hasattr(target, "__dict__"):
        for key, item in state.items():
            setattr(target, key, _unpacked(getattr(target, key), item))
        return target
    return state


def _sparse(array: NDArray[Any]) -> Any:  # noqa: ANN401 - an array, or its entries
    flat = array.reshape(-1)
    place = np.flatnonzero(flat)
    if len(place) > _SPARSE * len(flat) or len(flat) > np.iinfo(np.int32).max:
        return {"all": array}
    return {"shape": list(array.shape), "place": place.astype(np.int32), "entry": flat[place]}


def _dense(state: Mapping[str, Any]) -> NDArray[Any]:
    if "all" in state:
        whole: NDArray[Any] = state["all"]
        return whole
    array = np.zeros(state["shape"], dtype=state["entry"].dtype)
    array.reshape(-1)[state["place"]] = state["entry"]
    return array
