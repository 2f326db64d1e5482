"""Measurements of recorded runs as arrays: whose they are, which layers they speak of, gaps."""

import math

import numpy as np
import pytest

from bncourse.experiments.measured import READINGS, series, steps


def layer(change: float | None, gradient: float = 2.0) -> dict[str, object]:
    return {"change": change, "gradient": gradient, "change_cosine": 0.5, "drift": 0.25}


def found(step: int, change: float | None = 1.0) -> dict[str, object]:
    numbers = {"step": step, "loss": 2.0, "gradient": 3.0, "smoothness": 4.0}
    lists = {"losses": [1.5, 1.0, 2.5], "changes": [1.0, 2.0, 6.0]}
    return numbers | lists | {"layers": [layer(100.0), layer(change), layer(3.0)]}


def row(norm: str, *measurements: dict[str, object]) -> dict[str, object]:
    return {"config": {"norm": norm}, "measurements": list(measurements)}


def test_rows_are_sorted_by_norm_and_stay_in_their_order() -> None:
    rows = [row("none", found(0, 1.0)), row("batch", found(0, 5.0)), row("none", found(0, 3.0))]
    shifts = series(rows, "shift")
    assert list(shifts) == ["none", "batch"]
    assert shifts["none"].tolist() == [[2.0], [3.0]]


@pytest.mark.parametrize(
    ("reading", "value"),
    [
        ("lowest loss", 1.0), ("highest loss", 2.5), ("loss range", 1.5), ("least change", 1.0),
        ("most change", 6.0), ("shift", 2.0), ("relative shift", 1.0), ("shift cosine", 0.5), ("drift", 0.25),
        ("loss", 2.0), ("gradient", 3.0), ("smoothness", 4.0),
    ],
)  # fmt: skip
def test_each_reading_and_none_speaks_of_the_first_layer(reading: str, value: float) -> None:
    assert series([row("batch", found(0))], reading)["batch"].tolist() == [[value]]


def test_every_reading_is_tested_above() -> None:
    assert len(READINGS) == 12


def test_what_was_not_finite_or_no_longer_measured_is_a_gap() -> None:
    rows = [row("none", found(0), found(26, None)), row("none", found(0))]
    values = series(rows, "shift")["none"]
    assert values.shape == (2, 2)
    assert np.isnan(values).tolist() == [[False, True], [False, True]]
    broken = found(0) | {"losses": [1.0, None], "smoothness": None}
    assert math.isnan(series([row("none", broken)], "loss range")["none"][0, 0])
    assert math.isnan(series([row("none", broken)], "smoothness")["none"][0, 0])


def test_steps_are_those_of_the_row() -> None:
    assert steps(row("none", found(0), found(26))).tolist() == [0, 26]
    assert series([], "loss") == {}
