"""Recorded runs: `results/<experiment>.jsonl`, one row a line. Chapter: start-here.

Reading needs no torch, so a figure can be drawn anywhere. Appending is safe under several writers and
under a kill: a line is whole and on the disk, or it is broken, is named by every reader, and the next writer
puts it aside into `results/<experiment>.rejected`. Nothing is thrown away.
"""

import json
import os
import time
import warnings
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any

from bncourse.errors import DataError

__all__ = ["SCHEMA", "BrokenRowWarning", "Row", "append_row", "read_rows", "results_folder"]

Row = dict[str, Any]

# Raised when rows of an older version can no longer be read as they are.
SCHEMA = 1
# How long the writer of an unended last line is given before that line counts as broken.
_PATIENCE = 0.1


class BrokenRowWarning(UserWarning):
    """A line of recorded runs is no whole row. It is left out, and kept."""


def results_folder() -> Path:
    """The checkout's `results/`; outside a checkout `results/` where you are.

    >>> results_folder().name
    'results'
    """
    root = Path(__file__).parent.parent.parent
    return root / "results" if (root / "pyproject.toml").is_file() else Path("results")


def read_rows(experiment: str, folder: Path | str | None = None) -> list[Row]:
    """The recorded rows of an experiment, in the order in which they were written.

    Without `folder` they come from the checkout, or else from the installed package, which carries them.
    Empty when nothing is recorded. A line that is no whole row, cut by a kill or spoilt, is left out with a
    `BrokenRowWarning` that names it. Raises DataError for a row of a foreign schema version.

    >>> sorted({row["config"]["norm"] for row in read_rows("first-look")})
    ['batch', 'none']
    """
    path = _recorded(experiment) if folder is None else Path(folder) / f"{experiment}.jsonl"
    if path is None or not path.is_file():
        return []
    content = path.read_bytes()
    if not content.endswith(b"\n") and _row(content[content.rfind(b"\n") + 1 :]) is None:
        time.sleep(_PATIENCE)  # another process may be in the midst of this line
        content = path.read_bytes()
    rows = []
    for number, line in _lines(content):
        row = _row(line)
        if row is None:
            text = f"{path.name}, line {number} is no whole row and is left out; the next run moves it to "
            warnings.warn(text + _rejected(path).name, BrokenRowWarning, stacklevel=2)
            continue
        if row.get("schema") != SCHEMA:
            raise DataError(
                f"a row has schema version {SCHEMA}",
                got=f"{row.get('schema')!r} in {path.name}, line {number}",
                hint="the version of bncourse that wrote it",
            )
        rows.append(row)
    return rows


def append_row(row: Mapping[str, Any], folder: Path | str) -> bool:
    """Write `row` to its experiment's file, flushed to the disk; False when its key is there already.

    Several processes may append at once: a lock file beside the rows keeps them in turn. Broken lines are
    moved to the `.rejected` file first.

    >>> from tempfile import TemporaryDirectory
    >>> row = {"key": "0f", "config": {"experiment": "try"}}
    >>> with TemporaryDirectory() as folder:
    ...     append_row(row, folder), append_row(row, folder), read_rows("try", folder)
    (True, False, [{'schema': 1, 'key': '0f', 'config': {'experiment': 'try'}}])
    """
    # Here, because reading should need nothing but the standard library.
    from filelock import FileLock

    experiment = row["config"]["experiment"]
    path = Path(folder) / f"{experiment}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps({"schema": SCHEMA, **row}, allow_nan=False, ensure_ascii=False) + "\n"
    with FileLock(path.with_suffix(".lock")):
        _set_aside(path)
        if any(known["key"] == row["key"] for known in read_rows(experiment, folder)):
            return False
        _add(path, [line.encode()])
    return True


def _recorded(experiment: str) -> Path | None:
    """The rows that came with this copy of the package."""
    folder = results_folder()
    if folder.is_absolute():
        return folder / f"{experiment}.jsonl"
    try:
        installed = files("bncourse") or []
    except PackageNotFoundError:
        return None
    shipped = (f for f in installed if f.parts[-2:] == ("results", f"{experiment}.jsonl"))
    return next((Path(str(f.locate())) for f in shipped), None)


def _rejected(path: Path) -> Path:
    return path.with_suffix(".rejected")


def _lines(content: bytes) -> list[tuple[int, bytes]]:
    """The lines that are not blank, without their ends, each with its number."""
    # Not splitlines: a spoilt line may hold any byte.
    return [(number, line) for number, line in enumerate(content.split(b"\n"), start=1) if line.strip()]


def _row(line: bytes) -> Row | None:
    """The row of a line, of whatever schema version; None when it is no whole row."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(row, dict):
        return None
    if row.get("schema") == SCHEMA and not ("key" in row and isinstance(row.get("config"), dict)):
        return None
    return row


def _set_aside(path: Path) -> None:
    """Move broken lines to the `.rejected` file. Only under the lock.

    They are safe there before they go here, so a kill in between leaves them in both: nothing is lost.
    """
    lines = [line for _, line in _lines(path.read_bytes())] if path.is_file() else []
    broken = [line for line in lines if _row(line) is None]
    if not broken:
        return
    aside = _rejected(path)
    known = aside.read_bytes().split(b"\n") if aside.is_file() else []
    _add(aside, [line + b"\n" for line in broken if line not in known])
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)  # of a writer that was killed
    _add(fresh, [line + b"\n" for line in lines if line not in broken])
    os.replace(fresh, path)


def _add(path: Path, lines: Sequence[bytes]) -> None:
    """Write at the end of a file, on a line of their own, and wait until they are on the disk."""
    with path.open("ab") as file:
        if file.tell() and not path.read_bytes().endswith(b"\n"):
            lines = [b"\n", *lines]
        file.write(b"".join(lines))
        file.flush()
        os.fsync(file.fileno())
