# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of hadronization models from a card: data from Pythia, networks, weights, card."""

import pkgutil
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from pydantic import ValidationError

from mcsurrogate.cards import load_card
from mcsurrogate.errors import CardError
from mcsurrogate.generators import read_model_card, write_model_card
from mcsurrogate.hadronization.cards import HadronizationCard, StringBreakCard
from mcsurrogate.hadronization.clusters.cards import ClusterCard
from mcsurrogate.progress import Progress, silent

__all__ = ["MODEL_KINDS", "ModelKind", "read_hadronization_card", "train_hadronization"]


class Training(Protocol):
    """Trains a model in a folder that is this training's, `resume` going on where it was left.

    It writes ``NAME.safetensors`` and its model card for each of the card's `weights_names`.
    """

    def __call__(self, card: Any, out: Path, /, *, progress: Progress, resume: bool) -> None: ...  # noqa: ANN401


class ModelKind(NamedTuple):
    """What a kind of hadronization model needs to be trained by ``mcsurrogate train``."""

    card: type[HadronizationCard]
    train: Training | str
    """Or where it is, ``module:function``, so that a card is read before anything that computes."""


#: Kinds of models by the key ``kind`` of their cards; one of your own is one more entry.
MODEL_KINDS: dict[str, ModelKind] = {
    "string_breaks": ModelKind(
        StringBreakCard, "mcsurrogate.hadronization.train_string_breaks:train_string_breaks"
    ),
    "clusters": ModelKind(ClusterCard, "mcsurrogate.hadronization.train_clusters:train_clusters"),
}


def _kind_of(content: Mapping[str, Any], source: object) -> ModelKind:
    kind = content.get("kind")
    if kind not in MODEL_KINDS:
        raise CardError(f"{source}: kind is {kind!r}; it can be {', '.join(MODEL_KINDS)}")
    return MODEL_KINDS[kind]


def read_hadronization_card(path: Path) -> HadronizationCard:
    """Read a training card of any model; its key ``kind`` says which.

    Raises
    ------
    CardError
        If there is no such kind, or as `mcsurrogate.cards.load_card`.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return load_card(path, HadronizationCard)  # says what is wrong
    return load_card(path, _kind_of(content, path).card)


def train_hadronization(
    card: Mapping[str, Any] | HadronizationCard,
    out: Path,
    *,
    progress: Progress = silent,
    resume: bool = False,
) -> Path:
    """Train a hadronization model and write its weights.

    The card's kind says which, ``string_breaks``, ``clusters`` or another of `MODEL_KINDS`.

    The folder holds afterwards ``NAME.safetensors`` (for the plugin), ``NAME.json`` (model card),
    ``NAME.toml`` (the resolved card), ``metrics.json`` (learning curves) and the recordings; an
    ensemble of string breaks also ``NAME_member_1.safetensors`` and so on.

    Parameters
    ----------
    card
        The card or its content.
    out
        A folder, empty unless `resume` is set.
    progress
        Told what is being done.
    resume
        Go on with an unfinished training, bit for bit; finished recordings are kept.

    Returns
    -------
    Path
        Of the weights file, the first one of an ensemble.

    Raises
    ------
    CardError
        If the card has an unknown key or an impossible value.
    RunFolderError
        If the folder holds another training, or one that `resume` was not given for.
    PythiaError
        If Pythia refuses the settings of a recording.
    HadronizationError
        If the data do not suffice or the training diverges.
    """
    if not isinstance(card, HadronizationCard):
        model = _kind_of(card, "training card of hadronization").card
        try:
            card = model.model_validate(dict(card))
        except ValidationError as error:
            raise CardError(f"training card of hadronization: {error}") from error
    from mcsurrogate.hadronization.training_folder import TrainingClock, claim_folder

    claim_folder(card, out, resume=resume)
    weights = [out / f"{name}.safetensors" for name in card.weights_names]
    if all(path.exists() for path in weights):
        return weights[0]
    train = MODEL_KINDS[card.kind].train
    if isinstance(train, str):
        train = pkgutil.resolve_name(train)
    with TrainingClock(out, progress) as clock:
        train(card, out, progress=clock.progress, resume=resume)
        for path in weights:
            about = read_model_card(path)
            write_model_card(path, {**about, "training_seconds": round(clock.seconds, 1)})
    return weights[0]
