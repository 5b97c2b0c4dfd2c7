# SPDX-License-Identifier: GPL-3.0-or-later
"""Small SVG: what the figures of a page have in common is written once.

Matplotlib repeats the outlines of every letter, tick mark and clipping rectangle in each figure,
and the style of each line in each element; a page of a hundred figures is mostly that.  Here
outlines, whole words and styles go to one place of the page, which the figures refer to.
Coordinates are rounded to a hundredth of a point; transforms stay as they are, because they are
multiplied.
"""

import re
from dataclasses import dataclass, field
from html import escape
from xml.etree import ElementTree

from markupsafe import Markup

__all__ = ["SharedParts"]

_HREF = "{http://www.w3.org/1999/xlink}href"
_NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")
_COMMAND = re.compile(r"([A-Za-z])([^A-Za-z]*)")
_TRANSLUCENT = "opacity"


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _short(number: float) -> str:
    text = f"{number:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _rounded(text: str) -> str:
    """Text with its decimal numbers shortened."""
    return _NUMBER.sub(lambda m: _short(float(m.group())), text)


def _joined(numbers: list[str]) -> str:
    """Numbers of a path, a blank only where no sign parts them."""
    return "".join(n if i == 0 or n.startswith("-") else f" {n}" for i, n in enumerate(numbers))


def _path(text: str, x: float = 0.0, y: float = 0.0) -> str:
    """Path data in few characters, moved by (x, y)."""
    out, last = [], ("", "")
    for command, rest in _COMMAND.findall(text):
        numbers = [_short(float(n) + (y if i % 2 else x)) for i, n in enumerate(rest.split())]
        end = (numbers[-2], numbers[-1]) if numbers else last
        if command == "L" and end[1] == last[1]:
            out.append(f"H{end[0]}")
        elif command == "L" and end[0] == last[0]:
            out.append(f"V{end[1]}")
        else:
            out.append(command + _joined(numbers))
        last = end
    return "".join(out)


def _declarations(style: str) -> dict[str, str]:
    pairs = (part.partition(":") for part in style.split(";") if part.strip())
    return {name.strip(): value.strip() for name, _, value in pairs}


@dataclass
class SharedParts:
    """Parts of the figures of one page.

    Attributes
    ----------
    symbols
        Number of each outline, word or clipping rectangle, by its markup.
    classes
        Number of each style, by its declarations.
    """

    symbols: dict[str, int] = field(default_factory=dict)
    classes: dict[str, int] = field(default_factory=dict)

    def compact(self, svg: str, title: str) -> str:
        """SVG element for the inside of the page.

        Parameters
        ----------
        svg
            What matplotlib writes, without prologue.
        title
            Text for screen readers, escaped.
        """
        root = ElementTree.fromstring(svg)  # noqa: S314 - matplotlib's own
        drawing = _Drawing(self, root)
        return (
            f'<svg role="img" aria-label="{title}" viewBox="{root.get("viewBox")}">'
            f"{drawing.children(root)}</svg>"
        )

    def definitions(self) -> Markup:
        """Markup that the figures refer to; stands once in the page, before or after them."""
        styles = "".join(f".f{n}{{{style}}}" for style, n in self.classes.items())
        symbols = "".join(
            re.sub(r"^<\w+", rf'\g<0> id="s{n}"', markup) for markup, n in self.symbols.items()
        )
        return Markup(  # noqa: S704 - made of parts of figures
            "<style>svg *{stroke-linejoin:round;stroke-linecap:butt}"
            f"{styles}</style>"
            '<svg width="0" height="0" style="position:absolute" aria-hidden="true"><defs>'
            f"{symbols}</defs></svg>"
        )

    def symbol(self, markup: str) -> str:
        """Id of a shared part."""
        return f"s{self.symbols.setdefault(markup, len(self.symbols) + 1)}"

    def style(self, declarations: dict[str, str]) -> str:
        """Attribute for a style, empty for none."""
        if not declarations:
            return ""
        text = ";".join(f"{name}:{value}" for name, value in declarations.items())
        return f' class="f{self.classes.setdefault(text, len(self.classes) + 1)}"'


class _Drawing:
    """One figure on its way to markup."""

    def __init__(self, shared: SharedParts, root: ElementTree.Element) -> None:
        self._shared = shared
        self._defined = {
            child.get("id", ""): child
            for defs in root.iter()
            if _name(defs) == "defs"
            for child in defs
        }

    def children(self, parent: ElementTree.Element) -> str:
        """Markup of everything inside an element; lines of one style become one path."""
        out: list[str] = []
        head, data = "", ""

        def flush() -> None:
            nonlocal head, data
            if data:
                out.append(f'<path d="{data}"{head}/>')
            head, data = "", ""

        for element in self._leaves(parent):
            line = self._line(element)
            if line is None:
                flush()
                out.append(self._element(element))
                continue
            own, attributes, joins = line
            if not joins or attributes != head:
                flush()
            head, data = attributes, data + own
            if not joins:
                flush()
        flush()
        return "".join(out)

    def _leaves(self, parent: ElementTree.Element) -> list[ElementTree.Element]:
        """Elements inside, groups that only group opened."""
        found: list[ElementTree.Element] = []
        for child in parent:
            if _name(child) == "g" and not set(child.keys()) - {"id"}:
                found += self._leaves(child)
            elif _name(child) != "defs":
                found.append(child)
        return found

    def _line(self, element: ElementTree.Element) -> tuple[str, str, bool] | None:
        """Path data, other attributes, and whether it may be joined with its equals.

        A tick mark, a straight line that is used in many places, becomes a path of its own.
        """
        style = _declarations(element.get("style", ""))
        x = y = 0.0
        outline = element
        if _name(element) == "use":
            outline = self._referred(element)
            commands = set(re.findall("[A-Za-z]", outline.get("d", "C")))
            if element.get("x") is None or not commands <= {"M", "L"}:
                return None
            x, y = float(element.get("x", 0.0)), float(element.get("y", 0.0))
            style |= _declarations(outline.get("style", ""))
        if _name(outline) != "path" or outline.get("transform") is not None:
            return None
        attributes = self._clip(element) + self._shared.style(style)
        joins = not any(_TRANSLUCENT in name for name in style)
        return _path(outline.get("d", ""), x, y), attributes, joins

    def _element(self, element: ElementTree.Element) -> str:
        """Markup of anything but a line."""
        name = _name(element)
        style = self._shared.style(_declarations(element.get("style", "")))
        plain = {"id", "style", "clip-path", "d", _HREF}
        own = "".join(
            f' {k}="{escape(v if k == "transform" else _rounded(v))}"'
            for k, v in element.items()
            if k not in plain
        )
        if element.get("d") is not None:
            own = f' d="{_path(element.get("d", ""))}"{own}'
        own = self._clip(element) + own + style
        if name == "use":
            return f'<use href="#{self._defined_as(self._referred(element))}"{own}/>'
        inside = self.children(element)
        if name == "g" and inside.count("<") > 1 and set(re.findall(r"<(\w+)", inside)) == {"use"}:
            # a word: the same letters come in many figures
            return f'<use href="#{self._shared.symbol(f"<g>{inside}</g>")}"{own}/>'
        return f"<{name}{own}>{inside}</{name}>" if inside else f"<{name}{own}/>"

    def _referred(self, element: ElementTree.Element) -> ElementTree.Element:
        return self._defined[element.get(_HREF, "").removeprefix("#")]

    def _defined_as(self, element: ElementTree.Element) -> str:
        return self._shared.symbol(self._element(element))

    def _clip(self, element: ElementTree.Element) -> str:
        value = element.get("clip-path")
        if value is None:
            return ""
        return f' clip-path="url(#{self._defined_as(self._defined[value[5:-1]])})"'
