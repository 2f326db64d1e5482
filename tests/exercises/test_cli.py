"""`python -m bncourse exercises`: what a shell sees."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bncourse.__main__ import main
from bncourse.exercises import verify
from bncourse.exercises.verify import broken_promises, languages, names
from bncourse.language import current_language

FILES = Path(__file__).parent / "cs231n_files"
RIGHT = """
import numpy as np

def inference(x, gamma, beta, mean, var, eps):
    print("working")
    return gamma * (x - mean) / np.sqrt(var + eps) + beta
"""
WRONG = RIGHT.replace("np.sqrt(var + eps)", "(var + eps)")


@pytest.fixture(autouse=True)
def progress(tmp_path, monkeypatch):
    monkeypatch.setenv("BNCOURSE_PROGRESS", str(tmp_path / "progress.json"))
    return tmp_path / "progress.json"


@pytest.fixture
def run(capsys):
    def call(*arguments):
        status = main(["exercises", *map(str, arguments)])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return call


@pytest.fixture
def file(tmp_path):
    def written(text):
        path = tmp_path / "mine.py"
        path.write_text(text)
        return path

    return written


def test_list_names_every_exercise(run):
    status, out, _ = run("list")
    assert status == 0
    chapters = {line.partition("(")[0]: line for line in out.splitlines()}
    assert chapters["inference"].startswith("inference(x, gamma, beta, mean, var, eps)  start-here, ")
    assert chapters["inference"].endswith("twelve-configurations  not attempted")
    assert "start-here, why-normalise, transform  not attempted" in chapters["batchnorm_forward"]
    rows = json.loads(run("list", "--json")[1])
    assert [row["exercise"] for row in rows] == names()


def test_a_right_function_passes_and_is_remembered(run, file):
    status, out, err = run("check", file(RIGHT))
    assert (status, err) == (0, "")
    assert out.startswith("inference: passed\n")
    assert "working" not in out
    assert f"1 of {len(names())} passed\nNext: batchnorm_forward" in run("progress")[1]
    assert run("reset")[1] == "Progress was cleared.\n"
    assert f"0 of {len(names())} passed" in run("progress")[1]


def test_a_wrong_function_is_named_and_hints_grow(run, file):
    status, out, _ = run("check", file(WRONG))
    assert status == 1
    assert "the version that divides by the variance, without the root" in out
    for number in (1, 2, 3, 3):
        assert run("hint", "inference")[1].startswith(f"Hint {number} of 3: ")
    run("check", file(WRONG))
    assert run("hint", "inference")[1].startswith("Hint 1 of 3: ")


def test_a_hint_before_a_first_try(run):
    assert run("hint", "inference")[1] == "There is no hint before a first try; call the check once.\n"


def test_json(run, file):
    status, out, _ = run("check", file(WRONG), "--json")
    message = "Your answer equals the version that divides by the variance, without the root."
    found = {"function": "inference", "status": "fail", "code": "inference.no-root", "evidence": "exact"}
    assert (status, json.loads(out)) == (1, [{**found, "inherited_from": None, "message": message}])


def test_a_function_of_another_name(run, file):
    path = file(RIGHT.replace("def inference", "def use"))
    assert run("check", f"{path}:use", "--name", "inference")[0] == 0
    assert run("check", f"{path}:use")[0] == 2
    assert "There is no exercise use" in run("check", f"{path}:use")[2]
    assert f"{path.name} has no function mine" in run("check", f"{path}:mine", "--name", "inference")[2]
    assert run("check", path)[0] == 2
    assert "There is no file" in run("check", "nowhere.py")[2]


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("import sys; sys.exit(0)", "error"),
        ("while True: pass", "timeout"),
        ("def f(:", "error"),
        ("1 / 0", "error"),
    ],
)
def test_a_file_that_cannot_be_imported_gets_a_verdict(run, file, text, status):
    began = time.monotonic()
    code, out, _ = run("check", file(text), "--import-limit", 1, "--json")
    assert time.monotonic() - began < 3
    assert code == 1
    assert [one["status"] for one in json.loads(out)] == [status]
    assert "mine.py could not be imported" in json.loads(out)[0]["message"]


def test_unwritten_functions_are_no_fault(run, file):
    assert run("check", file("def inference(x, gamma, beta, mean, var, eps): ..."))[0] == 0


def test_check_cs231n(run):
    assert run("check-cs231n", FILES / "all_right.py")[0] == 0
    assert run("check-cs231n", FILES / "unwritten.py")[0] == 0
    status, out, _ = run("check-cs231n", FILES / "no_eps.py")
    lines = out.splitlines()
    assert status == 1
    assert lines[0] == "batchnorm_forward: not yet right. Your answer equals the version without eps."
    assert lines[1].startswith("batchnorm_backward: passed. The values come from batchnorm_forward")
    assert len(lines) == 3
    assert run("check-cs231n", FILES / "wrong_cache.py")[0] == 1
    found = json.loads(run("check-cs231n", FILES / "other_functions.py", "--json")[1])
    keys = ["function", "status", "code", "evidence", "inherited_from", "message"]
    assert all(list(one) == keys for one in found)
    assert [one["status"] for one in found] == ["pass", "pass", "pass", "fail", "not_attempted"]
    assert run("check-cs231n", FILES / "nothing.py")[0] == 2


def test_a_folder_stands_for_its_layers(run, tmp_path):
    (tmp_path / "layers.py").write_text((FILES / "all_right.py").read_text())
    assert run("check-cs231n", tmp_path)[0] == 0


@pytest.mark.parametrize("lang", ["ja", "zh", "ko"])
def test_another_language(run, file, lang):
    if lang not in languages():
        pytest.skip("not translated yet")
    path = file(WRONG)
    assert run("check", path, "--lang", lang)[1] != run("check", path)[1]
    assert current_language() == "en"


def test_a_progress_file_that_cannot_be_read_is_reported(run, progress):
    progress.write_text("not JSON")
    status, _, err = run("progress")
    assert status == 0
    assert "progress.unreadable-1.json" in err
    assert progress.with_name("progress.unreadable-1.json").read_text() == "not JSON"


@pytest.mark.parametrize("name", names())
def test_an_exercise_keeps_its_promises_in_every_language(name):
    assert list(broken_promises(name)) == []


def test_a_promise_that_is_broken_is_told(run, monkeypatch):
    monkeypatch.setattr(verify, "names", lambda: ["inference"])
    monkeypatch.setattr("bncourse.exercises.cli.names", lambda: ["inference"])
    assert run("verify") == (0, "1 of 1 exercises verified\n", "")
    monkeypatch.setattr(verify, "starter", verify.solution)
    monkeypatch.setattr(verify, "solution", lambda name: "def inference(*args): return 2 * args[0] + 0.1")
    status, out, _ = run("verify")
    assert status == 1
    assert "inference: the starter counts as an attempt" in out
    assert "inference: the solution does not pass: <inference: fail, unknown>" in out
    assert "0 of 1 exercises verified" in out


def test_solution_is_a_program_that_passes(run, file):
    _, out, _ = run("solution", "inference")
    assert run("check", file(out))[0] == 0


def test_as_a_process(file):
    call = [sys.executable, "-m", "bncourse", "exercises", "check", str(file(WRONG)), "--json"]
    done = subprocess.run(call, capture_output=True, text=True, timeout=60)
    assert (done.returncode, json.loads(done.stdout)[0]["code"], done.stderr) == (1, "inference.no-root", "")
