"""The table of exercises says what the notebooks hold, and the other way round."""

import re
from functools import cache
from pathlib import Path

import nbformat
import pytest
import yaml

from bncourse import check
from bncourse.exercises.catalogue import KINDS, catalogue
from bncourse.language import LANGUAGES

ROOT = Path(__file__).resolve().parents[2]
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
BACK = {"Back matter"}
CHAPTERS = [
    Path(file).name
    for file in [
        TOC["root"],
        *(one["file"] for part in TOC["parts"] if part["caption"] not in BACK for one in part["chapters"]),
    ]
]
EXERCISE = re.compile(r"^```\{exercise\} (.+)\n:label: (\S+)$", re.MULTILINE)
# How a page calls the check of each kind, before the solution.
CALL = {
    "write": r"^check\.{check}\(\w+\)$",
    "steps": r"^check\.{check}\.staged\(.+\)$",
    "test": r'^check\.my_tests\("{check}", \w+\)$',
    "name": r'check\.mystery\("{check}", \d+\)$',
}


@cache
def notebook(lang, chapter):
    return nbformat.read(ROOT / "book" / lang / f"{chapter}.ipynb", as_version=4)


def exercises(lang, chapter):
    """(label, title) of a page, in order."""
    texts = [cell.source for cell in notebook(lang, chapter).cells if cell.cell_type == "markdown"]
    return [(label, title) for text in texts for title, label in EXERCISE.findall(text)]


def code_of(entry, *, solution):
    """The code cells between the exercise and its solution, or those of the solution."""
    place, found = "before", []
    for cell in notebook("en", entry.chapter).cells:
        if cell.cell_type == "code":
            if place == ("solution" if solution else "exercise"):
                found.append(cell)
        elif f":label: {entry.label}\n" in cell.source:
            place = "exercise"
        elif f"{{solution-start}} {entry.label}\n" in cell.source:
            place = "solution"
        elif place == "solution" and "{solution-end}" in cell.source:
            break
    return found


CHECKED = [pytest.param(entry, id=entry.label) for entry in catalogue() if entry.kind != "paper"]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_and_the_table_have_the_same_exercises_in_the_same_order(lang, chapter):
    listed = [(entry.label, entry.titles[lang]) for entry in catalogue() if entry.chapter == chapter]
    assert listed == exercises(lang, chapter)


def test_the_chapters_of_the_table_are_those_of_the_book_in_its_order():
    assert list(dict.fromkeys(entry.chapter for entry in catalogue())) == CHAPTERS


@pytest.mark.parametrize("entry", catalogue(), ids=lambda entry: entry.label)
def test_a_line_is_whole(entry):
    assert entry.kind in KINDS
    assert entry.titles.keys() == set(LANGUAGES)
    assert (entry.check in check.ALL) == (entry.kind != "paper")
    assert entry.kind != "steps" or hasattr(check.ALL[entry.check], "staged")


def test_labels_are_unique():
    labels = [entry.label for entry in catalogue()]
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_has_at_least_three_exercises_with_a_check(chapter):
    kinds = [entry.kind for entry in catalogue() if entry.chapter == chapter]
    assert len(kinds) - kinds.count("paper") >= 3


def test_the_book_asks_in_several_ways():
    kinds = [entry.kind for entry in catalogue()]
    assert all(kinds.count(kind) >= 2 for kind in KINDS)


@pytest.mark.parametrize("entry", CHECKED)
def test_a_starter_calls_the_check_and_is_not_attempted(entry):
    cells = code_of(entry, solution=False)
    pattern = re.compile(CALL[entry.kind].format(check=entry.check), re.MULTILINE)
    assert any(pattern.search(cell.source) for cell in cells)
    shown = [str(output) for cell in cells for output in cell.outputs]
    assert any("bn-not_attempted" in text for text in shown)
    assert not any("bn-pass" in text for text in shown)


@pytest.mark.parametrize("entry", CHECKED)
def test_the_solution_passes_and_says_so(entry):
    (cell,) = code_of(entry, solution=True)
    call = r"^assert check\.named\(" if entry.kind == "name" else f"^assert {CALL[entry.kind][1:]}"
    assert re.search(call.format(check=entry.check), cell.source, re.MULTILINE)
    verdicts = [str(output) for output in cell.outputs if "bn-verdict" in str(output)]
    assert verdicts
    assert all("bn-pass" in text for text in verdicts)


def test_an_exercise_on_paper_calls_no_check():
    for entry in catalogue():
        if entry.kind == "paper":
            cells = [*code_of(entry, solution=False), *code_of(entry, solution=True)]
            assert not any("check." in cell.source for cell in cells), entry.label
