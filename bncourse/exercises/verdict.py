"""What a check found, as a value: no seeds, times or addresses in it. Chapter: gradient-checking."""

from dataclasses import dataclass
from typing import Any

from bncourse.errors import BncourseError

__all__ = ["STATUSES", "Example", "NotYetRightError", "Verdict"]

STATUSES = ("pass", "fail", "error", "not_attempted", "timeout", "broken_contract")
Params = tuple[tuple[str, str], ...]


class NotYetRightError(BncourseError):
    """Raised by `Verdict.raise_if_failed`."""


@dataclass(frozen=True)
class Example:
    """The smallest inputs on which two answers differ: (name, text) of arguments, yours, expected.

    >>> Example((("x", "[[1.]]"),), (("y", "[[0.]]"),), (("y", "[[2.]]"),)).yours
    (('y', '[[0.]]'),)
    """

    arguments: Params
    yours: Params
    expected: Params


@dataclass(frozen=True)
class Verdict:
    """The result of one check; true when it passed.

    `status` is one of `STATUSES`; `code` names the mistake without words of any language, two of them
    as "one + other"; `evidence` is exact, coefficients, pair, property or none; `params` and `facts`
    fill the sentences, with two significant digits. Equal findings are equal values.

    >>> verdict = Verdict("inference", "fail", "inference.no-root", "exact")
    >>> bool(verdict), verdict.codes, verdict
    (False, ('inference.no-root',), <inference: fail, inference.no-root>)
    """

    check: str
    status: str
    code: str | None = None
    evidence: str = "none"
    params: Params = ()
    facts: tuple[tuple[str, Params], ...] = ()
    example: Example | None = None
    inherited_from: str | None = None
    printed: str = ""

    def __post_init__(self) -> None:
        assert self.status in STATUSES

    def __bool__(self) -> bool:
        return self.status == "pass"

    def __repr__(self) -> str:
        return f"<{self.check}: {self.status}{f', {self.code}' if self.code else ''}>"

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes one by one; a pair has two."""
        return tuple(self.code.split(" + ")) if self.code else ()

    def param(self, name: str) -> str:
        """One of `params`; empty when there is none of that name."""
        return dict(self.params).get(name, "")

    def raise_if_failed(self) -> None:
        """Raise NotYetRightError, with the text of the verdict, unless it passed."""
        if not self:
            raise NotYetRightError(f"{self.check} passes", got=self.text(), hint=f"check.{self.check}.hint()")

    def text(self, lang: str | None = None) -> str:
        """The verdict as plain text, in the reader's language or in `lang`."""
        from bncourse.exercises.render import as_text

        return as_text(self, lang)

    def html(self, lang: str | None = None) -> str:
        """The same as HTML; everything a learner wrote is escaped, colours are those of the page."""
        from bncourse.exercises.render import as_html

        return as_html(self, lang)

    def as_dict(self) -> dict[str, Any]:
        """What a program wants to know, for JSON."""
        return {
            "function": self.check,
            "status": self.status,
            "code": self.code,
            "evidence": self.evidence,
            "inherited_from": self.inherited_from,
        }

    def _ipython_display_(self) -> None:
        from bncourse.exercises.show import show_again

        show_again(self)
