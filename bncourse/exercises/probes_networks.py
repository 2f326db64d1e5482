"""Inputs on which a slip shows, for images, other norms, folding, merging, workers, numerical gradients.

Chapters: convolutions, small-batches, ship-and-scale, gradient-checking.

As in `probes`, each call draws new shapes and numbers. N, C, H, W are all unlike, and all equal once;
C = 6 and C = 8 with G = 2, so that G is not C/G; O ≠ I and O = I, with a bias and without; counts of 2, 5
and 9 with means far apart; workers with batches of other sizes, one of them a single example.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from bncourse.exercises.probes import Probe
from bncourse.reference.family import groupnorm_forward, layernorm_forward
from bncourse.reference.spatial import spatial_batchnorm_forward
from bncourse.reference.sync import syncbn_forward

__all__ = ["NETWORK_PROBES", "Shown", "images", "parameters", "tables", "workers"]

Rng = np.random.Generator
Arrays = tuple[np.ndarray, ...]


def parameters(rng: Rng, C: int) -> tuple[np.ndarray, np.ndarray]:
    """gamma (C,), one entry negative, and beta (C,) unlike it.

    >>> gamma, beta = parameters(np.random.default_rng(0), 4)
    >>> int((gamma < 0).sum()), beta.shape
    (1, (4,))
    """
    gamma = rng.uniform(0.4, 2, C)
    gamma[rng.integers(C)] *= -1
    return gamma, rng.uniform(0.4, 1.5, C) * rng.choice([-1.0, 1.0], C)


def images(rng: Rng, N: int, C: int, H: int, W: int, narrowest: float = 0.01) -> Arrays:
    """x (N, C, H, W), gamma (C,), beta (C,): a level of its own for every image, row and column of a map.

    Channels are from `narrowest` to 2.5 wide.

    >>> images(np.random.default_rng(0), 2, 3, 4, 5)[0].shape
    (2, 3, 4, 5)
    """
    levels = rng.normal(0, 1, (N, C, 1, 1)) + rng.normal(0, 1, (1, C, H, 1)) + rng.normal(0, 1, (1, C, 1, W))
    scales = rng.permutation(np.geomspace(narrowest, 2.5, C))
    centres = rng.uniform(0.5, 3, C) * np.maximum(scales, 0.5)
    x = (rng.normal(0, 1, (N, C, H, W)) + levels) * scales[:, None, None] + centres[:, None, None]
    return (x, *parameters(rng, C))


def tables(rng: Rng, N: int, D: int, narrowest: float = 0.05) -> Arrays:
    """x (N, D), gamma (D,), beta (D,): rows from `narrowest` to 2.5 wide, about means of their own.

    >>> tables(np.random.default_rng(0), 2, 3)[0].shape
    (2, 3)
    """
    scales = rng.permutation(np.geomspace(narrowest, 2.5, N))[:, None]
    spread = rng.normal(0, 1, (N, D))
    spread /= spread.std(axis=1, keepdims=True)  # no row as narrow as chance would have it
    x = spread * scales + rng.uniform(0.5, 3, (N, 1)) + rng.normal(0, 0.3, D)
    return (x, *parameters(rng, D))


def workers(rng: Rng, sizes: tuple[int, ...], D: int) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """xs, one (N, D) for each size, gamma (D,), beta (D,): the workers' means are far apart.

    >>> [x.shape for x in workers(np.random.default_rng(0), (2, 5), 3)[0]]
    [(2, 3), (5, 3)]
    """
    xs = [rng.normal(rng.uniform(-3, 3, D), rng.uniform(0.1, 2.5, D), (N, D)) for N in sizes]
    return (xs, *parameters(rng, D))


def _image_shapes(rng: Rng) -> list[tuple[int, ...]]:
    few = int(rng.integers(3, 5))
    high = int(rng.choice([2, 7 - few]))
    return [(7, few, high, 5), (5, 7 - few, few, 2), (2, few, 7 - few, 5), (few, few, few, few)]


def _table_shapes(rng: Rng) -> list[tuple[int, ...]]:
    few = int(rng.integers(3, 5))
    return [(7, few), (5, 7 - few), (2, 6), (few, few)]


def _group_shapes(rng: Rng) -> list[tuple[int, ...]]:
    high, wide = (int(size) for size in rng.permutation([2, 3, 4])[:2])
    return [(3, 6, high, wide), (2, 8, wide, high), (5, 6, 4, 3), (4, 4, 4, 4)]


def _far_from_zero(rng: Rng, shape: tuple[int, ...]) -> np.ndarray:
    """float32 near 4096: the squares round so that E[x²] − E[x]² is 0, while every mean is exact."""
    halves = [rng.permutation([-0.5, -0.5, 0.5, 0.5]) for _ in range(int(np.prod(shape)) // 4)]
    return (4096 + np.reshape(halves, shape)).astype(np.float32)


def _norm(
    make: Callable[..., Arrays], shapes: Callable[[Rng], list[tuple[int, ...]]], *more: int
) -> Callable[[Rng], list[Probe]]:
    """Forward probes: every shape at eps = 0.05, the first at 0.5 and at the default; float32; integers."""

    def drawn(rng: Rng) -> Iterator[Probe]:
        given = shapes(rng)
        square = "square" if len(given[-1]) == 2 else ""
        for shape in given:
            kind = square if shape is given[-1] else ""
            yield Probe((*make(rng, *shape), *more, 0.05), kind=kind)
        yield Probe((*make(rng, *given[0]), *more, 0.5))
        yield Probe((*make(rng, *given[0], narrowest=0.05), *more, 1e-5), kind="default-eps")
        x = _far_from_zero(rng, (2, 8, 2, 2)[: len(given[0])])
        gamma, beta = parameters(rng, 8)
        yield Probe((x, gamma, beta, *more, 0.05), tolerance=5e-3, kind="float32")
        whole, gamma, beta = rng.integers(-9, 30, given[0]), *parameters(rng, given[0][1])
        yield Probe((whole, gamma, beta, *more, 0.05), kind="integers")

    return lambda rng: list(drawn(rng))


def _norm_backward(
    forward: Callable[..., Any], probes: Callable[[Rng], list[Probe]]
) -> Callable[[Rng], list[Probe]]:
    """The same inputs as caches; dy with a mean that is not zero."""

    def drawn(rng: Rng) -> Iterator[Probe]:
        for probe in probes(rng):
            if probe.kind not in ("float32", "integers"):
                *given, eps = probe.given
                y, cache = forward(*given, eps=eps)
                yield Probe((rng.normal(1, 1, y.shape), cache), kind=probe.kind)

    return lambda rng: list(drawn(rng))


def _folding(rng: Rng) -> list[Probe]:
    few = int(rng.integers(3, 5))
    shapes = ((4, 3, 3, 3), (5, 2), (few, few, 2, 2), (7 - few, 7 - few), (2, 5, 1, 1))
    found = []
    for shape, eps, biased in zip(shapes, (0.05, 0.05, 0.5, 0.05, 1e-5), (1, 0, 1, 1, 1), strict=True):
        O = shape[0]  # noqa: E741  (the field's letter)
        gamma, beta = parameters(rng, O)
        var = rng.permutation(np.geomspace(0.05, 3, O)) * rng.uniform(0.8, 1.2, O)
        b = rng.normal(1, 1, O) if biased else None
        mean = rng.uniform(0.5, 3, O) * rng.choice([-1.0, 1.0], O)
        kind = "default-eps" if eps == 1e-5 else ""
        found.append(Probe((rng.normal(0, 1, shape), b, gamma, beta, mean, var, eps), kind=kind))
    single = tuple(part.astype(np.float32) for part in found[0].given[:-1])
    return [*found, Probe((*single, 0.05), tolerance=1e-3, kind="float32")]


def _merging(rng: Rng) -> list[Probe]:
    found = []
    for counts in ((2, 5), (5, 9), (9, 2)):
        sides = [
            (count, rng.uniform(1, 3, 3) * side, rng.uniform(0.5, 1, 3) * spread)
            for count, side, spread in zip(counts, rng.permutation([-1, 1]), (0.3, 4), strict=True)
        ]
        found.append(Probe((*sides[0], *sides[1])))
    return found


def _sync(rng: Rng) -> list[Probe]:
    few, found = int(rng.integers(3, 5)), []
    asked = (((2, 5, 9), few, 0.05), ((5, 2), 7 - few, 0.5), ((4, 4), 4, 0.05), ((1, 6), 3, 1e-5))
    for sizes, D, eps in asked:
        ordered = tuple(int(size) for size in rng.permutation(sizes))
        ys, caches = syncbn_forward(*workers(rng, ordered, D), eps=eps)
        found.append(Probe(([rng.normal(1, 1, y.shape) for y in ys], caches)))
    return found


class Shown:
    """A function that is shown as text: an address in memory says nothing.

    >>> Shown("x ↦ 2 * x", lambda x: 2 * x)
    x ↦ 2 * x
    """

    def __init__(self, text: str, fn: Callable[[np.ndarray], Any]) -> None:
        self._text, self._fn = text, fn

    def __call__(self, x: np.ndarray) -> Any:
        return self._fn(x)

    def __repr__(self) -> str:
        return self._text


def _numerical(rng: Rng) -> list[Probe]:
    A, B = rng.normal(0, 1, (3, 3)), rng.normal(0, 1, (3, 2))
    wide = int(rng.integers(1, 4))
    asked: tuple[tuple[str, Callable[[np.ndarray], Any], tuple[int, int], float], ...] = (
        # quadratic: central differences are exact
        ("x ↦ (A @ x) * x", lambda x: (A @ x) * x, (3, 2), 0.05),
        # far from zero and much curved: a step of one's own, tiny or wide, is seen
        ("x ↦ np.sin(10 * A @ x) + 1e5", lambda x: np.sin(10 * A @ x) + 1e5, (3, wide), 1e-3),
        # wide: float32 is coarse there
        ("x ↦ np.sin(A @ x / 20) * x", lambda x: np.sin(A @ x / 20) * x, (3, 3), 1e-5),
        # the output has another shape
        ("x ↦ (x @ B).sum(axis=0) * x[0, 0]", lambda x: (x @ B).sum(axis=0) * x[0, 0], (2, 3), 0.05),
    )
    found = []
    for text, fn, shape, h in asked:
        x = rng.uniform(0.5, 2, shape) * rng.choice((-1, 1), shape) * (20 if h == 1e-5 else 1)
        found.append(Probe((Shown(text, fn), x, rng.normal(1, 1, np.shape(fn(x))), h)))
    return found


_SPATIAL = _norm(images, _image_shapes)
_LAYER = _norm(tables, _table_shapes)
_GROUP = _norm(images, _group_shapes, 2)

NETWORK_PROBES: dict[str, Callable[[Rng], list[Probe]]] = {
    "spatial_batchnorm_forward": _SPATIAL,
    "spatial_batchnorm_backward": _norm_backward(spatial_batchnorm_forward, _SPATIAL),
    "layernorm_forward": _LAYER,
    "layernorm_backward": _norm_backward(layernorm_forward, _LAYER),
    "groupnorm_forward": _GROUP,
    "groupnorm_backward": _norm_backward(groupnorm_forward, _GROUP),
    "fold_batchnorm": _folding,
    "merge_stats": _merging,
    "syncbn_backward": _sync,
    "numerical_gradient": _numerical,
}
