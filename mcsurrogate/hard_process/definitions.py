# SPDX-License-Identifier: GPL-3.0-or-later
"""The process definitions of a card."""

from mcsurrogate.cards import RunCard
from mcsurrogate.errors import CardError
from mcsurrogate.matrix_elements import ProcessDefinition

__all__ = ["read_definitions"]


def read_definitions(card: RunCard) -> tuple[ProcessDefinition, ...]:
    """Return the definitions of a card, in its order.

    Raises
    ------
    CardError
        If it has none.
    ProcessError
        If one cannot be understood.
    """
    if not card.process.definitions:
        raise CardError(
            "[process] has no `definition`: Pythia makes the hard process, and there is nothing to "
            "integrate or to write as LHE events; use `mcsurrogate run`"
        )
    return tuple(
        ProcessDefinition.parse(text, card.process.light_flavours, card.process.labels)
        for text in card.process.definitions
    )
