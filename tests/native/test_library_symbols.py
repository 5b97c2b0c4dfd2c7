# SPDX-License-Identifier: GPL-3.0-or-later
"""Symbols, constants and the string ABI are read from libraries that a compiler has made."""

import shutil
import subprocess
from pathlib import Path

import pytest
import pythia8mc

SOURCE = """
#include <string>
namespace Pythia8 {
struct Logger;
class Pythia { static const double VERSIONNUMBERCODE; };
const double Pythia::VERSIONNUMBERCODE = 8.42;
void* dlopen_plugin(std::string name, Logger*) { return name.empty() ? nullptr : &name; }
}
"""
DLOPEN_PLUGIN = "_ZN7Pythia813dlopen_pluginE"
VERSION = "_ZN7Pythia86Pythia17VERSIONNUMBERCODEE"


@pytest.fixture(params=[0, 1])
def library(request, tmp_path):
    """A library with the names of Pythia's, for both string ABIs."""
    compiler = shutil.which("g++")
    if compiler is None:
        pytest.skip("no g++ to make a library with")
    (tmp_path / "small.cpp").write_text(SOURCE)
    flags = [f"-D_GLIBCXX_USE_CXX11_ABI={request.param}", "-w", "-O1", "-fPIC"]
    subprocess.run([compiler, *flags, "-c", "small.cpp"], cwd=tmp_path, check=True)
    shared = tmp_path / "libsmall.so"
    subprocess.run([compiler, "-shared", "-o", shared, "small.o"], cwd=tmp_path, check=True)
    subprocess.run(["ar", "rcs", "libsmall.a", "small.o"], cwd=tmp_path, check=True)
    return request.param, shared


def test_string_abi_is_read_from_shared_and_static_libraries(library):
    from library_symbols import string_abi

    abi, shared = library
    assert string_abi(shared, DLOPEN_PLUGIN) == abi
    assert string_abi(shared.with_suffix(".a"), DLOPEN_PLUGIN) == abi


def test_constants_are_read_from_the_library_itself(library):
    from library_symbols import LibraryError, symbol_double

    _, shared = library
    assert symbol_double(shared, VERSION) == 8.42
    with pytest.raises(LibraryError, match="no symbol other"):
        symbol_double(shared, "other")


def test_the_installed_pythia_says_what_it_is():

    from find_pythia import _library_release
    from library_symbols import string_abi

    library = Path(pythia8mc.__file__)
    assert string_abi(library, DLOPEN_PLUGIN) in {0, 1}
    pythia = pythia8mc.Pythia("", False)
    assert _library_release(library) == round(1000 * pythia.parm("Pythia:versionNumber"))


def test_files_that_are_no_library_are_refused(tmp_path):
    from library_symbols import LibraryError, string_abi

    text = tmp_path / "libtext.so"
    text.write_text("INPUT(-lother) " * 10)
    with pytest.raises(LibraryError, match=r"libtext\.so is no 64-bit"):
        string_abi(text, DLOPEN_PLUGIN)
    with pytest.raises(LibraryError, match="cannot be read"):
        string_abi(tmp_path / "none.so", DLOPEN_PLUGIN)
    cut = tmp_path / "libcut.so"
    with Path(pythia8mc.__file__).open("rb") as whole:
        cut.write_bytes(whole.read(100_000))
    with pytest.raises(LibraryError, match="cannot be read"):
        string_abi(cut, DLOPEN_PLUGIN)
