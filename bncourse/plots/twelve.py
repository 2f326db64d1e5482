"""The twelve configurations, and when batch norm matters, from recorded rows. Chapter: twelve-configurations.

A run that diverged has the accuracy of a guess, 10 %.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.patches import Rectangle

from bncourse.errors import StateError
from bncourse.experiments.summary import CHANCE, arm, at_chance, by_arm, grouped, percent, t_interval
from bncourse.plots.theme import COLOURS, Picture, drawing, figure

__all__ = ["accuracy_curves", "honest_intervals", "initialisation_bars", "scale_map"]

Row = Mapping[str, Any]

# Where batch norm is: what the legend says, colour, mark, line. Not by colour alone.
_WHERE: dict[str, tuple[str, str, str, Any]] = {
    "none": ("without batch norm", "orange", "s", (0, (4, 2))),
    "conv": ("behind the convolutions", "pink", "^", (0, (1, 1.5))),
    "dense": ("behind the dense layer", "grey", "D", (0, (4, 1.5, 1, 1.5))),
    "both": ("behind all three", "blue", "o", "-"),
}
_DROPOUT = {
    0.0: ("no dropout", "grey", "o"),
    0.2: ("dropout 0.2", "green", "^"),
    0.4: ("dropout 0.4", "blue", "s"),
}
_SCALES = {"raw": "pixels 0 to 255", "unit": "pixels 0 to 1", "standardised": "standardised"}
_NETS = {"none": "without batch norm", "both": "with batch norm"}
_FIRST = {"pytorch": "PyTorch", "glorot": "Glorot", "he": "He"}
_VIEWS = {"article": (0.4, 0.8), "full": (0.0, 1.0)}


def accuracy_curves(rows: Sequence[Row], view: str = "full") -> Picture:
    """Test accuracy after every epoch of `twelve-configurations`: a panel a dropout, a line a place.

    A line goes through the means of the seeds; its band reaches from the lowest to the highest.
    view: "article" has the axis of the Japanese article, 0.4 to 0.8, "full" all of it, 0 to 1.
    Raises StateError for another view.

    >>> config = {"dropout": 0.4, "norm": "batch", "where": "both", "seed": 0}
    >>> accuracy_curves([{"config": config, "curve": [0.5, 0.6]}], view="article")
    Picture('accuracy curves')
    """
    if view not in _VIEWS:
        raise StateError(f"view is one of {', '.join(_VIEWS)}", got=repr(view), hint='view="full"')
    with drawing():
        fig = figure(7.6, 3.6)
        for ax, (dropout, (title, *_)) in zip(fig.subplots(1, 3, sharey=True), _DROPOUT.items(), strict=True):
            for where in _WHERE:
                _curve(ax, where, [row["curve"] for row in rows if arm(row) == (dropout, where)])
            ax.set_title(title, fontsize=12)
            ax.set(xlabel="epoch", ylim=_VIEWS[view])
            ax.xaxis.get_major_locator().set_params(integer=True)
        fig.axes[0].set_ylabel("test accuracy")
        handles = [fig.axes[0].plot([], [], **_line(where))[0] for where in _WHERE]
        fig.legend(handles=handles, loc="outside upper center", ncols=2)
    return Picture(fig, "accuracy curves")


def _line(where: str) -> dict[str, Any]:
    name, colour, marker, dashes = _WHERE[where]
    return {"label": name, "color": COLOURS[colour], "marker": marker, "linestyle": dashes, "markersize": 4}


def _curve(ax: Axes, where: str, curves: Sequence[Sequence[float]]) -> None:
    # A run that diverged ends early; the mean is over those that are left.
    longest = max(map(len, curves), default=0)
    padded = np.full((len(curves), longest), np.nan)
    for values, curve in zip(padded, curves, strict=True):
        values[: len(curve)] = curve
    if not longest:
        return
    epochs = np.arange(1, longest + 1)
    style = _line(where) | {"label": None}
    ax.plot(epochs, np.round(np.nanmean(padded, axis=0), 4), linewidth=1.6, **style)
    if len(curves) > 1:
        low, high = np.round(np.nanmin(padded, axis=0), 4), np.round(np.nanmax(padded, axis=0), 4)
        ax.fill_between(epochs, low, high, color=style["color"], alpha=0.2, linewidth=0)


def honest_intervals(rows: Sequence[Row]) -> Picture:
    """Test accuracy of `twelve-honest`: for each arm the mean and its 95 % interval; a small mark a run.

    The interval is Student's, over the seeds, see `experiments.summary.t_interval`. One run has none.

    >>> config = {"dropout": 0.4, "norm": "batch", "where": "both", "seed": 0}
    >>> honest_intervals([{"config": config, "test_accuracy": 0.7}])
    Picture('honest intervals')
    """
    arms = by_arm(rows)
    with drawing():
        fig = figure(7.2, 4.4)
        ax = fig.add_subplot()
        for shelf, where in enumerate(_WHERE):
            for place, dropout in enumerate(_DROPOUT):
                runs = list(arms.get((dropout, where), {}).values())
                if runs:
                    _interval(ax, runs, shelf + 0.24 * (place - 1), dropout)
        ax.set_yticks(range(len(_WHERE)), [name for name, *_ in _WHERE.values()])
        ax.set(ylim=(len(_WHERE) - 0.5, -0.5), xlabel="test accuracy in %")
        ax.grid(visible=False, axis="y")
        handles = [
            ax.plot([], [], marker=marker, color=COLOURS[colour], label=name)[0]
            for name, colour, marker in _DROPOUT.values()
        ]
        fig.legend(handles=handles, loc="outside upper center", ncols=3)
    return Picture(fig, "honest intervals")


def _interval(ax: Axes, runs: Sequence[float], height: float, dropout: float) -> None:
    _, colour, marker = _DROPOUT[dropout]
    found = t_interval(runs)
    style: dict[str, Any] = {"color": COLOURS[colour]}
    if found.count > 1:
        ends = [round(found.low, 2), round(found.high, 2)]
        ax.plot(
            ends, [height, height], linewidth=1.8, solid_capstyle="butt", marker="|", markersize=7, **style
        )
    ax.plot([round(run, 2) for run in runs], [height] * len(runs), ".", markersize=4, color="#000000")
    ax.plot([round(found.mean, 2)], [height], marker, markersize=7, **style)


def scale_map(rows: Sequence[Row]) -> Picture:
    """Mean test accuracy in percent of `input-scale`: pixels down, learning rates across; a panel a net.

    The stronger a cell, the higher. A cell whose runs all stayed at chance is empty, in a dashed frame, and
    says so by its number; with a star some of its runs did, not all. × is a cell whose runs all diverged.

    >>> config = {"norm": "none", "input_scale": "raw", "learning_rate": 0.01}
    >>> scale_map([{"config": config, "test_accuracy": 0.1, "diverged": False}])
    Picture('scale map')
    """
    rates = sorted({row["config"]["learning_rate"] for row in rows})
    cells = grouped(rows, "norm", "input_scale", "learning_rate")
    with drawing():
        fig = figure(6.8, 4.6)
        for ax, norm in zip(fig.subplots(2, 1, sharex=True), ("none", "batch"), strict=True):
            for down, scale in enumerate(_SCALES):
                for across, rate in enumerate(rates):
                    _cell(ax, across, down, cells.get((norm, scale, rate), []))
            ax.set(xlim=(-0.5, max(1, len(rates)) - 0.5), ylim=(len(_SCALES) - 0.5, -0.5))
            ax.set_xticks(range(len(rates)), [f"{rate:g}" for rate in rates])
            ax.set_yticks(range(len(_SCALES)), list(_SCALES.values()))
            ax.set_title(_NETS["none" if norm == "none" else "both"], fontsize=12)
            ax.grid(visible=False)
            ax.tick_params(length=0)
            ax.spines[:].set_visible(False)
        fig.axes[-1].set_xlabel("learning rate η")
    return Picture(fig, "scale map")


def _cell(ax: Axes, across: int, down: int, runs: Sequence[Row]) -> None:
    if not runs:
        return
    mean = float(np.mean([percent(row) for row in runs]))
    guessing = [at_chance(row) for row in runs]
    strength = 0.0 if all(guessing) else round(0.75 * max(0.05, (mean - CHANCE) / (80 - CHANCE)), 3)
    ax.add_patch(
        Rectangle(
            (across - 0.47, down - 0.46),
            0.94,
            0.92,
            facecolor=to_rgba(COLOURS["blue"], strength),
            edgecolor=COLOURS["grey"],
            linestyle=(0, (3, 2)) if all(guessing) else "solid",
            linewidth=1.0,
        )
    )
    text = (
        "×"
        if all(row["diverged"] for row in runs)
        else f"{mean:.0f}" + "*" * (any(guessing) and not all(guessing))
    )
    ax.text(across, down, text, ha="center", va="center")


def initialisation_bars(rows: Sequence[Row]) -> Picture:
    """Test accuracy of `initialisation`: a panel for pixels and rate, a pair of bars for each first draw.

    A bar is the mean of the seeds, a small mark a run; the dashed line is chance.

    >>> config = {"norm": "none", "input_scale": "raw", "learning_rate": 0.01}
    >>> initialisation_bars([{"config": config | {"initialisation": "he"}, "test_accuracy": 0.1}])
    Picture('initialisation bars')
    """
    rates = sorted({row["config"]["learning_rate"] for row in rows}) or [1e-3]
    scales = [scale for scale in _SCALES if any(row["config"]["input_scale"] == scale for row in rows)] or [
        "raw"
    ]
    bars = grouped(rows, "input_scale", "learning_rate", "initialisation", "norm")
    with drawing():
        fig = figure(7.0, 0.8 + 2.1 * len(scales))
        grid = fig.subplots(len(scales), len(rates), sharex=True, sharey=True, squeeze=False)
        for axes, scale in zip(grid, scales, strict=True):
            axes[0].set_ylabel(_SCALES[scale])
            for ax, rate in zip(axes, rates, strict=True):
                for at, first in enumerate(_FIRST):
                    for norm, side in (("none", -0.19), ("batch", 0.19)):
                        _bar(ax, at + side, norm, bars.get((scale, rate, first, norm), []))
                ax.axhline(CHANCE, color=COLOURS["grey"], linewidth=1, linestyle=(0, (4, 3)))
                ax.set_xticks(range(len(_FIRST)), list(_FIRST.values()))
                ax.grid(visible=False, axis="x")
        for ax, rate in zip(grid[0], rates, strict=True):
            ax.set_title(f"η = {rate:g}", fontsize=12)
        handles = [Rectangle((0, 0), 1, 1, label=_NETS[net], **_face(net)) for net in _NETS]
        fig.legend(handles=handles, loc="outside upper center", ncols=2)
        fig.supylabel("test accuracy in %", fontsize=11)
    return Picture(fig, "initialisation bars")


def _face(net: str) -> dict[str, Any]:
    colour, strength = (COLOURS["orange"], 0.25) if net == "none" else (COLOURS["blue"], 0.7)
    return {"facecolor": to_rgba(colour, strength), "edgecolor": colour}


def _bar(ax: Axes, at: float, norm: str, runs: Sequence[Row]) -> None:
    if not runs:
        return
    values = [round(percent(row), 2) for row in runs]
    ax.bar(at, round(float(np.mean(values)), 2), width=0.36, **_face("none" if norm == "none" else "both"))
    ax.plot([at] * len(values), values, ".", color="#000000", markersize=4)
