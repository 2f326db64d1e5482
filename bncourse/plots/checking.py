"""Figures about checking a gradient. Chapter: gradient-checking."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from bncourse.plots.theme import COLOURS, Picture, drawing, figure

__all__ = ["let_through", "step_errors"]

_LINES = (("blue", "o"), ("orange", "s"))


def step_errors(
    h: Float[np.ndarray, " S"],
    curves: Mapping[str, Float[np.ndarray, " S"]],
    units: Sequence[float] = (),
) -> Picture:
    """Relative error of a numerical gradient against the step h, both logarithmic.

    `curves` are measured; NaN leaves a gap. For each rounding unit u in `units` the estimate
    h² + u/h is drawn dashed, as far as it stays below 1.

    >>> h = 2.0 ** -np.arange(3)
    >>> step_errors(h, {"central": h**2})
    Picture('step errors')
    """
    dashed: Any = {"color": COLOURS["grey"], "linewidth": 1.4, "linestyle": (0, (4, 3))}
    with drawing():
        fig = figure(6.8, 3.4)
        ax = fig.add_subplot()
        for number, unit in enumerate(units):
            estimate = h**2 + unit / h
            name = "estimate h² + u/h" if number == 0 else None
            ax.plot(h[estimate <= 1], estimate[estimate <= 1], label=name, **dashed)
        for (name, values), (colour, marker) in zip(curves.items(), _LINES, strict=False):
            digits = 10 ** np.round(np.log10(values), 2)
            ax.plot(h, digits, color=COLOURS[colour], marker=marker, markersize=3, linewidth=1.6, label=name)
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.set(xlabel="step h", ylabel="relative error")
        fig.legend(loc="outside upper center", ncols=3)
    return Picture(fig, "step errors")


def let_through(counts: Mapping[str, int], total: int) -> Picture:
    """How many of `total` wrong functions each check lets through, one bar a check.

    >>> let_through({"N = 1": 24, "good": 0}, total=37)
    Picture('let through')
    """
    places = np.arange(len(counts))[::-1]
    with drawing():
        fig = figure(6.4, 2.9)
        ax = fig.add_subplot()
        ax.barh(places, list(counts.values()), 0.62, color=COLOURS["orange"])
        for place, count in zip(places, counts.values(), strict=True):
            ax.text(count + 0.4, place, str(count), va="center", ha="left")
        ax.set_yticks(places, list(counts))
        ax.set(xlabel="wrong functions let through", xlim=(0, total))
        ax.grid(visible=False, axis="y")
    return Picture(fig, "let through")
