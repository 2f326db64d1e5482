"""Whose fault is it: a backward pass judged on the cache of its own forward. Chapter: gradient-checking.

A backward that fails is right by itself when it is the derivative of its forward as that stands, or the
right formula on the values its forward made, or right once a value in the cache is what it should be.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any

import numpy as np

from bncourse.exercises.contract import copied, distance
from bncourse.exercises.cs231n_cache import Mending, agree
from bncourse.exercises.cs231n_families import Family
from bncourse.exercises.cs231n_norms import shared_mean
from bncourse.exercises.cs231n_rows import with_values
from bncourse.exercises.judging import judge
from bncourse.exercises.sandbox import call
from bncourse.exercises.verdict import Verdict
from bncourse.gradients import numerical_gradient
from bncourse.reference.staged import StagedValues

__all__ = ["Chain", "blamed"]

Function = Callable[..., Any]


@dataclass(frozen=True)
class Chain:
    """A learner's forward and backward of one family, called one after the other.

    >>> from bncourse.exercises.cs231n_families import family_of
    >>> from bncourse.reference.staged import staged_forward
    >>> forward = lambda x, gamma, beta, bn_param: (2 * x, x)
    >>> chain = Chain(family_of("batchnorm_forward"), forward, lambda dout, cache: cache)
    >>> chain.y(staged_forward(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1))[1]).ravel()
    array([2., 6.])
    """

    family: Family
    forward: Function
    backward: Function

    def y(self, v: Any) -> Any:
        """The output of the forward pass for the inputs of these values."""
        return self.family.run(self.forward, v)[0]

    def cache(self, v: Any) -> Any:
        """Its cache."""
        return self.family.run(self.forward, v)[1]

    def __call__(self, dy: Any, v: Any) -> Any:
        """The gradients, with the cache of this forward."""
        return self.backward(dy, self.cache(v))

    def always_has_cache(self, limit: float) -> bool:
        """Does the forward give a cache for every probe of its backward?"""
        probes = self.family.row().probes(np.random.default_rng(0))
        return all(call(self.cache, probe.given[1:], limit=limit).problem is None for probe in probes)

    def verdict(self, limit: float) -> Verdict:
        """The backward as it stands, on the cache of this forward."""
        return judge(self.family.row(), wraps(self.backward)(lambda dy, v: self(dy, v)), limit=limit)


def blamed(chain: Chain, found: Verdict, trained: Verdict, *, limit: float) -> Verdict:
    """The verdict on a backward that failed with `found`; `trained` is that on the output of its forward.

    `inherited_from` is set, to what `trained` is about, where the backward is right and what it got is not.

    >>> from bncourse.exercises.cs231n_families import family_of
    >>> chain = Chain(family_of("layernorm_forward"), lambda x, g, b, p: (x, g), lambda dout, gamma: 1)
    >>> trained = Verdict("layernorm_forward", "pass")
    >>> blamed(chain, Verdict("layernorm_backward", "fail", "unknown"), trained, limit=5.0)
    <layernorm_backward: fail, unknown>
    """
    inherited = replace(Verdict(found.check, "pass"), inherited_from=trained.check)
    row = chain.family.row()
    given = [(dy, v) for dy, v in (probe.given for probe in row.probes(np.random.default_rng(0)))]
    if not trained:
        if all(_is_derivative(chain, dy, v, limit) for dy, v in given[:2]):
            return inherited
        on_its_values = _on_values_of_its_forward(chain, limit)
        if on_its_values:
            return inherited
        if on_its_values.evidence == "exact":
            return on_its_values
    mending = Mending(chain.backward, chain.cache, row.right(), given)
    outcome = call(mending.works, kwargs={"others": not trained}, limit=limit)
    return inherited if outcome.problem is None and outcome.value else found


def _is_derivative(chain: Chain, dy: Any, v: Any, limit: float) -> bool:
    """Is the backward the derivative of its own forward, whatever that computes?"""

    def both() -> list[tuple[Any, Any]]:
        # a step that suits every mean: what is narrow is stretched to width 1 first
        width = np.sqrt(v.var)
        numerical = [
            numerical_gradient(lambda z: chain.y(replace(v, x=z * width)), v.x / width, dy) / width,
            numerical_gradient(lambda gamma: chain.y(replace(v, gamma=gamma)), v.gamma, dy),
            numerical_gradient(lambda beta: chain.y(replace(v, beta=beta)), v.beta, dy),
        ]
        right = chain.family.row().right()(dy, v)
        shaped = [np.reshape(one, np.shape(its)) for one, its in zip(numerical, right, strict=True)]
        return list(zip(chain(copied(dy), v), shaped, strict=True))

    outcome = call(both, limit=limit)
    return outcome.problem is None and agree(outcome.value, 1e-4)


def _on_values_of_its_forward(chain: Chain, limit: float) -> Verdict:
    """Judge the backward as a formula on the mean and the width that its forward used."""
    kept: dict[tuple[Any, ...], Any] = {}

    def values(v: Any) -> Any:
        key = v.x.shape, v.x.tobytes(), v.eps
        if key not in kept:
            outcome = call(chain.y, (v,), limit=limit)
            found = _as_used(outcome.value, v) if outcome.problem is None else None
            kept[key] = found or v
        return kept[key]

    row = with_values(chain.family.row(), values)
    return judge(row, wraps(chain.backward)(lambda dy, v: chain(dy, v)), limit=limit)


def _as_used(y: Any, v: Any) -> Any:
    """The values of a forward that is (x − mean) / width · gamma + beta, for means and widths of its norm."""
    if np.shape(y) != v.x.shape:
        return None
    gamma, beta = (row.reshape(-1, *[1] * (v.x.ndim - 2)) for row in (v.gamma, v.beta))
    x_hat = (np.asarray(y, dtype=np.float64) - beta) / gamma
    centre = _mean(x_hat, v)
    slope = _mean((x_hat - centre) * v.xc, v) / v.var
    if not np.isfinite(slope).all() or not slope.all():
        return None
    mu = v.mu - centre / slope
    xc, std = v.x - mu, 1 / slope
    if distance(xc * slope, x_hat) > 1e-6:
        return None
    changed = {
        "mu": mu, "xc": xc, "sq": xc**2, "var": std**2 - v.eps, "std": std, "inv_std": slope, "x_hat": x_hat,
        "scaled": gamma * x_hat, "y": np.asarray(y, dtype=np.float64),
    }  # fmt: skip
    if isinstance(v, StagedValues):
        rows = {"mu_rows": mu, "inv_std_rows": slope}
        changed |= {name: np.broadcast_to(row, v.x.shape).copy() for name, row in rows.items()}
    return replace(v, **changed)


def _mean(z: Any, v: Any) -> Any:
    """The mean that the values' norm takes, in the shape that v.mu has."""
    return z.mean(axis=0) if isinstance(v, StagedValues) else shared_mean(z, v.norm, v.groups)
