# SPDX-License-Identifier: GPL-3.0-or-later
"""Fits of string breaks to whole events and to measurements, from a card."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.atomic import write_text
from mcsurrogate.cards import dump_card
from mcsurrogate.generators import weights_path, write_weights
from mcsurrogate.hadronization.cards import StringBreakCard
from mcsurrogate.hadronization.fitting.event_fit import EventFit
from mcsurrogate.hadronization.fitting.fitted_models import FittedStringBreaks
from mcsurrogate.hadronization.fitting.gauss_newton import GaussNewtonFit
from mcsurrogate.hadronization.fitting.table_fit import TableFit
from mcsurrogate.hadronization.string_breaks.added_hadrons import add_hadrons
from mcsurrogate.hadronization.string_breaks.networks import StringBreakNetworks
from mcsurrogate.progress import Progress
from mcsurrogate.versions import versions

__all__ = ["fit_string_breaks"]

_SEEDS_OF_A_FIT = 400_000


def fit_string_breaks(
    card: StringBreakCard,
    start: str | os.PathLike[str],
    out: Path,
    *,
    progress: Progress,
    resume: bool,
) -> None:
    """Fit the last layers of all networks, and write the weights.

    Parameters
    ----------
    card
        With a fit to whole events, to measured tables, or one after the other.
    start
        Weights to begin with.
    out
        Folder of the training.
    progress
        Told what is being done.
    resume
        Go on from checkpoints.
    """
    networks = StringBreakNetworks.load(start)
    add_hadrons(networks, card.add)
    model = FittedStringBreaks(networks)
    about: dict[str, Any] = {
        "name": card.name,
        "model": card.kind,
        "what": "flavour, transverse momentum and z of string breaks, for Pythia's Lund strings",
        "start": Path(start).name,
        "start_sha256": hashlib.sha256(weights_path(start).read_bytes()).hexdigest(),
        "added_hadrons": [hadron.hadron for hadron in card.add],
        "seed": card.seed,
        "versions": versions(),
    }
    fits: list[Callable[[], GaussNewtonFit[Any]]] = []
    if (events := card.fit) is not None:
        fits.append(lambda: EventFit(model, events, seed=card.seed, folder=out))
    if (tables := card.tables) is not None:
        seed = card.seed + _SEEDS_OF_A_FIT
        fits.append(lambda: TableFit(model, tables, seed=seed, folder=out))
    metrics = {}
    for make in fits:
        fit = make()  # its checkpoint belongs to the networks as they are now
        if resume:
            fit.resume()
        fit.run(progress)
        about[fit.name] = fit.summary()
        metrics[fit.name] = fit.curve
    write_text(out / "metrics.json", json.dumps(metrics, indent=1) + "\n")
    write_text(out / f"{card.name}.toml", dump_card(card))
    changes: NDArray[np.float64] = np.zeros((0, 0))
    if tables is not None:
        assert isinstance(fit, TableFit)
        changes = fit.members(tables.members, card.seed)
    fitted = {name: value.clone() for name, value in networks.state_dict().items()}
    for i, name in enumerate(card.weights_names):
        if i:
            assert fit.parameters is not None
            networks.load_state_dict(fitted)
            fit.parameters.shift(networks, changes[i - 1])
            about = {**about, "name": name, "member_of": card.name}
        write_weights(
            out / f"{name}.safetensors",
            model="string_breaks",
            tensors=networks.tensors(),
            metadata=networks.metadata(),
            card=about,
        )
