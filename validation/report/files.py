"""Section of the report: files beside the page."""

from html import escape

from mcsurrogate.validation.supplement import Supplement

__all__ = ["files_section"]


def files_section(supplement: Supplement) -> str:
    """HTML that names the files for other tools; empty where there are none."""
    items = [f"<li><code>{escape(name)}</code></li>" for name in supplement.files]
    rivet = supplement.rivet
    if rivet is not None:
        names = escape(", ".join(rivet.analyses))
        where = rivet.page if rivet.page is not None else rivet.candidate
        items.append(
            f"<li>{escape(rivet.version)}, {names}: <code>{escape(str(where))}</code></li>"
        )
    if not items:
        return ""
    return f"<h2 id='files'>Further files</h2><ul class='small'>{''.join(items)}</ul>"
