"""`torchrun … -m bncourse experiment run`: the first worker records and speaks, runs are not repeated."""

from pathlib import Path

import numpy as np
import pytest
from torchrun_script import tiny
from workers import run_workers

from bncourse.__main__ import main
from bncourse.data import load
from bncourse.experiments import RECIPES
from bncourse.experiments.runner import run_all
from bncourse.experiments.store import read_rows

SCRIPT = Path(__file__).with_name("torchrun_script.py")


@pytest.mark.slow
def test_two_workers_record_each_run_once(tmp_path: Path) -> None:
    run_all(tiny()[:1], load("shapes"), tmp_path / "alone", device="cpu")
    run_workers(SCRIPT, tmp_path)
    first = (tmp_path / "log.txt").read_text()
    assert first.count("tiny: 0 of 2 runs recorded, 2 to do\n") == 1
    assert first.count("device: cpu, 1 thread, 2 workers\n") == 1
    assert first.count("epoch 2  loss ") == 2
    assert "tiny: 2 of 2 runs recorded\n" in first
    rows = read_rows("tiny", tmp_path)
    assert [row["key"] for row in rows] == [config.key() for config in tiny()]
    assert {row["workers"] for row in rows} == {2}
    (alone,) = read_rows("tiny", tmp_path / "alone")
    np.testing.assert_allclose(rows[0]["train_loss"], alone["train_loss"], atol=1e-3)
    run_workers(SCRIPT, tmp_path)
    assert "tiny: 2 of 2 runs recorded, 0 to do\n" in (tmp_path / "log.txt").read_text()
    assert len(read_rows("tiny", tmp_path)) == 2


def test_an_executor_and_torchrun_are_one_too_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setitem(RECIPES, "tiny", tiny)
    arguments = ["run", "tiny", "--results", str(tmp_path), "--executor", "processes:2"]
    assert main(["experiment", *arguments]) == 1
    assert "leave one of them out" in capsys.readouterr().err


def test_other_workers_than_the_first_are_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RANK", "1")
    assert main(["experiment", "list"]) == 0
    assert capsys.readouterr().out == ""
