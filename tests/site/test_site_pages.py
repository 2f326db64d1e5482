"""The built pages as files: language tags, twins, anchors, links, buttons. No browser needed."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from bs4 import BeautifulSoup

ROOT = Path(__file__).resolve().parents[2]
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
BASE = CONFIG["html"]["baseurl"]
TAGS = {"en": "en", "ja": "ja", "zh": "zh-CN", "ko": "ko"}


@cache
def soup(file: Path) -> BeautifulSoup:
    return BeautifulSoup(file.read_text(encoding="utf-8"), "html.parser")


def pages(site: Path, lang: str) -> list[Path]:
    return sorted(file for file in (site / lang).glob("*.html") if file.name != "index.html")


def chapters(site: Path, lang: str) -> list[Path]:
    return [file for file in pages(site, lang) if file.name != "search.html"]


def test_ids_are_given_once(site: Path) -> None:
    for file in [file for lang in TAGS for file in chapters(site, lang)]:
        ids = [element["id"] for element in soup(file).select("article [id]:not(svg *)")]
        assert sorted(set(ids)) == sorted(ids), file


def test_every_language_has_the_same_pages(site: Path) -> None:
    names = {lang: [file.name for file in pages(site, lang)] for lang in TAGS}
    assert len(names["en"]) > 1
    assert names["ja"] == names["zh"] == names["ko"] == names["en"]


@pytest.mark.parametrize("lang", TAGS)
def test_pages_name_their_language_and_their_twins(lang: str, site: Path) -> None:
    for file in pages(site, lang):
        page = soup(file)
        assert page.html["lang"] == TAGS[lang]
        twins = {link["hreflang"]: link["href"] for link in page.select("link[rel=alternate]")}
        here = {tag: f"{BASE}{code}/{file.name}" for code, tag in TAGS.items()}
        assert twins == here | {"x-default": here["en"]}, file
        assert page.select_one("link[rel=canonical]")["href"] == here[TAGS[lang]]
        menu = page.select(".bn-languages a")
        assert [(a["href"], a["lang"], a["hreflang"]) for a in menu] == [
            (f"../{code}/{file.name}", tag, tag) for code, tag in TAGS.items()
        ]
        assert [a["lang"] for a in menu if a.get("aria-current") == "true"] == [TAGS[lang]]


def test_sections_have_the_same_anchors_in_every_language(site: Path) -> None:
    def anchors(lang: str, name: str) -> list[str]:
        headed = soup(site / lang / name).select("article section:has(> h1, > h2, > h3, > h4)")
        return [section["id"] for section in headed]

    for file in chapters(site, "en"):
        english = anchors("en", file.name)
        assert english[0] == file.stem, "the first anchor is the page's label"
        for lang in TAGS:
            assert anchors(lang, file.name) == english, f"{lang}/{file.name}"
            toc = [a["href"] for a in soup(site / lang / file.name).select(".bd-toc-nav a")]
            assert toc == [f"#{label}" for label in english[1:]]


def leads_somewhere(file: Path, address: str) -> bool:
    """Whether a link of a page has a file to go to, and its anchor in there."""
    parts = urlsplit(address)
    if parts.scheme or parts.netloc:
        return True
    target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
    if not target.exists() or not parts.fragment or target.suffix != ".html":
        return target.exists()
    return soup(target).find(id=unquote(parts.fragment)) is not None


@pytest.mark.parametrize("lang", TAGS)
def test_every_internal_link_leads_somewhere(lang: str, site: Path) -> None:
    links = [
        (file, element[name])
        for file in pages(site, lang)
        for tag, name in [("a", "href"), ("link", "href"), ("script", "src"), ("img", "src")]
        for element in soup(file).find_all(tag, attrs={name: True})
    ]
    assert len(links) > 100
    assert [(file.name, address) for file, address in links if not leads_somewhere(file, address)] == []


@pytest.mark.parametrize("lang", TAGS)
def test_buttons_lead_to_the_page_in_its_own_language(lang: str, site: Path) -> None:
    repository = CONFIG["repository"]["url"]
    name = repository.removeprefix("https://github.com/")
    for file in chapters(site, lang):
        hrefs = [a["href"] for a in soup(file).select(".article-header-buttons a[href^=http]")]
        source = f"book/{lang}/{file.stem}.ipynb"
        assert hrefs == [
            f"https://colab.research.google.com/github/{name}/blob/main/{source}",
            repository,
            f"{repository}/edit/main/{source}",
            f"{repository}/issues/new?title={lang}/{file.stem}%3A%20",
        ]


@pytest.mark.parametrize("lang", TAGS)
def test_the_download_is_the_committed_notebook(lang: str, site: Path) -> None:
    for file in chapters(site, lang):
        link = soup(file).select_one("a.bn-download")
        assert link["download"] == f"{file.stem}.{lang}.ipynb"
        source = (ROOT / "book" / lang / f"{file.stem}.ipynb").read_text(encoding="utf-8")
        assert json.loads((file.parent / link["href"]).read_text(encoding="utf-8")) == json.loads(source)


def test_the_landing_page_offers_every_language_without_javascript(site: Path) -> None:
    page = soup(site / "index.html")
    links = page.select("nav a")
    assert [a["lang"] for a in links] == list(TAGS.values())
    for link in links:
        assert (site / link["href"]).exists()
    assert page.select("meta[http-equiv]") == [], "nobody is sent anywhere"
