"""The picture as one piece of HTML that needs nothing else. Chapter: computational-graph.

Without JavaScript it is the drawing and all 16 cards. With it, one card at a time, steps forward and
backward, and numbers that a reader can change. graph.js computes from the same table of nodes.
"""

import json
from dataclasses import dataclass, field
from html import escape
from importlib.resources import files
from zlib import crc32

import numpy as np

from bncourse.errors import ShapeError
from bncourse.graph.cards import card
from bncourse.graph.nodes import NODES
from bncourse.graph.svg import drawn
from bncourse.graph.trace import Graph
from bncourse.graph.words import word, words

__all__ = ["GraphFigure", "show"]

_EXAMPLES, _FEATURES = 8, 4  # a larger batch would not fit on a card


@dataclass(frozen=True)
class GraphFigure:
    """The interactive picture; shows itself in a notebook, in the language chosen when it was made.

    >>> x = np.array([[1.0], [3.0]])
    >>> from bncourse.graph.trace import trace
    >>> show(trace(x, np.ones(1), np.zeros(1), np.ones((2, 1)), eps=3.0))
    GraphFigure()
    """

    html: str = field(repr=False)

    def _repr_html_(self) -> str:
        return self.html


def show(graph: Graph) -> GraphFigure:
    """The picture of a traced run, for the last line of a cell.

    Raises ShapeError when the batch is larger than (8, 4) or a number is not finite, and StateError
    when a word has no translation into the reader's language.

    >>> from bncourse.graph.trace import trace
    >>> graph = trace(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), np.ones((2, 1)), eps=3.0)
    >>> show(graph).html.count('<section class="bn-card"')
    16
    """
    _check(graph)
    given = _given(graph)
    prefix = f"bn-{crc32(json.dumps(given).encode()):08x}"
    cards = "".join(card(graph, step, prefix) for step in graph.steps)
    data = json.dumps({"given": given, "nodes": _table(), "say": words("say-")}, ensure_ascii=False)
    return GraphFigure(
        f'<figure class="bn-figure bn-graph"><style>{_file("graph.css")}</style><div class="bn-body">'
        f'<div class="bn-picture">{_legend()}{drawn(prefix)}</div>'
        f'<div class="bn-side">{_controls()}<div class="bn-cards" aria-live="polite">{cards}</div></div>'
        f"{_form(given)}</div>"
        f'<script type="application/json">{data}</script>'
        f"<script>{_file('graph.js')}</script></figure>"
    )


def _check(graph: Graph) -> None:
    shape = graph["x"].shape
    if shape[0] > _EXAMPLES or shape[1] > _FEATURES:
        raise ShapeError(
            f"the picture shows at most {_EXAMPLES} examples and {_FEATURES} features",
            got=f"x of shape {shape}",
            hint=f"x[:{_EXAMPLES}, :{_FEATURES}]",
        )
    for step in graph.steps:
        for name, numbers in [(step.node.name, step.value), (f"d{step.node.name}", step.gradient)]:
            if not np.isfinite(numbers).all():
                raise ShapeError(
                    f"every number in the picture is finite, {name} too",
                    got=f"{name} = {numbers.tolist()}",
                    hint="smaller numbers, or a look at where the first NaN came from",
                )


def _given(graph: Graph) -> dict[str, list[list[float]]]:
    """What a reader may change, each as rows of numbers."""
    arrays = {
        "x": graph["x"].value, "dy": graph["y"].gradient,
        "gamma": graph["gamma"].value, "beta": graph["beta"].value, "eps": np.array(graph.eps),
    }  # fmt: skip
    return {name: np.atleast_2d(array).astype(np.float64).tolist() for name, array in arrays.items()}


def _table() -> list[dict[str, object]]:
    return [{"name": n.name, "mark": n.mark, "op": n.op, "inputs": n.inputs, "parts": n.parts} for n in NODES]


def _file(name: str) -> str:
    return files("bncourse.graph").joinpath(name).read_text(encoding="utf-8")


def _legend() -> str:
    marks = {
        "forward: values": '<path class="bn-f" d="M2 8H30M23 4L30 8L23 12"/>',
        "backward: gradients": '<path class="bn-b" d="M32 8H4M11 4L4 8L11 12"/>',
        "used twice: gradients add up": '<circle class="bn-dot" cx="17" cy="8" r="6"/>',
    }
    items = "".join(
        f'<li><svg viewBox="0 0 34 16" aria-hidden="true">{mark}</svg> {escape(word(key))}</li>'
        for key, mark in marks.items()
    )
    return f'<ul class="bn-legend">{items}</ul>'


def _controls() -> str:
    buttons = "".join(
        f'<button type="button" data-do="{do}">{escape(word(key))}</button>'
        for do, key in [("forward", "Forward step"), ("backward", "Backward step"), ("all", "Show all")]
    )
    return f'<div class="bn-controls" hidden><div>{buttons}</div><p class="bn-status"></p></div>'


def _form(given: dict[str, list[list[float]]]) -> str:
    groups = "".join(
        f'<fieldset><legend><code>{name}</code></legend><div style="--columns: {len(rows[0])}">'
        + "".join(_input(name, rows, i, j) for i, row in enumerate(rows) for j in range(len(row)))
        + "</div></fieldset>"
        for name, rows in given.items()
    )
    return (
        f'<form class="bn-fields" hidden autocomplete="off"><p><b>{escape(word("Change the numbers"))}</b> '
        f'<button type="reset">{escape(word("Reset"))}</button></p><div>{groups}</div>'
        '<p class="bn-trouble" role="status"></p></form>'
    )


def _input(name: str, rows: list[list[float]], i: int, j: int) -> str:
    place = "" if name == "eps" else f"[{j}]" if len(rows) == 1 else f"[{i}, {j}]"
    number = repr(rows[i][j]).removesuffix(".0")
    return (
        f'<input type="text" spellcheck="false" size="6" value="{number}" aria-label="{name}{place}"'
        f' data-of="{name}" data-row="{i}" data-column="{j}">'
    )
