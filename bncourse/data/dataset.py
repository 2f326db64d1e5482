"""The one value every data set is. Chapter: start-here.

Letters: N training images, M test images; channels are red, green, blue; pixels 0 to 255.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64, UInt8

__all__ = ["Dataset"]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images, labels, and where they came from.

    Attributes:
        name: "cifar10" or "shapes".
        source: provenance in words, printed beside every result measured on it.
        digest: SHA-256 (hex) over training images, training labels, test images, test labels.
        classes: the names of labels 0 to 9.
        train_images, test_images: (N, 3, 32, 32) and (M, 3, 32, 32), uint8.
        train_labels, test_labels: (N,) and (M,), int64, 0 to 9.

    >>> from bncourse.data import load
    >>> load("shapes", train=20, test=10)
    Dataset('shapes', 20 training and 10 test images; embedded shapes, seed 0)
    """

    name: str
    source: str
    digest: str
    classes: tuple[str, ...]
    train_images: UInt8[np.ndarray, "N 3 32 32"]
    train_labels: Int64[np.ndarray, "N"]
    test_images: UInt8[np.ndarray, "M 3 32 32"]
    test_labels: Int64[np.ndarray, "M"]

    def __repr__(self) -> str:
        counts = f"{len(self.train_labels):,} training and {len(self.test_labels):,} test images"
        return f"Dataset({self.name!r}, {counts}; {self.source})"


def with_digest(
    name: str,
    source: str,
    classes: tuple[str, ...],
    train: tuple[UInt8[np.ndarray, "N 3 32 32"], Int64[np.ndarray, "N"]],
    test: tuple[UInt8[np.ndarray, "M 3 32 32"], Int64[np.ndarray, "M"]],
) -> Dataset:
    """Build a `Dataset` from (images, labels) pairs and fill in its digest."""
    sha = hashlib.sha256()
    for array in (*train, *test):
        # Fixed byte order, so that the digest is the data's and not the machine's.
        sha.update(np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).data)
    return Dataset(name, source, sha.hexdigest(), classes, *train, *test)
