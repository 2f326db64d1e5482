"""The table of what the layers cost, and that wrong results fail it."""

import importlib.util
from pathlib import Path

import pytest
import torch

PATH = Path(__file__).resolve().parents[2] / "benchmarks" / "layers.py"


@pytest.fixture
def benchmark(monkeypatch):
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(variable, "1")  # the script sets them; here they are put back
    spec = importlib.util.spec_from_file_location("layers_benchmark", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "SHAPES", ((4, 32, 3, 3), (8, 64)))
    threads = torch.get_num_threads()
    yield module
    torch.set_num_threads(threads)


def test_prints_a_row_a_layer_and_succeeds(benchmark, capsys):
    assert benchmark.main(["--seconds", "0"]) == 0
    head, columns, *rows = capsys.readouterr().out.splitlines()
    assert head.endswith("float32, eager, 1 thread, forward + backward")
    assert columns.endswith("ratio, 10–90 %     difference")
    names = [row[18:43].strip() for row in rows]
    assert names[:6] == [
        "BatchNorm2d, simplified",
        "BatchNorm2d, staged",
        "GroupNorm(32)",
        "InstanceNorm2d",
        "LayerNorm",
        "RMSNorm",
    ]
    assert names[6:] == [
        "BatchNorm1d, simplified",
        "BatchNorm1d, staged",
        "GroupNorm(32)",
        "LayerNorm",
        "RMSNorm",
    ]


def test_wrong_results_fail_their_row(benchmark, capsys, monkeypatch):
    right = benchmark.layers.RMSNorm.forward
    monkeypatch.setattr(benchmark.layers.RMSNorm, "forward", lambda self, x: 1.001 * right(self, x))
    assert benchmark.main(["--seconds", "0"]) == 1
    failed = [line for line in capsys.readouterr().out.splitlines() if line.endswith("FAILED")]
    assert len(failed) == 2
    assert all("RMSNorm" in line for line in failed)
