"""What CS231n asks of images and of the other norms, as rows of the checker.

Chapters: convolutions, small-batches.

    layernorm_forward(x, gamma, beta, ln_param)             gamma, beta (D,)
    spatial_batchnorm_forward(x, gamma, beta, bn_param)     gamma, beta (C,), statistics as in batch norm
    spatial_groupnorm_forward(x, gamma, beta, G, gn_param)  gamma, beta, dgamma, dbeta (1, C, 1, 1)

A backward's probe holds NormValues: what its forward is called with, and what a cache may hold of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import wraps
from typing import Any

import numpy as np

from bncourse.exercises.cs231n_rows import Row, forward_parts, in_training, row_like
from bncourse.exercises.probes import Probe
from bncourse.exercises.specs import exercise
from bncourse.reference.channels import SHARED, NormCache, channel_forward

__all__ = [
    "NormValues", "backward_row", "group_parts", "layer_parts", "norm_values", "shared_mean", "spatial_parts",
]  # fmt: skip

Function = Callable[..., Any]
Parts = list[tuple[Row, Function]]


def shared_mean(z: Any, norm: str, groups: int = 1) -> Any:
    """The mean over the axes that a norm shares, beside z (N, C, *spatial), so that it broadcasts.

    >>> shared_mean(np.array([[1.0, 3.0, 5.0, 9.0]]), "group", 2)
    array([[2., 2., 7., 7.]])
    """
    blocks = z.reshape(len(z), groups, z.shape[1] // groups, -1)
    means = blocks.mean(axis=SHARED[norm], keepdims=True)
    if groups > 1:
        means = means.repeat(z.shape[1] // groups, axis=2)
    return means.reshape(len(means), -1, *[1] * (z.ndim - 2))


@dataclass(frozen=True, eq=False)
class NormValues(NormCache):
    """A cache of `bncourse.reference.channels`, and all values that a learner's cache may hold.

    mu, var and std lie beside x, as inv_std does.

    >>> norm_values("layer", np.array([[1.0, 3.0]]), np.ones(2), np.zeros(2), eps=3.0).std
    array([[2.]])
    """

    x: Any = None
    mu: Any = None
    xc: Any = None
    sq: Any = None
    var: Any = None
    std: Any = None
    scaled: Any = None
    beta: Any = None
    y: Any = None
    eps: float = 0.0


def norm_values(norm: str, x: Any, gamma: Any, beta: Any, groups: int = 1, *, eps: float) -> NormValues:
    """The values of a forward pass of this norm.

    >>> norm_values("batch", np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), eps=3.0).x_hat.ravel()
    array([-0.5,  0.5])
    """
    y, cache = channel_forward(norm, x, gamma, beta, groups=groups, eps=eps)
    kept = {one.name: getattr(cache, one.name) for one in fields(cache)}
    mu = shared_mean(x, norm, groups)
    var = shared_mean((x - mu) ** 2, norm, groups)
    scaled = cache.x_hat * gamma.reshape(-1, *[1] * (x.ndim - 2))
    return NormValues(
        **kept, x=x, mu=mu, xc=x - mu, sq=(x - mu) ** 2, var=var, std=1 / cache.inv_std, scaled=scaled,
        beta=beta, y=y, eps=eps,
    )  # fmt: skip


@dataclass(frozen=True)
class _Backward(Row):
    """A backward row whose cache is a NormValues."""

    norm: str = ""

    def probes(self, rng: np.random.Generator) -> list[Probe]:
        """The forward's inputs as values; dy with a mean that is not zero."""
        forward = exercise(self.name.replace("backward", "forward"))
        probes = [probe for probe in forward.probes(rng) if probe.kind not in ("float32", "integers")]
        return [
            Probe((rng.normal(1, 1, probe.given[0].shape), self._values(probe)), kind=probe.kind)
            for probe in probes
        ]

    def examples(self) -> list[Probe]:
        """The fixed ones of the exercise."""
        forward = exercise(self.name.replace("backward", "forward")).examples()
        pairs = zip(exercise(self.name).examples(), forward, strict=True)
        return [Probe((back.given[0], self._values(probe)), kind=probe.kind) for back, probe in pairs]

    def _values(self, probe: Probe) -> NormValues:
        *given, eps = probe.given
        return norm_values(self.norm, *given, eps=eps)


def backward_row(name: str, norm: str) -> Row:
    """The row of a backward pass; group norm's dgamma and dbeta are (1, C, 1, 1) here.

    >>> row = backward_row("groupnorm_backward", "group")
    >>> row.right()(*row.probes(np.random.default_rng(0))[1].given)[1].shape
    (1, 8, 1, 1)
    """
    row = exercise(name)
    if norm != "group":
        return row_like(row, _Backward, norm=norm)

    def terms(probe: Probe) -> Any:
        assert row.terms is not None
        dx, *rows = row.terms(probe).items()
        return dict([dx]) | {
            name: {term: _wide(value) for term, value in found.items()} for name, found in rows
        }

    def pairs() -> Mapping[tuple[str, str], Function]:
        return {codes: _with_wide_rows(fn) for codes, fn in row.pairs().items()}

    return row_like(row, _Backward, norm=norm, adapt=_with_wide_rows, terms=terms, pairs=pairs)


def _wide(row: Any) -> Any:
    return np.reshape(row, (1, -1, 1, 1))


def _with_wide_rows(fn: Function) -> Function:
    def called(dy: Any, values: Any) -> Any:
        dx, dgamma, dbeta = fn(dy, values)
        return dx, _wide(dgamma), _wide(dbeta)

    return called


def layer_parts(fn: Function) -> Parts:
    """The row a CS231n layer norm is judged by, with `fn` as its function.

    >>> [row.name for row, _ in layer_parts(lambda x, gamma, beta, ln_param: (x, None))]
    ['layernorm_forward']
    """

    def called(x: Any, gamma: Any, beta: Any, eps: float) -> Any:
        return fn(x, gamma, beta, {"eps": eps})

    return [(row_like(exercise("layernorm_forward")), wraps(fn)(called))]


def group_parts(fn: Function) -> Parts:
    """The row a CS231n group norm is judged by, with `fn` as its function.

    >>> [row.name for row, _ in group_parts(lambda x, gamma, beta, G, gn_param: (x, None))]
    ['groupnorm_forward']
    """

    def called(x: Any, gamma: Any, beta: Any, groups: int, eps: float) -> Any:
        return fn(x, _wide(gamma), _wide(beta), groups, {"eps": eps})

    return [(row_like(exercise("groupnorm_forward")), wraps(fn)(called))]


def spatial_parts(fn: Function) -> Parts:
    """The rows a CS231n batch norm of images is judged by: but for the first, tables whose rows are pixels.

    >>> [row.name for row, _ in spatial_parts(lambda x, gamma, beta, bn_param: (x, None))]
    ['spatial_batchnorm_forward', 'inference', 'running_stats', 'batchnorm_layer']
    """

    def train(x: Any, gamma: Any, beta: Any, eps: float) -> Any:
        return fn(x, gamma, beta, in_training(eps, x.shape[1]))

    def on_a_table(x: Any, gamma: Any, beta: Any, bn_param: dict[str, Any]) -> Any:
        shape = _shape_of_statistics(fn)
        for name in _STATISTICS & bn_param.keys():
            bn_param[name] = bn_param[name].reshape(shape)
        images = _as_images(x)
        made = fn(images, gamma, beta, bn_param)
        for name in _STATISTICS & bn_param.keys():
            if np.ndim(bn_param[name]) == len(shape) and np.size(bn_param[name]) == x.shape[1]:
                bn_param[name] = np.ravel(bn_param[name])
        y, rest = (made[0], made[1:]) if isinstance(made, tuple) and made else (made, ())
        return (_as_table(y), *rest) if np.shape(y) == images.shape else made

    row = row_like(exercise("spatial_batchnorm_forward"))
    return [(row, wraps(fn)(train)), *forward_parts(wraps(fn)(on_a_table))[1:]]


_STATISTICS = {"running_mean", "running_var"}


def _shape_of_statistics(fn: Function) -> tuple[int, ...]:
    """(C,) as CS231n says; (1, C, 1, 1) where a learner starts so from nothing, which is right as well."""
    param: dict[str, Any] = {"mode": "train"}
    try:
        fn(np.arange(24.0).reshape(2, 3, 2, 2) ** 2, np.ones(3), np.zeros(3), param)
    except Exception:
        return (-1,)
    found: tuple[int, ...] = np.asarray(param.get("running_mean")).shape
    return tuple(-1 if size == 3 else 1 for size in found) if np.prod(found) == 3 else (-1,)


def _as_images(x: Any) -> Any:
    """A table (N, C) as images whose pixels are its rows: two maps or three where N can be divided."""
    N, C = x.shape
    n = next((n for n in (2, 3) if N % n == 0), N)
    height, width = (N // n, 1) if N < 7 else (1, N // n)
    return np.ascontiguousarray(x.reshape(n, height, width, C).transpose(0, 3, 1, 2))


def _as_table(images: Any) -> Any:
    images = np.asarray(images)
    return images.transpose(0, 2, 3, 1).reshape(-1, images.shape[1])
