"""The plain text a translator works on: every cell by id, its English quoted, the translation below it.

    <!-- worksheet ja transform -->

    <!-- cell intro 3f2a19c07b21 stale -->
    > (transform)=
    > # What batch normalisation computes

    (transform)=
    # バッチ正規化は何を計算するか

The number says which English text is quoted, so a cell that changes in English between export and
import is stale again. The last word is current, stale or new. Code cells stand there to be read.
"""

from __future__ import annotations

import re

from book_cells import BookError, by_id, digest, is_copy, stamp, stamp_of
from nbformat import NotebookNode

__all__ = ["export_sheet", "import_sheet"]

HEAD = re.compile(r"<!-- worksheet (\S+) (\S+) -->")
CELL = re.compile(r"^<!-- (cell|code) (\S+) ([0-9a-f]{12}) (current|stale|new|read-only) -->$", re.MULTILINE)


def export_sheet(english: NotebookNode, translated: NotebookNode, lang: str, slug: str) -> str:
    """One worksheet; a cell nobody has translated has nothing below its English."""
    known = by_id(translated)
    parts = [f"<!-- worksheet {lang} {slug} -->\n"]
    for cell in english.cells:
        if cell.cell_type == "markdown":
            target = known[cell.id]
            state = _state(cell, target)
            head = f"<!-- cell {cell.id} {digest(cell.source)} {state} -->"
            parts.append(f"{head}\n{_quoted(cell.source)}\n\n{'' if state == 'new' else target.source}\n")
        else:
            parts.append(f"<!-- code {cell.id} {digest(cell.source)} read-only -->\n{_quoted(cell.source)}\n")
    return "\n".join(parts)


def _state(english: NotebookNode, translated: NotebookNode) -> str:
    if is_copy(translated, english.source):
        return "new"
    return "current" if stamp_of(translated) == digest(english.source) else "stale"


def _quoted(source: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in source.split("\n"))


def import_sheet(text: str, notebook: NotebookNode, lang: str, slug: str) -> list[str]:
    """Put the translations into the notebook's cells and stamp them; say which cells were left alone."""
    head = HEAD.match(text)
    if not head or head.groups() != (lang, slug):
        got = text.split("\n", 1)[0]
        hint = f"sync_langs.py export {lang} {slug}"
        raise BookError(f"the worksheet starts with <!-- worksheet {lang} {slug} -->", got=got, hint=hint)
    cells: dict[str, NotebookNode] = by_id(notebook)
    report = []
    for cell_id, fingerprint, state, translation in _entries(text):
        if cell_id not in cells or cells[cell_id].cell_type != "markdown":
            report.append(f"{slug}[{cell_id}] is not in English any more; not imported:\n{translation}\n")
        elif not translation:
            report.append(f"{slug}[{cell_id}] is not translated yet")
        elif state == "stale" and translation == cells[cell_id].source:
            hint = f"edit it, or run: sync_langs.py accept {lang} {slug} {cell_id}"
            report.append(f"{slug}[{cell_id}] is stale and unchanged; {hint}")
        else:
            cells[cell_id].source = translation
            stamp(cells[cell_id], fingerprint)
    return report


def _entries(text: str) -> list[tuple[str, str, str, str]]:
    """(id, fingerprint, state, translation) of every Markdown cell in a worksheet."""
    heads = list(CELL.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    found = []
    for head, end in zip(heads, ends, strict=True):
        if head[1] == "cell":
            found.append((head[2], head[3], head[4], _below_quote(text[head.end() : end])))
    ids = [entry[0] for entry in found]
    twice = sorted({cell_id for cell_id in ids if ids.count(cell_id) > 1})
    if twice:
        raise BookError("a cell stands once in a worksheet", got=f"{twice[0]} twice", hint="keep one")
    return found


def _below_quote(part: str) -> str:
    # The English quote ends at the first line without ">"; the translation may well hold quotes of its own.
    lines = part.removeprefix("\n").split("\n")
    start = next((i for i, line in enumerate(lines) if not line.startswith(">")), len(lines))
    return "\n".join(lines[start:]).strip("\n")
