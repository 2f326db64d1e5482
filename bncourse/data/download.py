"""Bring CIFAR-10 from its home: fetch, check, unpack, move into place. Chapter: start-here.

What was good stays good: a data set that is there is left alone, a cut download goes on where
it stopped, and nothing stands in its place before all of it was checked.
"""

import gzip
import hashlib
import os
import shutil
import tarfile
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from bncourse.data.cifar10 import (
    FILE_BYTES,
    FOLDER,
    NAMES_FILE,
    SOURCE_FILE,
    TEST_FILE,
    TRAIN_FILES,
    data_root,
)
from bncourse.data.fetch import Part, fetch
from bncourse.errors import DataError

__all__ = ["CIFAR10_BINARY", "Archive", "download"]

MOST_NAME_BYTES = 1024  # batches.meta.txt is about 61 bytes; nothing near this belongs there


@dataclass(frozen=True)
class Archive:
    """What is to be fetched: a tar.gz whose folder is cifar-10-batches-bin, and how to know it is right.

    `length` in bytes, `md5` of the whole file, `batch_bytes` of each .bin file in it.

    >>> CIFAR10_BINARY.length, CIFAR10_BINARY.md5
    (170052171, 'c32a1d4ab5d03f1284b67883e8d87530')
    """

    url: str
    length: int
    md5: str
    batch_bytes: int


CIFAR10_BINARY = Archive(
    url="https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
    length=170_052_171,
    md5="c32a1d4ab5d03f1284b67883e8d87530",
    batch_bytes=FILE_BYTES,
)


def download(
    root: Path | str | None = None,
    *,
    archive: Archive = CIFAR10_BINARY,
    tries: int = 5,
    timeout: float = 30.0,
    pause: float = 0.5,
) -> Path:
    """Fetch CIFAR-10 into `data_root(root)` and return the folder with its .bin files.

    When it is all there already, nothing is fetched. `tries`, `timeout` and `pause` (seconds) are
    those of `fetch`. Run one download at a time.

    Raises:
        DataError: no network, wrong length or digest, an archive that is not what it should be,
            a folder that cannot be written, a full disk.

    Source: https://www.cs.toronto.edu/~kriz/cifar.html, which publishes the MD5.

    >>> unreachable = Archive("http://127.0.0.1:9/cifar.tar.gz", length=1, md5="", batch_bytes=1)
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     download(folder, archive=unreachable, tries=1)
    Traceback (most recent call last):
    ...
    bncourse.errors.DataError: must hold: ...
    """
    base = data_root(root)
    for folder in (base / FOLDER, base):
        if _holds(folder, archive):
            return folder
    base = base.parent if base.name == FOLDER else base
    _make_folder(base)
    part = Part(base / "cifar-10-binary.tar.gz.part")
    _check_space(base, archive, part)
    fetch(archive.url, part, archive.length, tries=tries, timeout=timeout, pause=pause)
    _check_digest(part, archive)
    _unpack_into_place(part.path, base / FOLDER, archive)
    part.restart()
    return base / FOLDER


def _holds(folder: Path, archive: Archive) -> bool:
    batches = [folder / name for name in (*TRAIN_FILES, TEST_FILE)]
    sizes_right = all(path.is_file() and path.stat().st_size == archive.batch_bytes for path in batches)
    return sizes_right and (folder / NAMES_FILE).is_file()


def _make_folder(base: Path) -> None:
    try:
        base.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=base).close()
    except OSError as error:
        raise DataError(
            f"{base} is a folder that can be written",
            got=error.strerror or str(error),
            hint="another folder: --data DIR, or BNCOURSE_DATA",
        ) from error


def _check_space(base: Path, archive: Archive, part: Part) -> None:
    need = max(archive.length - part.size, 0) + 6 * archive.batch_bytes
    free = shutil.disk_usage(base).free
    if free < need:
        raise DataError(
            f"{base} has room for {need / 1e6:,.0f} MB",
            got=f"{free / 1e6:,.0f} MB free",
            hint="free some disk space, or choose another folder with --data DIR",
        )


def _check_digest(part: Part, archive: Archive) -> None:
    with part.path.open("rb") as file:
        got = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    if got != archive.md5:
        part.restart()  # going on from it could never come right
        raise DataError(
            f"the file from {archive.url} has MD5 {archive.md5}",
            got=f"{got}; the bad file is deleted",
            hint="the same command again; it starts from the beginning",
        )


def _unpack_into_place(path: Path, folder: Path, archive: Archive) -> None:
    """Unpack beside `folder`, on the same file system, so that taking its place is one step."""
    scratch = folder.with_name(".unpacking")
    shutil.rmtree(scratch, ignore_errors=True)  # of a run that was killed
    try:
        fresh = scratch / FOLDER
        fresh.mkdir(parents=True)
        _unpack(path, fresh, archive)
        source = f"official archive, MD5 {archive.md5}\nfetched from {archive.url}\n"
        (fresh / SOURCE_FILE).write_text(source, encoding="utf-8")
        if folder.exists():  # incomplete, or `download` would have returned it
            os.replace(folder, scratch / "replaced")
        os.replace(fresh, folder)
    except OSError as error:
        raise DataError(
            f"{scratch} can be written",
            got=error.strerror or str(error),
            hint="free some disk space, or choose another folder with --data DIR",
        ) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _unpack(path: Path, fresh: Path, archive: Archive) -> None:
    """Write the seven expected files into `fresh`, by our own names; whatever else is inside is ignored."""
    wanted = dict.fromkeys((f"{FOLDER}/{name}" for name in (*TRAIN_FILES, TEST_FILE, NAMES_FILE)), False)
    try:
        with tarfile.open(path, "r:gz") as tar:
            for member in tar:
                if member.name in wanted:
                    _copy_member(tar, member, fresh, archive)
                    wanted[member.name] = True
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise _bad_archive("is a whole tar.gz file", str(error)) from error
    if missing := [name for name, found in wanted.items() if not found]:
        raise _bad_archive(f"holds {missing[0]}", "no such file in it")


def _copy_member(tar: tarfile.TarFile, member: tarfile.TarInfo, fresh: Path, archive: Archive) -> None:
    name = member.name.removeprefix(f"{FOLDER}/")
    size_right = member.size <= MOST_NAME_BYTES if name == NAMES_FILE else member.size == archive.batch_bytes
    content = tar.extractfile(member) if member.isreg() and size_right else None
    if content is None:
        kind = "a regular file" if member.isreg() else "a link, folder or device"
        raise _bad_archive(
            f"holds {member.name} as a regular file of its known size", f"{kind}, {member.size:,} bytes"
        )
    with content, (fresh / name).open("wb") as file:
        shutil.copyfileobj(content, file)


def _bad_archive(what: str, got: str) -> DataError:
    return DataError(
        f"the CIFAR-10 archive {what}", got=got, hint="delete the .part file and download it again"
    )
