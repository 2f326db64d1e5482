"""`{exercise-table}`: catalogue.toml of the package, a table a chapter. Taught by: exercise-index."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from .words import UI

__all__ = ["setup"]

# What is typed in a notebook, by kind; only a whole function can be judged from a shell.
CALL = {
    "write": "check.{check}(my_function)",
    "steps": "check.{check}.staged(…)",
    "test": 'check.my_tests("{check}", my_test)',
    "name": 'check.mystery("{check}", …)',
}
SHELL = "python -m bncourse exercises check FILE.py:{check}"
WIDTHS = (45, 55)


class ExerciseTable(SphinxDirective):
    """Every exercise of the book: a link, what is asked, how it is checked."""

    has_content = False
    source: ClassVar[Path]
    ui: ClassVar[UI]

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(self.source))
        chapters = tomllib.loads(self.source.read_text(encoding="utf-8"))
        return [node for slug, rows in chapters.items() for node in self.chapter(slug, rows)]

    def chapter(self, slug: str, rows: dict[str, dict[str, str]]) -> list[nodes.Node]:
        """A link to the chapter, and its table. Two columns, so that it can be read on a telephone."""
        group = nodes.tgroup("", *(nodes.colspec(colwidth=width) for width in WIDTHS), cols=len(WIDTHS))
        names = ("exercise_heading", "check_heading")
        group += nodes.thead("", line(*([nodes.paragraph("", self.ui[name])] for name in names)))
        group += nodes.tbody("", *(self.exercise(label, row) for label, row in rows.items()))
        heading = nodes.rubric("", "", self.link("doc", slug))
        return [heading, nodes.table("", group, classes=["exercise-table"])]

    def exercise(self, label: str, row: dict[str, str]) -> nodes.row:
        typed = [template.format(**row) for template in self.typed(row["kind"])]
        return line(
            [
                nodes.paragraph("", "", self.link("ref", label, row[self.ui.lang])),
                nodes.paragraph("", self.ui[f"asked_{row['kind']}"]),
            ],
            [nodes.paragraph("", "", nodes.literal("", text)) for text in typed],
        )

    @staticmethod
    def typed(kind: str) -> list[str]:
        if kind not in CALL:
            return []
        return [CALL[kind], SHELL] if kind == "write" else [CALL[kind]]

    def link(self, kind: str, target: str, text: str = "") -> addnodes.pending_xref:
        """A {doc} or {ref} as a page would write it; without a text it is the title of what it leads to."""
        return addnodes.pending_xref(
            "",
            nodes.inline("", text or target, classes=["xref", "std", f"std-{kind}"]),
            refdoc=self.env.docname,
            refdomain="std",
            reftype=kind,
            reftarget=target,
            refexplicit=bool(text),
            refwarn=True,
        )


def line(*cells: list[nodes.paragraph]) -> nodes.row:
    return nodes.row("", *(nodes.entry("", *cell) for cell in cells))


def setup(app: Sphinx, source: Path, ui: UI) -> None:
    """Register the directive for the exercises in `source`."""
    table: Any = type("ExerciseTable", (ExerciseTable,), {"source": source, "ui": ui})
    app.add_directive("exercise-table", table)
