"""The reader's language: exercise feedback and figure labels follow it. Chapter: start-here."""

from bncourse.errors import StateError

__all__ = ["LANGUAGES", "current_language", "use_language"]

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
