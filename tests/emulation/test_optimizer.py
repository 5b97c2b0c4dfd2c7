# SPDX-License-Identifier: GPL-3.0-or-later
import copy

import pytest
import torch

from mcsurrogate.emulation.optimizer import SOAP


def problem():
    """An ill-conditioned linear regression of a matrix; its minimum is zero."""
    generator = torch.Generator().manual_seed(3)
    scales = torch.logspace(0, -2, 12)
    rotation = torch.linalg.qr(torch.randn(12, 12, generator=generator)).Q
    inputs = torch.randn(512, 12, generator=generator) * scales @ rotation
    target = inputs @ torch.randn(12, 5, generator=generator)
    return inputs, target


def descend(make, steps=400):
    inputs, target = problem()
    weight = torch.nn.Parameter(torch.zeros(1, 12, 5))
    optimizer = make([weight])
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = 0.05 * (1 - step / steps)
        loss = (inputs @ weight[0] - target).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return float(loss.detach())


def test_it_beats_adam_on_an_ill_conditioned_problem():
    assert descend(lambda p: SOAP(p)) < 0.1 * descend(lambda p: torch.optim.Adam(p))


def test_members_do_not_mix():
    inputs, target = problem()
    together = torch.nn.Parameter(torch.randn(2, 12, 5, generator=torch.Generator().manual_seed(1)))
    alone = torch.nn.Parameter(together.detach()[1:].clone())
    for weight in (together, alone):
        optimizer = SOAP([weight], lr=0.02)
        for _ in range(30):
            loss = (inputs @ weight - target).square().mean(dim=(1, 2)).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    torch.testing.assert_close(together.detach()[1], alone.detach()[0], rtol=1e-4, atol=1e-5)


def test_biases_are_updated_too():
    bias = torch.nn.Parameter(torch.ones(1, 4, 1))
    optimizer = SOAP([bias], lr=0.1)
    for _ in range(200):
        optimizer.zero_grad()
        bias.square().sum().backward()
        optimizer.step()
    assert float(bias.detach().abs().max()) < 0.1


def test_state_restores_the_path():
    inputs, target = problem()
    weight = torch.nn.Parameter(torch.zeros(1, 12, 5))
    optimizer = SOAP([weight], lr=0.02)

    def steps(w, o, count):
        for _ in range(count):
            o.zero_grad()
            (inputs @ w[0] - target).square().mean().backward()
            o.step()

    steps(weight, optimizer, 17)
    other = torch.nn.Parameter(weight.detach().clone())
    restored = SOAP([other], lr=0.02)
    restored.state[other] = copy.deepcopy(optimizer.state[weight])
    steps(weight, optimizer, 20)
    steps(other, restored, 20)
    assert torch.equal(weight.detach(), other.detach())


def test_a_closure_is_refused():
    with pytest.raises(ValueError, match="closure"):
        SOAP([torch.nn.Parameter(torch.zeros(1, 2, 2))]).step(lambda: 0.0)
