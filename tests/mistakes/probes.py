"""Inputs on which a slip shows, and the distance between two answers. The rules behind them:

N of 7, 5, 2, and N = D once; column scales from 0.01 to 2.5 and means that are not zero; eps passed
explicitly; gamma random, one negative, beta unlike it; dy with a mean that is not zero; one float32
batch far from zero; one batch of integers; statistics that are not 0 and 1; two batches of other sizes.
"""

import numpy as np
from network_probes import NETWORK_SUBJECTS

from bncourse import BncourseError, RunningStats, mistakes
from bncourse.reference.staged import staged_forward

__all__ = ["answers", "arguments", "distance"]

SHAPES = ((7, 4), (5, 3), (2, 3), (4, 4))


def layer_inputs(rng, N, D):
    """x, gamma, beta; every mean is positive, since one twin takes it for a variance."""
    scales = rng.permutation(np.geomspace(0.01, 2.5, D))
    x = rng.normal(0, 1, (N, D)) * scales + rng.uniform(0.5, 3, D) * np.maximum(scales, 0.5)
    gamma = rng.uniform(0.4, 2, D)
    gamma[rng.integers(D)] *= -1
    return x, gamma, rng.normal(0.5, 1, D)


def forward(rng):
    for N, D in SHAPES:
        yield (*layer_inputs(rng, N, D),), {"eps": 0.05}
    yield (*layer_inputs(rng, 7, 4),), {"eps": 0.5}
    yield (*layer_inputs(rng, 7, 4),), {}
    x, gamma, beta = layer_inputs(rng, 7, 4)
    yield ((x + 4e3).astype(np.float32), gamma, beta), {}
    yield (rng.integers(-9, 30, (7, 4)), gamma, beta), {"eps": 0.05}


def backward(rng):
    settings = [(N, D, 0.05) for N, D in SHAPES] + [(7, 4, 0.5), (7, 4, 1e-5)]
    for N, D, eps in settings:
        _, values = staged_forward(*layer_inputs(rng, N, D), eps=eps)
        yield (rng.normal(1, 1, (N, D)), values), {}


def statistics(rng, D, **settings):
    scales = rng.permutation(np.geomspace(0.01, 2.5, D))
    return RunningStats(rng.uniform(0.5, 2, D), scales**2 * rng.uniform(0.5, 2, D), **settings)


def running(rng):
    for N in (5, 9):
        yield (statistics(rng, 4, new_weight=0.3), layer_inputs(rng, N, 4)[0]), {}
    yield (statistics(rng, 4, new_weight=0.3, variance="biased"), layer_inputs(rng, 5, 4)[0]), {}
    x = layer_inputs(rng, 5, 3)[0]
    # A narrow column with narrow statistics: only there is an eps that was stored more than a trifle.
    narrow = RunningStats(x.mean(axis=0) / 2, np.full(3, 1e-4), new_weight=None, batches=1)
    yield (narrow, x * 0.01), {}


def inference(rng):
    for N, D, eps in ((7, 4, 0.05), (3, 3, 0.5), (5, 3, 1e-5)):
        x, gamma, beta = layer_inputs(rng, N, D)
        yield (x, gamma, beta, statistics(rng, D)), {"eps": eps}


def modes(rng):
    for training in (True, False):
        for arrays, settings in inference(rng):
            yield arrays, {**settings, "training": training}


SUBJECTS = {
    "forward": forward,
    "backward": backward,
    "running": running,
    "inference": inference,
    "modes": modes,
} | NETWORK_SUBJECTS


def arguments(subject, seed):
    """All probes of one subject: pairs of arguments and keyword arguments."""
    return list(SUBJECTS[subject](np.random.default_rng(seed)))


def flat(answer):
    """An answer as a list of arrays."""
    if isinstance(answer, RunningStats):
        return [answer.mean, answer.var, np.array([float(answer.batches)])]
    if isinstance(answer, tuple | list):
        return [array for part in answer for array in flat(part)]
    return [np.asarray(answer, dtype=np.float64)]


def answers(fn, subject, seed):
    """What `fn` does with each probe: its results and what it left of x, or None when it raises."""
    found = []
    for arrays, settings in arguments(subject, seed):
        own = [array.copy() if isinstance(array, np.ndarray) else array for array in arrays]
        try:
            with np.errstate(all="ignore"):
                result = fn(*own, **settings)
        except (ValueError, TypeError, IndexError, BncourseError):
            found.append(None)
            continue
        found.append(flat(result) + [array for array in own if isinstance(array, np.ndarray)])
    return found


def apart(one, two):
    """Relative distance of two arrays; 1 when shapes differ, or one holds NaN and the other does not."""
    if one.shape != two.shape:
        return 1.0
    if np.isnan(one).any() or np.isnan(two).any():
        return 0.0 if np.array_equal(np.isnan(one), np.isnan(two)) else 1.0
    size = max(np.linalg.norm(one), np.linalg.norm(two))
    return float(np.linalg.norm(one - two) / size) if size else 0.0


def distance(one, two):
    """The largest relative distance of two lists of answers over all probes and outputs."""
    largest = 0.0
    for a, b in zip(one, two, strict=True):
        if a is None or b is None:
            largest = max(largest, float((a is None) != (b is None)))
        else:
            largest = max(largest, *(apart(x, y) for x, y in zip(a, b, strict=True)))
    return largest


def all_answers(subject, seed):
    """Answers of the right function and of every twin, by code; the right one under "right"."""
    functions = {"right": mistakes.right(subject)} | {m.code: m.fn for m in mistakes.of(subject)}
    return {code: answers(fn, subject, seed) for code, fn in functions.items()}
