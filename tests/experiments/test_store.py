"""Rows survive kills, several writers and other versions; reading them needs no torch."""

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from bncourse.errors import DataError
from bncourse.experiments import RunConfig, store
from bncourse.experiments.store import BrokenRowWarning, append_row, read_rows

# Each waits for the start sign, then writes rows of its own and rows that all of them try to write.
WRITER = """
import sys
from bncourse.experiments.store import append_row
import filelock
print("ready", flush=True)
sys.stdin.readline()
for i in range(10):
    for key in (f"{sys.argv[2]}-{i}", f"shared-{i}"):
        append_row({"key": key, "config": {"experiment": "try"}, "filler": "x" * 20_000}, sys.argv[1])
"""


def row(seed: int, **more: Any) -> dict[str, Any]:
    config = RunConfig(experiment="try", seed=seed)
    return {"key": config.key(), "config": config.to_json(), "test_accuracy": 0.5} | more


def seeds(folder: Path) -> list[int]:
    return [r["config"]["seed"] for r in read_rows("try", folder)]


@pytest.fixture
def two_rows(tmp_path: Path) -> Path:
    for seed in range(2):
        append_row(row(seed), tmp_path)
    return tmp_path / "try.jsonl"


def test_nothing_recorded_is_no_rows(tmp_path: Path) -> None:
    assert read_rows("try", tmp_path) == []
    assert read_rows("never-run") == []


def test_what_was_appended_is_read(two_rows: Path) -> None:
    assert seeds(two_rows.parent) == [0, 1]
    assert read_rows("try", two_rows.parent)[1] == {"schema": 1} | row(1)


def test_a_key_is_recorded_once(two_rows: Path) -> None:
    before = two_rows.read_bytes()
    assert append_row(row(1, test_accuracy=0.9), two_rows.parent) is False
    assert two_rows.read_bytes() == before


CUT = b'{"schema": 1, "key": "abc", "config": {"experiment": "try", "seed": 2'
SPOILT = {
    "no JSON": b"oops",
    "cut": CUT,
    "no object": b"[1, 2]",
    "no key": b'{"schema": 1, "config": {"experiment": "try"}}',
    "no config": b'{"schema": 1, "key": "abc"}',
    "zeros, as after a power cut": bytes(40),
    "no UTF-8": b'{"schema": 1, "key": "\xff"}',
    "carriage returns": b"\r{\r",
    "endless brackets": b"[" * 100_000,
}


def test_a_whole_last_line_without_its_end_is_kept(two_rows: Path) -> None:
    two_rows.write_bytes(two_rows.read_bytes()[:-1])
    assert seeds(two_rows.parent) == [0, 1]
    append_row(row(2), two_rows.parent)
    assert seeds(two_rows.parent) == [0, 1, 2]
    assert len(two_rows.read_bytes().splitlines()) == 3
    assert not two_rows.with_suffix(".rejected").exists()


@pytest.mark.parametrize("keep", [1, 30, len(CUT)])
def test_a_cut_last_line_is_named_and_set_aside(two_rows: Path, keep: int) -> None:
    whole = two_rows.read_bytes()
    two_rows.write_bytes(whole + CUT[:keep])
    with pytest.warns(BrokenRowWarning) as warned:
        assert seeds(two_rows.parent) == [0, 1]
    assert [str(w.message) for w in warned] == [
        "try.jsonl, line 3 is no whole row and is left out; the next run moves it to try.rejected"
    ]
    append_row(row(2), two_rows.parent)
    assert seeds(two_rows.parent) == [0, 1, 2]
    assert two_rows.read_bytes().startswith(whole + b'{"schema"')
    assert two_rows.with_suffix(".rejected").read_bytes() == CUT[:keep] + b"\n"


@pytest.mark.parametrize("line", SPOILT.values(), ids=SPOILT)
def test_a_spoilt_line_anywhere_is_named_and_set_aside(two_rows: Path, line: bytes) -> None:
    first, second = two_rows.read_bytes().splitlines(keepends=True)
    two_rows.write_bytes(line + b"\n" + first + line + b"\n\n" + second)
    with pytest.warns(BrokenRowWarning) as warned:
        assert seeds(two_rows.parent) == [0, 1]
    assert [str(w.message).split(" is ")[0] for w in warned] == ["try.jsonl, line 1", "try.jsonl, line 3"]
    assert append_row(row(1), two_rows.parent) is False
    assert two_rows.read_bytes() == first + second
    assert two_rows.with_suffix(".rejected").read_bytes() == 2 * (line + b"\n")
    assert append_row(row(2), two_rows.parent) is True
    assert seeds(two_rows.parent) == [0, 1, 2]


def test_what_is_set_aside_joins_what_was_there_before(two_rows: Path) -> None:
    aside = two_rows.with_suffix(".rejected")
    aside.write_bytes(b"an old one, cut")
    with two_rows.open("ab") as file:
        file.write(b"oops\n")
    append_row(row(2), two_rows.parent)
    assert aside.read_bytes() == b"an old one, cut\noops\n"


def test_a_line_that_is_just_being_written_is_not_broken(two_rows: Path) -> None:
    whole = two_rows.read_bytes()
    two_rows.write_bytes(whole[:-20])
    writer = threading.Timer(store._PATIENCE / 4, two_rows.write_bytes, [whole])
    writer.start()
    assert seeds(two_rows.parent) == [0, 1]  # and no warning, which would be an error here
    writer.join()


@pytest.mark.parametrize("version", [2, None])
def test_rows_of_another_schema_are_refused(two_rows: Path, version: int | None) -> None:
    with two_rows.open("a") as file:
        file.write(json.dumps({"schema": version, "key": "k"}) + "\n")
    with pytest.raises(DataError) as error:
        read_rows("try", two_rows.parent)
    assert str(error.value) == (
        f"must hold: a row has schema version 1; got: {version} in try.jsonl, line 3; "
        "try: the version of bncourse that wrote it"
    )


def test_several_writers_at_once_lose_and_mix_nothing(tmp_path: Path) -> None:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), name], **pipes) for name in "abc"
    ]
    assert [writer.stdout.readline() for writer in writers] == ["ready\n"] * 3
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=60)
        assert writer.returncode == 0
    rows = read_rows("try", tmp_path)
    assert sorted(r["key"] for r in rows) == sorted(
        f"{name}-{i}" for name in ("a", "b", "c", "shared") for i in range(10)
    )
    assert all(len(r["filler"]) == 20_000 for r in rows)


def test_reading_rows_loads_no_torch() -> None:
    code = (
        "import sys\n"
        "from bncourse.experiments import RunConfig, read_rows\n"
        "from bncourse.experiments.store import read_rows as same\n"
        "read_rows('first-look'); assert same is read_rows\n"
        "sys.exit('torch' in sys.modules or 'matplotlib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
