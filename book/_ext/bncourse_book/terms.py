"""`{term-table}`: book/i18n/terms.csv as a table, the page's own language first."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

__all__ = ["setup"]

NAMES = {"en": "English", "ja": "日本語", "zh": "中文", "ko": "한국어"}


class TermTable(SphinxDirective):
    """Every row of terms.csv; the remarks in it are for translators and stay out."""

    has_content = False
    source: ClassVar[Path]

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(self.source))
        own = self.config.language.split("_")[0].split("-")[0]
        order = [own, *(lang for lang in NAMES if lang != own)]
        with self.source.open(encoding="utf-8", newline="") as file:
            rows = sorted(csv.DictReader(file), key=lambda row: row[own])
        group = nodes.tgroup("", *(nodes.colspec(colwidth=25) for _ in order), cols=len(order))
        group += nodes.thead("", _row([NAMES[lang] for lang in order], order))
        group += nodes.tbody("", *(_row([row[lang] for lang in order], order) for row in rows))
        return [nodes.table("", group, classes=["term-table"])]


def _row(words: list[str], langs: list[str]) -> nodes.row:
    """One line; each word says its language, so that fonts and screen readers get it right."""
    cells = []
    for word, lang in zip(words, langs, strict=True):
        span = nodes.inline(word, word, classes=[f"lang-{lang}"])
        cells.append(nodes.entry("", nodes.paragraph("", "", span)))
    return nodes.row("", *cells)


def setup(app: Sphinx, i18n: Path) -> None:
    """Register the directive for the terms in `i18n`."""
    table: Any = type("TermTable", (TermTable,), {"source": i18n / "terms.csv"})
    app.add_directive("term-table", table)
