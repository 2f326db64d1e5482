"""Small random nets, ours and PyTorch's from one start: ten steps of SGD keep them together."""

import random

import pytest
import torch
from beside import assert_close
from torch import nn
from torch.nn import functional as F

import bncourse.layers

SEEDS = range(8)
MANY = range(8, 60)


def norm(rng, of, channels, dims):
    """One norm, drawn; `of` is the module that has the classes."""
    affine, eps, momentum = rng.random() < 0.8, rng.choice([1e-5, 1e-3]), rng.choice([0.1, 0.3, None])
    kind = rng.choice(["batch", "batch", "group", "layer"] + (["instance"] if dims else []) + ["rms"])
    if kind == "batch":
        track = rng.random() < 0.8
        return getattr(of, f"BatchNorm{dims or 1}d")(channels, eps, momentum, affine, track)
    if kind == "instance":
        return getattr(of, f"InstanceNorm{dims}d")(channels, eps, 0.1, affine, rng.random() < 0.5)
    if kind == "group":
        return of.GroupNorm(rng.choice([1, 2, 4]), channels, eps, affine)
    shape = [channels, *[5 - dims] * dims]
    if kind == "layer":
        return of.LayerNorm(shape, eps, affine, bias=rng.random() < 0.7)
    return of.RMSNorm(shape, rng.choice([None, eps]), affine)


def net(seed, of):
    """Blocks of a convolution (or a dense layer), a norm and a nonlinearity, then a dense layer."""
    rng, layers = random.Random(seed), []
    torch.manual_seed(seed)
    dims, channels = rng.choice([0, 1, 2, 3]), 3
    for _ in range(rng.choice([2, 3])):
        wider = rng.choice([4, 8])
        conv = nn.Linear if dims == 0 else getattr(nn, f"Conv{dims}d")
        layers += [
            conv(channels, wider) if dims == 0 else conv(channels, wider, 3, padding=1),
            norm(rng, of, wider, dims),
            rng.choice([nn.ReLU(inplace=True), nn.Tanh(), nn.GELU()]),
        ]
        channels = wider
    size = channels * (5 - dims) ** dims
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(size, 4)).double(), (3, *[5 - dims] * dims)


def assert_together(mine, theirs):
    for (name, a), b in zip(mine.state_dict().items(), theirs.state_dict().values(), strict=True):
        assert_close(a, b, 1e-9, name)


def assert_same_training(seed):
    mine, shape = net(seed, bncourse.layers)
    theirs, _ = net(seed, nn)
    mine.load_state_dict(theirs.state_dict())
    steps = [
        torch.optim.SGD(each.parameters(), 0.05, momentum=0.9, weight_decay=1e-3) for each in (mine, theirs)
    ]
    generator = torch.Generator().manual_seed(seed)
    for _ in range(10):
        x = torch.randn(6, *shape, generator=generator, dtype=torch.float64)
        label = torch.randint(4, (6,), generator=generator)
        outputs, input_gradients = [], []
        for each, step in zip((mine, theirs), steps, strict=True):
            leaf = x.clone().requires_grad_()
            step.zero_grad()
            outputs.append(each(leaf))
            F.cross_entropy(outputs[-1], label).backward()
            input_gradients.append(leaf.grad)
        assert_close(*outputs, 1e-9, "output")
        assert_close(*input_gradients, 1e-9, "gradient of the input")
        for (name, p), q in zip(mine.named_parameters(), theirs.parameters(), strict=True):
            assert_close(p.grad, q.grad, 1e-9, name)
        for step in steps:
            step.step()
        assert_together(mine, theirs)
    mine.eval(), theirs.eval()
    assert_close(mine(x), theirs(x), 1e-9, "in use")


@pytest.mark.parametrize("seed", SEEDS)
def test_ten_steps_of_sgd(seed):
    assert_same_training(seed)


@pytest.mark.thorough
@pytest.mark.parametrize("seed", MANY)
def test_ten_steps_of_sgd_with_many_nets(seed):
    assert_same_training(seed)


def test_every_kind_of_norm_is_drawn():
    drawn = {type(layer).__name__ for seed in [*SEEDS, *MANY] for layer in net(seed, nn)[0]}
    assert {name for name in bncourse.layers.__all__ if hasattr(nn, name)} <= drawn
