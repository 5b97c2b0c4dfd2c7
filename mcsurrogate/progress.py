# SPDX-License-Identifier: GPL-3.0-or-later
"""How long work tells where it stands."""

from typing import Protocol

__all__ = ["Progress", "silent"]


class Progress(Protocol):
    """Called now and then by anything that takes longer than a second."""

    def __call__(self, done: float, total: float | None, message: str, /) -> None:
        """Report ``done`` of ``total`` units (None: unknown) and a short text."""
        ...


def silent(_done: float, _total: float | None, _message: str) -> None:
    """Report nothing."""
