"""Pictures of the backward pass. Chapters: staged-backward, simplified-backward."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.patches import Circle

from bncourse.plots.theme import COLOURS, Picture, drawing, figure

__all__ = ["gradient_parts", "normalised_circle"]

_ORDER = ("blue", "orange", "green", "pink")
_FILLS = (1.0, 0.0, 0.45, 0.2)  # full, outline, pale: not by colour alone


def gradient_parts(parts: Mapping[str, Float[np.ndarray, " N"]]) -> Picture:
    """The parts of dx for one feature, a group of bars an example, and a line at their sum.

    >>> gradient_parts({"direct": np.array([1.0, 0.0]), "through the mean": np.array([-0.5, -0.5])})
    Picture('gradient parts')
    """
    total = np.sum(list(parts.values()), axis=0)
    places = np.arange(len(total))
    width = 0.8 / len(parts)
    with drawing():
        fig = figure(6.8, 3.1)
        ax = fig.add_subplot()
        for k, (name, values) in enumerate(parts.items()):
            at = places + (k - (len(parts) - 1) / 2) * width
            ax.bar(
                at,
                np.round(values, 4),
                width * 0.9,
                facecolor=to_rgba(COLOURS[_ORDER[k]], _FILLS[k]),
                edgecolor=COLOURS[_ORDER[k]],
                linewidth=1.5,
                label=name,
            )
        ax.hlines(np.round(total, 4), places - 0.45, places + 0.45, color="#000000", linewidth=2, label="dx")
        ax.axhline(0, color=COLOURS["grey"], linewidth=1)
        ax.set_xticks(places, [str(n) for n in places])
        ax.set(xlabel="example", ylabel="gradient")
        ax.grid(visible=False, axis="x")
        fig.legend(loc="outside upper center", ncols=4)
    return Picture(fig, "gradient parts")


def _arrow(ax: Axes, start: np.ndarray, end: np.ndarray, colour: str, dashed: bool = False) -> None:
    style = {"arrowstyle": "-|>", "color": colour, "linewidth": 2, "shrinkA": 0, "shrinkB": 0}
    if dashed:
        style |= {"linestyle": (0, (4, 3)), "linewidth": 1.4}
    ax.annotate("", xy=tuple(np.round(end, 4)), xytext=tuple(np.round(start, 4)), arrowprops=style)


def normalised_circle(
    x: Float[np.ndarray, "3"], x_hat: Float[np.ndarray, "3"], g: Float[np.ndarray, "3"]
) -> Picture:
    """Batches of three examples, seen along (1, 1, 1): x̂ lies on a circle, and of g only the tangent is left.

    x, x_hat, g (3,): one feature before and after normalising, and the gradient of x̂.

    >>> x = np.array([1.0, 2.0, 6.0])
    >>> normalised_circle(x, (x - x.mean()) / x.std(), np.array([1.0, 0.0, 0.0]))
    Picture('normalised circle')
    """
    plane = np.array([[1, -1, 0], [1, 1, -2]]) / np.sqrt([[2], [6]])  # two directions at right angles to ones
    flat_x, point, pull = plane @ x, plane @ x_hat, plane @ g
    outward = point / np.linalg.norm(point)
    radial = (pull @ outward) * outward
    with drawing():
        fig = figure(6.6, 4.4)
        ax = fig.add_subplot()
        ax.add_patch(
            Circle((0, 0), round(float(np.linalg.norm(point)), 4), fill=False, color=COLOURS["grey"])
        )
        ray = np.round([[0, flat_x[0]], [0, flat_x[1]]], 4)
        ax.plot(*ray, color=COLOURS["grey"], linewidth=1, linestyle=(0, (1, 3)))
        # The axes make room for lines and points, not for arrows.
        ax.update_datalim(np.stack([point + pull, point + radial, point + pull - radial]))
        _arrow(ax, point, point + pull, COLOURS["orange"])
        _arrow(ax, point, point + radial, COLOURS["grey"], dashed=True)
        _arrow(ax, point, point + pull - radial, COLOURS["blue"])
        for place in (flat_x, point, np.zeros(2)):
            ax.plot(*np.round(place, 4), "o", color="#000000", markersize=5)
        for place, words, colour, side in (
            (flat_x, "x − μ", "#000000", (8, 0)),
            (point, "x̂", "#000000", (-14, -14)),
            (point + pull, "g − mean(g)", COLOURS["orange"], (6, 4)),
            (point + radial, "removed", COLOURS["grey"], (8, -12)),
            (point + pull - radial, "left: std · dx", COLOURS["blue"], (-8, -4)),
        ):
            anchor = "right" if side[0] < 0 else "left"
            ax.annotate(
                words, tuple(np.round(place, 4)), side, textcoords="offset points", color=colour, ha=anchor
            )
        ax.set_aspect("equal")
        ax.margins(0.12)
        ax.autoscale_view()
        ax.axis("off")
    return Picture(fig, "normalised circle")
