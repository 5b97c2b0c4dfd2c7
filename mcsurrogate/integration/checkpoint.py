# SPDX-License-Identifier: GPL-3.0-or-later
"""An integration's checkpoint: it belongs to one integrand, known by its values."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mcsurrogate.checkpoint import Checkpoint
from mcsurrogate.errors import CheckpointError
from mcsurrogate.integration.integrand import Integrand
from mcsurrogate.integration.probes import Probes
from mcsurrogate.integration.vegas import StratifiedGrid

__all__ = ["IntegrationCheckpoint"]


class IntegrationCheckpoint:
    """A file that holds the state of a run.

    Parameters
    ----------
    path
        The file; None keeps nothing.
    identity
        What the integration was asked to do; a file of another job is refused.
    integrand
        What is integrated.  It is evaluated at a few points, once when the first state is written
        and once when one is read: the file of another function is refused.

    Attributes
    ----------
    interval
        Seconds between two writings, at least.
    """

    interval = 5.0

    def __init__(
        self, path: Path | None, identity: Mapping[str, Any], integrand: Integrand
    ) -> None:
        self._file = Checkpoint(path, identity, every=self.interval)
        self._integrand = integrand
        self._probes: Probes | None = None

    @property
    def due(self) -> bool:
        """Whether the last writing is long enough ago."""
        return self._file.due

    def load(self) -> dict[str, Any] | None:
        """Read the state; None where there is no file.

        Raises
        ------
        CheckpointError
            Where the file is damaged or belongs to another job or integrand.
        """
        content = self._file.load()
        if content is None:
            return None
        self._probes = Probes(**content["probes"])
        difference = self._probes.difference(self._integrand)
        if difference is not None:
            raise CheckpointError(
                f"{self._file.path}: the checkpoint belongs to another integrand: {difference}; "
                "remove it or choose another place"
            )
        state: dict[str, Any] = content["state"]
        return state

    def save(self, state: Mapping[str, Any], grids: Sequence[StratifiedGrid]) -> None:
        """Write the state; points of the grids tell the integrand, the first time."""
        if self._file.path is None:
            return
        if self._probes is None:
            self._probes = Probes.of(self._integrand, grids)
        probes = {"shape": self._probes.shape, **self._probes.tensors()}
        self._file.save({"probes": probes, "state": state})
