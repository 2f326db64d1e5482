"""Is this test any good? It must accept the right function and catch every twin.

Chapter: gradient-checking.
"""

import time
from collections.abc import Callable
from typing import Any

from bncourse import mistakes
from bncourse.exercises.calling import takes
from bncourse.exercises.sandbox import Outcome, call, is_unwritten
from bncourse.exercises.specs import exercise
from bncourse.exercises.verdict import Verdict

__all__ = ["judge_test"]

_SECONDS = 20.0  # for the right function and all twins together


def judge_test(name: str, test: Callable[[Callable[..., Any]], Any], *, limit: float = _SECONDS) -> Verdict:
    """The verdict on a learner's test(fn), which returns a truth value or asserts.

    It is run on the right function of the exercise `name` and on each of its wrong twins. To return
    nothing is to accept; any exception is to reject. Raises StateError for another exercise.

    >>> judge_test("inference", lambda fn: True).code
    'tests.missed'
    """
    row = exercise(name)
    shown = f"my_tests({name})"
    if is_unwritten(test):
        return Verdict(shown, "not_attempted", "call.not-attempted")
    if not takes(test, (row.right(),), {}):
        return Verdict(shown, "broken_contract", "call.signature", params=(("expected", "fn"),))
    began = time.monotonic()

    def tried(fn: Callable[..., Any]) -> Outcome:
        return call(test, (fn,), limit=max(limit - (time.monotonic() - began), 0.05))

    right = tried(row.right())
    if right.problem == "call.not-attempted":
        return Verdict(shown, "not_attempted", right.problem)
    if right.problem == "call.timeout":
        return Verdict(shown, "timeout", right.problem, params=(("seconds", f"{limit:g}"),))
    if _rejects(right):
        params = (("error", right.error), ("line", right.line)) if right.error else ()
        return Verdict(shown, "fail", "tests.rejects-right", "property", params)
    missed, twins = [], mistakes.of(row.subject)
    for mistake in twins:
        outcome = tried(row.adapt(mistake.fn))
        if outcome.problem == "call.timeout":
            return Verdict(shown, "timeout", outcome.problem, params=(("seconds", f"{limit:g}"),))
        if not _rejects(outcome):
            missed.append(mistake.code)
    counts = (("caught", str(len(twins) - len(missed))), ("of", str(len(twins))))
    if not missed:
        return Verdict(shown, "pass", "tests.pass", params=counts)
    return Verdict(shown, "fail", "tests.missed", "property", (*counts, ("missed", ", ".join(missed))))


def _rejects(outcome: Outcome) -> bool:
    if outcome.problem:
        return True
    try:
        return outcome.value is not None and not bool(outcome.value)
    except Exception:
        return True  # an array has no truth value: the test has not said that it accepts
