"""The notebooks of the book as data: where they lie, how they are read, written and hashed.

Every language tool starts here. English owns the cells; a translation owns the text of its Markdown cells.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import nbformat
from nbformat import NotebookNode

__all__ = [
    "BOOK",
    "LANGS",
    "LOCALISED",
    "NOTEBOOK_METADATA",
    "SETUP",
    "SOURCE_LANG",
    "BookError",
    "by_id",
    "digest",
    "is_copy",
    "localise_setup",
    "mark_copy",
    "path_of",
    "read",
    "slugs",
    "stamp",
    "stamp_of",
    "tags",
    "write",
]

BOOK = Path(__file__).resolve().parent.parent / "book"
SOURCE_LANG = "en"
LANGS = ("ja", "zh", "ko")  # the translations, in the order of the language switcher
SETUP = "setup"  # id of the first cell of every notebook
LOCALISED = "localised"  # tag of a code cell whose outputs speak the reader's language

# Fixed, because a kernel writes its exact Python version here and the files must not depend on it.
NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "name": "python", "pygments_lexer": "ipython3"},
}

USE_LANGUAGE = re.compile(r"""(\buse_language\(\s*)(["'])en\2""")


class BookError(ValueError):
    """A language tool was asked for something the book does not hold."""

    def __init__(self, must_hold: str, *, got: str, hint: str) -> None:
        super().__init__(f"must hold: {must_hold}; got: {got}; try: {hint}")


def path_of(book: Path, lang: str, slug: str) -> Path:
    """Where the notebook of one chapter in one language lies."""
    return book / lang / f"{slug}.ipynb"


def slugs(book: Path, lang: str = SOURCE_LANG) -> list[str]:
    """The chapters a language has, sorted by name."""
    return sorted(path.stem for path in (book / lang).glob("*.ipynb"))


def read(path: Path) -> NotebookNode:
    """Read and validate a notebook; it must be nbformat 4.5, because cells are told apart by their ids."""
    where = f"{path.parent.name}/{path.name}"
    if not path.exists():
        raise BookError("the notebook exists", got=f"no file {where}", hint="one of those in book/en")
    text = path.read_text(encoding="utf-8")
    raw = json.loads(text)
    # Looked at before nbformat reads it, which would invent missing ids and change doubled ones.
    version, ids = (raw["nbformat"], raw["nbformat_minor"]), [cell.get("id") for cell in raw["cells"]]
    if version != (4, 5) or None in ids or len(set(ids)) < len(ids):
        got = f"version {version}, ids {ids} in {where}"
        raise BookError(
            "nbformat 4.5, every cell with an id of its own", got=got, hint="give each cell an id"
        )
    notebook: NotebookNode = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]
    nbformat.validate(notebook)
    return notebook


def write(path: Path, notebook: NotebookNode) -> bool:
    """Write a notebook if its text changed; say whether it did. The same cells give the same bytes."""
    nbformat.validate(notebook)
    text: str = nbformat.writes(notebook)  # type: ignore[no-untyped-call]
    text = text.rstrip("\n") + "\n"
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
    return True


def by_id(notebook: NotebookNode) -> dict[str, NotebookNode]:
    """The cells by id, in their order."""
    return {cell.id: cell for cell in notebook.cells}


def tags(cell: NotebookNode) -> list[str]:
    return list(cell.metadata.get("tags", []))


def digest(source: str) -> str:
    """The fingerprint of an English cell which its translations carry."""
    return hashlib.sha256(source.encode("utf-8")).hexdigest()[:12]


def stamp(cell: NotebookNode, fingerprint: str) -> None:
    """Record which English text this translated cell was written from."""
    cell.metadata["i18n"] = {"src": fingerprint}


def stamp_of(cell: NotebookNode) -> str:
    """The recorded fingerprint, or the empty string for a cell nobody has translated yet."""
    return str(cell.metadata.get("i18n", {}).get("src", ""))


def mark_copy(cell: NotebookNode) -> None:
    """Record that this cell of a translation is still a copy of English, so that it may follow English."""
    cell.metadata["i18n"] = {"copy": digest(cell.source)}


def is_copy(cell: NotebookNode, english: str) -> bool:
    """Whether the cell is present or earlier English; a text someone wrote by hand is never taken for it."""
    if stamp_of(cell):
        return False
    return cell.source == english or bool(cell.metadata.get("i18n", {}).get("copy") == digest(cell.source))


def localise_setup(source: str, lang: str) -> str:
    """The setup cell of a language: the English one with another language code."""
    return USE_LANGUAGE.sub(rf"\g<1>\g<2>{lang}\g<2>", source)
