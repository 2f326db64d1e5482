"""Plans of all experiments, their titles, the table of rows, and how far a sweep is."""

import csv
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from bncourse.__main__ import main
from bncourse.errors import StateError
from bncourse.experiments import RECIPES, RunConfig, progress
from bncourse.experiments.export import flat, table
from bncourse.experiments.grids import twelve_search
from bncourse.experiments.progress import Progress
from bncourse.experiments.recipes import has_full, plan
from bncourse.experiments.store import append_row, read_rows
from bncourse.experiments.titles import title


@pytest.fixture
def searched(tmp_path: Path) -> Path:
    """A folder in which the rates of twelve-honest are known, of both budgets."""
    lines = [
        json.dumps(
            {"schema": 1, "key": c.key(), "config": c.to_json(), "validation_accuracy": c.learning_rate}
        )
        for full in (False, True)
        for c in twelve_search(full=full)
    ]
    (tmp_path / "twelve-search.jsonl").write_text("\n".join(lines) + "\n")
    return tmp_path


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("name", RECIPES)
def test_every_run_of_a_plan_has_a_title_of_its_own(name: str, full: bool, searched: Path) -> None:
    if full and not has_full(name):
        with pytest.raises(StateError) as error:
            plan(name, full=True)
        assert str(error.value).startswith("must hold: an experiment with a full budget is one of twelve-")
        assert str(error.value).endswith(f"got: full=True for {name}; try: leave full out")
        return
    planned = plan(name, 3, full=full, folder=searched)
    titles = [title(config, planned) for config in planned]
    assert len(set(titles)) == len(titles)
    # Some arms are run without a norm: their line is as long, so columns stay columns.
    assert len({line.index("learning rate") for line in titles}) == 1


def test_a_plan_that_rests_on_rows_reads_them_from_the_folder(searched: Path, tmp_path: Path) -> None:
    assert {config.learning_rate for config in plan("twelve-honest", folder=searched)} == {0.01}
    with pytest.raises(StateError, match="the learning rates were searched first"):
        plan("twelve-honest", folder=tmp_path / "empty")


def test_an_unknown_experiment_has_no_plan() -> None:
    with pytest.raises(StateError, match=r"an experiment is one of first-look, .*; got: 'frist-look'"):
        plan("frist-look")


def test_what_cannot_be_planned_yet_says_what_comes_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here = ["--results", str(tmp_path)]
    assert main(["experiment", "status", *here]) == 0
    first = "python -m bncourse experiment run twelve-search"
    assert f"\ntwelve-honest: not planned yet, first: {first}\n" in capsys.readouterr().out
    assert main(["experiment", "list", *here]) == 0
    assert f"[runs not planned yet, first: {first}]" in capsys.readouterr().out
    assert main(["experiment", "status", "twelve-honest", "--full", *here]) == 1
    assert capsys.readouterr().err.endswith(f"try: {first} --full\n")


def test_full_is_for_the_grids(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = ["--full", "--results", str(tmp_path)]
    assert main(["experiment", "list", *here]) == 0
    names = [line.split(":")[0] for line in capsys.readouterr().out.splitlines()]
    assert names == [name for name in RECIPES if has_full(name)]
    assert main(["experiment", "run", "first-look", *here]) == 1
    assert "leave full out" in capsys.readouterr().err


ROW: dict[str, Any] = {
    "key": "0f",
    "config": RunConfig(experiment="try", norm="batch", seed=3).to_json(),
    "train_loss": [2.3, None],
    "diverged": False,
    "test_accuracy": None,
    "versions": {"torch": "2.13.0"},
    "data": {"name": "shapes", "source": "embedded shapes, seed 0"},
}


def test_export_writes_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    append_row(ROW, tmp_path)
    export = ["experiment", "export", "try", "--results", str(tmp_path)]
    assert main(export) == 0
    text = capsys.readouterr().out
    ((row),) = csv.DictReader(io.StringIO(text))
    assert {name: row[name] for name in ("key", "norm", "seed", "batch_size", "data", "data_source")} == {
        "key": "0f",
        "norm": "batch",
        "seed": "3",
        "batch_size": "128",
        "data": "shapes",
        "data_source": "embedded shapes, seed 0",
    }
    assert json.loads(row["train_loss"]) == [2.3, None]
    assert (row["diverged"], row["test_accuracy"], row["versions_torch"]) == ("false", "", "2.13.0")
    out = tmp_path / "try.json"
    assert main([*export, "--format", "json", "--out", str(out)]) == 0
    (same,) = json.loads(out.read_text(encoding="utf-8"))
    assert same["train_loss"] == [2.3, None]
    assert list(same) == list(row)
    assert main([*export, "--out", str(tmp_path / "try.csv")]) == 0
    assert (tmp_path / "try.csv").read_text(encoding="utf-8") == text


def test_export_of_nothing_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["experiment", "export", "never-run", "--results", str(tmp_path)]) == 1
    assert "none of never-run" in capsys.readouterr().err


def test_rows_with_other_columns_share_a_table() -> None:
    text = table([{"key": "a", "config": {"N": 1}}, {"key": "b", "config": {"M": 2}, "more": 3}])
    assert text == "key,N,M,more\na,1,,\nb,,2,3\n"
    assert flat({"key": "a", "config": {"N": 1}, "N": 2}) == {"key": "a", "N": 1, "measured_N": 2}


@pytest.mark.parametrize("name", [*RECIPES, "backward-benchmark"])
def test_all_recorded_rows_can_be_exported(name: str) -> None:
    rows = read_rows(name)
    assert len(table(rows).splitlines()) == (len(rows) + 1 if rows else 1)


def test_time_left_is_measured(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    now = iter([0.0, 60.0, 180.0, 240.0, 240.0, 300.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(now))
    shown = Progress(runs=3, epochs=6)
    a, b, c = (RunConfig(epochs=2, seed=seed) for seed in range(3))
    shown.epoch(a, "a 1")
    shown.epoch(a, "a 2")
    shown.row(a, "a done")  # nothing new
    shown.epoch(b, "b 1")
    shown.row(b, "b diverged")  # its second epoch will not come
    shown.row(c, "c, elsewhere")
    assert capsys.readouterr().out.splitlines() == [
        "a 1  [1 of 6 epochs, about 5 min left]",
        "3 runs, 6 epochs: about 6 min in all, as the first epochs go",
        "a 2  [2 of 6 epochs, about 6 min left]",
        "b 1  [3 of 6 epochs, about 4 min left]",
        "b diverged  [4 of 6 epochs, about 2 min left]",
        "c, elsewhere  [6 of 6 epochs]",
    ]


def test_without_tqdm_a_terminal_has_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setitem(sys.modules, "tqdm", None)
    shown = Progress(runs=1, epochs=1)
    shown.epoch(RunConfig(epochs=1), "the only one")
    shown.close()
    assert capsys.readouterr().out == "the only one  [1 of 1 epochs]\n"
