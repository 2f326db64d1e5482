"""Twins of images, other norms and workers: the gradient check rejects every one that has a gradient.

That they are complete, wrong on the probes and pairwise unlike is tested in test_twins.py.
"""

import numpy as np
import pytest
from network_probes import images, parameters, tables, workers

from bncourse import (
    RunningStats,
    ShapeError,
    batchnorm_inference,
    gradcheck,
    groupnorm_backward,
    groupnorm_forward,
    layernorm_backward,
    layernorm_forward,
    mistakes,
    spatial_batchnorm_backward,
    spatial_batchnorm_forward,
    syncbn_backward,
    syncbn_forward,
)
from bncourse.reference.staged import staged_backward, staged_forward

EPS = 0.05
# subject: forward, backward, inputs of which no two axes agree, inputs that are equal on all axes
NORMS = {
    "spatial": (
        spatial_batchnorm_forward,
        spatial_batchnorm_backward,
        images(np.random.default_rng(0), 3, 4, 2, 5),
        images(np.random.default_rng(1), 3, 3, 3, 3),
    ),
    "layer": (
        layernorm_forward,
        layernorm_backward,
        tables(np.random.default_rng(0), 5, 4),
        tables(np.random.default_rng(1), 4, 4),
    ),
    "group": (
        lambda x, gamma, beta, *, eps: groupnorm_forward(x, gamma, beta, 2, eps=eps),
        groupnorm_backward,
        images(np.random.default_rng(0), 3, 6, 2, 4),
        images(np.random.default_rng(1), 4, 4, 4, 4),
    ),
}


def ids(mistake):
    return mistake.code


def twins(*subjects):
    return [mistake for subject in subjects for mistake in mistakes.of(subject)]


@pytest.mark.parametrize("subject", NORMS)
def test_the_right_forward_and_backward_pass(subject):
    forward, backward, *probes = NORMS[subject]
    for inputs in probes:
        assert gradcheck(lambda *given: forward(*given, eps=EPS), backward, inputs)


@pytest.mark.parametrize("mistake", twins(*NORMS), ids=ids)
def test_a_wrong_forward_is_rejected(mistake):
    forward, backward, inputs, square = NORMS[mistake.subject]
    groups = (2,) if mistake.subject == "group" else ()
    needs_square = mistake.code.endswith("gamma-beta-axis")

    def call(*given):
        return mistake.fn(*given, *groups, eps=EPS), forward(*given, eps=EPS)[1]

    assert not gradcheck(call, backward, square if needs_square else inputs)
    if needs_square:
        with pytest.raises(ValueError, match="broadcast"):
            call(*inputs)


@pytest.mark.parametrize("mistake", twins(*(f"{subject}-backward" for subject in NORMS)), ids=ids)
def test_a_wrong_backward_is_rejected(mistake):
    forward, _, inputs, square = NORMS[mistake.subject.removesuffix("-backward")]

    def call(*given):
        return forward(*given, eps=EPS)

    if mistake.code.endswith(("dgamma-axis", "dbeta-axis")):  # the shape gives it away unless N = C
        with pytest.raises(ShapeError, match="has the shape of its input"):
            gradcheck(call, mistake.fn, inputs)
        assert not gradcheck(call, mistake.fn, square)
    else:
        assert not gradcheck(call, mistake.fn, inputs)


def test_of_workers_the_right_backward_passes_and_every_twin_is_rejected():
    xs, gamma, beta = workers(np.random.default_rng(0), (2, 5, 3), 3)
    cuts = np.cumsum([len(x) for x in xs])[:-1]

    def forward(x, gamma, beta):
        ys, caches = syncbn_forward(np.split(x, cuts), gamma, beta, eps=EPS)
        return np.concatenate(ys), caches

    def check(fn):
        def backward(dy, caches):
            dxs, dgamma, dbeta = fn(np.split(dy, cuts), caches)
            return np.concatenate(dxs), dgamma, dbeta

        return bool(gradcheck(forward, backward, (np.concatenate(xs), gamma, beta)))

    assert check(syncbn_backward)
    assert [mistake.code for mistake in twins("sync-backward") if check(mistake.fn)] == []


def test_of_folded_layers_only_the_right_one_agrees_with_layer_and_norm():
    rng = np.random.default_rng(0)
    W, b, x = rng.normal(0, 1, (4, 4)), rng.normal(1, 1, 4), rng.normal(0, 1, (6, 4))
    gamma, beta = parameters(rng, 4)
    mean, var = rng.normal(-1, 2, 4), rng.permutation(np.geomspace(0.05, 3, 4))
    expected = batchnorm_inference(x @ W.T + b, gamma, beta, RunningStats(mean, var), eps=EPS)

    def agrees(fn):
        folded, bias = fn(W, b, gamma, beta, mean, var, eps=EPS)
        return np.allclose(x @ folded.T + bias, expected, rtol=1e-6)

    assert agrees(mistakes.right("folding"))
    assert [mistake.code for mistake in twins("folding") if agrees(mistake.fn)] == []


def test_of_merged_statistics_only_the_right_ones_are_those_of_all_examples():
    rng = np.random.default_rng(0)
    a, b = rng.normal(1, 0.5, (2, 3)), rng.normal(-2, 2, (9, 3))
    both = np.concatenate([a, b])

    def agrees(fn):
        count, mean, var = fn(2, a.mean(axis=0), a.var(axis=0), 9, b.mean(axis=0), b.var(axis=0))
        return count == 11 and np.allclose(mean, both.mean(axis=0)) and np.allclose(var, both.var(axis=0))

    assert agrees(mistakes.right("merging"))
    assert [mistake.code for mistake in twins("merging") if agrees(mistake.fn)] == []


def test_a_gradient_check_built_on_a_wrong_numerical_gradient_rejects_the_right_backward():
    x, gamma, beta = tables(np.random.default_rng(0), 5, 3)
    dy = np.random.default_rng(1).normal(1, 1, x.shape)
    dx, _, _ = staged_backward(dy, staged_forward(x, gamma, beta, eps=EPS)[1])

    def agrees(fn):
        numerical = fn(lambda z: staged_forward(z, gamma, beta, eps=EPS)[0], x, dy, h=1e-5)
        return np.abs(numerical - dx).max() <= 1e-6 * np.abs(dx).max()

    assert agrees(mistakes.right("numerical-gradient"))
    assert [mistake.code for mistake in twins("numerical-gradient") if agrees(mistake.fn)] == []
