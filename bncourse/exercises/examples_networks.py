"""Small fixed inputs that show a difference, for images, other norms, folding, merging and workers.

Chapters: convolutions, small-batches, ship-and-scale, gradient-checking.

The first on which two answers differ is shown to the learner, so the smallest stand first.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from bncourse.exercises.probes import Probe
from bncourse.exercises.probes_networks import Shown
from bncourse.reference.family import groupnorm_forward, layernorm_forward
from bncourse.reference.spatial import spatial_batchnorm_forward
from bncourse.reference.sync import syncbn_forward

__all__ = ["NETWORK_EXAMPLES"]

_GAMMA, _BETA = np.array([2.0, -1.0, 1.0, 3.0, 0.5, -2.0]), np.array([1.0, 3.0, -1.0, 2.0, 0.0, 1.0])
_NUMBERS = np.array([1.0, 2.0, 6.0, 3.0, 9.0, 5.0, 2.0, 7.0, 4.0, 8.0, 1.0, 3.0, 5.0, 6.0, 2.0, 9.0])
_DY = np.array([1.0, 0.0, 1.0, 2.0, 1.0, -1.0, 3.0, 1.0, 0.0, 2.0, -1.0, 1.0, 2.0, 0.0, 1.0, -2.0])


def _forward(*shapes: tuple[int, ...], groups: tuple[int, ...] = ()) -> list[Probe]:
    found = []
    for shape in shapes:
        x, C = _NUMBERS[: np.prod(shape)].reshape(shape), shape[1]
        found.append(Probe((x, _GAMMA[:C].copy(), _BETA[:C].copy(), *groups, 0.5)))
    return found


def _backward(forward: Callable[..., Any], probes: list[Probe]) -> list[Probe]:
    found = []
    for probe in probes:
        *given, eps = probe.given
        y, cache = forward(*given, eps=eps)
        found.append(Probe((_DY[: y.size].reshape(y.shape), cache)))
    return found


def _sync(D: int) -> Probe:
    xs = [_NUMBERS[:D].reshape(1, D), _NUMBERS[D : 3 * D].reshape(2, D)]
    _, caches = syncbn_forward(xs, _GAMMA[:D], _BETA[:D], eps=0.5)
    return Probe(([_DY[:D].reshape(1, D), _DY[D : 3 * D].reshape(2, D)], caches))


def _folding(shape: tuple[int, ...], biased: bool) -> Probe:
    O = shape[0]  # noqa: E741  (the field's letter)
    b = np.array([1.0, -2.0])[:O] if biased else None
    mean, var = np.array([2.0, 1.0])[:O], np.array([3.5, 8.5])[:O]
    return Probe(
        (_NUMBERS[: np.prod(shape)].reshape(shape), b, _GAMMA[:O].copy(), _BETA[:O].copy(), mean, var, 0.5)
    )


def _numerical(scale: float, h: float) -> Probe:
    return Probe(
        (Shown("x ↦ x.sum() * x**2", lambda x: x.sum() * x**2), np.array([1.0, 2.0, 3.0]) * scale,
         np.array([1.0, 0.0, 2.0]), h)
    )  # fmt: skip


_SPATIAL = _forward((2, 1, 1, 2), (2, 2, 1, 2), (2, 2, 2, 2))
_LAYER = _forward((1, 3), (2, 3), (3, 3))
_GROUP = _forward(
    (1, 4, 1, 1), (2, 4, 1, 1), (1, 4, 1, 2), (2, 4, 1, 2), (1, 4, 2, 2),
    (1, 4, 1, 4), (1, 6, 1, 1), (4, 4, 1, 1), groups=(2,),
)  # fmt: skip

NETWORK_EXAMPLES: dict[str, list[Probe]] = {
    "spatial_batchnorm_forward": _SPATIAL,
    "spatial_batchnorm_backward": _backward(spatial_batchnorm_forward, _SPATIAL),
    "layernorm_forward": _LAYER,
    "layernorm_backward": _backward(layernorm_forward, _LAYER),
    "groupnorm_forward": _GROUP,
    "groupnorm_backward": _backward(groupnorm_forward, _GROUP),
    "fold_batchnorm": [_folding((1, 2), True), _folding((2, 2), True), _folding((2, 2), False)],
    "merge_stats": [
        Probe((2, np.array([1.0]), np.array([1.0]), 4, np.array([4.0]), np.array([3.0]))),
        Probe((2, np.array([1.0, 0.0]), np.array([1.0, 4.0]), 1, np.array([4.0, 3.0]), np.array([0.0, 0.0]))),
    ],
    "syncbn_backward": [_sync(1), _sync(2)],
    "numerical_gradient": [_numerical(1.0, 0.5), _numerical(20.3, 1e-5)],
}
