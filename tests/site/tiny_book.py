"""A book of two pages in a temporary folder, with the real configuration, extension and words."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import yaml
from nbformat.v4 import new_markdown_cell, new_notebook

__all__ = ["make_book", "write_page"]

ROOT = Path(__file__).resolve().parents[2]
LANGS = ["en", "ja", "zh", "ko"]
TOC = {
    "format": "jb-book",
    "root": "book/en/first",
    "parts": [{"caption": "Foundations", "chapters": [{"file": "book/en/second"}]}],
}


def write_page(root: Path, lang: str, slug: str, text: str) -> None:
    cell = new_markdown_cell(f"({slug})=\n# BN {slug}\n\n{text}", id="text")
    notebook = new_notebook(
        cells=[cell], metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    )
    folder = root / "book" / lang
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, folder / f"{slug}.ipynb")


def make_book(root: Path, texts: dict[str, str]) -> None:
    """Lay out a book whose page `first` holds a language's text; `second` holds almost nothing."""
    (root / "book").mkdir(parents=True)
    shutil.copy(ROOT / "_config.yml", root)
    (root / "_toc.yml").write_text(yaml.safe_dump(TOC), encoding="utf-8")
    (root / "book" / "references.bib").write_text("", encoding="utf-8")
    for name in ("_ext", "_static", "_templates", "i18n"):
        shutil.copytree(
            ROOT / "book" / name, root / "book" / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    for lang in LANGS:
        write_page(root, lang, "first", texts.get(lang, "BN"))
        write_page(root, lang, "second", "BN")
