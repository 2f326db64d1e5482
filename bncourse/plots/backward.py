"""What the short form saves, from the rows of the backward benchmark. Chapter: simplified-backward."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from bncourse.plots.theme import COLOURS, Picture, drawing, figure

__all__ = ["backward_cost"]

_FORMS = {"staged": ("staged form", "orange"), "simplified": ("short form", "blue")}
_DTYPES = {"float64": ("o", -0.18), "float32": ("s", 0.18)}


def backward_cost(rows: Sequence[Mapping[str, Any]]) -> Picture:
    """Time and new memory of the staged backward pass beside the simplified one, shape by shape.

    rows are those of `read_rows("backward-benchmark")`; of several with one config the last counts.
    Left, the ratio of times: a mark for each dtype with the 10th to 90th percentile of the rounds,
    hollow where the process keeps its memory between calls. Right, newly allocated arrays (N, D).

    >>> config = {"N": 128, "D": 1024, "dtype": "float64", "pages": "new"}
    >>> row = {"config": config, "time_ratio": {"median": 3.0, "p10": 2.9, "p90": 3.2}}
    >>> backward_cost([row | {"staged": {"peak_arrays": 8.0}, "simplified": {"peak_arrays": 1.0}}])
    Picture('backward cost')
    """
    latest = {tuple(row["config"].items()): row for row in rows}.values()
    shapes = list(dict.fromkeys((row["config"]["N"], row["config"]["D"]) for row in latest))
    with drawing():
        fig = figure(7.4, 1.7 + 0.7 * len(shapes))
        times, memory = fig.subplots(1, 2, sharey=True)
        for row in latest:
            place = shapes.index((row["config"]["N"], row["config"]["D"]))
            _time_mark(times, row, place)
            _memory_bars(memory, row, place)
        times.axvline(1, color=COLOURS["blue"], linewidth=2.5)
        times.set(xscale="log", xlim=(0.9, None), xlabel="time, short form = 1")
        times.set_xticks([1, 2, 3, 5, 10], ["1", "2", "3", "5", "10"])
        times.minorticks_off()
        memory.set_xlabel("new memory, in arrays of N × D")
        times.set_yticks(range(len(shapes)), [f"{N} × {D}" for N, D in shapes])
        times.set_ylim(len(shapes) - 0.5, -0.5)  # the first shape on top
        for ax in (times, memory):
            ax.grid(visible=False, axis="y")
        fig.legend(handles=_legend(), loc="outside upper center", ncols=3)
    return Picture(fig, "backward cost")


def _time_mark(ax: Axes, row: Mapping[str, Any], place: int) -> None:
    marker, shift = _DTYPES[row["config"]["dtype"]]
    kept = row["config"]["pages"] == "kept"
    ratio, colour = row["time_ratio"], COLOURS["orange"]
    height = place + shift + (0.1 if kept else -0.1)
    ax.plot([ratio["p10"], ratio["p90"]], [height, height], color=colour, linewidth=1.4)
    face = "none" if kept else colour
    ax.plot(ratio["median"], height, marker=marker, color=colour, markerfacecolor=face, markersize=7)


def _memory_bars(ax: Axes, row: Mapping[str, Any], place: int) -> None:
    # The number of arrays depends on neither dtype nor allocator, so one pair of bars a shape is enough.
    if (row["config"]["dtype"], row["config"]["pages"]) != ("float64", "new"):
        return
    for (form, (_, colour)), shift in zip(_FORMS.items(), (-0.17, 0.17), strict=True):
        arrays = round(row[form]["peak_arrays"], 1)
        ax.barh(place + shift, arrays, height=0.3, color=COLOURS[colour])
        ax.text(arrays + 0.15, place + shift, f"{arrays:.1f}", va="center", fontsize=9)


def _legend() -> list[Line2D]:
    def handle(name: str, **look: Any) -> Line2D:
        return Line2D([], [], label=name, linestyle="none", markersize=7, **look)

    grey = COLOURS["grey"]
    return [
        *(handle(name, marker="|", markeredgewidth=6, color=COLOURS[c]) for name, c in _FORMS.values()),
        *(handle(name, marker=marker, color=grey) for name, (marker, _) in _DTYPES.items()),
        handle("memory kept between calls", marker="D", color=grey, markerfacecolor="none"),
    ]
