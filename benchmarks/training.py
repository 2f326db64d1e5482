"""How fast does the seed CNN train here, beside the loop of a tutorial? Chapter: twelve-configurations.

    make bench        (or: python benchmarks/training.py [--rounds N])

The article's net at its full width, batch norm everywhere, batches of 128, one thread a process. The loop of
the tutorials has a `DataLoader` over single pictures, each made a tensor and standardised on its own, Adam as
it comes, and `loss.item()` at every step. Ours is what `bncourse.experiments.train` does with `fast=True`.

Each loop is a process of its own that waits for its turn, so they neither share a thread pool nor run at
once, and a busy machine slows all of them. A ratio is images a second over those of the tutorials' loop in
the same round: the median over the rounds, and the least and largest. Then the two processes of a grid run at
once, and their images a second are added.
"""

import os

# Before PyTorch is loaded: it reads its number of threads once.
os.environ["OMP_NUM_THREADS"] = "1"

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import IO

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

from bncourse.experiments import RunConfig
from bncourse.experiments.choices import build_model, build_optimiser
from bncourse.experiments.fast import autocast, channels_last
from bncourse.experiments.machine import keep_pages
from bncourse.experiments.pixels import pixel_moments, standardise

__all__ = ["LOOPS", "has_bf16", "main", "measure"]

BATCH = 128
WIDTH = 1.0
IMAGES = 20_000
Step = Callable[[], None]


class Pictures(Dataset[tuple[Tensor, int]]):
    """One picture after another, as the tutorials have it."""

    def __init__(self, images: np.ndarray, labels: np.ndarray) -> None:
        self.images, self.labels = images, labels
        self.mean, self.std = pixel_moments(images)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        picture = torch.from_numpy(self.images[index]).float() / 255
        return (picture - self.mean) / self.std, int(self.labels[index])


def _random_data(count: int) -> tuple[np.ndarray, np.ndarray]:
    # Speed does not depend on what the pictures show.
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (count, 3, 32, 32), np.uint8), rng.integers(0, 10, count)


def tutorial(count: int, width: float) -> Step:
    model = build_model(RunConfig(norm="batch", width=width)).train()
    loader = DataLoader(Pictures(*_random_data(count)), batch_size=BATCH, shuffle=True, drop_last=True)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    batches, total = iter(loader), 0.0

    def step() -> None:
        nonlocal batches, total
        try:
            x, target = next(batches)
        except StopIteration:
            batches = iter(loader)
            x, target = next(batches)
        optimiser.zero_grad()
        loss = F.cross_entropy(model(x), target)
        loss.backward()
        optimiser.step()
        total += loss.item()

    return step


def ours(count: int, width: float, precision: str = "float32") -> Step:
    keep_pages()
    config = RunConfig(norm="batch", width=width, fast=True, precision=precision)
    images, labels = map(torch.tensor, _random_data(count))
    moments = pixel_moments(images.numpy())
    model = channels_last(build_model(config), torch.zeros(1, 3, 32, 32)).train()
    optimiser = build_optimiser(config, model)

    def step() -> None:
        index = torch.randint(0, count, (BATCH,))
        with autocast(precision, images.device):
            loss = F.cross_entropy(model(standardise(images[index], *moments)), labels[index])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    return step


LOOPS: dict[str, Callable[[int, float], Step]] = {
    "tutorial": tutorial,
    "float32": ours,
    "bf16": lambda count, width: ours(count, width, "bf16"),
    "float32, 2.5 times the images": lambda count, width: ours(count * 5 // 2, width),
}


def has_bf16() -> bool:
    """Whether this processor multiplies bfloat16 itself; elsewhere it is a slow imitation."""
    flags = torch.ops.mkldnn
    return bool(flags._is_mkldnn_bf16_supported()) if hasattr(flags, "_is_mkldnn_bf16_supported") else False


def child(name: str, count: int, width: float) -> int:
    """Do as many steps as each line of the input says, and print the seconds they took."""
    torch.set_num_threads(1)
    step = LOOPS[name](count, width)
    for _ in range(2):
        step()
    print("ready", flush=True)
    for line in sys.stdin:
        start = time.perf_counter()
        for _ in range(int(line)):
            step()
        print(time.perf_counter() - start, flush=True)
    return 0


class Loop:
    """A process that trains when it is told to."""

    def __init__(self, name: str, count: int, width: float) -> None:
        command = [sys.executable, __file__, "--child", name, "--images", str(count), "--width", str(width)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.input: IO[str] = self.process.stdin
        self.output: IO[str] = self.process.stdout
        self.output.readline()

    def go(self, steps: int) -> None:
        self.input.write(f"{steps}\n")
        self.input.flush()

    def images_per_second(self, steps: int) -> float:
        return steps * BATCH / float(self.output.readline())

    def close(self) -> None:
        self.input.close()
        self.output.close()
        self.process.wait()


def measure(
    names: Sequence[str], rounds: int, steps: int, count: int, width: float
) -> dict[str, list[float]]:
    """Images a second of each loop and, as "grid", of two processes at once; a number a round."""
    loops = {name: Loop(name, count, width) for name in names}
    best = "bf16" if "bf16" in loops else "float32"
    pair = [loops[best], Loop(best, count, width)]
    speeds: dict[str, list[float]] = {name: [] for name in [*names, "grid"]}
    try:
        for turn in range(rounds):
            for name in names if turn % 2 == 0 else reversed(names):
                loops[name].go(steps)
                speeds[name].append(loops[name].images_per_second(steps))
            for loop in pair:
                loop.go(2 * steps)
            speeds["grid"].append(sum(loop.images_per_second(2 * steps) for loop in pair))
    finally:
        for loop in [*loops.values(), pair[1]]:
            loop.close()
    return speeds


def main(argv: Sequence[str] = ()) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--images", type=int, default=IMAGES)
    parser.add_argument("--width", type=float, default=WIDTH)
    parser.add_argument("--child", choices=LOOPS, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.child:
        return child(options.child, options.images, options.width)
    names = [name for name in LOOPS if name != "bf16" or has_bf16()]
    speeds = measure(names, options.rounds, options.steps, options.images, options.width)
    capability = torch.backends.cpu.get_cpu_capability()
    print(f"\nTraining the seed CNN, {capability}, one thread a process, medians of {options.rounds} rounds")
    print(f"{'':32}  images/s   ratio to the tutorial's loop (least to largest)")
    for name, numbers in speeds.items():
        ratios = [mine / theirs for mine, theirs in zip(numbers, speeds["tutorial"], strict=True)]
        title = "two processes at once" if name == "grid" else name
        spread = f"{statistics.median(ratios):.2f}  ({min(ratios):.2f} to {max(ratios):.2f})"
        print(f"{title:32}  {statistics.median(numbers):8.0f}   {spread}")
    if "bf16" not in names:
        print("bf16: this processor has no arithmetic for it")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
