"""Batch norm a channel: against PyTorch, with any number of spatial axes, and what it is not."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from maps import assert_close, maps, shapes

import bncourse
from bncourse import gradcheck, spatial_batchnorm_backward, spatial_batchnorm_forward
from bncourse.reference import instancenorm_forward, serialised_batchnorm

EPS = st.sampled_from([1e-3, 0.05, 0.5])
IMAGES = [(4, 3, 2, 5), (3, 3, 3, 3), (1, 2, 3, 4), (5, 1, 1, 2), (2, 4, 6), (7, 5), (2, 3, 2, 3, 2)]


def places(shape):
    return shape[0] * int(np.prod(shape[2:]))


@given(shapes, EPS)
def test_values_and_gradients_equal_pytorch(drawn, eps):
    shape, seed = drawn
    assume(places(shape) > 1)
    x, gamma, beta, dy = maps(shape, seed)
    t = [torch.tensor(a, requires_grad=True) for a in (x, gamma, beta)]
    expected = torch.nn.functional.batch_norm(t[0], None, None, t[1], t[2], training=True, eps=eps)
    expected.backward(torch.tensor(dy))
    y, cache = spatial_batchnorm_forward(x, gamma, beta, eps=eps)
    assert_close(y, expected.detach())
    for ours, theirs in zip(spatial_batchnorm_backward(dy, cache), t, strict=True):
        assert_close(ours, theirs.grad)


@pytest.mark.parametrize("shape", IMAGES)
def test_the_gradients_pass_the_gradient_check(shape):
    x, gamma, beta, _ = maps(shape, seed=1)

    def forward(x, gamma, beta):
        return spatial_batchnorm_forward(x, gamma, beta, eps=0.05)

    result = gradcheck(forward, spatial_batchnorm_backward, (x, gamma, beta))
    assert result, str(result)


@given(shapes)
def test_it_is_batch_norm_of_the_channels_laid_out_as_columns(drawn):
    shape, seed = drawn
    assume(places(shape) > 1)
    x, gamma, beta, dy = maps(shape, seed)

    def as_rows(z):
        return np.moveaxis(z, 1, -1).reshape(-1, shape[1])

    y_rows, row_cache = bncourse.batchnorm_forward(as_rows(x), gamma, beta, eps=0.05)
    y, cache = spatial_batchnorm_forward(x, gamma, beta, eps=0.05)
    assert_close(as_rows(y), y_rows)
    of_rows = bncourse.batchnorm_backward(as_rows(dy), row_cache)
    dx, dgamma, dbeta = spatial_batchnorm_backward(dy, cache)
    for ours, theirs in zip((as_rows(dx), dgamma, dbeta), of_rows, strict=True):
        assert_close(ours, theirs)


@pytest.mark.parametrize("shape", [(1, 3, 4, 5), (1, 2, 6)])
def test_a_batch_of_one_image_is_instance_norm(shape):
    x, gamma, beta, dy = maps(shape)
    y, cache = spatial_batchnorm_forward(x, gamma, beta)
    y_instance, cache_instance = instancenorm_forward(x, gamma, beta)
    np.testing.assert_array_equal(y, y_instance)
    ours, theirs = spatial_batchnorm_backward(dy, cache), bncourse.instancenorm_backward(dy, cache_instance)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_cache_broadcasts_beside_the_images():
    x, gamma, beta, _ = maps((4, 3, 2, 5))
    y, cache = spatial_batchnorm_forward(x, gamma, beta)
    assert cache.inv_std.shape == (1, 3, 1, 1)
    mu = x.mean(axis=(0, 2, 3), keepdims=True)
    assert_close(cache.x_hat, (x - mu) * cache.inv_std)
    assert y.dtype == cache.x_hat.dtype == np.float64


def test_float32_stays_float32_and_keeps_its_variance_far_from_zero():
    x, gamma, beta, dy = maps((4, 3, 8, 8))
    low = (x + 4e3).astype(np.float32)
    y, cache = spatial_batchnorm_forward(low, gamma, beta)
    exact, exact_cache = spatial_batchnorm_forward(low.astype(np.float64), gamma, beta)
    assert y.dtype == cache.x_hat.dtype == cache.inv_std.dtype == np.float32
    np.testing.assert_allclose(y, exact, atol=2e-5)
    gradients = spatial_batchnorm_backward(dy.astype(np.float32), cache)
    for ours, theirs in zip(gradients, spatial_batchnorm_backward(dy, exact_cache), strict=True):
        assert ours.dtype == np.float32
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4 * np.abs(theirs).max())


def test_inputs_and_cache_are_left_alone():
    arrays = maps((3, 2, 2, 3))
    before = [a.copy() for a in arrays]
    x, gamma, beta, dy = arrays
    y, cache = spatial_batchnorm_forward(x, gamma, beta)
    kept = cache.x_hat.copy(), cache.inv_std.copy()
    spatial_batchnorm_backward(dy, cache)
    for now, was in zip((*arrays, cache.x_hat, cache.inv_std), (*before, *kept), strict=True):
        np.testing.assert_array_equal(now, was)
    assert not np.shares_memory(y, x)


def test_nan_in_one_channel_leaves_the_others_alone():
    x, gamma, beta, _ = maps((3, 3, 2, 2))
    x[0, 1, 0, 0] = np.inf
    y, _ = spatial_batchnorm_forward(x, gamma, beta)
    assert np.isnan(y[:, 1]).all()
    assert np.isfinite(y[:, [0, 2]]).all()


def test_the_serialised_variant_takes_statistics_a_cell():
    x, *_ = maps((5, 3, 4, 4))
    gamma, beta = np.linspace(1, 2, 48), np.linspace(-1, 1, 48)
    y = serialised_batchnorm(x, gamma, beta)
    t = torch.tensor(x.reshape(5, -1)), torch.tensor(gamma), torch.tensor(beta)
    expected = torch.nn.functional.batch_norm(t[0], None, None, t[1], t[2], training=True)
    assert_close(y, expected.numpy().reshape(x.shape))
    assert y.shape == x.shape


def test_the_serialised_variant_erases_a_border_and_does_not_move_with_the_image():
    rng = np.random.default_rng(0)
    x = rng.normal(0, 1, (6, 1, 4, 4))
    x[..., 0] = 7.0  # the same in every image: a border
    gamma, beta = np.ones(16), np.zeros(16)
    y = serialised_batchnorm(x, gamma, beta)
    np.testing.assert_array_equal(y[..., 0], 0)
    moved = serialised_batchnorm(np.roll(x[:3], 1, axis=3), gamma, beta)
    np.testing.assert_allclose(moved, np.roll(serialised_batchnorm(x[:3], gamma, beta), 1, axis=3))
    # one image moved among others is another matter: here the two ways differ
    one_moved = np.concatenate([np.roll(x[:1], 1, axis=3), x[1:]])
    cell = serialised_batchnorm(one_moved, gamma, beta)[0]
    channel = spatial_batchnorm_forward(one_moved, np.ones(1), np.zeros(1))[0][0]
    assert np.abs(cell - np.roll(y[0], 1, axis=2)).max() > 0.1
    assert_close(channel, np.roll(spatial_batchnorm_forward(x, np.ones(1), np.zeros(1))[0][0], 1, axis=2))


REFUSED = {
    "no axis of channels": (
        lambda: spatial_batchnorm_forward(np.ones(3), np.ones(3), np.zeros(3)),
        "must hold: x has axes (N examples, C channels, ...) and holds a value; got: shape (3,); "
        "try: x of shape (N, C, H, W), (N, C, T) or (N, C)",
    ),
    "nothing in it": (
        lambda: spatial_batchnorm_forward(np.ones((0, 3, 2, 2)), np.ones(3), np.zeros(3)),
        "must hold: x has axes (N examples, C channels, ...) and holds a value; got: shape (0, 3, 2, 2); "
        "try: x of shape (N, C, H, W), (N, C, T) or (N, C)",
    ),
    "one value a channel": (
        lambda: spatial_batchnorm_forward(np.ones((1, 3, 1, 1)), np.ones(3), np.zeros(3)),
        "must hold: batch norm takes each mean and variance of at least two values; "
        "got: one, for x of shape (1, 3, 1, 1) and groups = 1; try: a larger batch or larger maps",
    ),
    "gamma of another length": (
        lambda: spatial_batchnorm_forward(np.ones((2, 3, 4, 4)), np.ones(4), np.zeros(3)),
        "must hold: gamma has one value a channel, shape (3,); got: shape (4,); try: np.ones(3)",
    ),
    "beta is not finite": (
        lambda: spatial_batchnorm_forward(np.ones((2, 2, 4)), np.ones(2), np.array([0, np.nan])),
        "must hold: beta is finite; got: beta[1] = nan; "
        "try: a smaller learning rate; look for the first step whose loss is not finite",
    ),
    "eps of zero": (
        lambda: spatial_batchnorm_forward(np.ones((2, 2, 4)), np.ones(2), np.zeros(2), eps=0.0),
        "must hold: eps is a positive number; got: eps = 0.0; try: eps=1e-5",
    ),
    "complex": (
        lambda: spatial_batchnorm_forward(np.ones((2, 2, 4)) * 1j, np.ones(2), np.zeros(2)),
        "must hold: x holds float64, float32 or integers; got: dtype complex128; try: x.real",
    ),
    "the cache of another norm": (
        lambda: spatial_batchnorm_backward(
            np.ones((2, 1, 3)), instancenorm_forward(np.ones((2, 1, 3)), np.ones(1), np.zeros(1))[1]
        ),
        "must hold: the cache is that of batch norm; got: one of instance norm; try: its own backward",
    ),
    "dy of another shape": (
        lambda: spatial_batchnorm_backward(
            np.ones((2, 3, 1)), spatial_batchnorm_forward(np.ones((2, 1, 3)), np.ones(1), np.zeros(1))[1]
        ),
        "must hold: dy has the shape of y, (2, 1, 3); got: shape (2, 3, 1); try: np.ones_like(y)",
    ),
}


@pytest.mark.usefixtures("as_a_reader")
@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_right_is_refused_with_what_to_try(name):
    call, text = REFUSED[name]
    with pytest.raises(bncourse.BncourseError) as caught:
        call()
    assert str(caught.value) == text
