"""What a learner's cache may hold: x_hat, x − mu, std and their like, in any layout.

Chapter: gradient-checking.

Learners turn images to rows of channels, tables on their side, groups to rows. All that is seen here as
blocks, (N, D), (N, C, H, W) or (N, G, C/G, H, W), in some order of these axes, reshaped in some way.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from math import prod
from operator import mul
from typing import Any, Literal

import numpy as np

from bncourse.exercises.contract import distance

__all__ = ["Form", "Meant", "Order"]

Order = tuple[int, ...]
Form = Literal["beside", "kept", "usual"]
_TABLES = ("x_hat", "xc", "x", "sq", "y", "scaled")
_ROWS = ("std", "inv_std", "var", "mu", "gamma", "beta", "var + eps")
_ORDERS: dict[int, tuple[Order, ...]] = {
    2: ((0, 1), (1, 0)),
    4: ((0, 2, 3, 1), (0, 1, 2, 3), (1, 0, 2, 3), (0, 3, 2, 1), (2, 3, 0, 1), (1, 2, 3, 0)),
    5: ((0, 1, 2, 3, 4), (2, 3, 4, 0, 1)),
}


@dataclass(frozen=True, eq=False)
class Meant:
    """The right values by name, in blocks; an axis along which one is the same has size 1.

    >>> from bncourse.reference.staged import staged_forward
    >>> meant = Meant.of(staged_forward(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), eps=3.0)[1])
    >>> meant.knows(np.array([2.0])), meant.knows(np.array([2.5]))
    (True, False)
    """

    blocks: tuple[int, ...]
    values: dict[str, np.ndarray]

    @classmethod
    def of(cls, v: Any) -> "Meant":
        """What may be kept of these values, staged ones or those of a norm."""
        groups, (N, C, *rest) = getattr(v, "groups", 1), v.x.shape
        blocks = (N, groups, C // groups, *rest) if groups > 1 else v.x.shape
        values = {name: np.reshape(getattr(v, name), blocks) for name in _TABLES}
        rows = {name: v.var + v.eps if name == "var + eps" else getattr(v, name) for name in _ROWS}
        for name, row in rows.items():
            beside = np.reshape(row, (-1, *[1] * len(rest))) if np.ndim(row) == 1 else row
            values[name] = _narrowed(np.broadcast_to(beside, v.x.shape).reshape(blocks))
        one = np.ones([1] * len(blocks))
        return cls(blocks, values | {"ones": one, "zeros": 0 * one, "eps": np.array(v.eps)})

    def is_table(self, value: Any) -> bool:
        """Has it as many entries as x?"""
        return bool(np.size(value) == prod(self.blocks))

    def plain(self, value: Any) -> str | None:
        """The name of what stands for no scale or no shift: ones, zeros."""
        found = set(np.unique(value)) if np.ndim(value) else set()
        return {(1.0,): "ones", (0.0,): "zeros"}.get(tuple(found))

    def names(self, value: Any) -> tuple[str, ...]:
        """What a value of this size can be."""
        if self.is_table(value):
            return _TABLES
        return _ROWS if np.squeeze(value).ndim else ("eps",)

    def knows(self, value: Any, order: Order | None = None) -> bool:
        """Is this one of the right values, in any layout or in this order; or nothing a slip could be in?"""
        array, v = np.asarray(value), self.values
        if array.dtype.kind != "f" or array.size == 0 or self.plain(value):
            return True
        more = (v["gamma"] * v["inv_std"], v["inv_std"] ** 2, v["inv_std"] ** 3, -v["xc"])
        forms = (one for right in (*v.values(), *more) for one in self._forms(right, array.size, order))
        return any(distance(array.ravel(), one.ravel()) < 1e-6 for one in forms)

    def _forms(self, right: np.ndarray, size: int, order: Order | None = None) -> Iterator[np.ndarray]:
        """The ways to write a value down in so many numbers: as a table, bare, or one for each channel."""
        if right.ndim and size == prod(self.blocks):
            full = np.broadcast_to(right, self.blocks)
            yield from (full.transpose(one) for one in ([order] if order else _ORDERS[right.ndim]))
        elif right.size == size:
            yield right
        elif right.shape[3:] == (1, 1) and len(right) * prod(self.blocks[1:3]) == size:
            yield np.broadcast_to(right, (len(right), *self.blocks[1:3], 1, 1))

    def orders(self, tables: list[Any]) -> list[Order]:
        """The orders that these tables can be in: by their numbers, else by their shapes."""
        ways = _ORDERS[len(self.blocks)]
        by_numbers = [order for order in ways if any(self.knows(table, order) for table in tables)]
        by_shape = [order for order in ways if all(self._fits(np.shape(table), order) for table in tables)]
        return by_numbers or by_shape or list(ways)

    def turned(self, table: Any) -> str | None:
        """The name of a table that is right but for its order."""
        found = (name for name in _TABLES for one in self._forms(self.values[name], np.size(table))
                 if distance(np.ravel(table), one.ravel()) < 1e-6)  # fmt: skip
        return next(found, None)

    def _fits(self, shape: tuple[int, ...], order: Order) -> bool:
        ends = set(accumulate((self.blocks[axis] for axis in order), mul, initial=1))
        return set(accumulate(shape, mul, initial=1)) <= ends

    def written(self, name: str, like: Any, order: Order, table: tuple[int, ...], form: Form) -> Any:
        """The value of this name for the place of `like`, in this order.

        A table looks like `like`, and what is no table broadcasts beside tables of that shape. With "kept"
        it looks like `like` too, where the sizes allow it; with "usual" both are as most learners have them.
        """
        right, shape = self.values[name], np.shape(like)
        if not right.ndim:
            return right.reshape(shape) if np.size(like) == 1 else right
        if form == "kept":
            same = like if name in ("ones", "zeros") else next(self._forms(right, np.size(like)), None)
            if same is not None and not self.is_table(like):
                return np.reshape(same, shape).copy()
        full = np.broadcast_to(right, self.blocks).transpose(order)
        usual = _rows_of(full.shape, order)
        if name in _TABLES:
            rows = (form == "usual" and len(shape) == 2) or not self.is_table(like)
            return full.reshape(usual if rows else shape)
        narrow = _narrowed(full.reshape(usual if form == "usual" else table or usual))
        return narrow.reshape(-1) if len(shape) == 1 and prod(narrow.shape[:-1]) == 1 else narrow


def _narrowed(full: np.ndarray) -> np.ndarray:
    for axis in range(full.ndim):
        first = full.take([0], axis=axis)
        full = first if (full == first).all() else full
    return full


def _rows_of(shape: tuple[int, ...], order: Order) -> tuple[int, ...]:
    """The table that ordered blocks are reshaped to where no table is kept to tell."""
    if len(shape) == 2 or order == (0, 1, 2, 3):
        return shape
    cut = (2 if order[0] == 0 else 3) if len(shape) == 5 else (1 if order[0] == 1 else 3)
    return prod(shape[:cut]), prod(shape[cut:])
