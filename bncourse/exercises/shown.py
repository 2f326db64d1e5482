"""The smallest example on which two answers differ, as text. Chapter: start-here."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from bncourse.exercises.contract import distance, is_module
from bncourse.exercises.probes import Probe
from bncourse.exercises.specs import Exercise
from bncourse.exercises.verdict import Example
from bncourse.mistakes.structure import outline_block
from bncourse.reference.channels import NormCache
from bncourse.reference.staged import StagedValues
from bncourse.reference.sync import SyncCache

__all__ = ["as_digits", "differing_example"]

Outputs = tuple[np.ndarray, ...]
_CACHES: dict[type, tuple[str, ...]] = {  # what makes the rest of a cache, or what it holds
    StagedValues: ("x", "gamma", "beta", "eps"),
    NormCache: ("x_hat", "inv_std", "gamma", "groups"),
    SyncCache: ("x_hat", "inv_std", "gamma", "count"),
}


def differing_example(
    exercise: Exercise,
    yours: Callable[[Probe], tuple[Outputs | None, str]],
    right: Callable[[Probe], Outputs],
) -> tuple[Example | None, str]:
    """The first fixed example whose answers differ, and what was printed there; None when none does.

    `yours` gives outputs (None when there are none) and printed text, `right` the right outputs.

    >>> from bncourse.exercises.specs import exercise
    >>> example, _ = differing_example(
    ...     exercise("inference"), lambda probe: ((np.zeros((3, 1)),), ""), lambda probe: (np.ones((3, 1)),))
    >>> example.expected
    (('y', '[[1.]\\n [1.]\\n [1.]]'),)
    """
    said = ""
    for probe in exercise.examples():
        outputs, printed = yours(probe)
        said = said or _first_lines(printed)
        expected = right(probe)
        if outputs is None:
            continue
        named = list(zip(exercise.outputs, outputs, expected, strict=True))
        off = [(name, mine, its) for name, mine, its in named if distance(mine, its) > probe.tolerance]
        if off:
            mine = tuple((name, as_digits(value)) for name, value, _ in off)
            its = tuple((name, as_digits(value)) for name, _, value in off)
            return Example(tuple(_arguments(exercise, probe)), mine, its), said
    return None, said


def _arguments(exercise: Exercise, probe: Probe) -> Iterator[tuple[str, str]]:
    for name, value in zip(exercise.parameters, probe.given, strict=True):
        yield from _parts(name, value)


def _parts(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """A list entry by entry, a cache value by value."""
    if isinstance(value, list):
        for place, one in enumerate(value):
            yield from _parts(f"{name}[{place}]", one)
    elif type(value) in _CACHES:
        for part in _CACHES[type(value)]:
            yield f"{name}.{part}", as_digits(getattr(value, part))
    elif is_module(value):  # PyTorch's own words for a net are others in every version
        children = value.named_children()
        yield name, "\n".join(f"{place} {line}" for place, one in children for line in outline_block([one]))
    else:
        yield name, as_digits(value)


def as_digits(value: Any) -> str:
    """Three digits behind the point, or three significant ones where that would show nothing.

    >>> as_digits(np.array([1.23456])), as_digits(np.array([1.23456e-5])), as_digits(0.5)
    ('[1.235]', '[1.23e-05]', '0.5')
    """
    if not isinstance(value, np.ndarray) or value.dtype.kind == "U":
        return f"{value:g}" if isinstance(value, float) else str(value)
    return re.sub(r"\n\s*\n", "\n", _digits(value))  # no empty lines between the maps of an image


def _digits(value: np.ndarray) -> str:
    numbers = value + 0.0 if value.dtype.kind == "f" else value  # no −0.
    largest = float(np.abs(numbers[np.isfinite(numbers)]).max(initial=0.0)) if numbers.size else 0.0
    if 0 < largest < 0.01 or largest >= 1e5:
        return str(np.array2string(numbers, formatter={"float_kind": lambda number: f"{number:.3g}"}))
    return str(np.array2string(np.round(numbers, 3) + 0.0 if value.dtype.kind == "f" else numbers))


def _first_lines(printed: str, count: int = 10) -> str:
    return "\n".join(line[:100] for line in printed.splitlines()[:count])
