# SPDX-License-Identifier: GPL-3.0-or-later
"""Observables by name, and presets: lists of names for a kind of collision."""

import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from mcsurrogate.analysis import Events
from mcsurrogate.errors import MCSurrogateError, ValidationError
from mcsurrogate.events import Particles
from mcsurrogate.validation.histograms import Values

__all__ = [
    "Observable",
    "Section",
    "get",
    "linear",
    "logarithmic",
    "names",
    "of_particles",
    "preset",
    "presets",
    "register",
    "resolve",
]

FloatArray = NDArray[np.float64]
Group = Literal[
    "event",
    "shape",
    "jet",
    "substructure",
    "top",
    "boson",
    "particle",
    "correlation",
    "hard",
    "user",
    "weight",
    "consistency",
]


@dataclass(frozen=True, kw_only=True)
class Observable:
    """A quantity that is histogrammed in both samples.

    Attributes
    ----------
    name
        Short name, as used in cards and metrics.
    title
        What it is, in words.
    label
        Axis label, with LaTeX.
    unit
        ``"GeV"`` or empty.
    edges
        Bin edges.  Under- and overflow count in all tests.
    compute
        From N events to one value an event (``(N,)``, NaN for none), or to `Values`, or to
        an awkward array with one list an event.
    group
        Section of the report.
    definition
        Exact definition, with cuts.
    log_x, log_y
        Axes of the plot.
    categories
        Names of the bins where they have no order; the edges are then 0, 1, 2, ...
    feature
        Whether the tests of all observables at once see it.
    density
        Whether the plot divides contents by the width of their bin.
    fine
        Whether KS and Wasserstein distances are taken on a grid finer than the bins; not where
        narrow peaks lie inside a bin on purpose.
    counts
        Whether the verdict depends on it; otherwise it is for information.
    specific
        Whether it looks at one process alone (a decay, a spin, pairs of one species): named before
        inclusive spectra that deviate a little more, because they follow from it.
    """

    name: str
    title: str
    label: str
    edges: tuple[float, ...]
    compute: Callable[[Events], "FloatArray | Values | ak.Array"]
    group: Group = "user"
    unit: str = ""
    definition: str = ""
    log_x: bool = False
    log_y: bool = False
    categories: tuple[str, ...] = ()
    feature: bool = True
    density: bool = True
    fine: bool = True
    counts: bool = True
    specific: bool = False

    def values(self, events: Events) -> Values:
        """Values in a chunk, checked.

        Raises
        ------
        ValidationError
            The function returned something else than one value or list of values an event, or
            it is a user's and failed.
        """
        raw = self._computed(events)
        if isinstance(raw, ak.Array):
            counts = np.asarray(ak.num(raw, axis=1))
            flat = np.asarray(ak.flatten(raw, axis=1), dtype=np.float64)
            raw = Values(flat, np.repeat(np.arange(len(counts)), counts))
            n = len(counts)
        elif isinstance(raw, Values):
            n = len(events) if raw.event is not None else len(raw.values)
        else:
            raw = Values(np.asarray(raw, dtype=np.float64))
            n = len(raw.values)
        if n != len(events) or raw.values.ndim != 1:
            raise ValidationError(
                f"observable {self.name}: its function gave values for {n} events instead of "
                f"{len(events)}; it must return one number or one list of numbers for every event"
            )
        return raw

    def _computed(self, events: Events) -> "FloatArray | Values | ak.Array":
        """Call the function; an error of a user's function gets a name, a file and a line."""
        if self.group != "user":
            return self.compute(events)
        try:
            return self.compute(events)
        except MCSurrogateError:
            raise
        except Exception as error:
            # the innermost line outside this package is the user's
            frames = traceback.extract_tb(error.__traceback__)
            own = [f for f in frames if f.filename == self._file()] or frames
            where = f"{own[-1].filename}:{own[-1].lineno}"
            raise ValidationError(
                f"observable {self.name}: its function failed with {type(error).__name__}: "
                f"{error} ({where})"
            ) from error

    def _file(self) -> str:
        code = getattr(self.compute, "__code__", None)
        return code.co_filename if code is not None else ""


@dataclass(frozen=True)
class Section:
    """Makes observables of one group, whose definitions end in the same words.

    Attributes
    ----------
    group
        Section of the report.
    ending
        Appended to every definition.
    log_y, feature, specific
        Of every observable that does not say otherwise.
    """

    group: Group
    ending: str = ""
    log_y: bool = False
    feature: bool = True
    specific: bool = False

    def __call__(
        self,
        name: str,
        title: str,
        label: str,
        edges: tuple[float, ...],
        compute: Callable[[Events], "FloatArray | Values | ak.Array"],
        definition: str,
        unit: str = "",
        **others: Any,  # noqa: ANN401 - further fields of `Observable`
    ) -> Observable:
        """Observable of this section."""
        return Observable(
            name=name,
            title=title,
            label=label,
            edges=edges,
            compute=compute,
            definition=definition + self.ending,
            unit=unit,
            **{name: getattr(self, name) for name in ("group", "log_y", "feature", "specific")}
            | others,
        )


_REGISTRY: dict[str, Observable] = {}
_PRESETS: dict[str, tuple[str, ...]] = {}


def register(*observables: Observable) -> None:
    """Make observables known by their names.

    Raises
    ------
    ValidationError
        A name is taken by another observable.
    """
    for observable in observables:
        known = _REGISTRY.get(observable.name)
        if known is not None and known is not observable:
            raise ValidationError(f"an observable named {observable.name} exists already")
        _REGISTRY[observable.name] = observable


def is_own(observable: Observable) -> bool:
    """Whether an observable is one of this package, which every process knows by its name."""
    module = getattr(observable.compute, "__module__", "")
    return _REGISTRY.get(observable.name) is observable and module.startswith(__package__)


def define_preset(name: str, members: Iterable[str]) -> None:
    """Make a preset known."""
    _PRESETS[name] = tuple(members)


def names() -> tuple[str, ...]:
    """Names of all known observables."""
    return tuple(sorted(_REGISTRY))


def presets() -> tuple[str, ...]:
    """Names of all presets."""
    return tuple(sorted(_PRESETS))


def get(name: str) -> Observable:
    """Observable of a name.

    Raises
    ------
    ValidationError
        There is none of that name.
    """
    try:
        return _REGISTRY[name]
    except KeyError:
        raise ValidationError(
            f"unknown observable {name!r}; known are: {', '.join(names())}"
        ) from None


def preset(name: str) -> tuple[Observable, ...]:
    """Observables of a preset.

    Raises
    ------
    ValidationError
        There is none of that name.
    """
    try:
        members = _PRESETS[name]
    except KeyError:
        raise ValidationError(
            f"unknown preset {name!r}; known are: {', '.join(presets())}"
        ) from None
    return tuple(get(member) for member in members)


def resolve(chosen: Sequence["str | Observable"]) -> tuple[Observable, ...]:
    """Observables from names and objects, without doubles, in order."""
    out: dict[str, Observable] = {}
    for item in chosen:
        observable = get(item) if isinstance(item, str) else item
        out.setdefault(observable.name, observable)
    return tuple(out.values())


def linear(low: float, high: float, bins: int) -> tuple[float, ...]:
    """Equidistant bin edges."""
    return tuple(float(x) for x in np.linspace(low, high, bins + 1))


def logarithmic(low: float, high: float, bins: int) -> tuple[float, ...]:
    """Bin edges at equal ratios."""
    return tuple(float(x) for x in np.geomspace(low, high, bins + 1))


def of_particles(particles: Particles, values: FloatArray) -> Values:
    """Values of particles or jets as entries of their events."""
    return Values(values, particles.event)


def metadata(observable: Observable) -> dict[str, Any]:
    """Return what a reader of metrics needs to know of an observable."""
    return {
        "title": observable.title,
        "definition": observable.definition,
        "group": observable.group,
        "unit": observable.unit,
    }
