# SPDX-License-Identifier: GPL-3.0-or-later
"""Packs: from a finished integration to one file, and from that file to a run folder elsewhere."""

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from functools import reduce
from importlib.metadata import version
from operator import getitem
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from mcsurrogate.cards import RunCard, load_card, own_functions, replace_values
from mcsurrogate.errors import PackError, RunFolderError
from mcsurrogate.generators import shipped_weights, weights_path
from mcsurrogate.hard_process import read_samples, varied_sets
from mcsurrogate.pack import Pack, write_pack
from mcsurrogate.pdf import PdfFiles, find_pdf
from mcsurrogate.run_folder import RunFolder
from mcsurrogate.run_record import RESULT_FILE, check_files, digests, read_run
from mcsurrogate.stages.inputs import Files, pdf_files, settings_files, varied_pdf_files
from mcsurrogate.stages.integration import SAMPLER

__all__ = ["open_pack", "pack_run", "packed_card", "unpack_run"]

_MADE = (RESULT_FILE, SAMPLER)
_FOLDER = "pack"


class _OwnFile(NamedTuple):
    """A file that a value of the card names: where in the card, where in the pack, what lies there.

    The number is that of a value in a list.
    """

    section: str
    key: str
    number: int | None
    place: str
    paths: list[Path]

    @property
    def parts(self) -> dict[str, Path]:
        """Names in the pack; a set of parton densities is named by its folder."""
        folder = Path(self.place.removesuffix("/all"))
        folder = folder if self.key == "pdf" else folder.parent
        return {f"{folder}/{path.name}": path for path in self.paths}


def pack_run(folder: Path, target: Path) -> Path:
    """Put the integration of a run folder, and all that its card's events need, into one file.

    Parameters
    ----------
    folder
        A run folder with a finished integration.
    target
        The pack.

    Returns
    -------
    Path
        The pack.

    Raises
    ------
    PackError
        If the card needs what a pack does not hold: code, or files that Pythia settings name.
    RunFolderError
        If the integration is not finished, or a file is not the one that it had.
    """
    record = read_run(folder)
    integration = record["stages"].get("integrate")
    if integration is None or not integration["finished"]:
        raise RunFolderError(f"{folder}: its integration is not finished; integrate first")
    card = load_card(folder / "card.toml", RunCard)
    _refuse_what_a_pack_cannot_hold(card)
    made: Files = {name: folder / name for name in _MADE}
    check_files(folder, {**made, **pdf_files(card)}, record["files"])
    own = list(_own_files(card))
    parts = {name: folder / name for name in _MADE}
    parts |= {name: path for file in own for name, path in file.parts.items()}
    about = {
        "card": card.model_dump(mode="json"),
        "integration": {k: v for k, v in integration.items() if k != "card"},
        "places": [file[:4] for file in own],
        "shipped": digests({name: weights_path(name) for name in _shipped(card)}),
    }
    write_pack(target, version("mcsurrogate"), about, parts)
    return target


def open_pack(path: Path) -> Pack:
    """Open a pack of this version whose shipped weights are those of this installation.

    Raises
    ------
    PackError
        If it is damaged, oversized, of another version, or made with other shipped weights.
    """
    pack = Pack(path, version("mcsurrogate"))
    try:
        shipped = dict(pack.manifest.about["shipped"])
        known = {name: weights_path(name) for name in shipped if name in shipped_weights()}
    except (KeyError, TypeError, ValueError) as error:
        raise PackError(f"{path}: damaged: no pack of a run ({error!r})") from error
    here = digests(known)
    for name, digest in shipped.items():
        if here.get(name) != digest:
            raise PackError(
                f"{path}: the weights {name!r} of this installation are not those of the pack"
            )
    return pack


def packed_card(pack: Pack, folder: Path, overrides: Mapping[str, object]) -> RunCard:
    """Return the card of a pack, its files where they will lie below a run folder.

    Parameters
    ----------
    pack
        The pack.
    folder
        The run folder.
    overrides
        Values of the card that take the place of the pack's; see `mcsurrogate.cards`.

    Raises
    ------
    PackError
        If the card is damaged.
    CardError
        If a value is impossible.
    """
    try:
        content = deepcopy(pack.manifest.about["card"])
        for section, key, index, place in pack.manifest.about["places"]:
            holder = reduce(getitem, section.split("."), content)
            if index is not None:
                holder, key = holder[key], index
            holder[key] = str(folder.absolute() / _FOLDER / place)
        card = RunCard.model_validate(content)
    except (KeyError, TypeError, ValueError, AttributeError, ValidationError) as error:
        raise PackError(f"{pack.path}: damaged: its card cannot be read: {error}") from error
    return replace_values(card, overrides)


def unpack_run(pack: Pack, folder: RunFolder) -> None:
    """Give a run folder, made with the pack's card, the integration of the pack.

    Raises
    ------
    PackError
        If the pack is damaged.
    RunFolderError
        If the folder holds another integration.
    """
    parts = pack.manifest.parts
    if folder.record("integrate") is None:
        places = {name: name if name in _MADE else f"{_FOLDER}/{name}" for name in parts}
        pack.extract(folder.path, places)
        reads = {**pdf_files(folder.card), **varied_pdf_files(folder.card)}
        folder.adopt("integrate", pack.manifest.about["integration"], reads, _MADE)
    elif folder.digest(SAMPLER) != parts[SAMPLER].sha256:
        raise RunFolderError(
            f"{folder.path}: holds another integration than {pack.path}; choose another folder "
            "with --out"
        )


def _refuse_what_a_pack_cannot_hold(card: RunCard) -> None:
    if len(read_samples(card)) > 1:
        raise PackError(
            "a pack holds one integration, and this card has several samples; pack each of the "
            "runs in samples/"
        )
    if ".py:" in card.integration.flow.family:
        raise PackError(
            f"integration.flow.family = {card.integration.flow.family!r} is code of your own, and "
            "nothing in a pack is run; install it as a module and write module:Class"
        )
    for own in own_functions(card):
        raise PackError(
            f"{own.section}.{own.key} is code of your own ({own.path}), and nothing in a pack is "
            "run; write it as an expression"
        )
    # those of the beams name none, and beams of partons have none: their hard events need no Pythia
    named = settings_files([*card.chain.settings, *card.chain.surrogate.settings])
    if named:
        files = ", ".join(f"{name} = {path}" for name, path in named.items())
        raise PackError(f"a pack does not hold files that Pythia settings name: {files}")


def _own_files(card: RunCard) -> Iterator[_OwnFile]:
    if card.beams.pdf is not None:
        found = find_pdf(card.beams.pdf, card.beams.pdf_member)
        yield _OwnFile("beams", "pdf", None, f"pdf/{found.name}", [found.grid, *_info(found)])
    for number, ((name, members), asked) in enumerate(
        zip(varied_sets(card), card.variations.pdf, strict=True)
    ):
        each = [find_pdf(name, member) for member in range(members)]
        place = f"pdf/{each[0].name}" + ("/all" if asked.endswith("all") else "")
        paths = [*(one.grid for one in each), *_info(each[0])]
        yield _OwnFile("variations", "pdf", number, place, paths)
    if card.emulators is not None:
        yield from _weights("emulators", "weights", enumerate(card.emulators.weights))
    chain = card.chain.surrogate
    if chain.hadronization is not None:
        yield from _weights("chain.surrogate", "hadronization", [(None, chain.hadronization)])
    yield from _weights("chain.surrogate", "variations", enumerate(chain.variations))


def _weights(
    section: str, key: str, values: Iterable[tuple[int | None, str]]
) -> Iterator[_OwnFile]:
    """Weights that are given as a path, with their model cards."""
    for index, value in values:
        path = Path(value)
        if section == "emulators" or path.suffix == ".safetensors" or "/" in value:
            place = f"weights/{section}.{key}.{index or 0}/{path.name}"
            files = [path, path.with_suffix(".json")]
            yield _OwnFile(section, key, index, place, [file for file in files if file.is_file()])


def _info(found: PdfFiles) -> list[Path]:
    return [] if found.info is None else [found.info]


def _shipped(card: RunCard) -> list[str]:
    """Names of shipped hadronization weights that the card's events need."""
    section = card.chain.surrogate
    names = (section.hadronization, *section.variations)
    return [name for name in names if name in shipped_weights()]
