"""Which values share one mean and one variance, norm by norm; a reader picks norm and batch size.

Chapter: small-batches. The table is `SHARED` of `bncourse.reference.channels`. Without JavaScript the
figure is all norms side by side, for a batch of four.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from importlib.resources import files
from math import prod

from bncourse.plots.theme import label
from bncourse.reference.channels import SHARED

__all__ = ["AxesFigure", "norm_axes", "set_number"]

_SIZES, _SHOWN = (1, 2, 4, 8), 4  # batch sizes to choose from, and the one at first
_GROUPS, _GROUP_SIZE, _SIDE = 2, 3, 2  # 6 channels in 2 groups, maps of 2 × 2 places
_NAMES = {name: f"{name} norm" for name in SHARED} | {"rms": "RMS norm"}
_TILE, _STEP, _LEFT, _TOP, _GAP = 28, 33, 26, 26, 8


@dataclass(frozen=True)
class AxesFigure:
    """The interactive figure; shows itself in a notebook, in the language chosen when it was made.

    >>> norm_axes()
    AxesFigure()
    """

    html: str = field(repr=False)

    def _repr_html_(self) -> str:
        return self.html


def set_number(norm: str, n: int, c: int) -> int:
    """Which set of values, counted from 1, channel c of example n belongs to.

    Values of one set share their mean and variance. Six channels, in two groups of three.

    >>> [[set_number("group", n, c) for c in range(6)] for n in range(2)]
    [[1, 1, 1, 2, 2, 2], [3, 3, 3, 4, 4, 4]]
    """
    number = 0
    index = (n, c // _GROUP_SIZE, c % _GROUP_SIZE)
    for axis, (place, length) in enumerate(zip(index, (0, _GROUPS, _GROUP_SIZE), strict=True)):
        if axis not in SHARED[norm]:
            number = number * length + place
    return number + 1


def norm_axes() -> AxesFigure:
    """The figure, for the last line of a cell.

    Raises StateError when a word has no translation into the reader's language.

    >>> norm_axes().html.count("<svg")
    5
    """
    panels = "".join(_panel(norm) for norm in SHARED)
    data = json.dumps({"counts": {norm: label(_counts_key(norm)) for norm in SHARED}}, ensure_ascii=False)
    return AxesFigure(
        f'<figure class="bn-figure bn-axes"><style>{_file("axes.css")}</style>{_form()}'
        f'<div class="bn-norms" aria-live="polite">{panels}</div>'
        f"<figcaption>{escape(label('axes-legend'))}</figcaption>"
        f'<script type="application/json">{data}</script><script>{_file("axes.js")}</script></figure>'
    )


def _file(name: str) -> str:
    return files("bncourse.plots").joinpath(name).read_text(encoding="utf-8")


def _counts_key(norm: str) -> str:
    return "axes-counts-rms" if norm == "rms" else "axes-counts"


def _panel(norm: str) -> str:
    shared = SHARED[norm]
    lengths = (1, _GROUPS, _GROUP_SIZE, _SIDE**2)  # of one example
    values = prod(lengths[axis] for axis in shared)
    sets = prod(lengths) // values
    grown = (values * _SHOWN, sets) if 0 in shared else (values, sets * _SHOWN)
    counts = label(_counts_key(norm)).format(values=grown[0], sets=grown[1])
    alone = f'<p class="bn-alone" hidden>{escape(label("axes-alone"))}</p>' if norm == "batch" else ""
    says = escape(label(f"axes-{norm}"))
    return (
        f'<section class="bn-norm" data-norm="{norm}" data-values="{values}" data-sets="{sets}"'
        f' data-over="{"batch" if 0 in shared else "example"}"><p><b>{escape(label(_NAMES[norm]))}</b></p>'
        f'{_drawn(norm, says)}<p class="bn-says">{says}</p>'
        f'<p class="bn-counts">{escape(counts)}</p>{alone}</section>'
    )


def _drawn(norm: str, says: str) -> str:
    width = _LEFT + _GROUPS * _GROUP_SIZE * _STEP + _GAP
    rows = "".join(_row(norm, n) for n in range(max(_SIZES)))
    letters = (
        f'<text x="{_LEFT}" y="16">C →</text><text x="4" y="{_TOP + 18}">N</text>'
        f'<text x="4" y="{_TOP + 34}">↓</text>'
    )
    return (
        f'<svg viewBox="0 0 {width} {_TOP + _SHOWN * _STEP}" role="img" aria-label="{says}"'
        f' fill="currentColor" data-top="{_TOP}" data-step="{_STEP}">{letters}{rows}</svg>'
    )


def _row(norm: str, n: int) -> str:
    half, tiles = _TILE / 2, []
    for c in range(_GROUPS * _GROUP_SIZE):
        x, y = _LEFT + c * _STEP + c // _GROUP_SIZE * _GAP, _TOP + n * _STEP
        number = set_number(norm, n, c)
        kind = "bn-tile bn-first" if number == 1 else "bn-tile"
        tiles.append(
            f'<g class="{kind}"><rect x="{x}" y="{y}" width="{_TILE}" height="{_TILE}"/>'
            f'<path d="M{x + half:g} {y}v{_TILE}M{x} {y + half:g}h{_TILE}"/>'
            f'<text x="{x + half:g}" y="{y + half + 5:g}" text-anchor="middle">{number}</text></g>'
        )
    hidden = ' display="none"' if n >= _SHOWN else ""
    return f'<g class="bn-row"{hidden}>{"".join(tiles)}</g>'


def _form() -> str:
    norms = _choices("norm", [(norm, label(_NAMES[norm])) for norm in SHARED], "batch")
    sizes = _choices("size", [(str(size), str(size)) for size in _SIZES], str(_SHOWN))
    sets = "".join(
        f"<fieldset><legend>{escape(label(key))}</legend><div>{inputs}</div></fieldset>"
        for key, inputs in (("norm", norms), ("batch size N", sizes))
    )
    return f'<form class="bn-choice" hidden autocomplete="off">{sets}</form>'


def _choices(name: str, pairs: Sequence[tuple[str, str]], chosen: str) -> str:
    return "".join(
        f'<label><input type="radio" name="{name}" value="{value}"{" checked" if value == chosen else ""}>'
        f" {escape(words)}</label>"
        for value, words in pairs
    )
