"""Two slips in one function, for images, other norms, folding, workers and the numerical gradient.

Chapters: convolutions, small-batches, ship-and-scale, gradient-checking.

As in `compositions`: here are those that multiply or stand one inside the other. A slip that can be had by
giving a twin another argument (gamma of ones, another variance) goes with every twin of its subject.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from bncourse import mistakes
from bncourse.exercises.row import Function

__all__ = ["folding", "norm", "norm_backward", "numerical", "sync_backward"]

Pairs = dict[tuple[str, str], Function]


def _others(subject: str, *names: str) -> Iterator[mistakes.Mistake]:
    """The twins of a subject without these, and without those that cannot answer every probe."""
    codes = {f"{subject}.{name}" for name in names}
    twins = (mistake for mistake in mistakes.of(subject) if mistake.code not in codes)
    return (mistake for mistake in twins if not mistake.code.endswith(("a-axis", "input-axis")))


def norm(subject: str) -> Pairs:
    """A slip in the statistics, and gamma or beta missing.

    >>> ("layer.bessel", "layer.gamma-missing") in norm("layer")
    True
    """
    found: Pairs = {}
    for mistake in _others(subject, "gamma-missing", "beta-missing"):
        found[mistake.code, f"{subject}.gamma-missing"] = _with_rows(mistake.fn, gamma=1)
        found[mistake.code, f"{subject}.beta-missing"] = _with_rows(mistake.fn, beta=0)
    return found


def _with_rows(fn: Function, **rows: int) -> Function:
    def both(x: Any, gamma: Any, beta: Any, *rest: Any) -> Any:
        gamma = np.full_like(gamma, rows.get("gamma")) if "gamma" in rows else gamma
        beta = np.full_like(beta, rows.get("beta")) if "beta" in rows else beta
        return fn(x, gamma, beta, *rest[:-1], eps=rest[-1])

    return both


_CACHES: dict[str, Callable[[Any], Any]] = {
    "gamma-missing": lambda cache: replace(cache, gamma=np.ones_like(cache.gamma)),
    "std-multiplied": lambda cache: replace(cache, inv_std=1 / cache.inv_std),
}


def norm_backward(subject: str) -> Pairs:
    """Any slip, and gamma missing in dx or the standard deviation upside down.

    >>> ("layer-backward.batch-axis", "layer-backward.gamma-missing") in norm_backward("layer-backward")
    True
    """
    found: Pairs = {}
    for name, changed in _CACHES.items():
        for mistake in _others(subject, name, *(["gamma-outside"] if name == "gamma-missing" else [])):
            if (f"{subject}.{name}", mistake.code) not in found:
                found[mistake.code, f"{subject}.{name}"] = _dx_with(mistake.fn, changed)
    return found


def _dx_with(fn: Function, changed: Callable[[Any], Any]) -> Function:
    def both(dy: Any, cache: Any) -> Any:
        return fn(dy, changed(cache))[0], *fn(dy, cache)[1:]

    return both


def sync_backward() -> Pairs:
    """Any slip, and gamma missing in dx.

    >>> ("sync-backward.local-sums", "sync-backward.gamma-missing") in sync_backward()
    True
    """
    missing = _CACHES["gamma-missing"]
    return {
        (mistake.code, "sync-backward.gamma-missing"): _dx_with(
            mistake.fn, lambda caches: [missing(cache) for cache in caches]
        )
        for mistake in _others("sync-backward", "gamma-missing")
    }


# Another variance and gamma that make the scale of the slip: gamma / sqrt(var + eps).
_SCALES: dict[str, Callable[[Any, Any, float], tuple[Any, Any]]] = {
    "gamma-forgotten": lambda gamma, var, eps: (np.ones_like(gamma), var),
    "eps-missing": lambda gamma, var, eps: (gamma, var - eps),
    "eps-outside": lambda gamma, var, eps: (gamma, (np.sqrt(var) + eps) ** 2 - eps),
    "no-root": lambda gamma, var, eps: (gamma, (var + eps) ** 2 - eps),
    "std-multiplied": lambda gamma, var, eps: (gamma, 1 / (var + eps) - eps),
}


def folding() -> Pairs:
    """A slip in the scale, and one in what is done with it.

    >>> ("folding.bias-forgotten", "folding.no-root") in folding()
    True
    """
    return {
        (mistake.code, f"folding.{name}"): _scaled(mistake.fn, scale)
        for mistake in _others("folding", *_SCALES)
        for name, scale in _SCALES.items()
    }


def _scaled(fn: Function, scale: Callable[[Any, Any, float], tuple[Any, Any]]) -> Function:
    def both(W: Any, b: Any, gamma: Any, beta: Any, mean: Any, var: Any, eps: float) -> Any:
        gamma, var = scale(gamma, var, eps)
        return fn(W, b, gamma, beta, mean, var, eps=eps)

    return both


_STEPS: dict[str, Callable[[Function], Function]] = {
    "dy-ignored": lambda fn: lambda f, x, dy, h: fn(f, x, np.ones_like(dy), h=h),
    "mean-for-sum": lambda fn: lambda f, x, dy, h: fn(f, x, dy, h=h) / dy.size,
    "sign": lambda fn: lambda f, x, dy, h: -fn(f, x, dy, h=h),
}
_KINDS = ("one-sided", "one-sided-below", "twice", "half", "not-divided", "not-restored", "all-at-once")


def numerical() -> Pairs:
    """A slip in the difference, and one in what is done with it.

    A turned sign of a one-sided difference stays without a name: it adds up to the other side as well.

    >>> ("numerical-gradient.one-sided", "numerical-gradient.dy-ignored") in numerical()
    True
    """
    return {
        (f"numerical-gradient.{kind}", f"numerical-gradient.{name}"): step(
            mistakes.find(f"numerical-gradient.{kind}").fn
        )
        for kind in _KINDS
        for name, step in _STEPS.items()
    }
