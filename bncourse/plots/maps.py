"""Feature maps, drawn cell by cell. Chapter: convolutions."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.colors import to_rgba
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from bncourse.plots.theme import COLOURS, Picture, drawing, figure

__all__ = ["reached_cells", "shown_maps"]

_GAP = 1.0  # between two maps, in cells
_LEVELS = 8  # shades of a map


def reached_cells(
    reached: Mapping[str, Bool[np.ndarray, "N C H W"]], touched: tuple[int, int, int, int]
) -> Picture:
    """Which cells of the output moved when one cell of the input did: one panel a way to normalise.

    reached (N, C, H, W): True where the output moved; touched: the place (n, c, h, w) of the moved input.
    Images stand below each other, channels side by side. The touched cell has a dot.

    >>> reached_cells({"per cell": np.ones((2, 1, 2, 2), dtype=bool)}, (0, 0, 1, 1))
    Picture('reached cells')
    """
    with drawing():
        fig = figure(7.0, 3.6)
        panels = fig.subplots(1, len(reached), squeeze=False)[0]
        for ax, (name, cells) in zip(panels, reached.items(), strict=True):
            _tiles(ax, cells)
            n, c, h, w = touched
            H, W = cells.shape[2:]
            ax.plot(c * (W + _GAP) + w + 0.5, n * (H + _GAP) + h + 0.5, "o", color="#000000", markersize=5)
            ax.set_title(name, fontsize=12)
    return Picture(fig, "reached cells")


def _tiles(ax: Axes, cells: Bool[np.ndarray, "N C H W"]) -> None:
    N, C, H, W = cells.shape
    for chosen, face in ((True, COLOURS["blue"]), (False, "none")):
        at = [
            Rectangle((float(c * (W + _GAP) + w), float(n * (H + _GAP) + h)), 1.0, 1.0)
            for n, c, h, w in np.argwhere(cells == chosen)
        ]
        ax.add_collection(PatchCollection(at, facecolor=face, edgecolor=COLOURS["grey"], linewidth=0.8))
    ax.set(xlim=(-0.2, C * (W + _GAP) - 0.8), ylim=(N * (H + _GAP) - 0.8, -0.2), aspect="equal")
    ax.set_xticks([c * (W + _GAP) + W / 2 for c in range(C)], [str(c) for c in range(C)])
    ax.set_yticks([n * (H + _GAP) + H / 2 for n in range(N)], [str(n) for n in range(N)])
    ax.set(xlabel="channel", ylabel="image")
    _bare(ax)


def shown_maps(maps: Mapping[str, Float[np.ndarray, "C H W"]]) -> Picture:
    """The maps of one image, one column a version, one row a channel; the stronger a cell, the larger.

    maps (C, H, W): each map has its own scale, from its smallest to its largest number.

    >>> shown_maps({"input": np.eye(3)[None], "right": np.eye(3)[None]})
    Picture('shown maps')
    """
    rows = len(next(iter(maps.values())))
    with drawing():
        fig = figure(1.5 * len(maps) + 0.4, 1.45 * rows + 0.4)
        axes = fig.subplots(rows, len(maps), squeeze=False)
        for column, (name, values) in enumerate(maps.items()):
            for c in range(rows):
                _shaded(axes[c, column], _shades(values[c]))
            axes[0, column].set_title(name, fontsize=11)
        for c in range(rows):
            axes[c, 0].set_ylabel(str(c), rotation=0, va="center", labelpad=10)
        fig.supylabel("channel", fontsize=11)
    return Picture(fig, "shown maps")


def _shades(values: Float[np.ndarray, "H W"]) -> np.ndarray:
    low, high = float(values.min()), float(values.max())
    # A number just at the edge of two shades must not fall to either side as the processor rounds.
    share = np.round((values - low) / (high - low or 1.0), 6)
    return np.round(share * (_LEVELS - 1) + 1e-4).astype(int)


def _shaded(ax: Axes, shades: np.ndarray) -> None:
    # One path a shade, and one rectangle a run of equal cells: a page should not carry a thousand elements.
    H, W = shades.shape
    for shade in range(1, _LEVELS):
        corners = [_rectangle(h, *run) for h in range(H) for run in _runs(shades[h] == shade)]
        if corners:
            face = to_rgba(COLOURS["blue"], round(shade / (_LEVELS - 1), 3))
            ax.add_patch(
                PathPatch(Path.make_compound_path(*corners), facecolor=face, linewidth=0, antialiased=False)
            )
    ax.set(xlim=(0, W), ylim=(H, 0), aspect="equal", xticks=[], yticks=[])
    ax.grid(visible=False)
    ax.spines[["top", "right"]].set_visible(True)
    ax.spines[:].set_color(COLOURS["grey"])


def _runs(row: np.ndarray) -> Sequence[tuple[int, int]]:
    """Where runs of True start and end."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], row, [False]]).astype(int)))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def _rectangle(h: int, start: int, end: int) -> Path:
    return Path([(start, h), (end, h), (end, h + 1), (start, h + 1), (start, h)], closed=True)


def _bare(ax: Axes) -> None:
    ax.grid(visible=False)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
