# SPDX-License-Identifier: GPL-3.0-or-later
"""The evolution pT of Pythia's shower as a cut, against Pythia itself."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from mcsurrogate.events import EventBatch, ProcessInfo, RunInfo
from mcsurrogate.generators import PythiaChain
from mcsurrogate.phase_space import Cut, Cuts
from mcsurrogate.phase_space.lund import lund_pt

SQRT_S = 13000.0
EVENTS, PARTICLES = 60, 7
IDS = [2, -2, -11, 11, 21, 21, 21]
COLOURS = [(501, 0), (0, 502), (0, 0), (0, 0), (501, 503), (503, 504), (504, 502)]
REJECTED = "fails merging scale cut"


def events() -> NDArray[np.float64]:
    """Massless particles of 400 GeV, evenly distributed (RAMBO), boosted along the beams."""
    random = np.random.default_rng(5)
    n = PARTICLES - 2
    cosine, phi = random.uniform(-1, 1, (EVENTS, n)), random.uniform(0, 2 * np.pi, (EVENTS, n))
    energy = -np.log(random.uniform(size=(EVENTS, n)) * random.uniform(size=(EVENTS, n)))
    sine = np.sqrt(1 - cosine**2)
    unit = np.stack((np.ones_like(sine), sine * np.cos(phi), sine * np.sin(phi), cosine), axis=2)
    q = energy[..., None] * unit
    total = q.sum(axis=1)
    mass = np.sqrt(total[:, 0] ** 2 - (total[:, 1:] ** 2).sum(axis=1))
    b, gamma = -total[:, 1:] / mass[:, None], total[:, 0] / mass
    product = (b[:, None] * q[..., 1:]).sum(axis=2)
    p = np.empty((EVENTS, PARTICLES, 4))
    p[:, 2:, 0] = gamma[:, None] * q[..., 0] + product
    factor = q[..., 0] + product / (1 + gamma)[:, None]
    p[:, 2:, 1:] = q[..., 1:] + b[:, None] * factor[..., None]
    p[:, 2:] *= (400.0 / mass)[:, None, None]
    p[:, 0], p[:, 1] = (200.0, 0, 0, 200.0), (200.0, 0, 0, -200.0)
    rapidity = random.uniform(-1.5, 1.5, EVENTS)[:, None]
    e, z = p[..., 0].copy(), p[..., 3].copy()
    p[..., 0] = np.cosh(rapidity) * e + np.sinh(rapidity) * z
    p[..., 3] = np.cosh(rapidity) * z + np.sinh(rapidity) * e
    return p


@pytest.mark.parametrize("jets", [1, 2, 3])
def test_pythia_rejects_the_events_below_the_cut(jets: int) -> None:
    """Pythia tells of each event that lies below its merging scale."""
    p = events()
    if jets < 3:  # the last gluons are one with the positron
        p[:, 2] += p[:, 4 + jets :].sum(axis=1)
    size = 4 + jets
    p = np.ascontiguousarray(p[:, :size])
    momenta = torch.from_numpy(p)
    found = lund_pt(momenta[:, 4:], momenta[:, :2]).numpy()
    scale = float(np.median(found))
    cuts = Cuts(IDS[:size], [Cut("lund_pt", (21,), minimum=scale)])
    assert int((~cuts(momenta)).sum()) == EVENTS // 2
    colours = [*COLOURS[: size - 1], (COLOURS[size - 1][0], 502)]
    parents = [(0, 0)] * 2 + [(1, 2)] * (size - 2)
    run = RunInfo((2212, 2212), (SQRT_S / 2, SQRT_S / 2), (ProcessInfo(1, 1.0, 0.01),))
    batch = EventBatch(
        offsets=np.arange(EVENTS + 1) * size,
        pdg_id=np.tile(np.array(IDS[:size], dtype=np.int32), EVENTS),
        status=np.tile(np.array([-1, -1, *[1] * (size - 2)], dtype=np.int32), EVENTS),
        parents=np.tile(np.array(parents, dtype=np.int32), (EVENTS, 1)),
        colour=np.tile(np.array(colours, dtype=np.int32), (EVENTS, 1)),
        momenta=p.reshape(-1, 4),
        mass=np.sqrt(np.maximum(0, p[..., 0] ** 2 - (p[..., 1:] ** 2).sum(axis=2))).reshape(-1),
        weights=np.ones((EVENTS, 1)),
        scale=np.full(EVENTS, 91.2),
        alpha_s=np.full(EVENTS, 0.118),
        alpha_qed=np.full(EVENTS, 1 / 132),
        process_id=np.ones(EVENTS, dtype=np.int32),
    )
    settings = [
        "Merging:doPTLundMerging = on",
        f"Merging:TMS = {scale!r}",
        "Merging:nJetMax = 3",
        "Merging:Process = pp>e+e-",
        "PartonLevel:all = off",
        "Check:event = off",
    ]
    chain = PythiaChain(settings, seed=1, source=[batch], run_info=run)
    for _ in chain.generate():
        pass
    told = chain.statistics.messages
    assert sum(times for text, times in told.items() if REJECTED in text) == EVENTS // 2
