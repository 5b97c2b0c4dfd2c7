r"""Closed forms of 2 -> 2 squared matrix elements.

Heavy-quark production follows R. K. Ellis, W. J. Stirling, B. R. Webber, *QCD and Collider
Physics* (1996), table 10.2 (there from P. Nason, S. Dawson, R. K. Ellis, Nucl. Phys. B303
(1988) 607): with :math:`\tau_{1,2} = 2 p_{1,2} \cdot p_3 / s` and :math:`\rho = 4 m^2/s`

.. math::
   \overline{|M|^2}(gg \to Q\bar Q) &= g_s^4 \Bigl(\frac{1}{6\tau_1\tau_2} - \frac38\Bigr)
   \Bigl(\tau_1^2 + \tau_2^2 + \rho - \frac{\rho^2}{4\tau_1\tau_2}\Bigr), \\
   \overline{|M|^2}(q\bar q \to Q\bar Q) &= g_s^4\,\frac49
   \Bigl(\tau_1^2 + \tau_2^2 + \frac{\rho}{2}\Bigr).

The closed form of gg has no width in its t-channel propagators: with the fixed width
that the engine and the oracle tables have there it differs by up to 6.5e-5.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from mcsurrogate.matrix_elements.colour_flow import ColourFlow
from mcsurrogate.matrix_elements.parameters import StandardModel, as_number
from mcsurrogate.matrix_elements.process import Process
from mcsurrogate.matrix_elements.validity import (
    check_finite_result,
    check_momenta,
    strong_coupling,
)

__all__ = ["ClosedForm", "closed_form"]

Formula = Callable[[Tensor, Tensor, StandardModel], Tensor]


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return a[:, 0] * b[:, 0] - a[:, 1] * b[:, 1] - a[:, 2] * b[:, 2] - a[:, 3] * b[:, 3]


def _heavy_quark_invariants(p: Tensor, mass2: Tensor | float) -> tuple[Tensor, Tensor, Tensor]:
    half_s = _dot(p[:, 0], p[:, 1])
    tau1 = _dot(p[:, 0], p[:, 2]) / half_s
    tau2 = _dot(p[:, 1], p[:, 2]) / half_s
    return tau1, tau2, 2.0 * mass2 / half_s


def _gluons_to_heavy_quarks(heavy: int) -> Formula:
    def formula(p: Tensor, alpha_s: Tensor, model: StandardModel) -> Tensor:
        mass = model.top_mass if heavy == 6 else model.bottom_mass
        tau1, tau2, rho = _heavy_quark_invariants(p, mass**2)
        product = tau1 * tau2
        colour = 1.0 / (6.0 * product) - 0.375
        kinematics = tau1 * tau1 + tau2 * tau2 + rho - rho * rho / (4.0 * product)
        return (4.0 * math.pi * alpha_s) ** 2 * colour * kinematics

    return formula


def _quarks_to_heavy_quarks(heavy: int) -> Formula:
    def formula(p: Tensor, alpha_s: Tensor, model: StandardModel) -> Tensor:
        mass = model.top_mass if heavy == 6 else model.bottom_mass
        tau1, tau2, rho = _heavy_quark_invariants(p, mass**2)
        kinematics = tau1 * tau1 + tau2 * tau2 + 0.5 * rho
        return (4.0 * math.pi * alpha_s) ** 2 * (4.0 / 9.0) * kinematics

    return formula


def _gluons_to_heavy_quarks_flows(p: Tensor) -> Tensor:
    # The two colour-ordered amplitudes are in the ratio tau2 : tau1 (their sum vanishes
    # with the third kinematic channel), so the leading-colour weights are the squares.
    tau1, tau2, _ = _heavy_quark_invariants(p, 0.0)
    return torch.stack((tau2 * tau2, tau1 * tau1), dim=1)


def _single_flow(p: Tensor) -> Tensor:
    return torch.ones_like(p[:, :1, 0])


@dataclass(frozen=True, slots=True)
class _Entry:
    formula: Formula
    flows: tuple[ColourFlow, ...]
    flow_weights: Callable[[Tensor], Tensor]
    power_of_alpha_s: int
    exact_with_widths: bool


_GLUON_FLOWS: tuple[ColourFlow, ...] = (
    ((501, 502), (502, 503), (501, 0), (0, 503)),
    ((502, 503), (501, 502), (501, 0), (0, 503)),
)
_QUARK_FLOWS: tuple[ColourFlow, ...] = (((501, 0), (0, 502), (501, 0), (0, 502)),)


def _find(process: Process) -> _Entry | None:
    if process.excluded or process.n_legs != 4:
        return None
    first, second = process.incoming
    third, fourth = process.outgoing
    if third != -fourth or third not in (5, 6):
        return None
    if (first, second) == (21, 21):
        return _Entry(
            _gluons_to_heavy_quarks(third),
            _GLUON_FLOWS,
            _gluons_to_heavy_quarks_flows,
            2,
            exact_with_widths=False,
        )
    if first == -second and 1 <= first <= 4:
        return _Entry(
            _quarks_to_heavy_quarks(third), _QUARK_FLOWS, _single_flow, 2, exact_with_widths=True
        )
    return None


class ClosedForm:
    """A squared matrix element from an analytic formula.

    Parameters
    ----------
    process
        Must have a closed form, see `closed_form`.
    parameters
        Parameters of the model.
    entry
        Formula and colour flows.

    Attributes
    ----------
    process, parameters
        As given.
    colour_flows
        Leading-colour flows, see `mcsurrogate.matrix_elements.colour_flow.ColourFlow`.
    """

    def __init__(self, process: Process, parameters: StandardModel, entry: _Entry) -> None:
        self.process = process
        self.parameters = parameters
        self._entry = entry
        self._cost: float | None = None

    @property
    def colour_flows(self) -> tuple[ColourFlow, ...]:
        """Leading-colour flows that an event may have."""
        return self._entry.flows

    def __call__(self, momenta: Tensor, alpha_s: Tensor | float) -> Tensor:
        """Evaluate the squared matrix element, see the protocol `MatrixElement`.

        Raises
        ------
        KinematicsError
            If momenta are not finite, unbalanced or off shell.
        MatrixElementError
            If the matrix element diverges or alpha_s is impossible.
        """
        check_momenta(momenta, self.process, self.parameters)
        coupling = strong_coupling(alpha_s, momenta, self.process)
        value = self._entry.formula(momenta, coupling, self.parameters)
        return check_finite_result(value, self.process)

    def colour_flow_weights(self, momenta: Tensor, alpha_s: Tensor | float) -> Tensor:
        """Leading-colour weights ``(N, len(colour_flows))``, not normalised."""
        check_momenta(momenta, self.process, self.parameters)
        strong_coupling(alpha_s, momenta, self.process)
        return self._entry.flow_weights(momenta)

    @property
    def cost(self) -> float:
        """Measured seconds a phase-space point, one thread, in batches."""
        if self._cost is None:
            masses = [as_number(q.mass(self.parameters)) for q in self.process.particles]
            self._cost = _measure(self, _test_points(4096, masses))
        return self._cost


def _test_points(count: int, masses: list[float]) -> Tensor:
    energy = 10.0 * (sum(masses) + 50.0)
    cosine = torch.linspace(-0.9, 0.9, count, dtype=torch.float64)
    momentum = math.sqrt(energy * energy / 4.0 - masses[2] ** 2)
    p = torch.zeros(count, 4, 4, dtype=torch.float64)
    p[:, :, 0] = energy / 2.0
    p[:, 0, 3], p[:, 1, 3] = energy / 2.0, -energy / 2.0
    p[:, 2, 1], p[:, 2, 3] = momentum * torch.sqrt(1.0 - cosine**2), momentum * cosine
    p[:, 3, 1:] = -p[:, 2, 1:]
    return p


def _measure(form: ClosedForm, points: Tensor) -> float:
    times = []
    with torch.no_grad():
        for _ in range(5):
            start = time.perf_counter()
            form(points, 0.118)
            times.append(time.perf_counter() - start)
    return sorted(times)[len(times) // 2] / len(points)


def closed_form(process: Process, model: StandardModel) -> ClosedForm | None:
    """Return the closed form of a process, or None where there is none."""
    entry = _find(process)
    return None if entry is None else ClosedForm(process, model, entry)
