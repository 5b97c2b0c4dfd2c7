# SPDX-License-Identifier: GPL-3.0-or-later
"""W, Z and Higgs bosons of hadron collisions, their leptons, and the jets beside them."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.analysis import Events
from mcsurrogate.events import Particles
from mcsurrogate.validation.histograms import Values
from mcsurrogate.validation.observables.angles import azimuth_difference
from mcsurrogate.validation.observables.registry import (
    Observable,
    Section,
    linear,
    logarithmic,
    of_particles,
    register,
)

__all__ = ["HIGGS", "VECTOR_BOSON"]

FloatArray = NDArray[np.float64]

_boson = Section("boson")
_PT = (0.0, 2.0, 4.0, 7.0, *linear(10.0, 100.0, 18), 120.0, 150.0, 200.0, 300.0, 500.0, 1000.0)
_LEPTON_PT = 10.0
_DECAYS: tuple[tuple[str, tuple[int, ...]], ...] = (
    (r"$b\bar b$", (5,)),
    (r"$c\bar c$", (4,)),
    ("light quarks", (1, 2, 3)),
    (r"$\tau\tau$", (15,)),
    ("$ee$", (11,)),
    (r"$\mu\mu$", (13,)),
    (r"$\nu\nu$", (12, 14, 16)),
    ("$WW$", (24,)),
    ("$ZZ$", (23,)),
    (r"$\gamma$", (22,)),
    ("$gg$", (21,)),
)


def _leptons(events: Events) -> Particles:
    """Return final electrons and muons above 10 GeV of pT, by descending pT."""
    final = events.final
    found = final.where(np.isin(np.abs(final.pid), (11, 13)) & (final.pt > _LEPTON_PT))
    return found.ordered_by(found.pt)


def _two_leptons(events: Events) -> tuple[Particles, NDArray[np.bool_]]:
    """Sum of the two leading leptons, and whether there are two of one flavour and both signs."""
    leptons = _leptons(events)
    two = leptons.where(leptons.rank < 2)
    net = two.sum_over(two.pid.astype(np.float64))
    return two.total(), (two.counts == 2) & (net == 0.0)


def _dilepton(quantity: Callable[[Particles], FloatArray]) -> Callable[[Events], FloatArray]:
    def compute(events: Events) -> FloatArray:
        total, there = _two_leptons(events)
        return np.where(there, quantity(total), np.nan)

    return compute


def _lepton(quantity: Callable[[Particles], FloatArray]) -> Callable[[Events], Values]:
    def compute(events: Events) -> Values:
        leptons = _leptons(events)
        leading = leptons.where(leptons.rank < 2)
        return of_particles(leading, quantity(leading))

    return compute


def _transverse_mass(events: Events) -> FloatArray:
    """Of the leading lepton and the missing momentum, sqrt(2 pT pT_miss (1 - cos dphi))."""
    leptons, missing = _leptons(events), events.invisible.total()
    pt, phi = (leptons.take(x, 0) for x in (leptons.pt, leptons.phi))
    turn = azimuth_difference(phi, missing.phi)
    mass: FloatArray = np.sqrt(2.0 * pt * missing.pt * (1.0 - np.cos(turn)))
    return mass


def _beside(pids: tuple[int, ...]) -> Callable[[Events], FloatArray]:
    """Azimuth between the leading boson and the leading jet."""

    def compute(events: Events) -> FloatArray:
        bosons, jets = events.bosons(*pids), events.jets
        return np.abs(azimuth_difference(bosons.take(bosons.phi, 0), jets.take(jets.phi, 0)))

    return compute


def _jet_pair(quantity: str) -> Callable[[Events], FloatArray]:
    """Mass or rapidity difference of the two leading jets."""

    def compute(events: Events) -> FloatArray:
        jets = events.jets
        if quantity == "gap":
            return np.abs(jets.take(jets.rapidity, 0) - jets.take(jets.rapidity, 1))
        leading = jets.where(jets.rank < 2)
        return np.where(leading.counts == 2, leading.total().mass, np.nan)

    return compute


def _decay(events: Events) -> Values:
    """Kinds of the first products of Higgs bosons."""
    chunk = events.chunk
    index = chunk.last_copies(chunk.pid == 25)
    index = index[chunk.end_vertex[index] >= 0]
    parent, child = chunk.children(index)
    magnitude = np.abs(chunk.pid[child])
    kind = np.full(len(index), len(_DECAYS), dtype=np.int64)
    for i, (_, pids) in reversed(list(enumerate(_DECAYS))):
        kind[parent[np.isin(magnitude, pids)]] = i
    return Values(kind.astype(np.float64) + 0.5, chunk.event[index])


def _photon_pair(events: Events) -> FloatArray:
    photons = events.final.where(events.final.pid == 22)
    leading = photons.ordered_by(photons.pt)
    two = leading.where((leading.rank < 2) & (leading.pt > _LEPTON_PT))
    return np.where(two.counts == 2, two.total().mass, np.nan)


def _four_leptons(events: Events) -> FloatArray:
    leptons = _leptons(events)
    four = leptons.where(leptons.rank < 4)
    return np.where(four.counts == 4, four.total().mass, np.nan)


def _kinematics(name: str, words: str, symbol: str, *pids: int) -> tuple[Observable, ...]:
    return (
        _boson(
            f"{name}_pt",
            f"Transverse momentum of {words}",
            f"$p_T({symbol})$",
            _PT,
            lambda e: of_particles(e.bosons(*pids), e.bosons(*pids).pt),
            f"last copies of {words}",
            "GeV",
            log_y=True,
        ),
        _boson(
            f"{name}_rapidity",
            f"Rapidity of {words}",
            f"$y({symbol})$",
            linear(-5.0, 5.0, 25),
            lambda e: of_particles(e.bosons(*pids), e.bosons(*pids).rapidity),
            f"last copies of {words}",
        ),
        _boson(
            f"{name}_jet_azimuth",
            f"Azimuth between the hardest of {words} and the leading jet",
            rf"$\Delta\phi({symbol}, j_1)$",
            linear(0.0, np.pi, 20),
            _beside(pids),
            f"last copies of {words}, the one with the largest pT",
            log_y=True,
        ),
    )


_LEADING = f"two leading electrons and muons with pT > {_LEPTON_PT:g} GeV"
_PAIR = f"{_LEADING}, of one flavour and opposite charges"
VECTOR_BOSON = (
    *_kinematics("z_boson", "Z bosons and virtual photons of the record", "Z", 23),
    *_kinematics("w_boson", "W bosons", "W", 24, -24),
    _boson(
        "dilepton_mass",
        "Mass of two leptons",
        r"$m(\ell^+\ell^-)$",
        (*linear(10.0, 70.0, 6), *linear(74.0, 108.0, 34), *linear(115.0, 200.0, 5), 400.0),
        _dilepton(lambda pair: pair.mass),
        _PAIR,
        "GeV",
        log_y=True,
    ),
    _boson(
        "dilepton_pt",
        "Transverse momentum of two leptons",
        r"$p_T(\ell^+\ell^-)$",
        _PT,
        _dilepton(lambda pair: pair.pt),
        _PAIR,
        "GeV",
        log_y=True,
    ),
    _boson(
        "hard_lepton_pt",
        "Transverse momentum of hard leptons",
        r"$p_T(\ell)$",
        (*linear(10.0, 80.0, 28), 100.0, 130.0, 180.0, 300.0, 600.0),
        _lepton(lambda leptons: leptons.pt),
        _LEADING,
        "GeV",
        log_y=True,
    ),
    _boson(
        "hard_lepton_eta",
        "Pseudorapidity of hard leptons",
        r"$\eta(\ell)$",
        linear(-5.0, 5.0, 25),
        _lepton(lambda leptons: leptons.eta),
        _LEADING,
    ),
    _boson(
        "transverse_mass",
        "Transverse mass of the leading lepton and the missing momentum",
        r"$m_T(\ell, \nu)$",
        (*linear(0.0, 120.0, 30), 150.0, 200.0, 400.0),
        _transverse_mass,
        f"electron or muon with pT > {_LEPTON_PT:g} GeV and the sum of all neutrinos",
        "GeV",
        log_y=True,
    ),
)
HIGGS = (
    *_kinematics("higgs", "Higgs bosons", "H", 25),
    _boson(
        "higgs_decays",
        "Decays of Higgs bosons",
        "products",
        linear(0, len(_DECAYS) + 1, len(_DECAYS) + 1),
        _decay,
        "mean number of Higgs bosons by the first of their products in this order",
        categories=(*(label for label, _ in _DECAYS), "others"),
        density=False,
        specific=True,
    ),
    _boson(
        "hard_photon_mass",
        "Mass of the two leading photons",
        r"$m(\gamma\gamma)$",
        (20.0, 60.0, 100.0, *linear(115.0, 135.0, 20), 150.0, 200.0, 400.0),
        _photon_pair,
        f"final photons with pT > {_LEPTON_PT:g} GeV",
        "GeV",
        log_y=True,
    ),
    _boson(
        "four_lepton_mass",
        "Mass of the four leading leptons",
        r"$m(4\ell)$",
        (50.0, 80.0, 100.0, *linear(115.0, 135.0, 20), 150.0, 200.0, 400.0),
        _four_leptons,
        f"electrons and muons with pT > {_LEPTON_PT:g} GeV",
        "GeV",
        log_y=True,
    ),
    _boson(
        "jet_pair_mass",
        "Mass of the two leading jets",
        "$m(j_1 j_2)$",
        (0.0, *logarithmic(20.0, 4000.0, 24)),
        _jet_pair("mass"),
        "jets of the report",
        "GeV",
        log_y=True,
    ),
    _boson(
        "jet_pair_gap",
        "Rapidity difference of the two leading jets",
        r"$|\Delta y(j_1, j_2)|$",
        linear(0.0, 9.0, 18),
        _jet_pair("gap"),
        "jets of the report",
    ),
)

register(*VECTOR_BOSON, *HIGGS)
