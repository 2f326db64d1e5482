"""Figures of recorded rows: the committed files are those that the rows give, byte for byte."""

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bncourse.__main__ import main
from bncourse.experiments.store import read_rows
from bncourse.plots.recorded import FIGURES, draw, planned_rows

RESULTS = Path(__file__).resolve().parents[2] / "results"


@pytest.mark.parametrize("name", FIGURES)
def test_the_committed_figures_are_those_of_the_rows(name: str, tmp_path: Path) -> None:
    # When this fails: `make results` draws them anew. Look at them before you commit.
    for path in draw(name, tmp_path, folder=RESULTS):
        assert path.read_bytes() == (RESULTS / "figures" / path.name).read_bytes(), path.name


def test_every_committed_figure_has_an_experiment() -> None:
    drawn = {f"{file}.svg" for files in FIGURES.values() for file in files}
    assert {path.name for path in (RESULTS / "figures").iterdir()} <= drawn
    assert len(drawn) == sum(map(len, FIGURES.values()))


def test_plot_writes_files_in_the_reader_s_language(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plot = ["experiment", "plot", "placement", "--out", str(tmp_path / "new")]
    assert main(plot) == 0
    path = tmp_path / "new" / "placement.svg"
    assert capsys.readouterr().out == f"{path}\n"
    english = path.read_text(encoding="utf-8")
    ElementTree.fromstring(english)
    assert "training loss" in english
    assert re.match('<svg font-family="sans-serif"', english)
    assert main([*plot, "--lang", "ja"]) == 0
    japanese = path.read_text(encoding="utf-8")
    assert "training loss" not in japanese
    assert len(japanese.splitlines()) == len(english.splitlines())


def test_plot_says_what_it_cannot_draw(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = ["--results", str(tmp_path), "--out", str(tmp_path)]
    assert main(["experiment", "plot", "frist-look", *here]) == 1
    assert "'frist-look'" in capsys.readouterr().err
    assert main(["experiment", "plot", "first-look", *here]) == 1
    assert capsys.readouterr().err == (
        "must hold: there are recorded rows to draw; got: none of first-look; "
        "try: python -m bncourse experiment run first-look\n"
    )
    assert main(["experiment", "plot", *here]) == 0  # all there is: nothing
    assert list(tmp_path.iterdir()) == []


def test_the_order_of_rows_and_rows_of_another_budget_change_nothing(tmp_path: Path) -> None:
    rows = [json.dumps(row) for row in read_rows("placement")]
    other = json.loads(rows[0]) | {"key": "another"}
    (tmp_path / "placement.jsonl").write_text("\n".join([json.dumps(other), *reversed(rows)]) + "\n")
    assert planned_rows("placement", folder=tmp_path) == planned_rows("placement")
