"""How far a sweep is, and how long it may still take. Chapter: twelve-configurations."""

import os
import sys
import time
from typing import Any

from bncourse.experiments.config import RunConfig
from bncourse.experiments.cost import duration

__all__ = ["Progress"]


class Progress:
    """Epochs done of all, as a bar on a terminal where tqdm is installed, as lines elsewhere.

    runs, epochs: how many there are in all; the time left is measured, from the first epoch on.

    >>> progress = Progress(runs=1, epochs=2)
    >>> config = RunConfig(epochs=2)
    >>> progress.epoch(config, "norm none  epoch 1")
    norm none  epoch 1  [1 of 2 epochs, about ... left]
    1 run, 2 epochs: about ... in all, as the first epochs go
    >>> progress.row(config, "norm none  done")
    norm none  done  [2 of 2 epochs]
    >>> progress.close()
    """

    def __init__(self, runs: int, epochs: int) -> None:
        self.runs, self.epochs, self.done = runs, epochs, 0
        self._told: dict[str, int] = {}  # key of a run under way -> its epochs that are counted
        self._start = time.monotonic()
        self._bar = _bar(epochs)

    def epoch(self, config: RunConfig, text: str) -> None:
        """An epoch of a run ended."""
        self._told[config.key()] = self._told.get(config.key(), 0) + 1
        self._advance(1, text)

    def row(self, config: RunConfig, text: str) -> None:
        """A run ended, perhaps before its last epoch, perhaps without a word of any epoch before."""
        told = self._told.pop(config.key(), 0)
        if told < config.epochs:
            self._advance(config.epochs - told, text)

    def say(self, text: str, *, wrong: bool = False) -> None:
        """Print a line, above the bar; to stderr when something went wrong."""
        if self._bar is None:
            print(text, file=sys.stderr if wrong else sys.stdout, flush=True)
        else:
            self._bar.write(text, file=sys.stderr)

    def close(self) -> None:
        """The sweep ended."""
        if self._bar is not None:
            self._bar.close()

    def _advance(self, count: int, text: str) -> None:
        first = self.done == 0
        self.done += count
        each = (time.monotonic() - self._start) / self.done
        if self._bar is not None:
            self._bar.set_description(text, refresh=False)
            self._bar.update(count)
        else:
            left = self.epochs - self.done
            more = f", about {duration(left * each)} left" if left > 0 else ""
            self.say(f"{text}  [{self.done} of {self.epochs} epochs{more}]")
        if first and self.done < self.epochs:
            runs = f"{self.runs} run{'s' if self.runs > 1 else ''}"
            self.say(
                f"{runs}, {self.epochs} epochs: about {duration(self.epochs * each)} in all, "
                "as the first epochs go"
            )


def _bar(epochs: int) -> Any:
    """tqdm's bar; None where nobody watches, or without tqdm, which PyTorch does not bring along."""
    if not sys.stderr.isatty() or os.environ.get("RANK", "0") != "0":
        return None
    try:
        from tqdm import tqdm
    except ImportError:
        return None
    return tqdm(total=epochs, unit="epoch")
