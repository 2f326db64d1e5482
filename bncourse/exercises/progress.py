"""What was found so far, kept in one file on the learner's computer. Chapter: start-here.

BNCOURSE_PROGRESS names the file; without it, it lies in the user's folder of states.
"""

import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from bncourse.exercises.verdict import STATUSES, Verdict

__all__ = ["Entry", "forget", "progress_file", "read_progress", "record"]


@dataclass(frozen=True)
class Entry:
    """The last finding on one exercise, and how many of its hints were given.

    >>> Entry("fail", "inference.no-root", "exact").verdict("inference")
    <inference: fail, inference.no-root>
    """

    status: str
    code: str | None = None
    evidence: str = "none"
    hints: int = 0

    def verdict(self, name: str) -> Verdict:
        """The finding as a verdict; its numbers are not kept."""
        return Verdict(name, self.status, self.code, self.evidence)


def progress_file() -> Path:
    """Where progress is kept.

    >>> progress_file().suffix
    '.json'
    """
    if named := os.environ.get("BNCOURSE_PROGRESS"):
        return Path(named)
    states = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(states, "bncourse", "progress.json")


def read_progress(file: Path | None = None) -> tuple[dict[str, Entry], Path | None]:
    """The entries by exercise, and where a file that could not be read was left (None when it could).

    >>> read_progress(Path("no-such-folder/progress.json"))
    ({}, None)
    """
    file = file or progress_file()
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        return {str(name): _checked(entry) for name, entry in kept["exercises"].items()}, None
    except FileNotFoundError:
        return {}, None
    except (ValueError, TypeError, KeyError, AttributeError):
        aside = _free_name(file)
        os.replace(file, aside)
        return {}, aside


def _checked(entry: Mapping[str, object]) -> Entry:
    found = Entry(**entry)  # type: ignore[arg-type]
    if found.status not in STATUSES or not isinstance(found.hints, int):
        raise ValueError("an entry has a status and a number of hints")
    return found


def _free_name(file: Path) -> Path:
    number = 1
    while (aside := file.with_name(f"{file.stem}.unreadable-{number}{file.suffix}")).exists():
        number += 1
    return aside


def record(name: str, entry: Entry, file: Path | None = None) -> None:
    """Keep one entry; the file is replaced as a whole, so it is never half written.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "progress.json")
    ...     record("inference", Entry("pass"), file)
    ...     read_progress(file)[0]["inference"].status
    'pass'
    """
    file = file or progress_file()
    entries = read_progress(file)[0] | {name: entry}
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"exercises": {one: asdict(entries[one]) for one in sorted(entries)}}, indent=2)
    handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=file.stem, suffix=".new")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as written:
            written.write(text + "\n")
        os.replace(temporary, file)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def forget(file: Path | None = None) -> None:
    """Remove what was kept.

    >>> forget(Path("no-such-folder/progress.json"))
    """
    (file or progress_file()).unlink(missing_ok=True)
