"""`experiment run`: load the data, say where it runs and for how long, run what is missing.

Chapter: twelve-configurations.
"""

import os
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass
from pathlib import Path

from bncourse.data import Dataset, load
from bncourse.errors import StateError
from bncourse.experiments.config import RunConfig
from bncourse.experiments.progress import Progress
from bncourse.experiments.runner import OnFailure, OnRow, missing, run_all, run_together
from bncourse.experiments.store import Row
from bncourse.experiments.titles import title

__all__ = ["Where", "sweep", "torchrun_workers"]


@dataclass(frozen=True)
class Where:
    """Where runs go: device, threads of PyTorch, folder of the data, and executor, see `open_executor`.

    >>> Where(device="cpu").executor is None
    True
    """

    device: str = "auto"
    threads: int | None = None
    data: Path | None = None
    executor: str | None = None


def sweep(planned: Sequence[RunConfig], folder: Path, where: Where) -> int:
    """Run what is missing of `planned`, and tell how far it is; how many runs failed.

    Under torchrun all workers call it. Raises what `load`, `pick_device` and `open_executor` raise.

    >>> sweep([], Path("results"), Where())
    0
    """
    if not planned:
        return 0
    todo = missing(planned, folder)
    data = load(planned[0].data, root=where.data)
    print(f"data: {data.name}, {data.source}", flush=True)
    progress = Progress(len(todo), sum(config.epochs for config in todo))
    try:
        return _run(planned, data, folder, where, progress)
    finally:
        progress.close()


def _run(planned: Sequence[RunConfig], data: Dataset, folder: Path, where: Where, progress: Progress) -> int:
    failed: list[RunConfig] = []

    def on_epoch(config: RunConfig, epoch: int, loss: float) -> None:
        progress.epoch(config, f"{title(config, planned)}  epoch {epoch + 1}  loss {loss:.4f}")

    def on_row(row: Row) -> None:
        config = RunConfig.from_json(row["config"])
        progress.row(config, f"{title(config, planned)}  done")

    def on_failure(config: RunConfig, error: BaseException) -> None:
        failed.append(config)
        progress.say(f"failed: {title(config, planned)}  {type(error).__name__}: {error}", wrong=True)
        progress.row(config, f"{title(config, planned)}  failed")

    if where.executor is None:
        _here(where)
        together = torchrun_workers() > 1
        run = run_together if together else run_all
        run(planned, data, folder, device=where.device, on_epoch=on_epoch, on_row=on_row)
        if together:
            _part()
        return 0
    if torchrun_workers() > 1:
        raise StateError(
            "runs go to an executor, or each to all workers of torchrun",
            got=f"--executor {where.executor} and {torchrun_workers()} workers of torchrun",
            hint="leave one of them out",
        )
    _elsewhere(planned, data, folder, where, on_row, on_failure)
    return len(failed)


def _part() -> None:
    """End the group of workers, which would complain at the end of the process."""
    import torch.distributed as dist

    dist.destroy_process_group()


def torchrun_workers() -> int:
    """How many workers torchrun started; 1 without it.

    >>> torchrun_workers()
    1
    """
    return int(os.environ.get("WORLD_SIZE", "1"))


def _elsewhere(
    planned: Sequence[RunConfig],
    data: Dataset,
    folder: Path,
    where: Where,
    on_row: OnRow,
    on_failure: OnFailure,
) -> None:
    from bncourse.experiments.executors import open_executor

    assert where.executor is not None
    print(f"workers: {where.executor}", flush=True)
    try:
        with open_executor(where.executor, where.threads) as executor:
            run_all(
                planned,
                data,
                folder,
                device=where.device,
                executor=executor,
                root=where.data,
                on_row=on_row,
                on_failure=on_failure,
            )
    except BrokenExecutor as error:
        raise StateError(
            "the workers live", got=str(error), hint="fewer of them; memory may be short"
        ) from error


def _here(where: Where) -> None:
    """Set this process up to train, and say on what."""
    import torch

    from bncourse.experiments.machine import keep_pages, pick_device

    if where.threads:
        torch.set_num_threads(where.threads)
    keep_pages()
    device = pick_device(where.device)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    threads = torch.get_num_threads()
    workers = torchrun_workers()
    cpu = f", {threads} thread{'s' if threads > 1 else ''}" if device.type == "cpu" else ""
    print(f"device: {name}{cpu}" + (f", {workers} workers" if workers > 1 else ""), flush=True)
