"""What is certain of an answer that has no name: never a guess. Chapter: gradient-checking.

Whether a fact holds is decided on all probes; a number in it comes from the fixed examples.
"""

from collections.abc import Sequence

import numpy as np

from bncourse.exercises.coefficients import rounded
from bncourse.exercises.contract import Answer, distance
from bncourse.exercises.probes import Probe
from bncourse.exercises.specs import Exercise

__all__ = ["certain", "wrong_outputs"]

Outputs = tuple[np.ndarray, ...]
Fact = tuple[str, tuple[tuple[str, str], ...]]


def wrong_outputs(
    exercise: Exercise, probes: Sequence[Probe], yours: Sequence[Answer], right: Sequence[Outputs]
) -> list[list[str]]:
    """The names of the outputs that differ, probe by probe; all of them where the function raised.

    >>> from bncourse.exercises.specs import exercise
    >>> row = exercise("inference")
    >>> wrong_outputs(row, row.examples()[:1], [Answer((np.zeros((3, 1)),))], [(np.ones((3, 1)),)])
    [['y']]
    """
    found = []
    for probe, answer, expected in zip(probes, yours, right, strict=True):
        if answer.outputs is None:
            found.append(list(exercise.outputs))
            continue
        pairs = zip(exercise.outputs, answer.outputs, expected, strict=True)
        found.append([name for name, mine, its in pairs if distance(mine, its) > probe.tolerance])
    return found


def certain(
    exercise: Exercise,
    probes: Sequence[Probe],
    yours: Sequence[Answer],
    right: Sequence[Outputs],
    shown: Sequence[Answer],
) -> tuple[Fact, ...]:
    """Facts with their values; `shown` are the learner's answers to the exercise's examples.

    >>> from bncourse.exercises.specs import exercise
    >>> row, other = exercise("batchnorm_backward"), (np.ones((3, 1)), np.ones(1), np.ones(1))
    >>> mine = Answer((np.zeros((3, 1)), np.ones(1), np.ones(1)))
    >>> certain(row, row.examples()[:1], [mine], [other], [mine])[0]
    ('agrees', (('output', 'dgamma, dbeta'), ('other', 'dx')))
    """
    wrong = wrong_outputs(exercise, probes, yours, right)
    facts = [*_which(exercise, wrong), *_when(probes, wrong)]
    if exercise.subject == "backward" and any("dx" in names for names in wrong):
        facts += _sums(yours, shown)
    return tuple(facts)


def _which(exercise: Exercise, wrong: list[list[str]]) -> list[Fact]:
    off = [name for name in exercise.outputs if any(name in names for names in wrong)]
    agree = [name for name in exercise.outputs if name not in off]
    if not agree or not off:
        return []
    return [("agrees", (("output", ", ".join(agree)), ("other", ", ".join(off))))]


def _when(probes: Sequence[Probe], wrong: list[list[str]]) -> list[Fact]:
    wrong_kinds = {probe.kind for probe, names in zip(probes, wrong, strict=True) if names}
    right_kinds = {probe.kind for probe, names in zip(probes, wrong, strict=True) if not names}
    if wrong_kinds in ({"float32"}, {"integers"}):
        return [(wrong_kinds.pop(), ())]
    if right_kinds == {"square"}:
        return [("square", ())]
    if right_kinds == {"default-eps"}:
        return [("small-eps", (("value", "0.05"),))]
    return []


def _sums(yours: Sequence[Answer], shown: Sequence[Answer]) -> list[Fact]:
    dxs = [answer.outputs[0] for answer in yours if answer.outputs]
    if all(np.abs(dx.sum(axis=0)).max() <= 1e-4 * np.abs(dx).sum(axis=0).max() for dx in dxs):
        return [("column-sums-right", ())]
    values = [rounded(float(total)) for answer in shown[-1:] if answer.outputs
              for total in np.atleast_1d(answer.outputs[0].sum(axis=0))]  # fmt: skip
    return [("column-sums", (("value", ", ".join(values)),))] if set(values) - {"0"} else []
