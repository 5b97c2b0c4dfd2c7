"""The C++ example against a Pythia that is not the Python module: plugin, program, card.

MCSURROGATE_TEST_PYTHIA8_CONFIG names the pythia8-config of a Pythia to build against. Without it
the library in the pythia8mc wheel stands in for one: it is a whole libpythia8, with the old string
ABI and with references to Python, which a small library satisfies.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "cpp_bindings" / "examples"


def execute(*command, **more):
    return subprocess.run(
        [str(word) for word in command], check=True, capture_output=True, text=True, **more
    ).stdout


def wheel_as_pythia(folder):
    """A pythia8-config of the wheel, and what CMake needs to know besides."""
    found = json.loads(execute(sys.executable, ROOT / "cmake" / "find_pythia.py"))
    library = Path(found["library"])
    (folder / "libpythia8.so").symlink_to(library)
    undefined = execute("nm", "-D", "--undefined-only", library).split()
    names = sorted({n for n in undefined if n.startswith(("Py", "_Py"))})
    source = folder / "no_python.c"
    source.write_text("".join(f"void {name}(void) {{}}\n" for name in names), encoding="utf-8")
    execute("cc", "-shared", "-fPIC", "-w", "-o", folder / "libno_python.so", source)
    config = folder / "pythia8-config"
    config.write_text(
        "#!/bin/sh\ncase $1 in\n"
        f"--includedir) echo {found['include']};;\n--libdir) echo {folder};;\nesac\n",
        encoding="utf-8",
    )
    config.chmod(0o755)
    return config, [
        f"-DCMAKE_CXX_FLAGS=-D_GLIBCXX_USE_CXX11_ABI={found['cxx11_abi']}",
        f"-DCMAKE_EXE_LINKER_FLAGS=-Wl,--no-as-needed {folder}/libno_python.so",
    ]


@pytest.mark.slow
def test_the_example_builds_and_hadronizes(tmp_path, monkeypatch):
    own = os.environ.get("MCSURROGATE_TEST_PYTHIA8_CONFIG")
    if own:
        config, more = own, []
    else:
        config, more = wheel_as_pythia(tmp_path)
        pythia8mc = execute(
            sys.executable, "-P", "-c", "import pythia8mc; print(pythia8mc.__file__)"
        )
        data = [
            Path(prefix) / "share" / "Pythia8" / "xmldoc"
            for prefix in (sys.prefix, *Path(pythia8mc.strip()).parents)
        ]
        monkeypatch.setenv("PYTHIA8DATA", str(next(path for path in data if path.exists())))
    build = tmp_path / "build"
    execute("cmake", "-S", EXAMPLES, "-B", build, f"-DPYTHIA8_CONFIG={config}", *more)
    execute("cmake", "--build", build)

    printed = execute(build / "main_surrogate", build / "zpole.cmnd")
    assert "mean number of charged particles" in printed
    words = printed.split("mean number of charged particles:")[1].split()
    # 20.9 at the Z; 2000 events determine the mean to 0.15.
    assert float(words[0]) == pytest.approx(20.9, abs=0.7)
    assert "MCSurrogate Hadronization Statistics" in printed
    draws = next(line for line in printed.splitlines() if "fractions z" in line).split()
    assert int(draws[-2]) > 40_000
    assert int(draws[-1]) < 0.001 * int(draws[-2])

    bad = tmp_path / "bad.cmnd"
    text = (build / "zpole.cmnd").read_text(encoding="utf-8")
    bad.write_text(text.replace("string_breaks_monash", "no_such_weights"), encoding="utf-8")
    with pytest.raises(subprocess.CalledProcessError) as caught:
        execute(build / "main_surrogate", bad)
    assert caught.value.returncode == 1
    assert "no_such_weights" in caught.value.stdout + caught.value.stderr


def test_a_pythia_that_is_not_there_is_named(tmp_path):
    with pytest.raises(subprocess.CalledProcessError) as caught:
        execute("cmake", "-S", EXAMPLES, "-B", tmp_path / "build", "-DPYTHIA8_CONFIG=/none/config")
    assert "set PYTHIA8_CONFIG" in caught.value.stderr
