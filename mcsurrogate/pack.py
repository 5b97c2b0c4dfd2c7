# SPDX-License-Identifier: GPL-3.0-or-later
"""A pack: what generation needs of a run, in one ZIP file that is checked before it is believed.

``manifest.json`` stands first and tells format, version, and size and SHA-256 of every other part;
nothing in a pack is code.  Reading takes no more memory than a block: what is larger than the
manifest says, or than a pack may be, is refused before it is unpacked.
"""

import hashlib
import json
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import IO, Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mcsurrogate.atomic import atomic_path
from mcsurrogate.errors import PackError

__all__ = ["Manifest", "Pack", "is_pack", "write_pack"]

_MANIFEST = "manifest.json"
_FORMAT: Final = 1
_LARGEST_MANIFEST = 1 << 20
_LARGEST = 1 << 30
_BLOCK = 1 << 20
_EPOCH = (1980, 1, 1, 0, 0, 0)  # equal runs make equal packs
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError, RuntimeError)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    size: Annotated[int, Field(ge=0, le=_LARGEST)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Manifest(BaseModel):
    """What a pack holds.

    Attributes
    ----------
    version
        Of mcsurrogate.
    about
        What its maker needs to use the parts.
    parts
        Size in bytes and digest of each part, by its name in the pack.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    format: Literal[1]
    version: str
    about: dict[str, Any]
    parts: dict[str, _Part]


def is_pack(path: Path) -> bool:
    """Tell whether a file begins as a pack does, and not as a card."""
    try:
        with path.open("rb") as stream:
            return stream.read(4) == b"PK\x03\x04"
    except OSError:
        return False


def write_pack(
    path: Path, version: str, about: Mapping[str, Any], parts: Mapping[str, Path]
) -> None:
    """Write files into a pack, under their names in it, in order; it appears when it is whole."""
    digests = {}
    for name, source in parts.items():
        with source.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        digests[name] = _Part(size=source.stat().st_size, sha256=digest)
    manifest = Manifest(format=_FORMAT, version=version, about=dict(about), parts=digests)
    head = manifest.model_dump_json(indent=2).encode()
    with atomic_path(path) as unfinished, zipfile.ZipFile(unfinished, "w") as archive:
        for name in (_MANIFEST, *parts):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, head if name == _MANIFEST else parts[name].read_bytes())


class Pack:
    """A pack that was made by this version, and whose manifest fits what it holds.

    Parameters
    ----------
    path
        The file.
    version
        The version of mcsurrogate that is to use it.

    Raises
    ------
    PackError
        If it is no pack, damaged, too large, of another version, or holds what its manifest does
        not tell.
    """

    def __init__(self, path: Path, version: str) -> None:
        self.path = path
        try:
            with zipfile.ZipFile(path) as archive:
                self.manifest = self._read_manifest(archive)
                self._check_parts(archive)
        except OSError as error:
            raise PackError(f"{path}: cannot be read: {error}") from error
        except _DAMAGE as error:
            raise PackError(f"{path}: damaged, or no pack: {error}") from error
        if self.manifest.version != version:
            raise PackError(
                f"{path}: made by mcsurrogate {self.manifest.version}, this is {version}; install "
                "that version, or integrate and pack again"
            )

    def extract(self, folder: Path, places: Mapping[str, str] | None = None) -> None:
        """Unpack all parts, or those of ``places``; a file appears when it is whole.

        Parameters
        ----------
        folder
            Where to.
        places
            For each part its path below the folder; all parts under their names if None.

        Raises
        ------
        PackError
            If a part is not what the manifest says.
        """
        try:
            with zipfile.ZipFile(self.path) as archive:
                for name, place in (places or {n: n for n in self.manifest.parts}).items():
                    target = folder / place
                    target.parent.mkdir(parents=True, exist_ok=True)
                    with (
                        archive.open(name) as source,
                        atomic_path(target) as unfinished,
                        unfinished.open("wb") as out,
                    ):
                        self._copy(name, source, out)
        except _DAMAGE as error:
            raise PackError(f"{self.path}: damaged: {error}") from error

    def _copy(self, name: str, source: IO[bytes], out: IO[bytes]) -> None:
        part, found, size = self.manifest.parts[name], hashlib.sha256(), 0
        while block := source.read(_BLOCK):
            size += len(block)
            if size > part.size:
                break
            found.update(block)
            out.write(block)
        if size != part.size or found.hexdigest() != part.sha256:
            raise PackError(
                f"{self.path}: damaged: {name} is not what the manifest says ({part.size} bytes, "
                f"SHA-256 {part.sha256[:16]})"
            )

    def _read_manifest(self, archive: zipfile.ZipFile) -> Manifest:
        if archive.getinfo(_MANIFEST).file_size > _LARGEST_MANIFEST:
            raise PackError(f"{self.path}: its manifest has more than {_LARGEST_MANIFEST} bytes")
        with archive.open(_MANIFEST) as stream:
            text = stream.read(_LARGEST_MANIFEST + 1)
        try:
            content = json.loads(text)
            if isinstance(content, dict) and content.get("format") != _FORMAT:
                raise PackError(
                    f"{self.path}: a pack of format {content.get('format')!r}, this version reads "
                    f"{_FORMAT}; integrate and pack again"
                )
            return Manifest.model_validate(content)
        except (ValueError, ValidationError) as error:
            raise PackError(f"{self.path}: its manifest is damaged: {error}") from error

    def _check_parts(self, archive: zipfile.ZipFile) -> None:
        parts = self.manifest.parts
        entries = [entry for entry in archive.infolist() if entry.filename != _MANIFEST]
        if sorted(entry.filename for entry in entries) != sorted(parts):
            raise PackError(f"{self.path}: damaged: it does not hold the parts of its manifest")
        for name in parts:
            place = PurePosixPath(name)
            if place.is_absolute() or ".." in place.parts or not place.parts:
                raise PackError(f"{self.path}: damaged: {name!r} leads out of the run folder")
        total = sum(part.size for part in parts.values())
        if total > _LARGEST or any(e.file_size != parts[e.filename].size for e in entries):
            raise PackError(
                f"{self.path}: damaged or oversized: {total} bytes by its manifest (at most "
                f"{_LARGEST}), {sum(e.file_size for e in entries)} by its directory"
            )
