"""The book itself: every notebook of every language passes every check."""

import pytest
from book_cells import BOOK, LANGS, path_of, slugs
from check_langs import check_english, check_notebook

CHAPTERS = slugs(BOOK)


def test_every_language_has_the_chapters_of_english():
    assert CHAPTERS, "book/en holds no notebook"
    assert {lang: slugs(BOOK, lang) for lang in LANGS} == dict.fromkeys(LANGS, CHAPTERS)


@pytest.mark.parametrize("slug", CHAPTERS)
def test_english_chapter(slug):
    assert list(map(str, check_english(BOOK, slug))) == []


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("slug", CHAPTERS)
def test_translated_chapter(slug, lang):
    assert path_of(BOOK, lang, slug).exists(), "not there: python tools/sync_langs.py"
    assert list(map(str, check_notebook(BOOK, lang, slug))) == []
