"""A translation against English: the same code, outputs and tags, the same anchors, equations and references.

Order inside a sentence is free, so citations, cross-references and links are compared as sets with counts.
"""

from __future__ import annotations

from collections.abc import Iterator

from book_cells import LOCALISED, SETUP, digest, is_copy, localise_setup, stamp_of, tags
from nbformat import NotebookNode

from langlint.markup import Markup, parse
from langlint.violation import Violation

__all__ = ["cell_list", "code_cell", "markdown_cell"]

RUN_SYNC = "python tools/sync_langs.py"


def cell_list(english: list[str], other: list[str]) -> Iterator[Violation]:
    """The same cell ids in the same order."""
    missing = [cell for cell in english if cell not in other]
    extra = [cell for cell in other if cell not in english]
    if missing or extra or english != other:
        got = f"missing {missing}, extra {extra}" if missing or extra else f"another order: {other}"
        yield Violation("cells", "the cell ids of English in their order", got, RUN_SYNC)


def code_cell(english: NotebookNode, cell: NotebookNode, lang: str) -> Iterator[Violation]:
    """Kind, source, tags and outputs are English, but for the setup cell and `localised` outputs."""
    expected = localise_setup(english.source, lang) if english.id == SETUP else english.source
    if cell.cell_type != english.cell_type:
        yield Violation(
            "code", f"a {english.cell_type} cell as in English", f"a {cell.cell_type} cell", RUN_SYNC
        )
        return
    if cell.source != expected:
        yield Violation(
            "code", "the code is that of English", _first_difference(expected, cell.source), RUN_SYNC
        )
    yield from same_tags(english, cell)
    if english.cell_type != "code":
        return
    run_again = "python tools/execute_notebooks.py"
    if LOCALISED not in tags(english) and english.outputs != cell.outputs:
        yield Violation(
            "outputs",
            f"outputs of a cell not tagged {LOCALISED} are those of English",
            "other outputs",
            run_again,
        )
    elif english.execution_count != cell.execution_count:
        yield Violation(
            "outputs",
            f"execution count {english.execution_count} as in English",
            str(cell.execution_count),
            run_again,
        )


def same_tags(english: NotebookNode, cell: NotebookNode) -> Iterator[Violation]:
    """All metadata but the translation's own stamp is that of English."""
    ours = {key: value for key, value in cell.metadata.items() if key != "i18n"}
    theirs = {key: value for key, value in english.metadata.items() if key != "i18n"}
    if ours != theirs:
        yield Violation("tags", f"the metadata of English: {theirs}", str(ours), RUN_SYNC)


def _first_difference(expected: str, got: str) -> str:
    pairs = zip([*expected.split("\n"), ""], [*got.split("\n"), ""], strict=False)
    return next((f"{two!r} where English has {one!r}" for one, two in pairs if one != two), "other line ends")


def markdown_cell(english: NotebookNode, cell: NotebookNode, lang: str, slug: str) -> Iterator[Violation]:
    """Fresh stamp, and every part that is not prose as in English."""
    yield from same_tags(english, cell)
    if stamp_of(cell) != digest(english.source):
        hint = f"translate it again, or if it still fits: {RUN_SYNC} accept {lang} {slug} {cell.id}"
        got = f"src {stamp_of(cell) or 'none'}, English is {digest(english.source)}"
        yield Violation("stale", "the translation is of the present English cell", got, hint)
    if not is_copy(cell, english.source):
        yield from _parts(parse(english.source), parse(cell.source))


def _parts(english: Markup, other: Markup) -> Iterator[Violation]:
    in_order = {
        "directives": (english.directives, other.directives),
        "labels": (english.labels, other.labels),
        "headings": (english.headings, other.headings),
        "equations": (english.equations, other.equations),
        "images": ([image.src for image in english.images], [image.src for image in other.images]),
    }
    in_any_order = {
        "citations": (english.citations, other.citations),
        "references": (english.references, other.references),
        "links": (english.links, other.links),
    }
    pairs = in_order | {name: (sorted(one), sorted(two)) for name, (one, two) in in_any_order.items()}
    for lint, (expected, got) in pairs.items():
        if expected != got:
            hint = "keep it as English has it; only prose is translated"
            yield Violation(lint, f"the {lint} of English: {expected}", str(got), hint)
