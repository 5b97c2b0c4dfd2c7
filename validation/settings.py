# SPDX-License-Identifier: GPL-3.0-or-later
"""What a comparison of two samples may be told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from mcsurrogate.analysis import JetDefinition
from mcsurrogate.errors import ValidationError
from mcsurrogate.validation.cross_sections import Side
from mcsurrogate.validation.observables.registry import Observable, names
from mcsurrogate.validation.verdict import CROSS_SECTION, FAMILY_WISE_ERROR, Tolerance
from mcsurrogate.validation.weight_families import PdfRule

__all__ = ["RESERVOIR", "ValidationSettings"]

RESERVOIR = 50_000
"""Events of each sample that the kernel distance and the classifier see at most."""


@dataclass(frozen=True, kw_only=True)
class ValidationSettings:
    """Settings of `mcsurrogate.validation.validate`.

    Attributes
    ----------
    preset
        Name of a list of observables; by default the one that fits the reference's events.
    labels
        Names of the samples in the report.
    observables
        Names or `Observable` objects instead of a preset.
    extra
        Names of observables besides the preset.
    observables_file
        Python file with a user's observables, which come on top; see `observable`.
    jets
        Jet definition; anti-kt with R = 0.4, pT > 25 GeV, |y| < 4.5 by default.
    weight
        Name of the event weight to use in both samples; the nominal one by default.
    candidate_weight, reference_weight
        Name of the event weight of one sample alone; goes before `weight`.
    max_events
        Read at most this many events of each file.
    tolerance
        Relative deviation that is allowed, for all observables or by name (``default`` for
        the others); without it every significant deviation means ``differs``.
    family_wise_error
        Probability of a false ``differs``, between 0 and 1.
    pdf_error
        How weights of parton densities are combined: ``"replicas"``, ``"hessian"`` (pairs) or
        ``"symmetric hessian"``, of which sets at 90% confidence say so (``"hessian 90%"``); by the
        LHAPDF number of their set if not given.
    normalise_to
        ``"candidate"`` or ``"reference"``: both samples are normalised to the cross section of this
        one, and that of the other decides nothing.
    reservoir
        Events of each sample, drawn at random, that the kernel distance and the classifier
        see at most; 0 leaves both out.
    deep
        Also train a particle-flow and a Lorentz-equivariant network on the particles of
        `DEEP_EVENTS` events of each sample; takes minutes.
    seed
        Of all random choices.
    parts
        What made the samples, for the report: name, in the candidate, in the reference.
    workers
        2 reads both files at once, in processes of their own.  Results do not depend on it.
        `Observable` objects are only known to this process, which then reads one file after
        the other.
    measured
        Compare both samples with measured values, where there are some for such events.
    plots
        Write every figure as PDF and PNG to ``plots`` in the folder.
    yoda
        Write the histograms as ``candidate.yoda`` and ``reference.yoda``.
    parquet
        Write the histograms as ``histograms.parquet``, a row a bin; needs pyarrow.
    rivet
        Rivet analyses to run on both files; needs the command ``rivet``.
    trained_on
        Events that the candidate was trained on, none of which the reference may hold: the report
        says in which observables it is worth more (arXiv:2509.08048).
    runs
        Folders of the two runs or reports that the samples come from, to show side by side what
        they say of themselves.
    """

    preset: str | None = None
    labels: tuple[str, str] = ("candidate", "reference")
    observables: Sequence[str | Observable] | None = None
    extra: Sequence[str] = ()
    observables_file: Path | None = None
    jets: JetDefinition | None = None
    weight: str | None = None
    candidate_weight: str | None = None
    reference_weight: str | None = None
    max_events: int | None = None
    tolerance: float | Mapping[str, float] | None = None
    family_wise_error: float = FAMILY_WISE_ERROR
    pdf_error: PdfRule | None = None
    normalise_to: Side | None = None
    reservoir: int = RESERVOIR
    deep: bool = False
    seed: int = 1
    parts: Sequence[tuple[str, str, str]] = ()
    workers: int = 1
    measured: bool = True
    plots: bool = False
    yoda: bool = False
    parquet: bool = False
    rivet: Sequence[str] = ()
    trained_on: int | None = None
    runs: tuple[Path, Path] | None = None

    def __post_init__(self) -> None:
        if not 0.0 < self.family_wise_error < 1.0:
            raise ValidationError(
                f"a family-wise error of {self.family_wise_error} is no probability between 0 and 1"
            )
        if self.max_events is not None and self.max_events < 1:
            raise ValidationError(f"max_events is {self.max_events}; it must be 1 or more")
        if self.trained_on is not None and self.trained_on < 1:
            raise ValidationError(f"trained_on is {self.trained_on}; it must be 1 or more")
        if self.pdf_error not in (None, *get_args(PdfRule)):
            raise ValidationError(
                f"unknown rule of densities {self.pdf_error!r}; known are "
                f"{', '.join(get_args(PdfRule))}"
            )
        if self.normalise_to not in (None, "candidate", "reference"):
            raise ValidationError(
                f"cannot normalise to {self.normalise_to!r}: it is 'candidate' or 'reference'"
            )

    def allowed(self, own: Sequence[Observable]) -> Tolerance:
        """Tolerances, checked.

        Parameters
        ----------
        own
            A user's observables, from the file.

        Raises
        ------
        ValidationError
            One is named for an observable that does not exist.
        """
        given = self.tolerance
        if not isinstance(given, Mapping):
            return Tolerance(given or 0.0)
        named = {k: v for k, v in given.items() if k != "default"}
        objects = [o.name for o in self.observables or () if isinstance(o, Observable)]
        unknown = sorted(set(named) - {*names(), *(o.name for o in own), *objects, CROSS_SECTION})
        if unknown:
            raise ValidationError(
                f"tolerance names {', '.join(unknown)}, which is no observable; `mcsurrogate "
                "validate --list` lists them, 'default' stands for all others and "
                f"{CROSS_SECTION!r} for the cross sections of the files"
            )
        return Tolerance(given.get("default", 0.0), named)
