"""The folder of a training: whose it is, and what made it."""

import importlib.metadata
from pathlib import Path

from pydantic import BaseModel

from mcsurrogate.atomic import write_text
from mcsurrogate.cards import dump_card
from mcsurrogate.errors import RunFolderError

__all__ = ["claim_folder", "versions"]

_PACKAGES = ("mcsurrogate", "torch", "numpy", "pythia8mc")


def versions() -> dict[str, str]:
    """Versions of the packages that decide the result."""
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


def claim_folder(card: BaseModel, out: Path, *, resume: bool) -> None:
    """Mark an empty folder as this training's, or check that it is.

    Raises
    ------
    RunFolderError
        If the folder holds another training, or one that `resume` was not given for.
    """
    mark = out / "card.toml"
    text = dump_card(card)
    if mark.exists():
        if mark.read_text(encoding="utf-8") != text:
            msg = f"{out} holds the training of another card; choose another folder"
            raise RunFolderError(msg)
        if not resume:
            msg = f"{out} holds this training already; go on with it by --resume"
            raise RunFolderError(msg)
        return
    if out.exists() and any(out.iterdir()):
        msg = f"{out} is not empty and holds no training; choose another folder"
        raise RunFolderError(msg)
    out.mkdir(parents=True, exist_ok=True)
    write_text(mark, text)
