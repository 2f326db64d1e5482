"""The 16 nodes drawn: the way from x to y on the left, statistics beside it. Chapter: computational-graph.

Forward arrows are blue and solid, backward arrows orange and dashed. A dot is a value used twice.
The picture is 360 units wide, about a phone's width, so its letters stay readable there.
"""

from html import escape
from itertools import pairwise
from typing import NamedTuple

from bncourse.graph.nodes import NODES, Node
from bncourse.graph.words import word

__all__ = ["drawn", "shape_text"]


class Point(NamedTuple):
    """A place in the picture."""

    x: float
    y: float


_R, _DOT, _GAP, _HEAD = 17, 6, 4, 8  # radius of a node and of a dot, arrows' distance from the middle line
_C = (76, 152, 238, 324)
_PLACES = {
    "x": Point(_C[0], 24), "mu": Point(_C[1], 96), "mu_rows": Point(_C[2], 96), "xc": Point(_C[0], 160),
    "sq": Point(_C[1], 248), "var": Point(_C[2], 248), "std": Point(_C[3], 248), "inv_std": Point(_C[3], 324),
    "inv_std_rows": Point(_C[2], 324), "x_hat": Point(_C[0], 324), "gamma": Point(_C[3], 400),
    "gamma_rows": Point(_C[2], 400), "scaled": Point(_C[0], 400), "beta": Point(_C[3], 476),
    "beta_rows": Point(_C[2], 476), "y": Point(_C[0], 476),
}  # fmt: skip
_FORKS = {"x": Point(_C[0], 96), "xc": Point(_C[0], 248)}
_WIDTH, _HEIGHT = 360, 528
_NAME_ABOVE = {"mu", "mu_rows", "sq", "var", "std"}


def shape_text(node: Node) -> str:
    """The shape as Python writes it.

    >>> shape_text(NODES[0]), shape_text(NODES[1])
    ('(N, D)', '(D,)')
    """
    return "(N, D)" if node.shape == "N D" else "(D,)"


def drawn(prefix: str) -> str:
    """The graph as one <svg>. Each node is a link to its card, whose id is `prefix` and the number.

    Words are those of the reader's language; raises StateError when one has no translation.

    >>> drawn("g")[:4], drawn("g").count("<a ")
    ('<svg', 16)
    """
    lines = [_arrows(*ends) for ends in _ways()]
    dots = [f'<circle class="bn-dot" cx="{p.x}" cy="{p.y}" r="{_DOT}"/>' for p in _FORKS.values()]
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="group" aria-label="{escape(word("picture"))}"'
        f' fill="currentColor">{"".join(lines + dots)}{"".join(_circle(n, prefix) for n in NODES)}</svg>'
    )


def _ways() -> list[tuple[str, str, list[Point], bool]]:
    """Lines to draw: source, target, points, and whether an arrow arrives (none does at a dot)."""
    ways: list[tuple[str, str, list[Point], bool]] = []
    for name, dot in _FORKS.items():
        ways.append((name, "", [_PLACES[name], dot], False))
    for node in NODES:
        for source in node.inputs:
            start, end = _FORKS.get(source, _PLACES[source]), _PLACES[node.name]
            corner = [Point(start.x, end.y)] if start.x != end.x and start.y != end.y else []
            ways.append((source, node.name, [start, *corner, end], True))
    return ways


def _arrows(source: str, target: str, points: list[Point], arrives: bool) -> str:
    ends = f'data-from="{source}"' + (f' data-to="{target}"' if target else "")
    near = _DOT if target and source in _FORKS else _R
    far = _R if arrives else _DOT
    forward = _line(points, near, far, head=arrives)
    back = _line(points[::-1], far, near, head=True)
    return f'<g {ends}><path class="bn-f" d="{forward}"/><path class="bn-b" d="{back}"/></g>'


def _direction(a: Point, b: Point) -> Point:
    length = abs(b.x - a.x) + abs(b.y - a.y)  # lines run along an axis
    return Point((b.x - a.x) / length, (b.y - a.y) / length)


def _line(points: list[Point], near: int, far: int, *, head: bool) -> str:
    """A path to the right of the middle line, from the rim of one mark to that of the next."""
    ways = [_direction(a, b) for a, b in pairwise(points)]
    first, last = ways[0], ways[-1]
    ends = [Point(points[0].x + near * first.x, points[0].y + near * first.y), *points[1:-1]]
    ends.append(Point(points[-1].x - far * last.x, points[-1].y - far * last.y))
    moved = []
    for place, point in enumerate(ends):
        beside = {ways[max(place - 1, 0)], ways[min(place, len(ways) - 1)]}  # two at a corner
        moved.append(
            Point(point.x - _GAP * sum(d.y for d in beside), point.y + _GAP * sum(d.x for d in beside))
        )
    path = "M" + "L".join(f"{p.x:g} {p.y:g}" for p in moved)
    if head:
        tip = moved[-1]
        for side in (0.5, -0.5):
            wing = Point(tip.x - _HEAD * (last.x + side * last.y), tip.y - _HEAD * (last.y - side * last.x))
            path += f"M{wing.x:g} {wing.y:g}L{tip.x:g} {tip.y:g}"
    return path


def _circle(node: Node, prefix: str) -> str:
    at = _PLACES[node.name]
    top, width, height = at.y - _R - 2, 84, 2 * _R + 32  # what a finger can hit: the circle and the words
    if at.x == _C[0]:
        x, y, anchor, left, height = at.x - _R - 6, at.y - 2, "end", at.x + _R - width, 2 * _R + 4
    elif node.name in _NAME_ABOVE:
        x, y, anchor, left, top = at.x, at.y - _R - 20, "middle", at.x - width // 2, top - 30
    else:
        x, y, anchor, left = at.x, at.y + _R + 14, "middle", at.x - width // 2
    spoken = f"{node.mark} {node.name}, {word('shape')} {shape_text(node)}"
    return (
        f'<a class="bn-node" href="#{prefix}-{node.number}" data-node="{node.name}"'
        f' aria-label="{escape(spoken)}">'
        f'<rect class="bn-hit" x="{left}" y="{top}" width="{width}" height="{height}"/>'
        f'<circle cx="{at.x}" cy="{at.y}" r="{_R}"/>'
        f'<text class="bn-number" x="{at.x}" y="{at.y + 5}" text-anchor="middle">{node.number}</text>'
        f'<text class="bn-name" x="{x}" y="{y}" text-anchor="{anchor}">{node.name}</text>'
        f'<text class="bn-shape" x="{x}" y="{y + 13}" text-anchor="{anchor}">{shape_text(node)}</text></a>'
    )
