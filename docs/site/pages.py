# SPDX-License-Identifier: GPL-3.0-or-later
"""Hooks of the site: pages made from the code, and formulae as MathML.

https://www.mkdocs.org/dev-guide/plugins/#events describes when each is called.
"""

import ast
import importlib.metadata
import re
from pathlib import Path

import latex2mathml.converter
import nbconvert
import typer.cli
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from typer.main import get_command

from mcsurrogate.cli import app

# Rooms whose names are promised, as tests/test_public_interface.py has them.
ROOMS = (
    "integration", "flows", "matrix_elements", "pdf", "phase_space", "emulation", "hadronization",
    "generators", "events", "validation", "errors",
)  # fmt: skip
ROOT = Path(__file__).parents[2]


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Say on every page which version it describes."""
    config.copyright = f"mcsurrogate {importlib.metadata.version('mcsurrogate')}, GPL-3.0-or-later"
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that the code itself writes: the command line and the API of every room."""
    made: dict[str, str | bytes] = {
        "command_line.md": command_line(),
        "api/mcsurrogate.md": "# mcsurrogate\n\n" + FRONT,
    }
    for room in ROOMS:
        made[f"api/{room}.md"] = f"# mcsurrogate.{room}\n\n::: mcsurrogate.{room}\n"
    made["changelog.md"] = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    for notebook in sorted(Path(config.docs_dir).glob("notebooks/*.ipynb")):
        made |= as_pages(notebook)
    for path, content in made.items():
        files.append(File.generated(config, path, content=content))
    return files


def as_pages(notebook: Path) -> dict[str, str | bytes]:
    """Return a notebook with its output as a page, and the figures of that page."""
    name = notebook.stem
    body, resources = nbconvert.MarkdownExporter().from_filename(
        str(notebook), resources={"output_files_dir": f"{name}_files", "unique_key": name}
    )
    figures = resources.get("outputs", {})
    head = f"[This page as a notebook]({notebook.name}){{ .md-button }}\n\n"
    return {f"notebooks/{name}.md": head + body} | {f"notebooks/{k}": v for k, v in figures.items()}


def command_line() -> str:
    """Return the help of every command as one Markdown page."""
    command = get_command(app)
    with typer.Context(command, info_name="mcsurrogate") as context:
        text = typer.cli.get_docs_for_click(obj=command, ctx=context, name="mcsurrogate")
    return text.replace("# `mcsurrogate`", "# Command line", 1)


def on_page_markdown(markdown: str, **_: object) -> str:
    """Put what every benchmark says of itself in its place."""
    return (
        markdown.replace("<!-- scripts -->", scripts())
        if "<!-- scripts -->" in markdown
        else markdown
    )


def scripts() -> str:
    """Return the names of the benchmarks with their docstrings."""
    parts = []
    for path in sorted((ROOT / "benchmarks").glob("*.py")):
        source = path.read_text(encoding="utf-8")
        if '__name__ == "__main__"' in source:
            said = ast.get_docstring(ast.parse(source)) or ""
            parts.append(f"## `{path.name}`\n\n```text\n{said}\n```\n")
    return "\n".join(parts)


def on_page_content(html: str, **_: object) -> str:
    """Return the page with its formulae as MathML, which browsers draw without a script."""
    return re.sub(
        r'<(span|div) class="arithmatex">(?:\\\(|\\\[)(.*?)(?:\\\)|\\\])</\1>',
        lambda found: latex2mathml.converter.convert(
            found[2].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"),
            display="block" if found[1] == "div" else "inline",
        ),
        html,
        flags=re.DOTALL,
    )


FRONT = """# mcsurrogate

What most people need, from one place:

::: mcsurrogate
"""
