"""Reading the ``.info`` files of LHAPDF6 sets: the subset of YAML that they use."""

from collections.abc import Iterator
from pathlib import Path

from mcsurrogate.errors import PartonDensityError

__all__ = ["SetInfo", "parse_info", "read_info"]


class SetInfo:
    """Keys and values of an ``.info`` file.

    Parameters
    ----------
    entries
        Raw text of every value, by key.
    source
        What error messages call the file.
    """

    def __init__(self, entries: dict[str, str], source: str) -> None:
        self._entries = entries
        self.source = source

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def text(self, key: str, default: str | None = None) -> str:
        """Text of ``key``, or ``default`` where the key is missing."""
        if key in self._entries:
            return self._entries[key]
        if default is None:
            raise PartonDensityError(f"{self.source} has no entry {key!r}; the set is incomplete")
        return default

    def number(self, key: str, default: float | None = None) -> float:
        """Value of ``key`` as a number."""
        raw = self.text(key, None if default is None else repr(default))
        try:
            return float(raw)
        except ValueError as error:
            raise PartonDensityError(
                f"{self.source}: entry {key!r} is {raw!r}, not a number"
            ) from error

    def numbers(self, key: str) -> list[float]:
        """Value of ``key`` as a list of numbers."""
        raw = self.text(key)
        try:
            return [float(item) for item in raw.strip("[] ").split(",")]
        except ValueError as error:
            raise PartonDensityError(
                f"{self.source}: entry {key!r} is not a list of numbers ({error})"
            ) from error


def parse_info(text: str, source: str) -> SetInfo:
    """Parse the text of an ``.info`` file.

    Values may run over several lines (open brackets, or indented continuation).
    """
    entries: dict[str, str] = {}
    key: str | None = None
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.rstrip()
        if not line.strip() or line.lstrip().startswith("#") or line.strip() == "---":
            continue
        unfinished = key is not None and entries[key].count("[") > entries[key].count("]")
        if key is not None and (unfinished or line[0].isspace()):
            entries[key] = f"{entries[key]} {line.strip()}"
            continue
        name, colon, value = line.partition(":")
        if not colon:
            raise PartonDensityError(
                f"{source}, line {number}: {line[:40]!r} is not a 'Key: value' entry"
            )
        key = name.strip()
        entries[key] = value.strip().strip('"')
    return SetInfo(entries, source)


def read_info(path: Path) -> SetInfo:
    """Read the ``.info`` file of a set."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PartonDensityError(f"cannot read {path}: {error}") from error
    return parse_info(text, str(path))
