# SPDX-License-Identifier: GPL-3.0-or-later
"""Functions of events that a card asks for: scales and biases, by name, expression or file."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mcsurrogate.cards import RunCard, is_own_function
from mcsurrogate.errors import CardError, PhaseSpaceError
from mcsurrogate.matrix_elements import (
    StandardModel,
    SubprocessGroup,
    as_number,
    particle_by_pdg,
    particles_by_name,
)
from mcsurrogate.phase_space import (
    DYNAMIC_SCALES,
    PARTICLE_GROUPS,
    EventFunction,
    Expression,
    KtClustering,
    Scale,
    scale,
)
from mcsurrogate.user_code import run_file

__all__ = ["EventFunctions", "PositiveFunction"]

_WHOLE = ("ht", "sum_mt", "transverse_energy", "sqrt_shat")
_PLACED = re.compile(r"(.*[^0-9+-])([1-9])")


class PositiveFunction:
    """A function of events that must be positive and finite.

    Parameters
    ----------
    function
        From momenta ``(N, n, 4)`` in GeV to ``(N,)``.
    key
        Where it stands in the card.
    text
        What stands there.
    """

    def __init__(self, function: EventFunction, key: str, text: str) -> None:
        self._function = function
        self._key = key
        self.name = text

    def __call__(self, momenta: Tensor) -> Tensor:
        """Evaluate for momenta ``(N, n, 4)`` in GeV, laboratory frame.

        Raises
        ------
        CardError
            If a value is not positive and finite.
        """
        value = self._function(momenta)
        wrong = ~(torch.isfinite(value) & (value > 0))
        if bool(wrong.any()):
            raise CardError(
                f"{self._key} = {self.name!r} is {float(value[wrong][0]):g} for an event; it must "
                "be positive wherever the cuts let events pass: 'max(..., 1)' keeps it so"
            )
        return value


class EventFunctions:
    """Reads the functions of events of a card.

    Parameters
    ----------
    card
        The card.
    groups
        Its subprocesses.
    model
        Its masses.
    """

    def __init__(
        self, card: RunCard, groups: Sequence[SubprocessGroup], model: StandardModel
    ) -> None:
        self._flavours, self._labels = card.process.light_flavours, card.process.labels
        members = dict.fromkeys(member.pdg_ids for group in groups for member in group.members)
        self._members = list(members)
        self._kt = _kt_clustering(self._members[0], model)

    def scale(self, choice: float | str, key: str) -> Scale:
        """Return the scale that a value of ``[scales]`` asks for.

        Raises
        ------
        CardError
            If it cannot be made for this process.
        """
        if not isinstance(choice, str) or choice in DYNAMIC_SCALES:
            return scale(choice)
        return self.positive(choice, key)

    def positive(self, text: str, key: str) -> PositiveFunction:
        """Return the positive function of events that a value of the card asks for.

        Raises
        ------
        CardError
            If it cannot be made for this process.
        """
        return PositiveFunction(self.function(text, key), key, text)

    def function(self, text: str, key: str) -> EventFunction:
        """Return the function of events that a value of the card asks for.

        Raises
        ------
        CardError
            If it cannot be made for this process.
        """
        if is_own_function(text):
            return _own_function(text, key, self._members[0])
        events: Mapping[str, EventFunction] = {name: DYNAMIC_SCALES[name] for name in _WHOLE}
        try:
            return Expression(text, self._legs, {**events, "kt_clustering": self._kt})
        except PhaseSpaceError as error:
            raise CardError(f"{key} = {text!r}: {error}") from error

    def _legs(self, name: str) -> tuple[tuple[int, ...], int | None]:
        """Return the legs that a name stands for, and the place in pT of the one that is meant."""
        wanted, place = self._ids(name), None
        if wanted is None and (parts := _PLACED.fullmatch(name)):
            wanted, place = self._ids(parts[1]), int(parts[2])
        if wanted is None:
            raise PhaseSpaceError(
                f"{name!r} is no particle, label or PDG id, nor one with its place in pT like j1"
            )
        found = {
            tuple(leg for leg, pdg in enumerate(ids) if leg > 1 and pdg in wanted): ids
            for ids in self._members
        }
        if len(found) > 1:
            one, other = (_names(ids) for ids in list(found.values())[:2])
            raise PhaseSpaceError(
                f"{name!r} stands for other legs in {one} than in {other}; name a label that has "
                "all of them ([process.labels] makes some)"
            )
        (legs,) = found
        if len(legs) < (place or 1):
            what = name if place is None else name[:-1]
            raise PhaseSpaceError(
                f"the process has {len(legs) or 'no'} outgoing {what}: {_names(self._members[0])}"
            )
        return legs, place

    def _ids(self, name: str) -> frozenset[int] | None:
        groups = {name: ids for name, ids in PARTICLE_GROUPS.items() if name not in ("jets", "b")}
        groups["l"] = groups["leptons"]
        if name in groups:
            return groups[name]
        own = "j" if name == "jets" else name
        return particles_by_name(own, self._flavours, self._labels)


def _names(pdg_ids: Sequence[int]) -> str:
    names = [particle_by_pdg(pdg).name for pdg in pdg_ids]
    return f"{' '.join(names[:2])} > {' '.join(names[2:])}"


def _kt_clustering(pdg_ids: Sequence[int], model: StandardModel) -> KtClustering:
    particles = {leg: particle_by_pdg(pdg) for leg, pdg in enumerate(pdg_ids) if leg > 1}
    coloured = [leg for leg, particle in particles.items() if particle.colour != 1]
    light = [leg for leg in coloured if as_number(particles[leg].mass(model)) == 0]
    heavy = [leg for leg in coloured if leg not in light]
    return KtClustering(light, [leg for leg in particles if leg not in coloured], heavy)


def _own_function(text: str, key: str, pdg_ids: tuple[int, ...]) -> EventFunction:
    path, _, name = text.rpartition(":")
    found: Callable[[Tensor, tuple[int, ...]], Any] | None = getattr(
        run_file(Path(path), CardError), name, None
    )
    if not callable(found):
        raise CardError(f"{key} = {text!r}: the file has no function {name!r}")

    def function(momenta: Tensor) -> Tensor:
        value = torch.as_tensor(found(momenta, pdg_ids), dtype=momenta.dtype)
        if value.shape != momenta.shape[:1]:
            raise CardError(
                f"{key} = {text!r} returned shape {tuple(value.shape)} for {len(momenta)} events; "
                f"it must return ({len(momenta)},)"
            )
        return value

    return function
