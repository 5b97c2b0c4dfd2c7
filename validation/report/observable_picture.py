# SPDX-License-Identifier: GPL-3.0-or-later
"""The figure of an observable as a piece of work for a process of its own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.analysis import Events
from mcsurrogate.validation.comparison import Comparison
from mcsurrogate.validation.histograms import EventSums
from mcsurrogate.validation.observable_result import ObservableResult
from mcsurrogate.validation.observables.registry import Observable
from mcsurrogate.validation.report.figures import Picture
from mcsurrogate.validation.report.plots import observable_figure
from mcsurrogate.validation.weight_bands import Band

__all__ = ["ObservablePicture", "draw"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservablePicture:
    """What `observable_figure` needs.

    Attributes
    ----------
    observable
        Without its function, which stays where it is.
    candidate, reference, pulls, labels, bands, reference_bands
        As of `observable_figure`.
    files
        Whether PDF and PNG are wanted besides the SVG.
    """

    observable: Observable
    candidate: EventSums
    reference: EventSums
    pulls: NDArray[np.float64]
    labels: tuple[str, str]
    bands: Sequence[Band]
    reference_bands: Sequence[Band]
    files: bool

    @classmethod
    def of(cls, c: Comparison, r: ObservableResult, *, files: bool) -> "ObservablePicture":
        """Take what the figure of a row shows."""
        name = r.observable.name
        return cls(
            observable=replace(r.observable, compute=_elsewhere),
            candidate=r.candidate,
            reference=r.reference,
            pulls=r.binned.pulls,
            labels=(c.candidate.label, c.reference.label),
            bands=c.candidate.bands.of(name, r.candidate.mean),
            reference_bands=c.reference.bands.of(name, r.reference.mean),
            files=files,
        )


def _elsewhere(_: Events) -> NoReturn:
    raise NotImplementedError("a picture has the sums of its observable alone")


def draw(asked: ObservablePicture) -> Picture:
    """Draw the figure of an observable."""
    figure = observable_figure(
        asked.observable,
        asked.candidate,
        asked.reference,
        asked.pulls,
        asked.labels,
        asked.bands,
        asked.reference_bands,
    )
    return Picture.of(figure, asked.observable.name, files=asked.files)
