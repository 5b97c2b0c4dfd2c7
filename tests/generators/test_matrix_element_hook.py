# SPDX-License-Identifier: GPL-3.0-or-later
"""The user hook and its evaluator: against torch, against Pythia's amplitudes, and bad input."""

import numpy as np
import pytest
import pythia8mc
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from scipy import stats

from mcsurrogate.cli.plugin import plugin
from mcsurrogate.emulation import Emulator, NativeEmulator, TrainingSettings
from mcsurrogate.errors import EmulationError, PythiaError
from mcsurrogate.generators import PythiaChain, weights_path
from mcsurrogate.generators.matrix_element import (
    attach_matrix_element,
    matrix_element_settings,
)
from mcsurrogate.matrix_elements import StandardModel, matrix_element
from mcsurrogate.matrix_elements.probe import probe_points
from mcsurrogate.matrix_elements.process import Process

SETTINGS = TrainingSettings(hidden=(16, 16), epochs=6, batch=128, learning_rate=0.02)
# Everything after the hard process is off, and Pythia's alpha does not run.
ALPHA_PYTHIA = 0.00729735  # 1 / 132.507 in ours
COMMON = [
    "Beams:eCM = 13000.",
    "PartonLevel:all = off",
    "HadronLevel:all = off",
    "SigmaProcess:alphaEMorder = 0",
    f"StandardModel:alphaEM0 = {ALPHA_PYTHIA!r}",
]
TOP = ["Top:gg2ttbar = on", "6:m0 = 173.", "PhaseSpace:useBreitWigners = off", *COMMON]
PHOTONS = ["PromptPhoton:gg2gammagamma = on", "PhaseSpace:pTHatMin = 30.", *COMMON]


def two_bodies(process, count, seed, lowest, least_pt=0.0, model=None):
    """Points in the partonic rest frame: log-flat in energy, flat in the angle."""
    amplitude = matrix_element(process, model)
    mass = float(amplitude.process.particles[2].mass(amplitude.parameters))
    generator = torch.Generator().manual_seed(seed)
    energy = 0.5 * lowest * (8000.0 / lowest) ** torch.rand(count, generator=generator).double()
    cosine = 2 * torch.rand(count, generator=generator).double() - 1
    p = (energy**2 - mass**2).sqrt()
    x, z, zero = p * (1 - cosine**2).sqrt(), p * cosine, torch.zeros_like(p)
    rows = ((energy, zero, zero, energy), (energy, zero, zero, -energy), (energy, x, zero, z),
            (energy, -x, zero, -z))  # fmt: skip
    momenta = torch.stack([torch.stack(row, dim=1) for row in rows], dim=1)[x > least_pt]
    return momenta, amplitude(momenta, 0.118), amplitude


@pytest.fixture(scope="module")
def top(tmp_path_factory):
    """Top pairs with a shape of their own: |M|^2 (1 + cos^2 theta)."""
    momenta, me2, amplitude = two_bodies("g g > t t~", 6000, 1, 346.01)
    p = momenta[:, 2, 1:].norm(dim=1)
    me2 = me2 * (1 + (momenta[:, 2, 3] / p) ** 2)
    emulator = Emulator.fit(momenta, me2, "g g > t t~", seed=1, alpha_s=0.118, settings=SETTINGS)
    path = tmp_path_factory.mktemp("top") / "top.safetensors"
    emulator.save(path)
    emulator.exact = amplitude
    return path, emulator


@pytest.fixture(scope="module")
def photons(tmp_path_factory):
    momenta, me2, amplitude = two_bodies("g g > a a", 6000, 1, 50.0, least_pt=24.0)
    emulator = Emulator.fit(momenta, me2, "g g > a a", seed=1, alpha_s=0.118, settings=SETTINGS)
    path = tmp_path_factory.mktemp("photons") / "photons.safetensors"
    emulator.save(path)
    emulator.exact = amplitude
    return path, emulator


def events(lines, count, seed=3):
    chain = PythiaChain(lines, seed=seed, keep_hard_process=True)
    (batch,) = chain.generate(count, batch_size=count)
    return batch, chain.statistics


def test_the_evaluator_needs_the_file_alone(top):
    path, emulator = top
    momenta, _, _ = two_bodies("g g > t t~", 500, 2, 346.01)
    value, sigma, inside = NativeEmulator(path).predict(momenta.numpy())
    np.testing.assert_array_equal(inside, ~emulator.outside_domain(momenta).numpy())
    expected, expected_sigma = emulator.predict(momenta[torch.from_numpy(inside)])
    np.testing.assert_array_equal(value[inside], expected.numpy())
    np.testing.assert_array_equal(sigma[inside], expected_sigma.numpy())


def test_evaluator_refuses_wrong_shapes_and_knows_its_domain(top):
    native = NativeEmulator(top[0])
    with pytest.raises(EmulationError, match=r"need \(N, 4, 4\)"):
        native.predict(np.zeros((3, 5, 4)))
    assert not native.predict(np.full((1, 4, 4), np.nan))[2].any()
    far, _, _ = two_bodies("g g > t t~", 3, 1, 7900.0)
    assert not native.predict(3.0 * far.numpy())[2].any()


def test_weights_are_emulated_over_own(top):
    path, emulator = top
    pythia = pythia8mc.Pythia("", False)
    for line in ["Print:quiet = on", "Random:setSeed = on", "Random:seed = 7", *TOP]:
        assert pythia.readString(line)
    attach_matrix_element(pythia, path, as_weight=True)
    assert pythia.init()
    weights, momenta, coupling = [], [], []
    for _ in range(300):
        assert pythia.next()
        info = pythia.infoPython()
        weights.append(list(info.weightValueVector()))
        coupling.append(info.alphaS())
        momenta.append(
            [[p.e(), p.px(), p.py(), p.pz()] for p in (pythia.process[k] for k in range(3, 7))]
        )
    names = list(pythia.infoPython().weightNameVector())
    assert names[1:] == ["surrogate_up", "surrogate_down"]
    points, alpha_s = torch.tensor(momenta, dtype=torch.float64), torch.tensor(coupling).double()
    value, sigma = emulator.predict(points, alpha_s)
    # Pythia's formula has no width in the propagators (its own B. L. Combridge form).
    own = matrix_element("g g > t t~", StandardModel(top_width=0.0))(points, alpha_s)
    found = np.array(weights)
    np.testing.assert_allclose(found[:, 0], (value / own).numpy(), rtol=5e-6)
    relative = (sigma / value).numpy()
    np.testing.assert_allclose(found[:, 1], found[:, 0] * np.exp(relative), rtol=1e-5)
    np.testing.assert_allclose(found[:, 2], found[:, 0] * np.exp(-relative), rtol=1e-5)


def test_selection_and_weights_make_the_same_sample(top):
    """Cosines of unit-weight and of weighted events, and the cross sections."""
    path, _ = top
    samples = []
    for as_weight in (False, True):
        lines = [*matrix_element_settings(path, as_weight=as_weight), *TOP]
        chain = PythiaChain(lines, seed=5 + as_weight, keep_hard_process=True)
        (batch,) = chain.generate(4000, batch_size=4000)
        hard = batch.hard_process
        quark = hard.pdg_id == 6
        p4 = np.asarray(hard.momenta)[quark]
        other = np.asarray(hard.momenta)[hard.pdg_id == -6]
        total = p4 + other
        # cos theta in the rest frame from t - u: exact for massless beams along z
        first = np.stack([total[:, 0] + total[:, 3], total[:, 0] - total[:, 3]], axis=1) / 2
        shat = total[:, 0] ** 2 - total[:, 3] ** 2
        plus, minus = p4[:, 0] - p4[:, 3], p4[:, 0] + p4[:, 3]
        t_minus_u = 2 * (first[:, 1] * minus - first[:, 0] * plus)
        cosine = t_minus_u / (shat * np.sqrt(1 - 4 * 173.0**2 / shat))
        samples.append((cosine, batch.weights[:, 0], chain.statistics))
    (plain, unit, one), (weighted, weights, two) = samples
    assert np.ptp(unit) == 0.0
    assert weights.std() > 0.05 * weights.mean()
    edges = np.linspace(0, 1, 11)
    a, _ = np.histogram(np.abs(plain), edges)
    b, _ = np.histogram(np.abs(weighted), edges, weights=weights)
    b2, _ = np.histogram(np.abs(weighted), edges, weights=weights**2)
    total_a, total_b = a.sum(), b.sum()
    chi2 = ((a / total_a - b / total_b) ** 2 / (a / total_a**2 + b2 / total_b**2)).sum()
    # False-alarm rates: 1e-4, and 6e-5 of 4 standard deviations.
    assert stats.chi2.sf(chi2, 9) > 1e-4
    difference = one.cross_section_pb - two.cross_section_pb
    error = np.hypot(one.cross_section_error_pb, two.cross_section_error_pb)
    assert abs(difference) < 4 * error
    # Without the emulator the shape is another one.
    batch, _ = events(TOP, 10)
    assert np.ptp(batch.weights[:, 0]) == 0.0


def test_another_coupling_is_a_variation_of_the_parameter(photons):
    """Loop-induced photon pairs: Pythia's amplitude is ours, so the weight is the coupling's."""
    path, emulator = photons
    fixed = ["SigmaProcess:alphaSorder = 0", "SigmaProcess:alphaSvalue = 0.13"]
    lines = [*matrix_element_settings(path, as_weight=True, alpha_s=0.118), *PHOTONS, *fixed]
    batch, statistics = events(lines, 400)
    # The electromagnetic coupling is the run's, although the training had another one.
    expected = (0.118 / 0.13) ** 2
    ratio = batch.weights[:, 0] / expected
    error = emulator.card.test.quantile99
    assert np.abs(np.median(ratio) - 1) < error
    assert np.abs(ratio - 1).max() < 5 * emulator.card.test.largest
    # Equal seeds make equal trials, so the cross sections differ by the weight alone.
    own = events([*PHOTONS, *fixed], 400)[1]
    assert statistics.cross_section_pb == pytest.approx(
        own.cross_section_pb * expected, rel=2 * error
    )


def test_uncertain_points_keep_the_own_amplitude(top):
    lines = matrix_element_settings(top[0], as_weight=True, largest_sigma=1e-9)
    batch, _ = events([*lines, *TOP], 50)
    assert np.ptp(batch.weights, axis=0).max() == 0.0
    assert np.ptp(batch.weights, axis=1).max() == 0.0


def test_points_outside_are_warned_of(top):
    lines = matrix_element_settings(top[0], as_weight=True)
    middle = ["PhaseSpace:mHatMin = 500.", "PhaseSpace:mHatMax = 1500."]
    _, home = events([*lines, *TOP, *middle], 200)
    assert not any("outside the domain" in text for text in home.messages)
    _, abroad = events([*lines, *TOP, "PhaseSpace:pTHatMin = 4000."], 30)
    assert any("more than 1% of the trial points" in text for text in abroad.messages)


def refusal(lines):
    with pytest.raises(PythiaError) as caught:
        PythiaChain(lines, seed=1)
    return str(caught.value)


def test_an_emulator_that_does_not_fit_the_run_stops_the_initialisation(top, photons, tmp_path):
    lines = matrix_element_settings(top[0])
    assert "switch it on with Top:gg2ttbar = on" in refusal([*lines, *PHOTONS])
    assert "173.0" in refusal([*lines, *TOP, "6:m0 = 172."])
    assert "useBreitWigners = off" in refusal([*lines, *TOP, "PhaseSpace:useBreitWigners = on"])
    assert "SecondHard" in refusal([*lines, *TOP, "SecondHard:generate = on"])
    twice = matrix_element_settings([top[0], top[0]])
    assert "two emulators" in refusal([*twice, *TOP])
    assert "names no emulator" in refusal([lines[0], *TOP])
    momenta = probe_points(Process.parse("g g > g g g"), StandardModel(), 1200)
    me2 = matrix_element("g g > g g g")(momenta, 0.118)
    small = TrainingSettings(hidden=(8,), epochs=1, batch=64)
    path = tmp_path / "ggg.safetensors"
    Emulator.fit(momenta, me2, "g g > g g g", seed=1, settings=small).save(path)
    assert "no process that can be emulated" in refusal([*matrix_element_settings(path), *TOP])
    assert PythiaChain([*matrix_element_settings([top[0], photons[0]]), *TOP, *PHOTONS], seed=1)


def test_damaged_files_are_refused_with_their_names(top, tmp_path):
    path, _ = top
    cut = tmp_path / "cut.safetensors"
    for keep in (0, 100, path.stat().st_size - 8):
        cut.write_bytes(path.read_bytes()[:keep])
        message = refusal([*matrix_element_settings(cut), *TOP])
        assert "cut.safetensors" in message
        assert "truncated" in message
    tensors = load_file(path)
    save_file(tensors, cut)
    assert "save it again" in refusal([*matrix_element_settings(cut), *TOP])
    with safe_open(path, framework="pt") as stream:
        metadata = stream.metadata()
    wrong = dict(tensors)
    wrong["network.1.weight"] = tensors["network.1.weight"].clone()
    wrong["network.1.weight"][0, 0] = torch.nan
    save_file(wrong, cut, metadata)
    assert "NaN" in refusal([*matrix_element_settings(cut), *TOP])
    del wrong["layout.exchanges"]
    wrong["network.1.weight"] = tensors["network.1.weight"]
    save_file(wrong, cut, metadata)
    assert "layout.exchanges" in refusal([*matrix_element_settings(cut), *TOP])
    wrong = {**tensors, "layout.conjugate_pair": torch.tensor([[1, 2]], dtype=torch.int32)}
    save_file(wrong, cut, metadata)
    assert "layout.conjugate_pair" in refusal([*matrix_element_settings(cut), *TOP])
    save_file(tensors, cut, {**metadata, "beam_reference": "1"})
    assert "beam_reference" in refusal([*matrix_element_settings(cut), *TOP])
    save_file(tensors, cut, {**metadata, "mcsurrogate.format": "1"})
    assert "has format 1" in refusal([*matrix_element_settings(cut), *TOP])
    save_file(tensors, cut, {**metadata, "masses": "[0, 0"})
    assert "masses" in refusal([*matrix_element_settings(cut), *TOP])
    weights = weights_path("string_breaks_monash")
    assert "string_breaks" in refusal([*matrix_element_settings(weights), *TOP])
    with pytest.raises(EmulationError, match="truncated"):
        cut.write_bytes(path.read_bytes()[:50])
        NativeEmulator(cut)


def test_bad_arguments():
    with pytest.raises(EmulationError, match="there is no such emulator"):
        matrix_element_settings("nothing.safetensors")
    with pytest.raises(EmulationError, match="at least one"):
        matrix_element_settings([])
    with pytest.raises(EmulationError, match="module pythia8mc"):
        attach_matrix_element(object(), "nothing.safetensors")


def test_bad_values_and_paths(top, tmp_path):
    with pytest.raises(EmulationError, match="between 0 and 1"):
        matrix_element_settings(top[0], alpha_s=1.5)
    with pytest.raises(EmulationError, match="must be positive"):
        matrix_element_settings(top[0], largest_sigma=0.0)
    spaced = tmp_path / "a b.safetensors"
    spaced.write_bytes(top[0].read_bytes())
    with pytest.raises(EmulationError, match="has a space"):
        matrix_element_settings(spaced)


def test_the_command_prints_the_lines(top, capsys):
    plugin(emulator=[top[0]])
    assert capsys.readouterr().out.splitlines() == matrix_element_settings(top[0])
    plugin(model="lund", emulator=[top[0]])
    printed = capsys.readouterr().out
    assert "SurrogateHadronization" in printed
    assert "SurrogateMatrixElement" in printed
