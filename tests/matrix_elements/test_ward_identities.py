# SPDX-License-Identifier: GPL-3.0-or-later
"""Replacing a polarisation vector by its momentum gives nothing."""

import pytest
import torch

from mcsurrogate.matrix_elements import Process, StandardModel, tree_inputs
from mcsurrogate.matrix_elements.probe import probe_points
from mcsurrogate.matrix_elements.tree import TreeMatrixElement

ZERO_WIDTHS = {"top_width": 0.0, "w_width": 0.0, "z_width": 0.0, "higgs_width": 0.0}


@pytest.mark.parametrize(
    ("text", "leg"),
    [
        ("g g > g g g", 3),
        ("g g > t t~ g", 0),
        ("g g > t t~ g", 4),
        ("g g > w+ d u~ g", 5),
        ("u u > u u g", 4),
        ("g b > h b g", 4),
        ("u d~ > w+ z a", 4),
        ("w+ w- > a a", 2),
        ("a a > w+ w- z", 0),
        ("u c > w+ w+ d s a QCD=0", 6),
        ("e+ e- > ta+ ta- a", 4),
    ],
)
def test_ward_identity(text, leg, monkeypatch):
    amplitude = TreeMatrixElement(Process.parse(text), StandardModel(**ZERO_WIDTHS))
    momenta = probe_points(amplitude.process, amplitude.parameters, 5)
    physical = amplitude(momenta, 0.118)
    original = tree_inputs.vector_states

    def longitudinal(spinors, number, mass, *, outgoing):
        states = original(spinors, number, mass, outgoing=outgoing)
        if number != leg:
            return states
        energy, px, py, pz = momenta[:, leg].T / momenta[:, leg, :1].T
        zero = torch.zeros_like(energy)
        matrix = torch.stack(
            (
                torch.complex(energy + pz, zero),
                torch.complex(px, -py),
                torch.complex(px, py),
                torch.complex(energy - pz, zero),
            )
        ).view(2, 2, 1, -1)
        padding = states.shape[-1] - matrix.shape[-1]  # blocks are filled with the last event
        matrix = torch.cat((matrix, matrix[..., -1:].expand(2, 2, 1, padding)), dim=-1)
        return matrix.expand_as(states)

    monkeypatch.setattr(tree_inputs, "vector_states", longitudinal)
    forbidden = amplitude(momenta, 0.118)
    # Amplitudes vanish to 1e-9 of their scale, squares to 1e-18.
    assert bool((forbidden < 1e-18 * physical).all())


@pytest.mark.parametrize("text", ["w+ w- > z z", "w+ w- > w+ w-", "z z > h h", "w+ z > w+ z"])
def test_longitudinal_bosons_respect_unitarity(text):
    """Amplitudes of longitudinal bosons stay constant with energy: gauge cancellations."""
    amplitude = TreeMatrixElement(Process.parse(text), StandardModel(**ZERO_WIDTHS))
    kinds = amplitude.process.pdg_ids
    wanted = torch.tensor([[0] * len(kinds)])
    row = int(torch.nonzero((amplitude.helicities == wanted).all(dim=1))[0, 0])
    values = []
    for energy in (20e3, 40e3):
        momenta = torch.zeros(1, 4, 4, dtype=torch.float64)
        for index, particle in enumerate(amplitude.process.particles):
            mass = particle.mass(amplitude.parameters)
            momentum = (energy**2 / 4.0 - float(mass) ** 2) ** 0.5
            direction = (0.0, 0.0, 1.0) if index < 2 else (0.8, 0.0, 0.6)
            sign = 1.0 if index % 2 == 0 else -1.0
            momenta[0, index, 0] = energy / 2.0
            momenta[0, index, 1:] = sign * momentum * torch.tensor(direction, dtype=torch.float64)
        if kinds[0] != -kinds[1] and abs(kinds[0]) != abs(kinds[1]):
            momenta = _rebalanced(momenta, amplitude, energy)
        values.append(float(amplitude.helicity_contributions(momenta, 0.118)[0, row]))
    assert values[0] > 1e-4
    assert values[1] / values[0] == pytest.approx(1.0, abs=0.02)


def _rebalanced(momenta, amplitude, energy):
    """Two bosons of different mass: equal and opposite momenta, the energies adjusted."""
    masses = [float(p.mass(amplitude.parameters)) for p in amplitude.process.particles]
    first = (energy**2 + masses[0] ** 2 - masses[1] ** 2) / (2.0 * energy)
    momentum = (first**2 - masses[0] ** 2) ** 0.5
    directions = momenta[..., 1:] / momenta[..., 1:].norm(dim=-1, keepdim=True)
    momenta[..., 1:] = momentum * directions
    momenta[0, :, 0] = torch.tensor(
        [first, energy - first, first, energy - first], dtype=torch.float64
    )
    return momenta
