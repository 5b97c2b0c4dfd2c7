# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers of particles of each species in an event, and mean yields with decayed ones."""

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.analysis import Events
from mcsurrogate.events import groups_of
from mcsurrogate.validation.histograms import Values
from mcsurrogate.validation.observables.registry import Observable, linear, register

__all__ = ["HADRON_YIELDS", "MULTIPLICITY"]

FloatArray = NDArray[np.float64]

HADRON_YIELDS: tuple[tuple[str, str, tuple[int, ...]], ...] = (
    ("pi+", r"$\pi^\pm$", (211,)),
    ("pi0", r"$\pi^0$", (111,)),
    ("K+", r"$K^\pm$", (321,)),
    ("K0", r"$K^0$", (130, 310)),
    ("eta", r"$\eta$", (221,)),
    ("eta'", r"$\eta'$", (331,)),
    ("rho0", r"$\rho^0$", (113,)),
    ("rho+", r"$\rho^\pm$", (213,)),
    ("omega", r"$\omega$", (223,)),
    ("phi", r"$\phi$", (333,)),
    ("K*+", r"$K^{*\pm}$", (323,)),
    ("K*0", r"$K^{*0}$", (313,)),
    ("D+", r"$D^\pm$", (411,)),
    ("D0", r"$D^0$", (421,)),
    ("Ds+", r"$D_s^\pm$", (431,)),
    ("D*+", r"$D^{*\pm}$", (413,)),
    ("B+", r"$B^\pm$", (521,)),
    ("B0", r"$B^0$", (511,)),
    ("Bs0", r"$B^0_s$", (531,)),
    ("p", r"$p$", (2212,)),
    ("n", r"$n$", (2112,)),
    ("Lambda", r"$\Lambda$", (3122,)),
    ("Sigma", r"$\Sigma^{\pm,0}$", (3112, 3212, 3222)),
    ("Xi", r"$\Xi$", (3312, 3322)),
    ("Delta++", r"$\Delta^{++}$", (2224,)),
    ("Sigma*", r"$\Sigma(1385)$", (3114, 3214, 3224)),
    ("Omega", r"$\Omega$", (3334,)),
    ("Lambda_c", r"$\Lambda_c$", (4122,)),
    ("Lambda_b", r"$\Lambda_b$", (5122,)),
)
"""Name, label and PDG numbers, of particle and antiparticle together."""


def _slots(events: Events) -> NDArray[np.int64]:
    """Yield bin of every particle of the record, -1 for none."""
    return groups_of(np.abs(events.chunk.pid), tuple(pids for _, _, pids in HADRON_YIELDS))


def _yields(events: Events, primary: bool) -> Values:
    """Bin of each hadron's species, last copies; all, or those that no hadron decayed to."""
    slot = _slots(events)
    chosen = slot >= 0
    if primary:
        chosen &= ~events.chunk.from_hadron
    index = events.chunk.last_copies(chosen)
    return Values(slot[index].astype(np.float64) + 0.5, events.chunk.event[index])


def _number(
    name: str, words: str, symbol: str, high: int, pids: tuple[int, ...], decayed: bool = False
) -> Observable:
    """Distribution of the number of particles in an event."""

    def compute(events: Events) -> FloatArray:
        if decayed:
            both = tuple(p for pid in pids for p in (pid, -pid))
            return events.last_copies(*both).counts.astype(np.float64)
        final = events.final
        return final.where(np.isin(np.abs(final.pid), pids)).counts.astype(np.float64)

    state = "last copies, decayed ones included" if decayed else "final state"
    return Observable(
        name=f"{name}_number",
        title=f"Number of {words}",
        label=rf"$N({symbol})$",
        edges=linear(-0.5, high + 0.5, high + 1),
        compute=compute,
        group="event",
        definition=f"number of {words} in an event ({state})",
        log_y=True,
    )


MULTIPLICITY = (
    Observable(
        name="charged_number",
        title="Charged particles",
        label=r"$N_{\rm ch}$",
        edges=linear(1, 61, 30),
        compute=lambda e: e.charged.counts.astype(np.float64),
        group="event",
        definition="charged final-state particles",
    ),
    _number("pion", "charged pions", r"\pi^\pm", 45, (211,)),
    _number("kaon", "charged kaons", r"K^\pm", 12, (321,)),
    _number("proton", "protons and antiprotons", r"p, \bar p", 8, (2212,)),
    _number("photon", "photons", r"\gamma", 60, (22,)),
    _number("neutral_kaon", "neutral kaons", "K^0", 10, (130, 310), True),
    _number("lambda", "Lambda baryons", r"\Lambda", 5, (3122,), True),
    Observable(
        name="hadron_yields",
        title="Hadron yields",
        label="species",
        edges=linear(0, len(HADRON_YIELDS), len(HADRON_YIELDS)),
        compute=lambda e: _yields(e, primary=False),
        group="particle",
        definition="mean number of hadrons an event, antiparticles and decayed hadrons included",
        log_y=True,
        categories=tuple(label for _, label, _ in HADRON_YIELDS),
    ),
    Observable(
        name="primary_yields",
        title="Primary hadron yields",
        label="species",
        edges=linear(0, len(HADRON_YIELDS), len(HADRON_YIELDS)),
        compute=lambda e: _yields(e, primary=True),
        group="particle",
        definition="mean number of hadrons an event that come from no other hadron's decay",
        log_y=True,
        categories=tuple(label for _, label, _ in HADRON_YIELDS),
    ),
)

register(*MULTIPLICITY)
