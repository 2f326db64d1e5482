"""`python -m bncourse experiment`: what it prints, and what it says when it cannot go on."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from bncourse.__main__ import main
from bncourse.experiments import RECIPES, RunConfig, cli, machine, sweep
from bncourse.experiments.store import read_rows


def tiny_sweep(seeds: int = 1) -> list[RunConfig]:
    """Two arms of nothing much.

    For tests only.
    """
    return [
        RunConfig(experiment="tiny", norm=norm, width=0.05, epochs=2, train_size=256, seed=seed)
        for seed in range(seeds)
        for norm in ("none", "batch")
    ]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setitem(RECIPES, "tiny", tiny_sweep)
    # It is for good, and this process has other tests to do.
    monkeypatch.setattr(machine, "keep_pages", lambda: True)
    return ["experiment", "run", "tiny", "--results", str(tmp_path), "--device", "cpu"]


def test_list_names_each_experiment_with_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["experiment", "list"]) == 0
    assert [line.split(":")[0] for line in capsys.readouterr().out.splitlines()] == list(RECIPES)


def test_run_prints_a_line_an_epoch_and_goes_on_where_it_stopped(
    run: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(run) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[:3] == [
        "tiny: 0 of 2 runs recorded, 2 to do",
        "data: shapes, embedded shapes, seed 0",
        "device: cpu, 1 thread",
    ]
    assert re.fullmatch(
        r"norm none   learning rate 0.001  seed 0  epoch 1  loss \d\.\d{4}  \[1 of 4 epochs, about .+ left\]",
        out[3],
    )
    assert re.fullmatch(r"2 runs, 4 epochs: about .+ in all, as the first epochs go", out[4])
    assert out[7].endswith("  [4 of 4 epochs]")
    assert len(out) == 3 + 4 + 1 + 3
    assert main([*run, "--seeds", "2"]) == 0
    assert capsys.readouterr().out.startswith("tiny: 2 of 4 runs recorded, 2 to do\n")
    assert main([*run, "--seeds", "2"]) == 0
    assert capsys.readouterr().out == "tiny: 4 of 4 runs recorded, 0 to do\n"
    assert len(read_rows("tiny", tmp_path)) == 4


def test_on_a_terminal_a_bar_counts_epochs(
    run: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(run) == 0
    out, bar = capsys.readouterr()
    assert "epoch 1" not in out
    assert "seed 0  epoch 2  loss " in bar
    assert "4/4" in bar
    assert "2 runs, 4 epochs: " in bar


def test_a_run_needs_nothing_but_the_package_and_pytorch(
    run: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # filelock comes with PyTorch.
    for extra in ("tqdm", "matplotlib", "distributed", "psutil", "IPython"):
        monkeypatch.setitem(sys.modules, extra, None)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(run) == 0
    assert len(read_rows("tiny", tmp_path)) == 2


def test_status_tells_what_is_recorded_and_with_which_code(
    run: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    status = ["experiment", "status", "tiny", "--results", str(tmp_path)]
    assert main(status) == 0
    assert capsys.readouterr().out.splitlines() == [
        "tiny: 0 of 2 runs recorded",
        "  norm none   learning rate 0.001  seed 0  not run",
        "  norm batch  learning rate 0.001  seed 0  not run",
    ]
    main(run)
    capsys.readouterr()
    monkeypatch.setattr(cli, "is_current", lambda recorded, model: False)
    assert main(status) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "tiny: 2 of 2 runs recorded"
    assert all("test accuracy 0." in line and "(recorded with other code)" in line for line in lines[1:])


def test_a_line_shows_what_the_runs_differ_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["experiment", "status", "batch-size", "--results", str(tmp_path)]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("  norm group  batch size  2  learning rate 0.00")
    assert main(["experiment", "status", "placement", "--results", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines()[1] == (
        "  norm batch  before the ReLU  learning rate 0.001  seed 0  not run"
    )


def test_missing_cifar_10_says_how_to_get_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["run", "first-look", "--data", str(tmp_path), "--results", str(tmp_path)]
    assert main(["experiment", *arguments]) == 1
    error = capsys.readouterr().err
    assert "python -m bncourse data download" in error
    assert "BNCOURSE_DATA" in error


def test_ctrl_c_says_that_it_can_go_on(
    run: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sweep, "run_all", interrupted)
    assert main(run) == 130
    assert capsys.readouterr().err == (
        "\nStopped. Finished runs are recorded; the same command goes on from there.\n"
    )


def test_an_unknown_experiment_is_a_usage_error() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "bncourse", "experiment", "run", "frist-look"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2
    assert "first-look" in result.stderr
    assert "Traceback" not in result.stderr
