"""How long does a check take? For a right answer, and for the twin that takes longest. Chapter: start-here.

    make bench        (or: python benchmarks/checks.py)

Processor time of `judge`, which is what a learner waits for: all calls of the function, on probes of the
chapters' sizes. The median over the rounds; a right answer above 50 ms fails the run.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy is loaded: it reads it once

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bncourse.exercises.judging import judge
from bncourse.exercises.specs import Exercise, exercise
from bncourse.exercises.verify import names, solution

__all__ = ["LIMIT", "main", "right_answer"]

LIMIT = 0.050  # seconds for a right answer


def _median(row: Exercise, fn: Callable[..., Any], rounds: int) -> float:
    judge(row, fn)  # what is loaded once, PyTorch among it, is not the check
    times = []
    for seed in range(rounds):
        began = time.process_time()
        judge(row, fn, rng=np.random.default_rng(seed))
        times.append(time.process_time() - began)
    return statistics.median(times)


def right_answer(name: str, rounds: int = 20) -> float:
    """Seconds for the exercise's own solution: the median over `rounds` checks.

    >>> right_answer("inference", rounds=3) < 1
    True
    """
    scope: dict[str, Any] = {}
    exec(compile(solution(name), f"{name}.py", "exec"), scope)
    return _median(exercise(name), scope[name], rounds)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line a check; 1 when a right answer takes longer than it may."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args(arguments).rounds
    print(f"{'milliseconds, median of ' + str(rounds):28} right answer  slowest twin")
    late = 0
    for name in names():
        row, right = exercise(name), right_answer(name, rounds)
        slowest = max((_median(row, fn, 1), code) for code, fn in row.twins().items())
        print(f"{name:28} {1000 * right:12.1f}  {1000 * slowest[0]:.0f} ({slowest[1]})")
        late += right > LIMIT
    return min(late, 1)


if __name__ == "__main__":
    sys.exit(main())
