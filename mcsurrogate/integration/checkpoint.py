"""Saving an integration so that a killed one goes on as if nothing had happened."""

import hashlib
import time
from pathlib import Path
from typing import Any

import torch

from mcsurrogate.atomic import atomic_path
from mcsurrogate.errors import IntegrationError

__all__ = ["Checkpoint", "fingerprint"]


def fingerprint(*parts: object) -> str:
    """Hash of what an integration was asked to do."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()


class Checkpoint:
    """A file that holds the state of a run; writing replaces it in one step.

    Parameters
    ----------
    path
        The file.
    identity
        Fingerprint of the job; a file of another job is refused.

    Attributes
    ----------
    interval
        Seconds between two writings, at least.
    """

    interval = 5.0

    def __init__(self, path: Path, identity: str) -> None:
        self.path = path
        self.identity = identity
        self._written = time.monotonic()

    def load(self) -> dict[str, Any] | None:
        """Read the state; None where there is no file.

        Raises
        ------
        IntegrationError
            Where the file is damaged or belongs to another job.
        """
        if not self.path.exists():
            return None
        try:
            content: dict[str, Any] = torch.load(self.path, weights_only=True)
        except Exception as error:
            raise IntegrationError(
                f"{self.path} cannot be read as a checkpoint ({error}); remove it to start anew"
            ) from error
        if content.get("identity") != self.identity:
            raise IntegrationError(
                f"{self.path} belongs to another integration (other integrand, seed, settings or "
                "number of evaluations); remove it or choose another path"
            )
        state: dict[str, Any] = content["state"]
        return state

    def save(self, state: dict[str, Any], *, force: bool = False) -> None:
        """Write the state, unless the last writing was a moment ago."""
        if not force and time.monotonic() - self._written < self.interval:
            return
        with atomic_path(self.path) as partial, partial.open("wb") as file:
            torch.save({"identity": self.identity, "state": state}, file)
        self._written = time.monotonic()
