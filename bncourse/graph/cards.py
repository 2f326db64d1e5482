"""The 16 cards under the picture: formulas, ways in and out, numbers. Chapter: computational-graph."""

from html import escape

import numpy as np

from bncourse.graph.digits import shown
from bncourse.graph.nodes import NODES, Node, consumers, gradient_sum
from bncourse.graph.svg import shape_text
from bncourse.graph.trace import Graph, Step
from bncourse.graph.words import word

__all__ = ["card"]

_BY_NAME = {node.name: node for node in NODES}
_STEPS = len(NODES)


def card(graph: Graph, step: Step, prefix: str) -> str:
    """One node's card as a <section> with the id that `drawn(prefix)` links to.

    Words are those of the reader's language; raises StateError when one has no translation.

    >>> from bncourse.graph.trace import trace
    >>> graph = trace(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), np.ones((2, 1)), eps=3.0)
    >>> card(graph, graph["std"], "g")[:34]
    '<section class="bn-card" id="g-6" '
    """
    node = step.node
    op, shape = escape(word(f"op-{node.op}")), _code(f"{shape_text(node)} = {step.shape}")
    title = (
        f'<p class="bn-card-name"><b>{node.mark}</b> {_code(node.name)}'
        f" <span>{op}</span> <span>{escape(word('shape'))} {shape}</span></p>"
    )
    rows = "".join(
        f"<dt>{escape(word(key))}</dt><dd>{''.join(f'<div>{line}</div>' for line in lines)}</dd>"
        for key, lines in _facts(node, prefix)
        if lines
    )
    return (
        f'<section class="bn-card" id="{prefix}-{node.number}" data-node="{node.name}">{title}<dl>{rows}</dl>'
        f'<div class="bn-tables">{"".join(_tables(graph, step))}</div></section>'
    )


def _facts(node: Node, prefix: str) -> list[tuple[str, list[str]]]:
    arriving = [f"{_link(user, prefix)} {_code(user.backward[place])}" for user, place in consumers(node)]
    arriving += [_code(total) for total in [gradient_sum(node)] if total]
    inputs = [_BY_NAME[name] for name in node.inputs]
    leaving = [
        f"{_link(source, prefix)} {_code(line)}" for source, line in zip(inputs, node.backward, strict=True)
    ]
    slopes = [
        _code(f"∂{node.name}/∂{source.name} = {slope}")
        for source, slope in zip(inputs, node.derivatives, strict=True)
    ]
    return [
        ("forward", [_code(node.forward)] if node.inputs else []),
        ("gradient comes from", arriving or [f"{escape(word('the loss'))} {_code('dy')}"]),
        ("gradient goes to", leaving or [escape(word("the way back ends here"))]),
        ("local derivative", slopes),
        ("in the Japanese article", [f"{_code(f'f{node.number}')}, {_code(node.letters)}"]),
    ]


def _tables(graph: Graph, step: Step) -> list[str]:
    """Value and gradient; where two parts meet, the parts too. Each knows at which step it is computed."""
    node = step.node
    tables = [_table("value", node.name, step.value, node.number)]
    arriving = sorted(
        (edge for edge in graph.edges if edge.source == node.name),
        key=lambda edge: -_BY_NAME[edge.target].number,
    )
    if len(arriving) > 1:
        tables += [
            _table("one part", edge.part, edge.gradient, _way_back(_BY_NAME[edge.target]))
            for edge in arriving
        ]
    return [*tables, _table("gradient", f"d{node.name}", step.gradient, _way_back(node))]


def _way_back(node: Node) -> int:
    return 2 * _STEPS - 1 - node.number


def _table(kind: str, name: str, numbers: np.ndarray, known_at: int) -> str:
    rows = "".join(
        f"<tr>{''.join(f'<td>{shown(number)}</td>' for number in row)}</tr>" for row in np.atleast_2d(numbers)
    )
    side = "bn-forward" if kind == "value" else "bn-backward"
    return (
        f'<table class="bn-numbers {side}" data-of="{name}" data-step="{known_at}">'
        f"<caption>{escape(word(kind))} {_code(name)}</caption><tbody>{rows}</tbody></table>"
    )


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def _link(node: Node, prefix: str) -> str:
    return f'<a href="#{prefix}-{node.number}" data-go="{node.name}">{node.mark}&nbsp;{node.name}</a>'
