"""A next step shows the slip: the right function does what the message says, and the twin does not."""

import numpy as np
import pytest
from test_message_truth_networks import (
    CODES,
    RNG,
    B,
    K,
    L,
    S,
    back,
    channel,
    over,
    pictures,
    row,
    table,
    two,
    use,
)
from test_messages import messages

X, T = pictures(), table()


def ones_like(cache):
    return np.ones_like(cache.x_hat)


def x_hat_of(cache):
    return cache.x_hat


def silent(x, where):
    """A dy that is 0 at one place."""
    dy = RNG.normal(1, 1, x.shape)
    dy[where] = 0
    return dy


def heard(fn, x, where):
    """Whether dx is not 0 where dy is 0."""
    return np.abs(back(fn, x, silent(x, where))[0][where]).max() > 1e-6


def means(fn, x):
    return use(fn, x).mean(axis=over(x))


def widths(fn, x):
    return use(fn, x).std(axis=over(x))


def sums(fn, x, gamma=1.0):
    dx = back(fn, x, gamma=gamma)[0]
    return dx.sum(axis=over(x))


def sums_along(fn, x):
    dx, _, _, cache = back(fn, x)
    return (dx * cache.x_hat).sum(axis=over(x))


def runs(fn, x):
    try:
        return use(fn, x).shape == x.shape
    except ValueError:
        return False


def when_added(fn, x):
    """How far the output moves when 100 is added to one example."""
    moved = x.copy()
    moved[0] += 100
    return use(fn, moved) - use(fn, x)


def when_doubled(fn, x, which):
    """What becomes of a result when gamma doubles."""
    dy = RNG.normal(1, 1, x.shape)
    return back(fn, x, dy, gamma=2.0)[which] / back(fn, x, dy)[which]


def when_wider(fn, x):
    dy = RNG.normal(1, 1, x.shape)
    return back(fn, 10 * x, dy)[0] / back(fn, x, dy)[0]


def of_one_gamma(fn, x):
    """Whether the second column or channel moves when its gamma doubles."""
    gamma = np.ones(x.shape[1])
    gamma[1] = 2
    return np.abs(use(fn, x, gamma) - use(fn, x))[:, 1].max() > 0.1


def of_one_beta(fn, x):
    beta = np.zeros(x.shape[1])
    beta[1] = 1
    return (use(fn, x, beta=beta) - use(fn, x))[:, 1]


def first_flat(fn):
    """The spread of the first channel of y when that channel of x is a constant."""
    x = pictures()
    x[:, 0] = 3
    return use(fn, x)[:, 0].std()


def place_kept(fn):
    x = pictures()
    x[2, 1, 1, 3] = 1e3
    return np.array_equal(np.unravel_index(use(fn, x).argmax(), x.shape), (2, 1, 1, 3))


def place_of_dx(fn):
    x = pictures()
    dy = np.zeros(x.shape)
    dy[2, 1, 1, 3] = 1
    return np.array_equal(np.unravel_index(np.abs(back(fn, x, dy)[0]).argmax(), x.shape), (2, 1, 1, 3))


def in_other_channels(fn):
    """dgamma and dbeta of the channels whose dy is 0."""
    x = pictures()
    _, dgamma, dbeta, _ = back(fn, x, silent(x, np.s_[:, 1:]))
    return [dgamma[1:], dbeta[1:]]


def grow(fn, axis):
    """Whether the means of rows or columns grow with those of x."""
    slope = np.arange(6)[:, None] if axis == 2 else np.arange(7)
    y = use(fn, 0.1 * channel(0, 1, 5, 6, 7) + slope)
    return (np.diff(y.mean(axis=(0, 5 - axis, 1))) > 0.1).all()


def alone(fn, x):
    return use(fn, x[:1]) - use(fn, x)[:1]


def repeated(fn, x):
    dy = RNG.normal(1, 1, x.shape)
    twice = back(fn, x.repeat(2, axis=0), dy.repeat(2, axis=0))[1]
    return twice / back(fn, x, dy)[1]


def of_a_silent_column(fn, which):
    x = table(4, 4)
    return back(fn, x, silent(x, np.s_[:, 1]))[which][1]


def far_pictures():
    """A batch of which one image is 10 brighter."""
    x = pictures()
    x[0] += 10
    return x


def images_differ(fn):
    y = use(fn, far_pictures())[:, 0]
    return y[0].mean() - y[1].mean() > 0.5


def two_sizes(fn, what, shapes):
    """Something seen on small inputs and on large ones."""
    return np.concatenate([np.ravel(what(fn, make(**shape))) for make, shape in shapes])


MAPS = [(pictures, {"H": 2, "W": 2}), (pictures, {"H": 6, "W": 7})]
ROWS = [(table, {"N": 5, "D": 3}), (table, {"N": 3, "D": 20})]
PIXELS = 6 * 4 * 5  # of pictures()
HALF = {"x": np.array([[-1.0, 1]]), "eps": 3.0}
GAMMAS = np.array([0.5, 1, 2, -1])

# A code, words of its next step, what one sees there, and what is due.
STEPS = [
    (S + "per-instance", "mean of one channel of your output for each image", images_differ, True),
    (S + "per-example", "each should be 0", lambda fn: means(fn, pictures()), 0),
    (S + "per-pixel", "should not be flat", lambda fn: use(fn, channel(3, 2)).std() > 0.5, True),
    (S + "per-cell", "should not be flat", lambda fn: use(fn, pictures(N=1)).std() > 0.5, True),
    (S + "without-width", "should grow too", lambda fn: grow(fn, 3), True),
    (S + "without-height", "should grow too", lambda fn: grow(fn, 2), True),
    (S + "whole-tensor", "near 1", lambda fn: widths(fn, pictures()), 1),
    (S + "mean-of-variances", "near 1", lambda fn: widths(fn, far_pictures()), 1),
    (S + "mean-of-cell-variances", "near 1", lambda fn: widths(fn, pictures(N=1)), 1),
    (S + "divided-by-n", "0 and nearly 1", lambda fn: [means(fn, pictures()), widths(fn, pictures()) - 1], 0),
    (S + "mean-divided-by-n", "should be 0", lambda fn: use(fn, np.ones((2, 1, 3, 3))), 0),
    (S + "variance-divided-by-n", "near 1 for both", lambda fn: two_sizes(fn, widths, MAPS), 1),
    (S + "bessel", "nearly −1 and 1",
     lambda fn: use(fn, np.array([0.0, 1]).reshape(2, 1, 1, 1)).ravel(), [-1, 1]),
    (S + "eps-outside", "half of x",
     lambda fn: use(fn, np.array([-1.0, 1]).reshape(2, 1, 1, 1), eps=3.0).ravel(), [-0.5, 0.5]),
    (S + "eps-missing", "zeros", lambda fn: np.isfinite(use(fn, np.zeros((2, 1, 3, 3)))), True),
    (S + "no-root", "hardly change", lambda fn: use(fn, 10 * X) - use(fn, X), 0),
    (S + "gamma-missing", "Double gamma of one channel", lambda fn: of_one_gamma(fn, X), True),
    (S + "beta-missing", "rise by 1", lambda fn: of_one_beta(fn, X), 1),
    (S + "gamma-beta-axis", "maps of 5 by 6", lambda fn: runs(fn, pictures(7, 4, 5, 6)), True),
    (S + "reshape-there", "should be flat", first_flat, 0),
    (S + "reshape-back", "the place should be the same", place_kept, True),
    (S + "reshape-both", "each should be 0", lambda fn: means(fn, pictures()), 0),
    (B + "per-instance", "0 in one image", lambda fn: heard(fn, X, np.s_[0]), True),
    (B + "per-pixel", "0 in one channel", lambda fn: heard(fn, X, np.s_[:, 0]), False),
    (B + "per-cell", "0 at one place in all images", lambda fn: heard(fn, X, np.s_[:, :, 1, 2]), True),
    (B + "without-width", "first column of every map", lambda fn: heard(fn, X, np.s_[..., 0]), True),
    (B + "without-height", "first row of every map", lambda fn: heard(fn, X, np.s_[:, :, 0]), True),
    (B + "divided-by-n", "maps of two sizes: each sum should be 0", lambda fn: two_sizes(fn, sums, MAPS), 0),
    (B + "mean-term-divided-by-n", "each sum should be 0", lambda fn: sums(fn, X), 0),
    (B + "variance-term-divided-by-n", "near 0", lambda fn: sums_along(fn, X), 0),
    (B + "reshape-there", "0 in the others", in_other_channels, 0),
    (B + "reshape-dy", "near the number of pixels", lambda fn: back(fn, X, x_hat_of)[1], PIXELS),
    (B + "reshape-back", "at the same place", place_of_dx, True),
    (B + "reshape-both", "each sum should be 0", lambda fn: sums(fn, X), 0),
    (B + "no-mean-path", "each sum should be 0", lambda fn: sums(fn, X), 0),
    (B + "no-variance-path", "near 0", lambda fn: back(fn, X, x_hat_of)[0], 0),
    (B + "constant-statistics", "should be 0", lambda fn: back(fn, X, ones_like)[0], 0),
    (B + "mean-term-sign", "should be 0", lambda fn: back(fn, X, ones_like)[0], 0),
    (B + "variance-term-sign", "near 0", lambda fn: back(fn, X, x_hat_of)[0], 0),
    (B + "gamma-missing", "should double", lambda fn: when_doubled(fn, X, 0), 2),
    (B + "std-multiplied", "ten times smaller", lambda fn: when_wider(fn, X), 0.1),
    (B + "dgamma-mean", "near the number of pixels", lambda fn: back(fn, X, x_hat_of)[1], PIXELS),
    (B + "dbeta-mean", "the number of pixels", lambda fn: back(fn, X, ones_like)[2], PIXELS),
    (B + "dgamma-extra-gamma", "stay as it is", lambda fn: when_doubled(fn, X, 1), 1),
    (B + "dbeta-extra-gamma", "stay as it is", lambda fn: when_doubled(fn, X, 2), 1),
    (B + "dgamma-dbeta-swapped", "the number of pixels of the whole batch, and each dgamma 0",
     lambda fn: [back(fn, X, ones_like)[2] - PIXELS, back(fn, X, ones_like)[1]], 0),
    (L + "batch-axis", "should agree", lambda fn: alone(fn, T), 0),
    (L + "whole-table", "each should be 0", lambda fn: means(fn, T), 0),
    (L + "n-for-d", "should agree", lambda fn: alone(fn, T), 0),
    (L + "mean-n-for-d", "should be 0", lambda fn: use(fn, np.ones((2, 4))), 0),
    (L + "variance-n-for-d", "near 1", lambda fn: widths(fn, T), 1),
    (L + "rms", "should not move", lambda fn: when_added(fn, T), 0),
    (L + "variance-about-zero", "should not move", lambda fn: when_added(fn, T), 0),
    (L + "not-centred", "each should be 0", lambda fn: means(fn, T), 0),
    (L + "bessel", "nearly −1 and 1", lambda fn: use(fn, np.array([[0.0, 1]])), [[-1, 1]]),
    (L + "eps-outside", "−0.5, 0.5", lambda fn: use(fn, **HALF), [[-0.5, 0.5]]),
    (L + "bessel-eps-outside", "−0.5, 0.5", lambda fn: use(fn, **HALF), [[-0.5, 0.5]]),
    (L + "eps-missing", "a row of zeros", lambda fn: np.isfinite(use(fn, np.zeros((1, 4)))), True),
    (L + "no-root", "hardly change", lambda fn: use(fn, 10 * T) - use(fn, T), 0),
    (L + "gamma-missing", "Double gamma of one feature", lambda fn: of_one_gamma(fn, T), True),
    (L + "beta-missing", "rise by 1", lambda fn: of_one_beta(fn, T), 1),
    (L + "gamma-beta-axis", "7 examples with 4 features", lambda fn: runs(fn, table(7, 4)), True),
    (K + "no-mean-path", "each sum should be 0", lambda fn: sums(fn, T), 0),
    (K + "no-variance-path", "near 0", lambda fn: sums_along(fn, T), 0),
    (K + "constant-statistics", "should not be 0", lambda fn: heard(fn, T, np.s_[:, 1:]), True),
    (K + "mean-term-sign", "each sum should be 0", lambda fn: sums(fn, T), 0),
    (K + "variance-term-sign", "near 0", lambda fn: sums_along(fn, T), 0),
    (K + "batch-axis", "that row of your dx should be 0", lambda fn: heard(fn, T, np.s_[0]), False),
    (K + "n-for-d", "each sum should be 0", lambda fn: sums(fn, table(3, 20)), 0),
    (K + "mean-term-n-for-d", "it should be 0", lambda fn: sums(fn, row(3, 2)), 0),
    (K + "variance-term-n-for-d", "near 0", lambda fn: two_sizes(fn, sums_along, ROWS), 0),
    (K + "no-1/D", "each sum should be 0", lambda fn: two_sizes(fn, sums, ROWS), 0),
    (K + "gamma-outside", "each sum should be 0", lambda fn: sums(fn, T, GAMMAS), 0),
    (K + "gamma-missing", "should double", lambda fn: when_doubled(fn, T, 0), 2),
    (K + "std-multiplied", "ten times smaller", lambda fn: when_wider(fn, T), 0.1),
    (K + "dgamma-axis", "dgamma of that feature should be 0", lambda fn: of_a_silent_column(fn, 1), 0),
    (K + "dbeta-axis", "dbeta of that feature should be 0", lambda fn: of_a_silent_column(fn, 2), 0),
    (K + "dgamma-mean", "should double", lambda fn: repeated(fn, T), 2),
    (K + "dbeta-mean", "the number of examples", lambda fn: back(fn, T, ones_like)[2], 6),
    (K + "dgamma-extra-gamma", "stay as it is", lambda fn: when_doubled(fn, T, 1), 1),
    (K + "dbeta-extra-gamma", "stay as it is", lambda fn: when_doubled(fn, T, 2), 1),
    (K + "dgamma-dbeta-swapped", "the number of examples", lambda fn: back(fn, T, ones_like)[2], 6),
]  # fmt: skip


def test_every_next_step_is_tried():
    assert [code for code, *_ in STEPS] == CODES


@pytest.mark.parametrize(("code", "words", "seen", "due"), STEPS)
def test_the_next_step_shows_the_slip(code, words, seen, due):
    assert words in messages("en")[code]["next"]
    twin, right = (np.asarray(seen(fn), dtype=float) for fn in two(code))
    np.testing.assert_allclose(right, due, rtol=1e-3, atol=1e-3)
    assert not np.allclose(twin, due, rtol=0.02, atol=0.02)
