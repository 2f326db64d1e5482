"""What a check says when it fires: where, which check, what must hold, what was found, what to try."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Violation"]


@dataclass(frozen=True)
class Violation:
    """One broken rule. `lint` is its short name, the same in the code, the tests and the printed line."""

    lint: str
    must_hold: str
    got: str
    hint: str
    where: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: {self.lint}: must hold: {self.must_hold} / got: {self.got} / try: {self.hint}"
        return text.replace("\n", "\\n")
