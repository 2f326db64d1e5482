"""What a norm does where it is: outputs of blocks, moments by depth, recorded runs. Chapter: placement."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from bncourse.plots.theme import COLOURS, Picture, drawing, figure

__all__ = ["block_outputs", "layer_moments", "placement_runs", "skip_variance"]

# Not by colour alone: every curve has a mark of its own.
_CURVES: tuple[dict[str, Any], ...] = (
    {"color": COLOURS["orange"], "marker": "s", "linestyle": "--"},
    {"color": COLOURS["blue"], "marker": "o", "linestyle": "-"},
    {"color": COLOURS["green"], "marker": "^", "linestyle": ":"},
)
_SIDES = {
    "before": ("norm before ReLU", {"color": COLOURS["blue"], "marker": "o", "linestyle": "-"}),
    "after": ("norm after ReLU", {"color": COLOURS["orange"], "marker": "s", "linestyle": "--"}),
}


def block_outputs(blocks: Mapping[str, Mapping[str, Float[np.ndarray, "..."]]]) -> Picture:
    """Histograms of what leaves each layer of some blocks: a row a block, a panel a layer.

    blocks: name of the block -> name of the layer -> its output, of any shape.

    >>> values = np.linspace(-2, 2, 9)
    >>> block_outputs({"norm before ReLU": {"batch norm": values, "ReLU": values.clip(0)}})
    Picture('block outputs')
    """
    edges = np.arange(-3.125, 3.126, 0.25)  # one bar stands across 0
    columns = max(map(len, blocks.values()))
    with drawing():
        fig = figure(7.2, 2.1 * len(blocks))
        grid = fig.subplots(len(blocks), columns, sharex=True, sharey=True, squeeze=False)
        for axes, (block, layers), colour in zip(grid, blocks.items(), ("blue", "orange"), strict=False):
            axes[0].set_ylabel(block)
            for ax, (layer, values) in zip(axes, layers.items(), strict=True):
                counts, _ = np.histogram(values, bins=edges)
                shares = np.round(counts / values.size, 3)
                ax.stairs(shares, np.round(edges, 3), fill=True, color=COLOURS[colour])
                ax.set_title(layer, fontsize=12)
                ax.set_yticks((0, 0.25, 0.5))
                ax.grid(visible=False, axis="x")
    return Picture(fig, "block outputs")


def layer_moments(
    activations: Mapping[str, Sequence[float]], gradients: Mapping[str, Sequence[float]]
) -> Picture:
    """Standard deviation of each layer's output, left, and of its gradient, right; logarithmic, by net.

    >>> layer_moments({"no norm": [1.0, 0.1]}, {"no norm": [0.001, 0.01]})
    Picture('layer moments')
    """
    with drawing():
        fig = figure(7.4, 3.3)
        panels = zip(fig.subplots(1, 2), (activations, gradients), ("activations", "gradients"), strict=True)
        for ax, nets, title in panels:
            for (name, values), style in zip(nets.items(), _CURVES, strict=False):
                layers = np.arange(1, len(values) + 1)
                digits = 10 ** np.round(np.log10(np.array(values)), 2)
                ax.plot(layers, digits, label=name, markersize=4, linewidth=1.6, **style)
            ax.set_yscale("log")
            ax.set_title(title, fontsize=12)
            ax.set_xlabel("layer")
            ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        fig.axes[0].set_ylabel("standard deviation")
        handles, names = fig.axes[0].get_legend_handles_labels()
        fig.legend(handles, names, loc="outside upper center", ncols=3)
    return Picture(fig, "layer moments")


def skip_variance(curves: Mapping[str, Sequence[float]]) -> Picture:
    """Variance on the skip path after each residual block, logarithmic; block 0 is the input.

    >>> skip_variance({"no norm": [1.0, 2.0, 4.0], "norm at the end of the branch": [1.0, 2.0, 3.0]})
    Picture('skip variance')
    """
    with drawing():
        fig = figure(7.4, 3.3)
        ax = fig.add_subplot()
        for (name, values), style in zip(curves.items(), _CURVES, strict=False):
            digits = 10 ** np.round(np.log10(np.array(values)), 2)
            ax.plot(np.arange(len(values)), digits, label=name, markersize=4, linewidth=1.6, **style)
        ax.set_yscale("log")
        ax.set(xlabel="block", ylabel="variance")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        fig.legend(loc="outside upper center", ncols=3)
    return Picture(fig, "skip variance")


def placement_runs(rows: Sequence[Mapping[str, Any]]) -> Picture:
    """Recorded `placement` runs: training loss, a panel a learning rate; test accuracy in the last panel.

    >>> config = {"placement": "before", "learning_rate": 0.001, "log_every": 10}
    >>> placement_runs([{"config": config, "loss_curve": [2.3, 1.9], "test_accuracy": 0.6}])
    Picture('placement runs')
    """
    rates = sorted({row["config"]["learning_rate"] for row in rows})
    with drawing():
        fig = figure(7.6, 3.2)
        *losses, last = fig.subplots(1, len(rates) + 1, squeeze=False)[0]
        for ax, rate in zip(losses, rates, strict=True):
            for row in rows:
                if row["config"]["learning_rate"] == rate:
                    _loss_line(ax, row)
            ax.set(title=f"η = {rate:g}", xlabel="training step", ylim=(0, 3))
            ax.title.set_fontsize(12)
        fig.axes[0].set_ylabel("training loss" if rates else "")
        for row in rows:
            _accuracy_mark(last, row, rates)
        last.set_xticks(range(len(rates)), [f"η = {rate:g}" for rate in rates])
        last.set(xlim=(-0.5, max(1, len(rates)) - 0.5), title="test accuracy")
        last.title.set_fontsize(12)
        last.grid(visible=False, axis="x")
        handles = {name: last.plot([], [], label=name, **style)[0] for name, style in _SIDES.values()}
        fig.legend(handles.values(), handles.keys(), loc="outside upper center", ncols=2)
    return Picture(fig, "placement runs")


def _loss_line(ax: Axes, row: Mapping[str, Any]) -> None:
    _, style = _SIDES[row["config"]["placement"]]
    curve = np.array(row["loss_curve"], dtype=float)  # None, a loss that was not finite, becomes a gap
    steps = (np.arange(len(curve)) + 1) * row["config"]["log_every"]
    ax.plot(
        steps,
        np.round(curve, 3),
        color=style["color"],
        linestyle=style["linestyle"],
        linewidth=1.3,
        alpha=0.8,
    )


def _accuracy_mark(ax: Axes, row: Mapping[str, Any], rates: Sequence[float]) -> None:
    if row["test_accuracy"] is None:  # the run diverged
        return
    side = row["config"]["placement"]
    place = rates.index(row["config"]["learning_rate"]) + (-0.15 if side == "before" else 0.15)
    _, style = _SIDES[side]
    ax.plot(
        [place],
        [round(row["test_accuracy"], 4)],
        color=style["color"],
        marker=style["marker"],
        markersize=6,
        alpha=0.8,
    )
