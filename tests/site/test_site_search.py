"""Search finds words where they stand, in Chinese, Japanese and Korean as in English."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from bncourse_book.search import BigramSearch
from bs4 import BeautifulSoup
from playwright.sync_api import BrowserContext, Page
from tiny_book import make_book

# Words that Sphinx's own splitters miss, each inside a sentence it must be found in.
SENTENCES = {
    "ja": "バッチ正規化では正規化層が確率分布を仮定せず、勾配降下法で学習する。",
    "zh": "归一化层放在卷积之后，用梯度下降来训练。",
    "ko": "이 강의에서는 미니배치의 분산을 구하고 학습률을 정한다.",
    "en": "Batch normalisation keeps running statistics.",
}
QUERIES = {
    "ja": ["正規化", "正規化層", "確率分布", "勾配降下法", "層"],
    "zh": ["归一化", "归一化层", "梯度下降", "卷积", "层"],
    "ko": ["분산", "학습", "강의", "미니배치", "학습률"],
    "en": ["normalisation", "running", "statistics"],
}

# Words of the real pages: languages differ, the page is the same.
IN_THE_BOOK = {
    "transform": {"en": "variance", "ja": "分散", "zh": "方差", "ko": "분산"},
    "train-and-inference": {"en": "inference", "ja": "推論", "zh": "推理", "ko": "추론"},
    "glossary": {"en": "regularisation", "ja": "正則化", "zh": "正则化", "ko": "규제"},
}


def hits(tab: Page, address: str, query: str) -> list[str]:
    """The pages that the theme's search page lists."""
    tab.goto(f"{address}/search.html?q={query}")
    tab.wait_for_function(r"/\d/.test(document.querySelector('.search-summary')?.textContent)")
    links = tab.locator("ul.search li > a").evaluate_all("(all) => all.map((a) => a.getAttribute('href'))")
    return [link.partition("#")[0].removesuffix(".html") for link in links]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site whose one page holds the sentences, and whose other page holds other words."""
    from build_book import Book, build

    root = tmp_path_factory.mktemp("search")
    make_book(root, SENTENCES)
    build(Book(root), list(SENTENCES))
    return root / "_build" / "html"


@pytest.mark.browser
@pytest.mark.parametrize("lang", SENTENCES)
def test_words_are_found_inside_sentences(
    lang: str, tiny: Path, context: Callable[..., BrowserContext], served: Callable[[Path], str]
) -> None:
    tab, address = context().new_page(), f"{served(tiny)}/{lang}"
    found = {query: hits(tab, address, query) for query in QUERIES[lang]}
    assert {query: pages for query, pages in found.items() if pages != ["first"]} == {}


@pytest.mark.browser
def test_the_index_and_the_query_are_split_alike(
    tiny: Path, context: Callable[..., BrowserContext], served: Callable[[Path], str]
) -> None:
    tab = context().new_page()
    texts = [
        *SENTENCES.values(),
        "conv2d の x_hat と γ=1",
        "ReLU层3",
        "々",
        "é et ε",
        "한국어 ABC-123 日本語",
    ]
    for lang in ("ja", "zh", "ko"):
        tab.goto(f"{served(tiny)}/{lang}/search.html")
        for text in texts:
            asked, kept = set(tab.evaluate("splitQuery", text)), set(BigramSearch({}).split(text))
            assert asked <= kept, text
            singles = {word for word in kept - asked if len(word) == 1}
            assert kept - asked == singles, "single characters alone are kept and not asked"


def test_a_run_becomes_its_pairs_and_characters() -> None:
    assert BigramSearch({}).split("BN正規化 x_1") == ["BN", "正", "規", "化", "正規", "規化", "x_1"]
    assert BigramSearch({}).split("層") == ["層", "層"]


@pytest.mark.browser
@pytest.mark.parametrize("lang", ["en", "ja", "zh", "ko"])
def test_the_book_itself_is_searched(
    lang: str, context: Callable[..., BrowserContext], base: str, site: Path
) -> None:
    tab = context().new_page()
    for page, words in IN_THE_BOOK.items():
        html = (site / lang / f"{page}.html").read_text(encoding="utf-8")
        assert words[lang] in BeautifulSoup(html, "html.parser").article.get_text(), (
            f"choose another word for {lang}/{page}"
        )
        assert page in hits(tab, f"{base}/{lang}", words[lang])


@pytest.mark.browser
def test_the_search_box_of_a_page_leads_to_results(context: Callable[..., BrowserContext], base: str) -> None:
    tab = context(viewport={"width": 1280, "height": 900}).new_page()
    tab.goto(f"{base}/ja/start-here.html")
    tab.click(".search-button-field")
    tab.fill(".search-button__search-container input", "分散")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/ja/search.html?q=*")
    tab.wait_for_selector("ul.search li")
    found = tab.eval_on_selector_all(
        "ul.search li a", "links => links.map(link => link.getAttribute('href'))"
    )
    assert any(link.startswith("transform.html") for link in found)
