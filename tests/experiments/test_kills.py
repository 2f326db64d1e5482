"""kill -9 at any moment, one writer or two: every planned row exactly once, and no line lost."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bncourse.experiments import RunConfig
from bncourse.experiments.store import append_row, read_rows

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9"),
]

# Loads PyTorch once, then forks a process for each attempt: a fresh one would take longer than the sweep.
# It prints how long a whole sweep takes, and a line for each row that a process says it recorded.
SWEEP = """
import os, random, signal, sys, time
import filelock, torch
from bncourse.data import load
from bncourse.experiments import RunConfig, training
from bncourse.experiments.runner import run_all

folder, writers, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(1)
data = load("shapes", train=64, test=10)
configs = [RunConfig(experiment="sweep", width=0.05, batch_size=16, epochs=1, seed=s) for s in range(30)]

def start(where, planned):
    child = os.fork()
    if child == 0:
        try:
            run_all(planned, data, where, device="cpu", on_row=lambda row: print(row["key"], flush=True))
            os._exit(0)
        finally:
            os._exit(1)
    return child

def end(child):
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

before = time.monotonic()
assert end(start(f"{folder}/whole", configs)) == 0
whole = time.monotonic() - before
print("whole", round(whole, 2), flush=True)

# Ten moments from the start of the sweep to its end; the time between two is what a process is given.
draw = random.Random(seed)
moments = [0.0, *sorted(draw.uniform(0, whole) for _ in range(10))]
for earlier, later in zip(moments, moments[1:]):
    # Two writers go through the runs from either end, and meet.
    children = [start(f"{folder}/killed", configs[::step]) for step in (1, -1)[:writers]]
    for child in draw.sample(children, writers):
        time.sleep((later - earlier) / writers)
        os.kill(child, signal.SIGKILL)
    print("ended", *(end(child) for child in children), flush=True)
children = [start(f"{folder}/killed", configs[::step]) for step in (1, -1)[:writers]]
print("last", *(end(child) for child in children), flush=True)
"""

# A writer that dies at the n-th of the moments at which something reaches the disk.
WRITER = """
import os, signal, sys
from pathlib import Path
import filelock
from bncourse.experiments import store

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def deadly(function, moments):
    def call(*arguments):
        if moments() == 0:
            die()
        result = function(*arguments)
        if moments() == 0:
            die()
        return result
    return call

def write_half(path, lines):
    with path.open("ab") as file:
        content = b"".join(lines)
        file.write(content[: len(content) // 2])
        file.flush()
        die()

row, folder = __import__("json").loads(sys.argv[1]), Path(sys.argv[2])
for stage in sorted(folder.iterdir()):
    child = os.fork()
    if child == 0:
        try:
            kind, number = stage.name.split("-")
            left = [int(number)]
            def moments():
                left[0] -= 1
                return left[0] + 1
            if kind == "moment":
                os.fsync, os.replace = deadly(os.fsync, moments), deadly(os.replace, moments)
            else:
                whole = store._add
                store._add = lambda *both: write_half(*both) if moments() == 0 else whole(*both)
            store.append_row(row, stage)
        finally:
            os._exit(0)
    print(stage.name, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
SPOILT, CUT = b'{"schema": 1, "key": "spoi', b'{"schema": 1, "key": "cut'


@pytest.mark.timeout(600)  # twenty seconds on a quiet machine
@pytest.mark.parametrize("writers", [1, 2])
def test_kill_9_at_ten_moments_of_a_sweep_loses_nothing_and_repeats_nothing(
    tmp_path: Path, writers: int
) -> None:
    command = [sys.executable, "-c", SWEEP, str(tmp_path), str(writers), "0"]
    out = subprocess.run(command, capture_output=True, text=True, check=False, timeout=500)
    assert out.returncode == 0, out.stderr
    first, *lines = out.stdout[out.stdout.index("whole") :].splitlines()
    ended = [line.split()[1:] for line in lines if line.startswith("ended")]
    assert len(ended) == 10
    assert sum(code == "-9" for codes in ended for code in codes) >= 5, f"the kills came too late; {first}"
    assert lines[-1] == "last" + " 0" * writers
    planned = [
        RunConfig(experiment="sweep", width=0.05, batch_size=16, epochs=1, seed=s).key() for s in range(30)
    ]
    # Whole lines only, or this would warn, and a warning is an error.
    recorded = [row["key"] for row in read_rows("sweep", tmp_path / "killed")]
    assert sorted(recorded) == sorted(planned)
    told = [line for line in lines if line in planned]
    assert set(told) <= set(recorded)
    if writers == 1:
        assert len(told) == len(set(told))  # no run that was recorded ran again


def row(seed: int) -> dict[str, object]:
    config = RunConfig(experiment="try", seed=seed)
    return {"key": config.key(), "config": config.to_json()}


def test_kill_9_at_each_moment_of_writing_loses_no_line(tmp_path: Path) -> None:
    append_row(row(0), tmp_path / "start")
    good = (tmp_path / "start" / "try.jsonl").read_bytes()
    # Before and after each of: the rejected lines are safe, the new file is safe, it is in place, the row is.
    stages = [f"moment-{n}" for n in range(8)] + [f"half-{n}" for n in range(3)]
    for stage in stages:
        (tmp_path / "stages" / stage).mkdir(parents=True)
        (tmp_path / "stages" / stage / "try.jsonl").write_bytes(SPOILT + b"\n" + good + CUT)
    command = [sys.executable, "-c", WRITER, json.dumps(row(1)), str(tmp_path / "stages")]
    out = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert sorted(out.stdout.splitlines()) == sorted(f"{stage} -9" for stage in stages)
    for stage in stages:
        folder = tmp_path / "stages" / stage
        there = (folder / "try.jsonl").read_bytes()
        rejected = folder / "try.rejected"
        aside = rejected.read_bytes() if rejected.exists() else b""
        assert good.strip() in there.split(b"\n"), stage
        for line in (SPOILT, CUT):
            assert line in there.split(b"\n") or line in aside.split(b"\n"), stage
        append_row(row(1), folder)
        assert [found["key"] for found in read_rows("try", folder)] == [row(0)["key"], row(1)["key"]]
        assert {SPOILT, CUT} <= set(rejected.read_bytes().split(b"\n")), stage
