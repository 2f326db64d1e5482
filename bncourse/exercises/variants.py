"""Other ways to the same mistake, whose numbers differ and whose name is the same.

Chapter: gradient-checking.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from bncourse.reference.running import RunningStats

__all__ = ["FORWARD", "MODES"]

Function = Callable[..., Any]


def _whole_table_variance(x: Any, gamma: Any, beta: Any, *, eps: float) -> Any:
    """np.var(x) without an axis: about the mean of the whole table."""
    return gamma * (x - x.mean(axis=0)) / np.sqrt(x.var() + eps) + beta


def _x_hat_like_x(x: Any, gamma: Any, beta: Any, *, eps: float) -> Any:
    x_hat = np.empty_like(x)
    x_hat[:] = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps)
    return gamma * x_hat + beta


def _mean_like_x(x: Any, gamma: Any, beta: Any, *, eps: float) -> Any:
    mu = x.mean(axis=0).astype(x.dtype)
    return gamma * (x - mu) / np.sqrt(((x - mu) ** 2).mean(axis=0) + eps) + beta


def _statistics_like_x(x: Any, gamma: Any, beta: Any, *, eps: float) -> Any:
    mu, var = x.mean(axis=0).astype(x.dtype), x.var(axis=0).astype(x.dtype)
    return gamma * (x - mu) / np.sqrt(var + eps) + beta


def _updates_then_uses(
    x: Any, gamma: Any, beta: Any, stats: RunningStats, *, eps: float, training: bool
) -> Any:
    """In eval the statistics are updated first, and the answer is made with the updated ones."""
    later = stats.update(x)
    mean, var = (x.mean(axis=0), x.var(axis=0)) if training else (later.mean, later.var)
    return gamma * (x - mean) / np.sqrt(var + eps) + beta, later


FORWARD: tuple[tuple[str, Function], ...] = (
    ("forward.one-variance", _whole_table_variance),
    ("forward.integer-truncation", _x_hat_like_x),
    ("forward.integer-truncation", _mean_like_x),
    ("forward.integer-truncation", _statistics_like_x),
)
MODES: tuple[tuple[str, Function], ...] = (("modes.updates-in-eval", _updates_then_uses),)
