# SPDX-License-Identifier: GPL-3.0-or-later
"""HADML, written from its papers, given the cluster decays that `clusters_ahadic` was trained on.

    python benchmarks/hadml_peer.py --data ahadic_clusters.npz [--steps 3000] [--sets 300]
        [--batch 10000] [--penalty 1500]

The generator of arXiv:2203.12660 and 2312.08453 makes two hadrons of a cluster: the direction of
the first one in the rest frame, tanh of two outputs, and a type for each of both by a Gumbel
softmax whose temperature falls from 1 to 0.01; leaky ReLU (0.2), four layers of 100, noise of 16
numbers, conditions scaled to about (-1, 1): mass and codes of the constituents, as all clusters are
at rest and their first constituent goes along z. The discriminator sees conditions, direction and
types; binary cross entropy, R1, Adam. `--sets` follows as in arXiv:2305.17169: the discriminator
sees sets of the hadrons of eight clusters alone, deep sets, and no cluster. The 40 most frequent
hadrons are used, as there; what it does not make (three and more hadrons) is left out of both sides
of the comparison. The authors' settings are the defaults of `--batch` and `--penalty`.

AUC is that of a network trained to tell decays from recorded ones that no model was trained on, 0.5
is perfect. A decay is impossible if quarks do not add up or the hadrons are too heavy.
"""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from clusters import angles, ends_and_mass, quark_numbers, show, species_counts
from numpy.typing import NDArray
from torch import Tensor, nn
from two_samples import classifier_auc

from mcsurrogate.hadronization import decay_clusters
from mcsurrogate.hadronization.clusters.steps import ClusterSample, reference_masses
from mcsurrogate.hadronization.train_clusters import HELD_OUT

TYPES, NOISE, WIDTH, DEPTH = 40, 16, 100, 4
RATE = 2e-4
COLDEST, SET = 0.01, 8
LIGHTEST, HEAVIEST = 0.8, 4.0
SCALE = np.array([5.0, 5500.0, 5500.0])  # GeV, codes of the ends


@dataclass(frozen=True)
class Pairs:
    """Decays into two hadrons: conditions (N, 3), angles (N, 2) in units of (-1, 1), types."""

    condition: Tensor
    angles: Tensor
    types: Tensor


def pairs_of(sample: ClusterSample, codes: NDArray[np.int64]) -> tuple[Pairs, NDArray[np.int64]]:
    """Two-hadron decays of known types, and which clusters they are."""
    start = sample.offsets[:-1]
    two = np.flatnonzero(np.diff(sample.offsets) == 2)
    rows = np.stack([start[two], start[two] + 1], axis=1)
    hadrons = sample.hadron_id[rows]
    known = np.isin(hadrons, codes).all(axis=1)
    two, rows, hadrons = two[known], rows[known], hadrons[known]
    p = sample.momenta[rows[:, 0], 1:]
    phi = np.arctan2(p[:, 1], p[:, 0]) / np.pi
    theta = 2.0 * np.arccos(p[:, 2] / np.sqrt((p**2).sum(axis=1)).clip(1e-9)) / np.pi - 1.0
    order = np.argsort(codes)
    types = order[np.searchsorted(codes[order], hadrons)]
    condition = np.column_stack([sample.mass[two], sample.ends[two]]) / SCALE
    return Pairs(
        torch.from_numpy(condition).float(),
        torch.from_numpy(np.stack([phi, theta], axis=1)).float(),
        torch.from_numpy(types),
    ), two


def layers(inputs: int, outputs: int, *, normalised: bool) -> nn.Sequential:
    """Dense layers; the generator has batch normalisation after every second one."""
    parts: list[nn.Module] = [nn.Linear(inputs, WIDTH), nn.LeakyReLU(0.2)]
    for i in range(DEPTH - 1):
        parts.append(nn.Linear(WIDTH, WIDTH))
        if normalised and i % 2 == 0:
            parts.append(nn.BatchNorm1d(WIDTH))
        parts.append(nn.LeakyReLU(0.2))
    return nn.Sequential(*parts, nn.Linear(WIDTH, outputs))


class Generator(nn.Module):
    """Direction and types of two hadrons from a cluster and noise."""

    def __init__(self) -> None:
        super().__init__()
        self.network = layers(NOISE + 3, 2 + 2 * TYPES, normalised=True)

    def forward(self, condition: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
        """``(N, 2)`` angles and ``(N, 2, TYPES)`` relaxed types."""
        noise = torch.randn(len(condition), NOISE)
        out = self.network(torch.cat([condition, noise], dim=1))
        types = nn.functional.gumbel_softmax(out[:, 2:].reshape(-1, 2, TYPES), temperature)
        return torch.tanh(out[:, :2]), types


class SetDiscriminator(nn.Module):
    """Deep sets on the hadrons of SET clusters: four-momenta and types."""

    def __init__(self) -> None:
        super().__init__()
        self.single = layers(4 + TYPES, WIDTH, normalised=False)
        self.whole = layers(WIDTH, 1, normalised=False)

    def forward(self, hadrons: Tensor) -> Tensor:
        """Logits of ``(N, 2 SET, 4 + TYPES)``."""
        result: Tensor = self.whole(self.single(hadrons).sum(dim=1))
        return result


def momenta(condition: Tensor, angle: Tensor, types: Tensor, masses: Tensor) -> Tensor:
    """``(N, 2, 4)`` of both hadrons, back to back, as functions of angles and relaxed types."""
    whole, m = condition[:, 0] * SCALE[0], types @ masses
    sum2, difference2 = (m.sum(dim=1)) ** 2, (m[:, 0] - m[:, 1]) ** 2
    p = torch.sqrt(((whole**2 - sum2) * (whole**2 - difference2)).clamp(min=1e-6)) / (2 * whole)
    phi, theta = np.pi * angle[:, 0], np.pi * (angle[:, 1] + 1.0) / 2.0
    direction = torch.stack(
        [torch.sin(theta) * torch.cos(phi), torch.sin(theta) * torch.sin(phi), torch.cos(theta)],
        dim=1,
    )
    sides = [torch.cat([torch.sqrt(p**2 + m[:, i] ** 2)[:, None], (1 - 2 * i) * p[:, None]
                        * direction], dim=1) for i in (0, 1)]  # fmt: skip
    return torch.stack(sides, dim=1)


def adversarial_step(
    real: Tensor,
    fake: Tensor,
    judge: nn.Module,
    of_judge: torch.optim.Optimizer,
    of_generator: torch.optim.Optimizer,
    penalty: float,
) -> float:
    """Move the discriminator, then the generator."""
    real = real.requires_grad_()
    score = judge(real)
    (slope,) = torch.autograd.grad(score.sum(), real, create_graph=True)
    r1 = penalty * (slope.flatten(1) ** 2).sum(dim=1).mean()
    loss = (
        nn.functional.softplus(-score).mean() + nn.functional.softplus(judge(fake.detach())).mean()
    )
    of_judge.zero_grad()
    torch.autograd.backward(loss + r1)
    of_judge.step()
    of_generator.zero_grad()
    torch.autograd.backward(nn.functional.softplus(-judge(fake)).mean())
    of_generator.step()
    return float(loss.detach())


def temperature(step: int, steps: int) -> float:
    """Of the Gumbel softmax: quadratically down over the first 80% of the training."""
    progress = min(step / (0.8 * steps), 1.0)
    return 1.0 - (1.0 - COLDEST) * (1.0 - (1.0 - progress) ** 2)


def train(
    data: Pairs, masses: Tensor, steps: int, sets: int, batch: int, penalty: float
) -> Generator:
    """Train matched, then on sets without clusters."""
    torch.manual_seed(1)
    generator = Generator()
    of_generator = torch.optim.Adam(generator.parameters(), lr=RATE)
    one_hot = nn.functional.one_hot(data.types, TYPES).float()

    def compose(condition: Tensor, angle: Tensor, types: Tensor, *, in_sets: bool) -> Tensor:
        if not in_sets:
            return torch.cat([condition, angle, types.flatten(1)], dim=1)
        hadrons = torch.cat([momenta(condition, angle, types, masses), types], dim=2)
        return hadrons.reshape(-1, 2 * SET, 4 + TYPES)

    for in_sets, number in ((False, steps), (True, sets)):
        judge = SetDiscriminator() if in_sets else layers(5 + 2 * TYPES, 1, normalised=False)
        of_judge = torch.optim.Adam(judge.parameters(), lr=RATE)
        for step in range(number):
            mine, other = torch.randint(len(one_hot), (2, batch))
            if not in_sets:
                other = mine
            how_cold = COLDEST if in_sets else temperature(step, number)
            angle, types = generator(data.condition[mine], how_cold)
            fake = compose(data.condition[mine], angle, types, in_sets=in_sets)
            real = compose(data.condition[other], data.angles[other], one_hot[other],
                           in_sets=in_sets)  # fmt: skip
            loss = adversarial_step(real, fake, judge, of_judge, of_generator, penalty)
            if (step + 1) % max(number // 5, 1) == 0:
                print(f"  step {step + 1}, {'sets' if in_sets else 'matched'}: {loss:.4f} "
                      f"({2 * np.log(2):.4f} is a draw)", flush=True)  # fmt: skip
    return generator.eval()


def decays(
    generator: Generator, condition: Tensor, codes: NDArray[np.int64], masses: Tensor
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Codes and momenta of the hadrons of each cluster, ``(N, 2)`` and ``(N, 2, 4)``."""
    with torch.no_grad():
        angle, types = generator(condition, COLDEST)
        index = types.argmax(dim=2)
        p = momenta(condition, angle, nn.functional.one_hot(index, TYPES).float(), masses)
    return codes[index.numpy()], p.double().numpy()


def sample_of(
    ends: NDArray[np.int64], mass: NDArray[np.float64], hadrons: NDArray[np.int64],
    p: NDArray[np.float64],
) -> ClusterSample:  # fmt: skip
    """Two-hadron decays as a sample."""
    offsets = 2 * np.arange(len(mass) + 1)
    return ClusterSample(ends, mass, offsets, hadrons.reshape(-1), p.reshape(-1, 4))


def report(name: str, truth: ClusterSample, made: ClusterSample, mass_of: dict[int, float]) -> None:
    """AUC, impossible decays and yields."""
    codes = np.unique(truth.hadron_id)
    wrong = quark_numbers(made.hadron_id).reshape(-1, 2, 5).sum(axis=1) != quark_numbers(
        made.ends.reshape(-1)
    ).reshape(-1, 2, 5).sum(axis=1)
    heavy = np.array([mass_of[abs(int(c))] for c in made.hadron_id]).reshape(-1, 2).sum(axis=1)
    print(f"{name}: {100 * wrong.any(axis=1).mean():.2f}% with wrong quarks, "
          f"{100 * (heavy > made.mass * 1.1).mean():.2f}% too heavy by 10%")  # fmt: skip
    a, b = (np.concatenate([ends_and_mass(s), species_counts(s, codes)], axis=1)
            for s in (truth, made))  # fmt: skip
    show("ends, mass, species", classifier_auc(a, b, seed=1, epochs=8))
    a, b = (np.concatenate([x, angles(s)], axis=1) for x, s in ((a, truth), (b, made)))
    show("ends, mass, species, angles", classifier_auc(a, b, seed=1, epochs=8))
    deviations = []
    for code in np.unique(np.abs(codes)):
        n, m = (int((np.abs(s.hadron_id) == code).sum()) / len(s) for s in (truth, made))
        if n > 0.01:
            deviations.append(abs(m / n - 1.0))
    mean, largest = 100 * np.mean(deviations), 100 * max(deviations)
    print(
        f"  {len(deviations)} species above 0.5% of the hadrons: mean deviation {mean:.1f}%, "
        f"largest {largest:.1f}%",
        flush=True,
    )


def main() -> None:
    """Train, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--sets", type=int, default=300)
    parser.add_argument("--batch", type=int, default=10_000, help="a multiple of 8")
    parser.add_argument("--penalty", type=float, default=1500.0, help="of R1")
    args = parser.parse_args()
    sample = ClusterSample.read(args.data)
    apart = np.arange(len(sample)) % HELD_OUT == 0
    inside = (sample.mass > LIGHTEST) & (sample.mass < HEAVIEST)
    train_on = sample.take(np.flatnonzero(~apart & inside))
    unseen = sample.take(np.flatnonzero(apart & inside))
    names, counts = np.unique(train_on.hadron_id, return_counts=True)
    codes = names[np.argsort(-counts)][:TYPES]
    mass_of = reference_masses(sample)
    masses = torch.tensor([mass_of[abs(int(code))] for code in codes]).float()
    data, _ = pairs_of(train_on, codes)
    truth_data, which = pairs_of(unseen, codes)
    truth = unseen.take(which)
    print(f"{len(data.types)} decays to train on, {len(truth)} unseen")
    began = time.process_time()
    generator = train(data, masses, args.steps, args.sets, args.batch, args.penalty)
    print(f"HADML: {time.process_time() - began:.0f} CPU seconds of training")
    began = time.process_time()
    hadrons, p = decays(generator, truth_data.condition, codes, masses)
    print(f"  {(time.process_time() - began) / len(truth) * 1e6:.1f} us a decay, in batches")
    report("HADML", truth, sample_of(truth.ends, truth.mass, hadrons, p), mass_of)
    made = decay_clusters("clusters_ahadic", unseen.ends, unseen.mass, seed=77)
    _, two = pairs_of(made, codes)
    report("clusters_ahadic", truth, made.take(two), mass_of)


if __name__ == "__main__":
    main()
