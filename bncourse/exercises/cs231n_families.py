"""The nine functions of CS231n's assignment 2, family by family: a forward, its backwards, their rows.

Chapter: gradient-checking.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from bncourse.exercises.contract import copied
from bncourse.exercises.cs231n_norms import backward_row, group_parts, layer_parts, spatial_parts
from bncourse.exercises.cs231n_rows import Row, forward_parts, in_training, row_like
from bncourse.exercises.specs import exercise

__all__ = ["FAMILIES", "FUNCTIONS", "Family", "family_of"]

Function = Callable[..., Any]


@dataclass(frozen=True)
class Family:
    """A forward and the backwards that get its cache.

    `parts` gives the rows of the forward, with the learner's function as that of each; `given` the
    arguments of a training call, from the values that a backward's probe holds; `row` the backward's row.

    >>> family_of("layernorm_backward").names
    ('layernorm_forward', 'layernorm_backward')
    """

    forward: str
    backwards: tuple[str, ...]
    parts: Callable[[Function], Sequence[tuple[Row, Function]]]
    row: Callable[[], Row]
    given: Callable[[Any], tuple[Any, ...]]

    @property
    def names(self) -> tuple[str, ...]:
        """The forward first."""
        return (self.forward, *self.backwards)

    def run(self, forward: Function, values: Any) -> tuple[Any, Any]:
        """Output and cache of a learner's forward in training."""
        out, cache = forward(*self.given(copied(values)))
        return out, cache


def _batch(v: Any) -> tuple[Any, ...]:
    return v.x, v.gamma, v.beta, in_training(v.eps, v.x.shape[1])


def _layer(v: Any) -> tuple[Any, ...]:
    return v.x, v.gamma, v.beta, {"eps": v.eps}


def _group(v: Any) -> tuple[Any, ...]:
    shape = (1, -1, 1, 1)
    return v.x, v.gamma.reshape(shape), v.beta.reshape(shape), v.groups, {"eps": v.eps}


FAMILIES: tuple[Family, ...] = (
    Family(
        "batchnorm_forward", ("batchnorm_backward", "batchnorm_backward_alt"), forward_parts,
        lambda: row_like(exercise("batchnorm_backward")), _batch,
    ),
    Family(
        "layernorm_forward", ("layernorm_backward",), layer_parts,
        partial(backward_row, "layernorm_backward", "layer"), _layer,
    ),
    Family(
        "spatial_batchnorm_forward", ("spatial_batchnorm_backward",), spatial_parts,
        partial(backward_row, "spatial_batchnorm_backward", "batch"), _batch,
    ),
    Family(
        "spatial_groupnorm_forward", ("spatial_groupnorm_backward",), group_parts,
        partial(backward_row, "groupnorm_backward", "group"), _group,
    ),
)  # fmt: skip

# In the order of the assignment.
FUNCTIONS: tuple[str, ...] = tuple(name for family in FAMILIES for name in family.names)


def family_of(name: str) -> Family:
    """The family a function belongs to.

    >>> family_of("batchnorm_backward_alt").forward
    'batchnorm_forward'
    """
    return next(family for family in FAMILIES if name in family.names)
