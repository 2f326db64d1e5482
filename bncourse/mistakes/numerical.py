"""Wrong twins of `numerical_gradient`. Chapter: gradient-checking.

fn maps x to y of any shape; dy like y. Read each beside the right lines:

    at, gradient = np.array(x, dtype=np.float64), np.empty(x.shape)
    for index in np.ndindex(x.shape):
        up, down = at.copy(), at.copy()
        up[index] += h
        down[index] -= h
        gradient[index] = ((fn(up) - fn(down)) * dy).sum() / (2 * h)
    return gradient
"""

# mypy: disable-error-code="no-any-return"
# (To mypy, arithmetic on arrays is Any. Saying otherwise in every twin would bury the slip.)

from collections.abc import Callable

import numpy as np

from bncourse.mistakes.twin import twin

__all__ = ["NUMERICAL"]

Function = Callable[[np.ndarray], np.ndarray]


@twin("numerical-gradient.one-sided", "the version with a one-sided difference")
def one_sided(fn: Function, x: np.ndarray, dy: np.ndarray, *, h: float = 1e-5) -> np.ndarray:
    """(f(x + h) − f(x)) / h: the error falls with h, not with h²."""
    at, gradient = np.array(x, dtype=np.float64), np.empty(x.shape)
    for index in np.ndindex(x.shape):
        up = at.copy()
        up[index] += h
        gradient[index] = ((fn(up) - fn(at.copy())) * dy).sum() / h
    return gradient


@twin("numerical-gradient.one-sided-below", "the version with a one-sided difference, from below")
def one_sided_below(fn: Function, x: np.ndarray, dy: np.ndarray, *, h: float = 1e-5) -> np.ndarray:
    """(f(x) − f(x − h)) / h: the error falls with h, not with h²."""
    at, gradient = np.array(x, dtype=np.float64), np.empty(x.shape)
    for index in np.ndindex(x.shape):
        down = at.copy()
        down[index] -= h
        gradient[index] = ((fn(at.copy()) - fn(down)) * dy).sum() / h
    return gradient


@twin("numerical-gradient.twice", "the version that is twice too large")
def twice(fn: Function, x: np.ndarray, dy: np.ndarray, *, h: float = 1e-5) -> np.ndarray:
    """A step of 2h, divided by h."""
    at, gradient = np.array(x, dtype=np.float64), np.empty(x.shape)
    for index in np.ndindex(x.shape):
        up, down = at.copy(), at.copy()
        up[index] += h
        down[index] -= h
        gradient[index] = ((fn(up) - fn(down)) * dy).sum() / h
    return gradient


@twin("numerical-gradient.half", "the version that is half of a one-sided difference")
def half(fn: Function, x: np.ndarray, dy: np.ndarray, *, h: float = 1e-5) -> np.ndarray:
    """A step of h, divided by 2h."""
    at, gradient = np.array(x, dtype=np.float64), np.empty(x.shape)
    for index in np.ndindex(x.shape):
        up = at.copy()
        up[index] += h
        gradient[index] = ((fn(up) - fn(at.copy())) * dy).sum() / (2 * h)
    return gradient


@twin("numerical-gradient.not-divided", "the version that does not divide by the step")
def not_divided(fn: Function, x: np.ndarray, dy: np.ndarray, *, h: float = 1e-5) -> np.ndarray:
    """The difference itself."""
    at, gradient = np.array(x, dtype=np.float64), np.empty(x.shape)
    for index in np.ndindex(x.shape):
        up, down = at.copy(), at.copy()
        up[index] += h
        down[index] -= h
        gradient[index] = ((fn(up) - fn(down)) * dy).sum()
    return gradient


@twin("numerical-gradient.sign", "the version with the two sides exchanged")
def sign(fn: Function, x: np.ndarray, dy: np.ndarray, *, h: float = 1e-5) -> np.ndarray:
    """A sign."""
    at, gradient = np.array(x, dtype=np.float64), np.empty(x.shape)
    for index in np.ndindex(x.shape):
        up, down = at.copy(), at.copy()
        up[index] += h
        down[index] -= h
        gradient[index] = ((fn(down) - fn(up)) * dy).sum() / (2 * h)
    return gradient


@twin("numerical-gradient.step-too-small", "the version whose step is 1e-14, whatever h was asked for")
def step_too_small(fn: Function, x: np.ndarray, dy: np.ndarray, *, h: float = 1e-5) -> np.ndarray:
    """The difference is rounding error."""
    at, gradient = np.array(x, dtype=np.float64), np.empty(x.shape)
    h = 1e-14
    for index in np.ndindex(x.shape):
        up, down = at.copy(), at.copy()
        up[index] += h
        down[index] -= h
        gradient[index] = ((fn(up) - fn(down)) * dy).sum() / (2 * h)
    return gradient


@twin("numerical-gradient.step-too-large", "the version whose step is 1, whatever h was asked for")
def step_too_large(fn: Function, x: np.ndarray, dy: np.ndarray, *, h: float = 1e-5) -> np.ndarray:
    """Of a curve it sees the chord."""
    at, gradient = np.array(x, dtype=np.float64), np.empty(x.shape)
    h = 1.0
    for index in np.ndindex(x.shape):
        up, down = at.copy(), at.copy()
        up[index] += h
        down[index] -= h
        gradient[index] = ((fn(up) - fn(down)) * dy).sum() / (2 * h)
    return gradient


@twin("numerical-gradient.not-restored", "the version that does not put an entry back before the next")
def not_restored(fn: Function, x: np.ndarray, dy: np.ndarray, *, h: float = 1e-5) -> np.ndarray:
    """All entries before this one stay at x − h."""
    at, gradient = np.array(x, dtype=np.float64), np.empty(x.shape)
    for index in np.ndindex(x.shape):
        at[index] += h
        y_up = fn(at.copy())
        at[index] -= 2 * h
        gradient[index] = ((y_up - fn(at.copy())) * dy).sum() / (2 * h)
    return gradient


@twin("numerical-gradient.all-at-once", "the version that steps all entries at once")
def all_at_once(fn: Function, x: np.ndarray, dy: np.ndarray, *, h: float = 1e-5) -> np.ndarray:
    """One number, the slope along (1, 1, …), for every entry."""
    at, gradient = np.array(x, dtype=np.float64), np.empty(x.shape)
    for index in np.ndindex(x.shape):
        up, down = at + h, at - h
        gradient[index] = ((fn(up) - fn(down)) * dy).sum() / (2 * h)
    return gradient


@twin("numerical-gradient.diagonal-only", "the version with only the diagonal of the Jacobian")
def diagonal_only(fn: Function, x: np.ndarray, dy: np.ndarray, *, h: float = 1e-5) -> np.ndarray:
    """Of all outputs, only the one at the same place is looked at."""
    at, gradient = np.array(x, dtype=np.float64), np.empty(x.shape)
    for index in np.ndindex(x.shape):
        up, down = at.copy(), at.copy()
        up[index] += h
        down[index] -= h
        gradient[index] = ((fn(up) - fn(down)) * dy)[index] / (2 * h)
    return gradient


@twin("numerical-gradient.dy-ignored", "the version that ignores dy")
def dy_ignored(fn: Function, x: np.ndarray, dy: np.ndarray, *, h: float = 1e-5) -> np.ndarray:
    """The gradient of the sum of the outputs."""
    at, gradient = np.array(x, dtype=np.float64), np.empty(x.shape)
    for index in np.ndindex(x.shape):
        up, down = at.copy(), at.copy()
        up[index] += h
        down[index] -= h
        gradient[index] = (fn(up) - fn(down)).sum() / (2 * h)
    return gradient


@twin("numerical-gradient.mean-for-sum", "the version that takes the mean over the outputs, not the sum")
def mean_for_sum(fn: Function, x: np.ndarray, dy: np.ndarray, *, h: float = 1e-5) -> np.ndarray:
    """1 over the number of outputs too much."""
    at, gradient = np.array(x, dtype=np.float64), np.empty(x.shape)
    for index in np.ndindex(x.shape):
        up, down = at.copy(), at.copy()
        up[index] += h
        down[index] -= h
        gradient[index] = ((fn(up) - fn(down)) * dy).mean() / (2 * h)
    return gradient


@twin("numerical-gradient.float32", "the version that steps in float32")
def float32(fn: Function, x: np.ndarray, dy: np.ndarray, *, h: float = 1e-5) -> np.ndarray:
    """A step of 1e-5 is then a few roundings wide."""
    at, gradient = np.array(x, dtype=np.float32), np.empty(x.shape)
    for index in np.ndindex(x.shape):
        up, down = at.copy(), at.copy()
        up[index] += h
        down[index] -= h
        gradient[index] = ((fn(up) - fn(down)) * dy).sum() / (2 * h)
    return gradient


NUMERICAL = (
    one_sided, one_sided_below, twice, half, not_divided, sign, step_too_small, step_too_large,
    not_restored, all_at_once, diagonal_only, dy_ignored, mean_for_sum, float32,
)  # fmt: skip
