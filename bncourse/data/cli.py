"""`python -m bncourse data download | info`: bring CIFAR-10, or say what is there. Chapter: start-here."""

import argparse
import sys
from collections.abc import Sequence

import numpy as np

from bncourse.data import Dataset, available, load
from bncourse.data.cifar10 import HOW_TO_GET, data_root, find_folder
from bncourse.data.download import download
from bncourse.errors import DataError

__all__ = ["main"]


def main(argv: Sequence[str]) -> int:
    """Run one command; 0 when it went well, 1 when the data would not, 2 when it was not understood."""
    parser = argparse.ArgumentParser(prog="python -m bncourse data", description="The images of the course.")
    parser.add_argument("command", choices=("download", "info"))
    parser.add_argument(
        "--data", metavar="DIR", help="folder of CIFAR-10 (else BNCOURSE_DATA, else the cache)"
    )
    try:
        arguments = parser.parse_args(argv)
    except SystemExit as stop:  # argparse has said what was wrong
        return int(stop.code or 0)
    try:
        _download(arguments.data) if arguments.command == "download" else _info(arguments.data)
    except DataError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped; the same command goes on from here", file=sys.stderr)
        return 130
    return 0


def _download(root: str | None) -> None:
    print(f"CIFAR-10 is in {download(root)}")


def _info(root: str | None) -> None:
    if available("cifar10", root):
        print(f"CIFAR-10 in {find_folder(root)}")
        _describe(load("cifar10", root=root))
    else:
        print(f"CIFAR-10: not in {data_root(root)}; to get it: {HOW_TO_GET}")
    print("shapes: drawn when asked for")
    _describe(load("shapes"))


def _describe(data: Dataset) -> None:
    print(f"  source: {data.source}")
    print(f"  SHA-256 of images and labels: {data.digest}")
    print(f"  {len(data.train_labels):,} training and {len(data.test_labels):,} test images")
    train, test = (np.bincount(labels, minlength=10) for labels in (data.train_labels, data.test_labels))
    for name, here, there in zip(data.classes, train, test, strict=True):
        print(f"  {name:<20}{here:>7,}{there:>7,}")
