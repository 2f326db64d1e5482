"""Batch norm with noise behind it: the noise is as described, and only while training."""

import pytest
import torch

from bncourse.models import make_norm
from bncourse.models.noisy import NoisyBatchNorm

SHAPES = {0: (400, 3), 1: (400, 3, 5), 2: (400, 3, 4, 4), 3: (400, 3, 2, 2, 2)}


@pytest.mark.parametrize("dims", SHAPES)
def test_one_scale_and_one_shift_for_each_channel_of_each_example(dims: int) -> None:
    torch.manual_seed(0)
    layer = make_norm("batch-noisy", 3, dims)
    assert isinstance(layer, NoisyBatchNorm)
    x = torch.randn(SHAPES[dims])
    clean = torch.nn.functional.batch_norm(x, None, None, training=True)
    y = layer(x)
    if dims:
        # Two values of one map tell the scale and the shift; the others obey.
        flat, noisy = clean.flatten(2), y.flatten(2).detach()
        scale = (noisy[:, :, 1] - noisy[:, :, 0]) / (flat[:, :, 1] - flat[:, :, 0])
        shift = noisy[:, :, 0] - scale * flat[:, :, 0]
        sure = (flat[:, :, 1] - flat[:, :, 0]).abs() > 0.1
        rest = scale[..., None] * flat + shift[..., None]
        torch.testing.assert_close(rest[sure], noisy[sure], atol=1e-3, rtol=1e-3)
        # The sizes of the paper's appendix: 1 to 1.25 with 0.1 around it, −0.5 to 0.5 with ±0.1 around it.
        for channel in range(3):
            chosen = scale[:, channel][sure[:, channel]]
            assert 1 - 0.02 < chosen.mean() < 1.25 + 0.02
            assert 0.08 < chosen.std() < 0.12
            shifts = shift[:, channel][sure[:, channel]]
            assert shifts.max() - shifts.min() < 0.2 + 2e-3
            assert abs(shifts.mean()) < 0.51


def test_the_noise_changes_from_step_to_step_and_stops_in_inference() -> None:
    torch.manual_seed(0)
    layer = NoisyBatchNorm(3, dims=2)
    x = torch.randn(16, 3, 4, 4)
    means = torch.stack([layer(x).mean(dim=(0, 2, 3)) for _ in range(20)])
    assert means.std(dim=0).min() > 0.1  # uniform over ±0.5: 0.29
    layer.eval()
    assert torch.equal(layer(x), layer.norm(x))
