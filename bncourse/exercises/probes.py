"""Inputs on which a slip shows: N of 7, 5 and 2, columns of every width, large eps.

Chapter: gradient-checking.

Each call draws new shapes and numbers. The rules were earned by experiment: eps = 0.05, since with
1e-5 every slip about eps hides; gamma random, one negative, beta unlike it; dy with a mean, since dy
of ones gives dx = 0 whatever the code; one square batch; one float32 batch far from zero; integers.
The small examples below are for showing, and never decide anything.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from bncourse.reference.staged import StagedValues, staged_forward

__all__ = ["EXAMPLES", "PROBES", "Probe", "layer_inputs"]

Rng = np.random.Generator


@dataclass(frozen=True, eq=False)
class Probe:
    """The arguments of one call, in order, and how far rounding may take a right answer.

    `kind` names what only this probe looks at: "float32", "integers", "square", "default-eps" or "".

    >>> Probe((1, 2)).tolerance
    0.0003
    """

    given: tuple[Any, ...]
    tolerance: float = 3e-4
    kind: str = ""


def layer_inputs(rng: Rng, N: int, D: int, narrowest: float = 0.01) -> tuple[np.ndarray, ...]:
    """x (N, D), gamma (D,), beta (D,): column widths from `narrowest` to 2.5, every mean positive.

    >>> x, gamma, beta = layer_inputs(np.random.default_rng(0), 7, 4)
    >>> x.shape, bool((gamma < 0).any())
    ((7, 4), True)
    """
    scales = rng.permutation(np.geomspace(narrowest, 2.5, D))
    spread = rng.normal(0, 1, (N, D))
    if N > 1:  # no column as narrow as chance would have it
        spread = (spread - spread.mean(axis=0)) / spread.std(axis=0) * rng.uniform(0.8, 1.2, D)
    x = spread * scales + rng.uniform(0.5, 3, D) * np.maximum(scales, 0.5)
    gamma = rng.uniform(0.4, 2, D)
    gamma[rng.integers(D)] *= -1
    beta = rng.uniform(0.4, 1.5, D) * rng.choice([-1.0, 1.0], D)
    return x, gamma, beta


def _shapes(rng: Rng) -> Iterator[tuple[int, int, float, str]]:
    """(N, D, eps, kind) of the batches every exercise in (N, D) is asked about."""
    few = int(rng.integers(3, 5))
    yield 7, few, 0.05, ""
    yield 5, 7 - few, 0.05, ""
    yield 2, few, 0.05, ""
    yield few, few, 0.05, "square"
    yield 7, few, 0.5, ""
    yield 6, few, 1e-5, "default-eps"


def _forward(rng: Rng) -> Iterator[Probe]:
    for N, D, eps, kind in _shapes(rng):
        yield Probe((*layer_inputs(rng, N, D, 0.05 if kind == "default-eps" else 0.01), eps), kind=kind)
    _, gamma, beta = layer_inputs(rng, 8, 4)
    yield Probe((_far_from_zero(rng, 4), gamma, beta, 0.05), tolerance=5e-3, kind="float32")
    yield Probe((rng.integers(-9, 30, (7, 4)), gamma, beta, 0.05), kind="integers")


def _far_from_zero(rng: Rng, D: int) -> np.ndarray:
    """float32 (8, D) near 4096, whose squares all round so that E[x²] − E[x]² is 0 in any order."""
    halves = np.array([-2, -1, -1, 0, 0, 1, 1, 2])
    columns = [rng.permutation(halves) for _ in range(D)]
    return (4096 + 0.5 * np.stack(columns, axis=1)).astype(np.float32)


def _backward(rng: Rng) -> Iterator[Probe]:
    for N, D, eps, kind in _shapes(rng):
        inputs = layer_inputs(rng, N, D, 0.05 if kind == "default-eps" else 0.01)
        yield Probe((rng.normal(1, 1, (N, D)), staged_forward(*inputs, eps=eps)[1]), kind=kind)


def _statistics(rng: Rng, D: int) -> tuple[np.ndarray, np.ndarray]:
    return rng.uniform(0.5, 2, D), rng.permutation(np.geomspace(0.05, 3, D)) * rng.uniform(0.8, 1.2, D)


def _running(rng: Rng) -> Iterator[Probe]:
    D = int(rng.integers(3, 5))
    for N in (5, 9, 2):
        yield Probe((*_statistics(rng, D), layer_inputs(rng, N, D)[0], 0.3))
    x = layer_inputs(rng, 6, D)[0]
    # A narrow column with narrow statistics: only there is an eps that was stored more than a trifle.
    yield Probe((x.mean(axis=0) / 2, np.full(D, 1e-4), x * 0.005, 0.2))
    yield Probe((*_statistics(rng, D), rng.integers(1, 30, (7, D)), 0.3), kind="integers")


def _running_class(rng: Rng) -> Iterator[Probe]:
    for sizes in ((5, 9), (7, 2)):
        D = int(rng.integers(3, 5))
        x, later = (layer_inputs(rng, N, D)[0] for N in sizes)
        yield Probe((x, later, 0.3))
    x = layer_inputs(rng, 5, 3)[0] * 0.002
    yield Probe((x, x[:3], 0.9))


def _inference(rng: Rng) -> Iterator[Probe]:
    for N, D, eps, kind in ((7, 4, 0.05, ""), (3, 3, 0.5, "square"), (5, 3, 1e-5, ""), (1, 4, 0.05, "")):
        yield Probe((*layer_inputs(rng, N, D), *_statistics(rng, D), eps), kind=kind)
    _, gamma, beta = layer_inputs(rng, 2, 4)
    whole = rng.integers(-9, 30, (6, 4))
    yield Probe((whole, gamma, beta, *_statistics(rng, 4), 0.05), kind="integers")


def _modes(rng: Rng) -> Iterator[Probe]:
    D = int(rng.integers(3, 5))
    for training in (True, True, False, False):
        N, eps = (7, 0.05) if rng.random() < 0.5 else (5, 0.5)
        x, gamma, beta = layer_inputs(rng, N, D)
        yield Probe((x, gamma, beta, *_statistics(rng, D), 0.3, eps, training))
    x, gamma, beta = layer_inputs(rng, D, D)
    # About nine, where sums in float16 are coarse.
    yield Probe((x + 8, gamma, beta, *_statistics(rng, D), 0.3, 0.05, True), kind="square")
    x, gamma, beta = layer_inputs(rng, 6, D)
    yield Probe((x * 0.005, gamma, beta, x.mean(axis=0) / 2, np.full(D, 1e-4), 0.2, 0.05, True))


def _all(probes: Callable[[Rng], Iterator[Probe]]) -> Callable[[Rng], list[Probe]]:
    return lambda rng: list(probes(rng))


# By the exercise's name. `probes_networks` and `structures` have those of the further exercises.
PROBES: dict[str, Callable[[Rng], list[Probe]]] = {
    "batchnorm_forward": _all(_forward),
    "batchnorm_backward": _all(_backward),
    "batchnorm_backward_alt": _all(_backward),
    "running_stats": _all(_running),
    "running_stats_class": _all(_running_class),
    "inference": _all(_inference),
    "batchnorm_layer": _all(_modes),
}

_X1 = np.array([[1.0], [2.0], [6.0]])
_X2 = np.array([[1.0, 2.0], [2.0, 6.0], [6.0, 7.0]])
_GAMMA, _BETA = np.array([2.0, -1.0]), np.array([1.0, 3.0])
_MEAN, _VAR = np.array([2.0, 1.0]), np.array([3.5, 8.5])


def _small(D: int, x: np.ndarray = _X2) -> tuple[np.ndarray, ...]:
    return x[:, :D].copy(), _GAMMA[:D].copy(), _BETA[:D].copy()


def _values(D: int, eps: float = 0.5) -> StagedValues:
    return staged_forward(*_small(D), eps=eps)[1]


def _dy(D: int) -> np.ndarray:
    return np.array([[1.0, 2.0], [0.0, 1.0], [1.0, -1.0]])[:, :D]


def _still(D: int) -> tuple[np.ndarray, np.ndarray]:
    return _MEAN[:D].copy(), _VAR[:D].copy()


_BACKWARD = [Probe((_dy(D), _values(D))) for D in (1, 2)]

# Fixed, small, shown to the learner: the first on which the two answers differ.
EXAMPLES: dict[str, list[Probe]] = {
    "batchnorm_forward": [
        Probe((*_small(1), 0.5)),
        Probe((*_small(2), 0.5)),
        Probe((_X1.astype(int), *_small(1)[1:], 0.5)),
        Probe(((_X1 + 4096).astype(np.float32), *_small(1)[1:], 0.5), tolerance=5e-3),
    ],
    "batchnorm_backward": _BACKWARD,
    "batchnorm_backward_alt": _BACKWARD,
    "running_stats": [Probe((*_still(1), _X1, 0.3)), Probe((np.zeros(1), np.full(1, 1e-4), _X1 * 1e-3, 0.3))],
    "running_stats_class": [Probe((_X1, _X1 + 1, 0.3)), Probe((_X1 * 1e-3, _X1 * 1e-3, 0.9))],
    "inference": [Probe((*_small(D), *_still(D), 0.5)) for D in (1, 2)],
    "batchnorm_layer": [
        Probe((*_small(D), *_still(D), 0.3, 0.5, training)) for D in (1, 2) for training in (True, False)
    ],
}
