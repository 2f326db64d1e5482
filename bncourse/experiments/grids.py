"""The article's twelve configurations, redone, and what decides them. Chapter: twelve-configurations.

Every grid has two budgets. The small one is what the book shows, for two CPU cores in about two hours:
a net half as wide on a quarter of the images, so that it sees them often enough to overfit. The full one is
for a GPU: the article's net on all images, 20 epochs.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from bncourse.errors import StateError
from bncourse.experiments.config import RunConfig
from bncourse.experiments.store import read_rows

__all__ = [
    "ARMS",
    "SEARCH_RATES",
    "SEARCH_SEED",
    "chosen_rates",
    "initialisation",
    "input_scale",
    "precision",
    "twelve_configurations",
    "twelve_honest",
    "twelve_search",
]

# (dropout, where batch norm is); "none" is nowhere.
ARMS = [(dropout, where) for dropout in (0.0, 0.2, 0.4) for where in ("none", "conv", "dense", "both")]
SEARCH_RATES = (3e-4, 1e-3, 3e-3, 1e-2)
# None of the seeds whose accuracy is reported.
SEARCH_SEED = 1_000

_SMALL: dict[str, Any] = {"width": 0.5, "train_size": 12_500}
_FULL: dict[str, Any] = {"width": 1.0, "train_size": None, "precision": "bf16"}


def _arm(dropout: float, where: str) -> dict[str, Any]:
    norm = {"norm": "none"} if where == "none" else {"norm": "batch", "where": where}
    return {"dropout": dropout, **norm}


def _run(experiment: str, full: bool, **settings: Any) -> RunConfig:
    budget = _FULL if full else _SMALL
    return RunConfig(experiment=experiment, data="cifar10", fast=True, **(budget | settings))


def twelve_configurations(seeds: int = 1, *, full: bool = False) -> list[RunConfig]:
    """The article's way: batch norm after the ReLU, Adam at one rate, test accuracy after every epoch.

    Dropout 0, 0.2, 0.4 times batch norm nowhere, behind the convolutions, behind the dense layer, at both.
    The article states neither its learning rate nor its batch size nor how the pixels were scaled: here they
    are 1e-3, 128 and standardised. The arms of one seed share their batches and first weights.

    >>> len(twelve_configurations()), twelve_configurations(full=True)[0].epochs
    (12, 20)
    """
    return [
        _run(
            "twelve-configurations",
            full,
            **_arm(*arm),
            curve="test",
            epochs=20 if full else 10,
            log_every=50,
            seed=seed,
        )
        for seed in range(seeds)
        for arm in ARMS
    ]


def twelve_search(seeds: int = 1, *, full: bool = False) -> list[RunConfig]:
    """The honest protocol, first part: four learning rates for each of the twelve arms, by validation.

    5,000 training images are held out. The runs are half as long as those of `twelve_honest` and have a seed
    that is not reported; in the small budget they see more images, fewer times. `seeds` changes nothing: one
    is enough to choose a rate.

    >>> len(twelve_search())
    48
    """
    return [
        _run(
            "twelve-search",
            full,
            **_arm(*arm),
            learning_rate=rate,
            schedule="cosine",
            validation_size=5_000,
            train_size=None if full else 25_000,
            epochs=10 if full else 2,
            log_every=50,
            seed=SEARCH_SEED,
        )
        for rate in SEARCH_RATES
        for arm in ARMS
    ]


def chosen_rates(*, full: bool = False, folder: Path | str | None = None) -> dict[tuple[float, str], float]:
    """For each arm the rate of `twelve_search` with the best validation accuracy, from its recorded rows.

    A diverged run is worse than any other; of equals the smaller rate is taken.
    Raises StateError while a row is missing.

    >>> sorted(chosen_rates()) == sorted(ARMS)
    True
    """
    recorded = {row["key"]: row for row in read_rows("twelve-search", folder)}
    best: dict[tuple[float, str], tuple[float, float]] = {}
    for config in twelve_search(full=full):
        if config.key() not in recorded:
            raise StateError(
                "the learning rates were searched first",
                got=f"{len(recorded)} rows of twelve-search",
                hint="python -m bncourse experiment run twelve-search" + (" --full" if full else ""),
            )
        arm = config.dropout, "none" if config.norm == "none" else config.where
        score = recorded[config.key()]["validation_accuracy"] or 0.0
        best[arm] = max(best.get(arm, (-1.0, 0.0)), (score, -config.learning_rate))
    return {arm: -rate for arm, (_, rate) in best.items()}


def twelve_honest(seeds: int = 1, *, full: bool = False, folder: Path | str | None = None) -> list[RunConfig]:
    """The honest protocol, second part: each arm at its own rate, the test images read once, at the end.

    The rates come from the recorded rows of `twelve_search` in `folder`, see `chosen_rates`. The rate falls
    to 0 along a cosine, so the last epoch is no lottery. Raises StateError while the search is not done.

    >>> {config.curve for config in twelve_honest()}
    {'none'}
    """
    rates = chosen_rates(full=full, folder=folder)
    return [
        _run(
            "twelve-honest",
            full,
            **_arm(*arm),
            learning_rate=rates[arm],
            schedule="cosine",
            validation_size=5_000,
            epochs=20 if full else 8,
            log_every=50,
            seed=seed,
        )
        for seed in range(seeds)
        for arm in ARMS
    ]


def input_scale(seeds: int = 1, *, full: bool = False) -> list[RunConfig]:
    """When it matters: how pixels are scaled, times the learning rate, with batch norm and without.

    Dropout 0.4, where the article saw its widest gap; batch norm everywhere or nowhere.

    >>> len(input_scale())
    42
    """
    rates = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
    return [
        replace(
            _run("input-scale", full, **_arm(0.4, where), learning_rate=rate, log_every=50, seed=seed),
            input_scale=scale,
            validation_size=5_000,
            epochs=5 if full else 2,
        )
        for seed in range(seeds)
        for scale in ("raw", "unit", "standardised")
        for rate in rates
        for where in ("none", "both")
    ]


def initialisation(seeds: int = 1, *, full: bool = False) -> list[RunConfig]:
    """What else would have helped: three ways to draw the first weights, with batch norm and without.

    "glorot" is what the article's `tf.layers` did, "pytorch" what the rest of the book does; pixels are
    standardised, and as they come.

    >>> len(initialisation())
    24
    """
    return [
        replace(config, experiment="initialisation", initialisation=first)
        for config in input_scale(seeds, full=full)
        if config.learning_rate in (1e-3, 1e-2) and config.input_scale != "unit"
        for first in ("pytorch", "glorot", "he")
    ]


def precision(seeds: int = 1, *, full: bool = False) -> list[RunConfig]:
    """Does bfloat16 cost accuracy? The same runs in float32 and in bfloat16, batch norm everywhere.

    The small budget has a net a tenth as wide, since most CPUs only imitate bfloat16, slowly.

    >>> [config.precision for config in precision()]
    ['float32', 'bf16']
    """
    small = {"width": 0.1, "epochs": 3}
    settings = {"width": 1.0, "epochs": 20} if full else small
    return [
        _run("precision", full, **_arm(0.0, "both"), **settings, log_every=50, seed=seed, precision=number)
        for seed in range(seeds)
        for number in ("float32", "bf16")
    ]
