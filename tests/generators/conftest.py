# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings and samples that several tests of the chains share."""

import numpy as np
import pytest

from mcsurrogate.events import ParticleBatch
from mcsurrogate.events.hard_events import EventBatch, ProcessInfo, RunInfo
from mcsurrogate.generators import PythiaChain

TOP_SETTINGS = (
    "Beams:eCM = 13000",
    "Top:gg2ttbar = on",
    "Top:qqbar2ttbar = on",
    "PartonLevel:all = off",
    "ProcessLevel:resonanceDecays = off",
)


@pytest.fixture(scope="session")
def z_settings(zpole) -> list[str]:
    """Z decays with photons radiated off the beams."""
    return [line for line in zpole if not line.startswith("PDF:")]


@pytest.fixture(scope="session")
def z_batch(z_settings) -> ParticleBatch:
    """Forty Z events with everything that can be kept of them."""
    chain = PythiaChain(z_settings, seed=7, keep_hard_process=True, keep_parton_level=True)
    return next(chain.generate(40))


@pytest.fixture(scope="session")
def top_events() -> tuple[RunInfo, EventBatch]:
    """Twelve t tbar events of Pythia's own as hard events with three named weights."""
    chain = PythiaChain(TOP_SETTINGS, seed=3, keep_hard_process=True)
    batch = next(chain.generate(12))
    record = batch.hard_process
    assert record is not None
    events = len(batch)
    rows = np.nonzero(np.isin(np.abs(record.status), (21, 23)))[0]
    assert rows.size == 4 * events
    colour = record.colour[rows]
    rng = np.random.default_rng(1)
    run = RunInfo(
        beams=(2212, 2212),
        energies_gev=(6500.0, 6500.0),
        processes=(ProcessInfo(7, 500.0, 1.0, 1.0),),
        weighting_strategy=-4,
        weight_names=("nominal", "muR2", "pdf14"),
    )
    return run, EventBatch(
        offsets=4 * np.arange(events + 1, dtype=np.int64),
        pdg_id=record.pdg_id[rows],
        status=np.tile(np.array([-1, -1, 1, 1], dtype=np.int32), events),
        parents=np.tile(np.array([[0, 0], [0, 0], [1, 2], [1, 2]], dtype=np.int32), (events, 1)),
        colour=colour + 400 * (colour > 0),
        momenta=np.ascontiguousarray(record.momenta[rows]),
        mass=record.mass[rows],
        weights=rng.uniform(50, 200, (events, 3)),
        scale=batch.scale,
        alpha_s=np.full(events, 0.118),
        alpha_qed=np.full(events, 1 / 137.036),
        process_id=np.full(events, 7, dtype=np.int32),
        weight_names=run.weight_names,
    )
