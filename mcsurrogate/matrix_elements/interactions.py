r"""Feynman rules of the Standard Model at tree level, in unitary gauge.

Every interaction lists its particles as incoming.  With the covariant derivative
:math:`D = \partial - i g_s G^a T^a - i g W^a T^a - i g' Y B` the vertices ``i V`` are those
of Peskin and Schroeder, *An Introduction to Quantum Field Theory*, eqs. (A.39-A.45) and
chapters 20.2 and 21.1; couplings here are those of ``V``:

* fermion-fermion-vector: :math:`\gamma^\mu (g_L P_L + g_R P_R)`,
* fermion-fermion-scalar: :math:`y`,
* three vectors: :math:`c\,[g^{\mu\nu}(k_1-k_2)^\rho + g^{\nu\rho}(k_2-k_3)^\mu +
  g^{\rho\mu}(k_3-k_1)^\nu]`,
* four vectors: :math:`c_1 g^{12} g^{34} + c_2 g^{13} g^{24} + c_3 g^{14} g^{23}`,
* two vectors and one or two scalars: :math:`c\,g^{\mu\nu}`; three or four scalars: :math:`c`.

Couplings of gluons are in units of the strong coupling and of the colour structure
(see `mcsurrogate.matrix_elements.colour`).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cache
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.matrix_elements.parameters import Parameter, StandardModel
from mcsurrogate.matrix_elements.particles import PARTICLES, Particle, antiparticle

__all__ = ["Interaction", "VertexKind", "interactions", "interactions_by_inputs"]


class VertexKind(Enum):
    """Lorentz structure of an interaction."""

    FFV = "fermion-fermion-vector"
    FFS = "fermion-fermion-scalar"
    VVV = "three vectors"
    VVVV = "four vectors"
    VVS = "two vectors and a scalar"
    VVSS = "two vectors and two scalars"
    SSS = "three scalars"
    SSSS = "four scalars"


CouplingFunction = Callable[[StandardModel], tuple[Parameter, ...]]


@dataclass(frozen=True, slots=True)
class Interaction:
    """One vertex of the model.

    Attributes
    ----------
    particles
        PDG ids, all incoming; fermion vertices list the antifermion (the barred spinor)
        first and the fermion second.
    kind
        Lorentz structure.
    qcd, qed
        Powers of the strong and of the electroweak coupling.
    couplings
        Function of the parameters that returns the couplings of the Lorentz structure.
    """

    particles: tuple[int, ...]
    kind: VertexKind
    qcd: int
    qed: int
    couplings: CouplingFunction


def _fermions() -> list[Particle]:
    return [p for p in PARTICLES.values() if p.is_fermion and p.pdg > 0]


def _isospin(fermion: Particle) -> float:
    return 0.5 if fermion.pdg % 2 == 0 else -0.5


def _photon_coupling(fermion: Particle) -> CouplingFunction:
    charge = fermion.charge3 / 3.0

    def coupling(model: StandardModel) -> tuple[Parameter, ...]:
        value = model.electric_charge * charge
        return value, value

    return coupling


def _z_coupling(fermion: Particle) -> CouplingFunction:
    charge, isospin = fermion.charge3 / 3.0, _isospin(fermion)

    def coupling(model: StandardModel) -> tuple[Parameter, ...]:
        unit = model.electric_charge / (model.sin_theta_w * model.cos_theta_w)
        return (
            unit * (isospin - model.sin2_theta_w * charge),
            unit * (-model.sin2_theta_w * charge),
        )

    return coupling


def _w_coupling(model: StandardModel) -> tuple[Parameter, ...]:
    return model.electric_charge / (math.sqrt(2.0) * model.sin_theta_w), 0.0


def _strong_unit(_model: StandardModel) -> tuple[Parameter, ...]:
    # Generators are normalised to Tr(T T) = 1, which leaves 1/sqrt(2) with each vertex.
    return math.sqrt(0.5), math.sqrt(0.5)


def _yukawa_coupling(fermion: Particle) -> CouplingFunction:
    name = {5: "bottom_yukawa_mass", 6: "top_yukawa_mass", 15: "tau_yukawa_mass"}[fermion.pdg]

    def coupling(model: StandardModel) -> tuple[Parameter, ...]:
        return (-getattr(model, name) / model.higgs_vev,)

    return coupling


def _fermion_interactions() -> list[Interaction]:
    table = []
    for fermion in _fermions():
        pair = (-fermion.pdg, fermion.pdg)
        if fermion.colour == 3:
            table.append(Interaction((*pair, 21), VertexKind.FFV, 1, 0, _strong_unit))
        if fermion.charge3 != 0:
            table.append(Interaction((*pair, 22), VertexKind.FFV, 0, 1, _photon_coupling(fermion)))
        table.append(Interaction((*pair, 23), VertexKind.FFV, 0, 1, _z_coupling(fermion)))
        if fermion.pdg in (5, 6, 15):
            table.append(Interaction((*pair, 25), VertexKind.FFS, 0, 1, _yukawa_coupling(fermion)))
        if fermion.pdg % 2 == 0:  # incoming W+ turns the lower into the upper member
            lower = fermion.pdg - 1
            table.append(Interaction((-fermion.pdg, lower, 24), VertexKind.FFV, 0, 1, _w_coupling))
            table.append(Interaction((-lower, fermion.pdg, -24), VertexKind.FFV, 0, 1, _w_coupling))
    return table


# Generators of weak isospin for each incoming vector boson, and the power of
# (sin, cos) of the mixing angle that projects the third component on it.
_T_PLUS = np.array([[0.0, 1.0], [0.0, 0.0]]) / math.sqrt(2.0)
_T_MINUS = _T_PLUS.T
_T_THREE = np.diag([0.5, -0.5])
_ISOSPIN: dict[int, NDArray[np.float64]] = {
    24: _T_PLUS,
    -24: _T_MINUS,
    22: _T_THREE,
    23: _T_THREE,
}


def _mixing(model: StandardModel, pdgs: tuple[int, ...]) -> Parameter:
    value: Parameter = 1.0
    for pdg in pdgs:
        if pdg == 22:
            value = value * model.sin_theta_w
        elif pdg == 23:
            value = value * model.cos_theta_w
    return value


def _commutator(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    return a @ b - b @ a


def _gauge_coupling(
    pdgs: tuple[int, ...], factors: tuple[float, ...], power: int
) -> CouplingFunction:
    def coupling(model: StandardModel) -> tuple[Parameter, ...]:
        g = model.electric_charge / model.sin_theta_w
        unit = g**power * _mixing(model, pdgs)
        return tuple(unit * factor for factor in factors)

    return coupling


def _gauge_self_interactions() -> list[Interaction]:
    table = [
        Interaction((21, 21, 21), VertexKind.VVV, 1, 0, lambda _m: (-math.sqrt(0.5),)),
        Interaction((21, 21, 21, 21), VertexKind.VVVV, 2, 0, lambda _m: (0.5, 0.5, 0.5)),
    ]
    for boson in (22, 23):
        pdgs = (24, -24, boson)
        a, b, c = (_ISOSPIN[pdg] for pdg in pdgs)
        factor = -2.0 * float(np.trace(_commutator(a, b) @ c))
        table.append(Interaction(pdgs, VertexKind.VVV, 0, 1, _gauge_coupling(pdgs, (factor,), 1)))
    for pdgs4 in ((24, 24, -24, -24), *((24, -24, x, y) for x, y in _neutral_pairs())):
        a, b, c, d = (_ISOSPIN[pdg] for pdg in pdgs4)
        # Tr of [A,B][C,D] and its permutations, Peskin-Schroeder eq. (A.42) with traces.
        ab = 2.0 * float(np.trace(_commutator(a, b) @ _commutator(c, d)))
        ac = 2.0 * float(np.trace(_commutator(a, c) @ _commutator(b, d)))
        ad = 2.0 * float(np.trace(_commutator(a, d) @ _commutator(b, c)))
        factors = (ac + ad, ab - ad, -ab - ac)
        table.append(Interaction(pdgs4, VertexKind.VVVV, 0, 2, _gauge_coupling(pdgs4, factors, 2)))
    return table


def _neutral_pairs() -> list[tuple[int, int]]:
    return list(combinations_with_replacement((22, 23), 2))


def _higgs_interactions() -> list[Interaction]:
    def vector(name: str, power: int) -> CouplingFunction:
        def coupling(model: StandardModel) -> tuple[Parameter, ...]:
            return (2.0 * getattr(model, name) ** 2 / model.higgs_vev**power,)

        return coupling

    def scalar(power: int) -> CouplingFunction:
        def coupling(model: StandardModel) -> tuple[Parameter, ...]:
            return (-3.0 * model.higgs_mass**2 / model.higgs_vev**power,)

        return coupling

    table = [
        Interaction((25, 25, 25), VertexKind.SSS, 0, 1, scalar(1)),
        Interaction((25, 25, 25, 25), VertexKind.SSSS, 0, 2, scalar(2)),
    ]
    for pair, name in (((24, -24), "w_mass"), ((23, 23), "z_mass")):
        table.append(Interaction((*pair, 25), VertexKind.VVS, 0, 1, vector(name, 1)))
        table.append(Interaction((*pair, 25, 25), VertexKind.VVSS, 0, 2, vector(name, 2)))
    return table


@cache
def interactions() -> tuple[Interaction, ...]:
    """All interactions of the model."""
    return (*_fermion_interactions(), *_gauge_self_interactions(), *_higgs_interactions())


@cache
def interactions_by_inputs() -> dict[tuple[int, ...], tuple[tuple[Interaction, int], ...]]:
    """Interactions by what flows in.

    Returns
    -------
    dict
        From the sorted PDG ids of two or three incoming particles to pairs of the
        interaction and the PDG id of the current that they form (again as incoming).
    """
    table: dict[tuple[int, ...], dict[tuple[int, int], tuple[Interaction, int]]] = {}
    for number, vertex in enumerate(interactions()):
        for position, pdg in enumerate(vertex.particles):
            rest = vertex.particles[:position] + vertex.particles[position + 1 :]
            result = antiparticle(pdg)
            table.setdefault(tuple(sorted(rest)), {})[(number, result)] = (vertex, result)
    return {inputs: tuple(found.values()) for inputs, found in table.items()}
