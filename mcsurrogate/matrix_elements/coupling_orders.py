# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits on the powers of the couplings, of amplitudes and of their squares."""

from collections.abc import Iterable
from dataclasses import dataclass
from operator import eq, gt, le

__all__ = ["CouplingOrders", "Power", "SquaredLimit"]

Power = tuple[int, int]
"""Powers (QCD, QED) of the strong and of the electroweak coupling in an amplitude."""

_COMPARISONS = {"==": eq, "<=": le, ">": gt}


@dataclass(frozen=True, slots=True, order=True)
class SquaredLimit:
    """A limit such as ``QCD^2==4`` on the power of a coupling in the squared amplitude.

    Attributes
    ----------
    coupling
        ``QCD``, ``QED`` or ``WEIGHTED``.
    sign
        ``==``, ``<=`` or ``>``.
    value
        Sum of the powers of the two amplitudes that interfere: g_s^4, alpha_s^2, is ``QCD^2==4``.
    """

    coupling: str
    sign: str
    value: int

    def allows(self, first: Power, second: Power) -> bool:
        """Whether the interference of two amplitudes with these powers is wanted."""
        qcd, qed = first[0] + second[0], first[1] + second[1]
        total = {"QCD": qcd, "QED": qed, "WEIGHTED": qcd + 2 * qed}[self.coupling]
        return bool(_COMPARISONS[self.sign](total, self.value))

    def __str__(self) -> str:
        return f"{self.coupling}^2{self.sign}{self.value}"


@dataclass(frozen=True, slots=True)
class CouplingOrders:
    """Limits on the powers of the couplings in an amplitude and in its square.

    Attributes
    ----------
    qcd, qed
        Largest power of the strong and of the electroweak coupling, None for no limit.
    exact_qcd, exact_qed
        Required power, None for none.
    weighted
        Largest QCD + 2 QED, None for no limit.  Where nothing at all is limited, the
        smallest value that has a diagram is used, as MadGraph does.
    squared
        Limits on the squared amplitude: which interferences are kept.
    """

    qcd: int | None = None
    qed: int | None = None
    exact_qcd: int | None = None
    exact_qed: int | None = None
    weighted: int | None = None
    squared: tuple[SquaredLimit, ...] = ()

    @property
    def is_default(self) -> bool:
        """Whether no limit was given, so that the smallest WEIGHTED applies."""
        return self == CouplingOrders()

    def allows(self, qcd: int, qed: int) -> bool:
        """Whether an amplitude with these powers is within the limits on amplitudes."""
        return (
            (self.qcd is None or qcd <= self.qcd)
            and (self.qed is None or qed <= self.qed)
            and (self.exact_qcd is None or qcd == self.exact_qcd)
            and (self.exact_qed is None or qed == self.exact_qed)
            and (self.weighted is None or qcd + 2 * qed <= self.weighted)
        )

    def interferences(self, powers: Iterable[Power]) -> frozenset[tuple[Power, Power]]:
        """Return the pairs of powers whose product the squared amplitude holds."""
        within = [power for power in powers if self.allows(*power)]
        return frozenset(
            (first, second)
            for first in within
            for second in within
            if all(limit.allows(first, second) for limit in self.squared)
        )

    def select(self, powers: Iterable[Power]) -> frozenset[Power]:
        """Return the powers within the limits, of amplitudes that the square has need of."""
        return frozenset(first for first, _ in self.interferences(powers))

    def __str__(self) -> str:
        parts = []
        for name, sign, value in (
            ("QCD", "<=", self.qcd),
            ("QED", "<=", self.qed),
            ("QCD", "==", self.exact_qcd),
            ("QED", "==", self.exact_qed),
            ("WEIGHTED", "<=", self.weighted),
        ):
            if value is not None:
                parts.append(f"{name}{sign}{value}")
        return " ".join((*parts, *map(str, self.squared)))
