"""What a reader does with the site: change language, save a notebook, read without scripts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import BrowserContext

pytestmark = pytest.mark.browser

Contexts = Callable[..., BrowserContext]
TITLES = {
    "en": "Batch normalisation, understood",
    "ja": "バッチ正規化を理解する",
    "zh": "彻底理解批归一化",
    "ko": "배치 정규화 제대로 이해하기",
}


def test_changing_the_language_keeps_page_and_section(context: Contexts, base: str) -> None:
    tab = context().new_page()
    tab.goto(f"{base}/en/transform.html#transform")
    for tag, path in [("ja", "ja"), ("zh-CN", "zh"), ("ko", "ko"), ("en", "en")]:
        tab.click(".bd-toc-nav a >> nth=4")  # far enough down that it cannot be in view by chance
        section = tab.evaluate("location.hash")
        assert section.startswith("#transform-")
        tab.click(".bn-languages summary")
        tab.click(f".bn-languages a[lang={tag}]")
        tab.wait_for_url(f"{base}/{path}/transform.html{section}")
        assert tab.evaluate("document.documentElement.lang") == tag
        tab.wait_for_function("MathJax.startup.promise.then(() => true)")  # formulas move the page
        # Times out, and fails, when the section does not come into view.
        tab.wait_for_function(
            "Math.abs(document.querySelector(location.hash).getBoundingClientRect().top - 125) < 175",
            timeout=10_000,
        )


def test_the_language_menu_works_from_the_keyboard(context: Contexts, base: str) -> None:
    tab = context().new_page()
    tab.goto(f"{base}/ja/transform.html")
    tab.focus(".bn-languages summary")
    tab.keyboard.press("Enter")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.hreflang") == "en"
    tab.keyboard.press("Escape")
    assert not tab.evaluate("document.querySelector('.bn-languages').open")
    assert tab.evaluate("document.activeElement.tagName") == "SUMMARY"


@pytest.mark.parametrize("lang", TITLES)
def test_download_saves_a_notebook_in_the_pages_language(
    lang: str, context: Contexts, base: str, tmp_path: Path
) -> None:
    tab = context(accept_downloads=True).new_page()
    tab.goto(f"{base}/{lang}/transform.html")
    with tab.expect_download() as caught:
        tab.click("a.bn-download")
    assert caught.value.suggested_filename == f"transform.{lang}.ipynb"
    caught.value.save_as(tmp_path / "saved.ipynb")
    notebook = nbformat.read(tmp_path / "saved.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert f'use_language("{lang}")' in notebook.cells[0].source
    title = tab.inner_text("article h1").rstrip("#").strip()
    assert any(title in cell.source for cell in notebook.cells)


@pytest.mark.parametrize(
    ("locale", "lang"), [("ja-JP", "ja"), ("zh-CN", "zh"), ("ko-KR", "ko"), ("en-GB", "en"), ("fr-FR", "en")]
)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_landing_page_follows_the_browser(
    locale: str, lang: str, scheme: str, context: Contexts, base: str
) -> None:
    browser = context(locale=locale, color_scheme=scheme, viewport={"width": 390, "height": 844})
    browser.add_init_script(path=Path(__file__).with_name("probe.js"))
    tab = browser.new_page()
    tab.goto(f"{base}/")
    assert tab.inner_text("h1") == tab.title() == TITLES[lang]
    assert tab.get_attribute("nav li:first-child a", "href") == f"{lang}/start-here.html"
    assert tab.locator("nav a").count() == len(TITLES)
    assert tab.url == f"{base}/", "nobody is sent anywhere"
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert tab.evaluate("probe.faint(4.5)") == []


def test_the_site_can_be_read_without_javascript(context: Contexts, base: str) -> None:
    tab = context(java_script_enabled=False, locale="ja-JP").new_page()
    tab.goto(f"{base}/")
    assert tab.inner_text("h1") == TITLES["en"]
    tab.click("nav a[lang=ja]")
    assert tab.url == f"{base}/ja/start-here.html"
    tab.click(".bn-languages summary")
    tab.click(".bn-languages a[lang=ko]")
    assert tab.url == f"{base}/ko/start-here.html"
    assert tab.locator("article h1").is_visible()


@pytest.mark.parametrize(
    ("lang", "words"),
    [("ja", ("コピー", "検索中")), ("zh", ("复制", "正在搜索")), ("ko", ("복사", "검색 중"))],
)
def test_scripts_speak_the_pages_language(
    lang: str, words: tuple[str, str], context: Contexts, base: str
) -> None:
    tab = context().new_page()
    tab.goto(f"{base}/{lang}/transform.html")
    tab.wait_for_selector("button.copybtn", state="attached")
    assert tab.get_attribute("button.copybtn >> nth=0", "data-tooltip") == words[0]
    assert tab.evaluate("Documentation.gettext('Searching')") == words[1]
