"""What every chapter has, whatever it teaches. That its code runs and prints what it says is nbval's part."""

import json
import re
from pathlib import Path

import nbformat
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
BACK = {"Back matter"}
CHAPTERS = [TOC["root"]] + [
    chapter["file"] for part in TOC["parts"] if part["caption"] not in BACK for chapter in part["chapters"]
]
NOTEBOOKS = sorted((ROOT / "book").glob("*/*.ipynb"))


def read(path):
    return nbformat.read(path, as_version=4)


def prose(notebook):
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_has_exercises_with_solutions_sources_and_practice(chapter):
    text = prose(read(ROOT / f"{chapter}.ipynb"))
    slug = Path(chapter).name
    exercises = re.findall(r"^```\{exercise\} .+\n:label: (\S+)$", text, flags=re.M)
    solved = re.findall(
        r"^```\{solution(?:-start)?\} (\S+)\n:label: \S+\n:class: dropdown$", text, flags=re.M
    )
    assert len(exercises) >= 3
    assert solved == exercises  # one each, in order, folded
    for section in ("practice", "sources", "exercises"):
        assert f"({slug}-{section})=" in text


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_imports_the_package_shows_a_figure_and_asserts_its_claims(chapter):
    cells = [cell for cell in read(ROOT / f"{chapter}.ipynb").cells if cell.cell_type == "code"]
    code = "\n".join(cell.source for cell in cells)
    assert "bncourse." in code
    assert code.count("assert ") >= 5
    assert any("bn-figure" in json.dumps(output) for cell in cells for output in cell.outputs)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_notebook_is_valid_whole_and_says_nothing_of_the_machine_it_ran_on(path):
    notebook = read(path)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.execution_count
            assert all(output.output_type != "error" for output in cell.outputs)
            if cell.id != "setup":  # that one is hidden
                assert max(map(len, cell.source.splitlines())) <= 80, f"{cell.id}: a line runs off the page"
    text = path.read_text(encoding="utf-8")
    assert str(Path.home()) not in text
    assert str(ROOT) not in text
