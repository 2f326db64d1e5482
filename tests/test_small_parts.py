"""The language, the errors, the command line's dispatch, and the developer's copy of CIFAR-10."""

import pickle
import sys
from pathlib import Path

import pytest

import bncourse
from bncourse.__main__ import COMMANDS, USAGE, main

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))


@pytest.mark.parametrize("code", ["en", "ja", "zh", "ko"])
def test_the_language_is_the_one_chosen_last(code):
    bncourse.use_language(code)
    assert bncourse.current_language() == code


def test_another_language_is_refused_and_changes_nothing():
    bncourse.use_language("ja")
    with pytest.raises(bncourse.StateError) as caught:
        bncourse.use_language("fr")
    expected = "must hold: the language is one of en, ja, zh, ko; got: 'fr'; try: use_language(\"en\")"
    assert str(caught.value) == expected
    assert bncourse.current_language() == "ja"


@pytest.mark.parametrize("kind", [bncourse.ShapeError, bncourse.StateError, bncourse.DataError])
def test_an_error_is_a_value_error_and_survives_another_process(kind):
    error = kind("x is (N, D)", got="shape (3,)", hint="x[:, None]")
    copy = pickle.loads(pickle.dumps(error))
    assert isinstance(copy, kind)
    assert isinstance(copy, ValueError)
    assert str(copy) == str(error) == "must hold: x is (N, D); got: shape (3,); try: x[:, None]"
    assert (copy.must_hold, copy.got, copy.hint) == ("x is (N, D)", "shape (3,)", "x[:, None]")


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["--version", "data"]])
def test_an_unknown_command_says_which_there_are(arguments, capsys):
    assert main(arguments) == 2
    assert capsys.readouterr().err.strip() == USAGE
    assert all(name in USAGE for name in COMMANDS)


def test_help_is_no_error(capsys):
    assert main(["--help"]) == 0
    assert capsys.readouterr().out.strip() == USAGE


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A repository beside a `shared` folder whose script writes what the real one would, but small."""
    monkeypatch.delenv("BNCOURSE_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    script = tmp_path / "shared" / "data" / "cifar10" / "to_binary.py"
    script.parent.mkdir(parents=True)
    script.write_text(
        "import pathlib, sys\n"
        "folder = pathlib.Path(sys.argv[1]) / 'cifar-10-batches-bin'\n"
        "folder.mkdir(parents=True)\n"
        "(folder / 'test_batch.bin').write_bytes(b'')\n"
    )
    return tmp_path / "main"


def test_a_developer_s_copy_is_converted_once_and_says_what_it_is(checkout):
    from development_data import development_data

    folder = development_data(checkout)
    assert folder == checkout / ".cache" / "cifar10-jpeg"
    note = folder / "cifar-10-batches-bin" / "SOURCE.txt"
    assert note.read_text() == "JPEG copy of CIFAR-10\n"
    # A second conversion would fail: the script makes its folder anew.
    assert development_data(checkout) == folder


def test_what_the_environment_names_comes_first(checkout, monkeypatch, tmp_path):
    from development_data import development_data

    monkeypatch.setenv("BNCOURSE_DATA", str(tmp_path / "mine"))
    assert development_data(checkout) == tmp_path / "mine"


def test_without_any_copy_there_is_none(checkout, tmp_path):
    from development_data import development_data

    assert development_data(tmp_path / "elsewhere" / "main") is None
