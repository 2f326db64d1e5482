"""Where runs may go: other processes of this machine, or the workers of a Dask scheduler.

`run_all` takes any executor of `concurrent.futures`; the command line names these two.
Chapter: ship-and-scale.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import wait

from bncourse.errors import StateError

__all__ = ["open_executor", "prepare"]

# Seconds in which a scheduler has to answer.
_PATIENCE = 10


@contextmanager
def open_executor(where: str, threads: int | None = None) -> Iterator[Executor]:
    """An executor for a `with` block: "processes:N" here, or "dask://host:port", a running scheduler.

    threads: of PyTorch in each worker; 1 when None, for two workers are faster than two threads. The workers
    keep their memory, see `machine.keep_pages`. Left by an exception, it does not wait for runs under way.
    Raises StateError for another text, when Dask is not installed, and when no scheduler answers.

    >>> with open_executor("processes:1") as executor:
    ...     type(executor).__name__
    'ProcessPoolExecutor'
    """
    kind, _, rest = where.partition(":")
    if kind == "processes" and rest.isdecimal() and int(rest) > 0:
        opened = _processes(int(rest), threads or 1)
    elif kind == "dask" and rest.startswith("//") and rest[2:]:
        opened = _dask(rest[2:], threads or 1)
    else:
        raise StateError(
            "an executor is processes:N or dask://host:port", got=repr(where), hint="--executor processes:2"
        )
    with opened as executor:
        yield executor


def prepare(threads: int) -> None:
    """Make this process a worker: threads of PyTorch, and how it keeps its memory.

    >>> import torch
    >>> before = torch.get_num_threads()
    >>> prepare(before)
    >>> torch.get_num_threads() == before
    True
    """
    import torch

    from bncourse.experiments.machine import keep_pages

    torch.set_num_threads(threads)
    keep_pages()


def _prepare_child(threads: int) -> None:
    # Ctrl-C goes to all processes of a terminal; the parent ends its workers itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    prepare(threads)


def _end_with_parent() -> None:
    """A parent that is killed cannot end its workers; they would wait for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


@contextmanager
def _processes(count: int, threads: int) -> Iterator[Executor]:
    before = set(multiprocessing.active_children())
    # Not forked: a copy of a process with threads, or with a GPU in use, may hang.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(count, context, initializer=_prepare_child, initargs=(threads,))
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for child in set(multiprocessing.active_children()) - before:
            child.terminate()
        raise
    pool.shutdown()


@contextmanager
def _dask(address: str, threads: int) -> Iterator[Executor]:
    try:
        import distributed

        from bncourse.experiments.dask_worker import PreparedWorker
    except ImportError as error:
        raise StateError(
            "Dask is installed for dask://", got=str(error), hint="pip install 'bncourse[distributed]'"
        ) from error
    try:
        client = distributed.Client(f"tcp://{address}", timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise StateError(
            "a Dask scheduler answers at that address",
            got=f"{type(error).__name__} from {address}",
            hint="dask scheduler, and dask worker HOST:PORT for each worker",
        ) from error
    with client:
        client.register_plugin(PreparedWorker(threads))
        # pure: the same config given twice would be taken for one task.
        executor = client.get_executor(pure=False)
        try:
            yield executor
        except BaseException:
            executor.shutdown(wait=False)
            raise
        executor.shutdown()
