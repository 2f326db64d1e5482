"""Planned minus done is what runs, so a sweep may be killed at any time. Chapter: start-here."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from bncourse.data import Dataset
from bncourse.experiments.config import RunConfig
from bncourse.experiments.provenance import provenance
from bncourse.experiments.store import Row, append_row, read_rows

__all__ = ["missing", "run_all"]


def missing(configs: Iterable[RunConfig], folder: Path | str) -> list[RunConfig]:
    """The configs without a row in `folder`, in their order."""
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

    What is done is read anew before each run: another process may be at work in the same folder.
    """
    from bncourse.experiments.training import train

    planned, count = list(configs), 0
    while todo := missing(planned, folder):
        config = todo[0]
        report = partial(on_epoch, config) if on_epoch is not None else None
        measured = train(config, data, device=device, on_epoch=report)
        row = {"key": config.key(), "config": config.to_json(), **measured, **provenance(data)}
        append_row(row, folder)
        count += 1
        if on_row is not None:
            on_row(row)
    return count
