"""The seed CNN: its size, its places for a norm, and what two arms of one seed share."""

import pytest
import torch
from torch import nn

from bncourse.errors import StateError
from bncourse.models import NORMS, PLACEMENTS, PLACES, SeedCNN, make_norm

NORM_LAYERS = (nn.BatchNorm1d, nn.BatchNorm2d)


def count(net: nn.Module) -> int:
    return sum(p.numel() for p in net.parameters())


def norm_channels(net: nn.Module) -> list[int]:
    return [m.num_features for m in net.modules() if isinstance(m, NORM_LAYERS)]


def test_has_4_26_million_parameters_and_two_more_per_normalised_channel() -> None:
    assert count(SeedCNN("none")) == 4_259_274
    assert count(SeedCNN("batch")) == 4_259_274 + 2 * (32 + 64 + 1024)


@pytest.mark.parametrize("width", [0.1, 0.25])
@pytest.mark.parametrize("norm", NORMS)
def test_gives_ten_logits_a_picture(norm: str, width: float) -> None:
    where = "conv" if norm == "instance" else "both"  # it does not exist on dense features
    assert SeedCNN(norm, where=where, width=width)(torch.zeros(4, 3, 32, 32)).shape == (4, 10)


def test_the_norm_goes_where_it_is_told() -> None:
    places = {where: norm_channels(SeedCNN("batch", where=where, width=0.25)) for where in PLACES}
    assert places == {"conv": [8, 16], "dense": [256], "both": [8, 16, 256]}
    assert norm_channels(SeedCNN("none")) == []


def test_the_norm_follows_the_relu() -> None:
    net = SeedCNN("batch", width=0.1)
    layers = [*net.features, *net.classifier]
    before = [layers[i - 1] for i, layer in enumerate(layers) if isinstance(layer, NORM_LAYERS)]
    assert len(before) == 3
    assert all(isinstance(layer, nn.ReLU) for layer in before)


def test_before_the_relu_there_is_no_bias_in_front_of_a_norm() -> None:
    net = SeedCNN("batch", placement="before", width=0.1)
    layers = [*net.features, *net.classifier]
    normed = [i for i, layer in enumerate(layers) if isinstance(layer, NORM_LAYERS)]
    assert len(normed) == 3
    assert all(layers[i - 1].bias is None for i in normed)
    assert all(isinstance(layers[i + 1], nn.ReLU) for i in normed)
    assert layers[-1].bias is not None
    # without a norm there is nothing that could take the bias over
    plain = SeedCNN("none", placement="before", width=0.1)
    assert count(plain) == count(SeedCNN("none", width=0.1))


def test_both_placements_start_from_the_same_weights() -> None:
    weights = []
    for placement in PLACEMENTS:
        torch.manual_seed(3)
        net = SeedCNN("batch", placement=placement, width=0.1)
        weights.append([m.weight for m in net.modules() if isinstance(m, nn.Conv2d | nn.Linear)])
    assert len(weights[0]) == 4
    assert all(torch.equal(after, before) for after, before in zip(*weights, strict=True))


def test_the_placements_compute_relu_and_norm_in_their_order() -> None:
    x = torch.randn(16, 3, 32, 32)
    after, before = (SeedCNN("batch", placement=p, width=0.1).features[:3](x) for p in PLACEMENTS)
    assert after.min() < 0 == before.min()


def test_a_function_may_build_the_norm() -> None:
    asked = []

    def build(channels: int, dims: int) -> nn.Module:
        asked.append((channels, dims))
        return nn.Identity()

    SeedCNN(build, width=0.25)
    assert asked == [(8, 2), (16, 2), (256, 0)]


def test_arms_of_one_seed_start_from_the_same_weights() -> None:
    starts = []
    for norm in ("none", "batch"):
        torch.manual_seed(3)
        starts.append(SeedCNN(norm, width=0.1).state_dict())
    plain, normed = starts
    assert len(plain) == 8
    assert all(torch.equal(value, normed[name]) for name, value in plain.items())


def test_dropout_acts_in_training_only() -> None:
    net, x = SeedCNN("none", dropout=0.5, width=0.1), torch.randn(4, 3, 32, 32)
    assert not torch.equal(net(x), net(x))
    net.eval()
    assert torch.equal(net(x), net(x))


def test_unknown_names_are_refused() -> None:
    with pytest.raises(StateError) as norm:
        make_norm("btach", 3, dims=2)
    assert str(norm.value) == (
        "must hold: norm is one of none, batch, batch-ours, batch-noisy, layer, group, instance; "
        "got: 'btach'; "
        'try: norm="batch"'
    )
    with pytest.raises(StateError) as where:
        SeedCNN("batch", where="none")
    with pytest.raises(StateError) as placement:
        SeedCNN("batch", placement="befor")
    assert str(placement.value) == (
        "must hold: placement is one of after, before; got: 'befor'; try: placement=\"after\""
    )
    assert (
        str(where.value) == "must hold: where is one of conv, dense, both; got: 'none'; try: where=\"both\""
    )
