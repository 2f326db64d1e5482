"""What does the short form save? Staged against simplified backward pass. Chapter: simplified-backward.

    make bench        (or: python benchmarks/backward.py; --record keeps the rows in results/)

NumPy on one thread; backward passes only, each with the cache of its own forward pass. The two take turns
within one run, so a busy machine slows both: a ratio is staged over simplified, the median of the rounds
with the 10th and 90th percentile. Peak memory is what one call newly allocates, in arrays of N × D numbers
and in MiB. Passes over memory are counted, see passes.py. The run fails when the two give different answers.

Every shape is measured with the allocator as it comes, which gives large arrays back to the system and
pays for new pages at each call, and then (glibc only) with one that keeps its pages. The first is what a
reader meets; the second leaves the passes over memory alone to make the difference.
"""

import os

# Before NumPy is loaded: it reads its number of threads once.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"

import argparse  # noqa: E402
import datetime  # noqa: E402
import hashlib  # noqa: E402
import itertools  # noqa: E402
import json  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
import tracemalloc  # noqa: E402
from collections.abc import Callable, Sequence  # noqa: E402
from functools import partial  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402
from passes import count_passes  # noqa: E402

import bncourse  # noqa: E402
from bncourse.experiments.machine import keep_pages  # noqa: E402
from bncourse.experiments.provenance import provenance  # noqa: E402
from bncourse.experiments.store import append_row, results_folder  # noqa: E402
from bncourse.reference.staged import staged_backward, staged_forward  # noqa: E402

__all__ = ["main", "measure"]

EXPERIMENT = "backward-benchmark"
CODE = ("reference/staged.py", "reference/simplified.py")
SHAPES = ((128, 1024), (8192, 512), (128 * 32 * 32, 64))
TOLERANCE = {"float64": 1e-12, "float32": 1e-5}
FORMS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "staged": (staged_forward, staged_backward),
    "simplified": (bncourse.batchnorm_forward, bncourse.batchnorm_backward),
}
SEED = 0


def inputs(N: int, D: int, dtype: str) -> list[np.ndarray]:
    """x, gamma, beta, dy; dy has a mean, so that no term of dx is zero by luck."""
    rng = np.random.default_rng(SEED)
    x, dy = 2 * rng.standard_normal((N, D)) + 1, rng.standard_normal((N, D)) + 0.5
    return [a.astype(dtype) for a in (x, rng.uniform(0.5, 1.5, D), rng.standard_normal(D), dy)]


def difference(results: Sequence[np.ndarray], others: Sequence[np.ndarray]) -> float:
    """The largest one, in units of the largest number of each result; NaN stays NaN."""
    return float(
        np.max([np.abs(a - b).max() / np.abs(b).max() for a, b in zip(results, others, strict=True)])
    )


def peak(function: Callable[[], object]) -> int:
    """Bytes that one call newly allocates at its highest point, the result among them."""
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    function()
    highest = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return highest - before


def clock(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return 1e3 * (time.perf_counter() - start)


def take_turns(functions: Sequence[Callable[[], object]], seconds: float) -> np.ndarray:
    """Milliseconds of every round, (rounds, functions); every other round goes the other way about."""
    rounds: list[list[float]] = []
    end = time.perf_counter() + seconds
    while len(rounds) < 6 or time.perf_counter() < end:
        forth = 1 if len(rounds) % 2 == 0 else -1
        rounds.append([clock(function) for function in functions[::forth]][::forth])
    return np.array(rounds)


def measure(N: int, D: int, dtype: str, seconds: float) -> dict[str, Any]:
    """One row's numbers: each form by itself, then the two compared."""
    x, gamma, beta, dy = inputs(N, D, dtype)
    calls, results, measured = [], [], {}
    for name, (forward, backward) in FORMS.items():
        cache = forward(x, gamma, beta)[1]
        call = partial(backward, dy, cache)
        calls.append(call)
        results.append(call())  # this first call warms up as well
        size = peak(call)
        measured[name] = {
            "peak_arrays": round(size / dy.nbytes, 2),
            "peak_mib": round(size / 2**20, 2),
            "passes": count_passes(backward, dy, cache),
        }
    rounds = take_turns(calls, seconds)
    for name, milliseconds in zip(FORMS, np.median(rounds, axis=0), strict=True):
        measured[name]["median_ms"] = round(float(milliseconds), 3)
    ratios, fastest = rounds[:, 0] / rounds[:, 1], rounds.min(axis=0)
    p10, median, p90 = (round(float(q), 2) for q in np.quantile(ratios, (0.1, 0.5, 0.9)))
    time_ratio = {"median": median, "p10": p10, "p90": p90, "of_minima": round(fastest[0] / fastest[1], 2)}
    return measured | {
        "time_ratio": time_ratio,
        "memory_ratio": round(measured["simplified"]["peak_arrays"] / measured["staged"]["peak_arrays"], 3),
        "rounds": len(rounds),
        "largest_difference": difference(*results),
    }


def record(row: dict[str, Any], folder: Path | str) -> bool:
    """Append the row; False when this machine and code have one of today. Later rows hold."""
    origin = provenance(code=CODE) | {"date": datetime.datetime.now(datetime.UTC).date().isoformat()}
    identity = json.dumps([row["config"], origin], sort_keys=True)
    key = hashlib.sha256(identity.encode()).hexdigest()[:16]
    return append_row({"key": key, **row, **origin}, folder)


COLUMNS = {
    "shape": "<14", "dtype": "<7", "pages": "<5", "staged ms": ">9", "simplified": ">10",
    "ratio, 10–90 %": ">17", "minima": ">6", "arrays": ">9", "peak MiB": ">13", "passes": ">7",
    "difference": ">10",
}  # fmt: skip


def columns(words: Sequence[str]) -> str:
    return "  ".join(f"{word:{width}}" for word, width in zip(words, COLUMNS.values(), strict=True))


def line(row: dict[str, Any]) -> str:
    config, ratio, staged, short = (row[name] for name in ("config", "time_ratio", *FORMS))
    words = (
        f"({config['N']:6}, {config['D']:4})",
        config["dtype"],
        config["pages"],
        f"{staged['median_ms']:.2f}",
        f"{short['median_ms']:.2f}",
        f"{ratio['median']:.2f} ({ratio['p10']:.2f}–{ratio['p90']:.2f})",
        f"{ratio['of_minima']:.2f}",
        f"{staged['peak_arrays']:.1f} → {short['peak_arrays']:.1f}",
        f"{staged['peak_mib']:.1f} → {short['peak_mib']:.1f}",
        f"{staged['passes']} → {short['passes']}",
        f"{row['largest_difference']:.0e}",
    )
    return columns(words)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 1 when the two forms differ."""
    parser = argparse.ArgumentParser(description="staged against simplified backward pass")
    parser.add_argument("--seconds", type=float, default=5.0, help="of timing for each row")
    parser.add_argument("--record", action="store_true", help=f"append the rows to {EXPERIMENT}.jsonl")
    parser.add_argument("--results", type=Path, default=results_folder(), metavar="DIR")
    options = parser.parse_args(arguments)
    print(f"NumPy {np.__version__}, 1 thread, backward only, staged → simplified")
    print(columns(list(COLUMNS)))
    failed = False
    for pages, (N, D), dtype in itertools.product(("new", "kept"), SHAPES, TOLERANCE):
        if pages == "kept" and not keep_pages():
            break
        config = {"experiment": EXPERIMENT, "N": N, "D": D, "dtype": dtype, "pages": pages}
        config |= {"threads": 1, "seed": SEED}
        row = {"config": config, **measure(N, D, dtype, options.seconds)}
        bad = not row["largest_difference"] <= TOLERANCE[dtype]  # not `>`: a NaN must fail too
        failed |= bad
        print(line(row) + ("  FAILED" if bad else ""), flush=True)
        if options.record and not bad and not record(row, options.results):
            print("  recorded earlier today on this machine; not written again")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
