"""The layers and the NumPy reference hold each other: the same inputs, the same numbers."""

import numpy as np
import pytest
import torch

import bncourse
from bncourse.layers import (
    BatchNorm1d,
    batch_norm,
    group_norm,
    instance_norm,
    layer_norm,
    normalise,
    rms_norm,
)
from bncourse.layers.normalise import shared_axes
from bncourse.reference.channels import SHARED
from bncourse.reference.staged import staged_backward, staged_forward

SHAPES = [(6, 4), (5, 4, 3), (3, 4, 2, 5), (2, 4, 2, 3, 2)]


def arrays(shape, rows, seed=0):
    rng = np.random.default_rng(seed)
    x, dy = 2 * rng.standard_normal(shape) + 1, rng.standard_normal(shape) + 0.5
    return x, rng.uniform(0.5, 1.5, rows), rng.standard_normal(rows), dy


def tensors(*values):
    return [torch.tensor(value, requires_grad=True) for value in values]


def assert_equal(mine, reference):
    for a, b in zip(mine, reference, strict=True):
        scale = np.abs(b).max()
        np.testing.assert_allclose(a.detach().numpy(), b, rtol=0, atol=1e-9 * scale)


@pytest.mark.parametrize("form", ["simplified", "staged"])
@pytest.mark.parametrize("shape", SHAPES)
def test_batch_norm(shape, form):
    x, gamma, beta, dy = arrays(shape, shape[1])
    y, cache = bncourse.spatial_batchnorm_forward(x, gamma, beta, eps=0.05)
    leaves = tensors(x, gamma, beta)
    mine = batch_norm(leaves[0], None, None, *leaves[1:], training=True, eps=0.05, backward=form)
    gradients = torch.autograd.grad(mine, leaves, torch.tensor(dy))
    assert_equal([mine, *gradients], [y, *bncourse.spatial_batchnorm_backward(dy, cache)])


def test_the_staged_way_back_equals_the_staged_reference():
    x, gamma, beta, dy = arrays((7, 5), 5)
    y, values = staged_forward(x, gamma, beta)
    leaves = tensors(x, gamma, beta)
    mine, mu, var = normalise(*leaves, (0,), backward="staged")
    gradients = torch.autograd.grad(mine, leaves, torch.tensor(dy))
    assert_equal([mine, mu[0], var[0], *gradients], [y, values.mu, values.var, *staged_backward(dy, values)])


@pytest.mark.parametrize("shape", SHAPES[1:])
def test_instance_norm(shape):
    x, gamma, beta, dy = arrays(shape, shape[1])
    y, cache = bncourse.instancenorm_forward(x, gamma, beta)
    leaves = tensors(x, gamma, beta)
    mine = instance_norm(leaves[0], weight=leaves[1], bias=leaves[2])
    gradients = torch.autograd.grad(mine, leaves, torch.tensor(dy))
    assert_equal([mine, *gradients], [y, *bncourse.instancenorm_backward(dy, cache)])


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("shape", SHAPES)
def test_group_norm(shape, groups):
    x, gamma, beta, dy = arrays(shape, shape[1])
    y, cache = bncourse.groupnorm_forward(x, gamma, beta, groups)
    leaves = tensors(x, gamma, beta)
    mine = group_norm(leaves[0], groups, *leaves[1:])
    gradients = torch.autograd.grad(mine, leaves, torch.tensor(dy))
    assert_equal([mine, *gradients], [y, *bncourse.groupnorm_backward(dy, cache)])


def test_layer_and_rms_norm_of_features():
    x, gamma, beta, dy = arrays((6, 4), 4)
    y, cache = bncourse.layernorm_forward(x, gamma, beta)
    leaves = tensors(x, gamma, beta)
    mine = layer_norm(leaves[0], (4,), *leaves[1:])
    gradients = torch.autograd.grad(mine, leaves, torch.tensor(dy))
    assert_equal([mine, *gradients], [y, *bncourse.layernorm_backward(dy, cache)])
    y, cache = bncourse.rmsnorm_forward(x, gamma)
    mine = rms_norm(leaves[0], (4,), leaves[1], eps=1e-5)
    gradients = torch.autograd.grad(mine, leaves[:2], torch.tensor(dy))
    assert_equal([mine, *gradients], [y, *bncourse.rmsnorm_backward(dy, cache)])


@pytest.mark.parametrize("momentum", [0.1, None])
def test_running_statistics_and_the_layer_in_use(momentum):
    layer = BatchNorm1d(3, momentum=momentum).double()
    stats = bncourse.RunningStats.initial(3, new_weight=momentum)
    for seed in range(4):
        x = arrays((5, 3), 3, seed)[0]
        layer(torch.tensor(x))
        stats = stats.update(x)
        assert_equal([layer.running_mean, layer.running_var], [stats.mean, stats.var])
    y = bncourse.batchnorm_inference(x, np.ones(3), np.zeros(3), stats)
    assert_equal([layer.eval()(torch.tensor(x))], [y])


def test_both_tables_of_axes_say_the_same():
    """The reference sees x as (N, G, C/G, S), so axis 3 stands for all spatial ones."""
    assert SHARED["batch"] == (0, 3)
    assert shared_axes("batch", 4) == (0, 2, 3)
    assert SHARED["instance"] == (3,)
    assert shared_axes("instance", 4) == (2, 3)
    assert SHARED["group"] == (2, 3)
    assert shared_axes("group", 5) == (2, 3, 4)
