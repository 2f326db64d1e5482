"""What was measured on the way of recorded runs, as arrays of seeds by moments. Chapter: why-it-works.

Needs no PyTorch. Letters: S runs (seeds), T moments of training.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from jaxtyping import Float, Int

__all__ = ["READINGS", "series", "steps"]

Measurement = Mapping[str, Any]


def _mean(name: str) -> Callable[[Measurement], float]:
    """Over the layers that have a layer before them: the first cannot be shifted."""

    def read(found: Measurement) -> float:
        return float(np.mean([_number(layer[name]) for layer in found["layers"][1:]]))

    return read


def _relative(found: Measurement) -> float:
    layers = found["layers"][1:]
    return float(np.mean([_number(layer["change"]) / (layer["gradient"] or math.nan) for layer in layers]))


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _all(found: Measurement, name: str) -> list[float]:
    return [_number(value) for value in found[name]]


# name -> how one number is read from a measurement of `experiments.landscape`
READINGS: dict[str, Callable[[Measurement], float]] = {
    "loss": lambda found: _number(found["loss"]),
    "gradient": lambda found: _number(found["gradient"]),
    "lowest loss": lambda found: float(np.min(_all(found, "losses"))),
    "highest loss": lambda found: float(np.max(_all(found, "losses"))),
    "loss range": lambda found: float(np.ptp(_all(found, "losses"))),
    "least change": lambda found: float(np.min(_all(found, "changes"))),
    "most change": lambda found: float(np.max(_all(found, "changes"))),
    "smoothness": lambda found: _number(found["smoothness"]),
    "shift": _mean("change"),
    "relative shift": _relative,
    "shift cosine": _mean("change_cosine"),
    "drift": _mean("drift"),
}


def steps(row: Mapping[str, Any]) -> Int[np.ndarray, " T"]:
    """The training steps before which the run was measured.

    >>> steps({"measurements": [{"step": 0}, {"step": 26}]})
    array([ 0, 26])
    """
    return np.array([found["step"] for found in row["measurements"]])


def series(rows: Iterable[Mapping[str, Any]], reading: str) -> dict[str, Float[np.ndarray, "S T"]]:
    """For each norm, in the order of the rows: one of READINGS of every run at every moment.

    "shift", "relative shift" (‖G − G'‖ / ‖G‖), "shift cosine" and "drift" are means over the layers but the
    first. What was not finite is NaN, and so is what a run that ended early no longer has.

    >>> losses = [{"losses": [1.0, 0.5]}, {"losses": [0.9, None]}]
    >>> series([{"config": {"norm": "batch"}, "measurements": losses}], "loss range")
    {'batch': array([[0.5, nan]])}
    """
    runs: dict[str, list[list[float]]] = {}
    for row in rows:
        values = [READINGS[reading](found) for found in row["measurements"]]
        runs.setdefault(row["config"]["norm"], []).append(values)
    longest = max((len(values) for found in runs.values() for values in found), default=0)
    return {
        norm: np.array([values + [math.nan] * (longest - len(values)) for values in found])
        for norm, found in runs.items()
    }
