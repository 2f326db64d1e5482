"""A training loop to be read: no loader, no callbacks but one, every step in sight. Chapter: start-here.

The data lie on the device as uint8; a batch is picked, standardised and used there.
Letters: N images of a batch, M images in all.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from jaxtyping import Int64, UInt8
from torch import Tensor, nn
from torch.nn import functional as F

from bncourse.data import Dataset
from bncourse.errors import DataError, StateError
from bncourse.experiments.choices import build_model, build_optimiser, rate_at
from bncourse.experiments.config import RunConfig
from bncourse.experiments.fast import autocast, channels_last
from bncourse.experiments.machine import pick_device
from bncourse.experiments.pixels import augment, scale_moments, standardise
from bncourse.experiments.share import Share

__all__ = ["evaluate", "train"]

OnEpoch = Callable[[int, float], None]
# Images and labels of one part of the data, on the device.
Part = tuple[UInt8[Tensor, "M 3 H W"], Int64[Tensor, "M"]]


@dataclass
class _Trace:
    """What a run leaves behind."""

    losses: list[float] = field(default_factory=list)  # of every step
    curve: list[float] = field(default_factory=list)  # accuracy after every epoch, when asked for
    measurements: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0  # of training; measuring accuracy and else is left out


def fit(
    model: nn.Module,
    net: nn.Module,
    parts: dict[str, Part],
    moments: tuple[Tensor, Tensor],
    config: RunConfig,
    on_epoch: OnEpoch | None,
    share: Share,
) -> _Trace:
    """Train `model` by way of `net`, which may be the compiled or the shared one.

    Stops, as all processes do, after the epoch in which a loss is not finite.
    """
    steps = len(parts["train"][0]) // config.batch_size
    optimiser = build_optimiser(config, model)
    # Its own generator: dropout draws from the global one, and must not change the batches.
    order = torch.Generator().manual_seed(config.seed)
    trace = _Trace()
    for epoch in range(config.epochs):
        start = time.perf_counter()
        net.train()
        losses = _epoch(net, parts["train"], moments, config, optimiser, order, trace, share)
        trace.losses += losses
        trace.seconds += time.perf_counter() - start
        # Other processes wait at their next message. In inference no layer sends one.
        if config.curve != "none" and share.first:
            trace.curve.append(evaluate(model, *parts[config.curve], moments, config.precision)[0])
        if on_epoch is not None:
            on_epoch(epoch, sum(losses) / steps)
        if not all(map(math.isfinite, losses)):
            break
    return trace


def _epoch(
    model: nn.Module,
    part: Part,
    moments: tuple[Tensor, Tensor],
    config: RunConfig,
    optimiser: torch.optim.Optimizer,
    order: torch.Generator,
    trace: _Trace,
    share: Share,
) -> list[float]:
    """One pass over the images; the loss of every step, mean over the processes."""
    images, labels = part
    steps, done = len(images) // config.batch_size, len(trace.losses)
    shuffled = torch.randperm(len(images), generator=order).to(images.device)
    losses: list[Tensor] = []
    # The ragged rest is dropped: batch norm should see batches of one size.
    for index in shuffled[: steps * config.batch_size].view(steps, config.batch_size):
        own = index[share.own]
        # The whole batch is augmented in every process: so each image is shifted as in one.
        batch = images[own] if config.augmentation == "none" else augment(images[index], order)[share.own]
        step, x, target = done + len(losses), standardise(batch, *moments), labels[own]
        rate = rate_at(config, step, steps * config.epochs)
        if config.measure_every and step % config.measure_every == 0:
            trace.measurements.append({"step": step, **_measure(model, x, target, rate)})
        with autocast(config.precision, x.device):
            loss = F.cross_entropy(model(x), target)
        optimiser.zero_grad()
        loss.backward()
        optimiser.param_groups[0]["lr"] = rate
        optimiser.step()
        losses.append(loss.detach())  # not .item(): a GPU would stop and wait
    values: list[float] = share.mean(torch.stack(losses)).tolist()
    return values


def _measure(model: nn.Module, x: Tensor, target: Tensor, rate: float) -> dict[str, Any]:
    # Here, because few runs measure; only theirs depend on that code.
    from bncourse.experiments.landscape import measure

    return measure(model, x, target, rate)


@torch.inference_mode()
def evaluate(
    model: nn.Module,
    images: UInt8[Tensor, "M 3 H W"],
    labels: Int64[Tensor, "M"],
    moments: tuple[Tensor, Tensor],
    precision: str = "float32",
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
    correct, losses = [], []
    for batch, target in zip(images.split(500), labels.split(500), strict=True):
        with autocast(precision, images.device):
            logits = model(standardise(batch, *moments))
            losses.append(F.cross_entropy(logits, target, reduction="sum"))
        correct.append((logits.argmax(dim=1) == target).sum())
    return int(torch.stack(correct).sum()) / len(images), sum(torch.stack(losses).tolist()) / len(images)


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
    config: RunConfig,
    data: Dataset,
    *,
    device: str = "auto",
    compiled: bool = False,
    on_epoch: OnEpoch | None = None,
) -> dict[str, Any]:
    """Do one run and return what was measured, a plain dict that JSON can hold.

    train_loss: mean of each epoch; loss_curve: mean of each `log_every` steps;
    validation_accuracy: None when no image is held out;
    curve: accuracy after every epoch on the part that `config.curve` names; measurements: of
    `config.measure_every`; both are missing when not asked for;
    test_accuracy, test_loss: read once, at the end; both accuracies are None when the run diverged;
    seconds: of the training alone; images_per_second; device, threads, compiled.

    compiled: whether the net goes through `torch.compile`: a minute at the start, faster steps on a GPU.

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
    model = build_model(config)
    if config.fast:
        model = channels_last(model, torch.zeros(1, *arrays["train"][0].shape[1:]))
    model = model.to(target)
    mean, std = (moment.to(target) for moment in scale_moments(config.input_scale, arrays["train"][0]))
    parts = {
        name: (torch.tensor(images, device=target), torch.tensor(labels, device=target))
        for name, (images, labels) in arrays.items()
    }
    net: nn.Module = torch.compile(model) if compiled else model  # type: ignore[assignment]
    trace = fit(model, net, parts, (mean, std), config, on_epoch, Share())
    return _measured(config, trace, model, parts, (mean, std)) | {
        "device": torch.cuda.get_device_name(target) if target.type == "cuda" else target.type,
        "threads": torch.get_num_threads(),
        "compiled": compiled,
    }


def _measured(
    config: RunConfig, trace: _Trace, model: nn.Module, parts: dict[str, Part], moments: tuple[Tensor, Tensor]
) -> dict[str, Any]:
    """The numbers of a finished run; the test images are read here, unless a curve of them was asked for."""
    accuracy, test_loss = evaluate(model, *parts["test"], moments, config.precision)
    diverged = not all(map(math.isfinite, [*trace.losses, test_loss]))
    held_out = None
    if config.validation_size and not diverged:
        held_out = evaluate(model, *parts["validation"], moments, config.precision)[0]
    row: dict[str, Any] = {
        "train_loss": _means(trace.losses, len(parts["train"][0]) // config.batch_size),
        "loss_curve": _means(trace.losses, config.log_every),
        "validation_accuracy": held_out,
        "test_accuracy": None if diverged else accuracy,
        "test_loss": None if diverged else test_loss,
        "diverged": diverged,
        "seconds": round(trace.seconds, 2),
        "images_per_second": round(len(trace.losses) * config.batch_size / trace.seconds, 1),
    }
    if config.curve != "none":
        row["curve"] = trace.curve
    if config.measure_every:
        row["measurements"] = trace.measurements
    return row
