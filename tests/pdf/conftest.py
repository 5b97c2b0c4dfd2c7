# SPDX-License-Identifier: GPL-3.0-or-later
import importlib.util
from pathlib import Path

import numpy as np
import pytest

from mcsurrogate.pdf import load_pdf

DATA = Path(__file__).parents[1] / "data" / "pdf"
SETS = ("NNPDF23_lo_as_0130_qed", "NNPDF31_nnlo_as_0118_luxqed")


@pytest.fixture(scope="session", params=SETS)
def name(request):
    return request.param


@pytest.fixture(scope="session")
def oracle(name):
    with np.load(DATA / f"pdf_{name}.npz") as table:
        return dict(table)


@pytest.fixture(scope="session")
def pdf(name):
    return load_pdf(name)


@pytest.fixture(scope="session")
def reference():
    """The class Lhapdf623, loaded by path: tests are no package."""
    path = Path(__file__).with_name("lhapdf_623.py")
    spec = importlib.util.spec_from_file_location("lhapdf_623", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Lhapdf623
