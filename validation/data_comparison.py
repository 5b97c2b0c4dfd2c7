# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples against measured values: pulls and chi^2."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from mcsurrogate.analysis import MeasuredSums, Measurement

__all__ = ["MeasuredResult", "SampleAgainstData", "compare_data", "undecayed_words"]

FloatArray = NDArray[np.float64]

_NAMES = {
    111: "pi0",
    221: "eta",
    310: "K0S",
    3122: "Lambda",
    3112: "Sigma-",
    3212: "Sigma0",
    3222: "Sigma+",
    3312: "Xi-",
    3322: "Xi0",
    3334: "Omega-",
    211: "pi+-",
    321: "K+-",
    130: "K0L",
    2112: "n",
    13: "mu",
}


@dataclass(frozen=True, kw_only=True)
class SampleAgainstData:
    """One sample against one measurement.

    Attributes
    ----------
    mean, error
        ``(K,)`` of the sample.
    pulls
        ``(K,)`` (sample - data) over both errors in quadrature; NaN where not compared.
    compared
        ``(K,)`` whether a value counts: the sample holds such particles, and decays as the
        measurement demands.
    chi2, ndf, p_value
        Over the compared values, with the covariance of the sample's means and the measured
        errors taken as independent.
    """

    mean: FloatArray
    error: FloatArray
    pulls: FloatArray
    compared: NDArray[np.bool_]
    chi2: float
    ndf: int
    p_value: float

    @property
    def worst(self) -> int | None:
        """Which value has the largest pull; None where none is compared."""
        return int(np.nanargmax(np.abs(self.pulls))) if self.ndf else None


@dataclass(frozen=True)
class MeasuredResult:
    """Both samples against one measurement.

    Attributes
    ----------
    measurement
        The measurement.
    candidate, reference
        What the samples say.
    notes
        Why values of a sample are not compared; empty where all are.
    """

    measurement: Measurement
    candidate: SampleAgainstData
    reference: SampleAgainstData
    notes: tuple[str, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the values that neither sample holds."""
        compared = self.candidate.compared | self.reference.compared
        return tuple(np.asarray(self.measurement.labels)[~compared])


def undecayed_words(sums: MeasuredSums) -> str:
    """Say what in a sample contradicts the measurements' definition of stable particles."""
    parts = []
    for counted, words in ((sums.undecayed, "stable"), (sums.decayed, "decayed")):
        if counted:
            named = ", ".join(_NAMES[pid] for pid, _ in counted.most_common())
            parts.append(f"{named} {words}")
    return "; ".join(parts)


def _compare(measurement: Measurement, sums: MeasuredSums, number: int) -> SampleAgainstData:
    mean, covariance = sums.mean(number), sums.covariance(number)
    if measurement.edges is not None:
        # an empty bin has no scatter: the error is at least what the measured content would have
        width = measurement.edges[:, 1] - measurement.edges[:, 0]
        least = np.maximum(measurement.values, 0.0) / (width * sums.effective_events)
        covariance = covariance + np.diag(np.maximum(least - np.diag(covariance), 0.0))
    error = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    compared = np.ones(len(mean), dtype=bool)
    if measurement.edges is None:
        # species that the generator does not make, or does not write
        compared &= mean > 0.0
    if undecayed_words(sums):
        compared &= ~measurement.needs_decays
    with np.errstate(divide="ignore", invalid="ignore"):
        pulls = (mean - measurement.values) / np.hypot(error, measurement.errors)
    pulls = np.where(compared, pulls, np.nan)
    ndf = int(compared.sum())
    if not ndf:
        return SampleAgainstData(
            mean=mean, error=error, pulls=pulls, compared=compared, chi2=0.0, ndf=0, p_value=1.0
        )
    difference = (mean - measurement.values)[compared]
    total = covariance[np.ix_(compared, compared)] + np.diag(measurement.errors[compared] ** 2)
    chi2 = float(difference @ np.linalg.solve(total, difference))
    return SampleAgainstData(
        mean=mean,
        error=error,
        pulls=pulls,
        compared=compared,
        chi2=chi2,
        ndf=ndf,
        p_value=float(special.chdtrc(ndf, chi2)),
    )


def compare_data(
    candidate: MeasuredSums, reference: MeasuredSums, labels: tuple[str, str]
) -> tuple[MeasuredResult, ...]:
    """Compare two samples with all measurements.

    Parameters
    ----------
    candidate, reference
        Sums of the samples, of the same measurements.
    labels
        Names of the samples, for notes.
    """
    notes = []
    for sums, label in ((candidate, labels[0]), (reference, labels[1])):
        words = undecayed_words(sums) if sums.measurements else ""
        if words:
            notes.append(
                f"{label}: {words} in the sample, against the definition of the measurement; "
                "what depends on it is not compared"
            )
    found = []
    for number, measurement in enumerate(reference.measurements):
        sides = [_compare(measurement, sums, number) for sums in (candidate, reference)]
        own = tuple(notes) if measurement.needs_decays.any() else ()
        found.append(MeasuredResult(measurement, sides[0], sides[1], own))
    return tuple(found)
