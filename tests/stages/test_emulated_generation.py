# SPDX-License-Identifier: GPL-3.0-or-later
"""Stage ``generate`` with emulators: from the card to events, weights and bookkeeping."""

import json
from dataclasses import replace

import numpy as np
import pyhepmc
import pytest
import torch

from mcsurrogate.cards import RunCard
from mcsurrogate.cli.summary import print_events
from mcsurrogate.emulation import Emulator, FitOptions, TrainingSettings
from mcsurrogate.emulation.training_points import evaluate_points, points_from_draws
from mcsurrogate.errors import EmulationError
from mcsurrogate.event_generation.emulated_process import emulated_process
from mcsurrogate.event_generation.emulated_selection import emulated_selection
from mcsurrogate.event_generation.event_weights import EmulatorWeights
from mcsurrogate.events.les_houches import read_les_houches
from mcsurrogate.hard_process import assemble
from mcsurrogate.integration.sampler_file import load_sampler
from mcsurrogate.matrix_elements import Process, StandardModel, matrix_element
from mcsurrogate.progress import silent
from mcsurrogate.run_folder import RunFolder
from mcsurrogate.stages import run_generation, run_integration, run_shower
from mcsurrogate.stages.emulator_points import sampler_draws

PROCESS = "g g > t t~ g"
CARD = {
    "seed": 5,
    "process": {"definition": PROCESS},
    "beams": {"sqrt_s": 13000.0, "pdf": "NNPDF23_lo_as_0130_qed"},
    "scales": {"alpha_s": 0.118},
    "cuts": [{"observable": "pt", "particles": ["jets"], "minimum": 30.0}],
    "integration": {"method": "vegas", "max_evaluations": 20_000, "overweight_fraction": 0.02},
    "generation": {"events": 60},
    "chain": {"settings": ["PartonLevel:MPI = off"], "hepmc": "gz"},
}


def card_with(**emulators):
    return RunCard.model_validate({**CARD, "emulators": {"pilot": 2000, **emulators}})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("run")
    with RunFolder(path, RunCard.model_validate(CARD)) as run:
        run_integration(run, silent)
    return path


@pytest.fixture(scope="module")
def files(folder, tmp_path_factory):
    """A single network, and an ensemble of two, trained on the run's own points."""
    out = tmp_path_factory.mktemp("emulators")
    process = assemble(RunCard.model_validate(CARD))
    sampler = load_sampler(folder / "sampler.safetensors", process)
    draw = sampler_draws(process, sampler, Process.parse(PROCESS))
    points = evaluate_points(
        points_from_draws(draw, 4000, seed=5), matrix_element(PROCESS), 0.118, "sampler"
    )
    settings = TrainingSettings(hidden=(16, 16), epochs=5, batch=256, learning_rate=0.02)
    paths = []
    for members in (1, 2):
        emulator = Emulator.fit(
            points.momenta,
            points.me2,
            PROCESS,
            seed=1,
            settings=replace(settings, members=members),
            options=FitOptions(amplitude_seconds=points.seconds),
        )
        paths.append(out / f"members{members}.safetensors")
        emulator.save(paths[-1])
    return paths


def generate(folder, card, tmp_path, *, shower=False):
    """Generate into a copy of the integration."""
    for name in ("run.json", "result.json", "sampler.safetensors", "card.toml"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    with RunFolder(tmp_path, card) as run:
        record = run_generation(run, silent)
        chain = run_shower(run, silent) if shower else None
    return record, chain


def test_two_stage_events_of_a_card(folder, files, tmp_path, capsys):
    record, _ = generate(folder, card_with(weights=[str(files[0])]), tmp_path)
    emulation = record["emulation"]
    assert emulation["mode"] == "exact second stage"
    assert emulation["emulators"][0]["process"] == PROCESS
    assert 0 < emulation["first_efficiency"] < 1
    assert emulation["second_efficiency"] > 0.3
    assert emulation["preparation_seconds"] > 0
    assert {"gain", "break_even_events", "first_overweight_points"} <= set(emulation)
    written = json.loads((tmp_path / "run.json").read_text())["stages"]["generate"]
    assert written["emulation"]["description"] == emulation["description"]
    run, batches = read_les_houches(tmp_path / record["file"])
    events = next(batches)
    assert len(events) == record["events"] == 60
    assert run.weight_names == ("nominal",)
    # Weights in pb whose mean is the cross section, up to the few overweight events.
    result = json.loads((folder / "result.json").read_text())
    assert np.median(events.weights) == pytest.approx(result["cross_section_pb"], rel=0.03)
    print_events(record)
    printed = " ".join(capsys.readouterr().out.split())
    assert "second stage" in printed
    assert "paid back after" in printed or "never pays back" in printed


def test_the_same_seed_gives_the_same_events(folder, files, tmp_path):
    card = card_with(weights=[str(files[0])])
    content = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        record, _ = generate(folder, card, tmp_path / name)
        _, batches = read_les_houches(tmp_path / name / record["file"])
        content.append(next(batches).momenta)
    np.testing.assert_array_equal(*content)


@pytest.mark.parametrize("members", [1, 2])
def test_uncertainty_weights_reach_lhe_and_hepmc(folder, files, tmp_path, members):
    card = card_with(weights=[str(files[members - 1])], exact_second_stage=False)
    record, chain = generate(folder, card, tmp_path, shower=members == 2)
    names = ("nominal", "surrogate_up", "surrogate_down")
    if members == 2:
        names += ("surrogate_member_1", "surrogate_member_2")
    run, batches = read_les_houches(tmp_path / record["file"])
    weights = next(batches).weights
    assert run.weight_names == names
    assert tuple(record["emulation"]["weight_names"]) == names
    nominal, up, down = weights[:, :3].T
    assert (up >= nominal).all()
    assert (down <= nominal).all()
    np.testing.assert_allclose(up * down, nominal**2, rtol=1e-9)
    assert (up > nominal).mean() > 0.9
    if chain is None:
        return
    # Pythia's error is the spread of the weights; that of the integral belongs to it.
    rate_error = run.processes[0].error_pb
    assert 0 < rate_error < chain["cross_section_error_pb"] < 10 * rate_error
    # The mean of two members of log |M|^2 is the nominal one.
    np.testing.assert_allclose(weights[:, 3] * weights[:, 4], nominal**2, rtol=1e-5)
    with pyhepmc.open(tmp_path / chain["file"]) as stream:
        for event, row in zip(stream, weights, strict=True):
            assert tuple(event.weight_names[1:]) == names[1:]
            np.testing.assert_allclose(np.array(event.weights), row, rtol=1e-6)


def test_uncertain_points_get_the_exact_amplitude(folder, files, tmp_path):
    card = card_with(weights=[str(files[0])], exact_second_stage=False, largest_sigma=1e-6)
    record, _ = generate(folder, card, tmp_path)
    assert record["emulation"]["emulated_points"] == 0
    assert record["emulation"]["uncertain_points"] > 0
    _, batches = read_les_houches(tmp_path / record["file"])
    weights = next(batches).weights
    assert (weights == weights[:, :1]).all()


def test_weights_outside_the_cuts_are_refused(files):
    process = assemble(RunCard.model_validate(CARD))
    weights = EmulatorWeights(emulated_process(process, [Emulator.load(files[0])]))
    u = torch.rand(500, process.dim, generator=torch.Generator().manual_seed(1)).double()
    assert not bool(process.contributions(u, 0).accepted.all())
    with pytest.raises(EmulationError, match="outside the cuts"):
        weights(u, torch.zeros(500, dtype=torch.int64))


def test_bad_emulators_are_refused_by_name(folder, files, tmp_path):
    def attempt(card):
        with pytest.raises(EmulationError) as error:
            generate(folder, card, tmp_path)
        for name in list(tmp_path.iterdir()):
            if name.is_file():
                name.unlink()
        return str(error.value)

    assert "cannot be read" in attempt(card_with(weights=[str(tmp_path / "no.safetensors")]))
    cut = tmp_path / "sub" / "cut.safetensors"
    cut.parent.mkdir()
    cut.write_bytes(files[0].read_bytes()[:2000])
    cut.with_suffix(".json").write_bytes(files[0].with_suffix(".json").read_bytes())
    assert "cut.safetensors" in attempt(card_with(weights=[str(cut)]))
    other = cut.parent / "other.safetensors"
    emulator = Emulator.load(files[0])
    numbers = {**StandardModel().numbers(), "top_width": 1.0}
    wrong = Emulator(emulator.parts, emulator.card.model_copy(update={"parameters": numbers}))
    wrong.save(other)
    assert "top_width" in attempt(card_with(weights=[str(other)]))
    process = emulator.card.model_copy(update={"process": "g g > t t~ t t~"})
    Emulator(emulator.parts, process).save(other)
    assert "other.safetensors" in attempt(card_with(weights=[str(other)]))


def test_sampled_helicities_are_refused(folder, files):
    content = {**CARD, "emulators": {"weights": [str(files[0])]}}
    content["integration"] = {**CARD["integration"], "helicities": "sample"}
    card = RunCard.model_validate(content)
    process = assemble(RunCard.model_validate(CARD))
    sampler = load_sampler(folder / "sampler.safetensors", process)
    with pytest.raises(EmulationError, match="sum over helicities only"):
        emulated_selection(card, process, sampler, 0.01, 1.0, 1)
