"""Mean numbers of particles in the decay chains of hadrons, by Pythia's decays."""

from collections.abc import Iterable

import numpy as np
import pythia8mc
from numpy.typing import NDArray

from mcsurrogate.errors import PythiaError

__all__ = ["CHARGED", "decay_products", "product_matrix"]

#: Key of the number of charged particles that are left after all decays.
CHARGED = 0
_STATUS = 83
_TRIES = 20


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
        the key `CHARGED` is the number of charged particles at the end.

    Raises
    ------
    PythiaError
        If a hadron is unknown to Pythia or cannot be decayed.
    """
    pythia = pythia8mc.Pythia("", False)
    for line in ("ProcessLevel:all = off", "Check:event = off", "Print:quiet = on",
                 "Random:setSeed = on",
                 f"Random:seed = {seed}"):  # fmt: skip
        pythia.readString(line)
    if not pythia.init():
        msg = "Pythia cannot be initialised for decays"
        raise PythiaError(msg)
    return {code: _of_one(pythia, code, decays) for code in sorted(set(species))}


def _of_one(pythia: pythia8mc.Pythia, code: int, decays: int) -> dict[int, float]:
    data = pythia.particleData
    if not data.isParticle(code):
        msg = f"Pythia does not know a hadron {code}"
        raise PythiaError(msg)
    if not (data.canDecay(code) and data.mayDecay(code)):
        return {code: 1.0, CHARGED: float(data.chargeType(code) != 0)}
    counts: dict[int, int] = {}
    mass = data.m0(code)
    for _ in range(decays):
        if not any(_decay(pythia, code, mass) for _ in range(_TRIES)):
            msg = f"Pythia cannot decay {code}"
            raise PythiaError(msg)
        event = pythia.event
        for i in range(1, event.size()):
            particle = event[i]
            key = abs(particle.id())
            if key > 100:
                counts[key] = counts.get(key, 0) + 1
            if particle.isFinal() and particle.isCharged():
                counts[CHARGED] = counts.get(CHARGED, 0) + 1
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
