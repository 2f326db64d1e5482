"""Carry code, outputs and cell order from the English notebooks to ja, zh and ko; translate Markdown as text.

    python tools/sync_langs.py                                 copy what English owns, name what is stale
    python tools/sync_langs.py export ja transform > work.md   a worksheet: English quoted, translation below
    python tools/sync_langs.py import ja transform work.md     write the translations, stamp their English
    python tools/sync_langs.py accept ja transform [cell ...]  a reviewed translation still fits: stamp it

How a translation is written, step by step: CONTRIBUTING.md.
"""

from __future__ import annotations

import argparse
import copy
import sys
from pathlib import Path

from book_cells import (
    BOOK,
    LANGS,
    LOCALISED,
    NOTEBOOK_METADATA,
    SETUP,
    SOURCE_LANG,
    BookError,
    by_id,
    digest,
    is_copy,
    localise_setup,
    mark_copy,
    path_of,
    read,
    slugs,
    stamp,
    stamp_of,
    tags,
    write,
)
from langlint.markup import has_words
from nbformat import NotebookNode
from worksheet import export_sheet, import_sheet

__all__ = ["accept", "export", "import_", "main", "merged", "sync"]


def merged(english: NotebookNode, translated: NotebookNode | None, lang: str) -> NotebookNode:
    """The notebook of a language: English cells in English order, with the text that was translated."""
    result = copy.deepcopy(english)
    result.metadata = copy.deepcopy(NOTEBOOK_METADATA)
    known = by_id(translated) if translated is not None else {}
    result.cells = [_carry(cell, known.get(cell.id), lang) for cell in result.cells]
    return result


def _carry(cell: NotebookNode, known: NotebookNode | None, lang: str) -> NotebookNode:
    same_kind = known is not None and known.cell_type == cell.cell_type
    if cell.cell_type == "markdown":
        cell.metadata.pop("i18n", None)
        if not has_words(cell.source):
            stamp(cell, digest(cell.source))  # such as a {solution-end}: English owns it
        elif known is None or not same_kind or is_copy(known, cell.source):
            mark_copy(cell)
        else:
            cell.source = known.source
            if stamp_of(known):
                stamp(cell, stamp_of(known))
    elif cell.id == SETUP:
        cell.source = localise_setup(cell.source, lang)
    elif known is not None and same_kind and LOCALISED in tags(cell) and known.source == cell.source:
        cell.outputs = known.outputs
    return cell


def sync(book: Path, langs: tuple[str, ...] = LANGS, only: list[str] | None = None) -> list[str]:
    """Bring the languages up to date and say, line by line, what changed and what is left to translate."""
    report = []
    for lang in langs:
        for slug in only or slugs(book):
            report += _sync_one(book, lang, slug)
        for slug in sorted(set(slugs(book, lang)) - set(slugs(book))):
            report.append(f"book/{lang}/{slug}.ipynb has no English notebook; rename it or delete it by hand")
    return report


def _sync_one(book: Path, lang: str, slug: str) -> list[str]:
    english, path = read(path_of(book, SOURCE_LANG, slug)), path_of(book, lang, slug)
    before = read(path) if path.exists() else None
    after = merged(english, before, lang)
    report = [] if before is None else _dropped(before, after, f"book/{lang}/{slug}.ipynb")
    if write(path, after):
        report.append(f"book/{lang}/{slug}.ipynb written")
    left = stale_cells(english, after)
    if left:
        report.append(f"book/{lang}/{slug}.ipynb is left to translate: {', '.join(left)}")
    return report


def _dropped(before: NotebookNode, after: NotebookNode, name: str) -> list[str]:
    # The text is printed whole, so that a renamed cell costs a paste and not a translation.
    kept = {cell.id: cell.cell_type for cell in after.cells}
    gone = [cell for cell in before.cells if kept.get(cell.id) != cell.cell_type]
    return [
        f"{name}[{cell.id}] is gone from English; dropped this {cell.cell_type} cell:\n{cell.source}\n"
        for cell in gone
    ]


def stale_cells(english: NotebookNode, translated: NotebookNode) -> list[str]:
    """Ids of the Markdown cells which were not written from the present English text."""
    known = by_id(translated)
    markdown = [cell for cell in english.cells if cell.cell_type == "markdown"]
    return [cell.id for cell in markdown if stamp_of(known[cell.id]) != digest(cell.source)]


def accept(book: Path, lang: str, slug: str, cells: list[str]) -> list[str]:
    """Stamp translated cells as fitting the present English text; without a list, every translated one."""
    english = by_id(read(path_of(book, SOURCE_LANG, slug)))
    path = path_of(book, lang, slug)
    translated = read(path)
    known = by_id(translated)
    for cell_id in cells:
        if cell_id not in known or known[cell_id].cell_type != "markdown" or cell_id not in english:
            have = ", ".join(cell.id for cell in translated.cells if cell.cell_type == "markdown")
            raise BookError(f"{slug} has a Markdown cell of that id", got=cell_id, hint=f"one of {have}")
    done = []
    for cell in translated.cells:
        if cell.cell_type != "markdown" or cell.id not in english or (cells and cell.id not in cells):
            continue
        fingerprint = digest(english[cell.id].source)
        # A copy of English is taken for untranslated unless it is named.
        reviewed = cell.id in cells or not is_copy(cell, english[cell.id].source)
        if reviewed and stamp_of(cell) != fingerprint:
            stamp(cell, fingerprint)
            done.append(cell.id)
    write(path, translated)
    return [f"book/{lang}/{slug}.ipynb accepted: {', '.join(done) or 'nothing was stale'}"]


def export(book: Path, lang: str, slug: str) -> str:
    """The worksheet of one chapter, after a sync in memory; no file is written."""
    english, path = read(path_of(book, SOURCE_LANG, slug)), path_of(book, lang, slug)
    return export_sheet(english, merged(english, read(path) if path.exists() else None, lang), lang, slug)


def import_(book: Path, lang: str, slug: str, text: str) -> list[str]:
    """Write the translations of a worksheet into the notebook, each stamped with the English it quotes."""
    english, path = read(path_of(book, SOURCE_LANG, slug)), path_of(book, lang, slug)
    before = read(path) if path.exists() else None
    notebook = merged(english, before, lang)
    report = import_sheet(text, notebook, lang, slug)
    if before is not None:
        report += _dropped(before, notebook, f"book/{lang}/{slug}.ipynb")
    write(path, notebook)
    left = stale_cells(english, notebook)
    return [*report, f"book/{lang}/{slug}.ipynb is left to translate: {', '.join(left) or 'nothing'}"]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--book", type=Path, default=BOOK, help="folder of the languages (default: book)")
    commands = parser.add_subparsers(dest="command")
    for name in ("export", "import", "accept"):
        command = commands.add_parser(name)
        command.add_argument("lang", choices=LANGS)
        command.add_argument("slug")
        if name == "import":
            command.add_argument("file", type=Path, help="the worksheet")
        if name == "accept":
            command.add_argument("cells", nargs="*", help="cell ids (default: every translated cell)")
    return parser


def main(argv: list[str] | None = None) -> int:
    args = _parser().parse_args(argv)
    try:
        if args.command == "export":
            sys.stdout.write(export(args.book, args.lang, args.slug))
            return 0
        if args.command == "import":
            report = import_(args.book, args.lang, args.slug, args.file.read_text(encoding="utf-8"))
        elif args.command == "accept":
            report = accept(args.book, args.lang, args.slug, args.cells)
        else:
            report = sync(args.book)
    except BookError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.writelines(f"{line}\n" for line in report)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
