"""`convert`: the same numbers with our batch norm, what is kept with another norm, and nothing shared."""

from collections.abc import Callable

import pytest
import torch
from library_resnet import ResNet
from torch import Tensor, nn
from torch.nn import functional as F

from bncourse import layers
from bncourse.errors import StateError
from bncourse.models import NORMS, SeedCNN, convert, group_count

DOUBLE = {"dtype": torch.float64}


def assert_close(a: Tensor, b: Tensor) -> None:
    torch.testing.assert_close(a, b, rtol=0, atol=1e-9)


def used(net: nn.Module, x: Tensor) -> nn.Module:
    """The net after some batches: gamma, beta and the statistics are those of no new norm."""
    with torch.no_grad():
        for p in net.parameters():
            p.add_(0.1 * torch.rand_like(p))
        for _ in range(3):
            net(x)
    return net


def kinds(net: nn.Module) -> list[type]:
    return [type(m) for m in net.modules()]


def test_a_resnet_with_our_norm_goes_the_same_way_over_ten_steps() -> None:
    torch.manual_seed(0)
    native = ResNet().double()
    ours = convert(native, "batch-ours")
    assert kinds(ours).count(layers.BatchNorm2d) == kinds(native).count(nn.BatchNorm2d) == 11
    assert nn.BatchNorm2d not in kinds(ours)
    optimisers = [torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9) for net in (native, ours)]
    for _ in range(10):
        x, labels = torch.randn(6, 3, 40, 40, **DOUBLE), torch.randint(7, (6,))
        outputs = [net(x) for net in (native, ours)]
        assert_close(*outputs)
        for optimiser, y in zip(optimisers, outputs, strict=True):
            optimiser.zero_grad()
            F.cross_entropy(y, labels).backward()
        for p, q in zip(native.parameters(), ours.parameters(), strict=True):
            assert_close(p.grad, q.grad)
        for optimiser in optimisers:
            optimiser.step()
    theirs, mine = native.state_dict(), ours.state_dict()
    assert list(theirs) == list(mine)
    assert int(mine["bn1.num_batches_tracked"]) == 10
    for name, value in theirs.items():
        assert_close(value, mine[name])
    assert_close(native.eval()(x), ours.eval()(x))


@pytest.mark.parametrize("norm", ["batch", "batch-ours"])
def test_there_and_back_keeps_everything(norm: str) -> None:
    x = torch.randn(8, 4, 5, 5)
    net = used(nn.Sequential(nn.Conv2d(4, 6, 3), nn.BatchNorm2d(6, eps=0.01, momentum=None)), x)
    there = convert(net, norm)
    back = convert(there, "batch")
    assert (there[1].eps, there[1].momentum) == (back[1].eps, back[1].momentum) == (0.01, None)
    assert list(back.state_dict()) == list(net.state_dict())
    assert all(torch.equal(v, back.state_dict()[k]) for k, v in net.state_dict().items())
    assert torch.equal(net.eval()(x), back.eval()(x))


@pytest.mark.parametrize(
    ("norm", "expected"),
    [
        ("group", lambda x, bn: F.group_norm(x, group_count(bn.num_features), bn.weight, bn.bias, bn.eps)),
        ("layer", lambda x, bn: F.group_norm(x, 1, bn.weight, bn.bias, bn.eps)),
        ("instance", lambda x, bn: F.instance_norm(x, weight=bn.weight, bias=bn.bias, eps=bn.eps)),
        ("none", lambda x, bn: x),
    ],
)
@pytest.mark.parametrize("dims", [2, 3])
def test_another_norm_takes_gamma_beta_and_eps(
    norm: str, expected: Callable[[Tensor, nn.Module], Tensor], dims: int
) -> None:
    x = torch.randn(3, 16, *[4] * dims, **DOUBLE)
    bn = used((nn.BatchNorm2d if dims == 2 else nn.BatchNorm3d)(16, eps=0.1, **DOUBLE), x)
    new = convert(bn, norm)
    assert_close(new(x), expected(x, bn))
    assert_close(new.eval()(x), expected(x, bn))  # no running statistics are left


@pytest.mark.parametrize("shape", [(5, 16), (5, 16, 3)])
def test_layer_and_group_stand_in_for_batch_norm_1d_on_both_of_its_inputs(shape: tuple[int, ...]) -> None:
    x = torch.randn(shape, **DOUBLE)
    y = convert(nn.BatchNorm1d(16, **DOUBLE), "layer")(x)
    assert_close(y, F.layer_norm(x, shape[1:]))
    assert_close(convert(nn.BatchNorm1d(16, **DOUBLE), "group")(x), F.group_norm(x, 8))


@pytest.mark.parametrize("norm", [name for name in NORMS if name != "none"])
@pytest.mark.parametrize("training", [True, False])
def test_mode_dtype_device_and_frozen_parameters_stay(norm: str, training: bool) -> None:
    net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU()).to("meta", torch.bfloat16)
    net[1].train(training)
    net[1].weight.requires_grad_(False)
    new = convert(net, norm)[1]
    assert new.training is training
    tensors = [*new.parameters(), *(b for n, b in new.named_buffers() if n != "num_batches_tracked")]
    assert {(t.device.type, t.dtype) for t in tensors} == {("meta", torch.bfloat16)}
    assert [p.requires_grad for p in new.parameters()] == [False, True]


@pytest.mark.parametrize("norm", NORMS)
def test_without_gamma_beta_or_statistics_there_are_none(norm: str) -> None:
    new = convert(nn.BatchNorm2d(8, affine=False, track_running_stats=False), norm)
    assert new.state_dict() == {}
    assert new(torch.randn(2, 8, 3, 3)).shape == (2, 8, 3, 3)


@pytest.mark.parametrize("norm", NORMS)
def test_the_net_passed_in_stays_and_shares_nothing(norm: str) -> None:
    net = ResNet()
    before, had = kinds(net), {k: v.clone() for k, v in net.state_dict().items()}
    new = convert(net, norm)
    assert kinds(net) == before
    theirs = {t.data_ptr() for t in new.state_dict().values()}
    assert not theirs & {t.data_ptr() for t in net.state_dict().values()}
    assert not {id(m) for m in net.modules()} & {id(m) for m in new.modules()}
    with torch.no_grad():
        for p in new.parameters():
            p.zero_()
    new(torch.randn(2, 3, 40, 40))
    assert all(torch.equal(v, net.state_dict()[k]) for k, v in had.items())


def test_what_is_used_twice_stays_one() -> None:
    bn, other = nn.BatchNorm2d(4), nn.BatchNorm2d(4)
    other.weight = bn.weight
    new = convert(nn.Sequential(bn, nn.ReLU(), bn, other), "batch-ours")
    assert new[0] is new[2] is not new[3]
    assert new[3].weight is new[0].weight
    assert len(list(new.parameters())) == 3


def test_our_norm_keeps_its_settings() -> None:
    assert convert(layers.BatchNorm2d(4, backward="staged"), "batch-ours").backward == "staged"


def test_other_layers_stay_as_they_are() -> None:
    new = convert(nn.Sequential(nn.GroupNorm(2, 4), nn.InstanceNorm2d(4), nn.LayerNorm(4)), "batch-ours")
    assert kinds(new)[1:] == [nn.GroupNorm, nn.InstanceNorm2d, nn.LayerNorm]


def test_what_cannot_be_converted_is_named() -> None:
    with pytest.raises(StateError) as unknown:
        convert(ResNet(), "gruop")
    assert str(unknown.value) == (
        "must hold: norm is one of none, batch, batch-ours, batch-noisy, layer, group, instance; "
        "got: 'gruop'; "
        'try: norm="batch-ours"'
    )
    with pytest.raises(StateError) as dense:
        convert(SeedCNN("batch", width=0.1), "instance")
    assert str(dense.value) == (
        "must hold: instance norm has spatial axes to average over; got: BatchNorm1d at classifier.3; "
        'try: norm="layer", or exchange that one by hand before'
    )
    with pytest.raises(StateError) as foreign:
        convert(nn.Sequential(nn.Sequential(nn.SyncBatchNorm(3))), "group")
    assert str(foreign.value) == (
        "must hold: the batch norms are BatchNorm1d, 2d or 3d, of PyTorch or of bncourse.layers; "
        "got: SyncBatchNorm at 0.0; try: exchange that one by hand before"
    )
