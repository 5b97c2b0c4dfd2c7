# SPDX-License-Identifier: GPL-3.0-or-later
"""The plugin run with Pythia's own selectors is Pythia: same seed, same events, bit for bit."""

import numpy as np
import pytest

from mcsurrogate.generators import PythiaChain
from mcsurrogate.generators.hadronization import hadronization_settings


def events(settings, count, seed=11):
    (batch,) = PythiaChain(settings, seed=seed).generate(count, batch_size=count)
    return batch


@pytest.mark.parametrize(
    ("process", "count", "more"),
    [
        ("zpole", 400, []),
        ("dijets", 25, []),
        # Junctions of baryon-number-violating remnants are fragmented leg by leg.
        ("dijets", 10, ["ColourReconnection:mode = 1", "BeamRemnants:remnantMode = 1"]),
    ],
)
def test_forwarding_reproduces_plain_pythia(process, count, more, request):
    settings = [*request.getfixturevalue(process), *more]
    plain = events(settings, count)
    forwarded = events([*hadronization_settings("lund"), *settings], count)
    np.testing.assert_array_equal(forwarded.offsets, plain.offsets)
    np.testing.assert_array_equal(forwarded.pdg_id, plain.pdg_id)
    np.testing.assert_array_equal(forwarded.momenta, plain.momenta)
    np.testing.assert_array_equal(forwarded.vertices, plain.vertices)


def test_recording_does_not_change_the_events(zpole, tmp_path):
    recording = tmp_path / "breaks.safetensors"
    plain = events(zpole, 100)
    lines = [*hadronization_settings("lund"), f"MCSurrogate:record = {recording}", *zpole]
    recorded = events(lines, 100)
    np.testing.assert_array_equal(recorded.momenta, plain.momenta)
    assert recording.exists()


def test_different_seeds_differ(zpole):
    settings = [*hadronization_settings("lund"), *zpole]
    assert len(events(settings, 20, seed=1).pdg_id) != len(events(settings, 20, seed=2).pdg_id)
