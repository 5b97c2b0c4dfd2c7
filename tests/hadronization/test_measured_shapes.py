# SPDX-License-Identifier: GPL-3.0-or-later
"""Decays of primary hadrons, and the event shapes that are measured after them."""

import numpy as np
import pytest
from pydantic import ValidationError

from mcsurrogate.generators import PythiaChain
from mcsurrogate.hadronization.fit_cards import EventFitCard
from mcsurrogate.hadronization.fitting.measured_shapes import (
    MeasuredShapes,
    decay_primary_hadrons,
)

EVENTS = 2000
STABLE = ["ParticleDecays:limitTau0 = on", "ParticleDecays:tau0Max = 90"]


def generated(settings, seed):
    (batch,) = PythiaChain(settings, seed=seed).generate(EVENTS, batch_size=EVENTS)
    return batch


@pytest.fixture(scope="module")
def primary(zpole):
    return generated([*zpole, "HadronLevel:Decay = off"], 5)


@pytest.fixture(scope="module")
def decayed(primary):
    return decay_primary_hadrons(primary, seed=3)


def test_decays_conserve_momentum_and_leave_what_lives_long(primary, decayed):
    assert len(decayed) == EVENTS
    assert (decayed.source_event == np.arange(EVENTS)).all()
    total = np.add.reduceat(decayed.momenta, decayed.offsets[:-1])
    np.testing.assert_allclose(total, [[91.2, 0.0, 0.0, 0.0]] * EVENTS, atol=1e-6)
    left = set(np.abs(decayed.pdg_id).tolist())
    assert left <= {11, 12, 13, 14, 16, 22, 130, 211, 321, 2112, 2212}
    assert {111, 311, 3122} <= set(np.abs(primary.pdg_id).tolist())


def test_decayed_events_are_those_of_a_chain_with_decays(zpole, decayed):
    whole = generated([*zpole, *STABLE], 6)
    for code in (211, 321, 22, 2212):
        counts = [
            np.bincount(
                np.repeat(np.arange(EVENTS), np.diff(batch.offsets)),
                np.abs(batch.pdg_id) == code,
                minlength=EVENTS,
            )
            for batch in (decayed, whole)
        ]
        error = np.sqrt(sum(c.var() for c in counts) / EVENTS)
        # Four numbers, false alarm 1e-4 together.
        assert abs(counts[0].mean() - counts[1].mean()) < 4.3 * error, code


def test_shapes_are_densities_near_the_measured_ones(primary):
    shapes = MeasuredShapes.read()
    found = shapes.evaluate([primary], seed=3).astype(np.float64)
    assert found.shape == (EVENTS, len(shapes.values))
    mean, spread = found.mean(axis=0), found.std(axis=0) / np.sqrt(EVENTS)
    pulls = (mean - shapes.values) / np.hypot(np.hypot(spread, shapes.errors), 0.1 * mean)
    assert np.sqrt((pulls**2).mean()) < 2.0
    again = shapes.evaluate([primary], seed=3)
    assert (again == found.astype(np.float32)).all()


def test_measured_shapes_need_measured_multiplicities(zpole):
    with pytest.raises(ValidationError, match="measured_shapes needs a table"):
        EventFitCard(settings=tuple(zpole), measured_shapes=True)
