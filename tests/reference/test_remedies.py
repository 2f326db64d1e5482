"""Ghost, renormalised and frozen batch norm, standardised weights: what each equals, and its gradients."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from maps import assert_close, maps

import bncourse
from bncourse import RunningStats, ShapeError, StateError, gradcheck
from bncourse.reference import remedies, weights

SHAPES = [(4, 3), (6, 3, 4), (4, 3, 2, 3)]
LOOSE = {"r_max": 1e9, "d_max": 1e9}


def stats_of(C, seed=5):
    rng = np.random.default_rng(seed)
    return RunningStats(rng.normal(0, 2, C), rng.uniform(0.2, 4, C))


def flat(x):
    """(N, C, *spatial) as examples below one another, (N·S, C)."""
    return np.moveaxis(x, 1, -1).reshape(-1, x.shape[1])


@pytest.mark.parametrize("shape", SHAPES)
def test_a_ghost_as_large_as_the_batch_is_batch_norm(shape):
    x, gamma, beta, dy = maps(shape)
    y, caches = remedies.ghost_batchnorm(x, gamma, beta, shape[0])
    expected, cache = bncourse.spatial_batchnorm_forward(x, gamma, beta)
    assert_close(y, expected)
    found = remedies.ghost_batchnorm_backward(dy, caches)
    for mine, theirs in zip(found, bncourse.spatial_batchnorm_backward(dy, cache), strict=True):
        assert_close(mine, theirs)


@pytest.mark.parametrize("shape", SHAPES)
def test_ghosts_do_not_see_one_another(shape):
    x, gamma, beta, _ = maps(shape)
    y, caches = remedies.ghost_batchnorm(x, gamma, beta, 2)
    assert len(caches) == shape[0] // 2
    for start in range(0, shape[0], 2):
        alone, _ = bncourse.spatial_batchnorm_forward(x[start : start + 2], gamma, beta)
        np.testing.assert_array_equal(y[start : start + 2], alone)


def test_a_ghost_of_one_image_is_instance_norm():
    x, gamma, beta, _ = maps((3, 4, 2, 3))
    y, _ = remedies.ghost_batchnorm(x, gamma, beta, 1)
    assert_close(y, bncourse.instancenorm_forward(x, gamma, beta)[0])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("eps", [1e-3, 0.5])
def test_renorm_without_limits_is_inference(shape, eps):
    x, gamma, beta, _ = maps(shape)
    stats = stats_of(shape[1])
    y, _ = remedies.batch_renorm(x, gamma, beta, stats, eps=eps, **LOOSE)
    assert_close(flat(y), bncourse.batchnorm_inference(flat(x), gamma, beta, stats, eps=eps))


@pytest.mark.parametrize("shape", SHAPES)
def test_renorm_with_the_tightest_limits_is_batch_norm(shape):
    x, gamma, beta, dy = maps(shape)
    stats = stats_of(shape[1])
    y, cache = remedies.batch_renorm(x, gamma, beta, stats, r_max=1.0, d_max=0.0)
    expected, plain = bncourse.spatial_batchnorm_forward(x, gamma, beta)
    assert_close(y, expected)
    found = remedies.batch_renorm_backward(dy, cache)
    for mine, theirs in zip(found, bncourse.spatial_batchnorm_backward(dy, plain), strict=True):
        assert_close(mine, theirs)


@given(st.integers(0, 2**32 - 1))
def test_renorm_cuts_r_and_d_at_their_limits(seed):
    x, gamma, beta, _ = maps((6, 4, 2), seed)
    stats = stats_of(4, seed)
    _, cut = remedies.batch_renorm(x, gamma, beta, stats, r_max=1.5, d_max=0.5)
    _, free = remedies.batch_renorm(x, gamma, beta, stats, **LOOSE)
    assert_close(cut.r, np.clip(free.r, 1 / 1.5, 1.5))
    assert_close(cut.d, np.clip(free.d, -0.5, 0.5))


def test_renorm_holds_r_and_d_constant_as_autograd_does_when_told_to():
    x, gamma, beta, dy = maps((5, 3, 2, 2))
    stats = stats_of(3)
    _, cache = remedies.batch_renorm(x, gamma, beta, stats, r_max=1.5, d_max=0.5, eps=0.05)
    t = [torch.tensor(a, requires_grad=True) for a in (x, gamma, beta)]
    mean, var = t[0].mean((0, 2, 3), keepdim=True), t[0].var((0, 2, 3), correction=0, keepdim=True)
    std = torch.sqrt(torch.tensor(stats.var) + 0.05).reshape(3, 1, 1)
    r = (torch.sqrt(var + 0.05) / std).clamp(1 / 1.5, 1.5).detach()
    d = ((mean - torch.tensor(stats.mean).reshape(3, 1, 1)) / std).clamp(-0.5, 0.5).detach()
    x_hat = (t[0] - mean) / torch.sqrt(var + 0.05) * r + d
    y = t[1].reshape(3, 1, 1) * x_hat + t[2].reshape(3, 1, 1)
    y.backward(torch.tensor(dy))
    assert_close(remedies.batch_renorm(x, gamma, beta, stats, r_max=1.5, d_max=0.5, eps=0.05)[0], y.detach())
    for mine, tensor in zip(remedies.batch_renorm_backward(dy, cache), t, strict=True):
        assert_close(mine, tensor.grad)


@pytest.mark.parametrize("shape", [*SHAPES, (1, 3), (1, 2, 1)])
def test_frozen_is_inference_for_any_number_of_examples(shape):
    x, gamma, beta, _ = maps(shape)
    stats = stats_of(shape[1])
    y, _ = remedies.frozen_batchnorm(x, gamma, beta, stats, eps=0.05)
    assert_close(flat(y), bncourse.batchnorm_inference(flat(x), gamma, beta, stats, eps=0.05))


@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 3), (3, 2, 3, 3)])
def test_standardised_weights_and_their_gradient_equal_pytorch(shape):
    W, _, _, dW_hat = maps(shape)
    t = torch.tensor(W, requires_grad=True)
    rows = t.reshape(shape[0], -1)
    var = rows.var(1, correction=0, keepdim=True)
    W_hat = ((rows - rows.mean(1, keepdim=True)) / torch.sqrt(var + 0.05)).reshape(shape)
    W_hat.backward(torch.tensor(dW_hat))
    mine, cache = weights.weight_standardise(W, eps=0.05)
    assert_close(mine, W_hat.detach())
    assert_close(weights.weight_standardise_backward(dW_hat, cache)[0], t.grad)


@pytest.mark.parametrize("shape", SHAPES)
def test_gradients_pass_the_gradient_check(shape):
    x, gamma, beta, _ = maps(shape, seed=3)
    stats = stats_of(shape[1])
    for forward, backward, inputs in [
        (lambda x, g, b: remedies.ghost_batchnorm(x, g, b, 2, eps=0.05), remedies.ghost_batchnorm_backward,
         (x, gamma, beta)),
        (lambda x, g, b: remedies.frozen_batchnorm(x, g, b, stats, eps=0.05),
         remedies.frozen_batchnorm_backward, (x, gamma, beta)),
        (lambda W: weights.weight_standardise(W, eps=0.05), weights.weight_standardise_backward, (x,)),
    ]:  # fmt: skip
        result = gradcheck(forward, backward, inputs)
        assert result, str(result)


def test_float32_stays_float32():
    x, gamma, beta, dy = (a.astype(np.float32) for a in maps((4, 3, 2)))
    stats = stats_of(3)
    pairs = [
        (remedies.ghost_batchnorm(x, gamma, beta, 2), remedies.ghost_batchnorm_backward),
        (remedies.batch_renorm(x, gamma, beta, stats), remedies.batch_renorm_backward),
        (remedies.frozen_batchnorm(x, gamma, beta, stats), remedies.frozen_batchnorm_backward),
        (weights.weight_standardise(x), weights.weight_standardise_backward),
    ]
    for (y, cache), backward in pairs:
        assert y.dtype == np.float32
        assert all(gradient.dtype == np.float32 for gradient in backward(dy, cache))


X, G, B, _ = maps((4, 3, 2))


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: remedies.ghost_batchnorm(X, G, B, 3), StateError,
         "must hold: size divides the number of examples; got: size = 3, N = 4; try: size=4"),
        (lambda: remedies.ghost_batchnorm(X, G, B, 0), StateError, "got: size = 0, N = 4"),
        (lambda: remedies.batch_renorm(X, G, B, stats_of(3), r_max=0.5), StateError,
         "must hold: r_max is 1 or more and d_max 0 or more; got: r_max = 0.5, d_max = 5.0; try: r_max=3.0"),
        (lambda: remedies.batch_renorm(X, G, B, stats_of(2)), ShapeError,
         "must hold: the statistics have one value a channel, shape (3,); got: shape (2,); "
         "try: RunningStats.initial(3)"),
        (lambda: remedies.frozen_batchnorm(X, G, B, stats_of(2)), ShapeError, "one value a channel"),
        (lambda: remedies.frozen_batchnorm(X[:0], G, B, stats_of(3)), ShapeError,
         "must hold: x has axes (N examples, C channels, ...) and holds a value; got: shape (0, 3, 2)"),
        (lambda: remedies.frozen_batchnorm_backward(X, bncourse.layernorm_forward(X, G, B)[1]), StateError,
         "must hold: the cache is that of frozen_batchnorm; got: one of layer norm; try: its own backward"),
        (lambda: weights.weight_standardise(np.ones((3, 1))), ShapeError,
         "must hold: every output has at least two weights, W of shape (O, I, ...); got: shape (3, 1); "
         "try: the weight of a linear or convolution layer"),
    ],
)  # fmt: skip
def test_errors_say_what_must_hold(call, error, text):
    with pytest.raises(error) as caught:
        call()
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("y_and_cache", "backward"),
    [
        (remedies.ghost_batchnorm(X, G, B, 2), remedies.ghost_batchnorm_backward),
        (remedies.batch_renorm(X, G, B, stats_of(3)), remedies.batch_renorm_backward),
        (remedies.frozen_batchnorm(X, G, B, stats_of(3)), remedies.frozen_batchnorm_backward),
        (weights.weight_standardise(X), weights.weight_standardise_backward),
    ],
)
def test_a_gradient_of_another_shape_is_refused(y_and_cache, backward):
    with pytest.raises(ShapeError):
        backward(np.ones((4, 3, 5)), y_and_cache[1])
