# SPDX-License-Identifier: GPL-3.0-or-later
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

Couplings of gluons are in units of the strong coupling; their colour structures are those of
`mcsurrogate.matrix_elements.colour`: three gluons couple to Tr([T1, T2] T3), and four to the
sum of Tr(T1 T2 T3 T4) over orders, each with the couplings that are listed.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cache

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.matrix_elements.parameters import Derived, StandardModel
from mcsurrogate.matrix_elements.particles import PARTICLES, antiparticle

__all__ = [
    "COUPLINGS",
    "Coupling",
    "Interaction",
    "VertexKind",
    "interactions",
    "interactions_by_inputs",
]


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


@dataclass(frozen=True, slots=True)
class Coupling:
    """A number times a named combination of the parameters.

    Attributes
    ----------
    number
        Pure number.
    name
        Key of `COUPLINGS`, empty for a pure number.
    """

    number: float
    name: str = ""


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
        Couplings of the Lorentz structure: left and right for fermion-fermion-vector, three
        for four vectors, one otherwise.
    """

    particles: tuple[int, ...]
    kind: VertexKind
    qcd: int
    qed: int
    couplings: tuple[Coupling, ...]


def _weak(model: StandardModel) -> Derived:
    return model.electric_charge / model.sin_theta_w


def _w(model: StandardModel) -> Derived:
    return model.lagrangian_mass("w_mass", "w_width")


def _z(model: StandardModel) -> Derived:
    return model.lagrangian_mass("z_mass", "z_width")


def _h(model: StandardModel) -> Derived:
    return model.lagrangian_mass("higgs_mass", "higgs_width")


def _z_coupling(charge3: int, isospin: float) -> Callable[[StandardModel], Derived]:
    def value(model: StandardModel) -> Derived:
        unit = model.electric_charge / (model.sin_theta_w * model.cos_theta_w)
        return unit * (isospin - model.sin2_theta_w * (charge3 / 3.0))

    return value


COUPLINGS: dict[str, Callable[[StandardModel], Derived]] = {
    # Generators are normalised to Tr(T T) = 1, which leaves 1/sqrt(2) with each gluon.
    "s": lambda _m: math.sqrt(0.5),
    "s s": lambda _m: 0.5,
    "e": lambda m: m.electric_charge,
    "e e": lambda m: m.electric_charge**2,
    "g": _weak,
    "g g": lambda m: _weak(m) ** 2,
    "g c": lambda m: _weak(m) * m.cos_theta_w,
    "e g c": lambda m: m.electric_charge * _weak(m) * m.cos_theta_w,
    "g g c c": lambda m: (_weak(m) * m.cos_theta_w) ** 2,
    "mt/v": lambda m: m.top_yukawa / m.higgs_vev,
    "mb/v": lambda m: m.bottom_yukawa_mass / m.higgs_vev,
    "mta/v": lambda m: m.tau_yukawa_mass / m.higgs_vev,
    "mw2/v": lambda m: _w(m) ** 2 / m.higgs_vev,
    "mz2/v": lambda m: _z(m) ** 2 / m.higgs_vev,
    "mw2/v2": lambda m: (_w(m) / m.higgs_vev) ** 2,
    "mz2/v2": lambda m: (_z(m) / m.higgs_vev) ** 2,
    "mh2/v": lambda m: _h(m) ** 2 / m.higgs_vev,
    "mh2/v2": lambda m: (_h(m) / m.higgs_vev) ** 2,
    **{
        f"z {charge3} {isospin}": _z_coupling(charge3, isospin)
        for charge3, isospin in (
            (2, 0.5),
            (2, 0.0),
            (-1, -0.5),
            (-1, 0.0),
            (-3, -0.5),
            (-3, 0.0),
            (0, 0.5),
        )
    },
}
"""Named combinations of the parameters, dimensionless or in GeV (``m^2/v``)."""


def _fermion_interactions() -> list[Interaction]:
    table = []
    yukawa = {5: "mb/v", 6: "mt/v", 15: "mta/v"}
    for fermion in (p for p in PARTICLES.values() if p.is_fermion and p.pdg > 0):
        pair = (-fermion.pdg, fermion.pdg)
        charge3 = fermion.charge3
        isospin = 0.5 if fermion.pdg % 2 == 0 else -0.5

        def add(
            particles: tuple[int, ...], couplings: tuple[Coupling, ...], *, strong: bool = False
        ) -> None:
            kind = VertexKind.FFS if particles[2] == 25 else VertexKind.FFV
            table.append(Interaction(particles, kind, int(strong), int(not strong), couplings))

        if fermion.colour == 3:
            add((*pair, 21), (Coupling(1.0, "s"),) * 2, strong=True)
        if charge3 != 0:
            add((*pair, 22), (Coupling(charge3 / 3.0, "e"),) * 2)
        right = Coupling(1.0, f"z {charge3} 0.0") if charge3 != 0 else Coupling(0.0)
        add((*pair, 23), (Coupling(1.0, f"z {charge3} {isospin}"), right))
        if fermion.pdg in yukawa:
            add((*pair, 25), (Coupling(-1.0, yukawa[fermion.pdg]),))
        if isospin > 0.0:  # an incoming W+ turns the lower into the upper member
            charged = (Coupling(math.sqrt(0.5), "g"), Coupling(0.0))
            lower = fermion.pdg - 1
            add((-fermion.pdg, lower, 24), charged)
            add((-lower, fermion.pdg, -24), charged)
    return table


# Generators of weak isospin for each incoming vector boson.
_T_PLUS = np.array([[0.0, 1.0], [0.0, 0.0]]) / math.sqrt(2.0)
_T_THREE = np.diag([0.5, -0.5])
_ISOSPIN: dict[int, NDArray[np.float64]] = {
    24: _T_PLUS,
    -24: _T_PLUS.T,
    22: _T_THREE,
    23: _T_THREE,
}
_GAUGE_COUPLING_NAMES = {
    (22,): "e",
    (23,): "g c",
    (): "g g",
    (22, 22): "e e",
    (22, 23): "e g c",
    (23, 23): "g g c c",
}


def _trace(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    return float(np.trace(a @ b))


def _commutator(a: int, b: int) -> NDArray[np.float64]:
    x, y = _ISOSPIN[a], _ISOSPIN[b]
    return x @ y - y @ x


def _gauge_self_interactions() -> list[Interaction]:
    strong3 = (Coupling(-1.0, "s"),)
    strong4 = tuple(Coupling(number, "s s") for number in (-1.0, 2.0, -1.0))
    table = [
        Interaction((21, 21, 21), VertexKind.VVV, 1, 0, strong3),
        Interaction((21, 21, 21, 21), VertexKind.VVVV, 2, 0, strong4),
    ]
    for boson in (22, 23):
        factor = -2.0 * _trace(_commutator(24, -24), _ISOSPIN[boson])
        coupling = Coupling(factor, _GAUGE_COUPLING_NAMES[(boson,)])
        table.append(Interaction((24, -24, boson), VertexKind.VVV, 0, 1, (coupling,)))
    for neutral in ((), (22, 22), (22, 23), (23, 23)):
        pdgs = (24, -24, *neutral) if neutral else (24, 24, -24, -24)
        a, b, c, d = pdgs
        # Traces of [A,B][C,D] and its permutations; f f = -2 Tr in Peskin eq. (A.42).
        ab = 2.0 * _trace(_commutator(a, b), _commutator(c, d))
        ac = 2.0 * _trace(_commutator(a, c), _commutator(b, d))
        ad = 2.0 * _trace(_commutator(a, d), _commutator(b, c))
        name = _GAUGE_COUPLING_NAMES[neutral]
        couplings = tuple(Coupling(number, name) for number in (ac + ad, ab - ad, -ab - ac))
        table.append(Interaction(pdgs, VertexKind.VVVV, 0, 2, couplings))
    return table


def _higgs_interactions() -> list[Interaction]:
    three, four = (Coupling(-3.0, "mh2/v"),), (Coupling(-3.0, "mh2/v2"),)
    table = [
        Interaction((25, 25, 25), VertexKind.SSS, 0, 1, three),
        Interaction((25, 25, 25, 25), VertexKind.SSSS, 0, 2, four),
    ]
    for pair, name in (((24, -24), "mw2/v"), ((23, 23), "mz2/v")):
        one, two = (Coupling(2.0, name),), (Coupling(2.0, name + "2"),)
        table.append(Interaction((*pair, 25), VertexKind.VVS, 0, 1, one))
        table.append(Interaction((*pair, 25, 25), VertexKind.VVSS, 0, 2, two))
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
