"""A staged backward, judged step by step: each step is given the true values. Chapter: staged-backward.

So exactly the wrong step is found, whatever stands before it.
"""

import inspect
import time
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from bncourse.errors import StateError
from bncourse.exercises.coefficients import rounded
from bncourse.exercises.contract import copied, distance, same
from bncourse.exercises.diagnosis import EXACT
from bncourse.exercises.probes import Probe
from bncourse.exercises.sandbox import call, is_unwritten
from bncourse.exercises.specs import exercise
from bncourse.exercises.staged_slips import SLIPS
from bncourse.exercises.verdict import Example, Verdict
from bncourse.reference.staged import StagedGradients, StagedValues, staged_gradients

__all__ = ["judge_steps"]

_STEPS = tuple(field.name for field in fields(StagedGradients))
_VALUES = tuple(field.name for field in fields(StagedValues))
_NAME = "batchnorm_backward.staged"

Step = Callable[..., Any]
Params = tuple[tuple[str, str], ...]


def judge_steps(
    steps: Mapping[str, Step], *, limit: float = 5.0, rng: np.random.Generator | None = None
) -> Verdict:
    """The verdict on some steps of `staged_gradients`, each a function of the values it names.

    The arguments of a step are found by name: any value or gradient of `reference.staged`, `eps`, `N`.
    Raises StateError for a step or an argument of another name.

    >>> judge_steps({"dvar": lambda dstd, std: dstd / std})
    <batchnorm_backward.staged: fail, backward.dvar-no-half>
    """
    asked = {name: _arguments(name, step) for name, step in steps.items()}
    row = exercise("batchnorm_backward")
    probes = row.probes(rng or np.random.default_rng())
    known = [_everything(probe) for probe in probes]
    began, wrong = time.monotonic(), dict[str, Verdict]()
    for name in (name for name in _STEPS if name in steps):
        left = max(limit - (time.monotonic() - began), 0.05)
        verdict = _judge_one(name, steps[name], asked[name], known, left)
        if not verdict:
            wrong[name] = verdict
    if not wrong:
        return Verdict(_NAME, "pass" if steps else "not_attempted")
    first = next((v for v in wrong.values() if v.status != "not_attempted"), next(iter(wrong.values())))
    listed = (("wrong_steps", ", ".join(n for n, v in wrong.items() if v.status == "fail")),)
    return Verdict(
        _NAME, first.status, first.code, first.evidence, first.params + listed, example=first.example
    )


def _arguments(name: str, step: Step) -> tuple[str, ...]:
    if name not in _STEPS:
        raise StateError(f"a step is one of {', '.join(_STEPS)}", got=repr(name), hint="dvar=my_step")
    names = tuple(inspect.signature(step).parameters)
    unknown = [one for one in names if one not in (*_VALUES, *_STEPS, "N")]
    if unknown:
        raise StateError(
            f"the arguments of {name} are values or gradients of the 16 nodes, eps or N",
            got=repr(unknown[0]),
            hint=f"one of {', '.join((*_VALUES, *_STEPS, 'N'))}",
        )
    return names


def _everything(probe: Probe) -> dict[str, Any]:
    dy, values = probe.given
    gradients = staged_gradients(dy, values)
    found = {name: getattr(values, name) for name in _VALUES}
    return found | {name: getattr(gradients, name) for name in _STEPS} | {"N": len(dy)}


def _judge_one(
    name: str, step: Step, asked: tuple[str, ...], known: list[dict[str, Any]], left: float
) -> Verdict:
    if is_unwritten(step):
        return Verdict(_NAME, "not_attempted", "call.not-attempted")
    yours: list[np.ndarray] = []
    for place, values in enumerate(known):
        given = {one: copied(values[one]) for one in asked}
        outcome = call(step, (), given, limit=left, seed=place)
        if outcome.problem:
            return _stopped(outcome.problem, (("error", outcome.error), ("line", outcome.line)))
        if not all(same(given[one], values[one]) for one in asked):
            return _stopped("contract.input-changed", (("argument", ", ".join(asked)),))
        result, problem, params = _read(name, outcome.value, values[name])
        if result is None:
            return _stopped(problem, params)
        yours.append(result)
    pairs = zip(yours, known, strict=True)
    if all(distance(mine, values[name]) < 3e-4 for mine, values in pairs):
        return Verdict(_NAME, "pass")
    code, evidence, params = _slip(name, yours, known)
    return Verdict(_NAME, "fail", code, evidence, params, example=_example(name, step, asked))


def _stopped(problem: str, params: Params) -> Verdict:
    status = {"call.timeout": "timeout", "call.not-attempted": "not_attempted"}.get(
        problem, "error" if problem.startswith("call.") else "broken_contract"
    )
    return Verdict(_NAME, status, problem, params=() if status == "timeout" else params)


def _read(name: str, value: Any, right: np.ndarray) -> tuple[np.ndarray | None, str, Params]:
    """A row may stand for its repeated rows, and keep its first axis of length 1."""
    if value is None:
        return None, "call.none", ()
    try:
        array = np.asarray(value)
    except Exception:
        array = np.empty((), dtype=object)
    if array.dtype.kind not in "fiu":
        return None, "contract.dtype", (("output", name), ("expected", "@numbers"), ("got", str(array.dtype)))
    if array.shape == (1, *right.shape):
        array = array[0]
    if array.shape in (right.shape, right.shape[1:], (1, *right.shape[1:])) and array.ndim:
        return np.broadcast_to(array, right.shape), "", ()
    shapes = (("expected", "(N, D)" if right.ndim == 2 else "(D,)"), ("got", _sizes(array.shape, right)))
    return None, "contract.shape", (("output", name), *shapes)


def _sizes(shape: tuple[int, ...], right: np.ndarray) -> str:
    """A shape in letters: sizes that are neither N, D nor 1 differ from call to call."""
    known = {right.shape[-1]: "D", 1: "1"} | ({len(right): "N"} if right.ndim == 2 else {})
    sizes = [known.get(size, "…") for size in shape]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"


def _slip(name: str, yours: list[np.ndarray], known: list[dict[str, Any]]) -> tuple[str, str, Params]:
    named = [
        code
        for code, fn in SLIPS.get(name, {}).items()
        if all(_near(mine, fn(values), values[name]) for mine, values in zip(yours, known, strict=True))
    ]
    if len(named) == 1:
        return named[0], "exact", ()
    mine = np.concatenate([array.ravel() for array in yours])
    right = np.concatenate([np.ravel(values[name]) for values in known])
    factor = round(float(mine @ right / (right @ right)), 4) if right.any() else 1.0
    if all(distance(a, factor * values[name]) < 1e-3 for a, values in zip(yours, known, strict=True)):
        return (
            "backward.coefficients",
            "coefficients",
            (("output", name), ("weights", f"{name} {rounded(factor)}")),
        )
    return "unknown", "none", ()


def _near(mine: np.ndarray, slip: Any, right: np.ndarray) -> bool:
    return distance(mine, np.broadcast_to(slip, right.shape)) < EXACT


def _example(name: str, step: Step, asked: tuple[str, ...]) -> Example | None:
    from bncourse.exercises.shown import as_digits

    for probe in exercise("batchnorm_backward").examples():
        values = _everything(probe)
        outcome = call(step, (), {one: copied(values[one]) for one in asked}, limit=1.0)
        mine, right = _read(name, outcome.value, values[name])[0], values[name]
        if mine is not None and distance(mine, right) > 3e-4:
            given = tuple((one, as_digits(values[one])) for one in asked)
            return Example(given, ((name, as_digits(mine)),), ((name, as_digits(right)),))
    return None
