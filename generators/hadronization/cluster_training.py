"""Training of the model ``clusters`` from a card."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mcsurrogate.atomic import write_text
from mcsurrogate.cards import dump_card
from mcsurrogate.errors import HadronizationError
from mcsurrogate.generators.hadronization.training_folder import versions
from mcsurrogate.hadronization.cluster_cards import ClusterCard
from mcsurrogate.hadronization.cluster_networks import ClusterNetworks, Formation
from mcsurrogate.hadronization.cluster_steps import (
    ClusterSample,
    DecaySteps,
    reference_masses,
    steps_of_clusters,
)
from mcsurrogate.hadronization.cluster_tables import DecayTables
from mcsurrogate.hadronization.cluster_training import ClusterTrainer
from mcsurrogate.hadronization.weights_file import write_weights
from mcsurrogate.progress import Progress

__all__ = ["HELD_OUT", "train_clusters"]

_FEWEST_CLUSTERS = 1000
#: One cluster in so many is not trained on: those whose position it divides.
HELD_OUT = 10


def train_clusters(card: ClusterCard, out: Path, *, progress: Progress, resume: bool) -> Path:
    """Train a cluster model in a folder that is this training's; see `train_hadronization`."""
    weights = out / f"{card.name}.safetensors"
    if weights.exists():
        return weights
    progress(0, None, "reading cluster decays")
    sample = ClusterSample.read(card.decays.file)
    if len(sample) < _FEWEST_CLUSTERS:
        msg = f"{card.decays.file} has {len(sample)} clusters, {_FEWEST_CLUSTERS} are needed"
        raise HadronizationError(msg)
    kept_apart = np.arange(len(sample)) % HELD_OUT == 0
    steps = steps_of_clusters(sample.take(np.flatnonzero(~kept_apart)))
    networks = _networks(card, sample, steps)
    training = card.training
    trainer = ClusterTrainer(
        networks,
        steps,
        steps_of_clusters(sample.take(np.flatnonzero(kept_apart))),
        optimiser_steps=training.steps.model_dump(),
        batch_size=training.batch_size,
        learning_rate=training.learning_rate,
        seed=card.seed,
        checkpoint=out / "checkpoint.pt",
    )
    if resume:
        trainer.resume()
    trainer.run(lambda head, done, total: progress(done, total, f"training head {head!r}"))
    write_text(out / "metrics.json", json.dumps({"learning_curve": trainer.curve}, indent=1) + "\n")
    write_text(out / f"{card.name}.toml", dump_card(card))
    write_weights(
        weights,
        model="clusters",
        tensors=networks.tensors(),
        metadata=networks.metadata(),
        card=_model_card(card, trainer, steps),
    )
    progress(1, 1, "done")
    return weights


def _networks(card: ClusterCard, sample: ClusterSample, steps: DecaySteps) -> ClusterNetworks:
    tables = DecayTables.from_steps(steps, reference_masses(sample))
    log_mass = np.log(steps.mass)
    torch.manual_seed(card.seed)
    networks = ClusterNetworks(
        tables,
        hidden=card.training.hidden,
        bins=card.training.bins,
        lowest=float(card.decays.lowest_cosine),
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
        "name": card.name,
        "model": card.kind,
        "what": "formation of clusters from partons and their decay into hadrons",
        "trained_on": {"cluster_decays": card.decays.file.name},
        "decay_steps": len(steps),
        "vertices": len(trainer.networks.tables.vertices),
        "parameters": sum(p.numel() for p in trainer.networks.parameters()),
        "held_out_nats": last,
        "seed": card.seed,
        "versions": versions(),
    }
