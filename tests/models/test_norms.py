"""Each name gives the norm it says, with the axes it says and one gamma and beta a channel."""

import pytest
import torch

from bncourse.errors import StateError
from bncourse.models import NORMS, group_count, make_norm

SIZES = {0: (6, 16), 1: (6, 16, 5), 2: (6, 16, 5, 4), 3: (6, 16, 3, 4, 2)}
# Not the noisy one, whose output is no longer normalised: see test_noisy.py.
CASES = [
    (norm, dims)
    for norm in NORMS
    for dims in SIZES
    if norm != "batch-noisy" and (norm, dims) != ("instance", 0)
]


def statistics_over(norm: str, x: torch.Tensor) -> torch.Tensor:
    """x in the shape (how many statistics, over how many values)."""
    n, c = x.shape[:2]
    match norm:
        case "batch" | "batch-ours":
            return x.transpose(0, 1).reshape(c, -1)
        case "layer":
            return x.reshape(n, -1)
        case "group":
            return x.reshape(n * 8, -1)
        case _:
            return x.reshape(n * c, -1)


@pytest.mark.parametrize(("norm", "dims"), CASES)
def test_mean_0_and_std_1_over_the_axes_of_the_norm(norm: str, dims: int) -> None:
    torch.manual_seed(0)
    x = 3 + 2 * torch.randn(SIZES[dims], dtype=torch.float64)
    y = make_norm(norm, 16, dims).double()(x)
    if norm == "none":
        assert y is x
        return
    rows = statistics_over(norm, y.detach())
    std = statistics_over(norm, x).std(dim=1, correction=0)
    torch.testing.assert_close(rows.mean(dim=1), torch.zeros(len(rows), dtype=torch.float64))
    torch.testing.assert_close(rows.std(dim=1, correction=0), std / (std**2 + 1e-5).sqrt())


@pytest.mark.parametrize(("norm", "dims"), CASES)
def test_gamma_and_beta_are_one_a_channel(norm: str, dims: int) -> None:
    shapes = {name: tuple(p.shape) for name, p in make_norm(norm, 16, dims).named_parameters()}
    assert shapes == ({} if norm == "none" else {"weight": (16,), "bias": (16,)})


@pytest.mark.parametrize("channels", range(1, 70))
def test_groups_are_even_at_most_eight_and_of_two_channels_or_more(channels: int) -> None:
    groups = group_count(channels)
    allowed = [g for g in range(1, 9) if channels % g == 0 and channels // g >= 2] or [1]
    assert groups == allowed[-1]


def test_group_norm_of_a_narrow_dense_layer_is_not_all_zero() -> None:
    assert make_norm("group", 8, 0)(torch.randn(4, 8)).abs().max() > 0.5


def test_instance_norm_needs_spatial_axes() -> None:
    with pytest.raises(StateError) as error:
        make_norm("instance", 16, dims=0)
    assert str(error.value) == (
        "must hold: instance norm has spatial axes to average over; got: dims=0, one number a channel; "
        'try: where="conv", or norm="layer"'
    )


@pytest.mark.parametrize("dims", [-1, 4])
def test_dims_are_0_to_3(dims: int) -> None:
    with pytest.raises(StateError) as error:
        make_norm("batch", 16, dims=dims)
    assert str(error.value) == (
        f"must hold: dims, the number of spatial axes, is 0 to 3; got: dims={dims}; try: dims=2"
    )
