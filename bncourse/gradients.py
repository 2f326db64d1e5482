"""Is this gradient right? Central differences, and a check that is hard to fool. Chapter: gradient-checking.

Batch norm's backward removes two directions from what arrives, so dy of ones gives dx = 0 whether
the code is right or not. `gradcheck` therefore draws dy at random, with a mean that is not zero.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Real
from numpy.typing import ArrayLike

from bncourse.errors import ShapeError, StateError

__all__ = ["GradcheckResult", "gradcheck", "numerical_gradient"]

Forward = Callable[..., tuple[np.ndarray, Any]]
Backward = Callable[[np.ndarray, Any], Sequence[np.ndarray]]


def numerical_gradient(
    fn: Callable[[np.ndarray], ArrayLike],
    x: Real[np.ndarray, "*shape"],
    dy: Real[np.ndarray, "*out"] | None = None,
    *,
    h: float = 1e-5,
) -> Float[np.ndarray, "*shape"]:
    """Gradient of sum(fn(x) * dy) with respect to x, by central differences, entry by entry.

    x of any shape -> float64 array of the same shape. dy has the shape of fn(x); without it fn
    returns one number. h is the step, in units of x: 1e-5 is near the best for float64, where the
    error h² of the formula meets the rounding error 1e-16 / h. x itself is never changed.
    Raises ShapeError when dy does not fit fn(x), StateError when h is not positive.
    Source: Press et al., Numerical Recipes, section 5.7.

    >>> numerical_gradient(lambda x: (x**2).sum(), np.array([1.0, 3.0])).round(6)
    array([2., 6.])
    """
    if not (np.isfinite(h) and h > 0):
        raise StateError("h is a positive number", got=f"h = {h}", hint="h=1e-5")
    if np.iscomplexobj(x):
        raise ShapeError("x is real", got=f"dtype {np.asarray(x).dtype}", hint="x.real")
    at = np.array(x, dtype=np.float64)  # a copy, in the one precision where h = 1e-5 works
    shape = np.shape(fn(at.copy()))
    weights = np.ones(()) if dy is None else np.asarray(dy, dtype=np.float64)
    if weights.shape != shape:
        hint = "dy=np.ones_like(fn(x))" if dy is None else f"dy.reshape({shape})"
        raise ShapeError(f"dy has the shape of fn(x), {shape}", got=f"shape {weights.shape}", hint=hint)
    gradient = np.empty_like(at)
    for index in np.ndindex(at.shape):
        up, down = at.copy(), at.copy()
        up[index] += h
        down[index] -= h
        step = up[index] - down[index]  # what was really stepped: x + h is rounded
        difference = np.asarray(fn(up), dtype=np.float64) - np.asarray(fn(down), dtype=np.float64)
        gradient[index] = (difference * weights).sum() / step
    return gradient


@dataclass(frozen=True)
class GradcheckResult:
    """The verdict of `gradcheck`; true when every entry of every gradient agrees and nothing was changed.

    `errors` holds, input by input, the largest difference over the largest numerical entry. `worst`
    names one entry: (input number, index), with its two values `backward` and `numerical`. `changed`
    names the arrays that were written into: "input 0", "dy".

    >>> result = gradcheck(lambda x: (x**3, x), lambda dy, x: (3 * x**2 * dy,), (np.array([1.0, 2.0]),))
    >>> bool(result), result.errors[0] < 1e-8
    (True, True)
    """

    passed: bool
    errors: tuple[float, ...]
    worst: tuple[int, tuple[int, ...]]
    backward: float
    numerical: float
    changed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        if self.changed:
            return f"changed in place: {', '.join(self.changed)}; a pass leaves what it is given as it was"
        number, index = self.worst
        place = f"input {number}, index {index}"
        values = f"backward {self.backward:.6g}, numerical {self.numerical:.6g}"
        if self.passed:
            return f"every gradient agrees; largest relative error {max(self.errors):.1e}"
        return f"gradients differ; relative error {self.errors[number]:.1e}; worst at {place}: {values}"


def gradcheck(
    fn: Forward,
    backward: Backward,
    inputs: Sequence[Real[np.ndarray, "..."]],
    *,
    h: float = 1e-5,
    rtol: float = 1e-6,
    atol: float = 1e-9,
    seed: int = 0,
) -> GradcheckResult:
    """Compare `backward` with central differences of `fn` at every entry of every input.

    fn(*inputs) -> (y, cache); backward(dy, cache) -> one gradient an input, in the same order.
    dy is drawn from N(1, 1): random, and not orthogonal to the constants. A gradient passes when its
    largest difference is at most atol + rtol * (largest numerical entry). A pass that writes into its
    inputs or into dy fails too, whatever its numbers.
    Raises ShapeError when `backward` returns another number of gradients or another shape.
    Source: the traps are measured in the chapter gradient-checking.

    >>> import bncourse
    >>> x = np.random.default_rng(0).normal(3, 2, (5, 2))
    >>> inputs = (x, np.array([0.5, -2.0]), np.zeros(2))
    >>> bool(gradcheck(bncourse.batchnorm_forward, bncourse.batchnorm_backward, inputs))
    True
    """
    arrays = [np.array(value, dtype=np.float64) for value in inputs]
    handed = [array.copy() for array in arrays]
    y, cache = fn(*handed)
    dy = np.random.default_rng(seed).normal(1.0, 1.0, np.shape(y))
    upstream = dy.copy()
    given = [np.array(gradient) for gradient in backward(upstream, cache)]
    _check_shapes(given, arrays)
    names = [*(f"input {number}" for number in range(len(arrays))), "dy"]
    pairs = zip(names, [*arrays, dy], [*handed, upstream], strict=True)
    changed = tuple(name for name, was, now in pairs if not np.array_equal(was, now, equal_nan=True))
    errors: list[float] = []
    worst: tuple[int, tuple[int, ...], float, float] = (0, (), 0.0, 0.0)
    worst_excess = -np.inf
    for number, (array, gradient) in enumerate(zip(arrays, given, strict=True)):
        numerical = numerical_gradient(_only(fn, arrays, number), array, dy, h=h)
        difference = np.abs(gradient - numerical)
        difference[~np.isfinite(difference)] = np.inf  # NaN must never pass
        scale = float(np.abs(numerical).max())
        index = np.unravel_index(int(difference.argmax()), difference.shape)
        errors.append(float(difference[index] / max(scale, atol)))
        excess = float(difference[index] - (atol + rtol * scale)) / max(scale, atol)
        if excess > worst_excess:
            at = tuple(int(i) for i in index)
            worst, worst_excess = (number, at, float(gradient[at]), float(numerical[at])), excess
    number, at, got, expected = worst
    passed = worst_excess <= 0 and not changed
    return GradcheckResult(passed, tuple(errors), (number, at), got, expected, changed)


def _check_shapes(given: Sequence[np.ndarray], arrays: Sequence[np.ndarray]) -> None:
    if len(given) != len(arrays):
        raise ShapeError(
            f"backward returns one gradient an input, {len(arrays)}",
            got=f"{len(given)}",
            hint="return dx, dgamma, dbeta",
        )
    for number, (gradient, array) in enumerate(zip(given, arrays, strict=True)):
        if gradient.shape != array.shape:
            raise ShapeError(
                f"gradient {number} has the shape of its input, {array.shape}",
                got=f"shape {gradient.shape}",
                hint="a sum over the batch axis for gamma and beta",
            )


def _only(fn: Forward, arrays: Sequence[np.ndarray], number: int) -> Callable[[np.ndarray], np.ndarray]:
    """`fn` as a function of one input, the others held, each time as copies: fn may be rude."""

    def of_one(value: np.ndarray) -> np.ndarray:
        point = [array.copy() for array in arrays]
        point[number] = value
        return np.asarray(fn(*point)[0])

    return of_one
