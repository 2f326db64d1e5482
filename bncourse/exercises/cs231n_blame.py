"""Whose fault is it: a backward pass judged on the cache of its own forward. Chapter: gradient-checking.

A backward that fails is right by itself when it is the derivative of its forward as that stands, or the
right formula on the values its forward made, or right once a value in the cache is what it should be.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import wraps
from itertools import product
from typing import Any

import numpy as np

from bncourse.exercises.contract import copied, distance
from bncourse.exercises.cs231n_rows import in_training, with_values
from bncourse.exercises.judging import judge
from bncourse.exercises.sandbox import call
from bncourse.exercises.specs import exercise
from bncourse.exercises.verdict import Verdict
from bncourse.gradients import numerical_gradient
from bncourse.reference.staged import StagedValues

__all__ = ["Chain", "judge_backward"]

Function = Callable[..., Any]
_MOST = 5  # values of a cache that may all be other than they should


@dataclass(frozen=True)
class Chain:
    """A learner's forward and backward, called one after the other.

    >>> chain = Chain(lambda x, gamma, beta, bn_param: (2 * x, x), lambda dout, cache: cache)
    >>> chain.y(np.ones((2, 1)), np.ones(1), np.zeros(1), 0.5).ravel()
    array([2., 2.])
    """

    forward: Function
    backward: Function

    def made(self, x: Any, gamma: Any, beta: Any, eps: float) -> tuple[Any, Any]:
        """Output and cache of the forward pass."""
        out, cache = self.forward(*copied((x, gamma, beta)), in_training(eps, np.shape(x)[-1]))
        return out, cache

    def y(self, x: Any, gamma: Any, beta: Any, eps: float) -> Any:
        """The output alone."""
        return self.made(x, gamma, beta, eps)[0]

    def __call__(self, dy: Any, v: StagedValues) -> Any:
        """The gradients, with the cache of this forward."""
        return self.backward(dy, self.made(v.x, v.gamma, v.beta, v.eps)[1])


def judge_backward(forward: Function, backward: Function, trained: Verdict, *, limit: float) -> Verdict:
    """The verdict on `backward`; `trained` is that on the output of `forward` in training.

    `inherited_from` is set where the backward is right and what it was given is not.

    >>> right = Verdict("batchnorm_forward", "pass")
    >>> judge_backward(lambda x, g, b, p: (x, None), lambda dout, cache: None, right, limit=5.0).code
    'call.not-attempted'
    """
    row, chain = exercise("batchnorm_backward"), Chain(forward, backward)
    found = judge(row, wraps(backward)(lambda dy, v: chain(dy, v)), limit=limit)
    if found or found.status in ("not_attempted", "timeout"):
        return found
    inherited = replace(Verdict(row.name, "pass"), inherited_from=trained.check)
    probes = row.probes(np.random.default_rng(0))
    if not trained:
        if all(_is_derivative(chain, probe.given, limit) for probe in probes[:2]):
            return inherited
        on_its_values = _on_values_of_its_forward(chain, limit)
        if on_its_values:
            return inherited
        if on_its_values.evidence == "exact":
            return on_its_values
    if _mended(chain, [probe.given for probe in probes], bool(trained), limit):
        return inherited
    return found


def _is_derivative(chain: Chain, given: tuple[Any, ...], limit: float) -> bool:
    """Is the backward the derivative of its own forward, whatever that computes?"""
    dy, v = given

    def both() -> list[tuple[Any, Any]]:
        # a step that suits every column: narrow ones are stretched to width 1 first
        width = v.x.std(axis=0)
        numerical = [
            numerical_gradient(lambda z: chain.y(z * width, v.gamma, v.beta, v.eps), v.x / width, dy) / width,
            numerical_gradient(lambda gamma: chain.y(v.x, gamma, v.beta, v.eps), v.gamma, dy),
            numerical_gradient(lambda beta: chain.y(v.x, v.gamma, beta, v.eps), v.beta, dy),
        ]
        return list(zip(chain(copied(dy), v), numerical, strict=True))

    outcome = call(both, limit=limit)
    return outcome.problem is None and _all_near(outcome.value, 1e-4)


def _all_near(pairs: Any, limit: float) -> bool:
    try:
        return all(np.shape(a) == np.shape(b) and distance(a, b) < limit for a, b in pairs)
    except (TypeError, ValueError):
        return False


def _on_values_of_its_forward(chain: Chain, limit: float) -> Verdict:
    """Judge the backward as a formula on the mean and the width that its forward used."""
    kept: dict[bytes, StagedValues] = {}

    def values(v: StagedValues) -> StagedValues:
        key = v.x.tobytes() + np.float64(v.eps).tobytes()
        if key not in kept:
            outcome = call(chain.y, (v.x, v.gamma, v.beta, v.eps), limit=limit)
            found = _as_used(outcome.value, v) if outcome.problem is None else None
            kept[key] = found or v
        return kept[key]

    row = with_values(exercise("batchnorm_backward"), values)
    return judge(row, wraps(chain.backward)(lambda dy, v: chain(dy, v)), limit=limit)


def _as_used(y: Any, v: StagedValues) -> StagedValues | None:
    """The values of a forward that is (x − mean) / width · gamma + beta, for some mean and width a column."""
    if np.shape(y) != v.x.shape:
        return None
    x_hat = (np.asarray(y, dtype=np.float64) - v.beta) / v.gamma
    slope = ((x_hat - x_hat.mean(axis=0)) * v.xc).mean(axis=0) / v.var
    if not np.isfinite(slope).all() or not slope.all():
        return None
    mu = v.mu - x_hat.mean(axis=0) / slope
    xc, std = v.x - mu, 1 / slope
    if distance(xc * slope, x_hat) > 1e-6:
        return None
    return replace(
        v, mu=mu, mu_rows=np.broadcast_to(mu, v.x.shape).copy(), xc=xc, sq=xc**2, var=std**2 - v.eps, std=std,
        inv_std=slope, inv_std_rows=np.broadcast_to(slope, v.x.shape).copy(), x_hat=x_hat,
        scaled=v.gamma * x_hat, y=np.asarray(y, dtype=np.float64),
    )  # fmt: skip


def _mended(chain: Chain, given: list[tuple[Any, StagedValues]], right_output: bool, limit: float) -> bool:
    """Does the backward become right when the strange values of its cache are replaced by right ones?

    After a forward that is wrong, a value may be strange in its place only: one such is tried as well.
    """

    def search() -> bool:
        v = given[0][1]
        cache = chain.made(v.x, v.gamma, v.beta, v.eps)[1]
        paths = {path: _known(value, v) for path, value in _leaves(cache)}
        strange = [path for path, known in paths.items() if not known]
        others = [] if right_output else [path for path, known in paths.items() if known]
        tries = [strange, *([*strange, other] for other in others)]
        return any(_mended_at(chain, given, cache, places) for places in tries if 0 < len(places) <= _MOST)

    outcome = call(search, limit=limit)
    return outcome.problem is None and bool(outcome.value)


def _mended_at(
    chain: Chain, given: list[tuple[Any, StagedValues]], cache: Any, places: list[tuple[Any, ...]]
) -> bool:
    meant = list(_meant(given[0][1]))
    fitting = [[name for name, one in meant if _fits(_at(cache, place), one)] for place in places]
    return any(
        all(_right_with(chain, dict(zip(places, names, strict=True)), *one) for one in given)
        for names in product(*fitting)
    )


def _right_with(chain: Chain, meant: dict[tuple[Any, ...], str], dy: Any, v: StagedValues) -> bool:
    cache = chain.made(v.x, v.gamma, v.beta, v.eps)[1]
    right = dict(_meant(v))
    for path, name in meant.items():
        like = np.shape(_at(cache, path))
        value = right[name]
        cache = _with(cache, path, value[None] if like == (1, *value.shape) else value)
    try:
        found = chain.backward(copied(dy), cache)
    except Exception:
        return False
    return _all_near(zip(found, exercise("batchnorm_backward").right()(dy, v), strict=False), 1e-6)


def _meant(v: StagedValues) -> Iterator[tuple[str, np.ndarray]]:
    """What a cache may hold, by name."""
    for name in ("x_hat", "xc", "x", "sq", "y", "scaled", "std", "inv_std", "var", "mu", "gamma", "beta"):
        yield name, np.array(getattr(v, name))
    yield "var + eps", v.var + v.eps
    yield "eps", np.array(v.eps)


def _known(value: Any, v: StagedValues) -> bool:
    """Is this one of the right values, in any shape, or nothing that a slip could be in?"""
    array = np.asarray(value)
    if array.dtype.kind != "f" or array.size == 0:
        return True
    right = [one for _, one in _meant(v)]
    right += [v.gamma * v.inv_std, v.inv_std**3, -v.xc, v.inv_std_rows]
    return any(one.size == array.size and _near(array, one) for one in right)


def _near(one: np.ndarray, other: np.ndarray) -> bool:
    return distance(one.ravel(), other.ravel()) < 1e-6


def _fits(value: Any, right: np.ndarray) -> bool:
    """Both a table, both a row, or both a number."""
    return bool(min(np.squeeze(value).ndim, 2) == right.ndim)


_STATE = ("running_mean", "running_var", "momentum")


def _leaves(cache: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(cache, dict):
        parts = [(key, value) for key, value in cache.items() if key not in _STATE]
    elif isinstance(cache, tuple | list):
        parts = list(enumerate(cache))
    else:
        if isinstance(cache, np.ndarray | float):
            yield path, cache
        return
    for key, value in parts:
        yield from _leaves(value, (*path, key))


def _at(cache: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        cache = cache[key]
    return cache


def _with(cache: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    key, rest = path[0], path[1:]
    if isinstance(cache, dict):
        return {**cache, key: _with(cache[key], rest, value)}
    parts = list(cache)
    parts[key] = _with(parts[key], rest, value)
    return type(cache)(parts)
