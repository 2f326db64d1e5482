"""Check that four languages are one book: python tools/check_langs.py [slug ...] [--langs ja zh]

Prints `book/ja/transform.ipynb[cell]: lint: must hold / got / try` for every broken rule; exits 1 if any is.
The rules stand in langlint/: parity with English, prose within a language, terms.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from book_cells import (
    BOOK,
    LANGS,
    SETUP,
    SOURCE_LANG,
    BookError,
    by_id,
    is_copy,
    localise_setup,
    path_of,
    read,
    slugs,
    tags,
)
from langlint import parity, prose
from langlint.markup import parse
from langlint.terms import Terms, load_terms
from langlint.violation import Violation
from nbformat import NotebookNode

__all__ = ["check_book", "check_english", "check_notebook", "main"]


def check_book(book: Path, only: list[str] | None = None, langs: tuple[str, ...] = LANGS) -> list[Violation]:
    """Every violation in English and the given languages."""
    found: list[Violation] = []
    for lang in langs:
        found += _files(book, lang)
    for slug in only or slugs(book):
        found += check_english(book, slug)
        for lang in langs:
            if path_of(book, lang, slug).exists():
                found += check_notebook(book, lang, slug)
    return found


def _files(book: Path, lang: str) -> Iterator[Violation]:
    english, other = set(slugs(book)), set(slugs(book, lang))
    if english != other:
        got = f"missing {sorted(english - other)}, extra {sorted(other - english)}"
        hint = "python tools/sync_langs.py"
        yield Violation("files", "the notebooks of English", got, hint, where=f"book/{lang}")


def check_english(book: Path, slug: str) -> list[Violation]:
    """The rules English keeps by itself: setup cell, labels, alt texts, emphasis."""
    notebook = read(path_of(book, SOURCE_LANG, slug))
    name = f"book/{SOURCE_LANG}/{slug}.ipynb"
    found = list(_at(name, SETUP, _setup(notebook)))
    titles = [markup.first_label for markup in map(parse, _markdown(notebook)) if 1 in markup.headings]
    if titles and titles[0] not in ("", slug):  # a title without any label is named by its cell
        hint = f"({slug})= above the title"
        found.append(Violation("heading-label", "the label of the page is its slug", titles[0], hint, name))
    for cell in notebook.cells:
        found += _at(name, cell.id, _alone(cell))
    return found


def _markdown(notebook: NotebookNode) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]


def _setup(notebook: NotebookNode) -> Iterator[Violation]:
    first = notebook.cells[0] if notebook.cells else None
    good = first is not None and first.id == SETUP and "remove-cell" in tags(first)
    if first is None or not good or localise_setup(first.source, "ja") == first.source:
        must = (
            f'the first cell has id {SETUP}, tag remove-cell and says bncourse.use_language("{SOURCE_LANG}")'
        )
        yield Violation("setup", must, "another first cell", "copy the one of another chapter")


def _alone(cell: NotebookNode) -> Iterator[Violation]:
    yield from (
        prose.every_language(cell.source) if cell.cell_type == "markdown" else prose.outputs_have_alt(cell)
    )


def check_notebook(book: Path, lang: str, slug: str) -> list[Violation]:
    """One translated notebook against English, its own language and the terms."""
    english, other = read(path_of(book, SOURCE_LANG, slug)), read(path_of(book, lang, slug))
    name, known, terms = f"book/{lang}/{slug}.ipynb", by_id(other), load_terms(book / "i18n")
    ids = ([cell.id for cell in english.cells], [cell.id for cell in other.cells])
    found = [dataclasses.replace(one, where=name) for one in parity.cell_list(*ids)]
    for cell in english.cells:
        if cell.id in known:
            found += _at(name, cell.id, _cell(cell, known[cell.id], terms, lang, slug))
    return found


def _cell(
    english: NotebookNode, cell: NotebookNode, terms: Terms, lang: str, slug: str
) -> Iterator[Violation]:
    if "markdown" not in (english.cell_type, cell.cell_type) or english.cell_type != cell.cell_type:
        yield from parity.code_cell(english, cell, lang)
        yield from prose.outputs_have_alt(cell)
        return
    yield from parity.markdown_cell(english, cell, lang, slug)
    if is_copy(cell, english.source):
        return  # nobody has begun; "stale" has said so
    yield from prose.every_language(cell.source)
    yield from prose.translated_prose(cell.source, lang)
    if cell.source != english.source:
        yield from prose.numbers(english.source, cell.source)
        yield from terms.check(english.source, cell.source, lang)


def _at(name: str, cell_id: str, found: Iterator[Violation]) -> Iterator[Violation]:
    return (dataclasses.replace(one, where=f"{name}[{cell_id}]") for one in found)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("slugs", nargs="*", help="chapters (default: all)")
    parser.add_argument(
        "--langs", nargs="*", choices=LANGS, default=LANGS, help="translations (default: all)"
    )
    parser.add_argument("--book", type=Path, default=BOOK, help="folder of the languages (default: book)")
    args = parser.parse_args(argv)
    try:
        found = check_book(args.book, args.slugs, tuple(args.langs))
    except (BookError, json.JSONDecodeError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.writelines(f"{violation}\n" for violation in found)
    sys.stdout.write(f"{len(found)} violations\n" if found else "the languages agree\n")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
