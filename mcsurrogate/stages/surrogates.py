# SPDX-License-Identifier: GPL-3.0-or-later
"""The surrogates of a run: what the surrogate chain does differently from the standard one."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mcsurrogate.cards import RunCard
from mcsurrogate.errors import CardError, HadronizationError
from mcsurrogate.generators import (
    hadronization_settings,
    read_model_card,
    read_weights_header,
    setting_name,
    weights_path,
)

__all__ = [
    "hadronization_record",
    "plugin_settings",
    "require_surrogate",
    "surrogate_parts",
]

_PYTHIA = "Pythia"
_LUND = "Pythia (Lund strings)"


def plugin_settings(card: RunCard) -> list[str]:
    """Lines that replace Pythia's hadronization as the card says; none where it stays.

    Raises
    ------
    CardError
        If there are no such weights.
    """
    section = card.chain.surrogate
    if section.hadronization is None:
        return []
    for line in section.settings:
        if setting_name(line) == "init:plugins" and "+=" not in line:
            raise CardError(
                f"chain.surrogate.settings: {line!r} would unload the hadronization plugin; write "
                "'Init:plugins += {...}'"
            )
    try:
        return hadronization_settings(section.hadronization, section.variations)
    except HadronizationError as error:
        raise CardError(f"chain.surrogate.hadronization: {error}") from error


def require_surrogate(card: RunCard) -> None:
    """Refuse a card whose surrogate chain has no surrogate at all.

    Raises
    ------
    CardError
        If it has none.
    """
    if card.chain.surrogate.hadronization is None and card.process.definition is None:
        raise CardError(
            "both chains are the same: their hard events are, and [chain.surrogate] "
            "chooses no hadronization; add e.g. hadronization = 'string_breaks'"
        )


def hadronization_record(card: RunCard) -> dict[str, Any]:
    """Name, kind and training time of the weights that hadronize, for the run folder."""
    model = card.chain.surrogate.hadronization
    if model is None or model == "lund":
        return {}
    path = weights_path(model)
    header = read_weights_header(path)
    record: dict[str, Any] = {
        "weights": header["mcsurrogate.name"],
        "model": header["mcsurrogate.model"],
    }
    others = [weights_path(name) for name in card.chain.surrogate.variations]
    seconds, unstated = _training([path, *others])
    if seconds:
        record["training_seconds"] = seconds
    if unstated:
        record["training_not_stated"] = unstated
    return record


def _training(files: Sequence[Path]) -> tuple[float, list[str]]:
    """Seconds of the trainings that made weights, and the files whose training is not known.

    Members of an ensemble state the seconds of them all, which count once.
    """
    trainings: dict[tuple[Any, ...], float] = {}
    unstated = []
    for file in files:
        about = read_model_card(file) if file.with_suffix(".json").exists() else {}
        seconds = about.get("training_seconds")
        if not isinstance(seconds, int | float):
            unstated.append(file.stem)
        elif "ensemble_member" in about:
            trainings["ensemble", file.parent, about.get("seed"), seconds] = seconds
        else:
            trainings["weights", file] = seconds
    return round(sum(trainings.values()), 1), unstated


def surrogate_parts(card: RunCard, method: str | None = None) -> list[tuple[str, str, str]]:
    """List the parts of both chains: name, what the surrogate chain has, what the standard one.

    Parameters
    ----------
    card
        The resolved card.
    method
        How the cross section was integrated (``madnis``, ``vegas``), None where it was not.
    """
    if card.process.definition is None:
        process = [("hard process", _PYTHIA, _PYTHIA)]
    else:
        own = _amplitudes(card)
        sampler = "surrogate: normalizing flow (MadNIS)" if method == "madnis" else "VEGAS+"
        standard = (_PYTHIA, _PYTHIA) if card.merging is None else (own, sampler)
        process = [
            ("squared matrix element", own, standard[0]),
            ("phase space", sampler, standard[1]),
        ]
    if card.merging is not None:
        merged = (
            f"up to {card.merging.jets} of matrix elements, merged at {card.merging.scale:g} GeV"
        )
        process.append(("jets beside the process", merged, "of the shower"))
    record = hadronization_record(card)
    hadronization = f"surrogate: {record['weights']} (model {record['model']})" if record else _LUND
    return [
        *process,
        ("showers, multiparton interactions, decays", _PYTHIA, _PYTHIA),
        ("hadronization", hadronization, _LUND),
    ]


def _amplitudes(card: RunCard) -> str:
    if card.emulators is None:
        return "exact, of mcsurrogate"
    names = ", ".join(card.emulators.weights)
    if card.emulators.exact_second_stage:
        return f"surrogate: emulators {names}, decided by the exact amplitude"
    return f"surrogate: emulators {names}"
