"""Planned minus done is what runs, so a sweep may be killed at any time. Chapter: start-here."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from bncourse.data import Dataset
from bncourse.experiments.config import RunConfig
from bncourse.experiments.provenance import code_of, provenance
from bncourse.experiments.store import Row, append_row, read_rows

__all__ = ["missing", "run_all"]


def missing(configs: Iterable[RunConfig], folder: Path | str) -> list[RunConfig]:
    """The configs without a row in `folder`, in their order.

    >>> missing([RunConfig(experiment="never-run", seed=seed) for seed in range(3)], "results")[2].seed
    2
    """
    planned = list(configs)
    done = {row["key"] for name in {c.experiment for c in planned} for row in read_rows(name, folder)}
    return [config for config in planned if config.key() not in done]


def run_all(
    configs: Iterable[RunConfig],
    data: Dataset,
    folder: Path | str,
    *,
    device: str = "auto",
    on_epoch: Callable[[RunConfig, int, float], None] | None = None,
    on_row: Callable[[Row], None] | None = None,
) -> int:
    """Run what is missing and record each run as it ends; how many were run.

    on_epoch(config, epoch, loss) and on_row(row) tell how far it is. What is done is read anew before
    each run: another process may be at work in the same folder.

    >>> from tempfile import TemporaryDirectory
    >>> from bncourse.data import load
    >>> with TemporaryDirectory() as folder:
    ...     configs = [RunConfig(width=0.05, epochs=1, batch_size=16)]
    ...     data = load("shapes", train=32, test=10)
    ...     run_all(configs, data, folder), run_all(configs, data, folder)
    (1, 0)
    """
    from bncourse.experiments.training import train

    planned, count = list(configs), 0
    while todo := missing(planned, folder):
        config = todo[0]
        report = partial(on_epoch, config) if on_epoch is not None else None
        # Now, not after a long run: the files on the disk may change meanwhile.
        origin = provenance(data, code=code_of(config))
        measured = train(config, data, device=device, on_epoch=report)
        row = {"key": config.key(), "config": config.to_json(), **measured, **origin}
        append_row(row, folder)
        count += 1
        if on_row is not None:
            on_row(row)
    return count
