"""What a mistake is here: a whole function with one slip, under a code. Chapter: gradient-checking."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Mistake", "twin"]


@dataclass(frozen=True)
class Mistake:
    """A wrong twin of a right function: same arguments, same shapes, other numbers.

    `code` is "subject.name" and never changes; `equals` completes the sentence "your answer equals …";
    `fn` is the function. `MISTAKES` lists all of them.

    >>> Mistake("forward.gamma-missing", "the version without gamma", lambda x, gamma, beta: x + beta).subject
    'forward'
    """

    code: str
    equals: str
    fn: Callable[..., Any]

    @property
    def subject(self) -> str:
        """What the twin is a twin of: the part of the code before the dot."""
        return self.code.partition(".")[0]


def twin(code: str, equals: str) -> Callable[[Callable[..., Any]], Mistake]:
    """Turn the function below it into a `Mistake`.

    >>> @twin("forward.beta-missing", "the version without beta")
    ... def beta_missing(x, gamma, beta):
    ...     return gamma * x
    >>> beta_missing.code
    'forward.beta-missing'
    """

    def of(fn: Callable[..., Any]) -> Mistake:
        return Mistake(code, equals, fn)

    return of
