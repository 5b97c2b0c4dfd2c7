# SPDX-License-Identifier: GPL-3.0-or-later
"""Differential jet rates: what samples of several numbers of jets must add up to smoothly.

See arXiv:1109.4829, whose figures show these scales for every merging scale.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.analysis import Events
from mcsurrogate.validation.observables.registry import Observable, logarithmic, register

__all__ = ["JET_RATES"]

FloatArray = NDArray[np.float64]

_MOST = (500.0, 250.0, 120.0)


def _scale(n: int) -> Callable[[Events], FloatArray]:
    def compute(events: Events) -> FloatArray:
        return np.sqrt(events.radiation_scales[:, n])

    return compute


JET_RATES = tuple(
    Observable(
        name=f"jet_rate_{n}{n + 1}",
        title=f"Differential jet rate from {n} to {n + 1} jets",
        label=rf"$\sqrt{{d_{{{n}{n + 1}}}}}$",
        edges=logarithmic(3.0, most, 24),
        compute=_scale(n),
        group="jet",
        unit="GeV",
        definition=f"root of the scale of the kt algorithm at which {n + 1} jets become {n}; "
        "radius of the report's jets, quarks and gluons at the end of the shower that no top "
        "quark, Z, W or Higgs boson decays to",
        log_x=True,
        log_y=True,
    )
    for n, most in enumerate(_MOST)
)

register(*JET_RATES)
