# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of the model ``clusters`` from a card."""

import hashlib
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pythia8mc
import torch
from numpy.typing import NDArray

from mcsurrogate.atomic import write_text
from mcsurrogate.cards import dump_card
from mcsurrogate.errors import HadronizationError
from mcsurrogate.generators import weights_path, write_weights
from mcsurrogate.hadronization.clusters.added_hadrons import with_added_hadrons
from mcsurrogate.hadronization.clusters.cards import ClusterCard, StringSinglets
from mcsurrogate.hadronization.clusters.domain import (
    cluster_domain,
    singlet_domain,
    tried_elsewhere,
)
from mcsurrogate.hadronization.clusters.flavours import CLUSTER_ENDS
from mcsurrogate.hadronization.clusters.networks import ClusterNetworks, Formation
from mcsurrogate.hadronization.clusters.single_clusters import decay_clusters
from mcsurrogate.hadronization.clusters.steps import (
    ClusterSample,
    DecaySteps,
    reference_masses,
    steps_of_clusters,
)
from mcsurrogate.hadronization.clusters.stored_networks import read_cluster_networks
from mcsurrogate.hadronization.clusters.strings import steps_of_strings
from mcsurrogate.hadronization.clusters.tables import DecayTables, seen_vertices
from mcsurrogate.hadronization.clusters.training import ClusterTrainer
from mcsurrogate.hadronization.fit_cards import AdversarialCard, EventFitCard
from mcsurrogate.hadronization.fitting.adversarial import AdversarialTraining
from mcsurrogate.hadronization.fitting.decay_products import low_masses
from mcsurrogate.hadronization.fitting.event_fit import EventFit
from mcsurrogate.hadronization.fitting.fitted_models import FittedClusters
from mcsurrogate.hadronization.string_breaks.flavours import QUARKS
from mcsurrogate.progress import Progress
from mcsurrogate.versions import versions

__all__ = ["HELD_OUT", "train_clusters"]

_FEWEST_CLUSTERS = 1000
_LIGHTEST_STRING = 0.45
#: Quantile of the mass distributions of resonances where thresholds lie.
_LOW_MASS = 0.02
_REFINE_SEEDS = 450_000
_ADVERSARIAL_SEEDS = 900_000
_ELSEWHERE_SEEDS = 990_000
_SEEDS_OF_A_FIT = 50_000
# Largest deviation from Pythia's multiplicity of a kind of singlets that a fit describes; a fit to
# measurements shall deviate.
_TOLERANCE = 0.1
_TOLERANCE_OF_MEASURED = 0.2
#: One cluster in so many is not trained on: those whose position it divides.
HELD_OUT = 10


def train_clusters(card: ClusterCard, out: Path, *, progress: Progress, resume: bool) -> None:
    """Train a cluster model in a folder that is this training's; see `train_hadronization`."""
    metrics: dict[str, Any] = {}
    if card.start is not None:
        networks, about = read_cluster_networks(card.start), _of_start(card)
    else:
        networks, about, metrics, matched = _matched(card, out, progress=progress, resume=resume)
    stages = [("fit", card.fit, 0)] if card.fit is not None else []
    for i, refinement in enumerate(card.refine, 1):
        stages.append((f"refine_{i}", refinement, _REFINE_SEEDS + i * _SEEDS_OF_A_FIT))
    for name, fit_card, offset in stages:
        if fit_card.add:
            masses = low_masses([h.hadron for h in fit_card.add], _LOW_MASS, seed=card.seed)
            networks = with_added_hadrons(networks, fit_card.add, masses)
        fit = EventFit(
            FittedClusters(networks), fit_card, seed=card.seed + offset, folder=out, name=name
        )
        if resume:
            fit.resume()
        fit.run(progress)
        metrics[name] = fit.curve
        about["fitted_to_events" if name == "fit" else name] = fit.summary()
    if card.adversarial is not None:
        training = AdversarialTraining(
            FittedClusters(networks),
            card.adversarial,
            seed=card.seed + _ADVERSARIAL_SEEDS,
            folder=out,
        )
        if resume:
            training.resume()
        training.run(progress)
        metrics["adversarial"] = training.curve
        about["adversarial"] = training.summary()
    about["vertices"] = len(networks.tables.vertices)
    about["parameters"] = sum(p.numel() for p in networks.parameters())
    write_text(out / "metrics.json", json.dumps(metrics, indent=1) + "\n")
    write_text(out / f"{card.name}.toml", dump_card(card))
    path = out / f"{card.name}.safetensors"

    def write(domain: dict[str, NDArray[Any]]) -> None:
        write_weights(
            path,
            model="clusters",
            tensors={**networks.tensors(), **domain},
            metadata=networks.metadata(),
            card=about,
        )

    fits: list[EventFitCard | AdversarialCard] = [stage for _, stage, _ in stages]
    if card.adversarial is not None:
        fits.append(card.adversarial)
    if fits:
        progress(0, None, "looking for what the fits have seen")
        write({})
        measured = any(stage.measured is not None for _, stage, _ in stages)
        tolerance = _TOLERANCE_OF_MEASURED if measured else _TOLERANCE
        events = max(stage.events for stage in fits)
        settings = fits[-1].settings
        domain = singlet_domain(path, settings, events=events, seed=card.seed, tolerance=tolerance)
        if card.elsewhere is not None:
            domain = tried_elsewhere(
                domain,
                path,
                card.elsewhere.processes,
                events=card.elsewhere.events,
                seed=card.seed + _ELSEWHERE_SEEDS,
                tolerance=tolerance,
            )
        write(domain)
    else:
        write({"domain.clusters": cluster_domain(matched)})
    progress(1, 1, "done")


def _matched(
    card: ClusterCard, out: Path, *, progress: Progress, resume: bool
) -> tuple[ClusterNetworks, dict[str, Any], dict[str, Any], DecaySteps]:
    """Train on decays; gives the networks, a model card, learning curves and what it was."""
    progress(0, None, "collecting decays of clusters")
    steps, held_out, masses = _matched_data(card)
    networks = _networks(card, steps, masses)
    training = card.training
    trainer = ClusterTrainer(
        networks,
        steps,
        held_out,
        optimiser_steps=training.steps.model_dump(),
        batch_size=training.batch_size,
        learning_rate=training.learning_rate,
        seed=card.seed,
        checkpoint=out / "checkpoint.safetensors",
    )
    if resume:
        trainer.resume()
    trainer.run(lambda head, done, total: progress(done, total, f"training head {head!r}"))
    return networks, _model_card(card, trainer, steps), {"learning_curve": trainer.curve}, steps


def _matched_data(card: ClusterCard) -> tuple[DecaySteps, DecaySteps, dict[int, float]]:
    """Collect steps to train on, steps kept apart, and reference masses of the hadrons."""
    to_steps: Callable[[ClusterSample], DecaySteps]
    if card.decays is not None:
        sample = _recorded(card.decays.file)
        to_steps, quantile = steps_of_clusters, 0.5
        source = str(card.decays.file)
    else:
        assert card.strings is not None
        sample = hadronized_strings(card.strings, seed=card.seed)
        to_steps = partial(steps_of_strings, popcorn=card.strings.popcorn)
        quantile = _LOW_MASS
        source = "Pythia"
    if len(sample) < _FEWEST_CLUSTERS:
        raise HadronizationError(
            f"{source} gives {len(sample)} clusters, {_FEWEST_CLUSTERS} are needed"
        )
    apart = np.arange(len(sample)) % HELD_OUT == 0
    train, held_out = (to_steps(sample.take(np.flatnonzero(use))) for use in (~apart, apart))
    return train, held_out, reference_masses(sample, quantile)


def _recorded(file: Path) -> ClusterSample:
    if file.suffix == ".npz":
        return ClusterSample.read(file)
    # Reading HepMC files loads the validation, which takes seconds.
    from mcsurrogate.hadronization.clusters.hepmc_samples import read_clusters

    return read_clusters(file)


def hadronized_strings(strings: StringSinglets, *, seed: int) -> ClusterSample:
    """Straight strings between quarks and diquarks, hadronized by Pythia.

    The ends are those of formed clusters, with more of the rare ones than events have; masses are
    log-uniform from the constituent masses up.
    """
    random = np.random.default_rng(seed)
    rates = np.array([0.3, 0.3, 0.2, 0.08, 0.08] + [0.04 / 9] * 9)
    first, second = (
        random.choice(len(CLUSTER_ENDS), size=strings.number, p=rates / rates.sum())
        for _ in range(2)
    )
    codes = np.array(CLUSTER_ENDS)
    triplet = np.where(first < len(QUARKS), codes[first], -codes[first])
    antitriplet = np.where(second < len(QUARKS), -codes[second], codes[second])
    flip = random.random(strings.number) < 0.5
    ends = np.where(
        flip[:, None],
        np.stack([antitriplet, triplet], axis=1),
        np.stack([triplet, antitriplet], axis=1),
    )
    excess = np.array([0.0, 0.0, 0.15, 1.6, 5.0, *[0.75 + 0.1 * (c > 3000) for c in codes[5:]]])
    lowest = _LIGHTEST_STRING + excess[first] + excess[second]
    mass = lowest * (strings.heaviest / lowest) ** random.random(strings.number)
    return decay_clusters("lund", ends, mass, seed=seed, settings=strings.settings)


def _networks(card: ClusterCard, steps: DecaySteps, masses: dict[int, float]) -> ClusterNetworks:
    # Other generators know hadrons that Pythia could not decay.
    data = pythia8mc.Pythia("", False).particleData
    seen = seen_vertices(steps)
    known = np.array([data.isParticle(abs(int(code))) for code in seen[:, 2]], dtype=np.bool_)
    tables = DecayTables.build(seen[known], masses)
    log_mass = np.log(steps.mass)
    torch.manual_seed(card.seed)
    networks = ClusterNetworks(
        tables,
        hidden=card.training.hidden,
        bins=card.training.bins,
        lowest=float(card.decays.lowest_cosine) if card.decays is not None else -1.0,
        centre=float(log_mass.mean()),
        scale=float(log_mass.std()),
    )
    networks.formation = Formation(
        len(tables.vertices),
        strangeness=card.formation.strangeness,
        diquarks=card.formation.diquarks,
        absorption=card.formation.absorption,
    )
    return networks


def _model_card(card: ClusterCard, trainer: ClusterTrainer, steps: DecaySteps) -> dict[str, Any]:
    last = {str(entry["head"]): entry["held_out_nats"] for entry in trainer.curve}
    return {
        **_names(card),
        "trained_on": (
            {"cluster_decays": card.decays.file.name}
            if card.decays is not None
            else {"strings_of_pythia": card.model_dump(mode="json")["strings"]}
        ),
        "decay_steps": len(steps),
        "held_out_nats": last,
        "seed": card.seed,
        "versions": versions(),
    }


def _of_start(card: ClusterCard) -> dict[str, Any]:
    assert card.start is not None
    return {
        **_names(card),
        "start": Path(card.start).name,
        "start_sha256": hashlib.sha256(weights_path(card.start).read_bytes()).hexdigest(),
        "seed": card.seed,
        "versions": versions(),
    }


def _names(card: ClusterCard) -> dict[str, Any]:
    return {
        "name": card.name,
        "model": card.kind,
        "what": "formation of clusters from partons and their decay into hadrons",
    }
