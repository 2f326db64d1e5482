"""How long a grid will take on this machine, measured in about a second. Chapter: twelve-configurations."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from bncourse.data import Dataset
from bncourse.experiments.config import RunConfig

__all__ = ["duration", "images_to_see", "measured_speed"]

# Forward alone costs about a third of forward, backward and update.
_READING = 1 / 3
_CIFAR10 = {"train": 50_000, "test": 10_000}


def images_to_see(configs: Iterable[RunConfig]) -> int:
    """Images of CIFAR-10 that the runs train on, all epochs counted; one that is only read counts a third.

    >>> images_to_see([RunConfig(data="cifar10", epochs=2)])
    103333
    >>> images_to_see([RunConfig(data="cifar10", epochs=2, train_size=600, curve="test")])
    11200
    """
    total = 0.0
    for config in configs:
        size = config.train_size or _CIFAR10["train"] - config.validation_size
        curves = {"none": 0, "validation": config.validation_size, "test": _CIFAR10["test"]}
        total += config.epochs * (size + _READING * curves[config.curve])
        total += _READING * (_CIFAR10["test"] + config.validation_size)
    return int(total)


def measured_speed(config: RunConfig, *, device: str = "auto", seconds: float = 1.0) -> float:
    """Images a second that the net of `config` trains on here; pictures of noise cost what others do.

    The first call of a device pays for its start and is not counted. Takes about `seconds`, longer where a
    single step does. Moves PyTorch's global generator, as every training does.

    >>> measured_speed(RunConfig(width=0.05, batch_size=16), device="cpu", seconds=0.01) > 0
    True
    """
    from bncourse.experiments.training import train

    steps = 1
    _ = train(*_noise(config, steps), device=device)
    while True:
        speed: float = train(*_noise(config, steps), device=device)["images_per_second"]
        if steps * config.batch_size / speed > seconds / 4 or steps * config.batch_size > 200_000:
            return speed
        steps *= 4


def _noise(config: RunConfig, steps: int) -> tuple[RunConfig, Dataset]:
    """The config for `steps` steps on noise, and the noise."""
    size = steps * config.batch_size
    short = replace(
        config, data="shapes", train_size=size, epochs=1, validation_size=0, curve="none", measure_every=0
    )
    rng = np.random.default_rng(0)
    parts = [
        (rng.integers(0, 256, (count, 3, 32, 32), dtype=np.uint8), rng.integers(0, 10, count))
        for count in (size, 100)
    ]
    (train, train_labels), (test, test_labels) = parts
    classes = tuple(map(str, range(10)))
    return short, Dataset("shapes", "noise", "", classes, train, train_labels, test, test_labels)


def duration(seconds: float) -> str:
    """A length of time, to be read.

    >>> [duration(seconds) for seconds in (20.0, 200.0, 5000.0, 200_000.0)]
    ['20 s', '3 min', '1.4 h', '55.6 h']
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"
