"""Runs in other processes: the same rows, each once, whoever fails and whoever is killed."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from bncourse.__main__ import main
from bncourse.data import load
from bncourse.errors import DataError, StateError
from bncourse.experiments import RECIPES, RunConfig, executors, machine, runner, worker
from bncourse.experiments.executors import open_executor
from bncourse.experiments.runner import run_all
from bncourse.experiments.store import append_row, read_rows
from bncourse.experiments.worker import Images

ROOT = Path(__file__).resolve().parents[2]
SMALL = {"train": 64, "test": 10}
# Dropout: it draws from PyTorch's one generator, which a run in a neighbouring thread would disturb.
TINY = RunConfig(experiment="try", width=0.1, batch_size=16, epochs=2, norm="batch", dropout=0.2)
CLOCK = {"seconds", "images_per_second"}

CLUSTER = """
import sys
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(n_workers=2, processes=True, threads_per_worker=1, dashboard_address=None) as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.readline()
"""
SWEEP = """
import signal
import sys
# A program that a shell started in the background ignores Ctrl-C, and so would its children.
signal.signal(signal.SIGINT, signal.default_int_handler)
from bncourse.experiments import RECIPES, RunConfig, cli
def recipe(seeds=1):
    return [RunConfig(experiment="tiny", width=0.1, epochs=3, train_size=640, seed=s) for s in range(60)]
RECIPES["tiny"] = recipe
if __name__ == "__main__":
    options = ["--results", sys.argv[1], "--device", "cpu", "--executor", "processes:2"]
    sys.exit(cli.main(["run", "tiny", *options]))
"""


def comparable(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    kept = [{name: value for name, value in row.items() if name not in CLOCK} for row in rows]
    return sorted(kept, key=lambda row: row["key"])


def tiny_sweep(seeds: int = 1) -> list[RunConfig]:
    """Four runs, of which one asks for more images than there are.

    For tests only.
    """
    four = [replace(TINY, experiment="tiny", train_size=160, seed=seed) for seed in range(4)]
    return [replace(four[0], train_size=9_999), *four[1:]]


@pytest.fixture
def rows_of_tiny(tmp_path: Path) -> list[dict[str, Any]]:
    """What the three good runs give here, one after another."""
    run_all(tiny_sweep()[1:], load("shapes"), tmp_path / "here", device="cpu")
    return comparable(read_rows("tiny", tmp_path / "here"))


@contextmanager
def cluster() -> Iterator[str]:
    """A scheduler with two worker processes; host and port."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", CLUSTER], cwd=ROOT, **pipes) as process:
        try:
            yield process.stdout.readline().strip().removeprefix("tcp://")
        finally:
            process.stdin.write("\n")
            process.stdin.close()
            process.wait(60)


def test_any_executor_will_do_and_gives_the_same_rows(tmp_path: Path) -> None:
    data = load("shapes", **SMALL)
    planned = [replace(TINY, seed=seed) for seed in range(4)]
    run_all(planned, data, tmp_path / "here", device="cpu")
    run_all(planned[:1], data, tmp_path / "there", device="cpu")
    with ThreadPoolExecutor(4) as executor:
        assert run_all(planned, data, tmp_path / "there", device="cpu", executor=executor) == 3
        assert run_all(planned, data, tmp_path / "there", device="cpu", executor=executor) == 0
    here, there = (read_rows("try", tmp_path / name) for name in ("here", "there"))
    assert comparable(here) == comparable(there)


def test_a_run_that_fails_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    data = load("shapes", **SMALL)
    planned = [replace(TINY, train_size=9_999), *(replace(TINY, seed=seed) for seed in range(2))]
    failed = []
    with ThreadPoolExecutor(1) as executor:
        count = run_all(
            planned, data, tmp_path, executor=executor, on_failure=lambda *both: failed.append(both)
        )
        assert count == 2
        ((config, error),) = failed
        assert config == planned[0]
        assert isinstance(error, DataError)
        assert len(read_rows("try", tmp_path)) == 2
        with pytest.raises(DataError, match="train_size=9999"):
            run_all([*planned, replace(TINY, seed=7)], data, tmp_path, executor=executor)
    assert sorted(row["config"]["seed"] for row in read_rows("try", tmp_path)) == [0, 1, 7]


def test_what_another_process_recorded_meanwhile_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = [replace(TINY, seed=seed) for seed in range(3)]
    started = []

    def run_one(config: RunConfig, **rest: object) -> dict[str, Any]:
        started.append(config.seed)
        time.sleep(0.5 * config.seed)  # seed 1 is under way while the runner hears of seed 2
        return {"key": config.key(), "config": config.to_json()}

    def other(row: dict[str, Any]) -> None:
        append_row({"key": planned[2].key(), "config": planned[2].to_json()}, tmp_path)

    monkeypatch.setattr(runner, "run_one", run_one)
    with ThreadPoolExecutor(1) as executor:
        run_all(planned, load("shapes", **SMALL), tmp_path, executor=executor, on_row=other)
    assert started == [0, 1]
    assert len(read_rows("try", tmp_path)) == 3


def test_a_worker_with_other_images_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    images = Images.of(load("shapes", **SMALL, seed=1))
    with pytest.raises(DataError, match="a worker has the images that the run was planned with"):
        images.load()
    assert Images.of(load("shapes", **SMALL), "some/folder").root == str(Path("some/folder").resolve())


def test_a_worker_loads_its_images_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setattr(worker, "load", lambda *args, **kwargs: calls.append(args) or load(*args, **kwargs))
    images = Images.of(load("shapes", train=48, test=10))
    for seed in range(3):
        worker.run_one(replace(TINY, epochs=1, seed=seed), images=images, device="cpu")
    assert calls == [("shapes",)]


@pytest.mark.slow
def test_processes_give_the_same_rows(
    tmp_path: Path,
    rows_of_tiny: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(RECIPES, "tiny", tiny_sweep)
    run = ["experiment", "run", "tiny", "--results", str(tmp_path), "--device", "cpu"]
    assert main([*run, "--executor", "processes:2"]) == 1
    out, err = capsys.readouterr()
    assert "\nworkers: processes:2\n" in out
    assert "\ntiny: 3 of 4 runs recorded\n" in out
    assert err.startswith(
        "failed: norm batch  learning rate 0.001  seed 0  DataError: must hold: batch_size ≤"
    )
    assert err.endswith("1 run failed; the same command tries again what is not recorded.\n")
    assert comparable(read_rows("tiny", tmp_path)) == rows_of_tiny


@pytest.mark.slow
def test_the_workers_of_a_dask_scheduler_give_the_same_rows(
    tmp_path: Path,
    rows_of_tiny: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(RECIPES, "tiny", tiny_sweep)
    run = ["experiment", "run", "tiny", "--results", str(tmp_path), "--device", "cpu"]
    with cluster() as address:
        assert main([*run, "--executor", f"dask://{address}"]) == 1
    assert "\ntiny: 3 of 4 runs recorded\n" in capsys.readouterr().out
    rows = read_rows("tiny", tmp_path)
    assert comparable(rows) == rows_of_tiny
    assert {row["threads"] for row in rows} == {1}


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
@pytest.mark.parametrize("sign", ["SIGINT", "SIGKILL"])
def test_a_sweep_that_is_stopped_leaves_no_worker_and_goes_on_later(tmp_path: Path, sign: str) -> None:
    script = tmp_path / "sweep.py"
    script.write_text(SWEEP)
    command = [sys.executable, str(script), str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        while "  done  [" not in process.stdout.readline():
            assert process.poll() is None
        workers = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(getattr(signal, sign))
        _, err = process.communicate(timeout=60)
    assert len(workers) >= 2
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert alive == []
    if sign == "SIGINT":
        assert process.returncode == 130
        assert "the same command goes on from there" in err
    rows = read_rows("tiny", tmp_path)
    assert 1 <= len(rows) < 60
    todo = runner.missing(
        [RunConfig(experiment="tiny", width=0.1, epochs=3, train_size=640, seed=s) for s in range(60)],
        tmp_path,
    )
    assert len(todo) == 60 - len(rows)


@pytest.mark.parametrize(
    "where", ["processes", "processes:0", "processes:-1", "dask://", "dask:1", "ssh://x"]
)
def test_another_executor_is_refused(where: str) -> None:
    with pytest.raises(StateError) as error, open_executor(where):
        pass
    assert str(error.value) == (
        f"must hold: an executor is processes:N or dask://host:port; got: {where!r}; "
        "try: --executor processes:2"
    )


def test_without_dask_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(StateError, match=r"try: pip install 'bncourse\[distributed\]'"),
        open_executor("dask://h:1"),
    ):
        pass


def test_without_a_scheduler_it_says_how_to_start_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "_PATIENCE", 1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
        with (
            pytest.raises(StateError, match="a Dask scheduler answers") as error,
            open_executor(f"dask://{address}"),
        ):
            pass
    assert str(error.value).endswith("try: dask scheduler, and dask worker HOST:PORT for each worker")


def test_a_plain_run_and_a_worker_keep_their_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = []
    monkeypatch.setattr(machine, "keep_pages", lambda: kept.append("pages") or True)
    monkeypatch.setitem(RECIPES, "tiny", lambda seeds: [replace(tiny_sweep()[1], epochs=1)])
    assert main(["experiment", "run", "tiny", "--results", str(tmp_path), "--device", "cpu"]) == 0
    assert len(kept) == 1
    executors.prepare(1)
    assert len(kept) == 2
