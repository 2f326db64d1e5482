"""tools/build_book.py: one configuration becomes four, what is missing is named, what is old is rebuilt."""

from __future__ import annotations

from pathlib import Path

import build_book
import pytest
import yaml
from build_book import Book, BookError, build, config_for, main, toc_for
from docutils import nodes
from docutils.frontend import get_default_settings
from docutils.parsers.rst import Parser
from docutils.utils import new_document
from tiny_book import make_book, write_page

ROOT = Path(__file__).resolve().parents[2]
LANGS = ["en", "ja", "zh", "ko"]


@pytest.fixture
def book(tmp_path: Path) -> Book:
    make_book(tmp_path, {})
    return Book(tmp_path)


def test_one_configuration_becomes_four() -> None:
    configs = {lang: config_for(Book(ROOT), lang) for lang in LANGS}
    assert [c["sphinx"]["config"]["language"] for c in configs.values()] == ["en", "ja", "zh_CN", "ko"]
    assert [c["repository"]["path_to_book"] for c in configs.values()] == [f"book/{lang}" for lang in LANGS]
    assert len({c["title"] for c in configs.values()}) == len(LANGS)
    assert configs["ja"]["html"]["baseurl"].endswith("/bncourse/ja/")
    assert configs["ja"]["bibtex_bibfiles"] == ["../references.bib"]


def test_the_english_title_is_written_once_in_two_places() -> None:
    book = Book(ROOT)
    assert book.yaml("_config.yml")["title"] == book.ui["title"]["en"]


def test_every_word_of_ours_is_translated() -> None:
    ui = Book(ROOT).ui
    words = {key: value for key, value in ui.items() if key not in ("languages", "parts")} | ui["parts"]
    assert {key: sorted(value) for key, value in words.items() if sorted(value) != sorted(LANGS)} == {}


def test_the_theme_is_translated_word_for_word() -> None:
    from bncourse_book.words import SCRIPT_WORDS, catalogue

    folder = ROOT / "book" / "i18n" / "locales"
    catalogues = {lang: catalogue(folder / lang / "LC_MESSAGES" / "theme.po")._catalog for lang in LANGS[1:]}
    assert catalogues["ja"].keys() == catalogues["zh"].keys() == catalogues["ko"].keys()
    for lang, words in catalogues.items():
        assert set(SCRIPT_WORDS) <= words.keys(), lang
        for english, native in words.items():
            assert native.count("%") == english.count("%"), (lang, english)
            assert native.count("${") == english.count("${"), (lang, english)


def test_captions_are_translated_and_paths_are_seen_from_the_language(book: Book) -> None:
    toc = toc_for(book, "ko")
    assert toc["root"] == "first"
    assert toc["parts"] == [{"caption": "기초", "chapters": [{"file": "second"}]}]


def test_a_caption_without_translation_is_named(book: Book) -> None:
    toc = book.yaml("_toc.yml")
    toc["parts"][0]["caption"] = "Deep water"
    (book.root / "_toc.yml").write_text(yaml.safe_dump(toc))
    with pytest.raises(BookError, match="got 'Deep water' without zh; try adding it under `parts`"):
        toc_for(book, "zh")


def test_a_missing_translation_is_named_before_anything_is_built(book: Book) -> None:
    (book.root / "book" / "ko" / "second.ipynb").unlink()
    with pytest.raises(BookError, match=r"1 missing: book/ko/second\.ipynb; try"):
        build(book, LANGS)
    assert not (book.root / "_build").exists()


def test_an_unknown_language_is_refused(book: Book, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--source", str(book.root), "--langs", "fr"]) == 1
    assert capsys.readouterr().err == "--langs must be among en, ja, zh, ko; got fr\n"


def test_a_warning_stops_the_book_and_is_shown(book: Book, capsys: pytest.CaptureFixture[str]) -> None:
    write_page(book.root, "ja", "second", "{ref}`nowhere`")
    assert main(["--source", str(book.root), "--langs", "ja"]) == 1
    assert "undefined label: 'nowhere'" in capsys.readouterr().err
    assert not (book.site / "ja").exists()


def test_what_is_unchanged_is_left_alone(book: Book, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--source", str(book.root), "--langs", "zh"]
    assert main(arguments) == 0
    page = book.site / "zh" / "first.html"
    assert "built in" in capsys.readouterr().out
    assert (book.site / "index.html").exists()
    before = page.stat().st_mtime_ns
    assert main(arguments) == 0
    assert "zh  unchanged" in capsys.readouterr().out
    assert page.stat().st_mtime_ns == before


def test_a_language_is_stale_when_something_it_reads_changes(book: Book) -> None:
    first = {lang: build_book.fingerprint(book, lang) for lang in LANGS}
    write_page(book.root, "ja", "second", "変わった")
    second = {lang: build_book.fingerprint(book, lang) for lang in LANGS}
    assert [lang for lang in LANGS if first[lang] != second[lang]] == ["ja"]
    (book.root / "book" / "i18n" / "terms.csv").write_text("en\n")
    third = {lang: build_book.fingerprint(book, lang) for lang in LANGS}
    assert all(second[lang] != third[lang] for lang in LANGS)


def test_a_sections_label_is_its_only_id() -> None:
    from bncourse_book.anchors import label_sections

    document = new_document("page", get_default_settings(Parser))
    for ids, name in [(["id1", "transform-eps"], "なぜ"), (["id2"], "無題")]:
        document.append(nodes.section("", nodes.title(text=name), ids=ids, names=[name]))
    wrapped = nodes.section("", nodes.paragraph(text="text"), ids=["exercise-content"])
    document.append(nodes.admonition("", wrapped, ids=["transform-mean"]))
    document.nameids = {"なぜ": "id1", "transform-eps": "transform-eps", "無題": "id2"}
    document.nametypes = {"なぜ": False, "transform-eps": True, "無題": False}
    label_sections(None, document)
    ids = [section["ids"] for section in document.findall(nodes.section)]
    assert ids == [["transform-eps"], ["id2"], ["transform-mean-content"]]
