# SPDX-License-Identifier: GPL-3.0-or-later
"""What all sections of training cards are."""

from pydantic import BaseModel, ConfigDict

__all__ = ["Section"]


class Section(BaseModel):
    """A part of a card: no unknown keys, never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)
