# SPDX-License-Identifier: GPL-3.0-or-later
"""The C++ examples against a Pythia that is not the Python module: plugins, programs, cards.

MCSURROGATE_TEST_PYTHIA8_CONFIG names the pythia8-config of a Pythia to build against. Without it
libpythia8 is compiled from the source package of the pythia8mc wheel, which takes minutes and is
kept in pytest's cache.
"""

import importlib.metadata
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import torch

from mcsurrogate.emulation import Emulator, TrainingSettings
from mcsurrogate.matrix_elements import StandardModel, matrix_element

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "cpp_bindings" / "examples"
RELEASE = importlib.metadata.version("pythia8mc")


def execute(*command, **more):
    return subprocess.run(
        [str(word) for word in command], check=True, capture_output=True, text=True, **more
    ).stdout


def compiled_pythia(folder):
    """The pythia8-config of a libpythia8 that is compiled in the folder."""
    archive = folder / f"pythia8mc-{RELEASE}.tar.gz"
    if not archive.exists():
        execute(
            *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
            *("--no-binary", "pythia8mc", "--dest", folder, f"pythia8mc=={RELEASE}"),
        )
    if not (source := next(folder.glob("pythia8mc-*/pythia8*/src"), None)):
        with tarfile.open(archive) as package:
            package.extractall(folder, filter="data")
        (source,) = folder.glob("pythia8mc-*/pythia8*/src")
    build = folder / "build"
    own = Path(__file__).parent / "pythia_from_source"
    execute("cmake", "-S", own, "-B", build, f"-DPYTHIA_SOURCE={source.parent}")
    execute("cmake", "--build", build, "--parallel", "2")
    return build / "pythia8-config"


@pytest.fixture(scope="module")
def build(request, tmp_path_factory):
    """The folder where the examples were built."""
    config = os.environ.get("MCSURROGATE_TEST_PYTHIA8_CONFIG")
    if not config:
        config = compiled_pythia(request.config.cache.mkdir(f"pythia-{RELEASE}"))
    folder = tmp_path_factory.mktemp("example") / "build"
    python = f"-DPython3_EXECUTABLE={sys.executable}"  # has the headers of nlohmann-json
    execute("cmake", "-S", EXAMPLES, "-B", folder, f"-DPYTHIA8_CONFIG={config}", python)
    execute("cmake", "--build", folder, "--parallel", "2")
    return folder


@pytest.mark.slow
def test_the_example_builds_and_hadronizes(build, tmp_path):
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


def emulated_photons(path, factor):
    """An emulator of |M|^2(g g > a a) times a factor, at Pythia's electromagnetic coupling."""
    generator = torch.Generator().manual_seed(1)
    energy = 25.0 * 160.0 ** torch.rand(6000, generator=generator).double()
    cosine = 2 * torch.rand(6000, generator=generator).double() - 1
    x, z, zero = energy * (1 - cosine**2).sqrt(), energy * cosine, torch.zeros_like(energy)
    rows = (
        (energy, zero, zero, energy),
        (energy, zero, zero, -energy),
        (energy, x, zero, z),
        (energy, -x, zero, -z),
    )
    momenta = torch.stack([torch.stack(row, dim=1) for row in rows], dim=1)[x > 24.0]
    model = StandardModel(inverse_alpha_ew=1 / 0.00729735)
    me2 = factor * matrix_element("g g > a a", model)(momenta, 0.118)
    settings = TrainingSettings(hidden=(16, 16), epochs=8, batch=128, learning_rate=0.02)
    emulator = Emulator.fit(
        momenta, me2, "g g > a a", seed=1, model=model, alpha_s=0.118, settings=settings
    )
    emulator.save(path)


@pytest.mark.slow
def test_the_example_emulates_matrix_elements(build, tmp_path):
    weights = tmp_path / "runs" / "emulator_gg_aa" / "emulator.safetensors"
    weights.parent.mkdir(parents=True)
    emulated_photons(weights, 1.5)
    card = tmp_path / "photons.cmnd"
    text = (build / "photons.cmnd").read_text(encoding="utf-8")
    card.write_text(f"{text}SigmaProcess:alphaEMorder = 0\n", encoding="utf-8")
    printed = execute(build / "main_matrix_element", card, cwd=tmp_path)
    names = next(line for line in printed.splitlines() if "pT in GeV" in line).split()
    assert names[-3:] == ["nominal", "surrogate_up", "surrogate_down"]
    found = next(line for line in printed.splitlines() if "mean weight  " in line).split()
    nominal, up, down = (float(number) for number in found[-3:])
    # Pythia's amplitude is the exact one, so the weight is the factor, to the emulator's error.
    assert nominal == pytest.approx(1.5, rel=0.01)
    assert 0.9 * nominal < down < nominal < up < 1.1 * nominal
    assert "MCSurrogate" in printed

    with pytest.raises(subprocess.CalledProcessError) as caught:
        execute(build / "main_matrix_element", card, cwd=tmp_path.parent)
    assert caught.value.returncode == 1
    assert "emulator_gg_aa" in caught.value.stdout + caught.value.stderr


def test_a_pythia_that_is_not_there_is_named(tmp_path):
    with pytest.raises(subprocess.CalledProcessError) as caught:
        execute("cmake", "-S", EXAMPLES, "-B", tmp_path / "build", "-DPYTHIA8_CONFIG=/none/config")
    assert "set PYTHIA8_CONFIG" in caught.value.stderr
