"""CJK typesetting: what belongs to a formula stays on its line; full-width brackets."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from bncourse_book.cjk import join_formulas, widen_brackets
from docutils import nodes
from docutils.utils import new_document
from playwright.sync_api import BrowserContext


def paragraph(*parts: str | nodes.Node) -> tuple[nodes.document, nodes.paragraph]:
    document = new_document("page")
    row = nodes.paragraph("", "", *(nodes.Text(part) if isinstance(part, str) else part for part in parts))
    document += row
    return document, row


def test_a_formula_keeps_the_punctuation_that_touches_it() -> None:
    document, row = paragraph("分散（", nodes.math("", "v"), "）は", nodes.math("", "1"), "。次に")
    join_formulas(document)
    spans = [span.astext() for span in row.findall(nodes.inline) if "bn-solid" in span["classes"]]
    assert spans == ["（v）", "1。"]
    assert row.astext() == "分散（v）は1。次に"


def test_a_formula_between_words_is_left_alone() -> None:
    document, row = paragraph(nodes.math("", "N"), " 個の、", nodes.strong("", "例"), nodes.math("", "x"))
    before = row.pformat()
    join_formulas(document)
    assert row.pformat() == before


def test_a_korean_particle_stays_with_its_formula() -> None:
    document, row = paragraph("그래서 ", nodes.math("", "g"), "입니다. 또 ", nodes.math("", "N"), " 개")
    join_formulas(document, particles=True)
    spans = [span.astext() for span in row.findall(nodes.inline) if "bn-solid" in span["classes"]]
    assert spans == ["g입니다."]
    assert row.astext() == "그래서 g입니다. 또 N 개"


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (
            '<p class="admonition-title"><span class="caption-number">演習 1 </span> (題)</p>',
            '<p class="admonition-title"><span class="caption-number">演習 1</span>（題）</p>',
        ),
        (
            '<p class="admonition-title">解答：<a href="#e"> 演習 1 (題)</a></p>',
            '<p class="admonition-title">解答：<a href="#e">演習 1（題）</a></p>',
        ),
        ("<p>f (x)</p>", "<p>f (x)</p>"),
    ],
)
def test_titles_of_exercises_have_full_width_brackets(theirs: str, ours: str) -> None:
    assert widen_brackets(theirs) == ours


LINES_TORN_FROM_THEIR_FORMULA = """() => {
  const found = [];
  for (const formula of document.querySelectorAll('article mjx-container:not([display])')) {
    const text = formula.closest('.math').nextSibling;
    if (!text || text.nodeType !== Node.TEXT_NODE) continue;
    const korean = document.documentElement.lang === 'ko';  // there it is all that follows without a space
    if (!(korean ? /^\\S/ : /^[、。，．：；？！）」』】》]/).test(text.data)) continue;
    const range = document.createRange();
    range.setStart(text, 0);
    range.setEnd(text, 1);
    if (range.getBoundingClientRect().top > formula.getBoundingClientRect().bottom - 2) {
      found.push(formula.closest('p').textContent.slice(0, 40));
    }
  }
  return found;
}"""


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize(
    "page", ["ja/start-here", "zh/transform", "zh/train-and-inference", "ko/simplified-backward"]
)
def test_no_line_starts_with_what_belongs_to_the_formula_before(
    page: str, width: int, base: str, context: Callable[..., BrowserContext]
) -> None:
    tab = context(viewport={"width": width, "height": 900}).new_page()
    tab.goto(f"{base}/{page}.html")
    tab.wait_for_selector("article mjx-container")
    tab.wait_for_function("MathJax.startup.promise.then(() => true)")
    assert tab.evaluate(LINES_TORN_FROM_THEIR_FORMULA) == []
