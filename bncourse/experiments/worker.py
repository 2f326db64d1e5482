"""One run in another process or on another machine: all it needs travels in a few words.

Loads torch only when it runs. Chapter: ship-and-scale.
"""

import threading
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from bncourse.data import Dataset, load
from bncourse.errors import DataError
from bncourse.experiments.config import RunConfig
from bncourse.experiments.provenance import code_of, provenance
from bncourse.experiments.store import Row

__all__ = ["Images", "run_one"]

# A run seeds PyTorch's one global generator: of several threads in a process, one trains at a time.
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True)
class Images:
    """Which images a worker loads for itself: so that 180 MB do not travel with every run.

    name, root: as for `bncourse.data.load`; train, test: how many of each part; digest: what they must have.
    """

    name: str
    root: str | None
    train: int
    test: int
    digest: str

    @classmethod
    def of(cls, data: Dataset, root: Path | str | None = None) -> "Images":
        """The images of `data`, which lie in `root`, or where they usually are.

        >>> Images.of(load("shapes", train=20, test=10)).train
        20
        """
        # A worker may be at work in another folder.
        folder = None if root is None else str(Path(root).resolve())
        return cls(data.name, folder, len(data.train_labels), len(data.test_labels), data.digest)

    def load(self) -> Dataset:
        """Load them. Raises DataError when they are not there, or are not the same images.

        >>> images = Images.of(load("shapes", train=20, test=10))
        >>> images.load().digest == images.digest
        True
        """
        data = load(self.name, root=self.root, train=self.train, test=self.test)
        if data.digest != self.digest:
            raise DataError(
                f"a worker has the images that the run was planned with, digest {self.digest[:12]}…",
                got=f"{data.digest[:12]}…, {data.source}",
                hint="the same copy of the data for all, in `root` or BNCOURSE_DATA",
            )
        return data


@lru_cache(maxsize=1)
def _loaded(images: Images) -> Dataset:
    return images.load()


def run_one(config: RunConfig, *, images: Images, device: str = "auto") -> Row:
    """Train and return the row, which is to be recorded elsewhere. Raises what `train` and `load` raise.

    >>> images = Images.of(load("shapes", train=32, test=10))
    >>> row = run_one(RunConfig(width=0.05, epochs=1, batch_size=16), images=images, device="cpu")
    >>> row["key"] == RunConfig(width=0.05, epochs=1, batch_size=16).key()
    True
    """
    from bncourse.experiments.training import train

    with _ONE_AT_A_TIME:
        data = _loaded(images)
        origin = provenance(data, code=code_of(config))
        return {
            "key": config.key(),
            "config": config.to_json(),
            **train(config, data, device=device),
            **origin,
        }
