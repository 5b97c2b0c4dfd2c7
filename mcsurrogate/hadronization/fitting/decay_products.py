# SPDX-License-Identifier: GPL-3.0-or-later
"""Hadrons by themselves in Pythia: mean numbers of particles in their decays, and masses."""

from collections.abc import Iterable

import numpy as np
import pythia8mc
from numpy.typing import NDArray

from mcsurrogate.errors import PythiaError

__all__ = ["CHARGED", "decay_products", "low_masses", "product_matrix"]

#: Key of the number of charged particles that are left after all decays.
CHARGED = 0
_STATUS = 83
_TRIES = 20
_MASSES = 5000
_K0, _NEUTRAL_KAONS = 311, (130, 310)


def decay_products(
    species: Iterable[int], *, decays: int, seed: int
) -> dict[int, dict[int, float]]:
    """Decay hadrons at rest and count what appears, the hadron itself included.

    Parameters
    ----------
    species
        Codes without sign.
    decays
        Number of decays of each.
    seed
        From 1 to 900,000,000.

    Returns
    -------
    dict[int, dict[int, float]]
        For each hadron the mean number of every particle, code without sign, in its decay chain;
        the key `CHARGED` is the number of charged particles at the end, and K0 (311) are all
        that end as K0S or K0L.

    Raises
    ------
    PythiaError
        If a hadron is unknown to Pythia or cannot be decayed.
    """
    pythia = _decaying_pythia(seed)
    return {code: _of_one(pythia, code, decays) for code in sorted(set(species))}


def low_masses(codes: Iterable[int], quantile: float, *, seed: int) -> dict[int, float]:
    """Quantile of the masses in GeV that Pythia gives each hadron, by code.

    Raises
    ------
    PythiaError
        If a hadron is unknown to Pythia.
    """
    pythia = _decaying_pythia(seed)
    masses = {}
    for code in codes:
        _require(pythia.particleData, code)
        drawn = [pythia.particleData.mSel(code) for _ in range(_MASSES)]
        masses[code] = float(np.quantile(drawn, quantile))
    return masses


def _decaying_pythia(seed: int) -> pythia8mc.Pythia:
    pythia = pythia8mc.Pythia("", False)
    for line in ("ProcessLevel:all = off", "Check:event = off", "Print:quiet = on",
                 "Random:setSeed = on",
                 f"Random:seed = {seed}"):  # fmt: skip
        pythia.readString(line)
    if not pythia.init():
        raise PythiaError("Pythia cannot be initialised for decays")
    return pythia


def _require(data: pythia8mc.ParticleData, code: int) -> None:
    if not data.isParticle(code):
        raise PythiaError(f"Pythia does not know a hadron {code}")


def _of_one(pythia: pythia8mc.Pythia, code: int, decays: int) -> dict[int, float]:
    data = pythia.particleData
    _require(data, code)
    if not (data.canDecay(code) and data.mayDecay(code)):
        return {code: 1.0, CHARGED: float(data.chargeType(code) != 0)}
    counts: dict[int, int] = {}
    mass = data.m0(code)
    for _ in range(decays):
        if not any(_decay(pythia, code, mass) for _ in range(_TRIES)):
            raise PythiaError(f"Pythia cannot decay {code}")
        event = pythia.event
        for i in range(1, event.size()):
            particle = event[i]
            key = abs(particle.id())
            if key > 100:
                counts[key] = counts.get(key, 0) + 1
            if particle.isFinal() and particle.isCharged():
                counts[CHARGED] = counts.get(CHARGED, 0) + 1
    # Pythia decays phi, f0 and a0 to K0S and K0L at once.
    if kaons := sum(counts.get(key, 0) for key in _NEUTRAL_KAONS):
        counts[_K0] = kaons
    return {key: count / decays for key, count in counts.items()}


def product_matrix(
    table: dict[int, dict[int, float]], rows: Iterable[int], columns: Iterable[int]
) -> NDArray[np.float64]:
    """``(rows, columns)`` mean number of each particle of `columns` from each hadron of `rows`."""
    columns = list(columns)
    return np.array([[table[row].get(column, 0.0) for column in columns] for row in rows])


def _decay(pythia: pythia8mc.Pythia, code: int, mass: float) -> bool:
    pythia.event.reset()
    pythia.event.append(code, _STATUS, 0, 0, 0.0, 0.0, 0.0, mass, mass)
    return bool(pythia.forceHadronLevel(False))
