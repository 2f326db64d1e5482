"""The 16 nodes of batch norm as a picture that computes: `show(trace(…))`. Chapter: computational-graph."""

from bncourse.graph.nodes import NODES, Node
from bncourse.graph.page import GraphFigure, show
from bncourse.graph.trace import Edge, Graph, Step, trace

__all__ = ["NODES", "Edge", "Graph", "GraphFigure", "Node", "Step", "show", "trace"]
