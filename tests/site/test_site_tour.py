"""Every page of every language in a browser, at two widths, light and dark: what must hold on all of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("tour")]

LANGS = ["en", "ja", "zh", "ko"]
VIEWS = [(width, scheme) for scheme in ("light", "dark") for width in (1280, 390)]
READABLE = 4.5  # WCAG AA for text

# Latin words that stay as they are in every language.
NAMES = {"english", "github", "colab", "cc", "by", "mit", "bncourse", "ctrl", "numpy", "pytorch", "python"}


@dataclass
class Visit:
    """What one page showed."""

    page: str
    outside: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    formulas: int = 0
    typeset: int = 0
    broken: list[str] = field(default_factory=list)
    too_wide: list[str] = field(default_factory=list)
    faint: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)


def look(tab: Page, visit: Visit) -> None:
    """Fill a visit from an open page; the page is resized and recoloured rather than loaded four times."""
    visit.formulas = tab.evaluate("document.querySelectorAll('.math').length")
    visit.typeset = tab.evaluate("document.querySelectorAll('.math mjx-container').length")
    visit.broken = tab.evaluate("[...document.querySelectorAll('mjx-merror')].map((node) => node.title)")
    for width, scheme in VIEWS:
        tab.set_viewport_size({"width": width, "height": 900})
        tab.emulate_media(color_scheme=scheme)
        tab.wait_for_function("(theme) => document.documentElement.dataset.theme === theme", arg=scheme)
        wide = tab.evaluate("probe.excess()")
        if wide > 0:
            visit.too_wide.append(f"{width} px {scheme}: {wide} px too wide")
        visit.faint += [f"{scheme} {width} px: {found}" for found in tab.evaluate(f"probe.faint({READABLE})")]
    visit.words = tab.evaluate("probe.words()")


@pytest.fixture(scope="session")
def tour(browser: Browser, base: str, site: Path) -> Callable[[str], list[Visit]]:
    """All pages of one language, visited once."""
    seen: dict[str, list[Visit]] = {}

    def walk(lang: str) -> list[Visit]:
        context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
        context.add_init_script(path=Path(__file__).with_name("probe.js"))
        visits = []
        for file in sorted((site / lang).glob("*.html")):
            if file.name == "index.html":  # a redirect to the first page
                continue
            visit, tab = Visit(f"{lang}/{file.name}"), context.new_page()
            tab.on(
                "request",
                lambda r, v=visit: None if r.url.startswith((base, "data:")) else v.outside.append(r.url),
            )
            tab.on(
                "console",
                lambda m, v=visit: v.complaints.append(m.text) if m.type in ("error", "warning") else None,
            )
            tab.on("pageerror", lambda error, v=visit: v.complaints.append(str(error)))
            query = "?q=a" if file.name == "search.html" else ""
            tab.goto(f"{base}/{lang}/{file.name}{query}", wait_until="load")
            tab.evaluate("window.MathJax?.startup?.promise")
            look(tab, visit)
            tab.close()
            visits.append(visit)
        context.close()
        return visits

    def visits_of(lang: str) -> list[Visit]:
        if lang not in seen:
            seen[lang] = walk(lang)
        return seen[lang]

    return visits_of


def collect(visits: list[Visit], name: str) -> dict[str, list[str]]:
    return {visit.page: getattr(visit, name) for visit in visits if getattr(visit, name)}


@pytest.mark.parametrize("lang", LANGS)
def test_nothing_is_asked_of_another_host(lang: str, tour: Callable[[str], list[Visit]]) -> None:
    assert collect(tour(lang), "outside") == {}


@pytest.mark.parametrize("lang", LANGS)
def test_the_console_stays_silent(lang: str, tour: Callable[[str], list[Visit]]) -> None:
    assert collect(tour(lang), "complaints") == {}


@pytest.mark.parametrize("lang", LANGS)
def test_every_formula_is_typeset(lang: str, tour: Callable[[str], list[Visit]]) -> None:
    visits = tour(lang)
    assert collect(visits, "broken") == {}
    assert {v.page: (v.formulas, v.typeset) for v in visits if v.typeset < v.formulas} == {}
    assert sum(v.typeset for v in visits) > 0


@pytest.mark.parametrize("lang", LANGS)
def test_no_page_is_wider_than_its_window(lang: str, tour: Callable[[str], list[Visit]]) -> None:
    assert collect(tour(lang), "too_wide") == {}


@pytest.mark.parametrize("lang", LANGS)
def test_text_is_readable_in_light_and_dark(lang: str, tour: Callable[[str], list[Visit]]) -> None:
    assert collect(tour(lang), "faint") == {}


def english(words: list[str]) -> list[str]:
    """Words of the page's frame that have Latin words in them and no letter of the page's own script."""
    own = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3]")
    latin = re.compile(r"[A-Za-z]{2,}")
    return [
        word for word in words if not own.search(word) and set(map(str.lower, latin.findall(word))) - NAMES
    ]


@pytest.mark.parametrize("lang", ["ja", "zh", "ko"])
def test_no_english_word_of_the_theme_is_left(lang: str, tour: Callable[[str], list[Visit]]) -> None:
    assert {visit.page: left for visit in tour(lang) if (left := english(visit.words))} == {}
