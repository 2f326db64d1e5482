"""How often does a function go over its large arrays? Counted while it runs. Chapter: simplified-backward.

An array of the class `Counted` sees every NumPy operation it takes part in. Each operand and each result
of the batch's full shape (N, D) is one pass over memory: `a * b` reads two and writes one, `a += b` the
same, `a.sum(axis=0)` reads one. Rows (D,) and rows repeated by `np.broadcast_to` (stride 0, so no memory
of their own) count nothing. What a processor's cache saves is not counted.
"""

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any
from unittest.mock import patch

import numpy as np

__all__ = ["count_passes"]


class Counted(np.ndarray):
    """An array whose operations are added to `Counted.passes`; `Counted.full` is the shape (N, D)."""

    full: tuple[int, ...] = ()
    passes = 0

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        into = options.pop("out", None)
        if into is not None:
            options["out"] = tuple(_plain(array) for array in into)
        result = getattr(ufunc, method)(*map(_plain, inputs), **options)
        _count([*inputs, result])
        return into[0] if into is not None else _counted(result)

    def __array_function__(self, function: Any, types: Any, inputs: Any, options: Any) -> Any:
        result = function(*map(_plain, inputs), **options)
        if function is np.einsum:
            _count([*inputs, result])
        elif function is not np.broadcast_to:  # which moves nothing
            raise NotImplementedError(f"{function.__name__} is not counted yet")
        return _counted(result)

    def astype(self, dtype: Any, *arguments: Any, **options: Any) -> Any:
        before = _plain(self)
        result = before.astype(dtype, *arguments, **options)
        if result is not before:
            _count([before, result])
        return _counted(result)


def _plain(value: Any) -> Any:
    return value.view(np.ndarray) if isinstance(value, Counted) else value


def _counted(value: Any) -> Any:
    return value.view(Counted) if isinstance(value, np.ndarray) else value


def _count(values: Iterable[Any]) -> None:
    arrays = (value for value in values if isinstance(value, np.ndarray))
    Counted.passes += sum(array.shape == Counted.full and 0 not in array.strides for array in arrays)


def count_passes(function: Callable[..., Any], dy: np.ndarray, cache: Any = None) -> int:
    """Passes over arrays of dy's shape in one call of function(dy, cache); cache is a dataclass of arrays.

    The reference calls `np.asarray`, which would turn a Counted array back into a plain one and end the
    count; for the length of the call it is `np.asanyarray`, which does not.
    """
    Counted.full, Counted.passes = dy.shape, 0
    if cache is not None:
        arrays = {field.name: _counted(getattr(cache, field.name)) for field in dataclasses.fields(cache)}
        cache = dataclasses.replace(cache, **arrays)
    with patch.object(np, "asarray", np.asanyarray):
        function(_counted(dy), *([] if cache is None else [cache]))
    return Counted.passes
