# SPDX-License-Identifier: GPL-3.0-or-later
"""External amplitudes: libraries compiled here, with the interfaces of the real ones."""

import importlib.util
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

from mcsurrogate.errors import MatrixElementError
from mcsurrogate.matrix_elements import StandardModel, matrix_element
from mcsurrogate.matrix_elements.external import (
    FunctionMatrixElement,
    MadGraphFortran,
    PyAmpliCol,
    UmamiMatrixElement,
    write_param_card,
)

HERE = Path(__file__).parent
PROCESS = "u u~ > t t~"


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    compiler = shutil.which("gcc")
    assert compiler is not None, "gcc is needed to build the test libraries"
    folder = tmp_path_factory.mktemp("libraries")

    def compile_library(source, name, *defines):
        target = folder / f"{name}.so"
        if not target.exists():
            flags = [f"-D{define}" for define in defines]
            subprocess.run(
                [compiler, "-O0", "-shared", "-fPIC", *flags, "-o", target, HERE / source],
                check=True,
            )
        return target

    return compile_library


@pytest.fixture(scope="module")
def momenta(oracle):
    return torch.tensor(oracle("uux_ttx")["momenta"][:20])


def closed(momenta, alpha_s):
    amplitude = matrix_element(PROCESS)
    return amplitude(torch.from_numpy(momenta), torch.from_numpy(alpha_s)).numpy()


@pytest.fixture(params=["function", "umami", "umami_fixed", "fortran", "fortran_all"])
def external(request, build):
    if request.param == "function":
        return FunctionMatrixElement(PROCESS, closed)
    if request.param == "umami":
        return UmamiMatrixElement(PROCESS, build("umami_library.c", "umami"))
    if request.param == "umami_fixed":
        library = build("umami_library.c", "umami_fixed", "FIXED_COUPLING")
        return UmamiMatrixElement(PROCESS, library)
    if request.param == "fortran":
        return MadGraphFortran(PROCESS, build("fortran_library.c", "fortran"))
    return MadGraphFortran(PROCESS, build("fortran_library.c", "all", "ALL_PROCESSES"))


def test_same_values_as_built_in(external, momenta):
    assert hasattr(external, "colour_flow_weights")
    alpha_s = torch.linspace(0.1, 0.2, len(momenta), dtype=torch.float64)
    expected = matrix_element(PROCESS)(momenta, alpha_s)
    torch.testing.assert_close(external(momenta, alpha_s), expected, rtol=1e-12, atol=0.0)
    single = external(momenta.float(), 0.118)
    assert single.dtype == torch.float32
    assert external(momenta[:0], 0.118).shape == (0,)
    assert external.colour_flows == matrix_element(PROCESS).colour_flows
    assert external.colour_flow_weights(momenta, 0.118).shape == (20, 1)
    assert external.process.name == PROCESS


def test_no_gradients(external, momenta):
    with pytest.raises(MatrixElementError, match="no gradients"):
        external(momenta.clone().requires_grad_(True), 0.118)


def test_parameters_are_handed_over(build, momenta):
    model = StandardModel(top_mass=160.0, alpha_s=0.13)
    points = matrix_element_points(model)
    expected = matrix_element(PROCESS, model)(points, 0.118)
    fortran = MadGraphFortran(PROCESS, build("fortran_library.c", "fortran"), model)
    torch.testing.assert_close(fortran(points, 0.118), expected, rtol=1e-12, atol=0.0)
    # The masses that the UMAMI library declares do not fit this model.
    with pytest.raises(MatrixElementError, match="external masses"):
        UmamiMatrixElement(PROCESS, build("umami_library.c", "umami"), model)
    # A parameter set afterwards makes the values differ from the built-in ones.
    with pytest.raises(MatrixElementError, match="does not agree"):
        UmamiMatrixElement(PROCESS, build("umami_library.c", "umami"), set_parameters={"MT": 100.0})
    different = UmamiMatrixElement(
        PROCESS,
        build("umami_library.c", "umami"),
        set_parameters={"MT": 100.0},
        verify=False,
    )
    assert not torch.allclose(different(momenta, 0.118), matrix_element(PROCESS)(momenta, 0.118))


def matrix_element_points(model):
    from mcsurrogate.matrix_elements import Process
    from mcsurrogate.matrix_elements.probe import probe_points

    return probe_points(Process.parse(PROCESS), model, 10)


def test_wrong_process_is_refused(build):
    with pytest.raises(MatrixElementError, match="another process"):
        MadGraphFortran("g g > t t~", build("fortran_library.c", "fortran"))
    with pytest.raises(MatrixElementError, match="does not agree"):
        MadGraphFortran("g g > t t~", build("fortran_library.c", "all", "ALL_PROCESSES"))
    with pytest.raises(MatrixElementError, match="external masses"):
        UmamiMatrixElement("u u~ > d d~", build("umami_library.c", "umami"))
    with pytest.raises(MatrixElementError, match="normalisation"):
        FunctionMatrixElement(PROCESS, lambda p, a: 36.0 * closed(p, a))


def test_a_process_number_chooses_among_those_of_a_library(build, momenta):
    library = build("fortran_library.c", "all", "ALL_PROCESSES")
    chosen = MadGraphFortran(PROCESS, library, process_id=1)
    torch.testing.assert_close(chosen(momenta, 0.118), matrix_element(PROCESS)(momenta, 0.118))
    with pytest.raises(MatrixElementError, match="does not agree"):
        MadGraphFortran(PROCESS, library, process_id=2)
    with pytest.raises(MatrixElementError, match="leave process_id out"):
        MadGraphFortran(PROCESS, build("fortran_library.c", "fortran"), process_id=1)


@pytest.mark.parametrize(
    "text", [f"{PROCESS} QED=0", f"{PROCESS} / z", f"{PROCESS} QCD^2==4", f"{PROCESS} $ z"]
)
def test_what_a_library_cannot_be_told_is_checked_or_refused(text, build):
    library = build("umami_library.c", "umami")
    assert UmamiMatrixElement(text, library).process.pdg_ids == (2, -2, 6, -6)  # the same diagrams
    with pytest.raises(MatrixElementError, match="nothing would check it"):
        UmamiMatrixElement(text, library, verify=False)
    with pytest.raises(MatrixElementError, match="nothing would check it"):
        FunctionMatrixElement("g g > h / b", closed)  # by a loop: there is no built-in amplitude


def test_other_diagrams_are_refused(build):
    library = build("umami_library.c", "umami")
    for text in (f"{PROCESS} QCD=0", f"{PROCESS} QCD=0 / z", f"{PROCESS} QED=2"):
        with pytest.raises(MatrixElementError, match=r"selection of diagrams|normalisation"):
            UmamiMatrixElement(text, library)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("u u~ > e+ e- / a", "'/'"),
        ("u u~ > e+ e- $ z", "'/', '\\$'"),
        ("u u~ > t t~, t > w+ b", "decay chains"),
        ("u u~ > z > e+ e-", "required resonances"),
        ("g g > h", "without tree diagrams"),
        ("u u > u u QED=2", "several coupling orders"),
    ],
)
def test_pyamplicol_says_what_it_cannot(text, what):
    with pytest.raises(MatrixElementError, match=what):
        PyAmpliCol(text)
    with pytest.raises(MatrixElementError, match="complex-mass"):
        PyAmpliCol("u u~ > e+ e-", StandardModel(complex_masses=True))


def test_wrong_number_of_particles_is_refused(build):
    with pytest.raises(MatrixElementError, match="for 4 particles"):
        UmamiMatrixElement("u u~ > t t~ g", build("umami_library.c", "umami"))
    with pytest.raises(MatrixElementError, match="more than the 4 particles"):
        MadGraphFortran(PROCESS, build("fortran_library.c", "five", "FIVE_LEGS"), verify=False)


def test_library_that_only_samples_is_refused(build):
    with pytest.raises(MatrixElementError, match="random number for the helicity"):
        UmamiMatrixElement(PROCESS, build("umami_library.c", "sampling", "NEEDS_HELICITY"))


def test_files_that_are_no_libraries(tmp_path, build):
    text = tmp_path / "text.so"
    text.write_text("no library")
    for provider in (UmamiMatrixElement, MadGraphFortran):
        with pytest.raises(MatrixElementError, match="cannot be loaded"):
            provider(PROCESS, text)
    with pytest.raises(MatrixElementError, match="no function setpara_"):
        MadGraphFortran(PROCESS, build("umami_library.c", "umami"))
    with pytest.raises(MatrixElementError, match="as a UMAMI library"):
        UmamiMatrixElement(PROCESS, build("fortran_library.c", "fortran"))


def test_function_of_wrong_shape(momenta):
    with pytest.raises(MatrixElementError, match="shape"):
        FunctionMatrixElement(PROCESS, lambda p, a: closed(p, a)[:, None])
    with pytest.raises(MatrixElementError, match="diverges"):
        FunctionMatrixElement(PROCESS, lambda _, a: a * np.nan, verify=False)(momenta, 0.1)


def test_parameter_card(tmp_path):
    text = write_param_card(StandardModel(top_width=1.5), tmp_path / "card.dat").read_text()
    assert "DECAY 6 1.5" in text
    values = dict(line.split()[:2] for line in text.splitlines() if "#" in line)
    assert float(values["1"]) == 132.507


@pytest.mark.skipif(
    importlib.util.find_spec("pyamplicol") is not None, reason="pyamplicol is installed"
)
def test_missing_package():
    with pytest.raises(MatrixElementError, match="pip install pyamplicol"):
        PyAmpliCol("u u~ > t t~")


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("pyamplicol") is None, reason="needs pyamplicol")
def test_pyamplicol(tmp_path):
    model = StandardModel(top_width=1.4)
    first = PyAmpliCol("u u~ > t t~ g", model, cache=tmp_path)
    again = PyAmpliCol("u u~ > t t~ g", model, cache=tmp_path)
    from mcsurrogate.matrix_elements import Process
    from mcsurrogate.matrix_elements.probe import probe_points

    points = probe_points(Process.parse("u u~ > t t~ g"), model, 10)
    expected = matrix_element("u u~ > t t~ g", model)(points, 0.13)
    torch.testing.assert_close(first(points, 0.13), expected, rtol=1e-10, atol=0.0)
    torch.testing.assert_close(again(points, 0.13), expected, rtol=1e-10, atol=0.0)
    assert len(list(tmp_path.iterdir())) == 1
    # limits on couplings are handed over; version 1.0.1 has no colour structures without gluons
    with pytest.raises(MatrixElementError, match="cannot generate u u > u u QCD<=0"):
        PyAmpliCol("u u > u u QCD=0", model, cache=tmp_path)
    strong = PyAmpliCol("u u > u u QED=0", model, cache=tmp_path)
    points = probe_points(strong.process, model, 5)
    expected = matrix_element("u u > u u QED=0", model)(points, 0.13)
    torch.testing.assert_close(strong(points, 0.13), expected, rtol=1e-10, atol=0.0)
