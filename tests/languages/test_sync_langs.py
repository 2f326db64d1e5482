"""What English owns is carried, what a translator wrote is kept, nothing is lost without a word."""

from __future__ import annotations

import pytest
from book_cells import BookError, by_id, digest, path_of, read, stamp_of, write
from check_langs import check_book
from sync_langs import accept, export, import_, main, sync


def cells(book, lang):
    return by_id(read(path_of(book, lang, "sample")))


def rewritten(book, change):
    notebook = read(path_of(book, "en", "sample"))
    change(notebook)
    write(path_of(book, "en", "sample"), notebook)


def test_a_second_run_changes_no_byte_and_says_nothing(book):
    def contents():
        return {path: path.read_bytes() for path in book.rglob("*.ipynb")}

    before = contents()
    assert sync(book) == []
    assert contents() == before
    assert all(text.endswith(b"}\n") for text in before.values())


def test_code_outputs_tags_and_order_come_from_english(book):
    def change(notebook):
        code = by_id(notebook)["sum"]
        code.source = "print(1 + 2)"
        code.outputs[0]["text"] = "3\n"
        code.metadata["tags"] = ["hide-input"]
        code.execution_count = 7
        notebook.cells[1], notebook.cells[2] = notebook.cells[2], notebook.cells[1]

    rewritten(book, change)
    before = cells(book, "ja")["intro"]
    assert sync(book) == [f"book/{lang}/sample.ipynb written" for lang in ("ja", "zh", "ko")]
    after = cells(book, "ja")
    assert after["sum"] == cells(book, "en")["sum"]
    assert list(after) == list(cells(book, "en"))
    assert after["intro"] == before


def test_the_setup_cell_differs_in_the_language_code_only(book):
    english = cells(book, "en")["setup"].source
    for lang in ("ja", "zh", "ko"):
        assert cells(book, lang)["setup"].source == english.replace('"en"', f'"{lang}"')


def test_localised_outputs_are_kept_until_their_code_changes(book):
    assert cells(book, "ko")["speak"].outputs[0].text == "ko\n"
    rewritten(book, lambda notebook: by_id(notebook)["speak"].update(source="print('other')"))
    sync(book)
    assert cells(book, "ko")["speak"].outputs[0].text == "en\n"


def test_a_new_cell_arrives_in_english_and_is_named(book):
    def change(notebook):
        notebook.cells.append(type(notebook.cells[1])({**notebook.cells[1], "id": "more", "source": "More."}))

    rewritten(book, change)
    assert "book/zh/sample.ipynb is left to translate: more" in sync(book)
    assert cells(book, "zh")["more"].source == "More."
    assert stamp_of(cells(book, "zh")["more"]) == ""


def test_an_untouched_copy_follows_english_and_a_touched_one_does_not(book, edit):
    for lang in ("ja", "zh"):
        path_of(book, lang, "sample").unlink()
    sync(book)
    edit("ja", "steps", lambda cell: cell.update(source="手で書いた訳"))
    rewritten(book, lambda notebook: by_id(notebook)["steps"].update(source="## Other steps"))
    sync(book)
    assert cells(book, "ja")["steps"].source == "手で書いた訳"
    assert cells(book, "zh")["steps"].source == "## Other steps"
    assert {(v.where, v.lint) for v in check_book(book, langs=("zh",))} == {
        ("book/zh/sample.ipynb[intro]", "stale"),
        ("book/zh/sample.ipynb[steps]", "stale"),
        ("book/en/sample.ipynb[steps]", "heading-label"),
    }


@pytest.mark.parametrize("source", [":::{solution-end}\n:::", "$$\nx = 1\n$$", "```{bibliography}\n```"])
def test_a_cell_without_words_needs_no_translator(book, source):
    def change(notebook):
        notebook.cells.append(type(notebook.cells[1])({**notebook.cells[1], "id": "more", "source": source}))

    rewritten(book, change)
    assert "left to translate" not in "".join(sync(book))
    assert check_book(book) == []


def test_a_formula_with_words_needs_a_translator(book):
    rewritten(book, lambda notebook: by_id(notebook)["steps"].update(source="$$\nx \\text{if } y\n$$"))
    assert "book/ja/sample.ipynb is left to translate: steps" in sync(book)


def test_a_dropped_cell_is_printed_whole(book):
    lost = cells(book, "ja")["steps"].source
    rewritten(book, lambda notebook: notebook.cells.pop())
    report = sync(book)
    assert (
        f"book/ja/sample.ipynb[steps] is gone from English; dropped this markdown cell:\n{lost}\n" in report
    )
    assert "steps" not in cells(book, "ja")


def test_a_notebook_gone_from_english_is_named_and_kept(book):
    path_of(book, "ja", "old").write_bytes(path_of(book, "ja", "sample").read_bytes())
    assert sync(book) == ["book/ja/old.ipynb has no English notebook; rename it or delete it by hand"]
    assert path_of(book, "ja", "old").exists()


def test_accept_stamps_the_present_english_cell(book):
    rewritten(book, lambda notebook: by_id(notebook)["steps"].update(source="## Steps and more"))
    assert accept(book, "ja", "sample", ["steps"]) == ["book/ja/sample.ipynb accepted: steps"]
    assert stamp_of(cells(book, "ja")["steps"]) == digest("## Steps and more")
    assert accept(book, "zh", "sample", []) == ["book/zh/sample.ipynb accepted: steps"]
    assert accept(book, "zh", "sample", []) == ["book/zh/sample.ipynb accepted: nothing was stale"]


def test_accept_leaves_english_text_unless_it_is_named(book, edit):
    english = cells(book, "en")["steps"].source
    edit("ja", "steps", lambda cell: cell.update(source=english, metadata={}))
    assert accept(book, "ja", "sample", []) == ["book/ja/sample.ipynb accepted: nothing was stale"]
    assert accept(book, "ja", "sample", ["steps"]) == ["book/ja/sample.ipynb accepted: steps"]


def test_accept_does_not_take_an_old_copy_of_english_for_a_translation(book):
    path_of(book, "ja", "sample").unlink()
    sync(book)
    rewritten(book, lambda notebook: by_id(notebook)["steps"].update(source="## Other steps"))
    assert accept(book, "ja", "sample", []) == ["book/ja/sample.ipynb accepted: nothing was stale"]


def test_accept_refuses_an_unknown_cell(book):
    expected = "must hold: sample has a Markdown cell of that id; got: nope; try: one of intro, steps"
    with pytest.raises(BookError) as error:
        accept(book, "ja", "sample", ["nope"])
    assert str(error.value) == expected


def test_a_worksheet_goes_out_and_comes_back_unchanged(book):
    before = path_of(book, "ja", "sample").read_bytes()
    assert import_(book, "ja", "sample", export(book, "ja", "sample")) == [
        "book/ja/sample.ipynb is left to translate: nothing"
    ]
    assert path_of(book, "ja", "sample").read_bytes() == before


def test_a_worksheet_of_a_new_language_is_filled_in(book, tmp_path, capsys):
    path_of(book, "ko", "sample").unlink()
    sheet = export(book, "ko", "sample")
    head = f"<!-- cell steps {digest(cells(book, 'en')['steps'].source)} new -->"
    assert head in sheet
    assert "> (sample-steps)=\n> ## Steps\n>\n> :::{exercise} The learning rate" in sheet
    file = tmp_path / "sheet.md"
    translation = "(sample-steps)=\n## 단계\n\n> 인용문\n\n:::{note}\n본문\n:::"
    file.write_text(sheet.rstrip("\n") + f"\n\n{translation}\n", encoding="utf-8")
    assert main(["--book", str(book), "import", "ko", "sample", str(file)]) == 0
    assert capsys.readouterr().out == (
        "sample[intro] is not translated yet\nbook/ko/sample.ipynb is left to translate: intro\n"
    )
    assert cells(book, "ko")["steps"].source == translation


def test_a_translation_that_opens_with_a_quote_is_not_taken_for_english(book):
    sheet = export(book, "ja", "sample").replace(
        "(sample-steps)=\n## 手順", "> 引用\n\n(sample-steps)=\n## 手順"
    )
    import_(book, "ja", "sample", sheet)
    assert cells(book, "ja")["steps"].source.startswith("> 引用\n\n(sample-steps)=")


def test_english_changed_since_the_export_stays_stale(book):
    sheet = export(book, "ja", "sample").replace("手順", "やり方")
    rewritten(book, lambda notebook: by_id(notebook)["steps"].update(source="## Other steps"))
    report = import_(book, "ja", "sample", sheet)
    assert report == ["book/ja/sample.ipynb is left to translate: steps"]
    assert "やり方" in cells(book, "ja")["steps"].source


def test_a_stale_cell_nobody_touched_is_not_stamped(book):
    rewritten(book, lambda notebook: by_id(notebook)["steps"].update(source="## Other steps"))
    sheet = export(book, "zh", "sample")
    assert " stale -->\n> ## Other steps\n\n(sample-steps)=" in sheet
    assert import_(book, "zh", "sample", sheet) == [
        "sample[steps] is stale and unchanged; edit it, or run: sync_langs.py accept zh sample steps",
        "book/zh/sample.ipynb is left to translate: steps",
    ]
    assert "left to translate: nothing" in import_(book, "zh", "sample", sheet.replace("步骤", "做法"))[-1]


def test_the_worksheet_of_another_chapter_or_with_a_doubled_cell_is_refused(book):
    sheet = export(book, "ja", "sample")
    with pytest.raises(
        BookError, match=r"got: <!-- worksheet ja sample -->; try: sync_langs.py export ko sample"
    ):
        import_(book, "ko", "sample", sheet)
    head = next(line for line in sheet.splitlines() if line.startswith("<!-- cell steps"))
    with pytest.raises(BookError, match="steps twice"):
        import_(book, "ja", "sample", f"{sheet}\n{head}\n> x\n\ny\n")


def test_a_notebook_without_ids_is_refused(book):
    path = path_of(book, "en", "sample")
    path.write_text(path.read_text("utf-8").replace('"id": "steps"', '"id": "intro"'), encoding="utf-8")
    with pytest.raises(BookError, match="every cell with an id of its own"):
        sync(book)
