"""The benchmark of the two backward passes: its table, its counting, what it records and has recorded."""

import dataclasses
import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from bncourse.experiments.store import read_rows

ROOT = Path(__file__).resolve().parents[1]
LARGE = {(8192, 512), (128 * 32 * 32, 64)}
RUN = ["--seconds", "0.01"]


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(variable, "1")  # the script sets them; here they are put back
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    module = importlib.import_module("backward")
    monkeypatch.setattr(module, "SHAPES", ((64, 8), (256, 4)))
    monkeypatch.setattr(module, "keep_pages", lambda: True)  # the real one would hold for all later tests
    return module


def test_prints_a_row_for_each_shape_dtype_and_allocator(
    benchmark: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert benchmark.main([*RUN, "--results", str(tmp_path)]) == 0
    head, columns, *rows = capsys.readouterr().out.splitlines()
    assert head.endswith("1 thread, backward only, staged → simplified")
    assert columns.split()[:4] == ["shape", "dtype", "pages", "staged"]
    assert [row.split()[:5] for row in rows] == [
        ["(", f"{N},", f"{D})", dtype, pages]
        for pages in ("new", "kept")
        for N, D in benchmark.SHAPES
        for dtype in ("float64", "float32")
    ]
    assert all("25 → 12" in row for row in rows)
    assert list(tmp_path.iterdir()) == []  # nothing is recorded unless asked for


def test_without_glibc_one_allocator_is_measured(
    benchmark: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(benchmark, "keep_pages", lambda: False)
    assert benchmark.main(RUN) == 0
    assert "kept" not in capsys.readouterr().out


@pytest.mark.parametrize("factor", [1.0001, np.nan])
def test_a_wrong_answer_fails_its_row_and_is_not_recorded(
    benchmark: ModuleType,
    factor: float,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    forward, backward = benchmark.FORMS["staged"]

    def wrong(*arguments: object) -> tuple[object, ...]:
        dx, *rest = backward(*arguments)
        return (dx * np.float32(factor), *rest)

    monkeypatch.setitem(benchmark.FORMS, "staged", (forward, wrong))
    monkeypatch.setattr(benchmark, "SHAPES", ((64, 8),))
    assert benchmark.main([*RUN, "--record", "--results", str(tmp_path)]) == 1
    assert capsys.readouterr().out.count("FAILED") == 4
    assert list(tmp_path.iterdir()) == []


def test_records_rows_that_can_be_read_once_a_day(
    benchmark: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for said in (0, 8):
        assert benchmark.main([*RUN, "--record", "--results", str(tmp_path)]) == 0
        assert capsys.readouterr().out.count("recorded earlier today") == said
        rows = read_rows("backward-benchmark", tmp_path)
        assert len({row["key"] for row in rows}) == len(rows) == 8
    assert set(rows[0]["versions"]) == {"python", "bncourse", "numpy", "torch"}
    assert {"code_hash", "machine", "date", "staged", "simplified"} < set(rows[0])


@dataclasses.dataclass(frozen=True)
class Kept:
    other: np.ndarray
    row: np.ndarray
    eps: float = 1e-5


# Each by hand: a full array read or written is one pass; a row, a repeated row and a number are none.
COUNTS = {
    "product of two": (lambda dy, c: dy * c.other, 3),
    "product with a row": (lambda dy, c: dy * c.row, 2),
    "product with a repeated row": (lambda dy, c: dy * np.broadcast_to(c.row, dy.shape), 2),
    "the cache alone": (lambda dy, c: 2 * c.other**2, 4),
    "a sum": (lambda dy, c: dy.sum(axis=0, dtype=np.float64), 1),
    "a sum of a product": (lambda dy, c: (dy * c.other).sum(axis=0), 4),
    "einsum": (lambda dy, c: np.einsum("nd,nd->d", dy, c.other), 2),
    "in place": (lambda dy, c: c.other.__iadd__(dy), 3),
    "in place twice": (lambda dy, c: c.other.__iadd__(dy).__imul__(c.row), 5),
    "a copy in another dtype": (lambda dy, c: dy.astype(np.float32), 2),
    "no copy in the same dtype": (lambda dy, c: np.asarray(dy).astype(dy.dtype, copy=False), 0),
    "rows only": (lambda dy, c: np.sqrt(c.row + c.eps), 0),
}


@pytest.mark.parametrize("name", COUNTS)
def test_counts_passes_over_full_arrays(benchmark: ModuleType, name: str) -> None:
    function, passes = COUNTS[name]
    assert benchmark.count_passes(function, np.ones((5, 3)), Kept(np.ones((5, 3)), np.ones(3))) == passes


def test_refuses_to_count_what_it_does_not_know(benchmark: ModuleType) -> None:
    with pytest.raises(NotImplementedError, match="roll is not counted"):
        benchmark.count_passes(lambda dy: np.roll(dy, 1), np.ones((5, 3)))


def test_memory_is_what_a_call_newly_allocates(benchmark: ModuleType) -> None:
    array = np.ones(100_000)
    assert benchmark.peak(lambda: array.sum()) < 0.01 * array.nbytes
    assert benchmark.peak(lambda: array + 1) == pytest.approx(array.nbytes, rel=0.01)
    assert benchmark.peak(lambda: [array + 1, array + 2]) == pytest.approx(2 * array.nbytes, rel=0.01)


def test_the_recorded_rows_keep_the_promise() -> None:
    rows = read_rows("backward-benchmark")
    large = [row for row in rows if (row["config"]["N"], row["config"]["D"]) in LARGE]
    found = {(r["config"]["N"], r["config"]["D"], r["config"]["dtype"], r["config"]["pages"]) for r in large}
    assert found == {(*s, t, p) for s in LARGE for t in ("float32", "float64") for p in ("new", "kept")}
    for row in large:
        assert row["memory_ratio"] <= 1 / 3
        assert row["simplified"]["passes"] < row["staged"]["passes"] / 2
        if row["config"]["pages"] == "new":  # as the allocator comes
            assert min(row["time_ratio"]["median"], row["time_ratio"]["of_minima"]) >= 2.3
    assert all(row["largest_difference"] < 1e-5 for row in rows)
