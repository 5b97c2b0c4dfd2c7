# SPDX-License-Identifier: GPL-3.0-or-later
"""A process pool gives the same cross section and events as no pool."""

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
