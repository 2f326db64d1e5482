"""The list of programs and the decorator that puts a program on it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

PROGRAMS: list["Program"] = []


@dataclass(frozen=True)
class Program:
    """A learner's answer to one check: the code it deserves, None when right, "outside" when none fits."""

    check: str
    code: str | None
    fn: Callable[..., Any]

    @property
    def name(self) -> str:
        return f"{self.fn.__module__.rpartition('.')[2]}.{self.fn.__name__}"

    @property
    def status(self) -> str:
        return "pass" if self.code is None else "fail"


def program(*, check: str, code: str | None) -> Callable[[Any], Any]:
    """Register the function (or, for running_stats, the class) below and leave it as it is."""

    def register(fn: Any) -> Any:
        PROGRAMS.append(Program(check, code, fn))
        return fn

    return register
