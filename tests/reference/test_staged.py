"""The staged form: every value against NumPy, every gradient against PyTorch, and what two parts sum to."""

from dataclasses import fields

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from test_backward import case, shapes

import bncourse
from bncourse.reference.staged import StagedValues, staged_backward, staged_forward, staged_gradients

EPS = st.sampled_from([1e-5, 0.05, 0.5])
ROWS = {"mu", "var", "std", "inv_std", "gamma", "beta"}  # one number a feature; all else is (N, D)
PARTS = {"xc": {"xc_via_x_hat", "xc_via_sq"}, "x": {"x_via_xc", "x_via_mu"}}
NODES = [field.name for field in fields(StagedValues) if field.name != "eps"]


def assert_close(ours, theirs, scale):
    """Equal to 1e-9 of `scale`: what the terms of a column measure before they cancel in it."""
    off = np.abs(ours - theirs)
    assert (off <= 1e-9 * scale).all(), f"off by {off.max()}"


def size(values, dy):
    """Of one term of dx: a batch of two has a dx near 0, left over from terms of this size."""
    return np.abs(values.gamma * values.inv_std) * np.abs(dy).max()


def in_numpy(x, gamma, beta, eps):
    """What each node is, without a look at the code under test."""
    mu, var, rows = x.mean(axis=0), x.var(axis=0), np.ones_like(x)
    std = np.sqrt(var + eps)
    x_hat = (x - mu) / std
    return {
        "x": x, "mu": mu, "mu_rows": mu * rows, "xc": x - mu, "sq": (x - mu) ** 2, "var": var, "std": std,
        "inv_std": 1 / std, "inv_std_rows": rows / std, "x_hat": x_hat, "gamma": gamma,
        "gamma_rows": gamma * rows, "scaled": gamma * x_hat, "beta": beta, "beta_rows": beta * rows,
        "y": gamma * x_hat + beta,
    }  # fmt: skip


def in_torch(x, gamma, beta, dy, eps):
    """Every node and both parts at each fork as tensors of one graph, whose gradients are kept."""
    t = {
        name: torch.tensor(a, requires_grad=True) for name, a in (("x", x), ("gamma", gamma), ("beta", beta))
    }
    t["x_via_mu"], t["x_via_xc"] = t["x"].clone(), t["x"].clone()
    t["mu"] = t["x_via_mu"].mean(dim=0)
    t["mu_rows"] = t["mu"].expand(x.shape)
    t["xc"] = t["x_via_xc"] - t["mu_rows"]
    t["xc_via_sq"], t["xc_via_x_hat"] = t["xc"].clone(), t["xc"].clone()
    t["sq"] = t["xc_via_sq"] ** 2
    t["var"] = t["sq"].mean(dim=0)
    t["std"] = torch.sqrt(t["var"] + eps)
    t["inv_std"] = 1 / t["std"]
    t["inv_std_rows"] = t["inv_std"].expand(x.shape)
    t["x_hat"] = t["xc_via_x_hat"] * t["inv_std_rows"]
    t["gamma_rows"] = t["gamma"].expand(x.shape)
    t["scaled"] = t["x_hat"] * t["gamma_rows"]
    t["beta_rows"] = t["beta"].expand(x.shape)
    t["y"] = t["scaled"] + t["beta_rows"]
    for tensor in t.values():
        tensor.retain_grad()
    t["y"].backward(torch.tensor(dy))
    return t


def test_the_nodes_are_those_of_the_graph_in_order():
    assert " ".join(NODES) == (
        "x mu mu_rows xc sq var std inv_std inv_std_rows x_hat gamma gamma_rows scaled beta beta_rows y"
    )


@given(shapes, EPS)
def test_every_value_by_its_name_against_numpy(shape, eps):
    x, gamma, beta, _ = case(*shape)
    y, values = staged_forward(x, gamma, beta, eps=eps)
    expected = in_numpy(x, gamma, beta, eps)
    assert set(expected) == set(NODES)
    for name, right in expected.items():
        assert_close(getattr(values, name), right, np.abs(x).max() + np.abs(right).max())
    assert values.eps == eps
    assert y is values.y


@given(shapes, EPS)
def test_every_gradient_by_its_name_against_pytorch(shape, eps):
    x, gamma, beta, dy = case(*shape)
    _, values = staged_forward(x, gamma, beta, eps=eps)
    gradients = staged_gradients(dy, values)
    right = in_torch(x, gamma, beta, dy, eps)
    assert {f"d{name}" for name in right} == {field.name for field in fields(gradients)}
    for name, tensor in right.items():
        theirs = tensor.grad.numpy()
        sums = np.abs(theirs).max(axis=0) + (size(values, dy) if name.startswith(("x", "mu")) else 1)
        assert_close(getattr(gradients, f"d{name}"), theirs, sums)
    for ours, name in zip(staged_backward(dy, values), ("dx", "dgamma", "dbeta"), strict=True):
        np.testing.assert_array_equal(ours, getattr(gradients, name))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_gradient_has_shape_and_dtype_of_its_value(dtype):
    N, D = 7, 3
    x, gamma, beta, dy = (a.astype(dtype) for a in case(N, D, seed=1))
    _, values = staged_forward(x, gamma, beta)
    gradients = staged_gradients(dy, values)
    for name in NODES:
        shape = (D,) if name in ROWS else (N, D)
        for z in (getattr(values, name), getattr(gradients, f"d{name}")):
            assert (z.shape, z.dtype) == (shape, dtype), name
        for part in PARTS.get(name, ()):
            assert getattr(gradients, f"d{part}").shape == shape
            assert getattr(gradients, f"d{part}").dtype == dtype


def test_float32_is_close_to_float64():
    inputs = case(200, 4, seed=3)
    high = staged_gradients(inputs[3], staged_forward(*inputs[:3])[1])
    small = [a.astype(np.float32) for a in inputs]
    low = staged_gradients(small[3], staged_forward(*small[:3])[1])
    for name in (field.name for field in fields(high)):
        right = getattr(high, name)
        off = np.abs(getattr(low, name) - right).max(axis=0) / (np.abs(right).max(axis=0) + 1)
        assert off.max() < 2e-3, name  # a column of scale 0.01 about a mean of 3 has lost digits in x itself


def test_float32_input_loses_nothing_in_the_sums():
    x = np.random.default_rng(5).normal(100, 1, (50_000, 2)).astype(np.float32)
    _, values = staged_forward(x, np.ones(2), np.zeros(2))  # a single column NumPy would sum in pairs
    gradients = staged_gradients(x, values)
    np.testing.assert_allclose(values.mu, x.mean(axis=0, dtype=np.float64), rtol=1e-7)
    np.testing.assert_allclose(gradients.dbeta, x.sum(axis=0, dtype=np.float64), rtol=1e-7)


@given(shapes, EPS)
def test_where_two_paths_meet_their_parts_are_added(shape, eps):
    x, gamma, beta, dy = case(*shape)
    g = staged_gradients(dy, staged_forward(x, gamma, beta, eps=eps)[1])
    np.testing.assert_array_equal(g.dxc, g.dxc_via_x_hat + g.dxc_via_sq)
    np.testing.assert_array_equal(g.dx, g.dx_via_xc + g.dx_via_mu)


@given(shapes, EPS)
def test_the_variance_sends_nothing_to_the_mean(shape, eps):
    # d var / d mu = -2/N sum(xc) = 0: a term that longer derivations carry along for nothing
    x, gamma, beta, dy = case(*shape)
    _, values = staged_forward(x, gamma, beta, eps=eps)
    g = staged_gradients(dy, values)
    assert_close(g.dxc_via_sq.sum(axis=0), 0, size(values, dy) * len(x))
    assert_close(g.dmu, -values.inv_std * g.dx_hat.sum(axis=0), size(values, dy) * len(x))


def test_the_batch_of_the_pages_comes_out_even():
    x = np.array([[1.0, 2.0], [9.0, 2.0], [5.0, 2.0], [5.0, 6.0]])
    dy = np.array([[1.0, 2.0], [0.0, 1.0], [2.0, 0.0], [1.0, -1.0]])
    _, v = staged_forward(x, np.array([3.0, -2.0]), np.array([1.0, 0.0]), eps=1.0)
    assert (v.mu.tolist(), v.var.tolist(), v.std.tolist()) == ([5, 3], [8, 3], [3, 2])
    g = staged_gradients(dy, v)
    # by hand, column 1: sum(dy * x_hat) = -4/3, sum(dy) = 4, dx = 3/3 (dy - 1 + x_hat / 3)
    np.testing.assert_allclose(g.dgamma, [-4 / 3, -3])
    np.testing.assert_allclose(g.dbeta, [4, 2])
    np.testing.assert_allclose(g.dx[:, 0], [-4 / 9, -5 / 9, 1, 0], atol=1e-15)
    np.testing.assert_allclose(g.dx[:, 1], [-1.125, -0.125, 0.875, 0.375])


def test_inputs_and_values_are_left_alone():
    inputs = case(6, 3, seed=4)
    before = [a.copy() for a in inputs]
    _, values = staged_forward(*inputs[:3])
    kept = {name: getattr(values, name).copy() for name in NODES}
    first, second = (staged_backward(inputs[3], values) for _ in range(2))
    for now, then in zip((*inputs, *first), (*before, *second), strict=True):
        np.testing.assert_array_equal(now, then)
    for name, then in kept.items():
        np.testing.assert_array_equal(getattr(values, name), then)


def test_integers_are_converted():
    x, gamma, beta, dy = np.array([[1], [9], [5]]), np.array([3]), np.array([1]), np.array([[1], [0], [2]])
    _, values = staged_forward(x, gamma, beta, eps=1.0)
    _, floats = staged_forward(x * 1.0, gamma * 1.0, beta * 1.0, eps=1.0)
    for a, b in zip(staged_backward(dy, values), staged_backward(dy * 1.0, floats), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.usefixtures("as_a_reader")
@pytest.mark.parametrize("backward", [staged_gradients, staged_backward])
@pytest.mark.parametrize("shape", [(3, 2), (2,)])
def test_a_dy_that_does_not_fit_is_refused(backward, shape):
    x, gamma, beta, _ = case(4, 2, seed=6)
    _, values = staged_forward(x, gamma, beta)
    with pytest.raises(bncourse.ShapeError) as caught:
        backward(np.ones(shape), values)
    text = f"must hold: dy has the shape of y, (4, 2); got: shape {shape}; try: np.ones_like(y)"
    assert str(caught.value) == text
