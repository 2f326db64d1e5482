"""Two slips in one function, where each is known. Chapter: gradient-checking.

Differences of two twins from the right answer can be added when the slips sit in separate places;
`diagnosis` does that for every exercise. Here are those that multiply or stand one inside the other.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from bncourse import mistakes
from bncourse.mistakes.inference import layer
from bncourse.reference.running import RunningStats

__all__ = ["backward", "forward", "inference", "layer_parts", "running", "running_twice"]

Function = Callable[..., Any]
Pairs = dict[tuple[str, str], Function]

# What becomes of x_hat, by the last part of the code.
_OUTPUTS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "gamma-missing": lambda x_hat, gamma, beta: x_hat + beta,
    "beta-missing": lambda x_hat, gamma, beta: gamma * x_hat,
    "gamma-beta-missing": lambda x_hat, gamma, beta: x_hat,
    "gamma-beta-swapped": lambda x_hat, gamma, beta: beta * x_hat + gamma,
    "beta-inside": lambda x_hat, gamma, beta: gamma * (x_hat + beta),
}


def forward() -> Pairs:
    """A slip in the statistics and one in the output.

    >>> ("forward.bessel", "forward.gamma-missing") in forward()
    True
    """
    inner = [mistake for mistake in mistakes.of("forward") if _name(mistake) not in _OUTPUTS]
    return {
        (mistake.code, f"forward.{name}"): _around(mistake.fn, output)
        for mistake in inner
        if mistake.code not in ("forward.in-place", "forward.integer-truncation")
        for name, output in _OUTPUTS.items()
    }


def inference() -> Pairs:
    """The same for the layer in use.

    >>> len(inference())
    9
    """
    twins = mistakes.of("inference")
    outer = {_name(mistake) for mistake in twins} & set(_OUTPUTS)
    return {
        (mistake.code, f"inference.{name}"): _around_use(mistake.fn, _OUTPUTS[name])
        for mistake in twins
        if _name(mistake) not in _OUTPUTS
        for name in sorted(outer)
    }


def _name(mistake: mistakes.Mistake) -> str:
    return mistake.code.partition(".")[2]


def _around(fn: Function, output: Function) -> Function:
    def both(x: Any, gamma: Any, beta: Any, eps: float) -> Any:
        return output(fn(x, np.ones_like(gamma), np.zeros_like(beta), eps=eps), gamma, beta)

    return both


def _around_use(fn: Function, output: Function) -> Function:
    def both(x: Any, gamma: Any, beta: Any, mean: Any, var: Any, eps: float) -> Any:
        stats = RunningStats(mean, var)
        return output(fn(x, np.ones_like(gamma), np.zeros_like(beta), stats, eps=eps), gamma, beta)

    return both


# Slips that multiply the whole of dx, feature by feature.
_FACTORS: dict[str, Callable[[int, Any], Any]] = {
    "backward.gamma-missing": lambda N, v: 1 / v.gamma,
    "backward.n-times": lambda N, v: N,
    "backward.one-nth": lambda N, v: 1 / N,
    "backward.std-multiplied": lambda N, v: v.std**2,
}


def backward() -> Pairs:
    """Any slip, and one that multiplies the whole of dx.

    >>> ("backward.no-mean-path", "backward.gamma-missing") in backward()
    True
    """
    found: Pairs = {}
    for mistake in mistakes.of("backward"):
        for code, factor in _FACTORS.items():
            undone = {code, mistake.code} == {"backward.n-times", "backward.one-nth"}
            if code != mistake.code and not undone and (code, mistake.code) not in found:
                found[mistake.code, code] = _times(mistake.fn, factor)
    return found


def _times(fn: Function, factor: Callable[[int, Any], Any]) -> Function:
    def both(dy: Any, v: Any) -> Any:
        dx, dgamma, dbeta = fn(dy, v)
        return dx * factor(len(dy), v), dgamma, dbeta

    return both


_MEASURED: dict[str, Callable[[Any], Any]] = {
    "running.biased": lambda x: x.var(axis=0),
    "running.corrected-twice": lambda x: x.var(axis=0, ddof=1) * len(x) / (len(x) - 1),
    "running.std-stored": lambda x: x.std(axis=0, ddof=1),
    "running.eps-stored": lambda x: x.var(axis=0, ddof=1) + 1e-5,
    "running.mean-for-var": lambda x: x.mean(axis=0),
}
_KEPT: dict[str, Callable[[Any, Any, float], Any]] = {
    "running.weight-inverted": lambda old, new, weight: weight * old + (1 - weight) * new,
    "running.overwritten": lambda old, new, weight: new,
    "running.no-decay": lambda old, new, weight: old + weight * new,
}


def _keeping(kept: Function, measured: Function) -> Function:
    def both(mean: Any, var: Any, x: Any, new_weight: float) -> Any:
        return kept(mean, x.mean(axis=0), new_weight), kept(var, measured(x), new_weight)

    return both


def running() -> Pairs:
    """Another weight, and another variance: the convention of CS231n is one of these.

    >>> ("running.weight-inverted", "running.biased") in running()
    True
    """
    return {
        (keep, measure): _keeping(kept, measured)
        for keep, kept in _KEPT.items()
        for measure, measured in _MEASURED.items()
    }


def running_twice(adapt: Callable[[Function], Function]) -> Pairs:
    """The same for a class, asked about two updates.

    >>> len(running_twice(lambda fn: fn)) == len(running())
    True
    """
    return {codes: adapt(_as_update(both)) for codes, both in running().items()}


def _as_update(both: Function) -> Function:
    def update(stats: RunningStats, x: Any) -> RunningStats:
        mean, var = both(stats.mean, stats.var, x, stats.new_weight)
        return replace(stats, mean=mean, var=var, batches=stats.batches + 1)

    return update


def layer_parts() -> dict[str, Function]:
    """A layer of two modes with a slip of the forward pass, of inference or of the update in it.

    >>> "running.biased" in layer_parts()
    True
    """
    parts: dict[str, Function] = {}
    for mistake in mistakes.of("forward"):
        if mistake.code not in ("forward.in-place", "forward.one-pass", "forward.integer-truncation"):
            parts[mistake.code] = _layer_with(forward=mistake.fn)
    for mistake in mistakes.of("inference"):
        if mistake.code != "inference.batch-statistics":  # modes.batch-in-eval
            parts[mistake.code] = _layer_with(use=mistake.fn)
    for mistake in mistakes.of("running"):
        parts[mistake.code] = _layer_with(update=mistake.fn)
    return parts


def _layer_with(
    forward: Function | None = None, use: Function | None = None, update: Function | None = None
) -> Function:
    def part(x: Any, gamma: Any, beta: Any, stats: RunningStats, *, eps: float, training: bool) -> Any:
        y, later = layer(x, gamma, beta, stats, eps=eps, training=training)
        if training and forward:
            y = forward(x, gamma, beta, eps=eps)
        if training and update:
            later = update(stats, x)
        if not training and use:
            y = use(x, gamma, beta, stats, eps=eps)
        return y, later

    return part
