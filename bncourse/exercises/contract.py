"""What came back from a call: how many results, of which shape and kind; what was changed.

Chapter: gradient-checking.
"""

import sys
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

__all__ = ["Answer", "arrays_of", "copied", "distance", "is_module", "read", "same", "shared_memory"]

Params = tuple[tuple[str, str], ...]


@dataclass(frozen=True, eq=False)
class Answer:
    """What a function gave on one probe: its outputs, or None where it raised; whether inputs changed.

    `problem` is a code of `contract.*` or `call.*`, with `params` for its sentence. With a soft
    problem (a kind of number, an input that changed) there are outputs all the same. `shared` names an
    output and the argument it shares memory with.

    >>> Answer(None).outputs is None
    True
    """

    outputs: tuple[np.ndarray, ...] | None
    changed: bool = False
    problem: str | None = None
    params: Params = ()
    shared: Params = ()


def copied(value: Any) -> Any:
    """`value` with every array and every PyTorch module in it copied, so that a call cannot reach ours.

    >>> x = np.zeros(2); copied((x, 1))[0] is x
    False
    """
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, tuple | list):
        return type(value)(copied(part) for part in value)
    if is_dataclass(value) and not isinstance(value, type):
        return type(value)(*(copied(getattr(value, field.name)) for field in fields(value)))
    return deepcopy(value) if is_module(value) else value


def is_module(value: Any) -> bool:
    """Is this a layer or net of PyTorch? Without loading PyTorch: whoever has one has loaded it.

    >>> is_module(3)
    False
    """
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.nn.Module)


def arrays_of(value: Any) -> list[np.ndarray]:
    """Every array inside `value`, in order.

    >>> len(arrays_of((np.zeros(1), [np.zeros(2), 3])))
    2
    """
    if isinstance(value, np.ndarray):
        return [value]
    if isinstance(value, tuple | list):
        return [array for part in value for array in arrays_of(part)]
    if is_dataclass(value) and not isinstance(value, type):
        return [array for field in fields(value) for array in arrays_of(getattr(value, field.name))]
    if is_module(value):
        return [tensor.detach().numpy() for tensor in value.state_dict().values()]
    return []


def same(one: Any, other: Any) -> bool:
    """True when two values hold the same numbers up to rounding, NaN included.

    x + h − 2h + h is x again: whoever steps an argument there and back has not changed it.

    >>> same((np.array([np.nan]),), (np.array([np.nan]),))
    True
    """
    pairs = list(zip(arrays_of(one), arrays_of(other), strict=False))
    return len(pairs) == len(arrays_of(other)) and all(_unchanged(a, b) for a, b in pairs)


def _unchanged(one: np.ndarray, other: np.ndarray) -> bool:
    if one.shape != other.shape:
        return False
    if one.dtype == other.dtype and one.tobytes() == other.tobytes():
        return True  # nearly always, and ten times faster than a comparison that knows NaN
    floats = one.dtype.kind in "fc"
    if np.array_equal(one, other, equal_nan=floats) or not (floats and one.size):
        return np.array_equal(one, other, equal_nan=floats)
    largest = float(np.nanmax(np.abs(other)))
    return bool(np.allclose(one, other, rtol=0, atol=1e-12 * largest, equal_nan=True))


def shared_memory(
    value: Any,
    outputs: Sequence[str],
    given: Sequence[Any],
    arguments: Sequence[str],
    but: Sequence[str] = (),
) -> Params:
    """The first output that shares memory with an argument, and that argument, as params; or nothing.

    Outputs named in `but` may be an argument.

    >>> x = np.zeros((2, 2)); shared_memory((x.T, x), ["y"], [x], ["x"])
    (('output', 'y'), ('argument', 'x'))
    """
    parts = value if isinstance(value, tuple | list) and len(outputs) > 1 else [value]
    if isinstance(value, tuple) and len(outputs) == 1:
        parts = value[:1]  # y of (y, cache)
    for output, part in zip(outputs, parts, strict=False):
        if output in but:
            continue
        for argument, whole in zip(arguments, given, strict=False):
            if any(np.may_share_memory(a, b) and np.shares_memory(a, b)
                   for a in arrays_of(part) for b in arrays_of(whole)):  # fmt: skip
                return ("output", output), ("argument", argument)
    return ()


def read(
    value: Any,
    names: Sequence[str],
    right: Sequence[np.ndarray],
    flatten: Callable[[Any], Any] | None = None,
) -> Answer:
    """A learner's result as arrays, compared in number, shape and kind with the right ones.

    One output may come as y or as (y, anything). `flatten` turns what is no array into arrays, or into
    an Answer that says why it cannot.

    >>> read((np.zeros(2), "cache"), ["y"], [np.ones(2)]).problem is None
    True
    >>> read((1, 2), ["dx", "dgamma", "dbeta"], [np.ones(2)] * 3).problem
    'contract.outputs'
    """
    if value is None or value is ...:
        return Answer(None, problem="call.none")
    parts = list(value) if isinstance(value, tuple | list) else [value]
    if parts and all(part is None or part is ... for part in parts):
        return Answer(None, problem="call.not-attempted")
    if flatten:
        value = flatten(value)
        if isinstance(value, Answer):
            return value
        parts = list(value) if isinstance(value, tuple) else [value]
    if len(names) == 1:
        parts = parts[:1] if isinstance(value, tuple) else [value]
    if len(parts) != len(names):
        counted = (("expected", ", ".join(names)), ("got", _count(value, parts)))
        return Answer(None, problem="contract.outputs", params=counted)
    outputs: list[np.ndarray] = []
    problem: str | None = None
    params: Params = ()
    for part, name, wanted in zip(parts, names, right, strict=True):
        array, found, detail = _one(part, name, wanted)
        if array is None:
            return Answer(None, problem=found, params=detail)
        if found and problem is None:
            problem, params = found, detail
        outputs.append(array)
    return Answer(tuple(outputs), problem=problem, params=params)


def _one(part: Any, name: str, wanted: np.ndarray) -> tuple[np.ndarray | None, str | None, Params]:
    if part is None:
        return None, "contract.outputs", (("expected", name), ("got", "None"))
    try:
        array = np.array(part)  # a copy: the next call may write into the same array
    except Exception:
        array = np.empty((), dtype=object)
    if wanted.dtype.kind == "U":  # an outline, made by ourselves
        return array, None, ()
    if array.dtype.kind not in "fiu":
        kind = (("output", name), ("expected", str(wanted.dtype)), ("got", str(array.dtype)))
        return None, "contract.dtype", kind
    if array.shape != wanted.shape:
        return None, "contract.shape", (
            ("output", name), ("expected", _letters(wanted.shape)), ("got", _letters(array.shape)),
        )  # fmt: skip
    kind = (("output", name), ("expected", "@floats"), ("got", str(array.dtype)))
    if wanted.dtype.kind == "f" and array.dtype.kind != "f":
        return array, "contract.dtype", kind
    if np.isfinite(wanted).all() and not np.isfinite(array).all():
        return array, "contract.not-finite", (("output", name),)
    return array, None, ()


def _letters(shape: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def _count(value: Any, parts: list[Any]) -> str:
    return f"@results {len(parts)}" if isinstance(value, tuple | list) else type(value).__name__


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """Largest difference, feature by feature, over the largest entry of that feature; inf for NaN.

    Features lie along axis 1 where there is one. A feature of nearly nothing is measured against the
    thousandth part of the largest. Texts (outlines of layers) are the same or not: 0 or inf.

    >>> distance(np.array([[1.0, 100.0]]), np.array([[1.1, 100.0]])).__round__(3)
    0.091
    """
    if np.asarray(one).dtype.kind == "U":
        return 0.0 if np.array_equal(one, other) else float("inf")
    a, b = np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return 0.0 if np.array_equal(a, b, equal_nan=True) else float("inf")
    axes = tuple(axis for axis in range(a.ndim) if axis != 1) if a.ndim > 1 else None
    size = np.maximum(np.abs(a), np.abs(b)).max(axis=axes)
    size = np.maximum(size, 1e-3 * size.max()) + 1e-300
    return float((np.abs(a - b).max(axis=axes) / size).max())
