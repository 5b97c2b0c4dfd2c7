# SPDX-License-Identifier: GPL-3.0-or-later
"""Derivatives of squared matrix elements, event by event.

What MadJax (arXiv:2203.00057) does for MadGraph amplitudes: d|M|^2 / d(momenta) and
d|M|^2 / d(parameter) by automatic differentiation.  The derivative of log |M|^2 with respect
to parameters is the parton-level part of the joint score of MadMiner (arXiv:1907.10621, eq. 12).
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from mcsurrogate.errors import MatrixElementError
from mcsurrogate.matrix_elements.factory import matrix_element
from mcsurrogate.matrix_elements.parameters import StandardModel, as_number
from mcsurrogate.matrix_elements.process import Process

__all__ = ["log_gradients", "momentum_gradients", "place_on_mass_shell"]


def momentum_gradients(
    process: Process | str, model: StandardModel, momenta: Tensor, alpha_s: Tensor | float
) -> tuple[Tensor, Tensor]:
    """Return |M|^2 and its derivative with respect to every momentum component.

    All components count as independent; only derivatives along the surface of balanced
    on-shell momenta have a meaning, which is what is left after the chain rule with a
    phase-space mapping.

    Returns
    -------
    values, gradients
        ``(N,)`` and ``(N, n, 4)``.
    """
    tracked = momenta.detach().clone().requires_grad_(True)
    with torch.enable_grad():
        values = matrix_element(process, model)(tracked, alpha_s)
        (gradients,) = torch.autograd.grad(values.sum(), tracked)
    return values.detach(), gradients


def log_gradients(
    process: Process | str,
    model: StandardModel,
    momenta: Tensor,
    alpha_s: Tensor | float,
    parameters: Sequence[str],
) -> tuple[Tensor, Tensor]:
    """Return |M|^2 and the derivatives of log |M|^2 with respect to parameters.

    Parameters
    ----------
    process
        The partonic process.
    model
        Point at which the derivatives are taken.
    momenta
        ``(N, n, 4)`` in GeV; they are kept fixed.
    alpha_s
        Strong coupling.
    parameters
        Names of fields of `StandardModel`; ``alpha_s`` is the coupling of the events.

    Returns
    -------
    values, scores
        ``(N,)``, and ``(N, K)`` in the inverse units of the parameters.

    Raises
    ------
    MatrixElementError
        If a parameter does not exist, is zero and gives a particle its mass, or is the mass of
        an external particle: momenta on its mass shell cannot stay fixed (use
        `place_on_mass_shell` and differentiate through it).
    """
    parsed = Process.parse(process) if isinstance(process, str) else process
    numbers = model.numbers()
    tracked: dict[str, Tensor] = {}
    external = {p.mass_name for p in parsed.particles if p.mass_name}
    for name in parameters:
        if name not in numbers or name == "complex_masses":
            raise MatrixElementError(
                f"no parameter {name!r}; there are {', '.join(sorted(numbers))}"
            )
        if name in external or ("w_mass" in external and name in _W_MASS_INPUTS):
            raise MatrixElementError(
                f"{name} changes the mass of an external particle of {parsed.name}, so its "
                "momenta cannot stay fixed; differentiate through place_on_mass_shell instead"
            )
        if name != "alpha_s":
            tracked[name] = momenta.new_tensor(numbers[name]).requires_grad_(True)
    moving = model.with_parameters(**numbers).with_parameters(**tracked)
    coupling = torch.as_tensor(alpha_s, dtype=momenta.dtype, device=momenta.device)
    coupling = coupling.detach().expand(len(momenta)).clone().requires_grad_(True)
    with torch.enable_grad():
        values = matrix_element(parsed, moving)(momenta.detach(), coupling)
        columns = []
        # Derivatives of every event with respect to one number: the product with a vector,
        # which is linear in that vector, differentiated with respect to the vector.
        probe = torch.ones_like(values, requires_grad=True)
        for name in parameters:
            target = coupling if name == "alpha_s" else tracked[name]
            # The stubs do not know that unused inputs give None.
            product: Tensor | None = torch.autograd.grad(
                values, target, probe, create_graph=True, allow_unused=True
            )[0]
            if product is None:
                columns.append(torch.zeros_like(values))
            elif name == "alpha_s":
                columns.append(product)
            else:
                (column,) = torch.autograd.grad(product, probe, retain_graph=True)
                columns.append(column)
    scores = torch.stack(columns, dim=1) / values.unsqueeze(1)
    return values.detach(), scores.detach()


_W_MASS_INPUTS = frozenset({"inverse_alpha_ew", "fermi_constant", "z_mass"})


def place_on_mass_shell(momenta: Tensor, masses: Sequence[Tensor | float]) -> Tensor:
    """Give outgoing legs other masses by scaling their momenta in the centre of mass.

    The incoming momenta stay as they are.  The map is that of massive RAMBO (R. Kleiss,
    W. J. Stirling, S. D. Ellis, Comput. Phys. Commun. 40 (1986) 359) and differentiable with
    respect to the masses and the momenta.

    Parameters
    ----------
    momenta
        ``(N, n, 4)`` in the centre of mass of the incoming legs, in GeV.
    masses
        Masses of the outgoing legs in GeV.

    Raises
    ------
    MatrixElementError
        If the masses do not fit, or momenta are not given in the centre of mass.
    """
    if len(masses) != momenta.shape[1] - 2:
        raise MatrixElementError(f"{len(masses)} masses for {momenta.shape[1] - 2} outgoing legs")
    incoming, outgoing = momenta[:, :2], momenta[:, 2:]
    total = incoming.sum(dim=1)
    if float(total[:, 1:].detach().abs().max()) > 1e-6 * float(total[:, 0].detach().max()):
        raise MatrixElementError("momenta must be given in the centre of mass of the incoming legs")
    threshold = sum(as_number(mass) for mass in masses)
    if threshold >= float(total[:, 0].detach().min()):
        raise MatrixElementError(
            f"the masses add up to {threshold:g} GeV, more than an event has energy"
        )
    squares = torch.stack(
        [torch.as_tensor(mass, dtype=torch.float64).to(momenta) ** 2 for mass in masses]
    )
    momentum2 = (outgoing[..., 1:] ** 2).sum(dim=-1)
    energy = total[:, :1]
    with torch.no_grad():
        scale = torch.ones_like(energy)
        for _ in range(50):
            energies = torch.sqrt(squares + scale**2 * momentum2)
            slope = (scale * momentum2 / energies).sum(dim=1, keepdim=True)
            scale = scale - (energies.sum(dim=1, keepdim=True) - energy) / slope
    # One more step with gradients makes the derivative of the solution exact.
    energies = torch.sqrt(squares + scale**2 * momentum2)
    slope = (scale * momentum2 / energies).sum(dim=1, keepdim=True).detach()
    scale = scale - (energies.sum(dim=1, keepdim=True) - energy) / slope
    energies = torch.sqrt(squares + scale**2 * momentum2)
    moved = torch.cat((energies.unsqueeze(-1), scale.unsqueeze(-1) * outgoing[..., 1:]), dim=-1)
    return torch.cat((incoming, moved), dim=1)
