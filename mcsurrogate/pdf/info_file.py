# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys and values of LHAPDF6 sets, from the ``.info`` file and from the headers of members.

Both are the same subset of YAML; a key in the header of a member takes the place of the set's
(arXiv:1412.7420, section 3.3).
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mcsurrogate.errors import PartonDensityError

__all__ = ["SetInfo", "parse_entries", "read_info"]


@dataclass(frozen=True, slots=True)
class _Entry:
    """Raw text of a value, and where it stands."""

    text: str
    source: str
    line: int


class SetInfo:
    """Keys and values of a set or member.

    Parameters
    ----------
    entries
        By key.
    source
        What error messages call the file.
    """

    def __init__(self, entries: dict[str, _Entry], source: str) -> None:
        self._entries = entries
        self.source = source

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def overridden_by(self, member: "SetInfo") -> "SetInfo":
        """Return these entries with those of a member in their place."""
        return SetInfo(self._entries | member._entries, self.source)

    def source_of(self, key: str) -> str:
        """Return the file that an entry comes from."""
        return self._entries[key].source

    def first_of(self, key: str, other: str) -> str:
        """Return ``key`` where it is there, else ``other``."""
        return key if key in self else other

    def text(self, key: str, default: str | None = None) -> str:
        """Text of ``key``, or ``default`` where the key is missing."""
        if key in self._entries:
            return self._entries[key].text
        if default is None:
            raise PartonDensityError(f"{self.source} has no entry {key!r}; the set is incomplete")
        return default

    def number(self, key: str, default: float | None = None) -> float:
        """Value of ``key`` as a number."""
        raw = self.text(key, None if default is None else repr(default))
        try:
            value = float(raw)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self.error(key, f"is {raw!r}, not a number")
        return value

    def numbers(self, key: str) -> list[float]:
        """Value of ``key`` as a list of numbers."""
        raw = self.text(key)
        try:
            values = [float(item) for item in raw.strip("[] ").split(",")]
        except ValueError as error:
            raise self.error(key, f"is not a list of numbers ({error})") from error
        wrong = next((value for value in values if not math.isfinite(value)), None)
        if wrong is not None:
            raise self.error(key, f"holds {wrong}, which is not finite")
        return values

    def integer(self, key: str, default: int) -> int:
        """Value of ``key`` as an integer, or ``default`` where the key is missing."""
        value = self.number(key, default)
        if value != int(value):
            raise self.error(key, f"is {self.text(key)!r}, not an integer")
        return int(value)

    def integers(self, key: str) -> list[int]:
        """Value of ``key`` as a list of integers."""
        values = self.numbers(key)
        wrong = next((value for value in values if value != int(value)), None)
        if wrong is not None:
            raise self.error(key, f"holds {wrong}, which is no integer")
        return [int(value) for value in values]

    def choice(self, key: str, known: tuple[str, ...]) -> str:
        """Value of ``key`` as one of the ``known`` words, the first where it is missing."""
        value = self.text(key, known[0]).lower()
        if value not in known:
            raise self.error(key, f"is {value!r}; known here are {', '.join(known)}")
        return value

    def error(self, key: str, what: str) -> PartonDensityError:
        """Error about an entry, which it locates."""
        entry = self._entries[key]
        return PartonDensityError(f"{entry.source}, line {entry.line}: entry {key!r} {what}")


def _without_comment(text: str) -> str:
    """Cut a comment off a line that is not within quotes."""
    if "#" not in text:
        return text
    quote = ""
    for place, character in enumerate(text):
        if character == quote:
            quote = ""
        elif not quote and character in "\"'" and not text[:place].rstrip(" \t[,-"):
            quote = character
        elif not quote and character == "#" and (place == 0 or text[place - 1].isspace()):
            return text[:place].rstrip()
    return text


def _plain(text: str) -> str:
    """Value of a text that may stand in quotes."""
    if len(text) > 1 and text[0] in "\"'" and text[-1] == text[0]:
        return text[1:-1].replace("''", "'") if text[0] == "'" else text[1:-1]
    return text


class _Value:
    """Text of a value while its lines come."""

    def __init__(self, text: str, line: int) -> None:
        self.line = line
        self.text = _without_comment(text.strip())
        self._items: list[str] = []

    @property
    def unfinished(self) -> bool:
        """Whether a list is open; a bracket within a text opens none."""
        return self.text.startswith("[") and self.text.count("[") > self.text.count("]")

    def takes(self, line: str) -> bool:
        """Whether a line belongs to it: of an open list, indented, or an item of a list."""
        return self.unfinished or line[0].isspace() or (not self.text and line.startswith("- "))

    def add(self, line: str) -> None:
        """Add a line that belongs to it."""
        if not self.text and line.lstrip().startswith("- "):
            self._items.append(_without_comment(line.strip()[2:].strip()))
        else:
            self.text = f"{self.text} {_without_comment(line.strip())}".strip()

    def entry(self, source: str) -> _Entry:
        """Return what it says."""
        text = f"[{', '.join(self._items)}]" if self._items else self.text
        return _Entry(_plain(text), source, self.line)


def parse_entries(lines: Iterable[tuple[int, str]], source: str) -> SetInfo:
    """Parse numbered lines of an ``.info`` file or of a member's header.

    Values may stand in quotes, be lists in brackets or of a line an item, run over several lines
    (open brackets, or indented continuation) and end in a comment.

    Raises
    ------
    PartonDensityError
        A line is no entry.
    """
    values: dict[str, _Value] = {}
    last: _Value | None = None
    for number, raw in lines:
        line = raw.rstrip()
        if not line.strip() or line.lstrip().startswith("#") or line.strip() == "---":
            continue
        if last is not None and last.takes(line):
            last.add(line)
            continue
        name, colon, value = line.partition(":")
        if not colon:
            raise PartonDensityError(
                f"{source}, line {number}: {line[:40]!r} is not a 'Key: value' line; the file "
                "is damaged, fetch the set again"
            )
        last = values[_plain(name.strip())] = _Value(value, number)
    return SetInfo({key: value.entry(source) for key, value in values.items()}, source)


def read_info(path: Path) -> SetInfo:
    """Read the ``.info`` file of a set."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PartonDensityError(f"cannot read {path}: {error}") from error
    return parse_entries(enumerate(text.splitlines(), 1), str(path))
