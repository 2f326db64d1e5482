"""The benchmark's table, and that an error can fail it."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]


def script(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(variable, "1")  # the script sets them; here they are put back
    spec = importlib.util.spec_from_file_location(name, ROOT / "benchmarks" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = script("batchnorm", monkeypatch)
    monkeypatch.setattr(module, "SHAPES", ((64, 8), (256, 4)))
    return module


def test_prints_a_row_a_shape_and_succeeds(benchmark: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert benchmark.main(seconds=0.01) == 0
    head, columns, *rows = capsys.readouterr().out.splitlines()
    assert head.endswith("float32, 1 thread, default allocator")
    assert "ratio of minima  median ratio" in columns
    assert [row[:13] for row in rows] == ["(   64,     8)"[:13], "(  256,     4)"[:13]]


def test_an_error_above_the_tolerance_fails_its_row(
    benchmark: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    right = benchmark.reference

    def slightly_wrong(*arrays: object) -> tuple[object, ...]:
        y, dx, *rest = right(*arrays)
        return (y, dx * 1.0001, *rest)

    monkeypatch.setattr(benchmark, "reference", slightly_wrong)
    assert benchmark.main(seconds=0.01) == 1
    assert capsys.readouterr().out.count("FAILED") == 2


@pytest.mark.usefixtures("as_a_reader")
def test_a_check_of_a_right_answer_takes_less_than_it_may(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = script("checks", monkeypatch)
    monkeypatch.setattr(checks, "names", lambda: ["batchnorm_backward", "merge_stats"])
    assert checks.main(["--rounds", "5"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]] == checks.names()
    monkeypatch.setattr(checks, "LIMIT", 1e-6)
    assert checks.main(["--rounds", "1"]) == 1


@pytest.mark.slow
def test_the_training_benchmark_prints_every_loop_and_its_spread(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    training = script("training", monkeypatch)
    assert training.main(["--rounds", "2", "--steps", "1", "--images", "500", "--width", "0.05"]) == 0
    lines = capsys.readouterr().out.strip().splitlines()
    rows = {line[:32].strip(): line[32:].split() for line in lines[2:]}
    names = [name for name in training.LOOPS if name != "bf16" or training.has_bf16()]
    assert list(rows)[: len(names) + 1] == [*names, "two processes at once"]
    assert rows["tutorial"][1:] == ["1.00", "(1.00", "to", "1.00)"]
    for name in [*names, "two processes at once"]:
        middle, least, most = (float(rows[name][at].strip("()")) for at in (1, 2, 4))
        assert 0 < least <= middle <= most
