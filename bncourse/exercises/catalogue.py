"""Which exercises the book has, and which check judges each: catalogue.toml. Chapter: exercise-index.

The page `exercise-index`, `python -m bncourse exercises list` and the tests of the book read this table.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

__all__ = ["KINDS", "Entry", "catalogue", "chapters_of"]

KINDS = ("write", "steps", "test", "name", "paper")


@dataclass(frozen=True)
class Entry:
    """One exercise: its label in the book, its chapter, its kind (of `KINDS`), its check and its titles.

    `check` is empty for an exercise on paper.

    >>> catalogue()[1].label, catalogue()[1].titles["en"]
    ('ex-start-axis', 'Which axis?')
    """

    label: str
    chapter: str
    kind: str
    check: str
    titles: Mapping[str, str]


@cache
def catalogue() -> tuple[Entry, ...]:
    """All exercises, in the order of the book.

    >>> catalogue()[0].chapter
    'start-here'
    """
    text = files("bncourse.exercises").joinpath("catalogue.toml").read_text(encoding="utf-8")
    return tuple(
        Entry(label, chapter, row.pop("kind"), row.pop("check", ""), row)
        for chapter, rows in tomllib.loads(text).items()
        for label, row in rows.items()
    )


def chapters_of(check: str) -> tuple[str, ...]:
    """The chapters with an exercise that this check judges, in the order of the book.

    >>> chapters_of("inference")[0]
    'start-here'
    """
    return tuple(dict.fromkeys(entry.chapter for entry in catalogue() if entry.check == check))
