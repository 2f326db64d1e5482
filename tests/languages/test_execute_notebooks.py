"""Execution writes the same bytes each time and refuses an output that is not the same in every language."""

from __future__ import annotations

import pytest
from book_cells import by_id, path_of, read, write
from execute_notebooks import main

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(autouse=True)
def _small(book):
    """The sample with cells that need nothing but Python."""
    set_code(
        book,
        {"figure": "import os, sys\nprint(os.environ['BNCOURSE_DATA'] == '')\nprint(1, file=sys.stderr)"},
    )


def set_code(book, sources):
    notebook = read(path_of(book, "en", "sample"))
    for cell_id, source in sources.items():
        by_id(notebook)[cell_id].source = source
    write(path_of(book, "en", "sample"), notebook)


def outputs(book, lang, cell):
    return [output.get("text") for output in by_id(read(path_of(book, lang, "sample")))[cell].outputs]


def test_outputs_repeat_and_localised_cells_speak_their_language(book, capsys):
    run = ["sample", "--langs", "ja", "--book", str(book)]
    assert main(run) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "book/ja/sample.ipynb executed"
    first = {path: path.read_bytes() for path in book.rglob("*.ipynb")}
    assert outputs(book, "en", "sum") == outputs(book, "ja", "sum") == ["2\n"]
    assert (outputs(book, "en", "speak"), outputs(book, "ja", "speak")) == (["en\n"], ["ja\n"])
    assert outputs(book, "ja", "figure") == ["False\n", "1\n"]
    assert b"iopub" not in first[path_of(book, "en", "sample")]
    assert main(run) == 0
    assert {path: path.read_bytes() for path in book.rglob("*.ipynb")} == first


def test_traces_of_another_machine_are_removed(book):
    notebook = read(path_of(book, "en", "sample"))
    by_id(notebook)["sum"].metadata["execution"] = {"iopub.status.busy": "2020-01-01T00:00:00Z"}
    notebook.metadata["language_info"] = {"name": "python", "version": "3.99.0"}
    write(path_of(book, "en", "sample"), notebook)
    assert main(["--langs", "--book", str(book)]) == 0
    text = path_of(book, "en", "sample").read_text("utf-8")
    assert "iopub" not in text
    assert "3.99" not in text


def test_an_output_that_does_not_repeat_is_named(book, capsys):
    set_code(book, {"sum": "import time\nprint(time.time_ns())"})
    assert main(["--langs", "zh", "--book", str(book)]) == 1
    assert "got: book/zh/sample.ipynb[sum] printed something else than English" in capsys.readouterr().err


def test_a_cell_that_raises_is_named(book, capsys):
    set_code(book, {"sum": "raise KeyError('lost')"})
    before = path_of(book, "en", "sample").read_bytes()
    assert main(["--langs", "--book", str(book)]) == 1
    error = capsys.readouterr().err
    assert "must hold: every cell runs; got: book/en/sample.ipynb" in error
    assert "raise KeyError('lost')" in error
    assert path_of(book, "en", "sample").read_bytes() == before
