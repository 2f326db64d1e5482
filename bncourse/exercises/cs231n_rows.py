"""What CS231n asks of batch norm, as rows of the checker. Chapter: train-and-inference.

Its convention is another one: momentum is the weight of the old value, the running variance is biased,
running statistics start at zero and live in the dictionary `bn_param`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import wraps
from typing import Any

import numpy as np

from bncourse.exercises.probes import Probe
from bncourse.exercises.specs import Exercise, exercise

__all__ = ["Row", "forward_parts", "in_training", "modes_row", "row_like", "running_row", "with_values"]

Function = Callable[..., Any]


@dataclass(frozen=True)
class Row(Exercise):
    """An exercise with its own right function and its own twins by code; floating-point probes only.

    >>> [probe.kind for probe in running_row().probes(np.random.default_rng(0))]
    ['', '', '', '', 'from zero']
    """

    right_fn: Function | None = None
    twin_fns: Mapping[str, Function] | None = None
    more_probes: tuple[Probe, ...] = field(default=())

    def right(self) -> Function:
        """The right function of this convention."""
        return self.right_fn or super().right()

    def twins(self) -> dict[str, Function]:
        """The wrong ones of this convention."""
        return super().twins() if self.twin_fns is None else dict(self.twin_fns)

    def probes(self, rng: np.random.Generator) -> list[Probe]:
        """Those of the exercise, without whole numbers, and further ones."""
        found = super().probes(rng)
        return [probe for probe in found if probe.kind != "integers"] + [*self.more_probes]

    def examples(self) -> list[Probe]:
        """Those of the exercise that hold floating-point numbers."""
        return [probe for probe in super().examples() if not any(map(_whole, probe.given))]


def _whole(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "i"


def row_like(row: Exercise, kind: type[Row] = Row, **changes: Any) -> Row:
    """The row of an exercise as one of CS231n, with these changes.

    >>> row_like(exercise("batchnorm_forward")).outputs
    ('y',)
    """
    return kind(**{one.name: getattr(row, one.name) for one in fields(row)} | changes)


def _like(name: str, **changes: Any) -> Row:
    return row_like(exercise(name), **changes)


def _mixed(weight: float, mean: Any, var: Any, batch_mean: Any, batch_var: Any) -> tuple[Any, Any]:
    return (1 - weight) * mean + weight * batch_mean, (1 - weight) * var + weight * batch_var


def _update(mean: Any, var: Any, x: Any, weight: float) -> tuple[Any, Any]:
    return _mixed(weight, mean, var, x.mean(axis=0), x.var(axis=0))


_RUNNING: dict[str, Function] = {
    "running.weight-inverted": lambda m, v, x, w: _update(m, v, x, 1 - w),
    "forward.bessel": lambda m, v, x, w: _mixed(w, m, v, x.mean(axis=0), x.var(axis=0, ddof=1)),
    "running.std-stored": lambda m, v, x, w: _mixed(w, m, v, x.mean(axis=0), x.std(axis=0)),
    "running.eps-stored": lambda m, v, x, w: _mixed(w, m, v, x.mean(axis=0), x.var(axis=0) + 1e-5),
    "running.mean-for-var": lambda m, v, x, w: _mixed(w, m, v, x.mean(axis=0), x.mean(axis=0)),
    "running.overwritten": lambda m, v, x, w: (x.mean(axis=0), x.var(axis=0)),
    "running.never-updated": lambda m, v, x, w: (m, v),
    "running.mean-never-updated": lambda m, v, x, w: (m, _update(m, v, x, w)[1]),
    "running.var-never-updated": lambda m, v, x, w: (_update(m, v, x, w)[0], v),
    "running.no-decay": lambda m, v, x, w: (m + w * x.mean(axis=0), v + w * x.var(axis=0)),
}


def _running_terms(probe: Probe) -> dict[str, dict[str, np.ndarray]]:
    mean, var, x, weight = probe.given
    return {
        "mean": {"old": (1 - weight) * mean, "new": weight * x.mean(axis=0)},
        "var": {"old": (1 - weight) * var, "new": weight * x.var(axis=0)},
    }


def running_row() -> Row:
    """One update of the running statistics; on one probe there are none yet.

    >>> len(running_row().twins())
    10
    """
    x = np.array([[1.0, 2.0, 4.0], [2.0, 6.0, 3.0], [6.0, 7.0, 1.0]])
    start = Probe((np.zeros(3), np.zeros(3), x, 0.3), kind="from zero")
    return _like(
        "running_stats", right_fn=_update, twin_fns=_RUNNING, terms=_running_terms, pairs=dict,
        adapt=lambda fn: fn, more_probes=(start,),
    )  # fmt: skip


def _layer(train: str = "batch", use: str = "before", updates: tuple[bool, ...] = (True,)) -> Function:
    """A layer that normalises with the batch, or with running statistics of before or after its update."""

    def called(*args: Any) -> tuple[Any, Any, Any]:
        x, gamma, beta, mean, var, weight, eps, training = args
        later = _update(mean, var, x, weight)
        stats = {"batch": (x.mean(axis=0), x.var(axis=0)), "before": (mean, var), "after": later}
        mu, spread = stats[train if training else use]
        y = gamma * (x - mu) / np.sqrt(spread + eps) + beta
        return y, *(later if training in updates else (mean, var))

    return called


_MODES: dict[str, Function] = {
    "modes.running-in-training": _layer(train="after"),
    "modes.running-in-training-before": _layer(train="before"),
    "modes.batch-in-eval": _layer(use="batch"),
    "modes.updates-in-eval": _layer(updates=(True, False)),
    "modes.always-training": _layer(use="batch", updates=(True, False)),
}


def modes_row() -> Row:
    """Both modes together: which statistics are used, and when they are updated.

    >>> len(modes_row().twins())
    5
    """
    used_after = ("modes.updates-in-eval", _layer(use="after", updates=(True, False)))
    return _like(
        "batchnorm_layer", right_fn=_layer(), twin_fns=_MODES, adapt=lambda fn: fn, relatives=dict,
        variants=(used_after,),
    )  # fmt: skip


def in_training(eps: float, D: int) -> dict[str, Any]:
    """The dictionary of a training call, with statistics that no batch has.

    >>> in_training(0.5, 1)["mode"]
    'train'
    """
    return _param("train", eps, 0.8, np.linspace(-2, 2, D), np.linspace(0.5, 3, D))


def _param(mode: str, eps: float, momentum: float, mean: Any, var: Any) -> dict[str, Any]:
    stats = {"running_mean": np.array(mean), "running_var": np.array(var)}
    return {"mode": mode, "eps": eps, "momentum": momentum} | (stats if np.any(mean) or np.any(var) else {})


def forward_parts(fn: Function) -> list[tuple[Row, Function]]:
    """The rows a CS231n forward is judged by, each with `fn` as that row's function.

    >>> [row.name for row, _ in forward_parts(lambda x, gamma, beta, bn_param: (x, None))]
    ['batchnorm_forward', 'inference', 'running_stats', 'batchnorm_layer']
    """

    def train(x: Any, gamma: Any, beta: Any, eps: float) -> Any:
        return fn(x, gamma, beta, in_training(eps, x.shape[1]))

    def use(x: Any, gamma: Any, beta: Any, mean: Any, var: Any, eps: float) -> Any:
        return fn(x, gamma, beta, _param("test", eps, 0.9, mean, var))

    def update(mean: Any, var: Any, x: Any, new_weight: float) -> Any:
        param = _param("train", 1e-5, 1 - new_weight, mean, var)
        fn(x, np.linspace(0.5, 2, x.shape[1]), np.linspace(-1, 1, x.shape[1]), param)
        return param.get("running_mean"), param.get("running_var")

    def layer(*args: Any) -> Any:
        x, gamma, beta, mean, var, new_weight, eps, training = args
        param = _param("train" if training else "test", eps, 1 - new_weight, mean, var)
        out = fn(x, gamma, beta, param)
        return out[0] if isinstance(out, tuple) else out, param.get("running_mean"), param.get("running_var")

    parts: tuple[Function, ...] = (train, use, update, layer)
    rows = (_like("batchnorm_forward"), _like("inference"), running_row(), modes_row())
    return [(row, wraps(fn)(part)) for row, part in zip(rows, parts, strict=True)]


def with_values(row: Exercise, values: Callable[[Any], Any]) -> Row:
    """The backward row, with the right function and the twins computed from other values.

    >>> with_values(exercise("batchnorm_backward"), lambda v: v).outputs
    ('dx', 'dgamma', 'dbeta')
    """

    def moved(fn: Function) -> Function:
        return lambda dy, v: fn(dy, values(v))

    def terms(probe: Probe) -> Any:
        assert row.terms is not None
        return row.terms(replace(probe, given=(probe.given[0], values(probe.given[1]))))

    twins = {code: moved(fn) for code, fn in row.twins().items()}
    variants = tuple((code, moved(row.adapt(fn))) for code, fn in row.variants)
    kind = type(row) if isinstance(row, Row) else Row
    return row_like(
        row, kind, right_fn=moved(row.right()), twin_fns=twins, terms=terms, pairs=dict, variants=variants
    )
