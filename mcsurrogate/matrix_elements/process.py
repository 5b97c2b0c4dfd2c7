"""Scattering processes in MadGraph's syntax.

Supported: ``a b > c d ...``, multiparticle labels, coupling-order limits (``QCD=0``,
``QED<=2``, ``QCD==2``, ``WEIGHTED<=4``; ``=`` means at most, as in MadGraph) and particles
excluded after a slash.  Decay chains, required or forbidden s-channel particles, squared
orders and loops are refused.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, combinations_with_replacement, product

from mcsurrogate.errors import ProcessError
from mcsurrogate.matrix_elements.particles import (
    Particle,
    antiparticle,
    particle_by_name,
    particle_by_pdg,
)

__all__ = ["CouplingOrders", "Process", "ProcessDefinition", "multiparticle_labels"]


@dataclass(frozen=True, slots=True)
class CouplingOrders:
    """Limits on the powers of the couplings in an amplitude.

    Attributes
    ----------
    qcd, qed
        Largest power of the strong and of the electroweak coupling, None for no limit.
    exact_qcd, exact_qed
        Required power, None for none.
    weighted
        Largest QCD + 2 QED, None for no limit.  Where nothing at all is limited, the
        smallest value that has a diagram is used, as MadGraph does.
    """

    qcd: int | None = None
    qed: int | None = None
    exact_qcd: int | None = None
    exact_qed: int | None = None
    weighted: int | None = None

    @property
    def is_default(self) -> bool:
        """Whether no limit was given, so that the smallest WEIGHTED applies."""
        return self == CouplingOrders()

    def allows(self, qcd: int, qed: int) -> bool:
        """Whether an amplitude with these powers is within the limits."""
        return (
            (self.qcd is None or qcd <= self.qcd)
            and (self.qed is None or qed <= self.qed)
            and (self.exact_qcd is None or qcd == self.exact_qcd)
            and (self.exact_qed is None or qed == self.exact_qed)
            and (self.weighted is None or qcd + 2 * qed <= self.weighted)
        )

    def __str__(self) -> str:
        parts = []
        for name, sign, value in (
            ("QCD", "<=", self.qcd),
            ("QED", "<=", self.qed),
            ("QCD", "==", self.exact_qcd),
            ("QED", "==", self.exact_qed),
            ("WEIGHTED", "<=", self.weighted),
        ):
            if value is not None:
                parts.append(f"{name}{sign}{value}")
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class Process:
    """One partonic process with definite particles.

    Attributes
    ----------
    incoming
        PDG ids of the two incoming particles.
    outgoing
        PDG ids of the outgoing particles.
    orders
        Limits on the coupling orders.
    excluded
        PDG ids of particles that no propagator may have.
    """

    incoming: tuple[int, int]
    outgoing: tuple[int, ...]
    orders: CouplingOrders = field(default_factory=CouplingOrders)
    excluded: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        for pdg in self.pdg_ids:
            particle_by_pdg(pdg)
        if len(self.outgoing) < 2:
            raise ProcessError(
                f"{self.name}: {len(self.outgoing)} outgoing particles, need at least two"
            )
        _check_conservation(self)

    @classmethod
    def parse(cls, text: str) -> "Process":
        """Read a process with definite particles from a string in MadGraph's syntax.

        Raises
        ------
        ProcessError
            If the string cannot be understood, names a multiparticle label that stands
            for several particles, or violates a conservation law.
        """
        definition = ProcessDefinition.parse(text)
        several = [
            label
            for label, choice in zip(definition.labels, definition.choices, strict=True)
            if len(choice) > 1
        ]
        if several:
            raise ProcessError(
                f"{text!r}: {several[0]!r} stands for several particles; expand the process "
                "with mcsurrogate.matrix_elements.subprocesses"
            )
        pdgs = tuple(choice[0] for choice in definition.choices)
        return cls((pdgs[0], pdgs[1]), pdgs[2:], definition.orders, definition.excluded)

    @property
    def pdg_ids(self) -> tuple[int, ...]:
        """PDG ids of all external legs, incoming first."""
        return (*self.incoming, *self.outgoing)

    @property
    def n_legs(self) -> int:
        """Number of external legs."""
        return len(self.incoming) + len(self.outgoing)

    @property
    def particles(self) -> tuple[Particle, ...]:
        """All external legs, incoming first."""
        return tuple(particle_by_pdg(pdg) for pdg in self.pdg_ids)

    @property
    def all_incoming(self) -> tuple[int, ...]:
        """PDG ids with outgoing legs crossed into the initial state."""
        return (*self.incoming, *(antiparticle(pdg) for pdg in self.outgoing))

    @property
    def name(self) -> str:
        """The process in MadGraph's syntax."""
        initial = " ".join(particle_by_pdg(pdg).name for pdg in self.incoming)
        final = " ".join(particle_by_pdg(pdg).name for pdg in self.outgoing)
        text = f"{initial} > {final}"
        if self.excluded:
            text += " / " + " ".join(particle_by_pdg(pdg).name for pdg in sorted(self.excluded))
        limits = str(self.orders)
        return f"{text} {limits}" if limits else text

    @property
    def symmetry_factor(self) -> int:
        """Product of n! over groups of n identical outgoing particles."""
        factor, counts = 1, dict[int, int]()
        for pdg in self.outgoing:
            counts[pdg] = counts.get(pdg, 0) + 1
            factor *= counts[pdg]
        return factor

    @property
    def average_factor(self) -> int:
        """Number of spin and colour states of the initial state.

        Incoming neutrinos count two spin states, as in MadGraph; cross sections of a beam of
        left-handed neutrinos are twice as large.
        """
        factor = 1
        for pdg in self.incoming:
            particle = particle_by_pdg(pdg)
            factor *= _spin_states(particle) * abs(particle.colour)
        return factor

    def with_orders(self, orders: CouplingOrders) -> "Process":
        """Return the same process with other coupling-order limits."""
        return replace(self, orders=orders)

    def __str__(self) -> str:
        return self.name


def _spin_states(particle: Particle) -> int:
    if particle.is_fermion:
        return 2
    if particle.pdg == 25:
        return 1
    return 3 if particle.mass_name else 2


def _check_conservation(process: Process) -> None:
    totals: dict[str, float] = {}
    for sign, pdgs in ((1, process.incoming), (-1, process.outgoing)):
        for pdg in pdgs:
            particle = particle_by_pdg(pdg)
            numbers = {"electric charge": particle.charge3 / 3.0}
            if particle.is_fermion:
                direction = 1 if pdg > 0 else -1
                kind = "quark number" if abs(pdg) <= 6 else "lepton number"
                numbers[f"{kind} of generation {particle.generation}"] = direction
            for name, value in numbers.items():
                totals[name] = totals.get(name, 0.0) + sign * value
    for name, value in totals.items():
        if abs(value) > 1e-9:
            raise ProcessError(
                f"{process.name}: {name} is not conserved (in minus out: {value:+.3g})"
            )


def multiparticle_labels(flavours: int = 4) -> dict[str, tuple[int, ...]]:
    """Return MadGraph's multiparticle labels.

    Parameters
    ----------
    flavours
        Number of quark flavours in ``p`` and ``j`` (4: g u d s c and antiquarks).

    Raises
    ------
    ProcessError
        If the number is not between 1 and 5.
    """
    if not 1 <= flavours <= 5:
        raise ProcessError(f"{flavours} quark flavours in the proton: must be between 1 and 5")
    quarks = tuple(quark for quark in (2, 4, 1, 3, 5) if quark <= flavours)
    proton = (21, *quarks, *(-quark for quark in quarks))
    return {
        "p": proton,
        "p~": proton,
        "j": proton,
        "l+": (-11, -13),
        "l-": (11, 13),
        "vl": (12, 14, 16),
        "vl~": (-12, -14, -16),
    }


@dataclass(frozen=True, slots=True)
class ProcessDefinition:
    """A process string, possibly with multiparticle labels.

    Attributes
    ----------
    labels
        What stands in the string, leg by leg, incoming first.
    choices
        PDG ids that each label stands for.
    orders
        Limits on the coupling orders.
    excluded
        PDG ids of particles that no propagator may have.
    """

    labels: tuple[str, ...]
    choices: tuple[tuple[int, ...], ...]
    orders: CouplingOrders = field(default_factory=CouplingOrders)
    excluded: frozenset[int] = frozenset()

    @classmethod
    def parse(
        cls,
        text: str,
        flavours: int = 4,
        multiparticles: dict[str, tuple[int, ...]] | None = None,
    ) -> "ProcessDefinition":
        """Read a process string in MadGraph's syntax.

        Parameters
        ----------
        text
            For example ``"p p > e+ e- j"`` or ``"u c > w+ w+ d s QCD=0"``.
        flavours
            Number of quark flavours in ``p`` and ``j``.
        multiparticles
            Further labels, from name to PDG ids; they take precedence.

        Raises
        ------
        ProcessError
            If the string cannot be understood, with the reason.
        """
        labels = multiparticle_labels(flavours) | dict(multiparticles or {})
        _refuse_unsupported(text)
        body, orders = _split_orders(text)
        body, _, excluded_text = body.partition("/")
        excluded = frozenset(
            number
            for name in excluded_text.split()
            for pdg in _resolve(name, labels, text)
            for number in (pdg, antiparticle(pdg))
        )
        sides = body.split(">")
        if len(sides) != 2:
            what = "no '>'" if len(sides) < 2 else "more than one '>'"
            raise ProcessError(f"{text!r}: {what}; write 'a b > c d ...'")
        initial, final = sides[0].split(), sides[1].split()
        if len(initial) != 2:
            raise ProcessError(f"{text!r}: {len(initial)} incoming particles, need two")
        if len(final) < 2:
            raise ProcessError(f"{text!r}: {len(final)} outgoing particles, need at least two")
        names = (*initial, *final)
        choices = tuple(_resolve(name, labels, text) for name in names)
        return cls(names, choices, orders, excluded)

    @property
    def name(self) -> str:
        """The process in MadGraph's syntax."""
        text = f"{' '.join(self.labels[:2])} > {' '.join(self.labels[2:])}"
        if self.excluded:
            text += " / " + " ".join(particle_by_pdg(pdg).name for pdg in sorted(self.excluded))
        limits = str(self.orders)
        return f"{text} {limits}" if limits else text

    def partonic_processes(self) -> list[Process]:
        """All processes with definite particles that obey the conservation laws.

        Initial states are ordered pairs (first beam, second beam); final states that
        differ only in the order of particles from labels are counted once.

        Raises
        ------
        ProcessError
            If none obeys the conservation laws, with the reason for the first.
        """
        found: dict[tuple[tuple[int, ...], tuple[int, ...]], Process] = {}
        reason: ProcessError | None = None
        for pdgs in self._assignments():
            key = (pdgs[:2], tuple(sorted(pdgs[2:])))
            if key in found:
                continue
            try:
                found[key] = Process((pdgs[0], pdgs[1]), pdgs[2:], self.orders, self.excluded)
            except ProcessError as error:
                reason = reason or error
        if not found:
            raise ProcessError(
                f"{self.name}: no partonic process obeys the conservation laws; {reason}"
            )
        return list(found.values())

    def _assignments(self) -> Iterator[tuple[int, ...]]:
        # Legs with the same final-state label are interchangeable: unordered choices.
        positions: dict[str, list[int]] = {}
        for leg, label in enumerate(self.labels[2:], start=2):
            positions.setdefault(label, []).append(leg)
        pools = [
            combinations_with_replacement(self.choices[legs[0]], len(legs))
            for legs in positions.values()
        ]
        order = [leg for legs in positions.values() for leg in legs]
        finals = [tuple(chain.from_iterable(groups)) for groups in product(*pools)]
        for incoming in product(*self.choices[:2]):
            for final in finals:
                outgoing = tuple(pdg for _, pdg in sorted(zip(order, final, strict=True)))
                yield (*incoming, *outgoing)


def _refuse_unsupported(text: str) -> None:
    for pattern, what in (
        (r"\[", "loop corrections ('[...]') are outside the tree-level engine"),
        (r",|\(|\)", "decay chains are not supported; name the decay products as final state"),
        (r"\$", "forbidden s-channel particles ('$') are not supported; use '/' to exclude"),
        (r"\^2", "squared coupling orders are not supported; limit the amplitude's orders"),
        (r"@|\|", "process numbers and alternatives are not supported; give one process"),
        (r"\{", "polarised particles are not supported; use helicity_contributions"),
    ):
        if re.search(pattern, text):
            raise ProcessError(f"{text!r}: {what}")


def _split_orders(text: str) -> tuple[str, CouplingOrders]:
    pattern = re.compile(r"\b([A-Za-z]+)\s*(<=|==|=|>=|<|>(?=\s*\d))\s*(-?\d+)")
    values: dict[str, int] = {}
    for name, sign, number in pattern.findall(text):
        key = name.upper()
        if key not in ("QCD", "QED", "WEIGHTED") or sign not in ("=", "<=", "=="):
            raise ProcessError(
                f"{text!r}: cannot use the limit '{name}{sign}{number}'; possible are QCD, QED "
                "and WEIGHTED with = (at most), <= or =="
            )
        if sign == "==" and key == "WEIGHTED":
            raise ProcessError(f"{text!r}: WEIGHTED can only be limited with <=")
        field_name = f"exact_{key.lower()}" if sign == "==" else key.lower()
        if field_name in values:
            raise ProcessError(f"{text!r}: {key} is limited twice")
        values[field_name] = int(number)
    return pattern.sub(" ", text), CouplingOrders(**values)


def _resolve(name: str, labels: dict[str, tuple[int, ...]], text: str) -> tuple[int, ...]:
    if name in labels:
        return labels[name]
    if name.lower() in labels:
        return labels[name.lower()]
    try:
        return (particle_by_name(name).pdg,)
    except ProcessError as error:
        raise ProcessError(
            f"{text!r}: {error}; multiparticle labels are {' '.join(labels)}"
        ) from None
