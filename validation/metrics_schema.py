# SPDX-License-Identifier: GPL-3.0-or-later
"""The schema of metrics.json, derived from models of its parts."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from mcsurrogate.validation.finer import FinerVerdict
from mcsurrogate.validation.verdict import Kind, Verdict

__all__ = ["SCHEMA_VERSION", "schema"]

SCHEMA_VERSION = 1

Count = Annotated[int, Field(ge=0)]
Size = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
LogShare = Annotated[float, Field(le=0)] | None
"""Logarithm to base 10, where the p-value itself may underflow."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class _Reason(_Part):
    name: str
    title: str
    kind: Kind
    figure: str
    """What the test found, in words and numbers."""
    p_value: float
    log10_p_value: float
    tolerated: bool


class _Tolerance(_Part):
    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Size] = Field(init=False)
    default: Size


class _Origin(_Part):
    name: str
    candidate: str
    reference: str


class _Sample(_Part):
    label: str
    file: str
    format: Literal["HepMC3", "HepMC2"]
    events: Annotated[int, Field(ge=1)]
    complete: bool
    """Whether the file was read to its end."""
    tools: list[str]
    provenance: list[str]
    weight: str
    sum_of_weights: float
    effective_events: float
    negative_weights: Count
    cross_section_pb: float | None
    cross_section_error_pb: float | None


class _Samples(_Part):
    candidate: _Sample
    reference: _Sample


class _CrossSection(_Part):
    ratio: float | None
    pull: float | None
    p_value: float | None
    common_pb: float | None
    """What both samples are normalised to on request; then the ratio decides nothing."""


class _Combination(_Part):
    ks_statistic: float
    ks_p_value: Share
    ks_p_value_independent: Share
    excess_p_value: Share
    effective_observables: float


class _Region(_Part):
    title: str
    ratio: float | None
    features: list[str]
    shifts: list[float]


class _GlobalTest(_Part):
    # further numbers of a test have names of their own
    model_config = ConfigDict(extra="allow")
    name: str
    title: str
    value: float
    error: float | None
    expected: float | None
    p_value: Share
    log10_p_value: LogShare
    regions: list[_Region] = []
    """Of a classifier: where its weights are largest and smallest, with the features that set the
    region apart and their shifts in units of their spread."""


class _Chi2(_Part):
    chi2: float
    ndf: Count
    p_value: Share
    log10_p_value: LogShare
    sigma: float


class _Scan(_Part):
    pull: float
    p_value: Share
    log10_p_value: LogShare


class _Rare(_Part):
    candidate: Count
    reference: Count
    p_value: Share
    log10_p_value: LogShare


class _Distance(_Part):
    distance: float
    expected: float
    p_value: Share
    log10_p_value: LogShare


class _Observable(_Part):
    name: str
    title: str
    definition: str
    group: str
    unit: str
    p_value: Share
    """Smallest of the p-values of chi2, scan, rare bins, KS and Wasserstein, times their number."""
    log10_p_value: LogShare
    sigma: float
    p_value_adjusted: Share
    significant: bool
    counts: bool
    """Whether it counts for the verdict."""
    deviation: Size
    """Root mean square relative difference over the bins, noise subtracted."""
    deviation_resolution: float
    resolvable_deviation: float | None
    """Deviation that would be found with 90% probability; null for a constant observable."""
    where: str
    full: _Chi2
    shape: _Chi2
    rate: _Chi2
    scan: _Scan
    """The bin or tail that deviates most, in standard deviations, with the p-value of the largest
    of all."""
    rare: _Rare | None
    """Events with an entry in that bin, of those too rare to stand alone in the other tests, which
    deviates most, with the p-value of the exact test of all of them."""
    ks: _Distance | None
    wasserstein: _Distance | None


class _Repeats(_Part):
    candidate: Share
    reference: Share
    shared: Share
    p_value: Share


class _AgainstData(_Part):
    chi2: Size
    ndf: Count
    """Compared values."""
    p_value: float
    mean: list[float | None]
    error: list[float | None]
    pull: list[float | None]
    """Null where a value is not compared."""


class _Measured(_Part):
    name: str
    title: str
    source: str
    definition: str
    labels: list[str]
    value: list[float | None]
    error: list[float | None]
    candidate: _AgainstData
    reference: _AgainstData
    notes: list[str]


class _Speed(_Part):
    events: Annotated[int, Field(ge=1)]
    preparation_seconds: Size
    production_seconds: Size
    pythia_seconds: Size
    events_per_second: Size
    events_per_second_with_preparation: Size


class _Timing(_Part):
    surrogate: _Speed
    standard: _Speed
    speed_ratio: Size
    break_even_events: float | None
    """Null: never."""
    notes: list[str]


class _Rivet(_Part):
    version: str
    analyses: list[str]
    candidate: str
    reference: str
    page: str | None


class _Worth(_Part):
    name: str
    title: str
    events: float | None
    """True events that describe the observable as well; null: any number."""
    at_least: float | None
    at_most: float | None
    factor: float | None
    """Over the events of the training."""
    p_amplified: Share
    """Of a candidate that is worth no more than its training."""
    p_degraded: Share
    """Of one that is worth no less."""


class _Amplification(_Part):
    trained_on: Annotated[int, Field(ge=1)]
    rows: list[_Worth]
    """Observables, those in which the candidate is worth least first."""
    amplified: Count
    degraded: Count


class _Run(_Part):
    folder: str
    verdict: str | None
    significant: int | None
    observables: int | None
    cross_section_pb: float | None
    cross_section_error_pb: float | None
    unweighting_efficiency: float | None
    speed_ratio: float | None
    version: str | None


class _Metrics(_Part):
    schema_version: Literal[1]
    verdict: Verdict
    """undecided: too few effective events."""
    reasons: list[_Reason]
    """Every test that decided, observables first."""
    created: str
    family_wise_error: Share
    """Probability that two equal samples are called different."""
    tolerance: _Tolerance
    settings: dict[str, str]
    parts: list[_Origin]
    """What made the samples, part by part."""
    samples: _Samples
    cross_section: _CrossSection | None
    combination: _Combination
    global_tests: list[_GlobalTest]
    observables: list[_Observable]
    """By descending deviation."""
    repeated_events: _Repeats
    """Shares of events that repeat earlier ones of their sample, share of the candidate's events
    that the reference has too, and the p-value of equal repetition."""
    finer_verdict: FinerVerdict | None
    """Events that resolve half of the tolerance, or 1% without one, with 90% probability: in every
    observable (`observable` needs most) and in half of them."""
    warnings: list[str]
    versions: dict[str, str]
    measured: list[_Measured]
    """Samples against measured values; decides nothing about the verdict."""
    timing: _Timing | None
    """Speed of both chains, null where the files lie in no run folder."""
    rivet: _Rivet | None
    files: list[str]
    """Further files in the folder of the report."""
    amplification: _Amplification | None
    """What the candidate is worth, where it was said what it was trained on."""
    runs: tuple[_Run, _Run] | None
    """Both runs, where two runs are compared."""


def schema() -> dict[str, Any]:
    """JSON schema of metrics.json."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_Metrics.model_json_schema(),
        "title": "metrics.json of mcsurrogate validate",
    }
