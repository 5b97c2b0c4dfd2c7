# SPDX-License-Identifier: GPL-3.0-or-later
"""Matrix elements that the package pyamplicol generates, compiled, on first use.

pyamplicol needs the proprietary package symbolica and pins numpy, so it is optional and not
installed with mcsurrogate.  Its full Standard Model is
used: its built-in one lacks vertices of four vector bosons (u d~ > w+ z a comes out 2,000 times
too large with version 1.0.1).
"""

import hashlib
import importlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from mcsurrogate.errors import MatrixElementError
from mcsurrogate.matrix_elements.coupling_content import strong_power
from mcsurrogate.matrix_elements.external.base import (
    Array,
    ExternalMatrixElement,
)
from mcsurrogate.matrix_elements.orders import allowed_powers
from mcsurrogate.matrix_elements.parameters import StandardModel, as_number
from mcsurrogate.matrix_elements.particles import particle_by_pdg
from mcsurrogate.matrix_elements.process import Process

__all__ = ["PyAmpliCol"]

_NAMES = {
    "inverse_alpha_ew": "aEWM1",
    "fermi_constant": "Gf",
    "alpha_s": "aS",
    "z_mass": "MZ",
    "top_mass": "MT",
    "bottom_mass": "MB",
    "tau_mass": "MTA",
    "higgs_mass": "MH",
    "top_yukawa_mass": "ymt",
    "bottom_yukawa_mass": "ymb",
    "tau_yukawa_mass": "ymtau",
    "top_width": "WT",
    "z_width": "WZ",
    "w_width": "WW",
    "higgs_width": "WH",
}


class PyAmpliCol(ExternalMatrixElement):
    """A tree-level squared matrix element that pyamplicol generates and runs.

    Generation takes ten seconds to a minute; its result is kept by process, parameters and
    version of the package.

    Parameters
    ----------
    process
        The partonic process, or its string.
    parameters
        Parameters of the model.
    cache
        Folder of generated amplitudes; by default ``mcsurrogate/pyamplicol`` in
        ``$XDG_CACHE_HOME`` or ``~/.cache``.
    verify
        Whether it is compared with the built-in amplitude.

    Raises
    ------
    MatrixElementError
        If the package is missing, cannot generate the process within its limits on couplings, or
        gives other values than the built-in amplitude.
    """

    source = "pyamplicol"
    takes_orders = True

    def __init__(
        self,
        process: str | Process,
        parameters: StandardModel | None = None,
        *,
        cache: Path | str | None = None,
        verify: bool = True,
    ) -> None:
        home = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
        self._cache = home / "mcsurrogate" / "pyamplicol" if cache is None else Path(cache)
        super().__init__(process, parameters, verify=verify)

    def _prepare(self) -> None:
        self._refuse_what_it_cannot()
        self._power = strong_power(self.process)
        try:
            package = importlib.import_module("pyamplicol")
            configuration = importlib.import_module("pyamplicol.config")
            version = importlib.import_module("importlib.metadata").version("pyamplicol")
        except ImportError as error:
            raise MatrixElementError(
                "pyamplicol is not installed (pip install pyamplicol; it needs the proprietary "
                f"package symbolica): {error}"
            ) from None
        identity = json.dumps(
            [self._expression(), self._orders, self.parameters.numbers(), version]
        )
        folder = self._cache / hashlib.sha256(identity.encode()).hexdigest()[:24]
        if not folder.exists():
            self._generate(package, configuration, folder)
        overrides = {
            name: complex(as_number(getattr(self.parameters, field)))
            for field, name in _NAMES.items()
        }
        self._runtime = package.Runtime.load(folder, mute_warnings=True)
        known = {parameter.name for parameter in self._runtime.physics.model_parameters}
        self._runtime.set_model_parameters(
            {name: value for name, value in overrides.items() if name in known}
        )

    def _refuse_what_it_cannot(self) -> None:
        process = self.process
        for what, present in (
            ("'/', '$', '$$', required resonances and decay chains", _is_restricted(process)),
            ("processes without tree diagrams", not allowed_powers(process)),
            ("amplitudes of several coupling orders", len(allowed_powers(process)) > 1),
            ("the complex-mass scheme", bool(self.parameters.complex_masses)),
        ):
            if present:
                raise MatrixElementError(f"pyamplicol cannot do {what}: {process.name}")

    @property
    def _orders(self) -> dict[str, int]:
        """Largest powers of the couplings, which have one sum: exactly these are generated."""
        ((qcd, qed),) = allowed_powers(self.process)
        return {"QCD": qcd, "QED": qed}

    def _expression(self) -> str:
        initial = " ".join(particle_by_pdg(pdg).name for pdg in self.process.incoming)
        final = " ".join(particle_by_pdg(pdg).name for pdg in self.process.outgoing)
        return f"{initial} > {final}"

    def _generate(self, package: Any, configuration: Any, folder: Path) -> None:  # noqa: ANN401
        model = Path(package.__file__).parent / "assets" / "models" / "json" / "sm" / "sm.json"
        self._cache.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(dir=self._cache))
        try:
            resolved = configuration.resolve_config(
                {
                    "schema_version": 1,
                    "action": "generate",
                    "model": {"source": str(model), "restriction": "default"},
                    "process": {
                        "entries": [{"expression": self._expression()}],
                        "coupling_order_policy": "explicit",
                        "max_coupling_orders": self._orders,
                    },
                    "color": {"accuracy": "full"},
                    "generation": {"output": str(work / "amplitude"), "mode": "replace"},
                    "evaluator": {"backend": "jit", "execution_mode": "compiled"},
                }
            )
            source = package.ModelSource.from_path(
                str(model), simplify=resolved.effective.model.simplify, restriction="default"
            )
            request = package.ProcessRequest.parse(self._expression())
            package.Generator(resolved).generate(
                package.ProcessSet((request,)),
                str(work / "amplitude"),
                model=source.compile(use_cache=True),
                mode="replace",
            )
            (work / "amplitude").rename(folder)
        except (RuntimeError, ValueError, OSError, package.GenerationError) as error:
            raise MatrixElementError(
                f"pyamplicol cannot generate {self.process.name}: {error}"
            ) from error
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def _compute(self, momenta: Array, alpha_s: Array) -> Array:
        values = np.array(
            [complex(value).real for value in self._runtime.evaluate(momenta.tolist())]
        )
        return self._rescaled(values, alpha_s, self._power)


def _is_restricted(process: Process) -> bool:
    return process.is_restricted or bool(process.off_shell)
