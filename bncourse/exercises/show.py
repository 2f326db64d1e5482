"""A verdict is shown once: as HTML in a notebook, printed elsewhere. Chapter: start-here."""

import sys
from typing import Any

from bncourse.exercises.verdict import Verdict

__all__ = ["say", "show", "show_again"]

_last: tuple[int, Verdict] | None = None  # the notebook cell that showed a verdict, and which


def _notebook() -> Any:
    """The running notebook, or None in a script, a terminal or a test."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell if shell is not None and hasattr(shell, "kernel") else None


def _display(text: str, html: str) -> None:
    from IPython.display import display

    display({"text/plain": text, "text/html": html}, raw=True)  # type: ignore[no-untyped-call]


def show(verdict: Verdict) -> Verdict:
    """Show a verdict and give it back.

    >>> show(Verdict("inference", "pass")).status  # doctest: +ELLIPSIS
    inference: passed
    ...
    'pass'
    """
    global _last
    shell = _notebook()
    if shell is None:
        print(verdict.text())
    else:
        _last = shell.execution_count, verdict
        _display(verdict.text(), verdict.html())
    return verdict


def show_again(verdict: Verdict) -> None:
    """What a notebook does with a verdict that ends a cell: nothing when this cell showed it already.

    >>> show_again(Verdict("inference", "pass"))  # doctest: +ELLIPSIS
    inference: passed
    ...
    """
    shell = _notebook()
    if shell is None or _last is None or _last[0] != shell.execution_count or _last[1] is not verdict:
        show(verdict)


def say(text: str) -> None:
    """Print a hint or a solution.

    >>> say("a question")
    a question
    """
    print(text)
