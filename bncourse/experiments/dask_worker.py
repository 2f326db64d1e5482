"""What a Dask worker does before its first run. Needs Dask. Chapter: ship-and-scale."""

from typing import Any

from distributed import WorkerPlugin

__all__ = ["PreparedWorker"]


class PreparedWorker(WorkerPlugin):
    """Registered with a client, it prepares the workers that are there, and those that come later.

    >>> PreparedWorker(threads=1).threads
    1
    """

    name = "bncourse"

    def __init__(self, threads: int) -> None:
        self.threads = threads

    def setup(self, worker: Any) -> None:
        """Called on each worker."""
        from bncourse.experiments.executors import prepare

        prepare(self.threads)
