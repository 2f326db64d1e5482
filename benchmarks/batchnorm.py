"""How fast is the readable reference? Forward and backward against PyTorch's batch norm. Chapter: numerics.

    make bench        (or: python benchmarks/batchnorm.py)

CPU, float32, one thread. The two take turns within one run, so a busy machine slows both; a ratio is the
reference's time over PyTorch's. Errors are against float64, relative to the largest number of each result;
a reference's error above the tolerance fails its row and the run. Times on another machine differ, ratios
less.
"""

import os

# Before NumPy and PyTorch are loaded: each reads its number of threads once.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"

import sys  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from statistics import median  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402
import torch  # noqa: E402
from torch.nn import functional as F  # noqa: E402

import bncourse  # noqa: E402

__all__ = ["main", "measure"]

SHAPES = ((128, 1024), (8192, 512))
TOLERANCE = 1e-5
Arrays = tuple[np.ndarray, ...]


def reference(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, dy: np.ndarray) -> Arrays:
    y, cache = bncourse.batchnorm_forward(x, gamma, beta)
    return (y, *bncourse.batchnorm_backward(dy, cache))


def pytorch(x: torch.Tensor, gamma: torch.Tensor, beta: torch.Tensor, dy: torch.Tensor) -> Arrays:
    leaves = [tensor.detach().requires_grad_() for tensor in (x, gamma, beta)]
    y = F.batch_norm(leaves[0], None, None, leaves[1], leaves[2], training=True)
    return tuple(result.detach().numpy() for result in (y, *torch.autograd.grad(y, leaves, dy)))


def inputs(N: int, D: int) -> Arrays:
    """x, gamma, beta, dy in float32; the cotangent dy has a mean, so that no term of dx cancels by luck."""
    rng = np.random.default_rng(0)
    x, dy = 2 * rng.standard_normal((N, D)) + 1, rng.standard_normal((N, D)) + 0.5
    gamma, beta = rng.uniform(0.5, 1.5, D), rng.standard_normal(D)
    return tuple(array.astype(np.float32) for array in (x, gamma, beta, dy))


def error(results: Arrays, exact: Arrays) -> float:
    return max(float(np.abs(r - e).max() / np.abs(e).max()) for r, e in zip(results, exact, strict=True))


def clock(function: Callable[..., Arrays], arguments: tuple[Any, ...]) -> float:
    start = time.perf_counter()
    function(*arguments)
    return 1e3 * (time.perf_counter() - start)


def measure(N: int, D: int, seconds: float) -> tuple[np.ndarray, float, float]:
    """Milliseconds of every round (rounds, 2), reference first; then the two errors."""
    arrays = inputs(N, D)
    tensors = tuple(map(torch.from_numpy, arrays))
    exact = pytorch(*(tensor.double() for tensor in tensors))
    errors = error(reference(*arrays), exact), error(pytorch(*tensors), exact)
    rounds: list[tuple[float, float]] = []
    end = time.perf_counter() + seconds
    while len(rounds) < 5 or time.perf_counter() < end:
        rounds.append((clock(reference, arrays), clock(pytorch, tensors)))
    return np.array(rounds), *errors


def main(*, seconds: float = 5.0, tolerance: float = TOLERANCE) -> int:
    """Print the table; 1 when an error is above the tolerance."""
    torch.set_num_threads(1)
    print(f"NumPy {np.__version__}, PyTorch {torch.__version__}, float32, 1 thread, default allocator")
    print("forward + backward    reference ms  PyTorch ms  ratio of minima  median ratio  errors to float64")
    failed = False
    for N, D in SHAPES:
        rounds, ours, theirs = measure(N, D, seconds)
        fastest, typical = rounds.min(axis=0), median(rounds[:, 0] / rounds[:, 1])
        bad = not ours <= tolerance  # not `>`: a NaN must fail too
        failed |= bad
        print(
            f"({N:5}, {D:5})       {fastest[0]:12.2f}  {fastest[1]:10.2f}  {fastest[0] / fastest[1]:15.2f}"
            f"  {typical:12.2f}  {ours:.1e} and {theirs:.1e}{'  FAILED' if bad else ''}"
        )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
