"""Layer, instance, group and RMS norm: against PyTorch and its autograd, and how they are one family."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given
from hypothesis import strategies as st
from maps import assert_close, maps, shapes

import bncourse
from bncourse import gradcheck
from bncourse.reference.channels import SHARED
from bncourse.reference.normalise import normalise, normalise_backward

EPS = st.sampled_from([1e-3, 0.05, 0.5])


def columns(row, x):
    """One value a channel, laid beside x (N, C, *spatial)."""
    return row.reshape(-1, *[1] * (x.ndim - 2))


def layer(x, gamma, beta, groups, eps):
    return F.layer_norm(x, x.shape[1:], eps=eps) * columns(gamma, x) + columns(beta, x)


def instance(x, gamma, beta, groups, eps):
    return F.instance_norm(x, weight=gamma, bias=beta, eps=eps)


def group(x, gamma, beta, groups, eps):
    return F.group_norm(x, groups, gamma, beta, eps)


def rms(x, gamma, beta, groups, eps):
    return F.rms_norm(x, x.shape[1:], eps=eps) * columns(gamma, x)


# name: (PyTorch, ours with its cache, our backward); beta and groups are dropped where there are none
NORMS = {
    "layer": (layer, lambda x, g, b, G, eps: bncourse.layernorm_forward(x, g, b, eps=eps)),
    "instance": (instance, lambda x, g, b, G, eps: bncourse.instancenorm_forward(x, g, b, eps=eps)),
    "group": (group, lambda x, g, b, G, eps: bncourse.groupnorm_forward(x, g, b, G, eps=eps)),
    "rms": (rms, lambda x, g, b, G, eps: bncourse.rmsnorm_forward(x, g, eps=eps)),
}
BACKWARD = {
    "layer": bncourse.layernorm_backward,
    "instance": bncourse.instancenorm_backward,
    "group": bncourse.groupnorm_backward,
    "rms": bncourse.rmsnorm_backward,
}


def fits(name, shape, groups):
    """Does each statistic see two values? PyTorch asks it too, and of group norm in a batch of one."""
    places = int(np.prod(shape[2:]))
    of = {"layer": shape[1] * places, "instance": places, "group": shape[1] // groups * places, "rms": 2}
    return of[name] > 1 and (name != "instance" or len(shape) > 2)


@pytest.mark.parametrize("name", NORMS)
@given(drawn=shapes, groups=st.integers(1, 3), eps=EPS)
def test_values_and_gradients_equal_pytorch(name, drawn, groups, eps):
    (N, C, *spatial), seed = drawn
    shape = (N, C * groups, *spatial)
    assume(fits(name, shape, groups))
    x, gamma, beta, dy = maps(shape, seed)
    theirs, ours = NORMS[name]
    t = [torch.tensor(a, requires_grad=True) for a in (x, gamma, beta)]
    expected = theirs(*t, groups, eps)
    expected.backward(torch.tensor(dy))
    y, cache = ours(x, gamma, beta, groups, eps)
    assert_close(y, expected.detach())
    gradients = BACKWARD[name](dy, cache)
    assert len(gradients) == (2 if name == "rms" else 3)
    for mine, tensor in zip(gradients, t, strict=False):
        assert_close(mine, tensor.grad)


@pytest.mark.parametrize("name", NORMS)
@pytest.mark.parametrize("shape", [(4, 6, 2, 3), (2, 8, 3), (4, 4, 4, 4), (1, 6, 2, 2)])
def test_the_gradients_pass_the_gradient_check(name, shape):
    x, gamma, beta, _ = maps(shape, seed=2)
    inputs = (x, gamma) if name == "rms" else (x, gamma, beta)

    def forward(x, gamma, beta=None):
        return NORMS[name][1](x, gamma, beta, 2, 0.05)

    result = gradcheck(forward, BACKWARD[name], inputs)
    assert result, str(result)


@pytest.mark.parametrize("name", ["layer", "rms"])
@pytest.mark.parametrize("shape", [(7, 5), (4, 4), (1, 3)])
def test_plain_features_as_pytorch_writes_them(name, shape):
    x, gamma, beta, _ = maps(shape)
    t = [torch.tensor(a) for a in (x, gamma, beta)]
    if name == "layer":
        expected = F.layer_norm(t[0], shape[1:], t[1], t[2])
        assert_close(bncourse.layernorm_forward(x, gamma, beta)[0], expected)
    else:
        assert_close(bncourse.rmsnorm_forward(x, gamma)[0], F.rms_norm(t[0], shape[1:], t[1], 1e-5))


def assert_same(one, two, dy):
    """Two norms, each (forward, backward): equal outputs and gradients."""
    (forward_one, backward_one), (forward_two, backward_two) = one, two
    (y_one, cache_one), (y_two, cache_two) = forward_one(), forward_two()
    assert_close(y_one, y_two)
    for a, b in zip(backward_one(dy, cache_one), backward_two(dy, cache_two), strict=True):
        assert_close(a, b)


@given(shapes)
def test_group_norm_with_as_many_groups_as_channels_is_instance_norm(drawn):
    shape, seed = drawn
    assume(fits("instance", shape, 1))
    x, gamma, beta, dy = maps(shape, seed)
    assert_same(
        (lambda: bncourse.groupnorm_forward(x, gamma, beta, shape[1]), bncourse.groupnorm_backward),
        (lambda: bncourse.instancenorm_forward(x, gamma, beta), bncourse.instancenorm_backward),
        dy,
    )


@given(shapes)
def test_group_norm_with_one_group_is_layer_norm(drawn):
    shape, seed = drawn
    assume(fits("layer", shape, 1))
    x, gamma, beta, dy = maps(shape, seed)
    assert_same(
        (lambda: bncourse.groupnorm_forward(x, gamma, beta, groups=1), bncourse.groupnorm_backward),
        (lambda: bncourse.layernorm_forward(x, gamma, beta), bncourse.layernorm_backward),
        dy,
    )


def test_rms_norm_of_centred_rows_is_layer_norm_without_beta():
    x, gamma, _, _ = maps((5, 6))
    x = x - x.mean(axis=1, keepdims=True)
    assert_close(bncourse.rmsnorm_forward(x, gamma)[0], bncourse.layernorm_forward(x, gamma, np.zeros(6))[0])


@pytest.mark.parametrize("name", NORMS)
def test_an_example_does_not_see_the_others(name):
    x, gamma, beta, _ = maps((3, 4, 2, 3))
    y, _ = NORMS[name][1](x, gamma, beta, 2, 1e-5)
    for n in range(3):
        np.testing.assert_array_equal(NORMS[name][1](x[n : n + 1], gamma, beta, 2, 1e-5)[0], y[n : n + 1])


@pytest.mark.parametrize(
    ("name", "shape"),
    [("layer", (2, 1, 1, 1)), ("instance", (2, 6, 1, 1)), ("group", (2, 6, 1, 1)), ("rms", (2, 1, 1, 1))],
)
def test_the_inv_std_of_the_cache_broadcasts_beside_x(name, shape):
    x, gamma, beta, _ = maps((2, 6, 3, 4))
    _, cache = NORMS[name][1](x, gamma, beta, 2, 0.05)
    assert cache.inv_std.shape == shape
    blocks = x.reshape(2, 2 if name == "group" else 1, -1, 12)
    mu = blocks.mean(axis=SHARED[name], keepdims=True) if name != "rms" else 0
    assert_close(cache.x_hat, (blocks - mu).reshape(x.shape) * cache.inv_std)


@pytest.mark.parametrize("name", NORMS)
def test_float32_stays_float32(name):
    x, gamma, beta, dy = maps((4, 6, 5, 5))
    y, cache = NORMS[name][1](x.astype(np.float32), gamma, beta, 2, np.float64(1e-5))
    exact, exact_cache = NORMS[name][1](x, gamma, beta, 2, 1e-5)
    assert y.dtype == cache.inv_std.dtype == np.float32
    np.testing.assert_allclose(y, exact, atol=1e-4)
    gradients = BACKWARD[name](dy.astype(np.float32), cache)
    for low, high in zip(gradients, BACKWARD[name](dy, exact_cache), strict=True):
        assert low.dtype == np.float32
        np.testing.assert_allclose(low, high, rtol=1e-3, atol=1e-3 * np.abs(high).max())


def test_normalise_works_over_any_axes():
    x = np.random.default_rng(0).normal(3, 2, (2, 3, 4, 5))
    for axes in ((0,), (1, 3), (0, 1, 2, 3)):
        x_hat, inv_std = normalise(x, axes, eps=0.05)
        mu, var = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
        assert_close(x_hat, (x - mu) / np.sqrt(var + 0.05))
        dx_hat = np.random.default_rng(1).normal(1, 1, x.shape)
        t = torch.tensor(x, requires_grad=True)
        centred = t - t.mean(dim=axes, keepdim=True)
        z = centred / torch.sqrt((centred**2).mean(dim=axes, keepdim=True) + 0.05)
        z.backward(torch.tensor(dx_hat))
        assert_close(normalise_backward(dx_hat, x_hat, inv_std, axes), t.grad)


ONES, ZEROS = np.ones(6), np.zeros(6)
REFUSED = {
    "groups that do not divide": (
        lambda: bncourse.groupnorm_forward(np.ones((2, 6, 2, 2)), ONES, ZEROS, 4),
        "must hold: groups divides the number of channels; got: groups = 4, C = 6; try: one of 1, 2, 3, 6",
    ),
    "no groups": (
        lambda: bncourse.groupnorm_forward(np.ones((2, 6, 2, 2)), ONES, ZEROS, 0),
        "must hold: groups divides the number of channels; got: groups = 0, C = 6; try: one of 1, 2, 3, 6",
    ),
    "instance norm of plain features": (
        lambda: bncourse.instancenorm_forward(np.ones((2, 6)), ONES, ZEROS),
        "must hold: instance norm takes each mean and variance of at least two values; "
        "got: one, for x of shape (2, 6) and groups = 1; try: larger maps, or groupnorm_forward",
    ),
    "a group of one value": (
        lambda: bncourse.groupnorm_forward(np.ones((2, 6, 1, 1)), ONES, ZEROS, 6),
        "must hold: group norm takes each mean and variance of at least two values; "
        "got: one, for x of shape (2, 6, 1, 1) and groups = 6; try: fewer groups",
    ),
    "layer norm of one feature": (
        lambda: bncourse.layernorm_forward(np.ones((2, 1)), np.ones(1), np.zeros(1)),
        "must hold: layer norm takes each mean and variance of at least two values; "
        "got: one, for x of shape (2, 1) and groups = 1; try: more features",
    ),
    "the cache of another norm": (
        lambda: bncourse.rmsnorm_backward(
            np.ones((2, 6)), bncourse.layernorm_forward(np.ones((2, 6)), ONES, ZEROS)[1]
        ),
        "must hold: the cache is that of rms norm; got: one of layer norm; try: its own backward",
    ),
    "eps of zero": (
        lambda: normalise(np.ones((2, 2)), (1,), eps=0.0),
        "must hold: eps is a positive number; got: eps = 0.0; try: eps=1e-5",
    ),
}


@pytest.mark.usefixtures("as_a_reader")
@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_right_is_refused_with_what_to_try(name):
    call, text = REFUSED[name]
    with pytest.raises(bncourse.BncourseError) as caught:
        call()
    assert str(caught.value) == text
