"""Recorded runs: `results/<experiment>.jsonl`, one row a line. Chapter: start-here.

Reading needs no torch, so a figure can be drawn anywhere. Appending is safe under several writers and
under a kill: a line is whole and on the disk, or it is the last one and is mended.
"""

import json
import os
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any

from bncourse.errors import DataError

__all__ = ["SCHEMA", "Row", "append_row", "read_rows", "results_folder"]

Row = dict[str, Any]

# Raised when rows of an older version can no longer be read as they are.
SCHEMA = 1


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
    Empty when nothing is recorded. A last line cut by a kill is left out.
    Raises DataError for any other line that is no row, and for a row of a foreign schema version.

    >>> sorted({row["config"]["norm"] for row in read_rows("first-look")})
    ['batch', 'none']
    """
    path = _recorded(experiment) if folder is None else Path(folder) / f"{experiment}.jsonl"
    if path is None or not path.is_file():
        return []
    whole, rest = _split(path.read_bytes())
    lines = whole.splitlines() + ([rest] if _is_row(rest) else [])
    return [_parse(line, f"{path.name}, line {number}") for number, line in enumerate(lines, start=1)]


def append_row(row: Mapping[str, Any], folder: Path | str) -> bool:
    """Write `row` to its experiment's file, flushed to the disk; False when its key is there already.

    Several processes may append at once: a lock file beside the rows keeps them in turn.

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
        if any(known["key"] == row["key"] for known in read_rows(experiment, folder)):
            return False
        _mend(path)
        with path.open("ab") as file:
            file.write(line.encode())
            file.flush()
            os.fsync(file.fileno())
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


def _split(content: bytes) -> tuple[bytes, bytes]:
    """Whole lines, and what follows the last line end."""
    end = content.rfind(b"\n") + 1
    return content[:end], content[end:]


def _is_row(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _mend(path: Path) -> None:
    """Make the file end with a line end: complete a whole last row, drop a cut one."""
    if not path.is_file():
        return
    whole, rest = _split(path.read_bytes())
    with path.open("r+b") as file:
        if _is_row(rest):
            file.seek(0, os.SEEK_END)
            file.write(b"\n")
        elif rest:
            file.truncate(len(whole))


def _parse(line: bytes, place: str) -> Row:
    if not _is_row(line):
        raise DataError(
            "every line is a JSON object", got=place, hint="restore the file, or delete that line"
        )
    row: Row = json.loads(line)
    if row.get("schema") != SCHEMA:
        raise DataError(
            f"a row has schema version {SCHEMA}",
            got=f"{row.get('schema')!r} in {place}",
            hint="the version of bncourse that wrote it",
        )
    return row
