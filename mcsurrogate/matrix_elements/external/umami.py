# SPDX-License-Identifier: GPL-3.0-or-later
"""Matrix elements of UMAMI libraries, the C interface of MadGraph7 and madspace.

Functions and keys are those of ``umami.h``, major version 1.
"""

import ctypes
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mcsurrogate.errors import MatrixElementError
from mcsurrogate.matrix_elements.coupling_content import strong_power
from mcsurrogate.matrix_elements.external.base import (
    Array,
    ExternalMatrixElement,
)
from mcsurrogate.matrix_elements.external.param_card import write_param_card
from mcsurrogate.matrix_elements.parameters import StandardModel, as_number
from mcsurrogate.matrix_elements.process import Process

__all__ = ["UmamiMatrixElement"]

_META_DEVICE, _META_PARTICLE_COUNT, _META_MASSES = 0, 1, 5
_MOMENTA, _ALPHA_S, _FLAVOUR = 0, 1, 2
_RANDOM_NAMES = {3: "colour", 4: "helicity", 5: "diagram"}
_STATUS = (
    "success",
    "error",
    "not implemented",
    "unsupported input",
    "unsupported output",
    "uninitialised metadata",
    "unsupported metadata",
    "missing input",
)


class UmamiMatrixElement(ExternalMatrixElement):
    """A squared matrix element from a UMAMI shared library.

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
    param_card
        File to hand over instead, for libraries that read another format.
    flavour_index
        Which of the library's flavour combinations to use.
    set_parameters
        Parameters to set by name after that, as the library calls them.
    verify
        Whether it is compared with the built-in amplitude.

    Raises
    ------
    MatrixElementError
        If the library cannot be loaded, is no UMAMI library, is for another number or other
        masses of particles, needs inputs that a summed matrix element does not have, or
        gives other values than the built-in amplitude.
    """

    source = "UMAMI library"

    def __init__(
        self,
        process: str | Process,
        library: Path | str,
        parameters: StandardModel | None = None,
        *,
        param_card: Path | str | None = None,
        flavour_index: int = 0,
        set_parameters: dict[str, float] | None = None,
        verify: bool = True,
    ) -> None:
        self._path = Path(library)
        self._param_card = None if param_card is None else Path(param_card)
        self._flavour_index = flavour_index
        self._set_parameters = dict(set_parameters or {})
        self._handle = ctypes.c_void_p()
        super().__init__(process, parameters, verify=verify)

    def _prepare(self) -> None:
        self.source = f"UMAMI library {self._path.name}"
        try:
            self._library = ctypes.CDLL(str(self._path.resolve()))
            for name in ("initialize", "matrix_element", "get_meta", "free"):
                getattr(self._library, f"umami_{name}").restype = ctypes.c_int
        except (OSError, AttributeError) as error:
            raise MatrixElementError(
                f"{self._path}: cannot be loaded as a UMAMI library: {error}"
            ) from None
        size_t, pointer = ctypes.c_size_t, ctypes.c_void_p
        self._library.umami_matrix_element.argtypes = [
            pointer, size_t, size_t, size_t, size_t, pointer, pointer, size_t, pointer, pointer,
        ]  # fmt: skip
        self._library.umami_free.argtypes = [pointer]
        self._check_metadata()
        self._inputs = self._choose_inputs()
        self._power = strong_power(self.process)
        if _ALPHA_S not in self._inputs and self._power is None:
            raise MatrixElementError(
                f"{self.source} takes no alpha_s, and {self.process.name} has no definite power "
                "of it"
            )
        self._initialise()

    def _check_metadata(self) -> None:
        get_meta = self._library.umami_get_meta
        value = ctypes.c_int(0)
        if get_meta(_META_DEVICE, ctypes.byref(value)) == 0 and value.value != 0:
            raise MatrixElementError(f"{self.source} is for a GPU; build it for the CPU")
        n = self.process.n_legs
        if get_meta(_META_PARTICLE_COUNT, ctypes.byref(value)) == 0 and value.value != n:
            raise MatrixElementError(
                f"{self.source} is for {value.value} particles, but {self.process.name} has {n}"
            )
        masses = (ctypes.c_double * 32)()
        if get_meta(_META_MASSES, masses) == 0:
            wanted = [as_number(p.mass(self.parameters)) for p in self.process.particles]
            if not np.allclose(masses[:n], wanted, rtol=1e-6, atol=1e-6):
                raise MatrixElementError(
                    f"{self.source} has external masses {masses[:n]}, but {self.process.name} "
                    f"has {wanted} GeV"
                )

    def _keys(self, function: str) -> set[int] | None:
        """Input keys that a function of the library lists, None where it has none."""
        if not hasattr(self._library, function):
            return None
        flags, count = ctypes.POINTER(ctypes.c_bool)(), ctypes.c_int()
        if getattr(self._library, function)(ctypes.byref(flags), ctypes.byref(count)) != 0:
            return None
        return {key for key in range(count.value) if flags[key]}

    def _choose_inputs(self) -> Sequence[int]:
        supported = self._keys("umami_supported_inputs")
        required = self._keys("umami_required_inputs") or set()
        for key, name in _RANDOM_NAMES.items():
            if key in required:
                raise MatrixElementError(
                    f"{self.source} needs a random number for the {name}: it is made for event "
                    "generation and does not sum; export a library that sums"
                )
        unknown = required - {_MOMENTA, _ALPHA_S, _FLAVOUR}
        if unknown:
            raise MatrixElementError(
                f"{self.source} needs inputs {sorted(unknown)}, which are not provided"
            )
        keys = [_MOMENTA]
        if supported is None or _ALPHA_S in supported:
            keys.append(_ALPHA_S)
        if (supported is not None and _FLAVOUR in supported) or self._flavour_index:
            keys.append(_FLAVOUR)
        return keys

    def _initialise(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            card = self._param_card or write_param_card(
                self.parameters, Path(folder) / "param_card.dat"
            )
            status = self._library.umami_initialize(ctypes.byref(self._handle), str(card).encode())
        self._check(status, "umami_initialize")
        for name, value in self._set_parameters.items():
            status = self._library.umami_set_parameter(
                self._handle, name.encode(), ctypes.c_double(value), ctypes.c_double(0.0)
            )
            self._check(status, f"umami_set_parameter({name!r}, {value})")

    def _check(self, status: int, what: str) -> None:
        if status != 0:
            reason = _STATUS[status] if 0 <= status < len(_STATUS) else f"status {status}"
            raise MatrixElementError(f"{self.source}: {what} failed: {reason}")

    def _compute(self, momenta: Array, alpha_s: Array) -> Array:
        count = len(momenta)
        # Layout of UMAMI: [component][particle][event].
        layout = np.ascontiguousarray(momenta.transpose(2, 1, 0))
        flavours = np.full(count, self._flavour_index, dtype=np.intc)
        addresses = {
            _MOMENTA: layout.ctypes.data,
            _ALPHA_S: alpha_s.ctypes.data,
            _FLAVOUR: flavours.ctypes.data,
        }
        result = np.empty(count)
        keys = (ctypes.c_int * len(self._inputs))(*self._inputs)
        pointers = (ctypes.c_void_p * len(self._inputs))(*(addresses[key] for key in self._inputs))
        status = self._library.umami_matrix_element(
            self._handle, count, count, 0,
            len(self._inputs), keys, pointers,
            1, (ctypes.c_int * 1)(0), (ctypes.c_void_p * 1)(result.ctypes.data),
        )  # fmt: skip
        self._check(status, "umami_matrix_element")
        if _ALPHA_S in self._inputs:
            return result
        return self._rescaled(result, alpha_s, self._power)

    def __del__(self) -> None:
        if getattr(self, "_handle", None) is not None and self._handle.value:
            self._library.umami_free(self._handle)
            self._handle = ctypes.c_void_p()
