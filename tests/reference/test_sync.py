"""Batch norm over workers: it is batch norm of all batches laid one below the other, forward and backward."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from maps import assert_close

import bncourse
from bncourse import batchnorm_backward, batchnorm_forward, gradcheck, syncbn_backward, syncbn_forward

sizes = st.lists(st.integers(1, 7), min_size=1, max_size=4)


def workers(counts, D, seed):
    """Batches whose means are far apart, gamma with a negative entry, beta, and dys with a mean."""
    rng = np.random.default_rng(seed)
    xs = [rng.normal(rng.normal(0, 3, D), rng.uniform(0.1, 2.5, D), (N, D)) for N in counts]
    gamma = rng.uniform(0.5, 2, D)
    gamma[rng.integers(D)] *= -1
    return xs, gamma, rng.normal(0, 2, D), [rng.normal(1, 1, x.shape) for x in xs]


@given(sizes, st.integers(1, 4), st.integers(0, 2**32 - 1), st.sampled_from([1e-3, 0.05, 0.5]))
def test_it_equals_batch_norm_of_the_whole(counts, D, seed, eps):
    assume(sum(counts) > 1)
    xs, gamma, beta, dys = workers(counts, D, seed)
    y, cache = batchnorm_forward(np.concatenate(xs), gamma, beta, eps=eps)
    ys, caches = syncbn_forward(xs, gamma, beta, eps=eps)
    assert [part.shape for part in ys] == [x.shape for x in xs]
    assert_close(np.concatenate(ys), y)
    dx, dgamma, dbeta = batchnorm_backward(np.concatenate(dys), cache)
    dxs, dgamma_sync, dbeta_sync = syncbn_backward(dys, caches)
    assert [part.shape for part in dxs] == [x.shape for x in xs]
    assert_close(np.concatenate(dxs), dx)
    assert_close(dgamma_sync, dgamma)
    assert_close(dbeta_sync, dbeta)


def test_every_worker_gets_its_gradient_through_the_statistics_of_the_others():
    xs, gamma, beta, _ = workers((2, 5, 1), 3, seed=1)
    cuts = np.cumsum([len(x) for x in xs])[:-1]

    def forward(x, gamma, beta):
        ys, caches = syncbn_forward(np.split(x, cuts), gamma, beta, eps=0.05)
        return np.concatenate(ys), caches

    def backward(dy, caches):
        dxs, dgamma, dbeta = syncbn_backward(np.split(dy, cuts), caches)
        return np.concatenate(dxs), dgamma, dbeta

    result = gradcheck(forward, backward, (np.concatenate(xs), gamma, beta))
    assert result, str(result)


def test_float32_stays_float32_and_nothing_is_changed():
    xs, gamma, beta, dys = workers((4, 6), 3, seed=2)
    xs, dys = ([a.astype(np.float32) for a in arrays] for arrays in (xs, dys))
    before = [a.copy() for a in (*xs, *dys)]
    ys, caches = syncbn_forward(xs, gamma, beta)
    dxs, dgamma, dbeta = syncbn_backward(dys, caches)
    assert {a.dtype for a in (*ys, *dxs, dgamma, dbeta, caches[0].inv_std)} == {np.dtype(np.float32)}
    for now, was in zip((*xs, *dys), before, strict=True):
        np.testing.assert_array_equal(now, was)


def of_two():
    return syncbn_forward([np.eye(2), np.eye(2)], np.ones(2), np.zeros(2))[1]


@pytest.mark.usefixtures("as_a_reader")
@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda: syncbn_forward([], np.ones(2), np.zeros(2)),
            "must hold: there is at least one worker; got: an empty list; try: xs=[x]",
        ),
        (
            lambda: syncbn_forward([np.eye(2), np.eye(3)], np.ones(2), np.zeros(2)),
            "must hold: every worker has the same features, 2; got: shape (3, 3) from worker 1; "
            "try: one layer, one number of features",
        ),
        (
            lambda: syncbn_forward([np.ones((1, 2))], np.ones(2), np.zeros(2)),
            "must hold: all workers together have at least two examples; got: one; "
            "try: a larger batch on any of them",
        ),
        (
            lambda: syncbn_backward([np.eye(2)], of_two()),
            "must hold: there is one dy a worker, 2; got: 1; try: [dy for every y of ys]",
        ),
        (
            lambda: syncbn_backward([np.eye(2), np.eye(3)], of_two()),
            "must hold: dy has the shape of y, (2, 2); got: shape (3, 3); try: np.ones_like(y)",
        ),
    ],
)
def test_what_cannot_be_right_is_refused_with_what_to_try(call, text):
    with pytest.raises(bncourse.BncourseError) as caught:
        call()
    assert str(caught.value) == text
