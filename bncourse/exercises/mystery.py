"""Name the bug from its numbers: a function with one slip, to be probed and named. Chapter: start-here.

    wrong = check.mystery("batchnorm_backward", 1)     # called as your own function would be
    check.named(wrong, "backward.gamma-missing")       # a verdict
    check.versions("batchnorm_backward")               # every code there is, in words

Which slip it is stands in `_HIDDEN` below: probe the function before you read on.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from bncourse.errors import StateError
from bncourse.exercises.coefficients import rounded
from bncourse.exercises.contract import copied
from bncourse.exercises.probes import Probe
from bncourse.exercises.show import say, show
from bncourse.exercises.specs import exercise
from bncourse.exercises.verdict import Verdict
from bncourse.exercises.words import entry

__all__ = ["Mystery", "judge_name", "mystery", "mysteries", "named", "versions"]

# By exercise; the number a learner asks for is the place in the row, counted from 1. Never reordered.
_HIDDEN: dict[str, tuple[str, ...]] = {
    "batchnorm_forward": ("forward.axis-1", "forward.bessel", "forward.no-root", "forward.not-centred"),
    "batchnorm_backward": (
        "backward.no-mean-path", "backward.cache-xc-x-hat", "backward.variance-term-sign",
        "backward.n-times", "backward.no-variance-path",
    ),
    "running_stats": ("running.std-stored", "running.weight-inverted"),
    "numerical_gradient": ("numerical-gradient.one-sided",),
    "spatial_batchnorm_forward": ("spatial.reshape-there", "spatial.mean-of-variances"),
    "groupnorm_forward": ("group.size-for-number",),
}  # fmt: skip


class Mystery:
    """A function with one slip. It has the arguments of its exercise and tells nothing of itself.

    >>> Mystery("batchnorm_forward", 1)
    <mystery 1 of batchnorm_forward(x, gamma, beta, eps)>
    """

    __slots__ = ("check", "number")

    def __init__(self, check: str, number: int) -> None:
        self.check, self.number = check, number

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return _function(self.check, _HIDDEN[self.check][self.number - 1])(*args, **kwargs)
        except Exception as error:
            raise error.with_traceback(None) from None  # its lines would name the slip

    def __repr__(self) -> str:
        return f"<mystery {self.number} of {self.check}({', '.join(exercise(self.check).parameters)})>"


def mysteries() -> dict[str, int]:
    """How many mysteries each exercise has.

    >>> mysteries()["batchnorm_forward"]
    4
    """
    return {name: len(codes) for name, codes in _HIDDEN.items()}


def mystery(name: str, number: int) -> Mystery:
    """A function with one slip, of the exercise `name`. Raises StateError when there is no such mystery.

    >>> wrong = mystery("batchnorm_forward", 3)
    >>> wrong(np.array([[0.0], [1.0], [5.0]]), np.ones(1), np.zeros(1), 1e-9).ravel().round(3)
    array([-0.429, -0.214,  0.643])
    """
    if name not in _HIDDEN:
        known = ", ".join(_HIDDEN)
        raise StateError(f"the exercise is one of {known}", got=repr(name), hint=f'"{next(iter(_HIDDEN))}"')
    count = len(_HIDDEN[name])
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= count:
        raise StateError(f"a mystery of {name} has a number from 1 to {count}", got=repr(number), hint="1")
    return Mystery(name, number)


def versions(name: str) -> None:
    """Print the codes of all versions of an exercise that have one slip, each with what it is.

    Raises StateError when there is no exercise of this name.

    >>> versions("inference")  # doctest: +ELLIPSIS
    inference.batch-statistics: the version that normalises with the batch it was asked about
    inference.eps-missing: the version without eps
    ...
    """
    say("\n".join(f"{code}: {entry(code).get('name', code)}" for code in exercise(name).twins()))


def named(wrong: Mystery, code: str | None) -> Verdict:
    """Judge the name given to a mystery, show the verdict and return it; None is no name yet.

    Raises StateError for a code that no version has, and for anything but a mystery.

    >>> named(mystery("batchnorm_forward", 3), "forward.no-root").status  # doctest: +ELLIPSIS
    mystery(batchnorm_forward, 3): passed
    ...
    'pass'
    """
    return show(judge_name(wrong, code))


def judge_name(wrong: Mystery, code: str | None) -> Verdict:
    """The verdict of `named`, not shown.

    >>> judge_name(mystery("batchnorm_forward", 3), "forward.bessel")
    <mystery(batchnorm_forward, 3): fail, naming.other>
    """
    if not isinstance(wrong, Mystery):
        hint = f'check.mystery("{next(iter(_HIDDEN))}", 1)'
        raise StateError("what is named is a mystery", got=type(wrong).__name__, hint=hint)
    shown = f"mystery({wrong.check}, {wrong.number})"
    if not code:
        return Verdict(shown, "not_attempted", "naming.not-attempted", params=(("name", wrong.check),))
    if code not in exercise(wrong.check).twins():
        hint = f'check.versions("{wrong.check}") lists them'
        raise StateError(f"the name is the code of a version of {wrong.check}", got=repr(code), hint=hint)
    version = (("version", code),)
    if code == _HIDDEN[wrong.check][wrong.number - 1]:
        return Verdict(shown, "pass", "naming.pass", params=version)
    return Verdict(shown, "fail", "naming.other", "property", version, _differences(wrong, code))


@cache
def _function(check: str, code: str) -> Callable[..., Any]:
    return exercise(check).twins()[code]


def _differences(wrong: Mystery, code: str) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """By how much each output differs, on the first fixed example that tells the two apart."""
    row = exercise(wrong.check)
    for example in row.examples():
        pair = [_outputs(fn, example, len(row.outputs)) for fn in (wrong, _function(wrong.check, code))]
        if not all(pair):
            continue  # a row laid along the wrong axis runs on square batches only
        gaps = [float(np.abs(one - other).max()) for one, other in zip(*pair, strict=True)]
        told = [(name, rounded(gap)) for name, gap in zip(row.outputs, gaps, strict=True)]
        facts = [("differs", (("output", name), ("value", gap))) for name, gap in told if gap != "0"]
        if facts:
            return tuple(facts)
    return ()


def _outputs(fn: Callable[..., Any], example: Probe, count: int) -> tuple[np.ndarray, ...]:
    try:
        found = fn(*copied(example.given))
    except Exception:
        return ()
    return tuple(np.asarray(one, dtype=np.float64) for one in (found if count > 1 else (found,)))
