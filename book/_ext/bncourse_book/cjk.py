"""Typesetting of Japanese, Chinese and Korean that the theme and the extensions do not know.

A browser may break a line on either side of a typeset formula, even before a full stop or between it and
its Korean particle. A word joiner (U+2060) does not stop Chromium; a span with `white-space: nowrap` does.
And titles of exercises get full-width brackets, as the text has.
"""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

__all__ = ["join_formulas", "setup", "widen_brackets"]

CLOSING = "、。，．：；？！）」』】》”’"
OPENING = "（「『【《“‘"
TITLE = re.compile(r'<p class="admonition-title">.*?</p>', re.DOTALL)


def join_formulas(document: nodes.document, *, particles: bool = False) -> None:
    """Put a formula and what must stay with it into one span that does not break.

    That is the punctuation that touches it; with `particles`, as in Korean, all that follows up to a space.
    """
    for math in list(document.findall(nodes.math)):
        row, place = math.parent, math.parent.index(math)
        before, after = _text(row, place - 1), _text(row, place + 1)
        opened = before[-1:] if before[-1:] in set(OPENING) else ""
        kept = re.match(r"[^\s]*" if particles else f"[{CLOSING}]?", after)
        closed = kept[0] if kept else ""
        if not (opened or closed):
            continue
        solid = nodes.inline("", "", classes=["bn-solid"])
        row[place] = solid
        solid += [nodes.Text(opened)] if opened else []
        solid += math
        solid += [nodes.Text(closed)] if closed else []
        if closed:
            row[place + 1] = nodes.Text(after[len(closed) :])
        if opened:
            row[place - 1] = nodes.Text(before[:-1])


def _join_punctuation(_app: Sphinx, document: nodes.document) -> None:
    join_formulas(document)


def _join_particles(_app: Sphinx, document: nodes.document) -> None:
    join_formulas(document, particles=True)


def _text(row: nodes.Element, place: int) -> str:
    """The text at that place among the siblings; nothing when something else is there."""
    inside = 0 <= place < len(row.children)
    return str(row[place]) if inside and isinstance(row[place], nodes.Text) else ""


def widen_brackets(body: str) -> str:
    """`演習 1 (題)` becomes `演習 1（題）` in the titles of exercises and solutions.

    The extension sphinx-exercise writes the brackets, and a space after the colon, whatever the language.
    """

    def widen(title: re.Match[str]) -> str:
        text = re.sub(r"\s*(</span>)?\s*\(([^()]*)\)(?=</a></p>|</p>)", r"\1（\2）", title[0])
        return re.sub(r"：\s*(<a [^>]*>)\s+", r"：\1", text)

    return TITLE.sub(widen, body)


def _on_page(_app: Sphinx, _page: str, _template: str, context: dict[str, Any], _doctree: object) -> None:
    if "body" in context:
        context["body"] = widen_brackets(context["body"])


def setup(app: Sphinx, lang: str) -> None:
    """Connect what each language needs: Korean is set with spaces, the other two without."""
    if lang in ("ja", "zh"):
        app.connect("doctree-read", _join_punctuation)
        app.connect("html-page-context", _on_page)
    if lang == "ko":
        app.connect("doctree-read", _join_particles)
