"""CIFAR-10 from its official *binary* layout, never the pickled one. Chapter: start-here.

A record is one label byte and 3,072 pixel bytes: the red, green and blue planes, row by row.
A file is 10,000 records. Unpickling a downloaded file would run code; reading bytes cannot.

Source: Krizhevsky 2009, https://www.cs.toronto.edu/~kriz/cifar.html, "Binary version".
"""

import os
from pathlib import Path

import numpy as np
from jaxtyping import Int64, UInt8

from bncourse.data.dataset import Dataset, with_digest
from bncourse.errors import DataError

__all__ = ["data_root", "find_folder", "load_cifar10", "read_batch"]

FOLDER = "cifar-10-batches-bin"
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
TRAIN_FILES = tuple(f"data_batch_{i}.bin" for i in range(1, 6))
TEST_FILE = "test_batch.bin"
NAMES_FILE = "batches.meta.txt"
SOURCE_FILE = "SOURCE.txt"
RECORDS = 10_000
RECORD_BYTES = 1 + 3 * 32 * 32
FILE_BYTES = RECORDS * RECORD_BYTES
HOW_TO_GET = "`python -m bncourse data download`, or set BNCOURSE_DATA to the folder that holds it"


def data_root(root: Path | str | None = None) -> Path:
    """The one folder CIFAR-10 is looked for in: `root`, else BNCOURSE_DATA, else the user's cache.

    >>> data_root("somewhere").name
    'somewhere'
    """
    chosen = root or os.environ.get("BNCOURSE_DATA")
    if chosen:
        return Path(chosen).expanduser()
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "bncourse"


def find_folder(root: Path | str | None = None) -> Path:
    """The folder with the .bin files: `data_root(root)` itself, or cifar-10-batches-bin in it.

    Raises DataError when neither is there.

    >>> find_folder("nowhere")
    Traceback (most recent call last):
    ...
    bncourse.errors.DataError: must hold: CIFAR-10 lies in nowhere...
    """
    base = data_root(root)
    for folder in (base / FOLDER, base):
        if (folder / TEST_FILE).exists() or (folder.name == FOLDER and folder.is_dir()):
            return folder
    raise DataError(f"CIFAR-10 lies in {base / FOLDER}", got="no such folder", hint=HOW_TO_GET)


def load_cifar10(
    root: Path | str | None = None, *, train: int | None = None, test: int | None = None
) -> Dataset:
    """Read CIFAR-10: 50,000 training and 10,000 test images, or the first `train` and `test` of them.

    The official order is random already, so the first images are a fair sample.

    Raises:
        DataError: no folder, a file missing or of the wrong size, a label above 9, other class names,
            or more images asked for than there are.

    >>> load_cifar10(test=0)
    Traceback (most recent call last):
    ...
    bncourse.errors.DataError: must hold: test is 1 to 10,000; got: 0; try: test=None for all of them
    """
    train_count = _checked_count("train", train, RECORDS * len(TRAIN_FILES))
    test_count = _checked_count("test", test, RECORDS)
    folder = find_folder(root)
    _check_names(folder / NAMES_FILE)
    files = TRAIN_FILES[: -(-train_count // RECORDS)]
    images, labels = zip(*(read_batch(folder / name) for name in files), strict=True)
    test_images, test_labels = read_batch(folder / TEST_FILE)
    return with_digest(
        "cifar10",
        _read_source(folder),
        CLASSES,
        (np.concatenate(images)[:train_count], np.concatenate(labels)[:train_count]),
        (test_images[:test_count], test_labels[:test_count]),
    )


def read_batch(
    path: Path, records: int = RECORDS
) -> tuple[UInt8[np.ndarray, "N 3 32 32"], Int64[np.ndarray, "N"]]:
    """Read one .bin file of `records` records: images (N, 3, 32, 32) uint8 and labels (N,) int64.

    Raises DataError when the file is missing, has another size, or holds a label above 9.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "one.bin"
    ...     _ = path.write_bytes(bytes([6]) + bytes(3072))  # one black frog
    ...     images, labels = read_batch(path, records=1)
    >>> images.shape, labels
    ((1, 3, 32, 32), array([6]))
    """
    try:
        raw = np.frombuffer(path.read_bytes(), dtype=np.uint8)
    except OSError as error:
        raise DataError(f"{path} can be read", got=error.strerror or str(error), hint=HOW_TO_GET) from error
    if raw.size != records * RECORD_BYTES:
        whole, rest = divmod(raw.size, RECORD_BYTES)
        raise DataError(
            f"{path} holds {records:,} records of {RECORD_BYTES:,} bytes",
            got=f"{raw.size:,} bytes: {whole:,} records and {rest:,} bytes",
            hint="delete the folder it lies in and download it again",
        )
    table = raw.reshape(records, RECORD_BYTES)
    labels = table[:, 0].astype(np.int64)
    if labels.max(initial=0) > 9:
        bad = int(np.argmax(labels > 9))
        raise DataError(
            f"every label in {path} is 0 to 9",
            got=f"{labels[bad]} in record {bad}",
            hint="delete the folder it lies in and download it again (CIFAR-100 has another layout)",
        )
    return table[:, 1:].reshape(records, 3, 32, 32), labels


def _checked_count(word: str, count: int | None, most: int) -> int:
    if count is not None and not 1 <= count <= most:
        raise DataError(f"{word} is 1 to {most:,}", got=f"{count:,}", hint=f"{word}=None for all of them")
    return most if count is None else count


def _check_names(path: Path) -> None:
    try:
        names = tuple(path.read_text(encoding="utf-8").split())
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} can be read", got=str(error), hint=HOW_TO_GET) from error
    if names != CLASSES:
        raise DataError(
            f"{path} lists the ten classes of CIFAR-10, airplane to truck",
            got=" ".join(names)[:80] or "nothing",
            hint="delete the folder it lies in and download it again",
        )


def _read_source(folder: Path) -> str:
    """The first line of SOURCE.txt: who wrote the files says where they came from."""
    path = folder / SOURCE_FILE
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []
    return (lines[0].strip() if lines else "") or "binary files of unknown origin"
