"""How a learner's function wants its arguments; a class as a function. Chapter: train-and-inference."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

__all__ = ["arranged", "as_function", "takes"]


def arranged(
    fn: Callable[..., Any], names: Sequence[str], given: Sequence[Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Positional and keyword arguments for `fn`: by place, or by name for what is keyword-only.

    >>> def forward(x, gamma, beta, *, eps): ...
    >>> arranged(forward, ["x", "gamma", "beta", "eps"], [1, 2, 3, 4])
    ((1, 2, 3), {'eps': 4})
    """
    try:
        parameters = inspect.signature(fn).parameters.values()
    except (TypeError, ValueError):
        return tuple(given), {}
    kinds = [parameter.kind for parameter in parameters]
    if inspect.Parameter.VAR_POSITIONAL in kinds:
        return tuple(given), {}
    places = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    keywords = [p.name for p in parameters if p.kind == p.KEYWORD_ONLY]
    rest = list(zip(names, given, strict=True))[len(places) :]
    if len(keywords) < len(rest):
        return tuple(given), {}  # Python's own message says what is missing
    known = {name: value for name, value in rest if name in keywords}
    others = [value for name, value in rest if name not in known]
    free = [name for name in keywords if name not in known]
    return tuple(given[: len(places)]), known | dict(zip(free, others, strict=False))


def takes(fn: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """False when `fn` cannot be called with so many arguments, or with these names.

    >>> takes(lambda x, gamma: x, (1, 2), {}), takes(lambda x, gamma: x, (1, 2, 3), {})
    (True, False)
    """
    try:
        signature = inspect.signature(fn, follow_wrapped=False)  # what is called is the outer function
    except (TypeError, ValueError):
        return True  # NumPy's own functions do not tell
    try:
        signature.bind(*args, **kwargs)
    except TypeError:
        return False
    return True


def as_function(kind: Callable[..., Any]) -> Callable[..., Any]:
    """A class with update(x), mean and var, as a function of two batches: both statistics, twice.

    update may change the object or return another one.

    >>> from bncourse import RunningStats
    >>> stats = as_function(RunningStats.initial)
    >>> len(stats(np.array([[1.0], [3.0]]), np.array([[2.0], [4.0]]), new_weight=0.5))
    4
    """

    def updated(x: np.ndarray, later: np.ndarray, new_weight: float) -> tuple[Any, ...]:
        try:
            inspect.signature(kind).bind(1, new_weight)
            stats = kind(x.shape[1], new_weight)
        except TypeError:
            stats = kind(x.shape[1], new_weight=new_weight)
        rows: list[Any] = []
        for batch in (x, later):
            result = stats.update(batch)
            stats = stats if result is None else result
            rows += [np.array(stats.mean), np.array(stats.var)]
        return tuple(rows)

    updated.__wrapped__ = getattr(kind, "update", kind)  # type: ignore[attr-defined]
    return updated
