"""Every check fires on the fault it is for, alone, and none fires on a clean book."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from book_cells import by_id, digest, path_of, read, stamp, write
from check_langs import check_book, main


def fired(book: Path) -> set[tuple[str, str]]:
    return {(violation.where, violation.lint) for violation in check_book(book)}


def replaced(cell, old, new):
    assert old in cell.source, f"{old!r} is not in the sample"
    cell.source = cell.source.replace(old, new)


def test_a_clean_book_has_no_violation(book, capsys):
    assert fired(book) == set()
    assert main(["--book", str(book)]) == 0
    assert capsys.readouterr().out == "the languages agree\n"


# lint, language, cell, what is found in the cell, what is planted instead
TEXT_FAULTS = [
    ("code", "ja", "sum", "1 + 1", "1 + 2"),
    ("code", "ko", "setup", '"ko"', '"ja"'),
    ("code", "zh", "setup", "%pip install -q bncourse", "%pip install bncourse"),
    ("labels", "ja", "intro", "(sample-mu)", "(sample-mean)"),
    ("labels", "zh", "steps", ":label: sample-rate", ":label: rate"),
    ("equations", "ja", "intro", r"\frac{1}{N} \sum", r"\sum"),
    ("equations", "zh", "intro", r"\mu =", r"\mu_c ="),
    ("citations", "ko", "intro", "{cite}`ioffe2015`", ""),
    ("citations", "ja", "intro", "ioffe2015", "santurkar2018"),
    ("references", "ja", "intro", "{ref}`sample-steps`", "{ref}`sample`"),
    ("references", "zh", "intro", "{ref}`sample-steps`", "下文"),
    ("links", "ko", "intro", "1502.03167", "1502.03168"),
    ("headings", "ja", "steps", "## 手順", "### 手順"),
    ("directives", "ja", "steps", "{exercise} 学習率", "{admonition} 学習率"),
    ("directives", "zh", "steps", ":label: sample-rate", ":label: sample-rate\n:class: dropdown"),
    ("images", "zh", "intro", "(bell.png)", "(curve.png)"),
    ("alt", "ko", "intro", "![종 모양 곡선]", "![]"),
    ("terms", "ja", "intro", "バッチ正規化", "バッチ正則化"),
    ("terms", "ja", "steps", "正則化", "規則化"),
    ("terms", "zh", "steps", "归一化", "规范化"),
    ("terms", "zh", "intro", "批归一化", "批标准化"),
    ("terms", "ko", "steps", "정규화", "일반화"),
    ("terms", "ko", "intro", "미니배치", "작은 묶음"),
    ("terms", "ja", "steps", "学習率", "学習の速さ"),
    ("emphasis", "ja", "intro", "の**平均**の", "の**「平均」**の"),
    ("emphasis", "zh", "intro", "请读", "**重要。**接着请读"),
    ("emphasis", "ko", "intro", "미니배치 **평균**의", "미니배치 **평균(중요)**의"),
    ("line-break", "ja", "intro", "理由は", "\n理由は"),
    ("line-break", "zh", "intro", "请读", "\n请读"),
    ("punctuation", "ja", "steps", "なぜでしょうか。", "なぜでしょうか."),
    ("punctuation", "zh", "steps", "作用？", "作用?"),
    ("numbers", "ja", "intro", "0.25", "0.52"),
    ("numbers", "zh", "intro", "50,000", "5,000"),
    ("numbers", "ko", "intro", "5만", "6만"),
    ("untranslated", "ja", "steps", "ここで正規化が正則化としても働くのはなぜでしょうか。",
     "Why does 正規化 act as a regulariser or 正則化 here?"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("lint", "lang", "cell", "old", "new"),
    TEXT_FAULTS,
    ids=[f"{f[0]}-{f[1]}-{f[4][:12]!r}" for f in TEXT_FAULTS],
)
def test_a_planted_fault_fires_its_own_check_alone(book, edit, lint, lang, cell, old, new):
    edit(lang, cell, lambda found: replaced(found, old, new))
    assert fired(book) == {(f"book/{lang}/sample.ipynb[{cell}]", lint)}


def test_a_stale_hash_is_named_with_the_way_out(book, edit, capsys):
    edit("ja", "intro", lambda cell: stamp(cell, "0" * 12))
    assert main(["--book", str(book)]) == 1
    line, count = capsys.readouterr().out.splitlines()
    english = by_id(read(path_of(book, "en", "sample")))["intro"].source
    assert line == (
        "book/ja/sample.ipynb[intro]: stale: must hold: the translation is of the present English cell / "
        f"got: src 000000000000, English is {digest(english)} / "
        "try: translate it again, or if it still fits: python tools/sync_langs.py accept ja sample intro"
    )
    assert count == "1 violations"


def test_changed_english_makes_every_language_stale(book, edit):
    edit("en", "steps", lambda cell: replaced(cell, "act as", "work as"))
    assert fired(book) == {(f"book/{lang}/sample.ipynb[steps]", "stale") for lang in ("ja", "zh", "ko")}


def test_a_cell_left_in_english_is_named_though_it_is_stamped(book, edit):
    english = by_id(read(path_of(book, "en", "sample")))["steps"].source
    edit("ko", "steps", lambda cell: cell.update(source=english))
    assert fired(book) == {("book/ko/sample.ipynb[steps]", "untranslated")}


def test_changed_output_tag_and_count(book, edit):
    edit("zh", "sum", lambda cell: cell.outputs[0].update(text="3\n"))
    edit("ja", "sum", lambda cell: cell.metadata.update(tags=["hide-input"]))
    edit("ko", "figure", lambda cell: cell.update(execution_count=9))
    assert fired(book) == {
        ("book/zh/sample.ipynb[sum]", "outputs"),
        ("book/ja/sample.ipynb[sum]", "tags"),
        ("book/ko/sample.ipynb[figure]", "outputs"),
    }


def test_missing_extra_and_moved_cells(book):
    for lang, change in (
        ("ja", lambda cells: cells[:-1]),
        ("zh", lambda cells: [*cells, nbformat.from_dict({**cells[-1], "id": "more"})]),
        ("ko", lambda cells: [cells[0], cells[2], cells[1], *cells[3:]]),
    ):
        notebook = read(path_of(book, lang, "sample"))
        notebook.cells = change(notebook.cells)
        write(path_of(book, lang, "sample"), notebook)
    assert fired(book) == {(f"book/{lang}/sample.ipynb", "cells") for lang in ("ja", "zh", "ko")}


def test_missing_and_extra_notebooks(book):
    path_of(book, "ja", "sample").unlink()
    (path_of(book, "ko", "more")).write_bytes(path_of(book, "ko", "sample").read_bytes())
    assert fired(book) == {("book/ja", "files"), ("book/ko", "files")}


def test_missing_label_is_named_in_english_and_in_the_translation(book, edit):
    edit("ja", "steps", lambda cell: replaced(cell, "(sample-steps)=\n", ""))
    where = "book/ja/sample.ipynb[steps]"
    assert fired(book) == {(where, "heading-label"), (where, "labels")}


@pytest.mark.parametrize(
    ("lint", "cell", "old", "new"),
    [
        ("heading-label", "steps", "(sample-steps)=\n", ""),
        ("alt", "intro", "![A bell curve]", "![]"),
        ("emphasis", "intro", "The **mean** of", "The ** mean** of"),
    ],
)
def test_english_keeps_its_own_rules(book, edit, lint, cell, old, new):
    edit("en", cell, lambda found: replaced(found, old, new))
    assert (f"book/en/sample.ipynb[{cell}]", lint) in fired(book)


def test_english_page_label_and_setup_cell(book, edit):
    edit("en", "intro", lambda cell: replaced(cell, "(sample)=", "(other)="))
    edit("en", "setup", lambda cell: replaced(cell, 'use_language("en")', "reset()"))
    assert {("book/en/sample.ipynb", "heading-label"), ("book/en/sample.ipynb[setup]", "setup")} <= fired(
        book
    )


@pytest.mark.parametrize(
    "html",
    ["<svg><text>0.25</text></svg>", '<img src="a.png">', '<img src="a.png" alt="">'],
)
def test_a_figure_in_an_output_needs_an_alt_text(book, edit, html):
    for lang in ("en", "ja", "zh", "ko"):
        edit(lang, "figure", lambda cell: cell.outputs[0].data.update({"text/html": html}))
    assert fired(book) == {(f"book/{lang}/sample.ipynb[figure]", "alt") for lang in ("en", "ja", "zh", "ko")}


def test_a_raster_figure_needs_an_alt_in_its_metadata(book, edit):
    raster = {"image/png": "iVBORw0KGgo=", "text/plain": "<Figure>"}
    for lang in ("en", "ja", "zh", "ko"):
        edit(lang, "figure", lambda cell: cell.outputs[0].update(data=nbformat.from_dict(raster)))
    assert fired(book) == {(f"book/{lang}/sample.ipynb[figure]", "alt") for lang in ("en", "ja", "zh", "ko")}
    for lang in ("en", "ja", "zh", "ko"):
        edit(lang, "figure", lambda cell: cell.metadata.update(mystnb={"image": {"alt": "Two bars"}}))
    assert fired(book) == set()
