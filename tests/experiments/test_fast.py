"""The fast path computes what the plain loop computes: same losses, same order of images."""

import platform
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from bncourse.data import Dataset, load
from bncourse.experiments import RunConfig, train
from bncourse.experiments.choices import build_model
from bncourse.experiments.fast import channels_last
from bncourse.experiments.machine import keep_pages
from bncourse.experiments.pixels import pixel_moments, standardise
from bncourse.models import SeedCNN, SmallResNet

FIFTY = RunConfig(width=0.25, batch_size=32, epochs=2, learning_rate=1e-4, norm="batch", log_every=1)


@pytest.fixture(scope="module")
def data() -> Dataset:
    return load("shapes", train=25 * 32, test=100)


def plain_losses(config: RunConfig, data: Dataset) -> list[float]:
    """The loop of a tutorial: a loader, an optimiser as it comes, no layout, no reuse of ours but the net."""
    torch.manual_seed(config.seed)
    model = build_model(config).train()
    images = standardise(torch.tensor(data.train_images), *pixel_moments(data.train_images))
    pairs = TensorDataset(images, torch.tensor(data.train_labels))
    optimiser = torch.optim.Adam(model.parameters(), lr=config.learning_rate)
    shuffle, generator = torch.Generator().manual_seed(config.seed), torch.Generator()
    losses = []
    for _ in range(config.epochs):
        order = torch.randperm(len(pairs), generator=shuffle).tolist()
        # Its own generator: a loader draws from the global one too, and dropout would see it.
        loader = DataLoader(pairs, config.batch_size, sampler=order, drop_last=True, generator=generator)
        for x, target in loader:
            optimiser.zero_grad()
            loss = F.cross_entropy(model(x), target)
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
    return losses


# Without a norm, sums in another order are all that differs. With one, PyTorch's batch norm for channels that
# come last takes 1/√ with 12 bits (see below), and at batch size 32 this net's loss curve magnifies: inputs
# changed by 1e-7 move it by 3e-3 within these 50 steps.
@pytest.mark.parametrize(("norm", "tolerance"), [("none", 2e-5), ("batch", 0.02)])
@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.slow
def test_losses_equal_those_of_a_loader_loop_over_50_steps(
    data: Dataset, norm: str, tolerance: float, dropout: float
) -> None:
    config = replace(FIFTY, norm=norm, dropout=dropout, fast=True)
    fast = train(config, data, device="cpu")["loss_curve"]
    plain = plain_losses(config, data)
    assert len(fast) == len(plain) == 50
    assert fast == pytest.approx(plain, abs=tolerance)
    assert fast[:3] == pytest.approx(plain[:3], abs=tolerance / 100 + 2e-5)
    # So much the same that another rate, or another order of the images, is something else.
    for other in (replace(config, learning_rate=1.5e-4), replace(config, seed=1)):
        assert plain_losses(other, data) != pytest.approx(plain, abs=tolerance)


def test_batch_norm_with_channels_last_is_off_by_one_factor_a_channel_and_by_little() -> None:
    torch.manual_seed(0)
    x = torch.randn(64, 16, 8, 8).relu()
    layer = nn.BatchNorm2d(16)
    exact = layer.double()(x.double())
    y = layer.float()(x.contiguous(memory_format=torch.channels_last)).double()
    factor = (y * exact).sum(dim=(0, 2, 3)) / exact.square().sum(dim=(0, 2, 3))
    assert (factor - 1).abs().max() < 2**-11  # the processor's own estimate of 1/√
    torch.testing.assert_close(y, exact * factor[:, None, None], atol=2e-6, rtol=0)


@pytest.mark.parametrize("net", [SeedCNN("batch", width=0.25), SmallResNet("group", width=0.5)])
def test_channels_last_is_the_same_function_and_changes_no_buffer(net: nn.Module) -> None:
    torch.manual_seed(0)
    x = torch.randn(4, 3, 32, 32)
    before, buffers = net.eval()(x), {name: b.clone() for name, b in net.named_buffers()}
    state = torch.get_rng_state()
    changed = channels_last(net.train(), x)
    assert changed.training
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(b, buffers[name]) for name, b in changed.named_buffers())
    torch.testing.assert_close(changed.eval()(x), before, atol=1e-5, rtol=1e-4)
    conv = next(m for m in changed.modules() if isinstance(m, nn.Conv2d))
    assert conv.weight.is_contiguous(memory_format=torch.channels_last)


def test_bfloat16_learns_and_is_not_float32() -> None:
    few = load("shapes", train=160, test=20)
    tiny = replace(FIFTY, width=0.05, batch_size=16, epochs=2, learning_rate=3e-3, fast=True)
    narrow, full = (train(replace(tiny, precision=p), few, device="cpu") for p in ("bf16", "float32"))
    assert narrow["train_loss"] == pytest.approx(full["train_loss"], abs=0.1)
    assert narrow["loss_curve"] != full["loss_curve"]
    assert narrow["train_loss"][-1] < narrow["train_loss"][0]


# A program of its own: the checks of shapes that go with a test run cannot be compiled.
COMPILED = """
import warnings
warnings.filterwarnings("ignore")
import torch
torch.set_num_threads(1)
from bncourse.data import load
from bncourse.experiments import RunConfig, train
config = RunConfig(norm="batch", width=0.1, batch_size=32, epochs=2, learning_rate=1e-4, log_every=1)
data = load("shapes", train=160, test=20)
rows = [train(config, data, device="cpu", compiled=compiled) for compiled in (False, True)]
assert [row["compiled"] for row in rows] == [False, True]
print(max(abs(a - b) for a, b in zip(*(row["loss_curve"] for row in rows), strict=True)))
"""


@pytest.mark.slow
def test_a_compiled_net_has_the_same_losses() -> None:
    child = subprocess.run(
        [sys.executable, "-c", COMPILED], capture_output=True, text=True, check=True, timeout=200
    )
    assert float(child.stdout) < 5e-3


def test_pages_are_kept_where_the_allocator_can_be_asked() -> None:
    assert keep_pages() == (platform.libc_ver()[0] == "glibc")
