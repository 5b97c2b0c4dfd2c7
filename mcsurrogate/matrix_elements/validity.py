# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks on what a matrix element is given."""

import torch
from torch import Tensor

from mcsurrogate.errors import KinematicsError, MatrixElementError, ProcessError
from mcsurrogate.matrix_elements.parameters import StandardModel, as_number
from mcsurrogate.matrix_elements.process import Process

__all__ = [
    "check_finite_result",
    "check_momenta",
    "check_shape",
    "require_stable_legs",
    "strong_coupling",
]


def check_shape(momenta: Tensor, process: Process) -> None:
    """Refuse momenta of the wrong shape or type.

    Raises
    ------
    KinematicsError
        If the tensor is not ``(N, n, 4)`` of real floating-point numbers.
    """
    expected = (process.n_legs, 4)
    if momenta.dim() != 3 or tuple(momenta.shape[1:]) != expected:
        raise KinematicsError(
            f"{process.name}: momenta of shape {tuple(momenta.shape)}, "
            f"need (N, {process.n_legs}, 4)"
        )
    if momenta.dtype not in (torch.float32, torch.float64):
        raise KinematicsError(
            f"{process.name}: momenta of type {momenta.dtype}, need float32 or float64"
        )


def check_momenta(momenta: Tensor, process: Process, model: StandardModel) -> None:
    """Refuse momenta that are not finite, do not balance or are off their mass shell.

    The tolerance is relative to the largest energy of each event: 1e-6 in float64 and
    2e-3 in float32 for the balance, the same times the squared energy for mass shells.

    Raises
    ------
    KinematicsError
        With the index of the first bad event and what is wrong with it.
    """
    check_shape(momenta, process)
    if momenta.shape[0] == 0:
        return
    with torch.no_grad():
        p = momenta.detach()
        tolerance = 1e-6 if p.dtype == torch.float64 else 2e-3
        energy = p[..., 0].abs().amax(dim=1)
        incoming = process.n_incoming
        balance = (p[:, :incoming].sum(dim=1) - p[:, incoming:].sum(dim=1)).abs().amax(dim=1)
        squares = p * p
        mass2 = 2.0 * squares[..., 0] - squares.sum(dim=2)
        wanted = [as_number(particle.mass(model)) ** 2 for particle in process.particles]
        off_shell = (mass2 - p.new_tensor(wanted)).abs().amax(dim=1)
        # Written so that NaN fails every comparison.
        good = (balance <= tolerance * energy) & (off_shell <= tolerance * energy * energy)
        good &= (p[..., 0].amin(dim=1) > 0.0) & torch.isfinite(energy)
        if not bool(good.all()):
            _explain(p, process, wanted, tolerance, int((~good).nonzero()[0, 0]))


def _explain(
    p: Tensor, process: Process, wanted: list[float], tolerance: float, index: int
) -> None:
    event = p[index]
    where = f"{process.name}: event {index}"
    if not bool(torch.isfinite(event).all()):
        raise KinematicsError(f"{where} has momenta that are not finite")
    if not bool((event[:, 0] > 0.0).all()):
        raise KinematicsError(f"{where} has a particle whose energy is not positive")
    energy = float(event[:, 0].max())
    incoming = process.n_incoming
    difference = event[:incoming].sum(dim=0) - event[incoming:].sum(dim=0)
    if float(difference.abs().max()) > tolerance * energy:
        raise KinematicsError(
            f"{where} does not conserve momentum: in minus out is {difference.tolist()} GeV"
        )
    for leg, particle in enumerate(process.particles):
        square = float(2.0 * event[leg, 0] ** 2 - (event[leg] ** 2).sum())
        if abs(square - wanted[leg]) > tolerance * energy**2:
            raise KinematicsError(
                f"{where}: leg {leg + 1} ({particle.name}) is off its mass shell, "
                f"p^2 = {square:.6g} GeV^2 instead of {wanted[leg]:.6g}"
            )


def require_stable_legs(process: Process, model: StandardModel) -> None:
    """Refuse external particles with a width in the complex-mass scheme.

    Their spinors and polarisation vectors belong to a real mass shell, and the propagators of the
    same particles to a complex one, which breaks the Ward identities that the scheme is for.

    Raises
    ------
    ProcessError
        With what to write instead.
    """
    if not model.complex_masses:
        return
    for particle in process.particles:
        if as_number(particle.width(model)) > 0.0:
            raise ProcessError(
                f"{process.name}: in the complex-mass scheme an external {particle.name} cannot "
                f"have a width; name its decay products, or set {particle.width_name} = 0"
            )


def check_finite_result(value: Tensor, process: Process) -> Tensor:
    """Return the values, or refuse them where one is not finite.

    Raises
    ------
    MatrixElementError
        With the index of the first event where two legs are so collinear or a gluon so
        soft that the matrix element diverges.
    """
    good = torch.isfinite(value.detach())
    if not bool(good.all()):
        index = int((~good).nonzero()[0, 0])
        raise MatrixElementError(
            f"{process.name}: the matrix element diverges at event {index}: soft or collinear "
            "legs; cut on transverse momenta or angles before it is evaluated"
        )
    return value


def strong_coupling(alpha_s: Tensor | float, momenta: Tensor, process: Process) -> Tensor:
    """Return alpha_s as a tensor without dimensions or of shape ``(N,)``.

    Raises
    ------
    MatrixElementError
        If the shape does not fit or a value is negative or not finite.
    """
    coupling = torch.as_tensor(alpha_s, dtype=momenta.dtype, device=momenta.device)
    if coupling.dim() > 1 or (coupling.dim() == 1 and coupling.shape[0] != momenta.shape[0]):
        raise MatrixElementError(
            f"{process.name}: alpha_s of shape {tuple(coupling.shape)} for "
            f"{momenta.shape[0]} events; give a number or one value an event"
        )
    values = coupling.detach()
    if not bool(((values >= 0.0) & torch.isfinite(values)).all()):
        raise MatrixElementError(f"{process.name}: alpha_s must be finite and not negative")
    return coupling
