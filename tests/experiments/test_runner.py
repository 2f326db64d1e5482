"""Planned minus done is what runs, through kills and beside other processes."""

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bncourse.data import load
from bncourse.experiments import RECIPES, RunConfig
from bncourse.experiments.provenance import CODE, code_hash, code_of, is_current
from bncourse.experiments.runner import missing, run_all
from bncourse.experiments.store import read_rows

# Six runs; each says when an epoch ends, so that a test knows where it kills.
SWEEP = """
import sys
import torch
from bncourse.data import load
from bncourse.experiments import RECIPES, RunConfig
from bncourse.experiments.runner import run_all
torch.set_num_threads(1)
configs = [RunConfig(experiment="sweep", width=0.1, batch_size=16, epochs=3, seed=s) for s in range(6)]
data = load("shapes", train=64, test=10)
run_all(configs, data, sys.argv[1], on_epoch=lambda c, e, loss: print("epoch", c.seed, e, flush=True))
"""


def tiny(seed: int, experiment: str = "try") -> RunConfig:
    return RunConfig(experiment=experiment, width=0.1, batch_size=16, epochs=1, seed=seed)


def start(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", SWEEP, str(folder)], stdout=subprocess.PIPE, text=True)


def test_only_what_is_missing_runs(tmp_path: Path) -> None:
    data = load("shapes", train=32, test=10)
    assert run_all([tiny(1)], data, tmp_path) == 1
    planned = [tiny(0), tiny(1), tiny(2)]
    assert missing(planned, tmp_path) == [tiny(0), tiny(2)]
    assert run_all(planned, data, tmp_path) == 2
    assert run_all(planned, data, tmp_path) == 0
    assert [row["config"]["seed"] for row in read_rows("try", tmp_path)] == [1, 0, 2]


def test_a_run_done_meanwhile_by_another_process_is_not_repeated(tmp_path: Path) -> None:
    data = load("shapes", train=32, test=10)
    # While seed 0 trains, "another process" records seed 1.
    meanwhile = iter([lambda: run_all([tiny(1)], data, tmp_path)])
    heard = []

    def on_epoch(config: RunConfig, epoch: int, loss: float) -> None:
        heard.append(config.seed)
        next(meanwhile, lambda: None)()

    assert run_all([tiny(0), tiny(1)], data, tmp_path, on_epoch=on_epoch) == 1
    assert heard == [0]
    assert len(read_rows("try", tmp_path)) == 2


def test_a_row_says_where_it_came_from(tmp_path: Path) -> None:
    data = load("shapes", train=32, test=10)
    run_all([tiny(0)], data, tmp_path, device="cpu")
    (row,) = read_rows("try", tmp_path)
    assert RunConfig.from_json(row["config"]) == tiny(0)
    assert row["key"] == tiny(0).key()
    assert row["code_hash"] == code_hash()
    assert row["data"] == {"name": "shapes", "source": data.source, "digest": data.digest}
    assert set(row["versions"]) == {"python", "bncourse", "numpy", "torch"}
    assert row["device"] == "cpu"
    assert row["validation_accuracy"] is None
    assert str(Path.home()) not in str(row)
    assert str(tmp_path) not in str(row)


def test_the_code_hash_is_of_what_the_code_does(tmp_path: Path) -> None:
    def write(text: str) -> str:
        (tmp_path / "a.py").write_text(text)
        return code_hash(["a.py"], tmp_path)

    code = write('"""Old."""\ndef f(x):\n    return x + 1\n')
    assert code == write('"""New."""\n\ndef f(x):  # why\n    """More."""\n    return (x\n        + 1)\n')
    assert code != write("def f(x):\n    return x + 2\n")
    assert code != write("def f(x):\n    return x - 1\n")
    assert {name.split("/")[0] for name in CODE} == {"experiments", "models"}


def test_a_row_has_the_hash_of_the_code_of_its_net(tmp_path: Path) -> None:
    data = load("shapes", train=32, test=10)
    config = replace(tiny(0), model="small-resnet")
    run_all([config], data, tmp_path, device="cpu")
    (row,) = read_rows("try", tmp_path)
    assert row["code_hash"] == code_hash(code_of(config)) != code_hash()
    assert is_current(row["code_hash"], config)
    assert not is_current(row["code_hash"], tiny(0))


def test_what_measures_or_disturbs_a_run_is_part_of_its_code() -> None:
    assert set(code_of(replace(tiny(0), measure_every=5))) - set(CODE) == {"experiments/landscape.py"}
    assert set(code_of(replace(tiny(0), norm="batch-noisy"))) - set(CODE) == {"models/noisy.py"}


@pytest.mark.parametrize("name", RECIPES)
def test_recorded_rows_have_the_numbers_of_the_code_as_it_is(name: str) -> None:
    # When this fails: show that the changed code gives the same numbers and say so in
    # provenance._SAME_NUMBERS, or run the experiment again.
    for row in read_rows(name):
        assert is_current(row["code_hash"], RunConfig.from_json(row["config"])), row["key"]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
def test_kill_9_loses_no_finished_run_and_repeats_none(tmp_path: Path) -> None:
    lines: list[str] = []
    for _ in range(2):
        with start(tmp_path) as sweep:
            assert sweep.stdout is not None
            # The seventh epoch reported is the first of this process's third run: two are recorded.
            lines += [sweep.stdout.readline() for _ in range(7)]
            sweep.send_signal(signal.SIGKILL)
        assert sweep.returncode == -signal.SIGKILL
    with start(tmp_path) as last:
        assert last.stdout is not None
        lines += last.stdout.readlines()
    assert last.returncode == 0
    assert sorted(row["config"]["seed"] for row in read_rows("sweep", tmp_path)) == list(range(6))
    ended = [line for line in lines if line.endswith(" 2\n")]
    assert sorted(ended) == [f"epoch {seed} 2\n" for seed in range(6)]
