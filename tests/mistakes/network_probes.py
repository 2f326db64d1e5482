"""Probes for the twins about images, other norms, folding, merging, workers and the numerical gradient.

N, C, H, W not all equal, and all equal once; C = 6 and C = 8 with G = 2, so that G is not C/G; layer norm
with N ≠ D, and N = D once; O ≠ I and O = I, with and without a bias; counts 2, 5, 9, means far apart.
"""

import numpy as np

from bncourse import groupnorm_forward, layernorm_forward, spatial_batchnorm_forward, syncbn_forward
from bncourse.exercises.probes_networks import images, parameters, tables, workers

__all__ = ["NETWORK_SUBJECTS", "images", "parameters", "tables", "workers"]

IMAGES = ((7, 4, 3, 5), (5, 3, 2, 4), (2, 3, 4, 2), (4, 4, 4, 4))
GROUPED = ((3, 6, 2, 4), (2, 8, 3, 2), (5, 6, 4, 3), (4, 4, 4, 4))


def with_settings(rng, make, shapes):
    """Each shape at eps = 0.05, the first one at 0.5 and at the default too."""
    for shape in shapes:
        yield make(rng, *shape), {"eps": 0.05}
    yield make(rng, *shapes[0]), {"eps": 0.5}
    yield make(rng, *shapes[0]), {"eps": 1e-5}


def spatial(rng):
    yield from with_settings(rng, images, IMAGES)


def layer(rng):
    yield from with_settings(rng, tables, ((7, 4), (5, 3), (2, 6), (4, 4)))


def group(rng):
    for arrays, settings in with_settings(rng, images, GROUPED):
        yield (*arrays, 2), settings


def backward(forward, probes):
    """The probes of a forward pass as those of its backward: dy with a mean that is not zero."""

    def of(rng):
        for arrays, settings in probes(rng):
            y, cache = forward(*arrays, **settings)
            yield (rng.normal(1, 1, y.shape), cache), {}

    return of


def folding(rng):
    shapes = ((4, 3, 3, 3), (5, 2), (3, 3, 2, 2), (4, 4), (2, 5, 1, 1))
    for (O, *rest), eps, with_bias in zip(  # noqa: E741
        shapes, (0.05, 0.05, 0.5, 0.05, 1e-5), (True, False, True, True, True), strict=True
    ):
        gamma, beta = parameters(rng, O)
        var = rng.permutation(np.geomspace(0.05, 3, O))
        b = rng.normal(1, 1, O) if with_bias else None
        yield (rng.normal(0, 1, (O, *rest)), b, gamma, beta, rng.normal(-1, 2, O), var), {"eps": eps}


def merging(rng):
    for count_a, count_b in ((2, 5), (5, 9), (9, 2)):
        a, b = (
            (count, rng.uniform(1, 3, 3) * side, rng.uniform(0.5, 1, 3) * spread)
            for count, side, spread in ((count_a, 1, 0.3), (count_b, -1, 4))
        )
        yield (*a, *b), {}


def sync(rng):
    for sizes, D in (((2, 5, 9), 4), ((5, 2), 3), ((4, 4), 4)):
        ys, caches = syncbn_forward(*workers(rng, sizes, D), eps=0.05)
        yield ([rng.normal(1, 1, y.shape) for y in ys], caches), {}


def numerical(rng):
    A, B = rng.normal(0, 1, (3, 3)), rng.normal(0, 1, (3, 2))
    probes = (
        (lambda x: (A @ x) * x, (3, 2), 0.05),  # quadratic: central differences are exact
        (lambda x: (A @ x) ** 3 + 1e3, (3, 2), 1e-3),  # far from zero: a tiny step drowns
        (lambda x: np.sin(A @ x / 20) * x, (3, 3), 1e-5),  # wide: float32 is coarse there
        (lambda x: (x @ B).sum(axis=0) * x[0, 0], (2, 3), 0.05),  # the output has another shape
    )
    for fn, shape, h in probes:
        x = rng.uniform(0.5, 2, shape) * rng.choice((-1, 1), shape) * (20 if h == 1e-5 else 1)
        yield (fn, x, rng.normal(1, 1, np.shape(fn(x)))), {"h": h}


NETWORK_SUBJECTS = {
    "spatial": spatial,
    "spatial-backward": backward(spatial_batchnorm_forward, spatial),
    "layer": layer,
    "layer-backward": backward(layernorm_forward, layer),
    "group": group,
    "group-backward": backward(groupnorm_forward, group),
    "folding": folding,
    "merging": merging,
    "sync-backward": sync,
    "numerical-gradient": numerical,
}
