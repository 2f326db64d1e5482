"""The checker's sentences, from messages/<language>/*.toml. Chapter: start-here.

A table is found by its quoted name, ["backward.no-mean-path"]; a language that lacks one shows the
English until it is translated (a test of the book finds what is missing).
"""

import string
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from bncourse.language import current_language

__all__ = ["entry", "filled", "word"]


@cache
def _messages(lang: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    folder = files("bncourse.exercises").joinpath("messages", lang)
    if folder.is_dir():
        for path in sorted(folder.iterdir(), key=lambda path: path.name):
            if path.name.endswith(".toml"):
                found |= tomllib.loads(path.read_text(encoding="utf-8"))
    return found


def entry(table: str, lang: str | None = None) -> Mapping[str, Any]:
    """One table of the messages; empty when no language has it.

    >>> entry("backward.no-mean-path")["name"]
    'the version without the mean path'
    """
    return {**_messages("en").get(table, {}), **_messages(lang or current_language()).get(table, {})}


def word(table: str, key: str, lang: str | None = None) -> str:
    """One text of a table; the key itself when there is none.

    >>> word("status", "pass"), word("terms", "nothing-of-the-kind")
    ('passed', 'nothing-of-the-kind')
    """
    return str(entry(table, lang).get(key, key))


class _Kind(string.Formatter):
    """Leaves a placeholder that has no value as it stands."""

    def get_value(self, key: int | str, args: Any, kwargs: Mapping[str, Any]) -> Any:
        return kwargs.get(str(key), f"{{{key}}}")


def filled(template: str, **values: str) -> str:
    """`template` with its {placeholders} filled.

    >>> filled("{output} is right.", output="dx")
    'dx is right.'
    """
    return _Kind().vformat(template, (), values)
