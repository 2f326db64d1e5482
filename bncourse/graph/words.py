"""The words of the picture in the reader's language, from labels.toml. Chapter: computational-graph."""

import tomllib
from functools import cache
from importlib.resources import files

from bncourse.language import translated

__all__ = ["word", "words"]


@cache
def _labels() -> dict[str, dict[str, str]]:
    return tomllib.loads(files("bncourse.graph").joinpath("labels.toml").read_text(encoding="utf-8"))


def word(key: str) -> str:
    """The entry `key` of labels.toml. Raises StateError when it lacks the reader's language.

    >>> word("value")
    'value'
    """
    return translated(_labels(), key)


def words(prefix: str) -> dict[str, str]:
    """All entries whose key starts with `prefix`, without it: those that the page itself needs.

    >>> sorted(words("say-"))[:2]
    ['all', 'backward']
    """
    return {key.removeprefix(prefix): word(key) for key in _labels() if key.startswith(prefix)}
