"""Progress: one file, never half written, and never lost when it cannot be read."""

import json
import os
from pathlib import Path

import pytest

from bncourse.exercises.progress import Entry, forget, progress_file, read_progress, record


def test_the_file_lies_where_the_user_wants_it(monkeypatch, tmp_path):
    monkeypatch.delenv("BNCOURSE_PROGRESS", raising=False)
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert progress_file() == tmp_path / ".local" / "state" / "bncourse" / "progress.json"
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "states"))
    assert progress_file() == tmp_path / "states" / "bncourse" / "progress.json"
    monkeypatch.setenv("BNCOURSE_PROGRESS", str(tmp_path / "mine.json"))
    assert progress_file() == tmp_path / "mine.json"


def test_what_is_recorded_is_read_again_and_forgotten_on_request(tmp_path):
    file = tmp_path / "new" / "folder" / "progress.json"
    record("inference", Entry("fail", "inference.no-root", "exact", hints=2), file)
    record("running_stats", Entry("pass"), file)
    record("inference", Entry("pass"), file)
    assert read_progress(file) == ({"inference": Entry("pass"), "running_stats": Entry("pass")}, None)
    assert [path.name for path in file.parent.iterdir()] == ["progress.json"]
    forget(file)
    assert read_progress(file) == ({}, None)
    forget(file)


@pytest.mark.parametrize(
    "text",
    [
        "not JSON",
        "[]",
        '{"exercises": {"inference": {"status": "splendid"}}}',
        '{"exercises": {"inference": 3}}',
        '{"exercises": {"inference": {"status": "pass", "hints": "two"}}}',
        "\udcff",
    ],
)
def test_a_file_that_cannot_be_read_is_left_aside(tmp_path, text):
    file = tmp_path / "progress.json"
    for number in (1, 2):
        file.write_bytes(text.encode("utf-8", errors="surrogateescape"))
        entries, aside = read_progress(file)
        assert (entries, aside) == ({}, tmp_path / f"progress.unreadable-{number}.json")
        assert aside.read_bytes() == text.encode("utf-8", errors="surrogateescape")
        assert not file.exists()


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    file = tmp_path / "progress.json"
    record("inference", Entry("pass"), file)
    before = file.read_text()

    def fails(*_):
        raise OSError("no space left")

    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(OSError, match="no space left"):
        record("inference", Entry("fail"), file)
    assert file.read_text() == before
    assert list(tmp_path.iterdir()) == [file]
    assert json.loads(before)["exercises"]["inference"]["status"] == "pass"


def test_nothing_personal_is_kept(tmp_path):
    file = tmp_path / "progress.json"
    record("inference", Entry("pass"), file)
    assert set(json.loads(file.read_text())["exercises"]["inference"]) == {
        "status",
        "code",
        "evidence",
        "hints",
    }
    assert Path(file).stat().st_size < 300
