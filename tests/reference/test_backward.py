"""Backward: against numerical gradients and PyTorch, and what it removes from dy."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import bncourse
from bncourse import batchnorm_backward, batchnorm_forward, gradcheck


def case(N, D, seed):
    """Columns of very different scale, one negative gamma, dy with a mean that is not zero."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 1, (N, D)) * rng.uniform(0.01, 2.5, D) + rng.normal(0, 3, D)
    gamma = rng.uniform(0.5, 2, D)
    gamma[0] *= -1
    return x, gamma, rng.normal(0, 2, D), rng.normal(1, 1, (N, D))


shapes = st.tuples(st.integers(2, 8), st.integers(1, 6), st.integers(0, 2**32 - 1))


@settings(max_examples=40, deadline=None)
@given(shapes, st.sampled_from([1e-5, 0.05, 0.5]))
def test_backward_equals_numerical_gradients(shape, eps):
    x, gamma, beta, _ = case(*shape)
    x = x / np.abs(x - x.mean(axis=0)).max() * 3  # the step 1e-5 must be small beside the spread

    def forward(x, gamma, beta):
        return batchnorm_forward(x, gamma, beta, eps=eps)

    result = gradcheck(forward, batchnorm_backward, (x, gamma, beta), rtol=1e-5, atol=1e-6)
    assert result, str(result)


@pytest.mark.parametrize("eps", [1e-5, 0.05, 0.5])
@pytest.mark.parametrize("shape", [(7, 5), (5, 5), (2, 3), (128, 16)])
def test_backward_equals_pytorch(shape, eps):
    x, gamma, beta, dy = case(*shape, seed=1)
    t = [torch.tensor(a, requires_grad=True) for a in (x, gamma, beta)]
    y = torch.nn.functional.batch_norm(t[0], None, None, t[1], t[2], training=True, eps=eps)
    y.backward(torch.tensor(dy))
    _, cache = batchnorm_forward(x, gamma, beta, eps=eps)
    for ours, theirs in zip(batchnorm_backward(dy, cache), t, strict=True):
        np.testing.assert_allclose(ours, theirs.grad.numpy(), rtol=1e-9, atol=1e-9)


@given(shapes)
def test_columns_of_dx_sum_to_zero(shape):
    x, gamma, beta, dy = case(*shape)
    _, cache = batchnorm_forward(x, gamma, beta)
    dx, _, _ = batchnorm_backward(dy, cache)
    np.testing.assert_allclose(dx.sum(axis=0), 0, atol=1e-9 * np.abs(dx).max() * len(x) + 1e-12)


@given(shapes, st.sampled_from([1e-8, 1e-3, 0.5]))
def test_dx_is_orthogonal_to_x_hat_up_to_eps(shape, eps):
    # sum(dx * x_hat) = gamma * inv_std * dgamma * (1 - mean(x_hat²)); that bracket is eps / (var + eps)
    x, gamma, beta, dy = case(*shape)
    _, cache = batchnorm_forward(x, gamma, beta, eps=eps)
    dx, dgamma, _ = batchnorm_backward(dy, cache)
    expected = gamma * cache.inv_std * dgamma * eps / (x.var(axis=0) + eps)
    size = np.abs(dx).max(axis=0) + 1
    np.testing.assert_allclose((dx * cache.x_hat).sum(axis=0) / size, expected / size, atol=1e-7)


def test_dy_of_ones_gives_no_dx_at_all():
    x, gamma, beta, dy = case(6, 3, seed=2)
    _, cache = batchnorm_forward(x, gamma, beta)
    dx, dgamma, dbeta = batchnorm_backward(np.ones_like(dy), cache)
    np.testing.assert_allclose(dx, 0, atol=1e-12)
    np.testing.assert_allclose(dgamma, 0, atol=1e-12)
    np.testing.assert_array_equal(dbeta, [6, 6, 6])


def test_float32_in_float32_out():
    x, gamma, beta, dy = case(64, 4, seed=3)
    _, cache = batchnorm_forward(*(a.astype(np.float32) for a in (x, gamma, beta)))
    grads = batchnorm_backward(dy.astype(np.float32), cache)
    _, cache64 = batchnorm_forward(x, gamma, beta)
    for low, high in zip(grads, batchnorm_backward(dy, cache64), strict=True):
        assert low.dtype == np.float32
        np.testing.assert_allclose(low, high, rtol=1e-3, atol=1e-3 * np.abs(high).max())


def test_dy_and_cache_are_left_alone():
    x, gamma, beta, dy = case(6, 3, seed=4)
    _, cache = batchnorm_forward(x, gamma, beta)
    before = [a.copy() for a in (dy, cache.x_hat, cache.inv_std, cache.gamma)]
    first = batchnorm_backward(dy, cache)
    second = batchnorm_backward(dy, cache)
    for array, copy in zip((dy, cache.x_hat, cache.inv_std, cache.gamma), before, strict=True):
        np.testing.assert_array_equal(array, copy)
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


def test_integer_dy_is_converted():
    x, gamma, beta, _ = case(4, 2, seed=5)
    _, cache = batchnorm_forward(x, gamma, beta)
    dy = np.array([[1, 0], [0, 2], [3, 1], [0, 0]])
    for a, b in zip(batchnorm_backward(dy, cache), batchnorm_backward(dy * 1.0, cache), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.usefixtures("as_a_reader")
@pytest.mark.parametrize(
    ("dy", "text"),
    [
        (
            np.ones((3, 2)),
            "must hold: dy has the shape of y, (4, 2); got: shape (3, 2); try: np.ones_like(y)",
        ),
        (np.ones(2), "must hold: dy has the shape of y, (4, 2); got: shape (2,); try: np.ones_like(y)"),
        (
            np.ones((4, 2)) * 1j,
            "must hold: dy holds float64, float32 or integers; got: dtype complex128; try: dy.real",
        ),
    ],
)
def test_a_dy_that_does_not_fit_is_refused(dy, text):
    x, gamma, beta, _ = case(4, 2, seed=6)
    _, cache = batchnorm_forward(x, gamma, beta)
    with pytest.raises(bncourse.ShapeError) as caught:
        batchnorm_backward(dy, cache)
    assert str(caught.value) == text
