"""What the messages for images and for layer norm say is true: each number and each next step is computed."""

import numpy as np
import pytest
from test_messages import messages

from bncourse import mistakes
from bncourse.reference.family import layernorm_forward
from bncourse.reference.spatial import spatial_batchnorm_forward

SUBJECTS = ("spatial", "spatial-backward", "layer", "layer-backward")
CODES = [mistake.code for subject in SUBJECTS for mistake in mistakes.of(subject)]
SMALL_EPS = 1e-9
RNG = np.random.default_rng(0)


def exactly(mean, width, shape):
    """Numbers with exactly this mean and this (biased) standard deviation."""
    z = RNG.normal(size=shape)
    return mean + width * (z - z.mean()) / z.std()


def channel(mean, width, N=32, H=8, W=8):
    return exactly(mean, width, (N, 1, H, W))


def row(mean, width, D=128):
    return exactly(mean, width, (1, D))


def rows(mean, width):
    """32 examples that are all the same."""
    return row(mean, width).repeat(32, axis=0)


def pictures(N=6, C=3, H=4, W=5):
    """Images with channels of different widths and means, and a mean that differs from image to image."""
    x = RNG.normal(size=(N, C, H, W)) * np.linspace(1, 4, C)[:, None, None]
    return x + 5 * np.arange(C)[:, None, None] + np.arange(N)[:, None, None, None]


def table(N=6, D=4):
    """Examples with different widths and means."""
    return RNG.normal(size=(N, D)) * np.linspace(1, 4, N)[:, None] + np.arange(N)[:, None] + 5


FIXED = table()


def use(fn, x, gamma=1.0, beta=0.0, eps=1e-5):
    """The output with one gamma and one beta for all channels, unless they are rows already."""
    both = [np.broadcast_to(value, x.shape[1:2]).copy() for value in (gamma, beta)]
    with np.errstate(all="ignore"):
        return fn(x, *both, eps=eps)


def back(fn, x, dy=None, gamma=1.0, eps=SMALL_EPS):
    """dx, dgamma, dbeta of fn, and the cache of the right forward pass; a function dy is given the cache."""
    forward = layernorm_forward if x.ndim == 2 else spatial_batchnorm_forward
    _, cache = forward(x, np.broadcast_to(gamma, x.shape[1:2]).copy(), np.zeros(x.shape[1]), eps=eps)
    dy = RNG.normal(1, 1, x.shape) if dy is None else dy(cache) if callable(dy) else dy
    return *fn(dy, cache), cache


def two(code):
    found = mistakes.find(code)
    return found.fn, mistakes.right(found.subject)


# ------------------------------------------------------------------ the numbers


def too_wide(code, x, **settings):
    twin, right = (use(fn, x, **settings) for fn in two(code))
    return twin.std() / right.std()


def twin_mean(code, x, **settings):
    return use(two(code)[0], x, **settings).mean()


def mean_used(code, x):
    """The mean that the twin subtracts, from mean and width of its output."""
    y = use(two(code)[0], x)
    return x.mean() - y.mean() * x.std() / y.std()


def per_channel(code, x, what):
    return what(use(two(code)[0], x), axis=(0, 2, 3))


def far_channels(N=8):
    """Two channels of width 1 with means 0 and 100, in every image."""
    one = exactly(0, 1, (1, 1, 8, 8))
    return np.concatenate([one, one + 100], axis=1).repeat(N, axis=0)


def wide_channels():
    return np.concatenate([channel(0, 1), channel(0, 100)], axis=1)


def far_images():
    """Two images of width 1 with means 0 and 10."""
    return np.concatenate([channel(0, 1, N=1), channel(10, 1, N=1)])


def over(x):
    return (0, 2, 3) if x.ndim == 4 else 1


def path(code, x, along):
    """How many times too strong a way is: what it removes from the direct one, by what it should."""
    dy = RNG.normal(1, 1, x.shape)
    removed = []
    for fn in two(code):
        dx, _, _, cache = back(fn, x, dy)
        weight = cache.x_hat if along else np.ones_like(x)
        removed.append(((cache.inv_std * dy - dx) * weight).sum(axis=over(x)))
    return np.ravel(removed[0] / removed[1])[0]


def mean_path(code, x):
    return path(code, x, along=False)


def variance_path(code, x):
    return path(code, x, along=True)


def ratio(code, which, x, **settings):
    dy = RNG.normal(1, 1, x.shape)
    twin, right = (back(fn, x, dy, **settings)[which] for fn in two(code))
    return float(np.median(twin / right))


def left_by_sum(code, x):
    """The sum of the twin's dx by that of the direct way."""
    dy = RNG.normal(1, 1, x.shape)
    dx, _, _, cache = back(two(code)[0], x, dy)
    return np.ravel(dx.sum(axis=over(x)) / (cache.inv_std * dy).sum(axis=over(x)))[0]


def totals(code):
    """The totals of dgamma and dbeta by the right ones, and whether the parts are right too."""
    x = pictures()
    dy = RNG.normal(1, 1, x.shape)
    twin, right = (back(fn, x, dy) for fn in two(code))
    shared = [np.allclose(twin[n], right[n]) for n in (1, 2)]
    return [twin[1].sum() / right[1].sum(), twin[2].sum() / right[2].sum(), *shared]


def same_numbers(code):
    """Whether an image of dx, or of y, holds the right numbers, and whether at their places."""
    x = pictures()
    dy = RNG.normal(1, 1, x.shape)
    spatial = code.startswith("spatial.")
    twin, right = (use(fn, x) if spatial else back(fn, x, dy)[0] for fn in two(code))
    order = [np.sort(z.reshape(len(z), -1)) for z in (twin, right)]
    return [np.allclose(*order), np.allclose(twin, right)]


def hidden(code, x):
    """Whether the twin equals the right function on this x."""
    dy = RNG.normal(1, 1, x.shape)
    gradients = "backward" in code
    twin, right = (back(fn, x, dy)[:3] if gradients else (use(fn, x),) for fn in two(code))
    return all(t.shape == r.shape and np.allclose(t, r) for t, r in zip(twin, right, strict=True))


def channel_sums_to_zero(code):
    dx = back(two(code)[0], pictures(), gamma=np.array([0.5, -1, 2]))[0]
    return np.allclose(dx.sum(axis=(0, 2, 3)), 0)


def heard_in_other_channels(code):
    """Whether dx of the first channel moves when only dy of the others is not 0, beyond rounding."""
    x = pictures()
    dy = RNG.normal(1, 1, x.shape)
    dy[:, 0] = 0
    return np.abs(back(two(code)[0], x, dy)[0][:, 0]).max() > 0.01


def row_sums_to_zero(code, gamma):
    dx = back(two(code)[0], table(), gamma=gamma)[0]
    return np.allclose(dx.sum(axis=1), 0)


def jacobian(code, D=8):
    """How many entries of the twin's Jacobian of one example are 0."""
    x = row(3, 2, D)
    entries = [back(two(code)[0], x, one[None], eps=1e-5)[0] for one in np.eye(D)]
    return np.count_nonzero(np.abs(np.concatenate(entries)) < 1e-12)


def stretched(code):
    """How hard dx stretches x, by the direct way alone."""
    x = pictures() if code.startswith("spatial") else table()
    dy = RNG.normal(1, 1, x.shape)
    dx, _, _, cache = back(two(code)[0], x, dy)
    return np.ravel(
        (dx * cache.x_hat).sum(axis=over(x)) / (cache.inv_std * dy * cache.x_hat).sum(axis=over(x))
    )


def of_example(code):
    """Whether the twin's gradient of feature n is what example n asks for, on a square batch."""
    x = table(4, 4)
    dy = RNG.normal(1, 1, x.shape)
    _, dgamma, dbeta, cache = back(two(code)[0], x, dy)
    asked = {"dgamma": (dgamma, dy * cache.x_hat), "dbeta": (dbeta, dy)}
    found, parts = asked[code.split(".")[1].split("-")[0]]
    return np.allclose(found, parts.sum(axis=1))


S, B, L, K = "spatial.", "spatial-backward.", "layer.", "layer-backward."
# A code, words of its message, what they mean computed, and the number.
CLAIMS = [
    (S + "per-instance", "both come out with mean 0",
     lambda code: use(two(code)[0], far_images() * 10).mean(axis=(2, 3)), 0),
    (S + "per-example", "means −1 and 1", lambda code: per_channel(code, far_channels(), np.mean), [-1, 1]),
    (S + "per-example", "fifty times too narrow",
     lambda code: 1 / per_channel(code, far_channels(), np.std), 50),
    (S + "per-pixel", "the output is beta everywhere",
     lambda code: use(two(code)[0], channel(3, 2), beta=7.0), 7),
    (S + "per-cell", "A pattern that all images share",
     lambda code: use(two(code)[0], channel(3, 2) + 9 * np.eye(8)).mean(axis=0), 0),
    (S + "per-cell", "one image gives beta", lambda code: use(two(code)[0], channel(3, 2, N=1), beta=7.0), 7),
    (S + "without-width", "the same mean in every column",
     lambda code: use(two(code)[0], channel(0, 1) + np.arange(8)).mean(axis=(0, 2)), 0),
    (S + "without-height", "the same mean as the ground",
     lambda code: use(two(code)[0], channel(0, 1) + np.arange(8)[:, None]).mean(axis=(0, 3)), 0),
    (S + "whole-tensor", "still a hundred times as wide",
     lambda code: np.divide(*per_channel(code, wide_channels(), np.std)[::-1]), 100),
    (S + "mean-of-variances", "five times too wide", lambda code: too_wide(code, far_images()), 5),
    (S + "mean-of-cell-variances", "316 times too wide",
     lambda code: too_wide(code, channel(0, 1, N=1)), 316),
    (S + "divided-by-n", "mean is 64 times too large", lambda code: mean_used(code, channel(1, 1)), 64),
    (S + "divided-by-n", "eight times too narrow", lambda code: 1 / too_wide(code, channel(0, 1)), 8),
    (S + "mean-divided-by-n", "with mean −63", lambda code: twin_mean(code, channel(1, 1)), -63),
    (S + "variance-divided-by-n", "eight times too narrow",
     lambda code: 1 / too_wide(code, channel(3, 1)), 8),
    (S + "bessel", "6 % too narrow", lambda code: 1 - too_wide(code, channel(0, 1, 2, 2, 2)), 0.06),
    (S + "bessel", "0.024 %", lambda code: 100 * (1 - too_wide(code, channel(0, 1))), 0.024),
    (S + "eps-outside", "5 % too wide", lambda code: too_wide(code, channel(0, 0.01)) - 1, 0.05),
    (S + "eps-outside", "hardly anything", lambda code: too_wide(code, channel(0, 1)) - 1 < 1e-4, True),
    (S + "eps-missing", "which is NaN", lambda code: use(two(code)[0], np.zeros((2, 1, 3, 3))), np.nan),
    (S + "no-root", "ten times too narrow", lambda code: 1 / too_wide(code, channel(0, 10)), 10),
    (S + "no-root", "nearly ten times too wide", lambda code: too_wide(code, channel(0, 0.1)), 10),
    (S + "gamma-missing", "ten times too wide", lambda code: too_wide(code, channel(0, 1), gamma=0.1), 10),
    (S + "beta-missing", "stays 0", lambda code: twin_mean(code, channel(3, 2), beta=5.0), 0),
    (S + "gamma-beta-axis", "first column is scaled by the gamma of the first channel",
     lambda code: use(two(code)[0], pictures(W=3), gamma=np.array([1.0, 0, 0])).std(axis=(0, 1, 2)) > 0,
     [True, False, False]),
    (S + "reshape-there", "still has mean 0", lambda code: per_channel(code, far_channels(), np.mean), 0),
    (S + "reshape-back", "Every number is right", same_numbers, [True, False]),
    (S + "reshape-both", "means near −1 and 1",
     lambda code: per_channel(code, far_channels(), np.mean), [-1, 1]),
    (B + "without-width", "one column wide nothing shows",
     lambda code: [hidden(code, pictures(W=1)), hidden(code, pictures())], [True, False]),
    (B + "without-height", "one row high nothing shows",
     lambda code: [hidden(code, pictures(H=1)), hidden(code, pictures())], [True, False]),
    (B + "divided-by-n", "64 times too much", lambda code: mean_path(code, channel(3, 2)), 64),
    (B + "divided-by-n", "64 times too much", lambda code: variance_path(code, channel(3, 2)), 64),
    (B + "mean-term-divided-by-n", "64 times too much", lambda code: mean_path(code, channel(3, 2)), 64),
    (B + "mean-term-divided-by-n", "variance path is right",
     lambda code: variance_path(code, channel(3, 2)), 1),
    (B + "variance-term-divided-by-n", "64 times too much",
     lambda code: variance_path(code, channel(3, 2)), 64),
    (B + "variance-term-divided-by-n", "still sums to 0", channel_sums_to_zero, True),
    (B + "reshape-there", "right only in their totals", totals, [1, 1, False, False]),
    (B + "reshape-there", "mixed in dx", heard_in_other_channels, True),
    (B + "reshape-dy", "by chance", lambda code: totals(code)[2], False),
    (B + "reshape-back", "numbers in dx are right", same_numbers, [True, False]),
    (B + "reshape-back", "so are dgamma and dbeta", lambda code: totals(code)[2:], [True, True]),
    (B + "reshape-both", "right only in their totals", totals, [1, 1, False, False]),
    (B + "reshape-both", "no longer sum to 0", channel_sums_to_zero, False),
    (B + "no-mean-path", "no longer sum to 0", channel_sums_to_zero, False),
    (B + "no-variance-path", "stretch its filters", stretched, 1),
    (B + "mean-term-sign", "twice what the direct way brings",
     lambda code: left_by_sum(code, channel(3, 2)), 2),
    (B + "variance-term-sign", "about twice as hard", stretched, 2),
    (B + "gamma-missing", "ten times too large", lambda code: ratio(code, 0, channel(3, 2), gamma=0.1), 10),
    (B + "gamma-missing", "the other sign",
     lambda code: np.sign(ratio(code, 0, channel(3, 2), gamma=-1.0)), -1),
    (B + "std-multiplied", "100 times too large", lambda code: ratio(code, 0, channel(0, 10)), 100),
    (B + "dgamma-mean", "2048 times too small", lambda code: 1 / ratio(code, 1, channel(3, 2)), 2048),
    (B + "dbeta-mean", "2048 times too small", lambda code: 1 / ratio(code, 2, channel(3, 2)), 2048),
    (B + "dgamma-extra-gamma", "dgamma is 0", lambda code: ratio(code, 1, channel(3, 2), gamma=0.0), 0),
    (B + "dbeta-extra-gamma", "the other sign",
     lambda code: np.sign(ratio(code, 2, channel(3, 2), gamma=-1.0)), -1),
    (L + "batch-axis", "an example alone gets beta", lambda code: use(two(code)[0], row(3, 2), beta=7.0), 7),
    (L + "whole-table", "still a hundred times as wide",
     lambda code: np.divide(*use(two(code)[0], np.vstack([row(0, 100), row(0, 1)])).std(axis=1)), 100),
    (L + "n-for-d", "four times too large", lambda code: mean_used(code, rows(1, 1)), 4),
    (L + "n-for-d", "half as wide", lambda code: too_wide(code, rows(0, 1)), 0.5),
    (L + "n-for-d", "a square batch hides both", lambda code: hidden(code, table(4, 4)), True),
    (L + "mean-n-for-d", "mean near −0.95",
     lambda code: twin_mean(code, rows(1, 1)), -0.95),
    (L + "variance-n-for-d", "half as wide", lambda code: too_wide(code, rows(3, 1)), 0.5),
    (L + "rms", "a mean near 1", lambda code: twin_mean(code, row(10, 1)), 1),
    (L + "rms", "ten times too narrow", lambda code: 1 / too_wide(code, row(10, 1)), 10),
    (L + "variance-about-zero", "ten times too narrow", lambda code: 1 / too_wide(code, row(10, 1)), 10),
    (L + "not-centred", "still has mean 100", lambda code: twin_mean(code, row(100, 1)), 100),
    (L + "bessel", "13 % too narrow", lambda code: 1 - too_wide(code, row(0, 1, 4)), 0.13),
    (L + "bessel", "0.065 %", lambda code: 100 * (1 - too_wide(code, row(0, 1, 768))), 0.065),
    (L + "eps-outside", "5 % too wide", lambda code: too_wide(code, row(0, 0.01)) - 1, 0.05),
    (L + "eps-outside", "hardly anything", lambda code: too_wide(code, row(0, 1)) - 1 < 1e-4, True),
    (L + "bessel-eps-outside", "13 % too narrow", lambda code: 1 - too_wide(code, row(0, 1, 4)), 0.13),
    (L + "eps-missing", "which is NaN", lambda code: use(two(code)[0], np.zeros((1, 4))), np.nan),
    (L + "no-root", "ten times too narrow", lambda code: 1 / too_wide(code, row(0, 10)), 10),
    (L + "no-root", "nearly ten times too wide", lambda code: too_wide(code, row(0, 0.1)), 10),
    (L + "gamma-missing", "ten times too wide", lambda code: too_wide(code, row(0, 1), gamma=0.1), 10),
    (L + "beta-missing", "5 too low",
     lambda code: use(two(code)[1], FIXED, beta=5.0) - use(two(code)[0], FIXED, beta=5.0), 5),
    (L + "gamma-beta-axis", "scale of an example",
     lambda code: use(two(code)[0], table(3, 3), gamma=np.array([1.0, 0, 0])).std(axis=1) > 0,
     [True, False, False]),
    (K + "no-mean-path", "no longer sum to 0", lambda code: row_sums_to_zero(code, 1.0), False),
    (K + "no-variance-path", "stretch the row", stretched, 1),
    (K + "constant-statistics", "16384 entries, and the 16256 off", lambda code: 128**2 - 128, 16256),
    (K + "constant-statistics", "off its diagonal are left out", jacobian, 8**2 - 8),
    (K + "mean-term-sign", "twice what the direct way brings", lambda code: left_by_sum(code, row(3, 2)), 2),
    (K + "variance-term-sign", "about twice as hard", stretched, 2),
    (K + "n-for-d", "four times too strong", lambda code: mean_path(code, rows(3, 2)), 4),
    (K + "n-for-d", "four times too strong", lambda code: variance_path(code, rows(3, 2)), 4),
    (K + "n-for-d", "on a square batch nothing shows", lambda code: hidden(code, table(4, 4)), True),
    (K + "mean-term-n-for-d", "128 times too much", lambda code: mean_path(code, row(3, 2)), 128),
    (K + "mean-term-n-for-d", "on a square batch nothing shows",
     lambda code: hidden(code, table(4, 4)), True),
    (K + "variance-term-n-for-d", "128 times too much", lambda code: variance_path(code, row(3, 2)), 128),
    (K + "variance-term-n-for-d", "still sum to 0", lambda code: row_sums_to_zero(code, 1.0), True),
    (K + "no-1/D", "128 times too much", lambda code: mean_path(code, row(3, 2)), 128),
    (K + "no-1/D", "128 times too much", lambda code: variance_path(code, row(3, 2)), 128),
    (K + "gamma-outside", "with gamma 1, nothing shows", lambda code: hidden(code, table()), True),
    (K + "gamma-outside", "no longer sum to 0",
     lambda code: row_sums_to_zero(code, np.array([0.5, 1, 2, -1])), False),
    (K + "gamma-missing", "ten times too large", lambda code: ratio(code, 0, row(3, 2), gamma=0.1), 10),
    (K + "std-multiplied", "100 times too large", lambda code: ratio(code, 0, row(0, 10)), 100),
    (K + "dgamma-axis", "what the first example asks for", of_example, True),
    (K + "dbeta-axis", "what the first example asks for", of_example, True),
    (K + "dgamma-mean", "32 times too small",
     lambda code: 1 / ratio(code, 1, rows(3, 2)), 32),
    (K + "dbeta-mean", "32 times too small",
     lambda code: 1 / ratio(code, 2, rows(3, 2)), 32),
    (K + "dgamma-extra-gamma", "ten times too small",
     lambda code: 1 / ratio(code, 1, row(3, 2), gamma=0.1), 10),
    (K + "dbeta-extra-gamma", "the other sign",
     lambda code: np.sign(ratio(code, 2, row(3, 2), gamma=-1.0)), -1),
]  # fmt: skip


@pytest.mark.parametrize(("code", "words", "computed", "number"), CLAIMS)
def test_a_number_in_a_message_is_that_of_the_twin(code, words, computed, number):
    text = messages("en")[code]
    assert words in text["meaning"] + text["why"]
    found = np.asarray(computed(code), dtype=float)
    np.testing.assert_allclose(found, number, rtol=0.12, atol=1e-6)
