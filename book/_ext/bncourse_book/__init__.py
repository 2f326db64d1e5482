"""The book's own Sphinx extension: what four languages need and the theme does not bring.

words: the theme's English words.  anchors: the same section ids in every language.  search: finds CJK words.
cjk: punctuation and brackets of Japanese and Chinese.
pages: language tags, switcher, download.  terms: the table of terms.  exercises: the table of exercises.
mathjax: formulas without another host.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from . import anchors, cjk, exercises, mathjax, pages, search, terms, words

__all__ = ["BOOK", "setup"]

BOOK = Path(__file__).resolve().parents[2]


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the parts; paths are taken from this file, so that every way to build finds them."""
    ui = words.setup(app, BOOK / "i18n")
    anchors.setup(app)
    cjk.setup(app, ui.lang)
    terms.setup(app, BOOK / "i18n", ui)
    exercises.setup(app, BOOK.parent / "bncourse" / "exercises" / "catalogue.toml", ui)
    search.setup(app, ui.sphinx)
    pages.setup(app, BOOK, ui)
    mathjax.setup(app)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
