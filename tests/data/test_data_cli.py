"""`python -m bncourse data …`: what it prints and with which status it ends."""

from pathlib import Path

import pytest

from bncourse.__main__ import main
from bncourse.data.cifar10 import FOLDER


def test_info_describes_what_is_found(full_size: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "info", "--data", str(full_size)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"CIFAR-10 in {full_size / FOLDER}"
    assert lines[1] == "  source: binary files of unknown origin"
    assert lines[3] == "  50,000 training and 10,000 test images"
    assert lines[5].split() == ["automobile", "5", "1"]  # the layout of this test holds zeros elsewhere
    assert "  source: embedded shapes, seed 0" in lines
    assert lines[-1].split() == ["checkerboard", "500", "100"]


def test_info_without_cifar10_tells_how_to_get_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "info", "--data", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert f"CIFAR-10: not in {tmp_path}; to get it: `python -m bncourse data download`" in out


def test_a_broken_set_is_an_error_and_no_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / FOLDER).mkdir()
    assert main(["data", "info", "--data", str(tmp_path)]) == 1
    err = capsys.readouterr().err
    assert err.startswith("must hold: ")
    assert "Traceback" not in err


def test_download_of_what_is_there_only_says_where(
    full_size: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "download", "--data", str(full_size)]) == 0
    assert capsys.readouterr().out == f"CIFAR-10 is in {full_size / FOLDER}\n"


def test_download_into_a_file_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["data", "download", "--data", str(tmp_path / "file")]) == 1
    assert capsys.readouterr().err.startswith(
        f"must hold: {tmp_path / 'file'} is a folder that can be written"
    )


def test_stopping_by_hand_says_that_it_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("bncourse.data.cli.download", stop)
    assert main(["data", "download"]) == 130
    assert capsys.readouterr().err == "\nstopped; the same command goes on from here\n"


@pytest.mark.parametrize(("argv", "status"), [([], 2), (["fetch"], 2), (["--help"], 0)])
def test_a_command_that_is_not_understood(
    argv: list[str], status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", *argv]) == status
    assert "python -m bncourse data" in "".join(capsys.readouterr())
