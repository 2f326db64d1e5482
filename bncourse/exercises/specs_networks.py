"""The rows about images, other norms, folding, merging, workers and the numerical gradient.

Chapters: convolutions, small-batches, ship-and-scale, gradient-checking.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from bncourse.exercises import compositions_networks as pairs
from bncourse.exercises.contract import Answer
from bncourse.exercises.row import Exercise, keyword_last
from bncourse.exercises.terms_networks import (
    folding_terms,
    merging_terms,
    norm_backward_terms,
    norm_terms,
    numerical_terms,
    sync_terms,
)
from bncourse.exercises.variants_networks import NETWORK_VARIANTS

__all__ = ["NETWORK_ROWS"]

_INPUTS = ("x", "gamma", "beta")
_BACK, _GRADIENTS = ("dy", "cache"), ("dx", "dgamma", "dbeta")
_SIDES = ("count_a", "mean_a", "var_a", "count_b", "mean_b", "var_b")


def _one_below_the_other(value: Any, given: tuple[Any, ...]) -> Any:
    """(dxs, dgamma, dbeta) with the workers' dx as one table; an Answer where they are not those of dys."""
    if not isinstance(value, tuple | list) or len(value) != 3:
        return value if isinstance(value, tuple) else (value,)
    dxs, *rows = value
    if dxs is None:
        return None, *rows
    single = isinstance(dxs, np.ndarray) or not isinstance(dxs, Iterable)
    parts = [] if not isinstance(dxs, Iterable) else [np.asarray(dx) for dx in dxs]
    wanted, got = ([part.shape for part in arrays] for arrays in (given[0], parts))
    if wanted != got:
        told = str(np.shape(dxs) if single else got)
        shapes = (("output", "dxs"), ("expected", str(wanted)), ("got", told))
        return Answer(None, problem="contract.shape", params=shapes)
    return np.concatenate(parts), *rows


def _norm(name: str, subject: str, norm: str, chapter: str, *more: str) -> tuple[Exercise, Exercise]:
    """The rows of a norm: forward and backward."""
    back = f"{subject}-backward"
    return (
        Exercise(
            f"{name}_forward", subject, chapter, (*_INPUTS, *more, "eps"), ("y",),
            keyword_last(3 + len(more), "eps"), norm_terms(norm), lambda: pairs.norm(subject),
            variants=NETWORK_VARIANTS.get(subject, ()),
        ),
        Exercise(
            f"{name}_backward", back, chapter, _BACK, _GRADIENTS,
            terms=norm_backward_terms, pairs=lambda: pairs.norm_backward(back),
            variants=NETWORK_VARIANTS[back],
        ),
    )  # fmt: skip


NETWORK_ROWS: tuple[Exercise, ...] = (
    *_norm("spatial_batchnorm", "spatial", "batch", "convolutions"),
    *_norm("layernorm", "layer", "layer", "small-batches"),
    *_norm("groupnorm", "group", "group", "small-batches", "groups"),
    Exercise(
        "fold_batchnorm", "folding", "ship-and-scale", ("W", "b", "gamma", "beta", "mean", "var", "eps"),
        ("W", "b"), keyword_last(6, "eps"), folding_terms, pairs.folding,
        variants=NETWORK_VARIANTS["folding"],
    ),
    Exercise(
        "merge_stats", "merging", "numerics", _SIDES, ("count", "mean", "var"), terms=merging_terms,
    ),
    Exercise(
        "syncbn_backward", "sync-backward", "ship-and-scale", ("dys", "caches"), ("dxs", "dgamma", "dbeta"),
        terms=sync_terms, pairs=pairs.sync_backward, flatten=_one_below_the_other,
    ),
    Exercise(
        "numerical_gradient", "numerical-gradient", "gradient-checking", ("fn", "x", "dy", "h"), ("dx",),
        keyword_last(3, "h"), numerical_terms, pairs.numerical,
        variants=NETWORK_VARIANTS["numerical-gradient"],
    ),
)  # fmt: skip
