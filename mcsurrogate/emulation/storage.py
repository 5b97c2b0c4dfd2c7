# SPDX-License-Identifier: GPL-3.0-or-later
"""An emulator on disk: weights as safetensors and a model card as JSON beside them."""

import hashlib
import json
from pathlib import Path

from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from mcsurrogate.atomic import atomic_path, write_text
from mcsurrogate.emulation.model_card import ModelCard
from mcsurrogate.errors import EmulationError

__all__ = ["digest", "read_model", "write_model"]


def digest(tensors: dict[str, Tensor], metadata: dict[str, str] | None = None) -> tuple[bytes, str]:
    """Return the safetensors file of some tensors and its SHA-256."""
    whole = {name: value.contiguous() for name, value in tensors.items()}
    content = save_tensors(whole, metadata)
    if metadata is not None:
        content = _with_sorted_metadata(content)
    return content, hashlib.sha256(content).hexdigest()


def _with_sorted_metadata(content: bytes) -> bytes:
    """Order the metadata, which safetensors writes in a new order each time."""
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + content[start:]


def write_model(
    path: Path,
    tensors: dict[str, Tensor],
    card: ModelCard,
    metadata: dict[str, str] | None = None,
) -> None:
    """Write ``path`` (.safetensors) and the card beside it (.json), atomically.

    Raises
    ------
    EmulationError
        If the name does not end in .safetensors.
    """
    card_path = _card_path(path)
    content, checksum = digest(tensors, metadata)
    text = card.model_copy(update={"weights_sha256": checksum}).model_dump_json(indent=2)
    with atomic_path(path) as part:
        part.write_bytes(content)
    write_text(card_path, text + "\n")


def read_model(path: Path) -> tuple[dict[str, Tensor], ModelCard]:
    """Read what :func:`write_model` wrote.

    Raises
    ------
    EmulationError
        If a file is missing, truncated, damaged, of another kind, or weights and card do not
        belong together.
    """
    card_path = _card_path(path)
    try:
        content = path.read_bytes()
        text = card_path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EmulationError(f"{path}: the emulator cannot be read: {error}") from error
    try:
        card = ModelCard.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise EmulationError(
            f"{card_path} is no model card of an emulator of this version ({where}: "
            f"{first['msg']}); train it again"
        ) from error
    if hashlib.sha256(content).hexdigest() != card.weights_sha256:
        raise EmulationError(
            f"{path} is truncated, damaged or belongs to another card than {card_path}: its "
            "SHA-256 differs from the card's; copy both files again"
        )
    try:
        return load_tensors(content), card
    except (SafetensorError, ValueError, json.JSONDecodeError) as error:
        raise EmulationError(f"{path}: not a safetensors file: {error}") from error


def _card_path(path: Path) -> Path:
    if path.suffix != ".safetensors":
        raise EmulationError(f"{path}: the name of an emulator's file must end in .safetensors")
    return path.with_suffix(".json")
