# SPDX-License-Identifier: GPL-3.0-or-later
"""What events weigh in pb, and whether they say what the cross section says.

An unweighted event stands for sigma / (mean weight in units of one event), and that mean is fixed
by the share f of the cross section above unit weight that the maxima were chosen for: 1 / (1 - f).
"""

import math

from torch import Tensor

from mcsurrogate.errors import GenerationError

__all__ = ["EventNormalisation"]

_LARGEST_DEVIATION = 5.0
"""Standard errors between mean weight and cross section: 6e-7 of correct samples lie beyond."""

_LARGEST_RATIO = 5.0
"""Of the overweight share to the one wanted: maxima come from a finite sample too."""

_FALSE_ALARM = 6e-7
"""Chance that a correct sample, of a share within that ratio, is refused for its share."""

_SMALLEST_SHARE = 1e-3
"""A smaller wanted share is judged as this: a finite sample does not hold the largest weight."""


class EventNormalisation:
    r"""Turns weights in units of one event into pb, and compares their mean with the integral.

    The error of the mean holds that of the integral, and the spread of the weights about their
    expected mean: the observed one or that expected from the integration, whichever is larger.
    (Fewer than 25 events are never beyond five of these.)

    An overweight share beyond five times the one wanted counts where it is no accident of a few
    events.  With T the sum of what events carry beyond one, each taken as at most one, and
    :math:`\mu` its largest mean at five times the share, Chernoff's bound is

    .. math:: P(\ge T) \le \exp\left(-\left[T \ln(T/\mu) - T + \mu\right]\right)

    (Hoeffding 1963, eq. 2.1, in its limit of rare events): fewer than four overweight events never
    suffice.

    Parameters
    ----------
    cross_section, error
        Of the integration, in pb.
    overweight
        Share of the cross section above unit weight that the maxima were chosen for.
    effective
        Effective number of events over their number that is expected from them, and from a bias.
    biased
        Integral that the events are drawn from where they have a bias, which their weights are
        divided by; the cross section if None.
    """

    def __init__(
        self,
        cross_section: float,
        error: float,
        overweight: float,
        effective: float,
        biased: float | None = None,
    ) -> None:
        self.unit = (cross_section if biased is None else biased) * (1 - overweight)
        self._cross_section, self._error = cross_section, error
        self._overweight, self._effective = overweight, effective
        self._events = 0
        self._sum = self._spread = self._excess = self._capped = 0.0

    def weigh(self, weights: Tensor, bias: Tensor | None = None) -> Tensor:
        """Return weights ``(N, W)`` in pb; the first of each event, the nominal one, is counted.

        Parameters
        ----------
        weights
            In units of one event, as drawn.
        bias
            ``(N,)`` bias of each event, None without.
        """
        nominal = weights[:, 0].double()
        excess = (nominal.abs() - 1.0).clamp(min=0.0)
        self._excess += float(excess.sum())
        self._capped += float(excess.clamp(max=1.0).sum())
        if bias is not None:
            weights = weights / bias[:, None]
            nominal = weights[:, 0].double()
        self._events += len(nominal)
        self._sum += float(nominal.sum())
        self._spread += float((nominal - self._cross_section / self.unit).square().sum())
        return weights * self.unit

    @property
    def mean(self) -> float:
        """Mean weight in pb."""
        return self.unit * self._sum / self._events

    @property
    def error(self) -> float:
        """Standard error in pb of mean weight minus cross section."""
        expected = self._cross_section**2 * (1.0 / self._effective - 1.0)
        observed = self.unit**2 * self._spread / self._events
        return math.sqrt(self._error**2 + max(expected, observed) / self._events)

    def check(self) -> dict[str, float]:
        """Return the mean weight with its error, for ``run.json``.

        Raises
        ------
        GenerationError
            If the mean is beyond five errors of the cross section, or the overweight share beyond
            five times the one wanted.
        """
        remedy = (
            "the sampler and its maxima are not those of this process; integrate again into "
            "another folder (--out), with more integration.max_evaluations. The events are not kept"
        )
        share = self._excess / (self._events + self._excess)
        wanted = _LARGEST_RATIO * max(self._overweight, _SMALLEST_SHARE)
        if share > wanted and self._chance(wanted) < _FALSE_ALARM:
            raise GenerationError(
                f"overweight events hold {share:.3%} of the weight of {self._events} events, and "
                f"{self._overweight:.3%} was asked for (mean weight {self.mean:.6g} pb, cross "
                f"section {self._cross_section:.6g} pb): {remedy}"
            )
        deviation = abs(self.mean - self._cross_section) / self.error
        if deviation > _LARGEST_DEVIATION:
            raise GenerationError(
                f"the mean weight of {self._events} events is {self.mean:.6g} pb and the cross "
                f"section {self._cross_section:.6g} pb, {deviation:.1f} standard errors of "
                f"{self.error:.2g} pb apart: {remedy}"
            )
        return {"mean_weight_pb": self.mean, "mean_weight_error_pb": self.error}

    def _chance(self, share: float) -> float:
        """Largest chance of so much excess where the share is at most the given one."""
        if share >= 1.0:
            return 1.0
        mean = self._events * share / (1.0 - share)
        if self._capped <= mean:
            return 1.0
        return math.exp(self._capped - mean - self._capped * math.log(self._capped / mean))
