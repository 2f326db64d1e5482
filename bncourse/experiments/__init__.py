"""Runs: their settings, the training loop, recorded rows. Loads torch only to train. Chapter: start-here.

>>> from bncourse.data import load
>>> from bncourse.experiments import RunConfig, train
>>> data = load("shapes", train=256, test=100)
>>> config = RunConfig(norm="batch", width=0.1, epochs=1)
>>> row = train(config, data)
>>> len(row["train_loss"])
1
"""

from typing import TYPE_CHECKING, Any

from bncourse.experiments.config import RunConfig
from bncourse.experiments.recipes import RECIPES
from bncourse.experiments.store import read_rows

if TYPE_CHECKING:
    from bncourse.experiments.training import train

__all__ = ["RECIPES", "RunConfig", "read_rows", "train"]


def __getattr__(name: str) -> Any:
    # Only `train` needs torch; a reader of rows may not have it.
    if name != "train":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from bncourse.experiments.training import train

    return train
