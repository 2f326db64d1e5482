"""Planned minus done is what runs, so a sweep may be killed at any time. Chapter: start-here."""

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Executor, wait
from functools import partial
from pathlib import Path

from bncourse.data import Dataset
from bncourse.experiments.config import RunConfig
from bncourse.experiments.provenance import code_of, provenance
from bncourse.experiments.store import Row, append_row, read_rows
from bncourse.experiments.worker import Images, run_one

__all__ = ["OnEpoch", "OnFailure", "OnRow", "missing", "run_all", "run_together"]

OnEpoch = Callable[[RunConfig, int, float], None]
OnRow = Callable[[Row], None]
OnFailure = Callable[[RunConfig, BaseException], None]


def missing(configs: Iterable[RunConfig], folder: Path | str) -> list[RunConfig]:
    """The configs without a row in `folder`, in their order, each once.

    >>> missing([RunConfig(experiment="never-run", seed=seed) for seed in range(3)], "results")[2].seed
    2
    """
    planned = list(dict.fromkeys(configs))
    done = {row["key"] for name in {c.experiment for c in planned} for row in read_rows(name, folder)}
    return [config for config in planned if config.key() not in done]


def run_all(
    configs: Iterable[RunConfig],
    data: Dataset,
    folder: Path | str,
    *,
    device: str = "auto",
    executor: Executor | None = None,
    root: Path | str | None = None,
    on_epoch: OnEpoch | None = None,
    on_row: OnRow | None = None,
    on_failure: OnFailure | None = None,
) -> int:
    """Run what is missing and record each run as it ends; how many were run.

    on_epoch(config, epoch, loss) and on_row(row) tell how far it is. What is done is read anew before
    each run: another process may be at work in the same folder.

    executor: where the runs go, any of `concurrent.futures`; here, one after another, without it. A worker
    loads the images itself, from `root` or where they usually are; they must be those of `data`. Only this
    process writes rows, and `on_epoch` is not called. A run that fails does not stop the others: it is told
    to `on_failure(config, error)`, or else the first error is raised when all others are done.

    >>> from tempfile import TemporaryDirectory
    >>> from bncourse.data import load
    >>> with TemporaryDirectory() as folder:
    ...     configs = [RunConfig(width=0.05, epochs=1, batch_size=16)]
    ...     data = load("shapes", train=32, test=10)
    ...     run_all(configs, data, folder), run_all(configs, data, folder)
    (1, 0)
    """
    planned, count = list(configs), 0
    if executor is not None:
        work = partial(run_one, images=Images.of(data, root), device=device)
        return _run_elsewhere(planned, folder, executor, work, on_row, on_failure)
    from bncourse.experiments.training import train

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


def _run_elsewhere(
    planned: list[RunConfig],
    folder: Path | str,
    executor: Executor,
    work: Callable[[RunConfig], Row],
    on_row: OnRow | None,
    on_failure: OnFailure | None,
) -> int:
    pending = {executor.submit(work, config): config for config in missing(planned, folder)}
    failed: list[BaseException] = []
    count = 0
    try:
        while pending:
            for future in wait(pending, return_when=FIRST_COMPLETED).done:
                config = pending.pop(future)
                error = future.exception()
                if error is not None:
                    failed.append(error)
                    if on_failure is not None:
                        on_failure(config, error)
                elif append_row(future.result(), folder):
                    count += 1
                    if on_row is not None:
                        on_row(future.result())
            # What another process recorded meanwhile need not start here.
            todo = set(missing(pending.values(), folder))
            for future in [f for f, config in pending.items() if config not in todo and f.cancel()]:
                del pending[future]
    finally:
        for future in pending:
            future.cancel()
    if failed and on_failure is None:
        raise failed[0]
    return count


def run_together(
    configs: Iterable[RunConfig],
    data: Dataset,
    folder: Path | str,
    *,
    device: str = "auto",
    on_epoch: OnEpoch | None = None,
    on_row: OnRow | None = None,
) -> int:
    """`run_all` for the workers that torchrun started: all do each run together, the first records it.

    Every worker calls it with the same configs and data. It returns on each how many were run; the callbacks
    are called on the first only. Errors are those of `train_distributed`.

    >>> import torch.distributed as dist
    >>> from tempfile import TemporaryDirectory
    >>> from bncourse.data import load
    >>> dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    >>> with TemporaryDirectory() as folder:
    ...     data = load("shapes", train=32, test=10)
    ...     run_together([RunConfig(width=0.05, epochs=1, batch_size=16)], data, folder, device="cpu")
    1
    >>> dist.destroy_process_group()
    """
    import torch.distributed as dist

    from bncourse.experiments.distributed import join_workers, train_distributed

    place = join_workers(device)
    planned, count = list(configs), 0
    while True:
        # What is done is read by one and told to all: they must not disagree on what comes next.
        told = [missing(planned, folder)[:1] if dist.get_rank() == 0 else None]
        dist.broadcast_object_list(told, device=place)
        if not told[0]:
            return count
        config = told[0][0]
        report = partial(on_epoch, config) if on_epoch is not None else None
        origin = provenance(data, code=code_of(config))
        measured = train_distributed(config, data, device=place.type, on_epoch=report)
        count += 1
        if measured is not None:
            row = {"key": config.key(), "config": config.to_json(), **measured, **origin}
            append_row(row, folder)
            if on_row is not None:
                on_row(row)
