# SPDX-License-Identifier: GPL-3.0-or-later
"""The compiled evaluator against the same steps in torch."""

import pickle
import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch_evaluator import evaluate_in_torch

from mcsurrogate.emulation import Emulator, FitOptions, TrainingSettings
from mcsurrogate.emulation.native_evaluator import NativeEvaluator
from mcsurrogate.errors import EmulationError, KinematicsError
from mcsurrogate.matrix_elements import StandardModel, matrix_element
from mcsurrogate.matrix_elements.probe import probe_points
from mcsurrogate.matrix_elements.process import Process

PROCESSES = ("g g > g g g", "g g > t t~ g", "u d~ > w+ g g", "g g > t t~ g g", "g g > w+ d u~ g g")


@pytest.mark.parametrize("members", [1, 2])
@pytest.mark.parametrize("process", PROCESSES)
def test_it_agrees_with_torch(process, members):
    momenta = probe_points(Process.parse(process), StandardModel(), 1200)
    me2 = matrix_element(process)(momenta, 0.118)
    settings = TrainingSettings(hidden=(24, 16), epochs=2, batch=64, members=members)
    emulator = Emulator.fit(momenta, me2, process, seed=1, settings=settings, alpha_s=0.118)
    wanted, wanted_sigma, outside = evaluate_in_torch(emulator, momenta)
    assert torch.equal(emulator.outside_domain(momenta), outside)
    assert int((~outside).sum()) > 600
    value, sigma = emulator.predict(momenta[~outside])
    # The networks' output is a logarithm in single precision.
    torch.testing.assert_close(value, wanted[~outside], rtol=3e-6, atol=0.0)
    # The spread of two nearly equal members loses digits.
    torch.testing.assert_close(sigma, wanted_sigma[~outside], rtol=1e-5, atol=0.0)


@pytest.mark.parametrize("skeleton", ["antenna", "none"])
def test_it_agrees_for_every_skeleton(points, skeleton):
    settings = TrainingSettings(hidden=(8,), epochs=1, batch=64)
    emulator = Emulator.fit(
        points["momenta"][:2000], points["me2"][:2000], "g g > g g g", seed=1,
        settings=settings, options=FitOptions(skeleton=skeleton),
    )  # fmt: skip
    wanted, _, outside = evaluate_in_torch(emulator, points["momenta"][:2000])
    value, _ = emulator.predict(points["momenta"][:2000][~outside])
    torch.testing.assert_close(value, wanted[~outside], rtol=3e-6, atol=0.0)


def test_a_point_does_not_depend_on_its_neighbours(emulator, inside):
    momenta = inside[0]
    value, sigma = emulator.predict(momenta)
    for start, stop in ((0, 1), (5, 22), (63, 130), (7, 1024)):
        part, part_sigma = emulator.predict(momenta[start:stop])
        assert torch.equal(part, value[start:stop])
        assert torch.equal(part_sigma, sigma[start:stop])
    assert emulator.predict(momenta[:0])[0].shape == (0,)


@pytest.mark.parametrize("bad", [0, 63, 64, 700])
@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda p: p[3].fill_(torch.nan), "not finite"),
        (lambda p: p[2, 0].fill_(torch.inf), "not finite"),
        (lambda p: p[3].mul_(1.0 + 1e-4), "does not conserve momentum"),
        (lambda p: p[2:, 0].copy_(p[2:, 0].flip(0)), "mass"),
        (lambda p: p.mul_(-1.0), "energy is not positive"),
    ],
)
def test_bad_momenta_are_named(emulator, inside, bad, spoil, message):
    momenta = inside[0][:900].clone()
    spoil(momenta[bad])
    with pytest.raises(KinematicsError, match=message) as caught:
        emulator.predict(momenta)
    assert re.search(rf"event {bad}\b", str(caught.value))


def test_unchecked_nonsense_is_outside(emulator, inside):
    momenta = inside[0][:200].clone()
    momenta[3] = torch.nan
    momenta[70, 2] = torch.inf
    momenta[130] = 0.0
    momenta[131] *= -1e160
    found = emulator._native.evaluate(momenta.numpy())[2]
    assert np.flatnonzero(~found).tolist() == [3, 70, 130, 131]


def test_threads_share_an_evaluator(emulator, inside):
    native, momenta = emulator._native, inside[0].numpy()
    wanted = native.evaluate(momenta)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(native.evaluate, [momenta] * 16):
            np.testing.assert_array_equal(found[0], wanted[0])
            np.testing.assert_array_equal(found[1], wanted[1])


def test_it_can_be_sent_to_another_process(emulator, inside):
    emulator.predict(inside[0][:10])
    again = pickle.loads(pickle.dumps(emulator))
    assert torch.equal(again.predict(inside[0])[0], emulator.predict(inside[0])[0])


def test_damaged_bytes_are_refused():
    with pytest.raises(EmulationError, match="truncated"):
        NativeEvaluator(b"1234")
    with pytest.raises(EmulationError, match="cannot be read"):
        NativeEvaluator.read("nothing.safetensors")
