"""The reader's language: exercise feedback and figure labels follow it. Chapter: start-here."""

from collections.abc import Mapping

from bncourse.errors import StateError

__all__ = ["LANGUAGES", "current_language", "translated", "use_language"]

LANGUAGES = ("en", "ja", "zh", "ko")

_current = "en"


def use_language(code: str) -> None:
    """Choose the language of figure labels and feedback: en, ja, zh or ko.

    Raises StateError for any other code.

    >>> use_language("ja"); current_language()
    'ja'
    >>> use_language("en")
    """
    global _current
    if code not in LANGUAGES:
        raise StateError(
            f"the language is one of {', '.join(LANGUAGES)}", got=repr(code), hint='use_language("en")'
        )
    _current = code


def current_language() -> str:
    """The code chosen last with `use_language`; "en" when none was.

    >>> current_language()
    'en'
    """
    return _current


def translated(labels: Mapping[str, Mapping[str, str]], english: str) -> str:
    """An entry of a labels.toml in the reader's language; its key is the English, unless it has an `en`.

    Raises StateError when a language has none: a figure half in English would go unnoticed.

    >>> translated({"loss": {"ja": "損失"}}, "loss")
    'loss'
    """
    words = {"en": english, **labels.get(english, {})}
    if english not in labels or _current not in words:
        raise StateError(
            f"every word in a figure has its entry in labels.toml, with {_current}",
            got=repr(english),
            hint="adding it",
        )
    return words[_current]
