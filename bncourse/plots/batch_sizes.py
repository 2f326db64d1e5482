"""What a batch's size does: noise of its statistics, and the error of nets trained with it.

Chapter: small-batches.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes

from bncourse.plots.theme import COLOURS, Picture, drawing, figure

__all__ = ["batch_size_errors", "statistics_noise"]

_NORMS: dict[str, tuple[str, str, str]] = {
    "batch": ("blue", "o", "-"),
    "group": ("orange", "s", "--"),
}
_CURVES = (("blue", "o", "-"), ("orange", "s", "--"))

# norm -> batch size -> errors in percent, one a run
Errors = Mapping[str, Mapping[int, Sequence[float]]]


def statistics_noise(N: Sequence[int], noise: Mapping[str, Float[np.ndarray, " S"]]) -> Picture:
    """Measured noise of a batch's statistics against the batch size, both logarithmic, beside 1/√N.

    >>> statistics_noise([1, 4], {"mean": np.array([1.0, 0.5])})
    Picture('statistics noise')
    """
    with drawing():
        fig = figure(6.4, 3.2)
        ax = fig.add_subplot()
        estimate = np.round(1 / np.sqrt(np.array(N)), 4)
        dotted = (0, (1, 2))  # on top: the measured line lies on it
        ax.plot(N, estimate, color="#000000", linewidth=1.4, linestyle=dotted, zorder=3, label="1/√N")
        for (name, values), (colour, marker, line) in zip(noise.items(), _CURVES, strict=False):
            shown = np.round(values, 3)
            ax.plot(N, shown, color=COLOURS[colour], marker=marker, linestyle=line, label=name)
        ax.set_xscale("log", base=2)
        ax.set_yscale("log", base=2)
        ax.set_xticks(list(N), [str(n) for n in N])
        ticks = (1, 0.5, 0.25, 0.125)
        ax.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
        ax.set(xlabel="batch size N", ylabel="noise")
        fig.legend(loc="outside upper center", ncols=3)
    return Picture(fig, "statistics noise")


def batch_size_errors(published: Errors, measured: Errors) -> Picture:
    """Error in percent against the batch size, large to small: published numbers left, our runs right.

    Each is norm ("batch" or "group") -> batch size -> one error a run. A line goes through the means;
    with several runs each is a small mark. The two panels have scales of their own.

    >>> batch_size_errors({"batch": {32: [23.6], 2: [34.7]}}, {"group": {32: [45.0, 46.0]}})
    Picture('batch size errors')
    """
    with drawing():
        fig = figure(7.4, 3.3)
        for ax, errors, title in zip(
            fig.subplots(1, 2), (published, measured), ("published: ImageNet", "here: CIFAR-10"), strict=True
        ):
            for norm, by_size in errors.items():
                _error_line(ax, norm, by_size)
            sizes = sorted({size for by_size in errors.values() for size in by_size})
            ax.set_xscale("log", base=2)
            ax.set_xticks(sizes, [str(size) for size in sizes])
            ax.minorticks_off()
            ax.invert_xaxis()
            ax.set_title(title, fontsize=12)
            ax.set_xlabel("batch size N")
        fig.axes[0].set_ylabel("error in %")
        handles = {text: handle for ax in fig.axes for handle, text in zip(*ax.get_legend_handles_labels())}  # noqa: B905
        fig.legend(handles.values(), handles.keys(), loc="outside upper center", ncols=2)
    return Picture(fig, "batch size errors")


def _error_line(ax: Axes, norm: str, by_size: Mapping[int, Sequence[float]]) -> None:
    colour, marker, line = _NORMS[norm]
    sizes = sorted(by_size, reverse=True)
    means = [round(float(np.mean(by_size[size])), 2) for size in sizes]
    ax.plot(
        sizes,
        means,
        color=COLOURS[colour],
        marker=marker,
        linestyle=line,
        linewidth=1.8,
        label=f"{norm} norm",
    )
    for size in sizes:
        if len(by_size[size]) > 1:
            runs = [round(error, 2) for error in by_size[size]]
            ax.plot([size] * len(runs), runs, marker, color=COLOURS[colour], markersize=3, alpha=0.6)
