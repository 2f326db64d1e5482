"""Search that finds Chinese, Japanese and Korean words: pairs of characters instead of guessed words.

Text is split the same way when the index is made (here) and when a reader asks (the same rule in
JavaScript below): a run of CJK characters becomes its overlapping pairs, anything else its words.
正規化層 → 正規, 規化, 化層. Single characters are in the index too, for a query of one.
"""

from __future__ import annotations

import re

from sphinx.application import Sphinx
from sphinx.search import SearchLanguage

__all__ = ["BigramSearch", "pairs", "setup"]

# Kana, the long vowel mark, Han (with 々) and Hangul; inside a character class of either language.
CJK = "\\u3005\\u3040-\\u30ff\\u3400-\\u4dbf\\u4e00-\\u9fff\\uac00-\\ud7a3"
RUNS = re.compile(f"[{CJK}]+|[^\\W{CJK}]+")
IS_CJK = re.compile(f"[{CJK}]")

SPLITTER = """
function splitQuery(query) {
  const runs = query.match(/[CJK]+|(?:(?![CJK])[\\p{L}\\p{N}_])+/gu) || [];
  return runs.flatMap((run) => {
    if (!/[CJK]/.test(run) || run.length === 1) return [run];
    return Array.from({length: run.length - 1}, (_, i) => run.slice(i, i + 2));
  });
}
"""


def pairs(run: str) -> list[str]:
    """Overlapping pairs of a CJK run; a lone character stays as it is.

    >>> pairs("正規化層")
    ['正規', '規化', '化層']
    """
    return [run[i : i + 2] for i in range(len(run) - 1)] or [run]


class BigramSearch(SearchLanguage):
    """One splitter for ja, zh_CN and ko."""

    language_name = "CJK"
    js_splitter_code = SPLITTER.replace("CJK", CJK)

    def split(self, input: str) -> list[str]:
        words: list[str] = []
        for run in RUNS.findall(input):
            if IS_CJK.match(run):
                words += [*run, *pairs(run)]  # single characters too: a query may be one
            else:
                words.append(run)
        return words

    def word_filter(self, word: str) -> bool:
        return bool(word)


def setup(app: Sphinx, language: str) -> None:
    if language != "en":
        app.add_search_language(type("BookSearch", (BigramSearch,), {"lang": language}))
