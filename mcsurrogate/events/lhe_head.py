# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands before the events of a Les Houches file: header, init block, names of weights.

Headers are text that was meant to be XML and often is not (``pt < 20 && eta``), so that tags
are looked for where the standard puts them and everything else is carried along untouched.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from xml.sax.saxutils import escape, unescape

from mcsurrogate import __version__
from mcsurrogate.errors import EventFileError
from mcsurrogate.events.hard_events import ProcessInfo, RunInfo

__all__ = [
    "announced_events",
    "declared_weights",
    "end_of_head",
    "format_head",
    "header_elements",
    "header_text",
    "init_text",
    "parse_head",
    "weight_declarations",
    "weight_id",
    "weight_name",
    "with_announced_events",
]

_VERSIONS = ("1.0", "2.0", "3.0")
_IGNORED = re.compile(r"<!--.*?-->|<!\[CDATA\[.*?\]\]>", re.DOTALL)
_OPENING = re.compile(r"<LesHouchesEvents\b([^>]*)>")
# Text of a header may hold such words, but not where a line or a tag has ended.
_INIT = re.compile(r"(?:^|>)[ \t]*(?P<tag><init(?:\s[^>]*)?>)", re.MULTILINE)
_HEADER = re.compile(r"(?:^|>)[ \t]*(?P<tag><header(?:\s[^>]*)?>)", re.MULTILINE)
_END = b"</init>"
_EVENT_FILES = re.compile(r"<eventfiles?\b")
_ANNOUNCED = re.compile(r"<xsecinfo\s[^>]*?\bneve\s*=\s*[\"']\s*\+?(\d+)\s*[\"']")
_WEIGHT = re.compile(
    r"<weight(?P<attributes>\s[^>]*?\bid\s*=\s*(?P<q>[\"'])(?P<name>.*?)(?P=q)[^>]*)>"
    r"(?P<description>[^<]*)|<weightgroup\b(?P<group>[^>]*)>|</weightgroup",
    re.DOTALL,
)
_GROUP_NAME = re.compile(r"\b(?:name|type)\s*=\s*(?P<q>[\"'])(.*?)(?P=q)")
_WEIGHT_INFO = re.compile(r"<weightinfo\s[^>]*?\bname\s*=\s*(?P<q>[\"'])(?P<name>.*?)(?P=q)")
_TAG = re.compile(r"<(/?)([A-Za-z_][\w.:-]*)((?:\s[^<>]*)?)>")
# 1.0D+00 in double precision; 1.0-100 where the exponent has three digits.
_FORTRAN = re.compile(r"(?<=[\d.])(?:[dDqQ](?=[+-]?\d)|(?=[+-]\d))")
_BEAM_NUMBERS, _PROCESS_NUMBERS = 10, 4
_WHOLE = 2**31  # whole numbers of the standard are integers of Fortran
_QUOTES = {'"': "&quot;", "'": "&apos;"}


def end_of_head(text: bytes, last: bool) -> int | None:
    """Find where the text behind ``</init>`` begins: not that of a comment, nor of the header.

    Parameters
    ----------
    text
        Of the file, from its beginning.
    last
        Whether no more of it will come, so that a comment that is still open never ends.
    """
    doubtful: int | None = None
    for found in re.finditer(_END, text):
        visible = _visible(text[: found.start()].decode("utf-8", "surrogateescape"))
        opening = _OPENING.search(visible)
        if opening is not None and _init_tag(visible, opening.end()) is not None:
            if "<!--" not in visible:
                return found.end()
            doubtful = doubtful or found.end()
    if doubtful is None and last and (first := text.find(_END)) >= 0:
        return first + len(_END)
    return doubtful if last else None


def _visible(text: str) -> str:
    """Text with blanks in place of comments."""
    return _IGNORED.sub(lambda hidden: re.sub(r"[^\n]", " ", hidden[0]), text)


def _init_tag(visible: str, after: int) -> re.Match[str] | None:
    """``<init>`` behind the header."""
    header = _header_tag(visible, after)
    if header is not None:
        after = visible.find("</header>", header.end())
    return None if after < 0 else _INIT.search(visible, after - 1)


def _header_tag(visible: str, after: int) -> re.Match[str] | None:
    header, init = _HEADER.search(visible, after - 1), _INIT.search(visible, after - 1)
    if header is None or (init is not None and init.start("tag") < header.start("tag")):
        return None
    return header


def parse_head(path: Path, text: str) -> RunInfo:
    """Read the text up to ``</init>``; the names of the weights are those of the header.

    Raises
    ------
    EventFileError
        If it is no beginning of an LHE file, init block and its announcements differ, or the
        events lie in other files.
    """
    visible = _visible(text)
    opening = _OPENING.search(visible)
    if opening is None or re.sub(r"<\?xml[^>]*\?>", "", visible[: opening.start()]).strip():
        raise EventFileError(
            f"{path}: cannot be read as an LHE file: it does not begin with <LesHouchesEvents>"
        )
    version = re.search(r"\bversion\s*=\s*[\"']([^\"']*)[\"']", opening[1])
    if version is None or version[1].strip() not in _VERSIONS:
        found = "none" if version is None else version[1]
        raise EventFileError(
            f"{path}: cannot be read as an LHE file: version {found} is not in {_VERSIONS}"
        )
    init = _init_tag(visible, opening.end())
    if init is None:
        header = _header_tag(visible, opening.end())
        closed = header is None or visible.find("</header>", header.end()) >= 0
        reason = "no <init> at the beginning of a line" if closed else "<header> is not closed"
        raise EventFileError(f"{path}: cannot be read as an LHE file: {reason}")
    run = _parse_init(path, text[init.end() :], 1 + text.count("\n", 0, init.end()))
    return replace(
        run,
        weight_names=declared_weights(visible),
        version=version[1].strip(),
        header=text[opening.end() : init.start("tag")].strip(),
    )


def _parse_init(path: Path, text: str, line: int) -> RunInfo:
    numbered = enumerate(text.split("\n"), line)

    def numbers(count: int, meaning: str) -> list[float]:
        words, number = next(((t.split(), n) for n, t in numbered if t.strip()), ([], line))
        try:
            found = [float(_FORTRAN.sub("e", word)) for word in words]
            if len(found) == count and all(math.isfinite(value) for value in found):
                return found
        except ValueError:
            pass
        raise EventFileError(
            f"{path}, line {number}: expected {meaning} in <init>, found '{' '.join(words)}'"
        )

    beams = numbers(_BEAM_NUMBERS, "the ten numbers of the beams")
    whole = [int(number) for number in beams]
    if [whole[i] for i in (0, 1, 4, 5, 6, 7, 8, 9)] != [*beams[:2], *beams[4:]]:
        raise EventFileError(f"{path}: <init> has a fraction where whole numbers belong: {beams}")
    if large := [number for number in (*whole[:2], *whole[4:]) if abs(number) >= _WHOLE]:
        raise EventFileError(f"{path}: {large[0]} in <init> is no whole number of 32 bits")
    processes = []
    for _ in range(whole[9]):
        cross_section, error, maximum, process = numbers(
            _PROCESS_NUMBERS, f"XSECUP XERRUP XMAXUP LPRUP of {whole[9]} processes"
        )
        if process != int(process):
            raise EventFileError(f"{path}: LPRUP in <init> is {process}, no whole number")
        if abs(process) >= _WHOLE:
            raise EventFileError(f"{path}: LPRUP {process:.0f} is no whole number of 32 bits")
        processes.append(ProcessInfo(int(process), cross_section, error, maximum))
    rest = "\n".join(line for _, line in numbered).strip()
    if rest and rest[0] not in "<#":
        raise EventFileError(
            f"{path}: <init> announces {whole[9]} processes and goes on: '{rest.splitlines()[0]}'"
        )
    if _EVENT_FILES.search(_IGNORED.sub("", rest)):
        raise EventFileError(
            f"{path}: <init> names other files that hold the events (<eventfiles>), which are not "
            "followed: put the events into one file"
        )
    return RunInfo(
        beams=(whole[0], whole[1]),
        energies_gev=(beams[2], beams[3]),
        processes=tuple(processes),
        weighting_strategy=whole[8],
        pdf_groups=(whole[4], whole[5]),
        pdf_ids=(whole[6], whole[7]),
        init_text=rest,
    )


def announced_events(init: str) -> int | None:
    """Give the number of events that the text of ``<init>`` announces (``neve`` of xsecinfo)."""
    found = _ANNOUNCED.search(_IGNORED.sub("", init))
    return None if found is None else int(found[1])


def with_announced_events(init: str, count: int) -> str:
    """Give the text of ``<init>`` that announces this number of events, if it announces any."""

    def replaced(found: re.Match[str]) -> str:
        if found[1] is None:
            return found[0]
        begin, end = found.start(1) - found.start(), found.end(1) - found.start()
        return f"{found[0][:begin]}{count}{found[0][end:]}"

    return re.sub(f"{_ANNOUNCED.pattern}|{_IGNORED.pattern}", replaced, init, flags=re.DOTALL)


def weight_declarations(header: str) -> Iterator[tuple[str, str, str, str]]:
    """Id, attributes, description and group of every declared weight, as written."""
    group = ""
    for found in _WEIGHT.finditer(_IGNORED.sub("", header)):
        if found["name"] is not None:
            description = found["description"].strip()
            yield found["name"].strip(), found["attributes"], description, group
        else:
            name = _GROUP_NAME.search(found["group"] or "")
            group = "" if name is None else name[2]


def declared_weights(text: str) -> tuple[str, ...]:
    """Names of weights that a header declares, in its order, as they are written there.

    One that stands twice comes twice: a plain list of values counts it twice.
    """
    found = [name for name, *_ in weight_declarations(text)]
    found += [weight["name"].strip() for weight in _WEIGHT_INFO.finditer(text)]
    return tuple(found)


def header_elements(header: str) -> Iterator[tuple[str, str]]:
    """Elements of a header with their text, nested ones as ``outer.inner``, in file order.

    Comments and CDATA are left out, lines are trimmed and empty ones dropped, as Pythia does.
    What looks like a tag and is never closed is text.
    """
    visible = _IGNORED.sub("", header)
    open_tags: list[str] = []
    position = 0
    for tag in _TAG.finditer(visible):
        closing, name, attributes = tag.groups()
        text = "\n".join(
            line for part in visible[position : tag.start()].split("\n") if (line := part.strip())
        )
        if closing and name not in open_tags:
            continue
        if not closing and visible.find(f"</{name}>", tag.end()) < 0:
            continue
        if text and open_tags[1:]:
            yield ".".join(open_tags[1:]), text + "\n"
        position = tag.end()
        if closing:
            del open_tags[open_tags.index(name) :]
        elif not attributes.endswith("/"):
            open_tags.append(name)


def weight_name(written: str) -> str:
    """Name of a weight from its text in a file."""
    return unescape(written, {entity: character for character, entity in _QUOTES.items()})


def weight_id(name: str) -> str:
    """Text of a name of a weight as an XML attribute."""
    return escape(name, _QUOTES)


def header_text(run: RunInfo, header: Mapping[str, str]) -> str:
    """Text before ``<init>``: that of the run, with more elements and names of weights.

    Parameters
    ----------
    run
        Its header text is left as it stands.
    header
        More elements for the header block: text by name.
    """
    declared = {weight_name(name) for name in declared_weights(run.header)}
    more = [
        f"<{name}>\n" + escape(text.strip("\n")) + f"\n</{name}>" for name, text in header.items()
    ]
    if missing := [weight_id(name) for name in run.weight_names[1:] if name not in declared]:
        lines = [f'<weight id="{name}">{name}</weight>' for name in missing]
        more.append("\n".join(["<initrwgt>", *lines, "</initrwgt>"]))
    text = run.header
    if more or "</header>" not in text:
        block = "\n".join(more)
        if "</header>" in text:
            before, _, behind = text.rpartition("</header>")
            text = f"{before.rstrip()}\n{block}\n</header>{behind}"
        else:
            text = "\n".join(part for part in (text, "<header>", block, "</header>") if part)
    return text


def format_head(run: RunInfo, header: Mapping[str, str]) -> str:
    """Text of everything before the first event, with more header elements: text by name."""
    beams = (
        f"{run.beams[0]} {run.beams[1]} {run.energies_gev[0]:.16e} {run.energies_gev[1]:.16e} "
        f"{run.pdf_authors[0]} {run.pdf_authors[1]} {run.pdf_ids[0]} {run.pdf_ids[1]} "
        f"{run.weighting_strategy} {len(run.processes)}"
    )
    init = [
        beams,
        *(
            f"{p.cross_section_pb:.16e} {p.error_pb:.16e} {p.max_weight:.16e} {p.process_id}"
            for p in run.processes
        ),
        init_text(run),
    ]
    opening = f'<LesHouchesEvents version="{run.version}">'
    return "\n".join([opening, header_text(run, header), "", "<init>", *init, "</init>", ""])


def init_text(run: RunInfo) -> str:
    """Text behind the processes in ``<init>``: that of the run, or who made it."""
    return run.init_text or f'<generator name="mcsurrogate" version="{__version__}"></generator>'
