# SPDX-License-Identifier: GPL-3.0-or-later
"""The public interface is the one that its page prints, and tools find what people find.

A name or a signature that changed on purpose: say so in CHANGELOG.md, and make the page anew,
``python tests/test_public_interface.py > docs/public_interface.md``
"""

import ast
import importlib
import inspect
import pkgutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

# What the names of these rooms mean and take is promised; the other rooms are ours alone.
ROOMS = (
    "integration", "flows", "matrix_elements", "pdf", "phase_space", "emulation", "hadronization",
    "generators", "events", "validation", "errors",
)  # fmt: skip
PAGE = Path(__file__).parents[1] / "docs" / "public_interface.md"
LAZY = ("mcsurrogate", "mcsurrogate.generators")
FRONT_DOOR = {
    "Emulator", "PythiaChain", "__version__", "attach_hadronization", "attach_matrix_element",
    "decay_clusters", "integrate", "load_pdf", "matrix_element", "read_les_houches", "validate",
}  # fmt: skip

HEAD = """# Public interface

What follows is promised: within a major version names and calls stay, and a change is in
CHANGELOG.md. `mcsurrogate` itself offers what most people need; everything else comes from its
room. What is not listed here may change any day. This page is made from the code by
`python tests/test_public_interface.py > docs/public_interface.md`.
"""


def page() -> str:
    """Return the Markdown page: names, signatures and meanings, room by room."""
    front = importlib.import_module("mcsurrogate")
    names = [name for name in front.__all__ if name != "__version__"]
    parts = [HEAD, "## `mcsurrogate`\n", "| name | from |\n|---|---|"]
    for name in sorted(names):
        home = getattr(front, name).__module__.split(".")[1]
        parts.append(f"| `{name}` | `mcsurrogate.{home}` |")
    for room in ROOMS:
        parts.append(section(importlib.import_module(f"mcsurrogate.{room}")))
    return "\n".join(parts)


def section(room: ModuleType) -> str:
    """Return what a room offers, as a block of Python."""
    lines = [
        line
        for name in sorted(room.__all__)
        for line in describe(name, getattr(room, name), room.__name__)
    ]
    code = "\n".join(lines)
    return f"\n## `{room.__name__}`\n\n{first_line(room.__doc__)}\n\n```text\n{code}\n```"


def describe(name: str, found: object, room: str) -> Iterator[str]:
    """Yield the lines that tell what a name is and how it is called."""
    if isinstance(found, ModuleType):
        yield f"{name}: module  # {first_line(found.__doc__)}"
        return
    if not (inspect.isclass(found) or inspect.isfunction(found)):
        yield f"{name}: {type(found).__name__}"
        return
    home = found.__module__
    if home.split(".")[:2] != room.split(".")[:2]:
        yield f"{name}  # that of {'.'.join(home.split('.')[:2])}"
        return
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(found))).body
    yield f"# {first_line(found.__doc__)}"
    if isinstance(definition, ast.ClassDef):
        yield from class_lines(definition)
    elif isinstance(definition, ast.FunctionDef):
        yield signature(definition)


def class_lines(definition: ast.ClassDef) -> Iterator[str]:
    """Yield a class: its bases, its fields, and its public methods."""
    bases = ", ".join(ast.unparse(base) for base in definition.bases)
    yield f"class {definition.name}({bases}):" if bases else f"class {definition.name}:"
    members = [line for node in definition.body for line in member(node)]
    yield from (f"    {line}" for line in members or ["..."])


def member(node: ast.stmt) -> Iterator[str]:
    """Yield a field or a public method."""
    if isinstance(node, ast.AnnAssign) and not ast.unparse(node.target).startswith("_"):
        yield f"{ast.unparse(node.target)}: {ast.unparse(node.annotation)}"
    elif isinstance(node, ast.FunctionDef) and (
        node.name in ("__init__", "__call__") or not node.name.startswith("_")
    ):
        kinds = {ast.unparse(decorator) for decorator in node.decorator_list}
        if kinds & {"property", "cached_property"}:
            returns = ast.unparse(node.returns) if node.returns else "object"
            yield f"{node.name}: {returns}  # property"
        else:
            yield signature(node)


def signature(node: ast.FunctionDef) -> str:
    """Return the first line of a function."""
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"def {node.name}({ast.unparse(node.args)}){returns}"


def first_line(text: str | None) -> str:
    """Return the first line of a docstring."""
    return (text or "").strip().split("\n")[0]


def test_the_page_is_that_of_the_code() -> None:
    remedy = (
        "the public interface has changed: if that is meant, tell it in CHANGELOG.md and run "
        "`python tests/test_public_interface.py > docs/public_interface.md`"
    )
    assert PAGE.read_text(encoding="utf-8") == page() + "\n", remedy


def test_a_changed_signature_changes_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    pdf = importlib.import_module("mcsurrogate.pdf")

    def load_pdf(name: str, planted: int) -> None:
        """Load a PDF set."""

    load_pdf.__module__ = "mcsurrogate.pdf.load"
    before = section(pdf)
    monkeypatch.setattr(pdf, "load_pdf", load_pdf)
    assert "planted: int" in section(pdf)
    assert "planted: int" not in before


def test_the_front_door_offers_what_it_promises() -> None:
    front = importlib.import_module("mcsurrogate")
    assert set(front.__all__) == FRONT_DOOR
    assert set(dir(front)) >= FRONT_DOOR - {"__version__"}
    with pytest.raises(AttributeError, match="no_such_name"):
        front.no_such_name  # noqa: B018


@pytest.mark.parametrize("name", LAZY)
def test_what_is_lazy_gives_things_and_not_modules_of_the_same_name(name: str) -> None:
    package = importlib.import_module(name)
    modules = {module.name for module in pkgutil.iter_modules(package.__path__)}
    assert not modules & set(package.__all__)
    for offered in package.__all__:
        assert not isinstance(getattr(package, offered), ModuleType)


def test_static_tools_see_the_front_door(tmp_path: Path) -> None:
    user = tmp_path / "user.py"
    user.write_text(
        "from mcsurrogate import __version__, integrate, load_pdf\n"
        "reveal_type(load_pdf('NNPDF31'))\n"
        "reveal_type(__version__)\n"
        "integrate(42)\n",
        encoding="utf-8",
    )
    # The whole of torch need not be checked for that.
    options = ["--follow-imports=silent", "--no-site-packages", "--ignore-missing-imports"]
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", *options, str(user)],
        capture_output=True,
        text=True,
        cwd=PAGE.parents[1],
    )
    assert 'Revealed type is "mcsurrogate.pdf.grid_density.GridDensity' in checked.stdout
    assert 'Revealed type is "str"' in checked.stdout
    assert "user.py:4: error" in checked.stdout


if __name__ == "__main__":
    print(page())
