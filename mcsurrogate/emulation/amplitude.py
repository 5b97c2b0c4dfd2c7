# SPDX-License-Identifier: GPL-3.0-or-later
"""An emulator in the place of an exact amplitude."""

import time
from dataclasses import dataclass

import torch
from torch import Tensor

from mcsurrogate.emulation.emulator import Emulator
from mcsurrogate.errors import EmulationError
from mcsurrogate.matrix_elements import MatrixElement, Process, StandardModel

__all__ = ["AmplitudeRecord", "EmulatedMatrixElement", "measure_seconds"]

_TIMED_POINTS = 8192
_REPEATS = 9


@dataclass(slots=True)
class AmplitudeRecord:
    """How often which amplitude was used.

    Attributes
    ----------
    emulated
        Points that the emulator answered.
    outside
        Points outside its domain, answered exactly.
    uncertain
        Points inside that were too uncertain, answered exactly.
    seconds
        Processor time of all calls.
    """

    emulated: int = 0
    outside: int = 0
    uncertain: int = 0
    seconds: float = 0.0


class EmulatedMatrixElement:
    """The emulator where it may be believed, the exact amplitude elsewhere.

    Fulfils :class:`mcsurrogate.matrix_elements.protocol.UncertainMatrixElement`, so it takes the
    place of the exact amplitude in a hard process, whose events get their colour flows and
    helicities from the exact one.

    Parameters
    ----------
    emulator
        A trained emulator.
    exact
        The amplitude that it stands for.
    largest_sigma
        Relative uncertainty above which a point is evaluated exactly; None for no limit.

    Attributes
    ----------
    record
        The bookkeeping.

    Raises
    ------
    EmulationError
        If the emulator is for another process or other parameters.
    """

    def __init__(
        self,
        emulator: Emulator,
        exact: MatrixElement,
        largest_sigma: float | None = None,
    ) -> None:
        if largest_sigma is not None and not largest_sigma > 0.0:
            raise EmulationError(f"largest_sigma = {largest_sigma}: must be positive")
        emulator.exact = exact
        self.emulator = emulator
        self.exact = exact
        self.largest_sigma = largest_sigma
        self.process: Process = exact.process
        self.parameters: StandardModel = exact.parameters
        self.record = AmplitudeRecord()
        self._cost: float | None = None

    def __call__(self, momenta: Tensor, alpha_s: Tensor | float) -> Tensor:
        """Return |M|^2 ``(N,)`` in GeV^(8-2n); see the protocol."""
        return self.with_uncertainty(momenta, alpha_s)[0].to(momenta.dtype)

    def with_uncertainty(self, momenta: Tensor, alpha_s: Tensor | float) -> tuple[Tensor, Tensor]:
        """Return |M|^2 and its uncertainty, ``(N,)`` each; zero where it is exact."""
        start = time.process_time()
        value, sigma = self.emulator.predict(momenta, alpha_s)
        exact = sigma == 0.0
        self.record.outside += int(exact.sum())
        if self.largest_sigma is not None:
            unsure = sigma > self.largest_sigma * value
            where = unsure.nonzero()[:, 0]
            if len(where):
                coupling = alpha_s
                if isinstance(alpha_s, Tensor) and alpha_s.dim() == 1:
                    coupling = alpha_s[where]
                value[where] = self.exact(momenta[where].double(), coupling).double()
                sigma[where] = 0.0
            self.record.uncertain += len(where)
            exact = exact | unsure
        self.record.emulated += int((~exact).sum())
        self.record.seconds += time.process_time() - start
        return value, sigma

    @property
    def members(self) -> int:
        """Size of the emulator's ensemble."""
        return self.emulator.card.members

    def of_members(self, momenta: Tensor, alpha_s: Tensor | float) -> Tensor:
        """Return |M|^2 of each member of the ensemble, ``(M, N)``."""
        return self.emulator.predict_members(momenta, alpha_s)

    def measure_cost(self, momenta: Tensor) -> float:
        """Measure and keep seconds a point on typical momenta ``(N, n, 4)``, one thread."""
        self._cost = measure_seconds(self.emulator, momenta)
        return self._cost

    @property
    def cost(self) -> float:
        """Seconds a phase-space point, one thread, in batches, as last measured.

        Raises
        ------
        EmulationError
            If :meth:`measure_cost` was not called.
        """
        if self._cost is None:
            raise EmulationError("the cost is not known: call measure_cost with typical momenta")
        return self._cost


def measure_seconds(emulator: Emulator, momenta: Tensor) -> float:
    """Seconds a point of :meth:`Emulator.predict`, checks included, on one thread (processor time).

    Parameters
    ----------
    emulator
        A trained emulator.
    momenta
        ``(N, n, 4)`` typical points; those outside the domain are left out.
    """
    sample = momenta[: 2 * _TIMED_POINTS]
    sample = sample[~emulator.outside_domain(sample)][:_TIMED_POINTS]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        times = []
        for _ in range(_REPEATS):
            start = time.process_time()
            emulator.predict(sample)
            times.append(time.process_time() - start)
    finally:
        torch.set_num_threads(threads)
    return min(times) / len(sample)
