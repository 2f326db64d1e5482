"""Which figures are drawn of which recorded rows. Chapter: results.

A figure's file is the same bytes whenever it is drawn from the same rows.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

from bncourse.errors import StateError
from bncourse.experiments.recipes import RECIPES, plan
from bncourse.experiments.store import read_rows
from bncourse.experiments.summary import grouped, percent
from bncourse.plots.backward import backward_cost
from bncourse.plots.batch_sizes import batch_size_errors
from bncourse.plots.figures import first_look
from bncourse.plots.landscape import landscape_ranges, rate_ladder, shift_along_training
from bncourse.plots.placement import placement_runs
from bncourse.plots.theme import Picture
from bncourse.plots.twelve import accuracy_curves, honest_intervals, initialisation_bars, scale_map

__all__ = ["FIGURES", "draw", "planned_rows"]

Rows = Sequence[Mapping[str, Any]]

# Error in percent on ImageNet, Wu & He 2018 (arXiv 1803.08494), table 2.
_PUBLISHED = {
    "batch": {32: [23.6], 16: [23.7], 8: [24.8], 4: [27.3], 2: [34.7]},
    "group": {32: [24.1], 16: [24.2], 8: [24.0], 4: [24.2], 2: [24.1]},
}


def _batch_sizes(rows: Rows) -> Picture:
    measured: dict[str, dict[int, list[float]]] = {"batch": {}, "group": {}}
    for row in rows:
        config, error = row["config"], 100 * (1 - row["test_accuracy"])
        measured[config["norm"]].setdefault(config["batch_size"], []).append(error)
    return batch_size_errors(_PUBLISHED, measured)


def _at_plain_rate(rows: Rows) -> list[Mapping[str, Any]]:
    """Those at the learning rate that is best, by validation, without a norm: no norm gains by the choice."""
    plain = grouped((row for row in rows if row["config"]["norm"] == "none"), "learning_rate")
    (best,) = max(plain, key=lambda rate: fmean(percent(row, "validation_accuracy") for row in plain[rate]))
    return [row for row in rows if row["config"]["learning_rate"] == best]


def _shift(rows: Rows) -> Picture:
    return shift_along_training(_at_plain_rate(rows))


def _landscape(rows: Rows) -> Picture:
    return landscape_ranges([row for row in _at_plain_rate(rows) if row["config"]["norm"] != "batch-noisy"])


# Experiment -> name of the file -> the figure of its rows.
FIGURES: dict[str, dict[str, Callable[[Rows], Picture]]] = {
    "backward-benchmark": {"backward-benchmark": backward_cost},
    "first-look": {"first-look": first_look},
    "batch-size": {"batch-size": _batch_sizes},
    "placement": {"placement": placement_runs},
    "twelve-configurations": {
        "twelve-configurations": partial(accuracy_curves, view="full"),
        "twelve-configurations-article": partial(accuracy_curves, view="article"),
    },
    "twelve-honest": {"twelve-honest": honest_intervals},
    "input-scale": {"input-scale": scale_map},
    "initialisation": {"initialisation": initialisation_bars},
    "why-it-works": {
        "why-it-works": rate_ladder,
        "why-it-works-shift": _shift,
        "why-it-works-landscape": _landscape,
    },
}


def planned_rows(name: str, *, full: bool = False, folder: Path | str | None = None) -> list[dict[str, Any]]:
    """The recorded rows of one budget of an experiment; rows of a benchmark, which has no plan, are all.

    Without `folder` those that came with the package. Raises StateError when there is none.

    >>> len(planned_rows("first-look")) % 4
    0
    """
    rows = read_rows(name, folder)
    if name in RECIPES and rows:
        # Those of the plan alone: rows of another budget, or of an older plan, lie in the same file.
        seeds = 1 + max(row["config"]["seed"] for row in rows)
        wanted = [config.key() for config in plan(name, seeds, full=full, folder=folder)]
        by_key = {row["key"]: row for row in rows}
        # In their order: the one in which they were written is chance when several workers wrote them.
        rows = [by_key[key] for key in wanted if key in by_key]
    if not rows:
        run = f"python -m bncourse experiment run {name}{' --full' if full else ''}"
        raise StateError("there are recorded rows to draw", got=f"none of {name}", hint=run)
    return rows


def draw(name: str, out: Path | str, *, full: bool = False, folder: Path | str | None = None) -> list[Path]:
    """Write the figures of an experiment, in the reader's language, as SVG files into `out`; their paths.

    Raises StateError for an experiment without figures, and when it has no rows.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as out:
    ...     [path.name for path in draw("first-look", out)]
    ['first-look.svg']
    """
    if name not in FIGURES:
        raise StateError(
            f"an experiment with figures is one of {', '.join(FIGURES)}", got=repr(name), hint="first-look"
        )
    rows = planned_rows(name, full=full, folder=folder)
    paths = []
    for file, figure in FIGURES[name].items():
        path = Path(out) / f"{file}.svg"
        path.parent.mkdir(parents=True, exist_ok=True)
        # A page brings its own fonts; a file has none.
        svg = figure(rows).svg().replace("<svg", '<svg font-family="sans-serif"', 1)
        path.write_text(svg + "\n", encoding="utf-8", newline="\n")
        paths.append(path)
    return paths
