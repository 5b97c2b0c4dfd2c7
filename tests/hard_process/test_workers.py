# SPDX-License-Identifier: GPL-3.0-or-later
"""A process pool gives the same cross section and events as no pool."""

import pickle
from pathlib import Path

import torch

from mcsurrogate.cards import ExecutionSection, RunCard, load_card
from mcsurrogate.executors import open_executor
from mcsurrogate.hard_process import assemble
from mcsurrogate.integration import integrate, unweight
from mcsurrogate.integration.evaluation import Evaluator


def test_workers_change_no_result() -> None:
    process = assemble(load_card(Path("cards/lhc_gg_ttxg.toml"), RunCard))
    found = []
    for workers in (1, 2):
        with open_executor(ExecutionSection(workers=workers)) as pool:
            result = integrate(process, evaluations=12_000, seed=2, method="vegas", executor=pool)
            assert Evaluator(process, pool)(
                torch.rand(9, process.dim).double(), torch.zeros(9).long()
            )
            events = [p.u for p in unweight(result.sampler, 300, seed=4, executor=pool)]
        found.append((result.value, result.error, torch.cat(events)))
    (value, error, events), (other, other_error, other_events) = found
    assert value == other
    assert error == other_error
    assert torch.equal(events, other_events)


def test_channels_that_are_needed_travel() -> None:
    """To other processes as the recipe and these channels; the others have no weight there."""
    card = RunCard.model_validate(
        {
            "seed": 1,
            "process": {"definition": "u d > u d h QCD=0"},
            "beams": {"sqrt_s": 1000.0},
            "scales": {"renormalization": 91.188, "factorization": 91.188, "alpha_s": 0.118},
        }
    )
    process = assemble(card)
    assert process.channels == 2
    narrowed = pickle.loads(pickle.dumps(process.of_channels(torch.tensor([False, True]))))
    u = torch.full((1, process.dim), 0.5, dtype=torch.float64)
    value = narrowed(u, torch.tensor([1]))
    assert value.prior.tolist() == [[0, 1]]
    assert process(u, torch.tensor([1])).prior.min() > 0
