"""Five gradient checks that see too little of batch norm, and a good one. Chapter: gradient-checking.

Everything but the one weakness is as people do it: raw pixels, the default eps, every entry, float64, and
the tolerances that torch.autograd.gradcheck has by default (its own check, entry by entry of the whole
Jacobian, is none of the five).
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bncourse.conventions import FloatBatch, FloatRow
from bncourse.gradients import gradcheck
from bncourse.reference.staged import StagedValues, staged_forward

__all__ = ["CHECKS", "check_with"]

Backward = Callable[[np.ndarray, StagedValues], tuple[np.ndarray, np.ndarray, np.ndarray]]

PIXELS = np.random.default_rng(3).integers(0, 256, (7, 4)).astype(np.float64)
GAMMA, BETA = np.array([0.5, -2.0, 1.5, 1.2]), np.array([1.0, 0.3, -0.5, 2.0])
# What the good check brings: columns of different width and place.
WIDTHS, CENTRES = np.array([0.01, 0.1, 1.0, 2.5]), np.array([1.0, -2.0, 3.0, 0.5])
PROBE = np.random.default_rng(3).normal(0.0, 1.0, (7, 4)) * WIDTHS + CENTRES


def _forward(x: FloatBatch, gamma: FloatRow, beta: FloatRow, eps: float) -> tuple[FloatBatch, StagedValues]:
    if len(x) > 1:
        return staged_forward(x, gamma, beta, eps=eps)
    # The reference refuses a batch of one. Two equal rows have its statistics: mean x, variance 0.
    y, values = staged_forward(np.repeat(x, 2, axis=0), gamma, beta, eps=eps)
    one = {name: value[:1] if np.ndim(value) == 2 else value for name, value in vars(values).items()}
    return y[:1], StagedValues(**one)


def check_with(
    backward: Backward,
    x: FloatBatch,
    *,
    gamma: FloatRow = GAMMA,
    eps: float = 1e-5,
    loss: Callable[[FloatBatch], Any] | None = None,
    dloss: Callable[[FloatBatch], FloatBatch] | None = None,
) -> bool:
    """Whether `backward(dy, values)` passes a gradient check on this batch.

    x (N, 4), gamma (4,). With `loss`, a function of y, and `dloss`, its gradient, dy is what that loss
    sends; without them dy is random, with a mean that is not zero.

    >>> from bncourse.reference.staged import staged_backward
    >>> check_with(staged_backward, PROBE, eps=0.05)
    True
    """

    def forward(x: FloatBatch, gamma: FloatRow, beta: FloatRow) -> tuple[Any, StagedValues]:
        y, values = _forward(x, gamma, beta, eps)
        return (loss(y) if loss else y), values

    def back(d: np.ndarray, values: StagedValues) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return backward(d * dloss(values.y) if dloss else d, values)

    with np.errstate(all="ignore"):  # N − 1 is 0 in a batch of one
        return gradcheck(forward, back, (x, gamma, BETA), atol=1e-5, rtol=1e-3).passed


CHECKS: Mapping[str, Callable[[Backward], bool]] = {
    "dy = 1": lambda fn: check_with(fn, PIXELS, loss=np.sum, dloss=np.ones_like),
    "dy = 2y": lambda fn: check_with(fn, PIXELS, loss=lambda y: (y**2).sum(), dloss=lambda y: 2 * y),
    "N = 1": lambda fn: check_with(fn, PIXELS[:1]),
    "N = 2": lambda fn: check_with(fn, PIXELS[:2]),
    "gamma = 1": lambda fn: check_with(fn, PIXELS, gamma=np.ones(4)),
    "all the rules": lambda fn: check_with(fn, PROBE, eps=0.05),
}
