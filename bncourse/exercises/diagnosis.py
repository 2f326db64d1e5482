"""Which mistake gives these numbers? Exact twin, coefficients, a pair of twins. Chapter: gradient-checking.

A name is given only when every number on every probe agrees and no other name fits as well.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from bncourse.exercises.coefficients import fitted, rounded
from bncourse.exercises.contract import Answer, copied, distance, read, same
from bncourse.exercises.probes import Probe
from bncourse.exercises.specs import Exercise

__all__ = ["EXACT", "Diagnosis", "answer_of", "diagnosed"]

EXACT = 1e-4  # two answers are one when their relative distance is below this on every probe
_NEAR_ONE = 1e-2  # a coefficient nearer to 1 than this is 1

Function = Callable[..., Any]
Outputs = tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Diagnosis:
    """What was found: the code or codes, the evidence, and what the sentence needs.

    >>> Diagnosis("unknown", "none").params
    ()
    """

    code: str
    evidence: str
    params: tuple[tuple[str, str], ...] = ()


def answer_of(fn: Function, exercise: Exercise, probe: Probe, right: Outputs | None = None) -> Answer:
    """What one of our own functions gives on a probe; no outputs where it raises.

    >>> from bncourse.exercises.specs import exercise
    >>> row = exercise("inference")
    >>> answer_of(row.right(), row, row.examples()[0]).outputs[0].shape
    (3, 1)
    """
    given = copied(probe.given)
    try:
        with np.errstate(all="ignore"):
            value = fn(*given)
    except Exception:
        return Answer(None)
    outputs = exercise.arrays(value, given)
    if right is not None and read(outputs, exercise.outputs, right).outputs is None:
        return Answer(None)
    return Answer(outputs, changed=not same(given, probe.given))


@dataclass(frozen=True)
class _Case:
    """A learner's answers beside the right ones, probe by probe."""

    exercise: Exercise
    probes: Sequence[Probe]
    yours: Sequence[Answer]
    right: Sequence[Outputs]

    def matches(self, found: Iterable[Answer]) -> bool:
        """Do these agree with the learner's on every probe? Stops at the first that does not."""
        pairs = zip(self.yours, found, self.probes, strict=True)
        return any(answer.outputs for answer in self.yours) and all(
            _agree(mine, other, probe) for mine, other, probe in pairs
        )

    def answers(self, fn: Function) -> Iterator[Answer]:
        """One by one: of most functions the first answer is enough to know that it is not the one."""
        cases = zip(self.probes, self.right, strict=True)
        return (answer_of(fn, self.exercise, probe, right) for probe, right in cases)


def _agree(mine: Answer, other: Answer, probe: Probe) -> bool:
    if mine.outputs is None or other.outputs is None:
        return mine.outputs is None and other.outputs is None
    limit = max(EXACT, probe.tolerance / 3)
    close = all(distance(a, b) < limit for a, b in zip(mine.outputs, other.outputs, strict=True))
    return close and mine.changed == other.changed


def diagnosed(
    exercise: Exercise, probes: Sequence[Probe], yours: Sequence[Answer], right: Sequence[Outputs]
) -> Diagnosis | None:
    """The mistake whose numbers these are, or None when no name is certain.

    >>> from bncourse.exercises.specs import exercise
    >>> row = exercise("inference")
    >>> probes = row.probes(np.random.default_rng(0))
    >>> right = [answer_of(row.right(), row, probe).outputs for probe in probes]
    >>> yours = [answer_of(row.twins()["inference.no-root"], row, probe) for probe in probes]
    >>> diagnosed(row, probes, yours, right).code
    'inference.no-root'
    """
    case = _Case(exercise, probes, yours, right)
    named = {code for code, fn in exercise.twins().items() if case.matches(case.answers(fn))}
    named |= {code for code, fn in exercise.variants if case.matches(case.answers(exercise.adapt(fn)))}
    if len(named) == 1:
        return Diagnosis(named.pop(), "exact")
    if named or not all(answer.outputs for answer in yours):
        return None
    found = _coefficients(case)
    if found:
        return found
    twins = {code: list(case.answers(fn)) for code, fn in exercise.twins().items()}
    return _pair(case, twins) or _by_output(case, twins)


def _coefficients(case: _Case) -> Diagnosis | None:
    """The same weights on every probe, which together give every number, and one of them is not 1."""
    wrong = {}
    for place, output in enumerate(case.exercise.outputs):
        weights = _weights(case, place)
        if weights is None:
            return None
        if weights:
            wrong[output] = weights
    if not wrong:
        return None
    params = (("output", ", ".join(wrong)), ("weights", "; ".join(wrong.values())))
    return Diagnosis(f"{case.exercise.subject}.coefficients", "coefficients", params)


def _weights(case: _Case, place: int) -> str | None:
    """The weights of one output that are not 1, as text; None when weights do not explain it."""
    if case.exercise.terms is None:
        return None
    output = case.exercise.outputs[place]
    columns = [
        (case.exercise.terms(probe)[output], answer.outputs[place])
        for probe, answer in zip(case.probes, case.yours, strict=True)
        if answer.outputs
    ]
    weights = fitted(columns, case.probes)
    if weights is None:
        return None
    off = {name: weight for name, weight in weights.items() if abs(weight - 1) > _NEAR_ONE}
    return ", ".join(f"{name} {rounded(weight)}" for name, weight in off.items())


def _by_output(case: _Case, twins: dict[str, list[Answer]]) -> Diagnosis | None:
    """Each output by itself: a twin that is wrong there and nowhere else, or weights."""
    codes: list[str] = []
    explained: dict[str, str] = {}
    for place, output in enumerate(case.exercise.outputs):
        if _agree_in(case, place, case.right):
            continue
        named = [
            code
            for code, found in twins.items()
            if all(answer.outputs for answer in found)
            and _agree_in(case, place, [answer.outputs or () for answer in found])
            and _right_elsewhere(case, place, found)
        ]
        weights = None if named else _weights(case, place)
        if len(named) > 1 or not (named or weights):
            return None
        codes.append(named[0] if named else f"{case.exercise.subject}.coefficients")
        if weights:
            explained[output] = weights
    if len(set(codes)) < 2:
        return None
    params = (("output", ", ".join(explained)), ("weights", "; ".join(explained.values())))
    return Diagnosis(" + ".join(dict.fromkeys(codes)), "pair", params if explained else ())


def _agree_in(case: _Case, place: int, found: Sequence[Outputs]) -> bool:
    return all(
        distance((answer.outputs or ())[place], other[place]) < max(EXACT, probe.tolerance / 3)
        for answer, other, probe in zip(case.yours, found, case.probes, strict=True)
    )


def _right_elsewhere(case: _Case, place: int, found: Sequence[Answer]) -> bool:
    return all(
        here == place or distance(mine, its) < EXACT
        for answer, right in zip(found, case.right, strict=True)
        for here, (mine, its) in enumerate(zip(answer.outputs or (), right, strict=True))
    )


def _pair(case: _Case, twins: dict[str, list[Answer]]) -> Diagnosis | None:
    """Two twins in one: their differences from the right answer add up, or one stands inside the other."""
    pairs = {codes for codes, fn in case.exercise.pairs().items() if case.matches(case.answers(fn))}
    pairs |= set(_sums(case, twins))
    if len({frozenset(codes) for codes in pairs}) != 1:
        return None
    codes = sorted(pairs)[0]
    return Diagnosis(" + ".join(codes), "pair")


def _sums(case: _Case, twins: dict[str, list[Answer]]) -> list[tuple[str, str]]:
    if any(array.dtype.kind == "U" for outputs in case.right for array in outputs):
        return []  # outlines do not add up
    usable = {code: found for code, found in twins.items() if all(answer.outputs for answer in found)}
    flat = {code: _flat(found) - _flat_right(case) for code, found in usable.items()}
    mine = _flat([*case.yours]) - _flat_right(case)
    size = max(float(np.linalg.norm(mine)), 1e-300)
    near = [
        pair
        for pair in combinations(flat, 2)
        if np.linalg.norm(mine - flat[pair[0]] - flat[pair[1]]) < 1e-3 * size
    ]
    return [pair for pair in near if case.matches(_added(case, usable[pair[0]], usable[pair[1]]))]


def _flat(found: Sequence[Answer]) -> np.ndarray:
    return np.concatenate([np.ravel(array) for answer in found for array in answer.outputs or ()])


def _flat_right(case: _Case) -> np.ndarray:
    return np.concatenate([np.ravel(array) for outputs in case.right for array in outputs])


def _added(case: _Case, one: Sequence[Answer], other: Sequence[Answer]) -> list[Answer]:
    return [
        Answer(tuple(a + b - r for a, b, r in zip(x.outputs or (), y.outputs or (), right, strict=True)))
        for x, y, right in zip(one, other, case.right, strict=True)
    ]
