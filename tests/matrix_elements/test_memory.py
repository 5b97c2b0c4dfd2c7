# SPDX-License-Identifier: GPL-3.0-or-later
"""What building the amplitudes of many gluons takes of the memory."""

import subprocess
import sys
import tracemalloc

import pytest

from mcsurrogate.matrix_elements.graph import Coefficient
from mcsurrogate.matrix_elements.orders import resolve_orders
from mcsurrogate.matrix_elements.parameters import StandardModel
from mcsurrogate.matrix_elements.process import Process
from mcsurrogate.matrix_elements.recursion import build_amplitude

_BUILD = """
from mcsurrogate.matrix_elements import matrix_element
matrix_element({process!r})
# getrusage has the peak of the process that started this one
with open("/proc/self/status") as status:
    print(next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024)
"""


def test_equal_coefficients_are_one_object() -> None:
    """A graph has thousands of terms and a handful of factors."""
    coupled = Coefficient(2.0, ("g",)) * 1.5
    assert coupled == Coefficient(3.0, ("g",))
    assert coupled is Coefficient(1.0, ("g",)) * Coefficient(3.0)


def test_terms_are_let_go_when_they_are_summed() -> None:
    """0.41 MB at most, 0.29 MB in the end; 0.68 MB at most with all terms and factors kept."""
    process = resolve_orders(Process.parse("u u~ > g g g g"))
    build_amplitude(process, StandardModel())  # fills what is remembered between processes
    tracemalloc.start()
    kept = build_amplitude(process, StandardModel())
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept.amplitudes
    assert most < 0.54e6


@pytest.mark.slow
@pytest.mark.parametrize("process", ["u u~ > g g g g g g", "g g > g g g g g g g"])
def test_builds_within_300_megabytes(process: str) -> None:
    """278 and 224 MB, of which torch alone has 218."""
    code = _BUILD.format(process=process)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 300
