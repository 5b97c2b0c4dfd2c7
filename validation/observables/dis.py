# SPDX-License-Identifier: GPL-3.0-or-later
"""Deep inelastic scattering of leptons on hadrons, in the variables of the scattered lepton."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.analysis import Events
from mcsurrogate.events import Particles
from mcsurrogate.validation.observables.registry import Section, linear, logarithmic, register

__all__ = ["DIS"]

FloatArray = NDArray[np.float64]

_dis = Section("event")
_LEPTONS = (11, 12, 13, 14, 15, 16)


def _vectors(particles: Particles) -> FloatArray:
    """``(N, 4)`` [E, px, py, pz] of the first entry of each event, NaN for none."""
    columns = (particles.energy, particles.px, particles.py, particles.pz)
    return np.stack([particles.take(column, 0) for column in columns], axis=1)


def _product(a: FloatArray, b: FloatArray) -> FloatArray:
    product: FloatArray = a[:, 0] * b[:, 0] - (a[:, 1:] * b[:, 1:]).sum(axis=1)
    return product


@dataclass(frozen=True)
class _Kinematics:
    """Lepton before and after, and hadron, ``(N, 4)`` each; NaN where there is none."""

    before: FloatArray
    after: FloatArray
    hadron: FloatArray
    charged: FloatArray

    @classmethod
    def of(cls, events: Events) -> "_Kinematics":
        beams, final = events.chunk.beams, events.final
        lepton = np.isin(np.abs(beams.pid), _LEPTONS)
        incoming = beams.where(lepton)
        own = incoming.take(incoming.pid.astype(np.float64), 0)[final.event]
        kept = final.pid == own
        # its partner of the doublet has an odd number one below, or an even one above
        partner = np.sign(own) * np.where(np.abs(own) % 2 == 1, np.abs(own) + 1, np.abs(own) - 1)
        found = final.where(kept | (final.pid == partner))
        hardest = found.ordered_by(found.energy)
        flavour = hardest.take(hardest.pid.astype(np.float64), 0)
        alike = (flavour == incoming.take(incoming.pid.astype(np.float64), 0)).astype(np.float64)
        alike[np.isnan(flavour)] = np.nan
        return cls(
            _vectors(incoming),
            _vectors(hardest),
            _vectors(beams.where(~lepton)),
            alike,
        )

    @property
    def transfer(self) -> FloatArray:
        """Four-momentum that the lepton gives."""
        return self.before - self.after

    @property
    def q2(self) -> FloatArray:
        """Virtuality Q^2 in GeV^2."""
        return -_product(self.transfer, self.transfer)

    @property
    def x(self) -> FloatArray:
        """Bjorken's variable."""
        with np.errstate(invalid="ignore", divide="ignore"):
            share: FloatArray = self.q2 / (2.0 * _product(self.hadron, self.transfer))
        return share

    @property
    def y(self) -> FloatArray:
        """Inelasticity."""
        with np.errstate(invalid="ignore", divide="ignore"):
            share: FloatArray = _product(self.hadron, self.transfer) / _product(
                self.hadron, self.before
            )
        return share

    @property
    def w(self) -> FloatArray:
        """Mass of the hadronic final state in GeV."""
        total = self.hadron + self.transfer
        return np.sqrt(np.maximum(_product(total, total), 0.0))

    @property
    def cosine(self) -> FloatArray:
        """Of the angle between lepton before and after."""
        a, b = self.before[:, 1:], self.after[:, 1:]
        with np.errstate(invalid="ignore", divide="ignore"):
            cosine: FloatArray = (a * b).sum(axis=1) / np.sqrt(
                (a**2).sum(axis=1) * (b**2).sum(axis=1)
            )
        return cosine


def _of(quantity: Callable[[_Kinematics], FloatArray]) -> Callable[[Events], FloatArray]:
    return lambda events: quantity(_Kinematics.of(events))


_LEPTON = (
    "hardest final lepton of the kind of the beam or its partner in the doublet, without what "
    "radiates from it"
)
DIS = (
    _dis(
        "dis_q2",
        "Virtuality",
        "$Q^2$",
        logarithmic(1.0, 1e5, 40),
        _of(lambda k: k.q2),
        _LEPTON,
        "GeV^2",
        log_x=True,
        log_y=True,
    ),
    _dis(
        "dis_x",
        "Bjorken x",
        "$x$",
        logarithmic(1e-5, 1.0, 40),
        _of(lambda k: k.x),
        _LEPTON,
        log_x=True,
        log_y=True,
    ),
    _dis("dis_y", "Inelasticity", "$y$", linear(0.0, 1.0, 40), _of(lambda k: k.y), _LEPTON),
    _dis(
        "dis_w",
        "Mass of the hadronic final state",
        "$W$",
        logarithmic(1.0, 2000.0, 40),
        _of(lambda k: k.w),
        _LEPTON,
        "GeV",
        log_x=True,
        log_y=True,
    ),
    _dis(
        "scattered_lepton_energy",
        "Energy of the scattered lepton",
        "$E'$",
        logarithmic(0.1, 10_000.0, 40),
        _of(lambda k: k.after[:, 0]),
        _LEPTON,
        "GeV",
        log_x=True,
        log_y=True,
    ),
    _dis(
        "scattered_lepton_angle",
        "Angle of the scattered lepton",
        r"$\cos\theta'$",
        linear(-1.0, 1.0, 40),
        _of(lambda k: k.cosine),
        f"{_LEPTON}; to the lepton of the beam",
        log_y=True,
    ),
    _dis(
        "scattered_lepton_kind",
        "Kind of the scattered lepton",
        "kind",
        linear(0, 2, 2),
        _of(lambda k: k.charged + 0.5),
        f"{_LEPTON}: charged current, or neutral current",
        categories=("partner (charged current)", "same (neutral current)"),
        density=False,
    ),
)

register(*DIS)
