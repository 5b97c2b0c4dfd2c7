# SPDX-License-Identifier: GPL-3.0-or-later
"""The particles of the Standard Model: names, quantum numbers, masses and widths."""

from dataclasses import dataclass
from enum import Enum

from mcsurrogate.errors import ProcessError
from mcsurrogate.matrix_elements.parameters import Parameter, StandardModel, as_number

__all__ = ["PARTICLES", "Particle", "Spin", "antiparticle", "particle_by_name", "particle_by_pdg"]


class Spin(Enum):
    """Lorentz representation of a field."""

    SCALAR = "scalar"
    FERMION = "fermion"
    VECTOR = "vector"


@dataclass(frozen=True, slots=True)
class Particle:
    """One particle (antiparticles are entries of their own).

    Attributes
    ----------
    pdg
        PDG id.
    name
        Name in MadGraph's syntax.
    spin
        Lorentz representation.
    colour
        Dimension of the colour representation: 1, 3, -3 or 8.
    charge3
        Three times the electric charge.
    mass_name, width_name
        Property of `StandardModel` that holds the mass or width, empty for none.
    chain_width_name
        The width that it has as a resonance of a decay chain; that of other propagators if empty.
    """

    pdg: int
    name: str
    spin: Spin
    colour: int
    charge3: int
    mass_name: str = ""
    width_name: str = ""
    chain_width_name: str = ""

    @property
    def is_self_conjugate(self) -> bool:
        """Whether particle and antiparticle are the same."""
        return self.pdg in (21, 22, 23, 25)

    @property
    def is_fermion(self) -> bool:
        """Whether the particle has spin one half."""
        return self.spin is Spin.FERMION

    @property
    def generation(self) -> int:
        """Generation of a fermion (1 to 3), 0 for bosons."""
        number = abs(self.pdg)
        if number <= 6:
            return (number + 1) // 2
        return (number - 9) // 2 if 11 <= number <= 16 else 0

    def mass(self, model: StandardModel) -> Parameter:
        """Mass in GeV, 0.0 for massless particles."""
        value: Parameter = getattr(model, self.mass_name) if self.mass_name else 0.0
        return value

    def width(self, model: StandardModel) -> Parameter:
        """Width in GeV, 0.0 for stable particles."""
        value: Parameter = getattr(model, self.width_name) if self.width_name else 0.0
        return value

    def resonance_width(self, model: StandardModel) -> Parameter:
        """Width in GeV as a resonance of a decay chain, 0.0 where it cannot be one."""
        name = self.resonance_width_name
        value: Parameter = getattr(model, name) if name else 0.0
        return value

    @property
    def resonance_width_name(self) -> str:
        """Property of `StandardModel` with its width in decay chains, empty for none."""
        return self.chain_width_name or self.width_name

    def is_massless(self, model: StandardModel) -> bool:
        """Whether the mass vanishes in this model."""
        return as_number(self.mass(model)) == 0.0


def _fermion_pair(
    pdg: int, names: tuple[str, str], colour: int, charge3: int, mass: str = "", *widths: str
) -> list[Particle]:
    other = -colour if colour == 3 else 1
    return [
        Particle(pdg, names[0], Spin.FERMION, colour, charge3, mass, *widths),
        Particle(-pdg, names[1], Spin.FERMION, other, -charge3, mass, *widths),
    ]


def _build_table() -> dict[int, Particle]:
    table = [
        Particle(21, "g", Spin.VECTOR, 8, 0),
        Particle(22, "a", Spin.VECTOR, 1, 0),
        Particle(23, "z", Spin.VECTOR, 1, 0, "z_mass", "z_width"),
        Particle(24, "w+", Spin.VECTOR, 1, 3, "w_mass", "w_width"),
        Particle(-24, "w-", Spin.VECTOR, 1, -3, "w_mass", "w_width"),
        Particle(25, "h", Spin.SCALAR, 1, 0, "higgs_mass", "higgs_width"),
        *_fermion_pair(1, ("d", "d~"), 3, -1),
        *_fermion_pair(2, ("u", "u~"), 3, 2),
        *_fermion_pair(3, ("s", "s~"), 3, -1),
        *_fermion_pair(4, ("c", "c~"), 3, 2),
        *_fermion_pair(5, ("b", "b~"), 3, -1, "bottom_mass"),
        *_fermion_pair(6, ("t", "t~"), 3, 2, "top_mass", "top_width"),
        *_fermion_pair(11, ("e-", "e+"), 1, -3),
        *_fermion_pair(12, ("ve", "ve~"), 1, 0),
        *_fermion_pair(13, ("mu-", "mu+"), 1, -3),
        *_fermion_pair(14, ("vm", "vm~"), 1, 0),
        *_fermion_pair(15, ("ta-", "ta+"), 1, -3, "tau_mass", "", "tau_width"),
        *_fermion_pair(16, ("vt", "vt~"), 1, 0),
    ]
    return {particle.pdg: particle for particle in table}


PARTICLES: dict[int, Particle] = _build_table()
"""All particles of the model by PDG id."""

_BY_NAME = {particle.name: particle for particle in PARTICLES.values()}


def particle_by_name(name: str) -> Particle:
    """Return the particle with this MadGraph name.

    Raises
    ------
    ProcessError
        If the model has no such particle.
    """
    particle = _BY_NAME.get(name.lower())
    if particle is None:
        raise ProcessError(f"unknown particle {name!r}; the model has {' '.join(_BY_NAME)}")
    return particle


def particle_by_pdg(pdg: int) -> Particle:
    """Return the particle with this PDG id.

    Raises
    ------
    ProcessError
        If the model has no such particle.
    """
    particle = PARTICLES.get(pdg)
    if particle is None:
        raise ProcessError(f"the model has no particle with PDG id {pdg}")
    return particle


def antiparticle(pdg: int) -> int:
    """Return the PDG id of the antiparticle.

    Raises
    ------
    ProcessError
        If the model has no such particle.
    """
    return pdg if particle_by_pdg(pdg).is_self_conjugate else -pdg
