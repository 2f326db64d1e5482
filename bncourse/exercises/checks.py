"""The object a learner calls. Chapter: start-here."""

from collections.abc import Callable
from importlib.resources import files
from typing import Any

from bncourse.errors import StateError
from bncourse.exercises.judging import LIMIT, judge
from bncourse.exercises.mutation import judge_test
from bncourse.exercises.render import hints, labelled
from bncourse.exercises.show import say, show
from bncourse.exercises.specs import exercise
from bncourse.exercises.staged import judge_steps
from bncourse.exercises.verdict import Verdict
from bncourse.exercises.words import filled, word

__all__ = ["Check", "StagedCheck", "my_tests"]


class Check:
    """One exercise: call it with your function, ask it for a hint or for the solution.

    >>> check = Check("inference")
    >>> verdict = check(lambda x, gamma, beta, mean, var, eps: gamma * (x - mean) / (var + eps) ** 0.5 + beta)
    ... # doctest: +ELLIPSIS
    inference: passed
    ...
    >>> bool(verdict)
    True
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.__doc__ = _described(name)
        self._last: Verdict | None = None
        self._hints = 0

    def __repr__(self) -> str:
        return f"<check.{self.name}({', '.join(exercise(self.name).parameters)})>"

    def __call__(self, fn: Callable[..., Any], *, limit: float = LIMIT) -> Verdict:
        """Judge `fn`, show the verdict and return it; `limit` in seconds is for all calls together."""
        if not callable(fn):
            raise StateError(
                "the function itself is passed in",
                got=type(fn).__name__,
                hint=f"check.{self.name}(my_function), without brackets behind it",
            )
        return self._shown(judge(exercise(self.name), fn, limit=limit))

    def _shown(self, verdict: Verdict) -> Verdict:
        if self._last != verdict:
            self._last, self._hints = verdict, 0
        return show(verdict)

    def hint(self) -> None:
        """Print the next of three hints for what the last check found."""
        if self._last is None:
            return say(word("card", "no-hint"))
        found = hints(self._last)
        self._hints = min(self._hints + 1, len(found))
        title = filled(word("card", "hint"), n=str(self._hints), count=str(len(found)))
        return say(labelled(title, found[self._hints - 1]))

    def solution(self) -> None:
        """Print a solution that passes."""
        path = files("bncourse.exercises").joinpath("solutions", f"{self.name}.py")
        if not path.is_file():
            raise StateError("the exercise has a solution", got=self.name, hint=f"check.{self.name}.hint()")
        say(path.read_text(encoding="utf-8").rstrip())


class StagedCheck(Check):
    """A check of a backward pass that can also judge single steps of it.

    >>> StagedCheck("batchnorm_backward").staged(dmu=lambda dmu_rows: dmu_rows.sum(axis=0)).status
    ... # doctest: +ELLIPSIS
    batchnorm_backward.staged: passed
    ...
    'pass'
    """

    def staged(self, *, limit: float = LIMIT, **steps: Callable[..., Any]) -> Verdict:
        """Judge steps by name, as in staged(dvar=my_dvar); each is given the true values it asks for."""
        return self._shown(judge_steps(steps, limit=limit))


def my_tests(name: str, test: Callable[[Callable[..., Any]], Any]) -> Verdict:
    """Judge a test of yours: it must accept the right function and catch every wrong twin.

    test(fn) returns True or False, or asserts. Raises StateError when no exercise has this name.

    >>> my_tests("inference", lambda fn: True).status  # doctest: +ELLIPSIS
    my_tests(inference): not yet right
    ...
    'fail'
    """
    return show(judge_test(name, test))


def _described(name: str) -> str:
    row = exercise(name)
    returned = ", ".join(row.outputs)
    return f"{name}({', '.join(row.parameters)}) -> {returned}. Chapter: {row.chapter}."
