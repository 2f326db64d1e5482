"""One row an exercise: what the checker must know about it, and nothing else. Chapter: gradient-checking.

A further exercise is one row here, and its probes and examples in `probes`. Every function below, twin
or right, is called as a learner's function is: with the exercise's own arguments, in order.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from bncourse import mistakes
from bncourse.errors import StateError
from bncourse.exercises import compositions, variants
from bncourse.exercises.probes import EXAMPLES, PROBES, Probe
from bncourse.reference.running import RunningStats
from bncourse.reference.staged import StagedValues

__all__ = ["EXERCISES", "Exercise", "exercise"]

Function = Callable[..., Any]
Terms = dict[str, dict[str, np.ndarray]]  # output -> term -> its right value


@dataclass(frozen=True)
class Exercise:
    """An exercise as the checker sees it.

    `parameters` and `outputs` are the names in the order of the learner's function. `adapt` turns a
    function of `bncourse.mistakes` (subject `subject`) into one with the learner's arguments. `terms`
    gives the parts whose sum each output is, for coefficients. `pairs` gives two slips in one
    function, where adding their differences is not enough. `relatives` are twins of other subjects,
    `variants` other ways to the same mistake. `promote` turns a code of the contract
    into that of a twin. `class_form` is the row that judges a class instead of a function.

    >>> exercise("batchnorm_backward").outputs
    ('dx', 'dgamma', 'dbeta')
    """

    name: str
    subject: str
    chapter: str
    parameters: tuple[str, ...]
    outputs: tuple[str, ...]
    adapt: Callable[[Function], Function] = lambda fn: fn
    terms: Callable[[Probe], Terms] | None = None
    pairs: Callable[[], Mapping[tuple[str, str], Function]] = dict
    relatives: Callable[[], Mapping[str, Function]] = dict
    variants: tuple[tuple[str, Function], ...] = ()
    promote: tuple[tuple[str, str], ...] = ()
    class_form: str | None = None
    takes_class: bool = False

    def right(self) -> Function:
        """The right function, called as a learner's.

        >>> y = exercise("batchnorm_forward").right()(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), 3.0)
        >>> y.ravel()
        array([-0.5,  0.5])
        """
        return self.adapt(mistakes.right(self.subject))

    def twins(self) -> dict[str, Function]:
        """Every wrong twin by its code, called as a learner's.

        >>> len(exercise("inference").twins())
        6
        """
        own = {mistake.code: self.adapt(mistake.fn) for mistake in mistakes.of(self.subject)}
        return {**own, **self.relatives()}

    def probes(self, rng: np.random.Generator) -> list[Probe]:
        """New inputs that decide.

        >>> len(exercise("inference").probes(np.random.default_rng(0)))
        5
        """
        return PROBES[self.name](rng)

    def examples(self) -> list[Probe]:
        """Fixed inputs that show.

        >>> exercise("inference").examples()[0].given[0].shape
        (3, 1)
        """
        return EXAMPLES[self.name]


def _keyword_eps(fn: Function) -> Function:
    def called(*args: Any, eps: float = 1e-5) -> Any:
        *arrays, eps = args if len(args) == 4 else (*args, eps)
        return fn(*arrays, eps=eps)

    return called


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
            "batchnorm_forward", "forward", "transform", (*_INPUTS, "eps"), ("y",), _keyword_eps,
            _forward_terms, compositions.forward, variants=variants.FORWARD, promote=_CHANGED,
        ),
        Exercise(
            "batchnorm_backward", "backward", "staged-backward", ("dy", "cache"), ("dx", "dgamma", "dbeta"),
            terms=_backward_terms, pairs=compositions.backward,
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
            variants=variants.MODES,
        ),
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
