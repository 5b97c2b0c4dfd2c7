# SPDX-License-Identifier: GPL-3.0-or-later
"""The rooms of docs/architecture.md: no arrow runs up, none in a circle, none past a front door."""

import ast
import re
from collections import defaultdict
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "mcsurrogate"
# Names that stay where the documentation of 0.1 had them, found in the room above when asked for.
KEPT_NAMES = {("mcsurrogate.generators.hadronization", "mcsurrogate.hadronization")}
FRONT_DOOR = "mcsurrogate"


@dataclass(frozen=True)
class Arrow:
    """One module imports from another."""

    source: str
    target: str
    line: int

    def __str__(self):
        return f"{self.source}:{self.line} imports {self.target}"


def documented_order():
    """Rooms from the top to the bottom, as the page prints them."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    block = text.split("```")[1]
    return re.findall(r"^(\w+)(?:/|\.py) ", block, re.MULTILINE)


def room_of(module):
    return module.split(".")[1] if "." in module else FRONT_DOOR


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def source_files():
    """Python files below the package, the linked folders included."""
    folders = [PACKAGE]
    while folders:
        for path in sorted(folders.pop().iterdir()):
            if path.is_dir():
                folders.append(path)
            elif path.suffix == ".py":
                yield path


def is_module(name):
    path = ROOT.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def arrows_of(module, text):
    """Imports of our own modules: at the top, in functions, and by `import_module`."""
    for node in ast.walk(ast.parse(text)):
        targets = []
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            # What another room offers under the name of a module comes through its front door.
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            inside = room_of(node.module) == room_of(module)
            targets = [name if inside and is_module(name) else node.module for name in names]
        elif isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "import_module":
            targets = [a.value for a in node.args[:1] if isinstance(a, ast.Constant)]
        for target in targets:
            if target.split(".")[0] == "mcsurrogate" and is_module(target):
                yield Arrow(module, target, node.lineno)


def arrows():
    found = []
    for path in source_files():
        module = module_name(path)
        found += arrows_of(module, path.read_text(encoding="utf-8"))
    return [arrow for arrow in found if (arrow.source, arrow.target) not in KEPT_NAMES]


def running_up(found, order):
    """Arrows to a room that does not lie below."""
    place = {room: number for number, room in enumerate(order)}
    return [
        arrow
        for arrow in found
        if FRONT_DOOR not in (room_of(arrow.source), room_of(arrow.target))
        and room_of(arrow.source) != room_of(arrow.target)
        and place[room_of(arrow.source)] >= place[room_of(arrow.target)]
    ]


def past_the_door(found):
    """Arrows to a module inside another room."""
    return [
        arrow
        for arrow in found
        if room_of(arrow.source) != room_of(arrow.target) and arrow.target.count(".") > 1
    ]


def circle(found, depth):
    """A circle among packages cut at so many names, or None."""
    graph = defaultdict(set)
    for arrow in found:
        source, target = (".".join(m.split(".")[:depth]) for m in (arrow.source, arrow.target))
        if source != target:
            graph[source].add(target)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return " -> ".join(reversed(error.args[1]))
    return None


def modules_only(found):
    """Arrows between modules, packages' front doors left out: these only collect."""
    fronts = {module_name(path) for path in source_files() if path.name == "__init__.py"}
    return [a for a in found if a.source not in fronts and a.target not in fronts]


def sub_rooms(found):
    """Arrows between the folders of one room."""
    folders = {module_name(path) for path in source_files() if path.name == "__init__.py"}

    def folder(module):
        return module if module in folders else module.rpartition(".")[0]

    inside = [
        Arrow(folder(a.source), folder(a.target), a.line)
        for a in found
        if room_of(a.source) == room_of(a.target)
    ]
    # What lies in the room itself, beside its folders, may use them and be used by them.
    return [a for a in inside if a.source.count(".") == a.target.count(".") == 2]


def test_the_page_prints_every_room():
    order = documented_order()
    rooms = {
        path.stem
        for path in PACKAGE.iterdir()
        if (path.is_dir() and (path / "__init__.py").is_file()) or path.suffix == ".py"
    }
    assert sorted(order) == sorted(rooms - {"__init__"})


def test_arrows_run_down_and_through_the_front_door():
    found = arrows()
    assert len(found) > 1000
    assert not [str(arrow) for arrow in running_up(found, documented_order())]
    assert not [str(arrow) for arrow in past_the_door(found)]


def test_no_circle():
    found = arrows()
    assert circle(modules_only(found), depth=9) is None
    assert len(sub_rooms(found)) > 10
    assert circle(sub_rooms(found), depth=3) is None


@pytest.mark.parametrize(
    ("text", "test"),
    [
        ("from mcsurrogate.stages import run_shower", "up"),
        ("def f():\n    import mcsurrogate.validation", "up"),
        ("import importlib\nimportlib.import_module('mcsurrogate.cli')", "up"),
        ("from mcsurrogate.errors import PdfError", ""),
        ("from mcsurrogate.events.chunk import Particles", "door"),
    ],
)
def test_a_planted_import_is_found(text, test):
    planted = list(arrows_of("mcsurrogate.pdf.load", text))
    assert len(planted) == 1
    assert bool(running_up(planted, documented_order())) is (test == "up")
    assert bool(past_the_door(planted)) is (test == "door")


def test_a_planted_circle_is_found():
    planted = Arrow("mcsurrogate.errors", "mcsurrogate.pdf.load", 1)
    assert "mcsurrogate.errors" in circle([*modules_only(arrows()), planted], depth=9)


def test_matrix_elements_run_without_files_of_events():
    """h5py, the tables of particles and the web's protocols: 16 MB and half a second."""
    files = sorted((PACKAGE / "matrix_elements").rglob("*.py"))
    assert len(files) > 50
    for path in files:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        imported = [node.module for node in tree.body if isinstance(node, ast.ImportFrom)]
        assert not any(str(name).startswith("mcsurrogate.events") for name in imported), path
