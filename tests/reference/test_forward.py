"""Forward in training: values against PyTorch, invariants, and every bad input by its text."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import bncourse
from bncourse import batchnorm_forward

RNG = np.random.default_rng(0)


def layer(N=7, D=5, seed=0):
    """x with columns of very different mean and scale, gamma with a negative entry, beta ≠ gamma."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 1, (N, D)) * np.geomspace(0.01, 2.5, D) + rng.normal(0, 3, D)
    gamma = rng.uniform(0.5, 2, D) * np.where(np.arange(D) == 1, -1, 1)
    return x, gamma, rng.normal(0, 2, D)


batches = arrays(
    np.float64,
    st.tuples(st.integers(2, 9), st.integers(1, 5)),
    elements=st.floats(-100, 100, allow_subnormal=False, width=32),
)


@pytest.mark.parametrize("eps", [1e-5, 0.05, 0.5])
@pytest.mark.parametrize("shape", [(7, 5), (5, 5), (2, 3), (64, 1)])
def test_forward_equals_pytorch(shape, eps):
    x, gamma, beta = layer(*shape)
    y, _ = batchnorm_forward(x, gamma, beta, eps=eps)
    t = [torch.tensor(a) for a in (x, gamma, beta)]
    expected = torch.nn.functional.batch_norm(t[0], None, None, t[1], t[2], training=True, eps=eps)
    np.testing.assert_allclose(y, expected.numpy(), rtol=1e-10, atol=1e-10)


def test_the_numbers_of_a_batch_of_two_by_hand():
    # mean 2, biased variance 1, eps 3: x_hat = ±1/2, y = 10 ± 2
    y, cache = batchnorm_forward(np.array([[1.0], [3.0]]), np.array([4.0]), np.array([10.0]), eps=3.0)
    np.testing.assert_array_equal(y, [[8.0], [12.0]])
    np.testing.assert_array_equal(cache.x_hat, [[-0.5], [0.5]])
    np.testing.assert_array_equal(cache.inv_std, [0.5])


@given(batches, st.floats(-1000, 1000))
def test_shifting_the_input_changes_nothing(x, shift):
    ones, zeros = np.ones(x.shape[1]), np.zeros(x.shape[1])
    y, _ = batchnorm_forward(x, ones, zeros, eps=1e-3)
    shifted, _ = batchnorm_forward(x + shift, ones, zeros, eps=1e-3)
    np.testing.assert_allclose(shifted, y, atol=1e-6)


@given(batches, st.floats(0.1, 50))
def test_stretching_the_input_changes_nothing_when_eps_is_stretched_too(x, factor):
    ones, zeros = np.ones(x.shape[1]), np.zeros(x.shape[1])
    y, _ = batchnorm_forward(x, ones, zeros, eps=1e-3)
    stretched, _ = batchnorm_forward(factor * x, ones, zeros, eps=1e-3 * factor**2)
    np.testing.assert_allclose(stretched, y, atol=1e-6)


@given(batches, st.randoms(use_true_random=False))
def test_the_order_of_the_examples_does_not_matter(x, random):
    order = list(range(len(x)))
    random.shuffle(order)
    gamma, beta = np.full(x.shape[1], 2.0), np.full(x.shape[1], -1.0)
    y, _ = batchnorm_forward(x, gamma, beta)
    permuted, _ = batchnorm_forward(x[order], gamma, beta)
    np.testing.assert_allclose(permuted, y[order], atol=1e-6)


@given(batches)
def test_features_do_not_see_each_other(x):
    D = x.shape[1]
    y, _ = batchnorm_forward(x, np.ones(D), np.zeros(D))
    for d in range(D):
        alone, _ = batchnorm_forward(x[:, [d]], np.ones(1), np.zeros(1))
        np.testing.assert_allclose(y[:, [d]], alone, atol=1e-9)


@given(batches)
def test_normalised_columns_have_mean_zero_and_the_promised_variance(x):
    _, cache = batchnorm_forward(x, np.ones(x.shape[1]), np.zeros(x.shape[1]), eps=1e-3)
    var = x.var(axis=0)
    np.testing.assert_allclose(cache.x_hat.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(cache.x_hat.var(axis=0), var / (var + 1e-3), atol=1e-9)


def test_float32_stays_float32_and_is_accurate():
    x, gamma, beta = layer(N=512)
    y, cache = batchnorm_forward(*(a.astype(np.float32) for a in (x, gamma, beta)))
    expected, _ = batchnorm_forward(x.astype(np.float32).astype(np.float64), gamma, beta)
    assert y.dtype == cache.x_hat.dtype == cache.inv_std.dtype == np.float32
    np.testing.assert_allclose(y, expected, atol=2e-4)


def test_an_eps_that_is_a_numpy_number_leaves_float32_alone():
    x, gamma, beta = layer()
    y, _ = batchnorm_forward(x.astype(np.float32), gamma, beta, eps=np.float64(1e-5))
    assert y.dtype == np.float32


def test_float32_far_from_zero_keeps_its_variance():
    # E[x²] − E[x]² would be wrong in the first digit here
    x = (4000 + RNG.normal(0, 1, (256, 2))).astype(np.float32)
    _, cache = batchnorm_forward(x, np.ones(2, np.float32), np.zeros(2, np.float32))
    np.testing.assert_allclose(1 / cache.inv_std**2, x.astype(np.float64).var(axis=0) + 1e-5, rtol=1e-4)


def test_many_float32_rows_are_summed_without_loss():
    x = np.full((2**17, 1), 0.1, np.float32)
    x[0] = 1000
    mu, _ = bncourse.reference.moments.batch_moments(x)
    np.testing.assert_allclose(mu, x.astype(np.float64).mean(axis=0), rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.int8])
def test_integers_become_float64(dtype):
    x = np.array([[0, 1], [1, 1], [1, 0]]).astype(dtype)
    y, _ = batchnorm_forward(x, np.ones(2), np.zeros(2))
    expected, _ = batchnorm_forward(x.astype(np.float64), np.ones(2), np.zeros(2))
    assert y.dtype == np.float64
    np.testing.assert_array_equal(y, expected)


def test_inputs_are_left_alone_and_the_output_is_no_alias():
    x, gamma, beta = layer()
    before = [a.copy() for a in (x, gamma, beta)]
    y, cache = batchnorm_forward(x, gamma, beta)
    y += 1
    cache.x_hat[:] = 0
    for array, copy in zip((x, gamma, beta), before, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_a_constant_feature_gives_beta():
    x = np.full((4, 1), 7.0)
    y, _ = batchnorm_forward(x, np.array([3.0]), np.array([0.5]))
    np.testing.assert_array_equal(y, np.full((4, 1), 0.5))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_stay_in_their_column(value):
    x, gamma, beta = layer()
    x[3, 2] = value
    y, _ = batchnorm_forward(x, gamma, beta)
    assert np.isnan(y[:, 2]).all()
    assert np.isfinite(np.delete(y, 2, axis=1)).all()


ONES, ZEROS = np.ones(2), np.zeros(2)
X = np.arange(6.0).reshape(3, 2)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda: batchnorm_forward(X + 1j, ONES, ZEROS),
            "must hold: x holds float64, float32 or integers; got: dtype complex128; try: x.real",
        ),
        (
            lambda: batchnorm_forward(X.astype(np.float16), ONES, ZEROS),
            "must hold: x holds float64, float32 or integers; got: dtype float16; try: x.astype(np.float32)",
        ),
        (
            lambda: batchnorm_forward(np.array([["a", "b"]]), ONES, ZEROS),
            "must hold: x holds float64, float32 or integers; got: dtype <U1; try: x.astype(np.float32)",
        ),
        (
            lambda: batchnorm_forward(X[:, 0], ONES, ZEROS),
            "must hold: x has two axes, (N examples, D features); got: shape (3,); "
            "try: x[:, None] for one feature, x.reshape(len(x), -1) for more than two axes",
        ),
        (
            lambda: batchnorm_forward(np.zeros((2, 3, 4, 4)), ONES, ZEROS),
            "must hold: x has two axes, (N examples, D features); got: shape (2, 3, 4, 4); "
            "try: x[:, None] for one feature, x.reshape(len(x), -1) for more than two axes",
        ),
        (
            lambda: batchnorm_forward(np.zeros((0, 2)), ONES, ZEROS),
            "must hold: x holds at least one example and one feature; got: shape (0, 2); "
            "try: looking at the slice that made x",
        ),
        (
            lambda: batchnorm_forward(np.zeros((2, 0)), ONES, ZEROS),
            "must hold: x holds at least one example and one feature; got: shape (2, 0); "
            "try: looking at the slice that made x",
        ),
        (
            lambda: batchnorm_forward(X[:1], ONES, ZEROS),
            "must hold: a training batch has at least two examples; got: shape (1, 2); "
            "try: a larger batch, or batchnorm_inference with running statistics",
        ),
        (
            lambda: batchnorm_forward(X, np.ones(3), ZEROS),
            "must hold: gamma has one value a feature, shape (2,); got: shape (3,); try: np.ones(2)",
        ),
        (
            lambda: batchnorm_forward(X, ONES, np.zeros((1, 2))),
            "must hold: beta has one value a feature, shape (2,); got: shape (1, 2); try: np.ones(2)",
        ),
        (
            lambda: batchnorm_forward(X, np.array([1.0, np.nan]), ZEROS),
            "must hold: gamma is finite; got: gamma[1] = nan; "
            "try: a smaller learning rate; look for the first step whose loss is not finite",
        ),
        (
            lambda: batchnorm_forward(X, ONES, ZEROS, eps=0),
            "must hold: eps is a positive number; got: eps = 0; try: eps=1e-5",
        ),
        (
            lambda: batchnorm_forward(X, ONES, ZEROS, eps=-1e-5),
            "must hold: eps is a positive number; got: eps = -1e-05; try: eps=1e-5",
        ),
        (
            lambda: batchnorm_forward(X, ONES, ZEROS, eps=float("nan")),
            "must hold: eps is a positive number; got: eps = nan; try: eps=1e-5",
        ),
    ],
)
@pytest.mark.usefixtures("as_a_reader")
def test_bad_input_says_what_must_hold(call, text):
    with pytest.raises(bncourse.BncourseError) as caught:
        call()
    assert str(caught.value) == text
