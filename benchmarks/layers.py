"""What do the layers of `bncourse.layers` cost beside PyTorch's own? Forward and backward. Chapter: numerics.

    make bench        (or: python benchmarks/layers.py)

CPU, float32, eager, one thread. Ours and PyTorch's take turns within one run, so a busy machine slows both;
every other round goes the other way about. A ratio is our time over PyTorch's in one round: the median over
the rounds, and the middle four fifths of them. Results that differ by more than the tolerance, relative to
the largest number of each, fail their row and the run.
"""

import os

# Before NumPy and PyTorch are loaded: each reads its number of threads once.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"

import argparse  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable, Iterator, Sequence  # noqa: E402
from functools import partial  # noqa: E402

import numpy as np  # noqa: E402
import torch  # noqa: E402
from torch import Tensor, nn  # noqa: E402

from bncourse import layers  # noqa: E402

__all__ = ["main", "measure"]

SHAPES: tuple[tuple[int, ...], ...] = ((128, 64, 32, 32), (256, 256, 8, 8), (128, 1024), (8192, 512))
TOLERANCE = 1e-4
GROUPS = 32
Pair = tuple[nn.Module, nn.Module]


def pairs(shape: tuple[int, ...]) -> Iterator[tuple[str, Pair]]:
    """Our layer and PyTorch's, by name, for inputs of a shape."""
    C = shape[1]
    batch = "BatchNorm2d" if len(shape) == 4 else "BatchNorm1d"
    for form in ("simplified", "staged"):
        yield f"{batch}, {form}", (getattr(layers, batch)(C, backward=form), getattr(nn, batch)(C))
    yield f"GroupNorm({GROUPS})", (layers.GroupNorm(GROUPS, C), nn.GroupNorm(GROUPS, C))
    if len(shape) == 4:
        named = {"affine": True}
        yield "InstanceNorm2d", (layers.InstanceNorm2d(C, **named), nn.InstanceNorm2d(C, **named))
    yield "LayerNorm", (layers.LayerNorm(shape[1:]), nn.LayerNorm(shape[1:]))
    yield "RMSNorm", (layers.RMSNorm(shape[1:]), nn.RMSNorm(shape[1:]))


def step(layer: nn.Module, x: Tensor, dy: Tensor) -> list[Tensor]:
    """Output and all gradients."""
    y = layer(x)
    return [y.detach(), *torch.autograd.grad(y, [x, *layer.parameters()], dy)]


def clock(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return 1e3 * (time.perf_counter() - start)


def take_turns(functions: Sequence[Callable[[], object]], seconds: float) -> np.ndarray:
    """Milliseconds of every round, (rounds, functions)."""
    rounds: list[list[float]] = []
    end = time.perf_counter() + seconds
    while len(rounds) < 6 or time.perf_counter() < end:
        forth = 1 if len(rounds) % 2 == 0 else -1
        rounds.append([clock(function) for function in functions[::forth]][::forth])
    return np.array(rounds)


def difference(mine: Sequence[Tensor], theirs: Sequence[Tensor]) -> float:
    return max(float((a - b).abs().max() / b.abs().max()) for a, b in zip(mine, theirs, strict=True))


def measure(pair: Pair, shape: tuple[int, ...], seconds: float) -> tuple[np.ndarray, float]:
    """Milliseconds of every round (rounds, 2), ours first; then the largest difference of results."""
    torch.manual_seed(0)
    x, dy = (2 * torch.randn(shape) + 1).requires_grad_(), torch.randn(shape) + 0.5
    calls = [partial(step, layer, x, dy) for layer in pair]
    mine, theirs = (call() for call in calls)  # which warms up as well
    return take_turns(calls, seconds), difference(mine, theirs)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 1 when results differ by more than the tolerance."""
    parser = argparse.ArgumentParser(description="bncourse.layers against torch.nn")
    parser.add_argument("--seconds", type=float, default=3.0, help="of timing for each row")
    seconds = parser.parse_args(arguments).seconds
    torch.set_num_threads(1)
    print(f"PyTorch {torch.__version__}, float32, eager, 1 thread, forward + backward")
    print(f"{'shape':<18}{'layer':<25}{'ours ms':>9}{'PyTorch ms':>12}  {'ratio, 10–90 %':<19}difference")
    failed = False
    for shape in SHAPES:
        for name, pair in pairs(shape):
            rounds, differs = measure(pair, shape, seconds)
            p10, ratio, p90 = np.quantile(rounds[:, 0] / rounds[:, 1], (0.1, 0.5, 0.9))
            mine, theirs = np.median(rounds, axis=0)
            bad = not differs <= TOLERANCE  # not `>`: a NaN must fail too
            failed |= bad
            spread = f"{ratio:.2f} ({p10:.2f}–{p90:.2f})"
            print(
                f"{shape!s:<18}{name:<25}{mine:9.2f}{theirs:12.2f}  {spread:<19}{differs:.0e}"
                f"{'  FAILED' if bad else ''}",
                flush=True,
            )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
