"""The small residual net: its size, its norms, its biases, and what two arms of one seed share."""

import pytest
import torch
from torch import nn

from bncourse.errors import StateError
from bncourse.models import NORMS, SmallResNet


def count(net: nn.Module) -> int:
    return sum(p.numel() for p in net.parameters())


def test_is_as_large_as_it_says() -> None:
    channels = 16 + 2 * 16 + 3 * 32 + 3 * 64  # of all convolutions, those of the shortcuts included
    assert count(SmallResNet("none")) == 77_706
    # a norm brings gamma and beta a channel, and takes the bias
    assert count(SmallResNet("batch")) == count(SmallResNet("group")) == 77_706 + channels


@pytest.mark.parametrize("norm", NORMS)
def test_gives_ten_logits_a_picture(norm: str) -> None:
    assert SmallResNet(norm, width=0.5)(torch.randn(4, 3, 32, 32)).shape == (4, 10)


def test_every_convolution_has_its_norm_and_then_no_bias() -> None:
    asked = []

    def build(channels: int, dims: int) -> nn.Module:
        asked.append((channels, dims))
        return nn.BatchNorm2d(channels)

    convolutions = [m for m in SmallResNet(build).modules() if isinstance(m, nn.Conv2d)]
    assert asked == [(m.out_channels, 2) for m in convolutions]
    assert len(asked) == 9
    assert all(m.bias is None for m in convolutions)
    plain = [m for m in SmallResNet("none").modules() if isinstance(m, nn.Conv2d)]
    assert all(m.bias is not None for m in plain)


def test_the_maps_shrink_as_the_channels_grow() -> None:
    net, x = SmallResNet("batch"), torch.randn(2, 3, 32, 32)
    shapes = []
    for part in (net.stem, *net.stages):
        x = part(x)
        shapes.append(tuple(x.shape[1:]))
    assert shapes == [(16, 16, 16), (16, 16, 16), (32, 8, 8), (64, 4, 4)]


def test_a_block_adds_to_its_input() -> None:
    net, x = SmallResNet("none"), torch.rand(2, 16, 8, 8)
    block = net.stages[0]
    nn.init.zeros_(block.conv2.weight)
    nn.init.zeros_(block.conv2.bias)
    assert torch.equal(block(x), x)


def test_arms_of_one_seed_start_from_the_same_weights() -> None:
    weights = []
    for norm in ("none", "batch", "group"):
        torch.manual_seed(3)
        net = SmallResNet(norm, width=0.5)
        weights.append([m.weight for m in net.modules() if isinstance(m, nn.Conv2d | nn.Linear)])
    assert len(weights[0]) == 10
    for arm in weights[1:]:
        assert all(torch.equal(a, b) for a, b in zip(arm, weights[0], strict=True))


def test_unknown_norms_are_refused() -> None:
    with pytest.raises(StateError, match="must hold: norm is one of none, batch"):
        SmallResNet("btach")
