# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks on the momenta that an emulator is given."""

from typing import NoReturn

from torch import Tensor

from mcsurrogate.emulation.layout import ProcessLayout
from mcsurrogate.errors import KinematicsError
from mcsurrogate.matrix_elements import check_momenta, check_shape

__all__ = ["TOLERANCE", "check_rows", "check_shape", "explain_point"]

TOLERANCE = 1e-6
"""Imbalance as a fraction of the energy, and shift of a squared mass as one of its square."""


def check_rows(rows: Tensor, layout: ProcessLayout, first: int = 0) -> None:
    """Refuse momenta that are not finite, do not balance or have the wrong masses.

    A wrong order of particles with different masses shows as a wrong mass.

    Parameters
    ----------
    rows
        ``(n, 4, N)`` float64 momenta, the points along the last axis.
    layout
        The process.
    first
        Index of the first point, for messages.

    Raises
    ------
    KinematicsError
        With the index of the first bad event and what is wrong with it.
    """
    squares = rows * rows
    mass2 = squares[:, 0] - squares[:, 1] - squares[:, 2] - squares[:, 3]
    wanted = rows.new_tensor([[mass**2] for mass in layout.masses])
    off_shell = (mass2 - wanted).abs_().amax(dim=0)
    out = rows[2:].sum(dim=0)
    balance = (rows[0] + rows[1] - out).abs_().amax(dim=0)
    energy = out[0]
    # Written so that NaN fails every comparison.
    good = (balance <= TOLERANCE * energy) & (off_shell <= TOLERANCE * energy * energy)
    if bool(good.all()):
        return
    index = int((~good).nonzero()[0, 0])
    explain_point(rows[:, :, index], layout, first + index)


def explain_point(momenta: Tensor, layout: ProcessLayout, index: int) -> NoReturn:
    """Say what is wrong with the momenta ``(n, 4)`` of a point.

    Parameters
    ----------
    momenta, layout
        The point and its process.
    index
        Its number, for the message.

    Raises
    ------
    KinematicsError
        Always.
    """
    try:
        check_momenta(momenta.unsqueeze(0), layout.process, layout.parameters)
    except KinematicsError as error:
        reason = str(error).replace("event 0", f"event {index}")
        raise KinematicsError(f"{reason}; are the particles in the order of the process?") from None
    raise KinematicsError(f"{layout.process.name}: event {index} does not balance or is off shell")
