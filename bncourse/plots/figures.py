"""The figures of the first chapters. Each takes numbers that were computed elsewhere.

Chapters: start-here, transform, train-and-inference. Numbers are rounded before they are drawn:
the last bit of a sum differs between processors, and a picture should not.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from bncourse.plots.theme import COLOURS, Picture, drawing, figure

__all__ = ["batch_table", "eps_effect", "first_look", "running_mean", "transform_steps", "variance_bias"]

_ORDER = ("blue", "orange", "green", "pink")
_ARMS = {"none": ("orange", "without batch norm", (4, 2)), "batch": ("blue", "with batch norm", ())}


def batch_table() -> Picture:
    """A batch as a table: N examples down, D features across, one column marked.

    >>> batch_table()
    Picture('batch table')
    """
    N, D, marked = 6, 5, 2
    with drawing():
        fig = figure(6.4, 3.0)
        ax = fig.add_subplot()
        for row in range(N):
            for column in range(D):
                face = COLOURS["blue"] if column == marked else "none"
                ax.add_patch(
                    Rectangle((column, N - 1 - row), 0.9, 0.8, facecolor=face, edgecolor=COLOURS["grey"])
                )
        ax.text(-0.25, N / 2, "N examples", ha="right", va="center")
        ax.text(D / 2, N + 0.25, "D features", ha="center", va="bottom")
        ax.text(
            D + 0.3, N / 2 + 0.5, "one feature, all examples:", ha="left", va="center", color=COLOURS["blue"]
        )
        ax.text(
            D + 0.3, N / 2 - 0.5, "one mean and one variance", ha="left", va="center", color=COLOURS["blue"]
        )
        ax.set(xlim=(-2.4, D + 5.2), ylim=(-0.2, N + 1.2), aspect="equal")
        ax.axis("off")
    return Picture(fig, "batch table")


def _step_histogram(ax: Axes, values: Float[np.ndarray, " N"], edges: np.ndarray, **line: Any) -> None:
    share, _ = np.histogram(values, bins=edges)
    heights = np.round(share / len(values), 4)
    ax.stairs(heights, np.round(edges, 4), linewidth=1.8, **line)


def transform_steps(
    x: Float[np.ndarray, "N D"], x_hat: Float[np.ndarray, "N D"], y: Float[np.ndarray, "N D"]
) -> Picture:
    """Histograms of every feature before, after normalising, and after scale and shift.

    >>> columns = np.random.default_rng(0).normal(size=(50, 2))
    >>> transform_steps(columns, columns, columns)
    Picture('transform steps')
    """
    with drawing():
        fig = figure(7.4, 2.9)
        titles = ("input x", "normalised x̂", "output y = γ x̂ + β")
        for ax, values, title in zip(fig.subplots(1, 3), (x, x_hat, y), titles, strict=True):
            edges = np.linspace(np.floor(values.min()), np.ceil(values.max()), 41)
            for d in range(values.shape[1]):
                _step_histogram(ax, values[:, d], edges, color=COLOURS[_ORDER[d]])
            ax.set_title(title, fontsize=12)
            ax.set_yticks([])
            ax.grid(visible=False)
            ax.spines["left"].set_visible(False)
    return Picture(fig, "transform steps")


def eps_effect(std: Float[np.ndarray, " S"], variance: Mapping[str, Float[np.ndarray, " S"]]) -> Picture:
    """Variance of x̂ against the standard deviation of x; one curve a value of eps.

    >>> std = np.geomspace(0.01, 1, 3)
    >>> eps_effect(std, {"eps = 0.001": std**2 / (std**2 + 1e-3)})
    Picture('eps effect')
    """
    with drawing():
        fig = figure(6.4, 3.0)
        ax = fig.add_subplot()
        for (name, values), colour in zip(variance.items(), _ORDER, strict=False):
            ax.plot(np.round(std, 6), np.round(values, 5), color=COLOURS[colour], linewidth=2, label=name)
        ax.set_xscale("log")
        ax.set(xlabel="standard deviation of x", ylabel="variance of x̂", ylim=(0, 1.05))
        fig.legend(loc="outside upper center", ncols=3)
    return Picture(fig, "eps effect")


def running_mean(curves: Mapping[str, Float[np.ndarray, " T"]], truth: float) -> Picture:
    """A running mean after each step, one curve a weight, and the value it should find.

    >>> running_mean({"new_weight = 0.1": np.array([0.0, 0.5, 0.9])}, truth=1.0)
    Picture('running mean curves')
    """
    with drawing():
        fig = figure(7.0, 3.1)
        ax = fig.add_subplot()
        for (name, values), colour in zip(curves.items(), _ORDER, strict=False):
            ax.plot(
                np.arange(len(values)), np.round(values, 4), color=COLOURS[colour], linewidth=1.6, label=name
            )
        ax.axhline(truth, color="#000000", linewidth=1, linestyle=(0, (4, 3)), label="mean of the data")
        ax.set(xlabel="training step", ylabel="running mean")
        fig.legend(loc="outside upper center", ncols=3)
    return Picture(fig, "running mean curves")


def variance_bias(
    N: Sequence[int], biased: Float[np.ndarray, " S"], unbiased: Float[np.ndarray, " S"]
) -> Picture:
    """Average estimate over many batches, as a share of the true variance, against the batch size.

    >>> variance_bias([2, 4], np.array([0.5, 0.75]), np.array([1.0, 1.0]))
    Picture('variance bias')
    """
    with drawing():
        fig = figure(6.4, 3.0)
        ax = fig.add_subplot()
        for values, name, colour in (
            (biased, "divided by N", "orange"),
            (unbiased, "divided by N − 1", "blue"),
        ):
            ax.plot(N, np.round(values, 3), color=COLOURS[colour], marker="o", linewidth=1.8, label=name)
        ax.set_xscale("log", base=2)
        ax.set_xticks(list(N), [str(n) for n in N])
        ax.set(xlabel="batch size N", ylabel="estimate / true variance", ylim=(0, 1.15))
        fig.legend(loc="outside upper center", ncols=3)
    return Picture(fig, "variance bias")


def first_look(rows: Sequence[Mapping[str, Any]]) -> Picture:
    """Training loss of the recorded `first-look` runs: one panel a learning rate, one line a run.

    >>> config = {"norm": "batch", "learning_rate": 0.001, "log_every": 10, "seed": 0}
    >>> first_look([{"config": config, "loss_curve": [2.3, 2.0, 1.8]}])
    Picture('first look')
    """
    rates = sorted({row["config"]["learning_rate"] for row in rows})
    with drawing():
        fig = figure(7.4, 3.2)
        for ax, rate in zip(fig.subplots(1, len(rates), sharey=True, squeeze=False)[0], rates, strict=True):
            for row in rows:
                if row["config"]["learning_rate"] == rate:
                    _loss_line(ax, row)
            ax.set_title(f"η = {rate:g}", fontsize=12)
            ax.set_xlabel("training step")
            ax.label_outer()
        fig.axes[0].set_ylabel("training loss")
        fig.axes[0].set_ylim(0, 3)
        handles = [
            Line2D([], [], color=COLOURS[c], dashes=dashes or (None, None), label=name)
            for c, name, dashes in _ARMS.values()
        ]
        fig.legend(handles=handles, loc="outside upper center", ncols=2)
    return Picture(fig, "first look")


def _loss_line(ax: Axes, row: Mapping[str, Any]) -> None:
    colour, _, dashes = _ARMS[row["config"]["norm"]]
    curve = np.array(row["loss_curve"], dtype=float)  # None, a loss that was not finite, becomes a gap
    steps = (np.arange(len(curve)) + 1) * row["config"]["log_every"]
    (line,) = ax.plot(steps, np.round(curve, 3), color=COLOURS[colour], linewidth=1.4, alpha=0.85)
    if dashes:
        line.set_dashes(dashes)
