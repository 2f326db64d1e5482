"""What several runs say together: means with intervals, pairs by seed, runs sorted into arms.

Needs no PyTorch. Accuracy is in percent here. Chapter: twelve-configurations.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from bncourse.errors import DataError

__all__ = [
    "CHANCE",
    "Arm",
    "Interval",
    "arm",
    "at_chance",
    "by_arm",
    "flattery",
    "grouped",
    "paired",
    "percent",
    "t_interval",
]

Arm = tuple[float, str]  # dropout, and where batch norm is; "none" is nowhere
CHANCE = 10.0  # percent, of ten classes that are equally frequent

# Two-sided 95 % quantiles of Student's t for 1 to 10 degrees of freedom, from any printed table.
_T95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)


@dataclass(frozen=True)
class Interval:
    """A mean of `count` values and the 95 % interval around it; low and high are NaN for one value.

    >>> Interval(70.0, 69.0, 71.0, 3).half
    1.0
    """

    mean: float
    low: float
    high: float
    count: int

    @property
    def half(self) -> float:
        """Half its width."""
        return (self.high - self.low) / 2

    def excludes(self, value: float) -> bool:
        """Whether `value` lies outside; an interval that one value cannot give excludes nothing.

        >>> Interval(2.0, 1.0, 3.0, 3).excludes(0.0), Interval(2.0, math.nan, math.nan, 1).excludes(0.0)
        (True, False)
        """
        return value < self.low or value > self.high


def t_interval(values: Iterable[float]) -> Interval:
    """Mean and Student's 95 % interval: mean ± t · s / √n, with s the unbiased standard deviation.

    It holds the true mean in 95 of 100 repetitions when single values are normally distributed. With three
    values t is 4.3: few seeds make wide intervals, and rightly so.
    Raises DataError without any value.

    Source: Student 1908; beyond 10 degrees of freedom by the expansion of Abramowitz & Stegun, 26.7.5.

    >>> t_interval([69.0, 70.0, 71.0])
    Interval(mean=70.0, low=67.51..., high=72.48..., count=3)
    """
    found = list(values)
    if not found:
        raise DataError("a mean has at least one value", got="none", hint="recorded rows of the experiment")
    mean = fmean(found)
    if len(found) == 1:
        return Interval(mean, math.nan, math.nan, 1)
    half = _t95(len(found) - 1) * stdev(found) / math.sqrt(len(found))
    return Interval(mean, mean - half, mean + half, len(found))


def _t95(freedom: int) -> float:
    if freedom <= len(_T95):
        return _T95[freedom - 1]
    z = 1.959964
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    further: float = sum(term / freedom**power for power, term in enumerate(terms, start=1))
    return z + further


def percent(row: Mapping[str, Any], name: str = "test_accuracy") -> float:
    """An accuracy of a row in percent. A net that diverged guesses: it has chance.

    >>> percent({"test_accuracy": 0.7315}), percent({"test_accuracy": None})
    (73.15, 10.0)
    """
    share = row[name]
    return CHANCE if share is None else 100 * float(share)


def at_chance(row: Mapping[str, Any]) -> bool:
    """Whether the run learned nothing: below 12 %, where a guess among ten classes has 10.

    Of 10,000 guesses 10 % are right, give or take 1 %.

    >>> [at_chance({"test_accuracy": share}) for share in (0.1, None, 0.3)]
    [True, True, False]
    """
    return percent(row) < CHANCE + 2


def arm(row: Mapping[str, Any]) -> Arm:
    """Dropout, and where batch norm is: "none", "conv", "dense" or "both".

    >>> arm({"config": {"dropout": 0.4, "norm": "none", "where": "both"}})
    (0.4, 'none')
    """
    config = row["config"]
    return config["dropout"], "none" if config["norm"] == "none" else config["where"]


def by_arm(rows: Iterable[Mapping[str, Any]], name: str = "test_accuracy") -> dict[Arm, dict[int, float]]:
    """For each arm, in the order of the rows: seed -> accuracy in percent.

    >>> config = {"dropout": 0.4, "norm": "batch", "where": "conv", "seed": 2}
    >>> by_arm([{"config": config, "test_accuracy": 0.7}])
    {(0.4, 'conv'): {2: 70.0}}
    """
    arms: dict[Arm, dict[int, float]] = {}
    for row in rows:
        arms.setdefault(arm(row), {})[row["config"]["seed"]] = percent(row, name)
    return arms


def grouped(
    rows: Iterable[Mapping[str, Any]], *fields: str
) -> dict[tuple[Any, ...], list[Mapping[str, Any]]]:
    """The rows by what their configs say in `fields`.

    >>> list(grouped([{"config": {"norm": "none", "seed": 0}}], "norm"))
    [('none',)]
    """
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(tuple(row["config"][field] for field in fields), []).append(row)
    return groups


def paired(left: Mapping[int, float], right: Mapping[int, float]) -> Interval:
    """left − right, seed by seed: what two arms that share their seeds differ by, with its interval.

    Runs of one seed share first weights and batches, so what the seed does to both drops out.
    Raises DataError when they share no seed.

    >>> paired({0: 71.0, 1: 75.0}, {0: 70.0, 1: 74.0, 2: 9.0}).mean
    1.0
    """
    return t_interval([left[seed] - right[seed] for seed in left if seed in right])


def flattery(curve: Sequence[float]) -> float:
    """By how much the best point of a curve of accuracies lies above its last one, in points of percent.

    On test images this is what choosing the epoch by them adds to the number that is reported.

    >>> round(flattery([0.5, 0.72, 0.7]), 6)
    2.0
    """
    return 100 * (max(curve) - curve[-1])
