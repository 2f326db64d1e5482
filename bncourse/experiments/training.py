"""A training loop to be read: no loader, no callbacks but one, every step in sight. Chapter: start-here.

The data lie on the device as uint8; a batch is picked, standardised and used there.
Letters: N images of a batch, M images in all.
"""

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor, nn
from torch.nn import functional as F

from bncourse.data import Dataset
from bncourse.errors import DataError, StateError
from bncourse.experiments.choices import build_model, build_optimiser, rate_at
from bncourse.experiments.config import RunConfig

__all__ = ["evaluate", "pick_device", "pixel_moments", "standardise", "train"]

OnEpoch = Callable[[int, float], None]


def pick_device(name: str = "auto") -> torch.device:
    """CUDA when there is one, else MPS, else CPU; any other `name` is taken as it is.

    Raises StateError when this machine does not have the device.

    >>> pick_device("cpu")
    device(type='cpu')
    """
    if name == "auto":
        has_mps = torch.backends.mps.is_available()
        name = "cuda" if torch.cuda.is_available() else "mps" if has_mps else "cpu"
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        # PyTorch's own text runs over many lines; the first says what is wrong.
        reason = str(error).splitlines()[0]
        raise StateError("this machine has the device", got=f"{name!r} ({reason})", hint='"cpu"') from error
    return device


def pixel_moments(
    images: UInt8[np.ndarray, "M 3 H W"],
) -> tuple[Float[Tensor, "3 1 1"], Float[Tensor, "3 1 1"]]:
    """Mean and standard deviation of each colour, pixels counted from 0 to 1.

    >>> mean, std = pixel_moments(np.array([0, 255], dtype=np.uint8).reshape(2, 1, 1, 1).repeat(3, axis=1))
    >>> mean.flatten(), std.flatten()
    (tensor([0.5000, 0.5000, 0.5000]), tensor([0.5000, 0.5000, 0.5000]))
    """
    count = images.size // 3
    total = images.sum(axis=(0, 2, 3), dtype=np.int64)
    squares = np.einsum("mchw,mchw->c", images, images, dtype=np.int64)
    mean = total / count
    # E[x²] − E[x]² is safe here and only here: both sums are exact integers.
    std = np.sqrt(squares / count - mean**2)
    as_column = torch.tensor(np.stack([mean, std]) / 255, dtype=torch.float32).view(2, 3, 1, 1)
    return as_column[0], as_column[1]


def standardise(
    images: UInt8[Tensor, "N 3 H W"], mean: Float[Tensor, "3 1 1"], std: Float[Tensor, "3 1 1"]
) -> Float[Tensor, "N 3 H W"]:
    """Bytes to floats with mean 0 and standard deviation 1 in each colour.

    >>> half = torch.full((3, 1, 1), 0.5)
    >>> standardise(torch.full((1, 3, 1, 1), 255, dtype=torch.uint8), half, half).flatten()
    tensor([1., 1., 1.])
    """
    return (images.float() / 255 - mean) / std


def _fit(
    model: nn.Module,
    images: UInt8[Tensor, "M 3 H W"],
    labels: Int64[Tensor, "M"],
    moments: tuple[Tensor, Tensor],
    config: RunConfig,
    on_epoch: OnEpoch | None,
) -> list[float]:
    """Train; the loss of every step. Stops after the epoch in which a loss is not finite."""
    steps = len(images) // config.batch_size
    optimiser = build_optimiser(config, model)
    # Its own generator: dropout draws from the global one, and must not change the batches.
    order = torch.Generator().manual_seed(config.seed)
    losses: list[float] = []
    model.train()
    for epoch in range(config.epochs):
        shuffled = torch.randperm(len(images), generator=order).to(images.device)
        epoch_losses: list[Tensor] = []
        # The ragged rest is dropped: batch norm should see batches of one size.
        for index in shuffled[: steps * config.batch_size].view(steps, config.batch_size):
            logits = model(standardise(images[index], *moments))
            loss = F.cross_entropy(logits, labels[index])
            optimiser.zero_grad()
            loss.backward()
            optimiser.param_groups[0]["lr"] = rate_at(
                config, len(losses) + len(epoch_losses), steps * config.epochs
            )
            optimiser.step()
            epoch_losses.append(loss.detach())  # not .item(): a GPU would stop and wait
        losses += torch.stack(epoch_losses).tolist()
        if on_epoch is not None:
            on_epoch(epoch, sum(losses[-steps:]) / steps)
        if not all(map(math.isfinite, losses[-steps:])):
            break
    return losses


@torch.inference_mode()
def evaluate(
    model: nn.Module,
    images: UInt8[Tensor, "M 3 H W"],
    labels: Int64[Tensor, "M"],
    moments: tuple[Tensor, Tensor],
) -> tuple[float, float]:
    """Accuracy and mean cross-entropy in inference mode; no buffer of the model changes.

    >>> knows_nothing = nn.Sequential(nn.Flatten(), nn.Linear(3, 10, bias=False))
    >>> _ = nn.init.zeros_(knows_nothing[1].weight)
    >>> images, labels = torch.zeros(20, 3, 1, 1, dtype=torch.uint8), torch.arange(20) % 10
    >>> half = torch.full((3, 1, 1), 0.5)
    >>> accuracy, loss = evaluate(knows_nothing, images, labels, (half, half))
    >>> accuracy, round(loss, 3), round(math.log(10), 3)
    (0.1, 2.303, 2.303)
    """
    model.eval()
    correct, loss = 0, 0.0
    for batch, target in zip(images.split(500), labels.split(500), strict=True):
        logits = model(standardise(batch, *moments))
        correct += int((logits.argmax(dim=1) == target).sum())
        loss += float(F.cross_entropy(logits, target, reduction="sum"))
    return correct / len(images), loss / len(images)


def _means(losses: Sequence[float], size: int) -> list[float | None]:
    """Means of `size` losses after another. JSON has no NaN: what is not finite becomes None."""
    means = [sum(part) / len(part) for part in (losses[i : i + size] for i in range(0, len(losses), size))]
    return [round(m, 5) if math.isfinite(m) else None for m in means]


def _parts(config: RunConfig, data: Dataset) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Images and labels to train on, to validate on (the last training images, perhaps none), to test on."""
    if config.data != data.name:
        raise StateError("the data are those of the config", got=data.name, hint=f'load("{config.data}")')
    available = len(data.train_images) - config.validation_size
    wanted = available if config.train_size is None else config.train_size
    if not config.batch_size <= wanted <= available:
        raise DataError(
            f"batch_size ≤ train_size ≤ {available}, the number of training images",
            got=f"batch_size={config.batch_size}, train_size={wanted}",
            hint="a smaller batch_size or train_size",
        )
    held_out = slice(available, available + config.validation_size)
    return {
        "train": (data.train_images[:wanted], data.train_labels[:wanted]),
        "validation": (data.train_images[held_out], data.train_labels[held_out]),
        "test": (data.test_images, data.test_labels),
    }


def train(
    config: RunConfig, data: Dataset, *, device: str = "auto", on_epoch: OnEpoch | None = None
) -> dict[str, Any]:
    """Do one run and return what was measured, a plain dict that JSON can hold.

    train_loss: mean of each epoch; loss_curve: mean of each `log_every` steps;
    validation_accuracy: None when no image is held out;
    test_accuracy, test_loss: read once, at the end; both accuracies are None when the run diverged;
    seconds: of the training alone; images_per_second; device and threads.

    On a CPU the same config, data and number of threads give the same numbers. Seeds PyTorch's global
    generator. Raises StateError or DataError when config and data do not fit together.

    >>> from bncourse.data import load
    >>> config = RunConfig(norm="batch", width=0.05, epochs=2, batch_size=16)
    >>> row = train(config, load("shapes", train=64, test=10), device="cpu")
    >>> len(row["train_loss"]), row["diverged"]
    (2, False)
    """
    arrays = _parts(config, data)
    target = pick_device(device)
    torch.manual_seed(config.seed)
    model = build_model(config).to(target)
    moments = pixel_moments(arrays["train"][0])
    mean, std = (moment.to(target) for moment in moments)
    parts = {
        name: (torch.tensor(images, device=target), torch.tensor(labels, device=target))
        for name, (images, labels) in arrays.items()
    }
    start = time.perf_counter()
    losses = _fit(model, *parts["train"], (mean, std), config, on_epoch)
    seconds = time.perf_counter() - start
    held_out = evaluate(model, *parts["validation"], (mean, std)) if config.validation_size else (None, None)
    accuracy, test_loss = evaluate(model, *parts["test"], (mean, std))
    diverged = not all(map(math.isfinite, [*losses, test_loss]))
    return {
        "train_loss": _means(losses, len(parts["train"][0]) // config.batch_size),
        "loss_curve": _means(losses, config.log_every),
        "validation_accuracy": None if diverged else held_out[0],
        "test_accuracy": None if diverged else accuracy,
        "test_loss": None if diverged else test_loss,
        "diverged": diverged,
        "seconds": round(seconds, 2),
        "images_per_second": round(len(losses) * config.batch_size / seconds, 1),
        "device": torch.cuda.get_device_name(target) if target.type == "cuda" else target.type,
        "threads": torch.get_num_threads(),
    }
