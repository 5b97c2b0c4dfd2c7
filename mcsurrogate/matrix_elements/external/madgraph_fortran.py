# SPDX-License-Identifier: GPL-3.0-or-later
"""Matrix elements of MadGraph5_aMC@NLO's Fortran standalone output.

A shared library of one process answers to ``setpara_`` and ``smatrix_``; one of several
processes (``all_matrix.f``) to ``initialise_`` and ``smatrixhel_`` with PDG ids.  Parameters live
in common blocks, global to the library: two amplitudes from one file share them.
"""

import ctypes
import tempfile
import threading
from pathlib import Path

import numpy as np

from mcsurrogate.errors import MatrixElementError
from mcsurrogate.matrix_elements.coupling_content import strong_power
from mcsurrogate.matrix_elements.external.base import (
    Array,
    ExternalMatrixElement,
)
from mcsurrogate.matrix_elements.external.param_card import write_param_card
from mcsurrogate.matrix_elements.parameters import StandardModel
from mcsurrogate.matrix_elements.process import Process

__all__ = ["MadGraphFortran"]

_LOCK = threading.Lock()
_PADDING = 16  # legs of room behind the momenta, should the library want more


class MadGraphFortran(ExternalMatrixElement):
    """A squared matrix element from a shared library of MadGraph's standalone Fortran code.

    The strong coupling of an event is passed on where the library takes it, and otherwise
    accounted for by the power of alpha_s of the process.

    Parameters
    ----------
    process
        The partonic process, or its string.
    library
        The shared library.
    parameters
        Parameters; they are handed over as a parameter card.
    process_id
        Number of the process, the ``@1`` of MadGraph, in a library of several with the same
        particles: with other limits on couplings or other restrictions.
    verify
        Whether it is compared with the built-in amplitude.

    Raises
    ------
    MatrixElementError
        If the library cannot be loaded, does not have these functions, is for another
        number of particles, or gives other values than the built-in amplitude.
    """

    source = "MadGraph Fortran library"

    def __init__(
        self,
        process: str | Process,
        library: Path | str,
        parameters: StandardModel | None = None,
        *,
        process_id: int | None = None,
        verify: bool = True,
    ) -> None:
        self._path = Path(library)
        self._process_id = process_id
        super().__init__(process, parameters, verify=verify)

    def _prepare(self) -> None:
        self.source = f"MadGraph Fortran library {self._path.name}"
        try:
            self._library = ctypes.CDLL(str(self._path.resolve()))
        except OSError as error:
            raise MatrixElementError(f"{self._path}: cannot be loaded: {error}") from None
        self._by_pdg = hasattr(self._library, "initialise_")
        needed = ("initialise_", "smatrixhel_") if self._by_pdg else ("setpara_", "smatrix_")
        for name in needed:
            if not hasattr(self._library, name):
                raise MatrixElementError(
                    f"{self._path}: no function {name}; build a shared library from the "
                    "Fortran 'output standalone' of MadGraph5_aMC@NLO"
                )
        if not self._by_pdg and self._process_id is not None:
            raise MatrixElementError(
                f"{self._path}: a library of a single process has no numbers of processes; leave "
                "process_id out"
            )
        self._power = strong_power(self.process)
        if not self._by_pdg and self._power is None:
            raise MatrixElementError(
                f"{self._path}: a library of a single process takes no alpha_s, and "
                f"{self.process.name} has no definite power of it; use the library of all "
                "processes (all_matrix)"
            )
        self._load_parameters()
        if not self._by_pdg:
            self._check_particle_count()

    def _load_parameters(self) -> None:
        with tempfile.TemporaryDirectory() as folder, _LOCK:
            card = write_param_card(self.parameters, Path(folder) / "param_card.dat")
            text = str(card).encode().ljust(512)
            name = "initialise_" if self._by_pdg else "setpara_"
            getattr(self._library, name)(ctypes.c_char_p(text), ctypes.c_size_t(512))

    def _check_particle_count(self) -> None:
        """Refuse a library that reads further legs than the process has."""
        points = np.zeros((1, self.process.n_legs + _PADDING, 4))
        n = self.process.n_legs
        energy = 500.0
        points[0, :n, 0] = energy / max(1, n - 2)
        points[0, :2, 0], points[0, 0, 3], points[0, 1, 3] = energy / 2, energy / 2, -energy / 2
        rng = np.random.default_rng(1)
        points[0, 2:n, 1:] = rng.normal(size=(n - 2, 3)) * energy / n
        values = []
        for filling in (0.0, 1.0):
            points[0, n:] = filling * rng.normal(size=(_PADDING, 4)) * energy
            values.append(self._single(points[0]))
        if not np.isclose(values[0], values[1], rtol=1e-12, atol=0.0, equal_nan=True):
            raise MatrixElementError(
                f"{self.source} is for more than the {n} particles of {self.process.name}"
            )

    def _single(self, momenta: Array) -> float:
        value = ctypes.c_double()
        block = np.ascontiguousarray(momenta)
        with _LOCK:
            self._library.smatrix_(ctypes.c_void_p(block.ctypes.data), ctypes.byref(value))
        return value.value

    def _compute(self, momenta: Array, alpha_s: Array) -> Array:
        count, n, _ = momenta.shape
        padded = np.zeros((count, n + _PADDING, 4))
        padded[:, :n] = momenta
        if not self._by_pdg:
            values = np.array([self._single(event) for event in padded])
            return self._rescaled(values, alpha_s, self._power)
        pdgs = np.array(self.process.pdg_ids, dtype=np.intc)
        number = -1 if self._process_id is None else self._process_id
        arguments = [ctypes.c_int(number), ctypes.c_int(n)]
        all_helicities, scale2 = ctypes.c_int(-1), ctypes.c_double(0.0)
        results = np.zeros(count)
        with _LOCK:
            for index in range(count):
                self._library.smatrixhel_(
                    ctypes.c_void_p(pdgs.ctypes.data),
                    *(ctypes.byref(argument) for argument in arguments),
                    ctypes.c_void_p(padded[index].ctypes.data),
                    ctypes.byref(ctypes.c_double(alpha_s[index])),
                    ctypes.byref(scale2),
                    ctypes.byref(all_helicities),
                    ctypes.c_void_p(results[index : index + 1].ctypes.data),
                )
        return results
