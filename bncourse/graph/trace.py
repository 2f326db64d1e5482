"""A staged run as nodes and edges, with every number. Chapter: computational-graph."""

from dataclasses import dataclass

import numpy as np

from bncourse.conventions import Batch, Row
from bncourse.graph.nodes import NODES, Node
from bncourse.reference.staged import StagedValues, staged_forward, staged_gradients

__all__ = ["Edge", "Graph", "Step", "trace"]


@dataclass(frozen=True, eq=False)
class Step:
    """A node of one run: its value, and the gradient of the loss with respect to it, of one shape.

    >>> x = np.array([[1.0], [3.0]])
    >>> std = trace(x, np.ones(1), np.zeros(1), np.array([[1.0], [0.0]]), eps=3.0)["std"]
    >>> std.node.mark, std.value, std.gradient, std.shape
    ('⑥', array([2.]), array([0.25]), (1,))
    """

    node: Node
    value: np.ndarray
    gradient: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the value and of the gradient."""
        return self.value.shape


@dataclass(frozen=True, eq=False)
class Edge:
    """The way from a node to one that uses it. `gradient`, named `part`, flows from target to source.

    `derivative` is the local derivative as a formula; `local` is the same in numbers, or None where
    the step is not elementwise (a mean over the batch, a row repeated).

    >>> x = np.array([[1.0], [3.0]])
    >>> graph = trace(x, np.ones(1), np.zeros(1), np.array([[1.0], [0.0]]), eps=3.0)
    >>> [edge.part for edge in graph.edges if edge.source == "xc"]
    ['dxc_via_sq', 'dxc_via_x_hat']
    """

    source: str
    target: str
    part: str
    derivative: str
    local: np.ndarray | None
    gradient: np.ndarray


@dataclass(frozen=True, eq=False)
class Graph:
    """One run: 16 steps in the order ⓪ to ⑮, 17 edges in the order of their targets, and eps.

    >>> graph = trace(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), np.ones((2, 1)), eps=3.0)
    >>> len(graph.steps), len(graph.edges), graph["x_hat"].value.ravel()
    (16, 17, array([-0.5,  0.5]))
    """

    steps: tuple[Step, ...]
    edges: tuple[Edge, ...]
    eps: float

    def __getitem__(self, name: str) -> Step:
        return next(step for step in self.steps if step.node.name == name)


def trace(x: Batch, gamma: Row, beta: Row, dy: Batch, *, eps: float = 1e-5) -> Graph:
    """Run the staged form forward and backward, and keep it as a graph.

    x (N, D) with N >= 2, gamma (D,), beta (D,), dy (N, D) the gradient of the loss with respect to y.
    Raises ShapeError or StateError, as `staged_forward` and `staged_gradients` do.

    >>> trace(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), np.ones((2, 1)), eps=3.0)["mu"].value
    array([2.])
    """
    _, values = staged_forward(x, gamma, beta, eps=eps)
    gradients = staged_gradients(dy, values)
    steps = tuple(
        Step(node, getattr(values, node.name), getattr(gradients, f"d{node.name}")) for node in NODES
    )
    edges = tuple(
        Edge(source, node.name, part, derivative, local, getattr(gradients, part))
        for node in NODES
        for source, part, derivative, local in zip(
            node.inputs, node.parts, node.derivatives, _local(node, values), strict=True
        )
    )
    return Graph(steps, edges, values.eps)


def _local(node: Node, values: StagedValues) -> tuple[np.ndarray | None, ...]:
    """The local derivatives of an elementwise step, one for each input."""
    inputs = [getattr(values, name) for name in node.inputs]
    value = getattr(values, node.name)
    one = np.ones_like(value)
    match node.op:
        case "add":
            return one, one
        case "subtract":
            return one, -one
        case "multiply":
            return inputs[1], inputs[0]
        case "square":
            return (2 * inputs[0],)
        case "sqrt":
            return (1 / (2 * value),)
        case "reciprocal":
            return (-1 / inputs[0] ** 2,)
        case _:  # leaf, mean, rows
            return (None,) * len(inputs)
