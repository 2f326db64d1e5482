"""Is it the cache? A backward is asked again with right values in place of strange ones.

Chapter: gradient-checking.

A value of the cache that is none of the right ones is strange. When the backward is right as soon as the
strange ones are what they could have been meant as, then the cache was wrong and the backward was not.
"""

from collections.abc import Callable, Iterator
from copy import copy, deepcopy
from dataclasses import dataclass
from itertools import product
from typing import Any, get_args

import numpy as np

from bncourse.exercises.contract import copied, distance
from bncourse.exercises.cs231n_values import Form, Meant, Order

__all__ = ["Mending", "agree", "leaves"]

Path = tuple[Any, ...]
_MOST = 5  # values of a cache that may all be other than they should
_PATIENCE = 40  # calls that stop, before a layout is given up
_STATE = ("running_mean", "running_var", "momentum")


def agree(pairs: Any, limit: float) -> bool:
    """Are the two arrays of each pair of one shape, and as near as that?

    >>> agree([(np.ones(2), np.ones(2)), (np.ones(2), np.ones(1))], 1e-4)
    False
    """
    try:
        return all(np.shape(a) == np.shape(b) and distance(a, b) < limit for a, b in pairs)
    except (TypeError, ValueError):
        return False


@dataclass(eq=False)
class Mending:
    """A backward, and the caches that its own forward makes.

    `made(v)` gives the cache for some values, `right(dy, v)` the right gradients; `given` are pairs (dy, v).

    >>> from bncourse.reference.staged import staged_forward
    >>> _, v = staged_forward(np.array([[1.0], [3.0], [9.0]]), np.ones(1), np.zeros(1))
    >>> def right(dy, v): return (dy * v.x_hat,)
    >>> mending = Mending(lambda dy, cache: (dy * cache[0],), lambda v: (3 * v.x_hat,), right,
    ...     [(np.ones((3, 1)), v)])
    >>> mending.works(others=False)
    True
    """

    backward: Callable[..., Any]
    made: Callable[[Any], Any]
    right: Callable[..., Any]
    given: list[tuple[Any, Any]]
    stopped: int = 0

    def works(self, *, others: bool) -> bool:
        """Is the backward right once strange values are replaced; with `others`, a known one as well?"""
        self.meant = [Meant.of(v) for _, v in self.given]
        self.caches = [self.made(v) for _, v in self.given]
        self.answers = [self.right(dy, v) for dy, v in self.given]
        values, meant = dict(leaves(self.caches[0])), self.meant[0]
        strange = [path for path, value in values.items() if not meant.knows(value)]
        known = [path for path in values if path not in strange]
        self.plain = {path: name for path in known if (name := meant.plain(values[path]))}
        self.tables = [path for path, value in values.items() if meant.is_table(value)]
        orders = meant.orders([values[path] for path in self.tables])
        tries = [strange, *([*strange, path] for path in known if others)]
        return any(
            self._works_at(places, order, form)
            for places in tries
            if 0 < len(places) <= _MOST
            for order in orders
            for form in get_args(Form)
        ) or (others and not strange and self._works_turned(values))

    def _works_at(self, places: list[Path], order: Order, form: Form) -> bool:
        fitting = [self.meant[0].names(_at(self.caches[0], place)) for place in places]
        self.stopped = 0
        for names in product(*fitting):
            if len(places) > 3 and len(set(names)) < len(names):
                continue
            if self._right_with(self.plain | dict(zip(places, names, strict=True)), order, form):
                return True
            if self.stopped > _PATIENCE:  # shapes that do not fit: other names do not mend that
                break
        return False

    def _works_turned(self, values: dict[Path, Any]) -> bool:
        """Are all values right, and only the order is one the backward does not expect?"""
        meant = self.meant[0]
        names = {path: name for path in self.tables if (name := meant.turned(values[path]))}
        return any(self._right_with(names, order, "usual") for order in meant.orders([]) if names)

    def _right_with(self, names: dict[Path, str], order: Order, form: Form) -> bool:
        return all(self._right_on(n, names, order, form) for n in range(len(self.given)))

    def _right_on(self, n: int, names: dict[Path, str], order: Order, form: Form) -> bool:
        dy, v = self.given[n]
        table = np.shape(_at(self.caches[n], self.tables[0])) if self.tables else ()
        try:
            cache = self._cache(n, v)
            for path, name in names.items():
                value = self.meant[n].written(name, _at(cache, path), order, table, form)
                cache = _with(cache, path, value)
            return agree(zip(self.backward(copied(dy), cache), self.answers[n], strict=False), 1e-6)
        except Exception:
            self.stopped += 1
            return False

    def _cache(self, n: int, v: Any) -> Any:
        """One that the backward may write into."""
        try:
            return deepcopy(self.caches[n])
        except Exception:
            return self.made(v)


def leaves(cache: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """The arrays and numbers of a cache, each with the way to it; running statistics are none of it.

    >>> [path for path, _ in leaves((np.ones(2), {"eps": 0.5, "running_mean": np.ones(2)}))]
    [(0,), (1, 'eps')]
    """
    if isinstance(cache, dict):
        parts = [(key, value) for key, value in cache.items() if key not in _STATE]
    elif isinstance(cache, tuple | list):
        parts = list(enumerate(cache))
    elif isinstance(cache, np.ndarray | float):
        yield path, cache
        return
    else:  # an object of the learner's own
        parts = list(getattr(cache, "__dict__", {}).items()) if not callable(cache) and len(path) < 3 else []
    for key, value in parts:
        yield from leaves(value, (*path, key))


def _at(cache: Any, path: Path) -> Any:
    for key in path:
        cache = cache[key] if isinstance(cache, dict | tuple | list) else vars(cache)[key]
    return cache


def _with(cache: Any, path: Path, value: Any) -> Any:
    if not path:
        return value
    key, rest = path[0], path[1:]
    if isinstance(cache, dict):
        return {**cache, key: _with(cache[key], rest, value)}
    if not isinstance(cache, tuple | list):
        other = copy(cache)
        vars(other)[key] = _with(vars(other)[key], rest, value)
        return other
    parts = list(cache)
    parts[key] = _with(parts[key], rest, value)
    return type(cache)(*parts) if hasattr(cache, "_fields") else type(cache)(parts)
