"""Folding: one layer gives what layer and batch norm gave, for linear and convolution layers."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from maps import assert_close

import bncourse
from bncourse import fold_batchnorm

CONVOLVE = {2: F.linear, 3: F.conv1d, 4: F.conv2d, 5: F.conv3d}


def parameters(shape, seed):
    """W, b, gamma (one negative), beta, mean and variances from 0.05 to 3."""
    rng = np.random.default_rng(seed)
    O = shape[0]  # noqa: E741
    gamma = rng.uniform(0.5, 2, O)
    gamma[rng.integers(O)] *= -1
    var = rng.permutation(np.geomspace(0.05, 3, O))
    return (
        rng.normal(0, 1, shape),
        rng.normal(0, 1, O),
        gamma,
        rng.normal(0, 2, O),
        rng.normal(1, 2, O),
        var,
    )


weights = st.tuples(
    st.integers(1, 4), st.integers(1, 4), st.lists(st.integers(1, 3), max_size=3), st.integers(0, 2**32 - 1)
).map(lambda drawn: ((drawn[0], drawn[1], *drawn[2]), drawn[3]))


@given(weights, st.booleans(), st.sampled_from([1e-5, 0.05, 0.5]))
def test_the_folded_layer_gives_what_layer_and_norm_gave(drawn, with_bias, eps):
    shape, seed = drawn
    W, b, gamma, beta, mean, var = parameters(shape, seed)
    b = b if with_bias else None
    x = torch.tensor(np.random.default_rng(seed).normal(0, 1, (2, shape[1], *[4] * (len(shape) - 2))))
    settings = {"padding": 1} if len(shape) > 2 else {}
    layer = CONVOLVE[len(shape)]
    t = [None if a is None else torch.tensor(a) for a in (W, b, gamma, beta, mean, var)]
    z = layer(x, t[0], t[1], **settings)
    expected = F.batch_norm(z, t[4], t[5], t[2], t[3], training=False, eps=eps)
    W_new, b_new = fold_batchnorm(W, b, gamma, beta, mean, var, eps=eps)
    assert (W_new.shape, b_new.shape) == (W.shape, (shape[0],))
    assert_close(layer(x, torch.tensor(W_new), torch.tensor(b_new), **settings).numpy(), expected)


def test_folding_agrees_with_our_own_inference():
    W, b, gamma, beta, mean, var = parameters((4, 3), seed=1)
    x = np.random.default_rng(2).normal(0, 1, (5, 3))
    stats = bncourse.RunningStats(mean, var)
    expected = bncourse.batchnorm_inference(x @ W.T + b, gamma, beta, stats, eps=0.05)
    W_new, b_new = fold_batchnorm(W, b, gamma, beta, mean, var, eps=0.05)
    assert_close(x @ W_new.T + b_new, expected)


def test_a_layer_without_bias_is_one_with_a_bias_of_zero():
    W, _, *norm = parameters((4, 3, 2, 2), seed=3)
    for one, two in zip(fold_batchnorm(W, None, *norm), fold_batchnorm(W, np.zeros(4), *norm), strict=True):
        np.testing.assert_array_equal(one, two)


def test_float32_stays_float32_and_inputs_are_left_alone():
    arrays = [a.astype(np.float32) for a in parameters((3, 2, 3, 3), seed=4)]
    before = [a.copy() for a in arrays]
    W, b = fold_batchnorm(*arrays, eps=np.float64(1e-5))
    assert W.dtype == b.dtype == np.float32
    for now, was in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(now, was)


def refused(**changed):
    W, b, gamma, beta, mean, var = parameters((3, 2), seed=5)
    given = {"W": W, "b": b, "gamma": gamma, "beta": beta, "mean": mean, "var": var} | changed
    with pytest.raises(bncourse.BncourseError) as caught:
        fold_batchnorm(**given)
    return str(caught.value)


@pytest.mark.usefixtures("as_a_reader")
@pytest.mark.parametrize(
    ("changed", "text"),
    [
        (
            {"W": np.ones(3)},
            "must hold: W has axes (O outputs, I inputs, ...) and holds a value; got: shape (3,); "
            "try: the weight of a linear or convolution layer, as PyTorch keeps it",
        ),
        (
            {"b": np.ones(2)},
            "must hold: b has one value a feature, shape (3,); got: shape (2,); try: np.ones(3)",
        ),
        (
            {"gamma": np.ones(2)},
            "must hold: gamma has one value a feature, shape (3,); got: shape (2,); try: np.ones(3)",
        ),
        (
            {"var": np.array([1.0, -2.0, 1.0])},
            "must hold: var is not negative; got: min(var) = -2.0; try: var, not log(var)",
        ),
        ({"eps": -1.0}, "must hold: eps is a positive number; got: eps = -1.0; try: eps=1e-5"),
    ],
)
def test_what_cannot_be_right_is_refused_with_what_to_try(changed, text):
    assert refused(**changed) == text
