"""Images to learn from: CIFAR-10 when it is there, embedded shapes always. Chapter: start-here."""

from pathlib import Path

from bncourse.data.cifar10 import find_folder, load_cifar10
from bncourse.data.dataset import Dataset
from bncourse.data.shapes import make_shapes
from bncourse.errors import DataError

__all__ = ["NAMES", "Dataset", "available", "load", "load_best"]

NAMES = ("cifar10", "shapes")


def load(
    name: str,
    *,
    root: Path | str | None = None,
    train: int | None = None,
    test: int | None = None,
    seed: int = 0,
) -> Dataset:
    """Load a data set by name: "cifar10" or "shapes".

    Args:
        name: "cifar10" is read from disk (`root`, else the folder in BNCOURSE_DATA, else the cache);
            "shapes" is drawn on the spot, the same bytes on every machine.
        root: where CIFAR-10 lies; shapes need none.
        train, test: how many images of each part. None means all 50,000 and 10,000 of CIFAR-10,
            5,000 and 1,000 shapes.
        seed: of the shapes; CIFAR-10 has none.

    Returns:
        a `Dataset`: images uint8 (N, 3, 32, 32) from 0 to 255, labels int64 (N,) from 0 to 9.

    Raises:
        DataError: unknown name, CIFAR-10 not there, or a file that is not what it should be.

    Source: Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009, for CIFAR-10.

    >>> data = load("shapes", train=20, test=10)
    >>> data.train_images.shape, data.train_images.dtype, data.classes[0]
    ((20, 3, 32, 32), dtype('uint8'), 'disc')
    """
    if name == "cifar10":
        return load_cifar10(root, train=train, test=test)
    if name == "shapes":
        return make_shapes(5_000 if train is None else train, 1_000 if test is None else test, seed)
    raise DataError("the data set is one of cifar10, shapes", got=repr(name), hint='load("shapes")')


def available(name: str, root: Path | str | None = None) -> bool:
    """Whether `load(name, root=root)` finds its data: shapes always, CIFAR-10 when its folder is there.

    Raises DataError for an unknown name.

    >>> available("shapes")
    True
    """
    if name not in NAMES:
        raise DataError("the data set is one of cifar10, shapes", got=repr(name), hint='available("shapes")')
    if name == "shapes":
        return True
    try:
        find_folder(root)
    except DataError:
        return False
    return True


def load_best(
    *,
    root: Path | str | None = None,
    train: int | None = None,
    test: int | None = None,
    seed: int = 0,
) -> Dataset:
    """CIFAR-10 when it is there, else shapes; `.name` and `.source` say which. Arguments as for `load`.

    A CIFAR-10 that is there but broken raises DataError: it is never replaced in silence.

    >>> load_best(train=20, test=10).name in NAMES
    True
    """
    name = "cifar10" if available("cifar10", root) else "shapes"
    return load(name, root=root, train=train, test=test, seed=seed)
