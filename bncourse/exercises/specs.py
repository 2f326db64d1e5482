"""One row an exercise: what the checker must know about it, and nothing else. Chapter: gradient-checking.

Here are those about a table (N, D); `specs_networks` has images, other norms, folding, merging and workers,
`specs_structure` how a net is put together. Each has its probes beside it. Every function below, twin or
right, is called as a learner's function is: with the exercise's own arguments, in order.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from bncourse.errors import StateError
from bncourse.exercises import compositions, variants
from bncourse.exercises.probes import Probe
from bncourse.exercises.row import Exercise, Function, Terms, keyword_last
from bncourse.exercises.specs_networks import NETWORK_ROWS
from bncourse.exercises.specs_structure import STRUCTURE_ROWS
from bncourse.reference.running import RunningStats
from bncourse.reference.staged import StagedValues

__all__ = ["EXERCISES", "Exercise", "exercise"]


def _update(fn: Function) -> Function:
    def called(mean: np.ndarray, var: np.ndarray, x: np.ndarray, new_weight: float) -> Any:
        later = fn(RunningStats(mean, var, new_weight), x)
        return later.mean, later.var

    return called


def _two_updates(fn: Function) -> Function:
    def called(x: np.ndarray, later: np.ndarray, new_weight: float) -> Any:
        steps = [RunningStats.initial(x.shape[1], new_weight=new_weight)]
        for batch in (x, later):
            steps.append(fn(steps[-1], batch))
        return tuple(row for _, stats in pairwise(steps) for row in (stats.mean, stats.var))

    return called


def _use(fn: Function) -> Function:
    def called(
        x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, mean: np.ndarray, var: np.ndarray, eps: float
    ) -> Any:
        return fn(x, gamma, beta, RunningStats(mean, var), eps=eps)

    return called


def _layer(fn: Function) -> Function:
    def called(*args: Any) -> Any:
        x, gamma, beta, mean, var, new_weight, eps, training = args
        y, stats = fn(x, gamma, beta, RunningStats(mean, var, new_weight), eps=eps, training=training)
        return y, stats.mean, stats.var

    return called


def _output_terms(x: Any, gamma: Any, beta: Any, mu: Any, var: Any, eps: float) -> dict[str, np.ndarray]:
    slope = gamma / np.sqrt(var + eps)
    rows = np.ones((len(x), 1))
    return {"x": slope * x, "mu": -slope * mu * rows, "shift": beta * rows}


def _forward_terms(probe: Probe) -> Terms:
    x, gamma, beta, eps = probe.given
    x = x.astype(np.float64)
    return {"y": _output_terms(x, gamma, beta, x.mean(axis=0), x.var(axis=0), eps)}


def _inference_terms(probe: Probe) -> Terms:
    return {"y": _output_terms(*probe.given)}


def _backward_terms(probe: Probe) -> Terms:
    dy, v = probe.given
    assert isinstance(v, StagedValues)
    slope, rows = v.gamma * v.inv_std, np.ones((len(dy), 1))
    dx = {
        "direct": slope * dy,
        "mean": -slope * dy.mean(axis=0) * rows,
        "variance": -slope * v.x_hat * (dy * v.x_hat).mean(axis=0),
    }
    return {"dx": dx, "dgamma": {"dgamma": (dy * v.x_hat).sum(axis=0)}, "dbeta": {"dbeta": dy.sum(axis=0)}}


def _running_terms(probe: Probe) -> Terms:
    mean, var, x, weight = probe.given
    return {
        "mean": {"old": (1 - weight) * mean, "new": weight * x.mean(axis=0)},
        "var": {"old": (1 - weight) * var, "new": weight * x.var(axis=0, ddof=1)},
    }


_INPUTS = ("x", "gamma", "beta")
_STATS = ("mean", "var")
_CHANGED = (("contract.input-changed", "forward.in-place"),)

EXERCISES: dict[str, Exercise] = {
    row.name: row
    for row in (
        Exercise(
            "batchnorm_forward", "forward", "transform", (*_INPUTS, "eps"), ("y",), keyword_last(3, "eps"),
            _forward_terms, compositions.forward, variants=variants.FORWARD, promote=_CHANGED,
        ),
        Exercise(
            "batchnorm_backward", "backward", "staged-backward", ("dy", "cache"), ("dx", "dgamma", "dbeta"),
            terms=_backward_terms, pairs=compositions.backward,
        ),
        Exercise(
            "batchnorm_backward_alt", "backward", "simplified-backward", ("dy", "cache"),
            ("dx", "dgamma", "dbeta"), terms=_backward_terms, pairs=compositions.backward,
        ),
        Exercise(
            "running_stats", "running", "train-and-inference", (*_STATS, "x", "new_weight"), _STATS,
            _update, _running_terms, compositions.running, class_form="running_stats_class",
        ),
        Exercise(
            "running_stats_class", "running", "train-and-inference", ("x", "later", "new_weight"),
            ("mean", "var", "later_mean", "later_var"), _two_updates, takes_class=True,
            pairs=lambda: compositions.running_twice(_two_updates),
        ),
        Exercise(
            "inference", "inference", "train-and-inference", (*_INPUTS, *_STATS, "eps"), ("y",),
            _use, _inference_terms, compositions.inference,
        ),
        Exercise(
            "batchnorm_layer", "modes", "train-and-inference",
            (*_INPUTS, *_STATS, "new_weight", "eps", "training"), ("y", *_STATS),
            _layer, relatives=lambda: {code: _layer(fn) for code, fn in compositions.layer_parts().items()},
            variants=variants.MODES, handed_on=_STATS,
        ),
        *NETWORK_ROWS,
        *STRUCTURE_ROWS,
    )
}  # fmt: skip


def exercise(name: str) -> Exercise:
    """The row of this name. Raises StateError when there is none.

    >>> exercise("inference").chapter
    'train-and-inference'
    """
    if name not in EXERCISES:
        raise StateError(
            f"the exercise is one of {', '.join(_functions())}",
            got=repr(name),
            hint=f'"{next(iter(EXERCISES))}"',
        )
    return EXERCISES[name]


def _functions() -> Iterator[str]:
    return (name for name, row in EXERCISES.items() if not row.takes_class)
