"""`{term-table}`: book/i18n/terms.csv as a table, the page's own language first. Taught by: glossary."""

from __future__ import annotations

import csv
from html import escape
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from .words import UI

__all__ = ["setup"]


class TermTable(SphinxDirective):
    """Every row of terms.csv; the remarks in it are for translators and stay out."""

    has_content = False
    source: ClassVar[Path]
    ui: ClassVar[UI]

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(self.source))
        languages, own = self.ui.data["languages"], self.ui.lang
        order = [own, *(lang for lang in languages if lang != own)]
        tags = [languages[lang]["tag"] for lang in order]
        with self.source.open(encoding="utf-8", newline="") as file:
            # In the order of the English terms: CJK words have none without a dictionary.
            rows = list(csv.DictReader(file))
        group = nodes.tgroup("", *(nodes.colspec(colwidth=25) for _ in order), cols=len(order))
        group += nodes.thead("", line([languages[lang]["name"] for lang in order], tags))
        group += nodes.tbody("", *(line([row[lang] for lang in order], tags) for row in rows))
        return [nodes.table("", group, classes=["term-table"])]


def line(words: list[str], tags: list[str]) -> nodes.row:
    """One row; each word says its language, so that fonts and screen readers get it right."""
    spans = [f'<span lang="{tag}">{escape(word)}</span>' for word, tag in zip(words, tags, strict=True)]
    cells = [nodes.paragraph("", "", nodes.raw("", span, format="html")) for span in spans]
    return nodes.row("", *(nodes.entry("", cell) for cell in cells))


def setup(app: Sphinx, i18n: Path, ui: UI) -> None:
    """Register the directive for the terms in `i18n`."""
    table: Any = type("TermTable", (TermTable,), {"source": i18n / "terms.csv", "ui": ui})
    app.add_directive("term-table", table)
