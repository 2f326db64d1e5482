"""What normalising is for: scaled inputs, sigmoids, the start of training. Chapter: why-normalise."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.ticker import MaxNLocator

from bncourse.plots.theme import COLOURS, Picture, drawing, figure

__all__ = [
    "layer_histograms",
    "scaled_descent",
    "sigmoid_zones",
    "surviving_scales",
    "update_ratios",
    "whitened_clouds",
]

# Not by colour alone: every curve has a line or a mark of its own.
_CURVES: tuple[dict[str, Any], ...] = (
    {"color": COLOURS["orange"], "marker": "s", "linestyle": "--"},
    {"color": COLOURS["blue"], "marker": "o", "linestyle": "-"},
    {"color": COLOURS["pink"], "marker": "D", "linestyle": (0, (1, 1.5))},
    {"color": COLOURS["green"], "marker": "^", "linestyle": "-."},
)


def scaled_descent(losses: Mapping[str, Float[np.ndarray, " T"]]) -> Picture:
    """Training loss of gradient descent after each step, one curve a form of the same inputs.

    >>> scaled_descent({"raw pixels": np.array([2.3, 2.29]), "standardised": np.array([2.3, 2.2])})
    Picture('scaled descent')
    """
    with drawing():
        fig = figure(6.8, 3.3)
        ax = fig.add_subplot()
        for (name, values), style in zip(losses.items(), _CURVES, strict=False):
            steps = np.arange(len(values))
            every = max(1, len(values) // 8)
            ax.plot(steps, np.round(values, 3), label=name, markevery=every, markersize=4, **style)
        ax.set(xlabel="training step", ylabel="training loss")
        fig.legend(loc="outside upper center", ncols=4)
    return Picture(fig, "scaled descent")


def sigmoid_zones(
    std: Float[np.ndarray, " S"], slope: Float[np.ndarray, " S"], bend: Float[np.ndarray, " S"]
) -> Picture:
    """A sigmoid and its tangent, left; right, the slope left over and the bend used, against the width of z.

    std: standard deviations of z; slope: mean of 4σ'(z), 1 at best; bend: 1 − r² of z and σ(z), 0 if straight

    >>> sigmoid_zones(np.array([0.1, 10.0]), np.array([1.0, 0.2]), np.array([0.0, 0.3]))
    Picture('sigmoid zones')
    """
    z = np.linspace(-8, 8, 161)
    with drawing():
        fig = figure(7.4, 3.2)
        left, right = fig.subplots(1, 2)
        left.plot(z, np.round(1 / (1 + np.exp(-z)), 4), color=COLOURS["blue"], linewidth=2)
        left.plot([-2.4, 2.4], [-0.1, 1.1], color=COLOURS["grey"], linewidth=1.4, linestyle=(0, (4, 3)))
        left.set(xlabel="z", ylabel="σ(z)", ylim=(-0.12, 1.12))
        for values, name, style in (
            (slope, "slope that is left", _CURVES[1]),
            (bend, "bend that is used", _CURVES[0]),
        ):
            right.plot(std, np.round(values, 3), label=name, markersize=4, **style)
        right.set_xscale("log")
        right.set(xlabel="standard deviation of z", ylim=(-0.03, 1.05))
        fig.legend(loc="outside upper center", ncols=2)
    return Picture(fig, "sigmoid zones")


def layer_histograms(nets: Mapping[str, Mapping[int, Float[np.ndarray, "..."]]]) -> Picture:
    """Histograms of the values from −1 to 1 that leave some layers: a row a net, a column a layer.

    nets: name of the net -> number of the layer -> its output, of any shape.

    >>> layer_histograms({"weights that fit": {1: np.linspace(-1, 1, 9), 8: np.zeros(4)}})
    Picture('layer histograms')
    """
    edges = np.arange(-1.0625, 1.0626, 0.125)  # one bar stands across 0
    with drawing():
        fig = figure(7.4, 1.7 * len(nets))
        rows = fig.subfigures(len(nets), 1, squeeze=False)[:, 0]
        for row, (net, layers), style in zip(rows, nets.items(), _CURVES, strict=False):
            row.suptitle(net, fontsize=12)  # above the row, where a longer language has room
            for ax, (layer, values) in zip(
                row.subplots(1, len(layers), squeeze=False)[0], layers.items(), strict=True
            ):
                counts, _ = np.histogram(values, bins=edges)
                shares = np.round(counts / values.size, 3)
                ax.stairs(shares, np.round(edges, 4), fill=True, color=style["color"])
                ax.set(xticks=(-1, 0, 1), yticks=(0, 0.5, 1), ylim=(0, 1.05))
                ax.text(-1.1, 0.8, f"ℓ = {layer}")
                ax.grid(visible=False, axis="x")
                ax.label_outer()
    return Picture(fig, "layer histograms")


def surviving_scales(
    factors: Float[np.ndarray, " F"], accuracy: Mapping[str, Float[np.ndarray, " F"]], chance: float
) -> Picture:
    """Accuracy after a short training, against the factor on all initial weights; a line at chance.

    >>> surviving_scales(np.array([0.1, 1.0]), {"with batch norm": np.array([0.8, 0.9])}, chance=1 / 3)
    Picture('surviving scales')
    """
    with drawing():
        fig = figure(6.8, 3.2)
        ax = fig.add_subplot()
        for (name, values), style in zip(accuracy.items(), _CURVES, strict=False):
            ax.plot(np.round(factors, 5), np.round(values, 2), label=name, markersize=5, **style)
        ax.axhline(round(chance, 3), color="#000000", linewidth=1, linestyle=(0, (4, 3)), label="chance")
        ax.set_xscale("log")
        ax.set(xlabel="factor on the initial weights", ylabel="test accuracy", ylim=(0, 1.02))
        fig.legend(loc="outside upper center", ncols=3)
    return Picture(fig, "surviving scales")


def update_ratios(nets: Mapping[str, Sequence[float]]) -> Picture:
    """Length of the first update over length of the weights, in each layer; logarithmic, one curve a net.

    A ratio of 0 is a gap.

    >>> update_ratios({"weights that fit": [0.001, 0.002]})
    Picture('update ratios')
    """
    with drawing():
        fig = figure(6.8, 3.3)
        ax = fig.add_subplot()
        for (name, values), style in zip(nets.items(), _CURVES, strict=False):
            ratios = np.array(values, dtype=float)
            ratios[ratios == 0] = np.nan
            digits = 10 ** np.round(np.log10(ratios), 2)
            ax.plot(np.arange(1, len(ratios) + 1), digits, label=name, markersize=5, **style)
        ax.set_yscale("log")
        ax.set(xlabel="layer", ylabel="update / weights")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        fig.legend(loc="outside upper center", ncols=2)
    return Picture(fig, "update ratios")


def whitened_clouds(clouds: Mapping[str, Float[np.ndarray, "N 2"]]) -> Picture:
    """Two features against each other, a panel a form: as they come, standardised, whitened.

    >>> clouds = {"input x": np.array([[5.0, 1.0], [7.0, 2.0]]), "standardised": np.eye(2)}
    >>> whitened_clouds(clouds)
    Picture('whitened clouds')
    """
    with drawing():
        fig = figure(7.4, 2.9)
        for ax, (name, points), style in zip(
            fig.subplots(1, len(clouds)), clouds.items(), _CURVES, strict=False
        ):
            shown = np.round(points, 3)
            ax.plot(
                shown[:, 0], shown[:, 1], linestyle="", color=style["color"], marker=style["marker"],
                markersize=3, alpha=0.6,
            )  # fmt: skip
            ax.axhline(0, color=COLOURS["grey"], linewidth=1)
            ax.axvline(0, color=COLOURS["grey"], linewidth=1)
            ax.set_aspect("equal", adjustable="datalim")
            ax.set_title(name, fontsize=12)
    return Picture(fig, "whitened clouds")
