"""Pictures of why batch norm works: the landscape, the shift, learning rates, weights' norms.

Chapter: why-it-works.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from bncourse.experiments.measured import series, steps
from bncourse.experiments.summary import CHANCE, grouped, percent
from bncourse.plots.theme import COLOURS, Picture, drawing, figure

__all__ = ["landscape_ranges", "rate_ladder", "shift_along_training", "weight_norms"]

Row = Mapping[str, Any]
Values = Float[np.ndarray, "S T"]

# Not by colour alone: every norm has a mark and a stroke of its own.
_NORMS: dict[str, dict[str, Any]] = {
    "none": {"label": "without batch norm", "color": COLOURS["orange"], "marker": "s", "linestyle": "--"},
    "batch": {"label": "with batch norm", "color": COLOURS["blue"], "marker": "o", "linestyle": "-"},
    "batch-noisy": {
        "label": "batch norm and noise", "color": COLOURS["green"], "marker": "^", "linestyle": ":",
    },
}  # fmt: skip
_DECAYS: tuple[dict[str, Any], ...] = (
    {"color": COLOURS["orange"], "linestyle": "--"},
    {"color": COLOURS["blue"], "linestyle": "-"},
    {"color": COLOURS["green"], "linestyle": ":"},
    {"color": COLOURS["pink"], "linestyle": "-."},
)


def landscape_ranges(rows: Sequence[Row]) -> Picture:
    """What half to four steps of the learning rate along the gradient do, at moments of training.

    Left the loss, in the middle the change of the gradient: a band from the smallest value on the way to the
    largest, each the mean of the runs. Right the effective smoothness, logarithmic: the mean of the runs,
    and a band from the lowest run to the highest. `rows` are runs of `why-it-works` at one learning rate.

    Source: the three panels are those of Santurkar et al. 2018 (arXiv 1805.11604), figure 4.

    >>> found = {"step": 0, "losses": [2.0, 1.9], "changes": [0.1, 0.2], "smoothness": 3.0}
    >>> landscape_ranges([{"config": {"norm": "batch"}, "measurements": [found]}])
    Picture('landscape ranges')
    """
    with drawing():
        fig = figure(7.6, 3.3)
        loss, change, smooth = fig.subplots(1, 3)
        for ax, low, high in ((loss, "lowest loss", "highest loss"), (change, "least change", "most change")):
            below, above = series(rows, low), series(rows, high)
            for norm in below:
                lowest, highest = _middle(below[norm]), _middle(above[norm])
                _band(ax, _moments(rows), lowest, highest, norm)
                for edge in (lowest, highest):
                    ax.plot(_moments(rows), edge, **_style(norm), linewidth=0.9, markersize=0)
        for norm, values in series(rows, "smoothness").items():
            _line(smooth, _moments(rows), values, norm)
        _logarithmic(smooth)
        titles = ("loss along the gradient", "change of the gradient", "effective β-smoothness")
        _finish(fig, rows, titles)
    return Picture(fig, "landscape ranges")


def shift_along_training(rows: Sequence[Row]) -> Picture:
    """Internal covariate shift at moments of training: ‖G − G'‖, cosine of G and G', drift of the inputs.

    Means over the layers but the first. A line is the mean of the runs, its band reaches from the lowest
    run to the highest. `rows` are runs of `why-it-works` at one learning rate.

    >>> layer = {"change": 0.1, "change_cosine": 0.9, "drift": 0.01}
    >>> found = {"step": 0, "layers": [layer, layer]}
    >>> shift_along_training([{"config": {"norm": "batch"}, "measurements": [found]}])
    Picture('shift along training')
    """
    with drawing():
        fig = figure(7.6, 3.3)
        for ax, reading in zip(fig.subplots(1, 3), ("shift", "shift cosine", "drift"), strict=True):
            for norm, values in series(rows, reading).items():
                _line(ax, _moments(rows), values, norm)
        length, cosine, drift = fig.axes
        _logarithmic(length)
        _logarithmic(drift)
        cosine.set_ylim(None, 1.02)
        _finish(fig, rows, ("‖G − G'‖", "cosine of G and G'", "drift of the inputs"))
    return Picture(fig, "shift along training")


def rate_ladder(rows: Sequence[Row]) -> Picture:
    """Test accuracy in percent against the learning rate, a line a norm; the dashed line is chance.

    A line goes through the means of the runs, a vertical stroke reaches from the lowest run to the highest.

    >>> config = {"norm": "batch", "learning_rate": 0.1}
    >>> rate_ladder([{"config": config, "test_accuracy": 0.5}])
    Picture('rate ladder')
    """
    cells = grouped(rows, "norm", "learning_rate")
    with drawing():
        fig = figure(7.2, 3.4)
        ax = fig.add_subplot()
        for norm, style in _NORMS.items():
            rates = sorted(rate for found, rate in cells if found == norm)
            if not rates:
                continue
            runs = [[percent(row) for row in cells[norm, rate]] for rate in rates]
            means = [round(float(np.mean(found)), 2) for found in runs]
            ax.plot(rates, means, linewidth=1.7, markersize=5, **style)
            for rate, found in zip(rates, runs, strict=True):
                ends = [round(min(found), 2), round(max(found), 2)]
                ax.plot([rate, rate], ends, color=style["color"], linewidth=3, alpha=0.5)
        ax.axhline(CHANCE, color=COLOURS["grey"], linewidth=1, linestyle=(0, (4, 3)))
        rates = sorted({rate for _, rate in cells})
        if rates:
            ax.set_xscale("log")
            ax.set_xticks(rates, [f"{rate:g}" for rate in rates])
            ax.minorticks_off()
            fig.legend(handles=ax.get_legend_handles_labels()[0], loc="outside upper center", ncols=3)
        ax.set(xlabel="learning rate η", ylabel="test accuracy in %")
    return Picture(fig, "rate ladder")


def weight_norms(curves: Mapping[str, Float[np.ndarray, " T"]]) -> Picture:
    """The norm of a weight in front of a batch norm at every step, logarithmic, a line a run.

    >>> weight_norms({"no weight decay": np.array([1.0, 1.1, 1.3])})
    Picture('weight norms')
    """
    with drawing():
        fig = figure(6.8, 3.3)
        ax = fig.add_subplot()
        for (name, values), style in zip(curves.items(), _DECAYS, strict=False):
            digits = 10 ** np.round(np.log10(values), 3)
            ax.plot(np.arange(len(values)), digits, label=name, linewidth=1.8, **style)
        _logarithmic(ax)
        ax.set(xlabel="training step", ylabel="norm of the weights")
        fig.legend(loc="outside upper center", ncols=2)
    return Picture(fig, "weight norms")


def _logarithmic(ax: Axes) -> None:
    """With plain numbers at its ticks: 0.2, not 2 times a power of ten."""
    ax.set_yscale("log")
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.yaxis.set_minor_locator(NullLocator())


def _style(norm: str) -> dict[str, Any]:
    return {name: value for name, value in _NORMS[norm].items() if name != "label"}


def _moments(rows: Sequence[Row]) -> np.ndarray:
    # A run that ended early has fewer: the longest knows them all.
    return max((steps(row) for row in rows), key=len)


def _middle(values: Values) -> np.ndarray:
    """The mean of the runs at each moment, three digits after the point; a gap where one has none."""
    middle: np.ndarray = np.round(values.mean(axis=0), 3)
    return middle


def _band(ax: Axes, at: np.ndarray, low: np.ndarray, high: np.ndarray, norm: str) -> None:
    ax.fill_between(at, low, high, color=_NORMS[norm]["color"], alpha=0.25, linewidth=0)


def _line(ax: Axes, at: np.ndarray, values: Values, norm: str) -> None:
    ax.plot(at, np.round(values.mean(axis=0), 5), **_style(norm), linewidth=1.6, markersize=3.5)
    if len(values) > 1:
        _band(ax, at, np.round(values.min(axis=0), 5), np.round(values.max(axis=0), 5), norm)


def _finish(fig: Figure, rows: Sequence[Row], titles: Sequence[str]) -> None:
    for ax, title in zip(fig.axes, titles, strict=True):
        ax.set_title(title, fontsize=12)
        ax.set_xlabel("training step")
    shown = {row["config"]["norm"] for row in rows}
    handles = [fig.axes[0].plot([], [], **style)[0] for norm, style in _NORMS.items() if norm in shown]
    fig.legend(handles=handles, loc="outside upper center", ncols=3)
