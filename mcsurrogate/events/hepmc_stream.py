"""Text of HepMC files on its way to the parser: checked where HepMC3's reader is not.

HepMC3's reader dies of a segmentation fault where a vertex names a particle beyond the number that
the event announces, and cannot say in which line anything was wrong.
"""

import io
import re
from typing import IO, Any

from mcsurrogate.events.compression import DECOMPRESSION_ERRORS

__all__ = ["BUFFER", "BadLineError", "EventText"]

BUFFER = 1 << 18
_TAIL = 256
_HEPMC3 = re.compile(rb"^(?:E \S+ \S+ (\S+)|V (\S+) \S+ \[([^\]\n]*)\])", re.MULTILINE)
_HEPMC2 = re.compile(rb"^N (\d+)([^\n]*)", re.MULTILINE)


class BadLineError(ValueError):
    """A line that the parser must not see."""


class EventText(io.RawIOBase):
    """Whole lines for the parser; keeps the last bytes, and any error.

    Parameters
    ----------
    head, rest
        Bytes already read, then the stream that they were read from.
    kind
        ``HepMC3`` or ``HepMC2``.
    """

    def __init__(self, head: bytes, rest: IO[bytes], kind: str) -> None:
        self._held, self._rest = head, rest
        self._fault = self._fault3 if kind == "HepMC3" else self._fault2
        self._particles = 0
        self._lines = 0
        self.tail = b""
        self.error: Exception | None = None

    def readable(self) -> bool:
        """Tell that there is text to read."""
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - the buffer protocol has no type in 3.11
        """Fill a buffer with whole lines; return 0 at the end, regular or not."""
        # an exception cannot pass through the C++ stream: end it and report afterwards
        if self.error is not None:
            return 0
        try:
            text = self._whole_lines(len(buffer))
        except (*DECOMPRESSION_ERRORS, ValueError) as error:
            self.error = error
            return 0
        fault = self._fault(text)
        if fault is not None:
            place, what = fault
            line = self._lines + text.count(b"\n", 0, place) + 1
            self.error = BadLineError(f"line {line}: {what}")
            text = text[:place]
        self._lines += text.count(b"\n")
        buffer[: len(text)] = text
        self.tail = (self.tail + text[-_TAIL:])[-_TAIL:]
        return len(text)

    def _whole_lines(self, size: int) -> bytes:
        """Text up to the end of a line; a line that is longer than the size comes in pieces."""
        text, ended = self._held, False
        while len(text) < size and not ended and b"\n" not in text:
            data = self._rest.read(size - len(text))
            text, ended = text + data, not data
        end = min(len(text), size) if ended else text.rfind(b"\n", 0, size) + 1 or size
        self._held = text[end:]
        return text[:end]

    def drain(self) -> None:
        """Read to the end, for the last bytes and errors of the decoder."""
        buffer = bytearray(BUFFER)
        while self.readinto(buffer):
            pass

    def _fault3(self, text: bytes) -> tuple[int, str] | None:
        """Find a vertex of a particle that does not exist: its place, and what is wrong."""
        for found in _HEPMC3.finditer(text):
            announced, vertex, named = found.groups()
            try:
                if vertex is None:
                    self._particles = int(announced)
                    continue
                last = max(map(int, named.split(b","))) if named else 0
            except ValueError:
                return found.start(), "holds no number where HepMC3 has one"
            if last > self._particles:
                return found.start(), (
                    f"vertex {vertex.decode()} names particle {last}, the event has "
                    f"{self._particles}"
                )
        return None

    def _fault2(self, text: bytes) -> tuple[int, str] | None:
        """Find weight names that do not end in their line."""
        for found in _HEPMC2.finditer(text):
            number, names = found.groups()
            if names.count(b'"') != 2 * int(number):
                quoted = names.count(b'"') / 2
                return found.start(), (
                    f"{number.decode()} weight names are announced, {quoted:g} are quoted; a name "
                    "must not hold a quote or the end of a line"
                )
        return None
