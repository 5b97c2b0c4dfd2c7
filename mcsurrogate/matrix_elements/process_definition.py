# SPDX-License-Identifier: GPL-3.0-or-later
"""Process definitions with multiparticle labels, and the partonic processes that they stand for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import product

from mcsurrogate.errors import ProcessError
from mcsurrogate.matrix_elements.coupling_orders import CouplingOrders
from mcsurrogate.matrix_elements.decay_trees import (
    DecayDefinition,
    assignments,
    check_all_decay,
    decayed,
    read_decay,
)
from mcsurrogate.matrix_elements.labels import multiparticle_labels, resolve, restrictions
from mcsurrogate.matrix_elements.particles import particle_by_pdg
from mcsurrogate.matrix_elements.process import Process
from mcsurrogate.matrix_elements.process_syntax import parse_text

__all__ = ["ProcessDefinition"]


@dataclass(frozen=True, slots=True)
class ProcessDefinition:
    """A process string, possibly with multiparticle labels.

    Attributes
    ----------
    labels
        What stands in the string, leg by leg, incoming first, before any decay.
    choices
        PDG ids that each label stands for.
    orders
        Limits on the coupling orders.
    n_incoming
        Number of incoming particles: two, or one that decays.
    excluded, required, forbidden, off_shell
        See `Process`.
    decays
        Of outgoing particles.
    """

    labels: tuple[str, ...]
    choices: tuple[tuple[int, ...], ...]
    orders: CouplingOrders = field(default_factory=CouplingOrders)
    n_incoming: int = 2
    excluded: frozenset[int] = frozenset()
    required: tuple[tuple[int, ...], ...] = ()
    forbidden: frozenset[int] = frozenset()
    off_shell: frozenset[int] = frozenset()
    decays: tuple[DecayDefinition, ...] = ()

    @classmethod
    def parse(
        cls,
        text: str,
        flavours: int = 4,
        multiparticles: Mapping[str, str | Sequence[str | int]] | None = None,
    ) -> "ProcessDefinition":
        """Read a process string in MadGraph's syntax.

        Parameters
        ----------
        text
            For example ``"p p > e+ e- j"``, ``"u c > w+ w+ d s QCD=0"`` or
            ``"p p > t t~, (t > w+ b, w+ > l+ vl), t~ > w- b~"``; PDG ids stand for particles.
        flavours
            Number of quark flavours in ``p`` and ``j``.
        multiparticles
            Further labels, from name to particles; they take precedence.

        Raises
        ------
        ProcessError
            If the string cannot be understood, with the reason.
        """
        labels = multiparticle_labels(flavours, multiparticles)
        clause = parse_text(text)
        names = (*clause.incoming, *clause.outgoing)
        return cls(
            labels=names,
            choices=tuple(resolve(name, labels, text) for name in names),
            orders=clause.orders,
            n_incoming=len(clause.incoming),
            **asdict(restrictions(clause, labels, text)),
            decays=tuple(read_decay(decay, labels, text) for decay in clause.decays),
        )

    @property
    def name(self) -> str:
        """The process in MadGraph's syntax, without decays."""
        text = f"{' '.join(self.labels[: self.n_incoming])} > "
        text += " ".join(self.labels[self.n_incoming :])
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
        for pdgs in self._all_assignments():
            key = (pdgs[: self.n_incoming], tuple(sorted(pdgs[self.n_incoming :])))
            if key in found:
                continue
            try:
                found[key] = self._core(pdgs)
            except ProcessError as error:
                reason = reason or error
        if not found:
            raise ProcessError(
                f"{self.name}: no partonic process obeys the conservation laws; {reason}"
            )
        return self._decay_all(list(found.values()))

    def _core(self, pdgs: tuple[int, ...]) -> Process:
        return Process(
            pdgs[: self.n_incoming],
            pdgs[self.n_incoming :],
            self.orders,
            self.excluded,
            self.required,
            self.forbidden,
            self.off_shell,
        )

    def _decay_all(self, cores: list[Process]) -> list[Process]:
        """Attach the decays to each process."""
        if not self.decays:
            return cores
        made = {pdg for core in cores for pdg in core.outgoing}
        check_all_decay(made, self.decays, self.name)
        return [
            core.with_decays(branches)
            for core in cores
            for branches in decayed(core.outgoing, self.decays, self.name)
        ]

    def _all_assignments(self) -> Iterator[tuple[int, ...]]:
        finals = list(assignments(self.choices[self.n_incoming :]))
        for incoming in product(*self.choices[: self.n_incoming]):
            for final in finals:
                yield (*incoming, *final)
