# SPDX-License-Identifier: GPL-3.0-or-later
"""Jets by other algorithms than the report's: Cambridge/Aachen and kt, and kt's scales."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.analysis import Events, JetAlgorithm, JetCollection
from mcsurrogate.events import Particles
from mcsurrogate.validation.observables.registry import (
    Observable,
    linear,
    logarithmic,
    of_particles,
    register,
)

__all__ = ["CAMBRIDGE_AACHEN", "KT"]

FloatArray = NDArray[np.float64]

_CUTS = "radius and cuts of the report's jets"
_MOST = 3


def _collection(events: Events, algorithm: JetAlgorithm) -> JetCollection:
    return events.jet_collection(replace(events.jet_definition, algorithm=algorithm))


def _jets(algorithm: JetAlgorithm) -> Callable[[Events], Particles]:
    return lambda e: _collection(e, algorithm).jets


def _scale(n: int) -> Callable[[Events], FloatArray]:
    def compute(events: Events) -> FloatArray:
        scales = events.kt_scales[:, n]
        return np.sqrt(scales)

    return compute


def _of(name: str, algorithm: JetAlgorithm) -> tuple[Observable, ...]:
    jets = _jets(algorithm)
    return (
        Observable(
            name=f"{name}_jet_multiplicity",
            title=f"Number of {algorithm.value} jets",
            label=r"$N_{\rm jets}$",
            edges=linear(-0.5, 14.5, 15),
            compute=lambda e: jets(e).counts.astype(np.float64),
            group="jet",
            definition=f"{algorithm.value} algorithm with {_CUTS}",
            log_y=True,
        ),
        Observable(
            name=f"{name}_jet_pt",
            title=f"Transverse momentum of {algorithm.value} jets",
            label=r"$p_T(j)$",
            edges=logarithmic(25, 1000, 30),
            compute=lambda e: of_particles(jets(e), jets(e).pt),
            group="jet",
            unit="GeV",
            definition=f"{algorithm.value} algorithm with {_CUTS}",
            log_x=True,
            log_y=True,
        ),
        Observable(
            name=f"{name}_jet_mass",
            title=f"Mass of {algorithm.value} jets",
            label=r"$m(j)$",
            edges=(*linear(0, 40, 20), 45, 50, 60, 70, 80, 100, 140),
            compute=lambda e: of_particles(jets(e), jets(e).mass),
            group="jet",
            unit="GeV",
            definition=f"{algorithm.value} algorithm with {_CUTS}",
            log_y=True,
        ),
    )


CAMBRIDGE_AACHEN = _of("ca", JetAlgorithm.CAMBRIDGE_AACHEN)
KT = (
    *_of("kt", JetAlgorithm.KT),
    *(
        Observable(
            name=f"kt_scale_{n}{n + 1}",
            title=f"kt splitting scale between {n} and {n + 1} jets",
            label=rf"$\sqrt{{d_{{{n}{n + 1}}}}}$",
            edges=logarithmic((10.0, 5.0, 4.0)[n - 1], (500.0, 200.0, 100.0)[n - 1], 28),
            compute=_scale(n - 1),
            group="jet",
            unit="GeV",
            definition="root of the scale of the kt algorithm at which one jet more is merged; "
            "radius of the report's jets, all visible particles",
            log_x=True,
            log_y=True,
        )
        for n in range(1, _MOST + 1)
    ),
)

register(*CAMBRIDGE_AACHEN, *KT)
