"""A traced run: the numbers of the staged form, on nodes and edges."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bncourse import ShapeError, StateError
from bncourse.graph import NODES, trace
from bncourse.reference.staged import staged_forward, staged_gradients

X = np.array([[1.0, 2.0], [9.0, 2.0], [5.0, 2.0], [5.0, 6.0]])
GAMMA, BETA = np.array([3.0, -2.0]), np.array([1.0, 0.0])
DY = np.array([[1.0, 2.0], [0.0, 1.0], [2.0, 0.0], [1.0, -1.0]])


def random_case(seed, N=5, D=3):
    rng = np.random.default_rng(seed)
    return rng.normal(1, 2, (N, D)), rng.normal(2, 1, D), rng.normal(size=D), rng.normal(0.7, 1, (N, D))


def test_every_number_is_that_of_the_staged_form():
    x, gamma, beta, dy = random_case(0)
    graph = trace(x, gamma, beta, dy, eps=0.3)
    _, values = staged_forward(x, gamma, beta, eps=0.3)
    gradients = staged_gradients(dy, values)
    assert graph.eps == 0.3
    assert tuple(step.node for step in graph.steps) == NODES
    for step in graph.steps:
        np.testing.assert_array_equal(step.value, getattr(values, step.node.name))
        np.testing.assert_array_equal(step.gradient, getattr(gradients, f"d{step.node.name}"))
        assert step.shape == ((5, 3) if step.node.shape == "N D" else (3,))
        assert graph[step.node.name] is step
    for edge in graph.edges:
        np.testing.assert_array_equal(edge.gradient, getattr(gradients, edge.part))


@given(st.integers(0, 2**32 - 1))
def test_what_flows_out_of_a_node_s_edges_adds_up_to_its_gradient(seed):
    graph = trace(*random_case(seed), eps=0.5)
    for step in graph.steps[:-1]:
        parts = [edge.gradient for edge in graph.edges if edge.source == step.node.name]
        np.testing.assert_allclose(sum(parts), step.gradient, rtol=1e-12, atol=1e-12)


def test_an_elementwise_edge_multiplies_by_its_local_derivative():
    graph = trace(*random_case(2), eps=0.5)
    names = {step.node.name: step.value for step in graph.steps} | {"N": 5}
    elementwise = [edge for edge in graph.edges if edge.local is not None]
    assert {edge.target for edge in elementwise} == {"xc", "sq", "std", "inv_std", "x_hat", "scaled", "y"}
    for edge in elementwise:
        np.testing.assert_allclose(edge.gradient, graph[edge.target].gradient * edge.local, rtol=1e-12)
        formula = np.broadcast_to(eval(edge.derivative, names), edge.local.shape)
        np.testing.assert_allclose(edge.local, formula, rtol=1e-12)


def test_the_batch_of_the_chapter_comes_out_even():
    graph = trace(X, GAMMA, BETA, DY, eps=1.0)
    assert graph["std"].value.tolist() == [3, 2]
    assert graph["inv_std"].gradient.tolist() == [-12, 12]
    assert graph["x"].gradient[:, 1].tolist() == [-1.125, -0.125, 0.875, 0.375]


def test_float32_stays():
    graph = trace(X.astype(np.float32), GAMMA, BETA, DY, eps=1.0)
    assert {step.value.dtype for step in graph.steps} == {np.dtype(np.float32)}


@pytest.mark.usefixtures("as_a_reader")
@pytest.mark.parametrize(
    ("change", "kind", "text"),
    [
        (
            {"eps": 0.0},
            StateError,
            "must hold: eps is a positive number; got: eps = 0.0; try: eps=1e-5",
        ),
        (
            {"dy": DY[:3]},
            ShapeError,
            "must hold: dy has the shape of y, (4, 2); got: shape (3, 2); try: np.ones_like(y)",
        ),
        (
            {"gamma": np.ones(3)},
            ShapeError,
            "must hold: gamma has one value a feature, shape (2,); got: shape (3,); try: np.ones(2)",
        ),
    ],
)
def test_what_cannot_be_traced_is_refused_as_in_the_reference(change, kind, text):
    with pytest.raises(kind) as caught:
        trace(**({"x": X, "gamma": GAMMA, "beta": BETA, "dy": DY, "eps": 1.0} | change))
    assert str(caught.value) == text
