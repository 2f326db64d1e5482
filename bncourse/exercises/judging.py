"""From a learner's function to a verdict: call, contract, values, diagnosis. Chapter: gradient-checking."""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from bncourse.exercises import calling
from bncourse.exercises.contract import Answer, copied, distance, same, shared_memory
from bncourse.exercises.diagnosis import Diagnosis, diagnosed
from bncourse.exercises.facts import certain, wrong_outputs
from bncourse.exercises.probes import Probe
from bncourse.exercises.sandbox import Outcome, call, is_unwritten
from bncourse.exercises.shown import differing_example
from bncourse.exercises.specs import EXERCISES, Exercise
from bncourse.exercises.surroundings import torch_numbers_kept
from bncourse.exercises.verdict import Example, Verdict

__all__ = ["LIMIT", "judge"]

LIMIT = 5.0  # seconds for one check, all its calls together
_STATUS = {"call.not-attempted": "not_attempted", "call.timeout": "timeout"}
_SAFE = ("call.exception", None)  # after these, the next probe is still worth a call

Outputs = tuple[np.ndarray, ...]


def judge(
    exercise: Exercise,
    fn: Callable[..., Any],
    *,
    limit: float = LIMIT,
    rng: np.random.Generator | None = None,
) -> Verdict:
    """The verdict on a learner's function, or on a class where the exercise has a class form.

    Takes at most about `limit` seconds. Inputs are drawn from `rng`, anew at every call without it.

    >>> from bncourse.exercises.specs import exercise
    >>> judge(exercise("inference"), lambda x, gamma, beta, mean, var, eps:
    ...     gamma * (x - mean) / (var + eps) + beta)
    <inference: fail, inference.no-root>
    """
    name = exercise.name
    if isinstance(fn, type) and exercise.class_form:
        exercise, fn = EXERCISES[exercise.class_form], calling.as_function(fn)
    if is_unwritten(fn):
        return Verdict(name, "not_attempted", "call.not-attempted")
    trial = _Trial(exercise, fn, limit, exercise.probes(rng or np.random.default_rng()))
    if not calling.takes(fn, *calling.arranged(fn, exercise.parameters, trial.probes[0].given)):
        expected = ("expected", ", ".join(exercise.parameters))
        return Verdict(name, "broken_contract", "call.signature", params=(expected,))
    with torch_numbers_kept():
        return replace(trial.verdict(), check=name)


@dataclass(eq=False)
class _Trial:
    exercise: Exercise
    fn: Callable[..., Any]
    limit: float
    probes: Sequence[Probe]
    began: float = field(default_factory=time.monotonic)
    calls: int = 0

    def verdict(self) -> Verdict:
        self.right = [self._right(probe) for probe in self.probes]
        self.yours: list[Answer] = []
        outcomes: list[Outcome] = []
        for probe, right in zip(self.probes, self.right, strict=True):
            answer, outcome = self.ask(probe, right)
            if outcome.problem not in _SAFE or outcome.patched or _is_hard(answer):
                return self._stopped(answer, outcome)
            self.yours.append(answer)
            outcomes.append(outcome)
        if not any(answer.outputs for answer in self.yours):
            return self._stopped(self.yours[0], outcomes[0])
        again, outcome = self.ask(self.probes[0], self.right[0])
        if outcome.problem in ("call.timeout", "call.memory"):
            return self._stopped(again, outcome)
        if not _equal(again, self.yours[0]):
            return self._verdict("contract.not-repeatable", (("output", self._differing(again)),))
        return self._judged(_reseeded(outcomes[0], outcome), outcomes)

    def _differing(self, again: Answer) -> str:
        pairs = zip(self.exercise.outputs, again.outputs or (), self.yours[0].outputs or (), strict=False)
        found = [name for name, one, other in pairs if distance(one, other) >= 1e-9]
        return ", ".join(found or self.exercise.outputs)

    def _judged(self, reseeded: bool, outcomes: Sequence[Outcome]) -> Verdict:
        wrong = any(wrong_outputs(self.exercise, self.probes, self.yours, self.right))
        soft = next((answer for answer in self.yours if answer.problem or answer.changed), None)
        if not wrong and soft is None:
            return self._passed(reseeded)
        found = diagnosed(self.exercise, self.probes, self.yours, self.right)
        if found:
            return self._named(found)
        if any(answer.changed for answer in self.yours):
            return self._changed()
        raised = next((place for place, answer in enumerate(self.yours) if not answer.outputs), None)
        if raised is not None:
            return self._stopped(self.yours[raised], outcomes[raised])
        if soft is not None and soft.problem:
            return self._verdict(soft.problem, soft.params)
        return self._unknown()

    def _passed(self, reseeded: bool) -> Verdict:
        """All numbers are right; what may still be told is how the function treats others."""
        if reseeded:
            return self._verdict("contract.reseeded")
        shared = self._shared()
        return self._verdict("contract.alias", shared) if shared else Verdict(self.exercise.name, "pass")

    def _shared(self) -> tuple[tuple[str, str], ...]:
        return next((answer.shared for answer in self.yours if answer.shared), ())

    def ask(self, probe: Probe, right: Outputs) -> tuple[Answer, Outcome]:
        """One call in the sandbox, and its result read."""
        given = copied(probe.given)
        args, kwargs = calling.arranged(self.fn, self.exercise.parameters, given)
        self.calls += 1
        left = max(self.limit - (time.monotonic() - self.began), 0.05)
        outcome = call(self.fn, args, kwargs, limit=left, seed=self.calls)
        if outcome.problem:
            return Answer(None, problem=outcome.problem), outcome
        found = self._read(outcome, given, right, left)
        if found.problem:
            return Answer(None, problem=found.problem), found
        row = self.exercise
        shared = shared_memory(outcome.value, row.outputs, given, row.parameters, row.handed_on)
        return replace(found.value, changed=not same(given, probe.given), shared=shared), outcome

    def _read(self, outcome: Outcome, given: tuple[Any, ...], right: Outputs, left: float) -> Outcome:
        """The result read: in the sandbox where that may run a generator of the learner."""
        read = (outcome.value, given, right)
        if self.exercise.flatten:
            return call(self.exercise.read, read, limit=left, seed=self.calls)
        return Outcome(self.exercise.read(*read))

    def _right(self, probe: Probe) -> Outputs:
        given = copied(probe.given)
        with np.errstate(all="ignore"):
            return self.exercise.arrays(self.exercise.right()(*given), given)

    def _stopped(self, answer: Answer, outcome: Outcome) -> Verdict:
        """A call without numbers: told with the fixed examples, so that its sentence is always the same."""
        if outcome.patched:
            return self._verdict("contract.patched", (("attribute", ", ".join(outcome.patched)),))
        problem = answer.problem or "call.exception"
        if problem in ("call.timeout", "call.memory", "call.not-attempted"):
            return self._verdict(problem, (("seconds", f"{self.limit:g}"),))
        for probe in self.exercise.examples()[::-1]:
            told, retold = self.ask(probe, self._right(probe))
            if told.problem == problem:
                return self._verdict(problem, told.params or _lines(retold))
        params = answer.params or _lines(outcome)
        return self._verdict(problem, tuple((key, _without_numbers(key, value)) for key, value in params))

    def _changed(self) -> Verdict:
        """An input was changed: a twin's code where the exercise has one and all numbers are right."""
        floats = [
            (probe, answer, right)
            for probe, answer, right in zip(self.probes, self.yours, self.right, strict=True)
            if probe.kind != "integers"
        ]
        right = not any(any(wrong_outputs(self.exercise, [p], [a], [r])) for p, a, r in floats)
        code = dict(self.exercise.promote).get("contract.input-changed")
        if code and right:
            return self._named(Diagnosis(code, "exact"))
        if right and self._shared():  # worked on in place, and handed back
            return self._verdict("contract.alias", self._shared())
        return self._verdict("contract.input-changed", (("argument", self._changed_names()),))

    def _changed_names(self) -> str:
        probe = next(p for p, answer in zip(self.probes, self.yours, strict=True) if answer.changed)
        given = copied(probe.given)
        args, kwargs = calling.arranged(self.fn, self.exercise.parameters, given)
        call(self.fn, args, kwargs, limit=self.limit)
        named = zip(self.exercise.parameters, given, probe.given, strict=True)
        return ", ".join(name for name, now, was in named if not same(now, was))

    def _named(self, found: Diagnosis) -> Verdict:
        example, printed = self._example()
        return Verdict(
            self.exercise.name, "fail", found.code, found.evidence, found.params,
            example=example, printed=printed,
        )  # fmt: skip

    def _unknown(self) -> Verdict:
        shown = [self.ask(probe, self._right(probe))[0] for probe in self.exercise.examples()]
        facts = certain(self.exercise, self.probes, self.yours, self.right, shown)
        example, printed = self._example()
        evidence = "property" if facts else "none"
        return Verdict(
            self.exercise.name, "fail", "unknown", evidence,
            facts=facts, example=example, printed=printed,
        )  # fmt: skip

    def _example(self) -> tuple[Example | None, str]:
        def asked(probe: Probe) -> tuple[Outputs | None, str]:
            answer, outcome = self.ask(probe, self._right(probe))
            return answer.outputs, outcome.printed

        return differing_example(self.exercise, asked, self._right)

    def _verdict(self, code: str, params: tuple[tuple[str, str], ...] = ()) -> Verdict:
        status = "error" if code.startswith("call.") else "broken_contract"
        return Verdict(self.exercise.name, _STATUS.get(code, status), code, params=params)


def _is_hard(answer: Answer) -> bool:
    """Nothing more to learn from further probes. A shape may be wrong on some of them and right on others."""
    return answer.outputs is None and answer.problem not in ("call.exception", "contract.shape")


def _equal(one: Answer, other: Answer) -> bool:
    if one.outputs is None or other.outputs is None:
        return one.outputs is other.outputs is None
    return all(distance(a, b) < 1e-9 for a, b in zip(one.outputs, other.outputs, strict=True))


def _reseeded(first: Outcome, last: Outcome) -> bool:
    """Other random numbers before, the same after: the global seed was set inside."""
    return first.random[0] != last.random[0] and first.random[1] == last.random[1]


def _lines(outcome: Outcome) -> tuple[tuple[str, str], ...]:
    if not outcome.error:
        return ()
    return ("error", outcome.error), ("line", outcome.line), ("number", str(outcome.number))


def _without_numbers(key: str, value: str) -> str:
    """Sizes of a probe differ from call to call, so they are left out."""
    return re.sub(r"\d+", "…", value) if key in ("error", "expected", "got") else value
