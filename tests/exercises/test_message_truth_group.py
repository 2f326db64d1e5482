"""The numbers in the messages about group norm are computed from the twins and the right functions."""

import numpy as np
import pytest
from test_messages import messages

from bncourse import groupnorm_forward, mistakes

RNG = np.random.default_rng(0)
GROUPS = 2
X = RNG.normal(3, 2, (4, 6, 8, 8))  # 2 groups of 3 channels
DY = RNG.normal(1, 1, X.shape)


def both(code, *arguments, **settings):
    """The answers of the twin and of the right function."""
    found = mistakes.find(code)
    with np.errstate(all="ignore"):
        return found.fn(*arguments, **settings), mistakes.right(found.subject)(*arguments, **settings)


def forward(code, x, gamma=1.0, beta=0.0, groups=GROUPS, eps=1e-12):
    C = x.shape[1]
    rows = np.broadcast_to(gamma, (C,)).astype(float), np.broadcast_to(beta, (C,)).astype(float)
    return both(code, x, *rows, groups, eps=eps)


def exact(mean, std, shape=(1, 6, 8, 8)):
    """One array with exactly this mean and this (biased) standard deviation."""
    z = RNG.normal(size=shape)
    return mean + std * (z - z.mean()) / z.std()


def width(code, x, **settings):
    """Standard deviation of the twin's output by that of the right one."""
    twin, right = forward(code, x, **settings)
    return twin.std() / right.std()


def reach(changed):
    """In how many examples, channels, rows and columns something moved."""
    return [len(set(axis)) for axis in np.nonzero(changed)]


def output_reach(code, x=X, groups=GROUPS):
    """Where the output moves when one pixel of x does: of the twin and of the right function."""
    other = x.copy()
    other[0, 0, 0, 0] += 5
    pairs = zip(forward(code, x, groups=groups), forward(code, other, groups=groups), strict=True)
    return [reach(~np.isclose(a, b)) for a, b in pairs]


def moved_channels(code, backward=False):
    """The channels that move with the first one, from 1, of the twin."""
    if backward:
        other = DY.copy()
        other[0, 0, 0, 0] += 5
        (a, _, _), (b, _, _) = (mistakes.find(code).fn(dy, cache_of(X)) for dy in (DY, other))
    else:
        other = X.copy()
        other[0, 0] += RNG.normal(5, 1, (8, 8))
        (a, _), (b, _) = forward(code, X), forward(code, other)
    return [int(n) + 1 for n in sorted(set(np.nonzero(~np.isclose(a, b))[1]))]


def of_groups(code, groups):
    """Whether the twin is the right function where channels, groups make both the same."""
    x = RNG.normal(3, 2, (2, groups * groups, 4, 4))
    return width(code, x, groups=groups), np.allclose(*forward(code, x, groups=groups))


def other_example(code):
    """Whether the output of an example is the same alone and among others: of the twin, of the right one."""
    alone, among = forward(code, X[:1]), forward(code, X)
    return [np.allclose(a, b[:1]) for a, b in zip(alone, among, strict=True)]


def other_groups(code):
    """Whether the twin's output is the same with 1 group and with 2."""
    return np.allclose(forward(code, X, groups=1)[0], forward(code, X, groups=2)[0])


def mean_taken_off(code):
    """The mean that the twin subtracts from the first group, by the right one."""
    a, b = X[0, 0, 0, :2]
    up, down = forward(code, X)[0][0, 0, 0, :2]
    ratio = up / down
    return (a - ratio * b) / (1 - ratio) / X[0, :3].mean()


def twice(code):
    """Whether an example has the same output when it lies in the batch twice, of the twin."""
    once, two = forward(code, X[:1])[0], forward(code, np.concatenate([X[:1]] * 2))[0]
    return np.allclose(once, two[:1])


def line_means(code, axis):
    """The means of the columns (or rows) of each group, for maps that get brighter along one axis."""
    ramp = np.arange(8.0).reshape((8, 1) if axis == 2 else (1, 8))
    y = forward(code, X + ramp)[0].reshape(4, 2, 3, 8, 8)
    return np.round(y.mean(axis=(2, 4) if axis == 2 else (2, 3)), 9)


def two_widths(code):
    """The widths of two groups of standard deviation 1 and 100 in the twin's output."""
    x = np.concatenate([exact(0, 1, (1, 3, 8, 8)), exact(0, 100, (1, 3, 8, 8))], axis=1)
    return [part.std() for part in np.split(forward(code, x)[0], 2, axis=1)]


def two_channels(code, means=(0, 0), stds=(1, 1)):
    """The twin's output of one group of two channels, each with this mean and width."""
    x = np.concatenate([exact(m, s, (1, 1, 8, 8)) for m, s in zip(means, stds, strict=True)], axis=1)
    return forward(code, x, groups=1)[0]


def mean_square(code):
    """The mean square of each group of small maps, of the twin and of the right function."""
    x = RNG.normal(size=(2, 4, 2, 2))
    return [(y.reshape(2, 2, -1) ** 2).mean(axis=2) for y in forward(code, x)]


def stripes(code):
    """How different the channels of the twin's output are for maps as wide as there are channels."""
    x = np.repeat(RNG.normal(size=(1, 1, 6, 6)), 6, axis=1)
    y = forward(code, x, gamma=np.arange(6.0), beta=np.arange(6.0))[0]
    return np.ptp(y, axis=1)


FORWARD = [
    ("size-for-number", "of the first three", lambda code: moved_channels(code), [1, 2]),
    ("size-for-number", "nothing shows", lambda code: of_groups(code, 2), 1),
    (
        "size-for-number",
        "2 groups of 32",
        lambda code: output_reach(code, RNG.normal(size=(1, 64, 2, 2)), 32)[0][1],
        32,
    ),
    ("interleaved", "channels 1, 3 and 5", moved_channels, [1, 3, 5]),
    ("per-pixel", "−1 or 1", lambda code: np.abs(two_channels(code)), 1),
    ("per-pixel", "not at this one only", output_reach, [[1, 3, 1, 1], [1, 3, 8, 8]]),
    (
        "per-channel",
        "as wide as the others",
        lambda code: two_channels(code, stds=(1, 10)).std(axis=(2, 3)),
        1,
    ),
    ("per-channel", "should move as well", output_reach, [[1, 1, 8, 8], [1, 3, 8, 8]]),
    ("one-group", "0.014 wide and the second 1.41", two_widths, [0.01414, 1.414]),
    ("one-group", "should differ", other_groups, True),
    ("batch-axis", "should agree", other_example, [False, True]),
    ("batch-norm", "should agree", other_example, [False, True]),
    ("batch-norm", "no effect at all", other_groups, True),
    ("without-width", "every column comes out with mean 0", lambda code: line_means(code, 3), 0),
    ("without-width", "not in this one only", output_reach, [[1, 3, 8, 1], [1, 3, 8, 8]]),
    ("without-height", "every row comes out with mean 0", lambda code: line_means(code, 2), 0),
    ("without-height", "not in this one only", output_reach, [[1, 3, 1, 8], [1, 3, 8, 8]]),
    ("n-for-d", "48 times too large", mean_taken_off, 48),
    ("n-for-d", "should be the same", twice, False),
    ("divided-by-channels", "64 times too large", mean_taken_off, 64),
    ("divided-by-channels", "should be 0", lambda code: forward(code, np.ones((1, 6, 8, 8)))[0], -1 / 8),
    ("mean-of-variances", "about 5.1 wide", lambda code: two_channels(code, means=(0, 10)).std(), 5.1),
    ("rms", "standard deviation of 0.01", lambda code: forward(code, exact(100, 1), groups=1)[0].std(), 0.01),
    ("rms", "near 1 everywhere", lambda code: forward(code, exact(100, 1), groups=1)[0], 1),
    ("bessel", "6 % too narrow", lambda code: 1 - width(code, RNG.normal(size=(2, 4, 2, 2))), 0.065),
    ("bessel", "hardly anything shows", lambda code: width(code, X), 1),
    ("bessel", "it should be 1", mean_square, [[[7 / 8]], [[1]]]),
    ("eps-outside", "5 % too wide", lambda code: width(code, exact(0, 0.01), groups=1, eps=1e-5) - 1, 0.05),
    (
        "eps-outside",
        "0.82 wide, and not 0.67",
        lambda code: [y.std() for y in forward(code, exact(0, 1), groups=1, eps=0.5)],
        [0.67, 0.82],
    ),
    ("eps-missing", "NaN", lambda code: forward(code, np.zeros((1, 6, 2, 2)))[0], np.nan),
    ("no-root", "ten times too narrow", lambda code: 1 / width(code, exact(0, 10), groups=1), 10),
    ("no-root", "nearly ten times too wide", lambda code: width(code, exact(0, 0.1), groups=1, eps=1e-5), 10),
    ("gamma-missing", "ten times too wide", lambda code: width(code, X, gamma=0.1), 10),
    ("beta-missing", "2 too low", lambda code: np.subtract(*forward(code, X, beta=2)), -2),
    ("gamma-beta-axis", "the same stripes", stripes, 0),
]


def cache_of(x, gamma=None, groups=GROUPS, eps=1e-12):
    gamma = (
        np.linspace(-1, 2, x.shape[1])
        if gamma is None
        else np.broadcast_to(gamma, x.shape[1:2]).astype(float)
    )
    return groupnorm_forward(x, gamma, np.zeros(x.shape[1]), groups, eps=eps)[1]


def dx_reach(code, **settings):
    """Where dx moves when one entry of dy does: examples, channels, rows, columns; twin and right."""
    other = DY.copy()
    other[0, 0, 0, 0] += 5
    pairs = zip(*(both(code, dy, cache_of(X, **settings)) for dy in (DY, other)), strict=True)
    return [reach(~np.isclose(a[0], b[0])) for a, b in pairs]


def group_sums(code, along_x_hat=False, gamma=None):
    """Whether dx (times x_hat) sums to 0 over every group of every example: of the twin, of the right one."""
    cache = cache_of(X, gamma)
    weights = cache.x_hat if along_x_hat else 1
    sums = [(dx * weights).reshape(4, 2, -1).sum(axis=2) for dx, _, _ in both(code, DY, cache)]
    return [np.abs(values).max() < 1e-6 for values in sums]


def sum_by_direct(code, along_x_hat=False):
    """The sum of the twin's dx (times x_hat) over the groups, by that of its direct term."""
    cache = cache_of(X)
    weights = cache.x_hat if along_x_hat else 1
    direct = cache.inv_std * cache.gamma[:, None, None] * DY
    return np.divide(
        *[
            (dx * weights).reshape(4, 2, -1).sum(axis=2)
            for dx in (mistakes.find(code).fn(DY, cache)[0], direct)
        ]
    )


def corrections(code):
    """What the twin takes off the direct term, by what the right function takes off."""
    cache = cache_of(X)
    direct = cache.inv_std * cache.gamma[:, None, None] * DY
    (twin, _, _), (right, _, _) = both(code, DY, cache)
    return (direct - twin) / (direct - right)


def ratios(code, which, x=X, gamma=None):
    """dx (0), dgamma (1) or dbeta (2) of the twin by the right one."""
    twin, right = both(code, DY, cache_of(x, gamma))
    return twin[which] / right[which]


def of_gamma_zero(code, which):
    """dgamma or dbeta of the twin in channels with gamma 0."""
    return mistakes.find(code).fn(DY, cache_of(X, 0.0))[which]


def doubled_gamma(code, which):
    """A result of the twin with gamma doubled, by the one before."""
    fn, gamma = mistakes.find(code).fn, np.linspace(-1, 2, 6)
    return fn(DY, cache_of(X, 2 * gamma))[which] / fn(DY, cache_of(X, gamma))[which]


def square(code):
    """As many channels as examples in 2 groups: whether the twin is the right function."""
    x, dy = RNG.normal(size=(2, 4, 5, 5)), RNG.normal(size=(2, 4, 5, 5))
    (twin, _, _), (right, _, _) = both(code, dy, cache_of(x))
    return np.allclose(twin, right)


def twice_the_batch(code):
    """dgamma of the batch laid twice, by that of the batch: of the twin and of the right function."""
    once = both(code, DY, cache_of(X))
    two = both(code, np.concatenate([DY, DY]), cache_of(np.concatenate([X, X])))
    return [(b[1] / a[1]).tolist() for a, b in zip(once, two, strict=True)]


def of_ones(code, which):
    return [answer[which].tolist() for answer in both(code, np.ones_like(X), cache_of(X))]


def one_channel(code):
    """Whether dgamma is 0 in the channels where dy is: of the twin, of the right function."""
    dy = np.zeros_like(DY)
    dy[:, 0] = DY[:, 0]
    return [not answer[1][1:].any() for answer in both(code, dy, cache_of(X))]


BACKWARD = [
    ("size-for-number", "not in two", lambda code: moved_channels(code, backward=True), [1, 2]),
    ("size-for-number", "nothing shows", square, True),
    ("interleaved", "channels 1, 3 and 5", lambda code: moved_channels(code, backward=True), [1, 3, 5]),
    ("per-pixel", "not at this one only", dx_reach, [[1, 3, 1, 1], [1, 3, 8, 8]]),
    ("per-pixel", "63 of the 64 places", lambda code: 8 * 8 - 1, 63),
    ("per-channel", "not in this one only", dx_reach, [[1, 1, 8, 8], [1, 3, 8, 8]]),
    ("one-group", "should not move in the second", dx_reach, [[1, 6, 8, 8], [1, 3, 8, 8]]),
    ("batch-axis", "should not move", dx_reach, [[4, 3, 8, 8], [1, 3, 8, 8]]),
    ("batch-norm", "should not move", dx_reach, [[4, 1, 8, 8], [1, 3, 8, 8]]),
    ("without-width", "not in this one only", dx_reach, [[1, 3, 8, 1], [1, 3, 8, 8]]),
    ("without-height", "not in this one only", dx_reach, [[1, 3, 1, 8], [1, 3, 8, 8]]),
    ("n-for-d", "48 times too strong", corrections, 48),
    ("n-for-d", "should be 0", group_sums, [False, True]),
    ("no-1/M", "192 times too strong", corrections, 192),
    ("no-1/M", "should be 0", group_sums, [False, True]),
    ("no-mean-path", "should be 0", group_sums, [False, True]),
    ("no-variance-path", "near 0", lambda code: group_sums(code, along_x_hat=True), [False, True]),
    ("constant-statistics", "not in one entry only", dx_reach, [[1, 1, 1, 1], [1, 3, 8, 8]]),
    ("mean-term-sign", "twice what the direct term brings", sum_by_direct, 2),
    ("mean-term-sign", "should be 0", group_sums, [False, True]),
    ("variance-term-sign", "twice as hard", lambda code: sum_by_direct(code, along_x_hat=True), 2),
    ("variance-term-sign", "near 0", lambda code: group_sums(code, along_x_hat=True), [False, True]),
    ("gamma-outside", "no longer sums to 0", group_sums, [False, True]),
    ("gamma-outside", "nothing shows", lambda code: ratios(code, 0, gamma=-3.0), 1),
    ("gamma-missing", "ten times too large", lambda code: ratios(code, 0, gamma=0.1), 10),
    ("gamma-missing", "dx should double", lambda code: doubled_gamma(code, 0), 1),
    (
        "std-multiplied",
        "100 times",
        lambda code: ratios(code, 0, np.tile(exact(0, 10, (1, 3, 8, 8)), (4, 2, 1, 1))),
        100,
    ),
    (
        "std-multiplied",
        "hardly anything shows",
        lambda code: ratios(code, 0, np.tile(exact(0, 1, (1, 3, 8, 8)), (4, 2, 1, 1))),
        1,
    ),
    ("dgamma-axis", "one number for each example", lambda code: both(code, DY, cache_of(X))[0][1].shape, 4),
    ("dbeta-axis", "one number for each example", lambda code: both(code, DY, cache_of(X))[0][2].shape, 4),
    ("dgamma-mean", "256 times", lambda code: 1 / ratios(code, 1), 256),
    ("dgamma-mean", "should double", twice_the_batch, [[1], [2]]),
    ("dbeta-mean", "256 times", lambda code: 1 / ratios(code, 2), 256),
    ("dbeta-mean", "and not 1", lambda code: of_ones(code, 2), [[1], [256]]),
    ("dgamma-extra-gamma", "dgamma of 0", lambda code: of_gamma_zero(code, 1), 0),
    ("dgamma-extra-gamma", "stay as it was", lambda code: doubled_gamma(code, 1), 2),
    ("dbeta-extra-gamma", "dbeta of 0", lambda code: of_gamma_zero(code, 2), 0),
    ("dbeta-extra-gamma", "the opposite direction", lambda code: np.sign(ratios(code, 2, gamma=-2.0)), -1),
    ("dbeta-extra-gamma", "stay as it was", lambda code: doubled_gamma(code, 2), 2),
    ("dgamma-dbeta-swapped", "number of places in every channel", lambda code: of_ones(code, 2)[1], 256),
    ("dgamma-dbeta-swapped", "number of places in every channel", lambda code: of_ones(code, 1)[0], 256),
    ("dgamma-per-group", "one gradient", lambda code: np.ptp(of_ones(code, 1)[0][:3]), 0),
    ("dgamma-per-group", "should be 0 in all the others", one_channel, [False, True]),
]

CLAIMS = [
    pytest.param(f"{subject}.{name}", words, computed, number, id=f"{subject}.{name}-{words}")
    for subject, rows in {"group": FORWARD, "group-backward": BACKWARD}.items()
    for name, words, computed, number in rows
]


@pytest.mark.parametrize(("code", "words", "computed", "number"), CLAIMS)
def test_a_number_in_a_message_is_that_of_the_twin(code, words, computed, number):
    table = messages("en")[code]
    assert words in " ".join((table["meaning"], table["why"], table["next"]))
    with np.errstate(all="ignore"):
        found = np.asarray(computed(code), dtype=float)
    np.testing.assert_allclose(found, np.broadcast_to(number, found.shape), rtol=0.05, atol=1e-9)


def test_maps_of_another_width_show_parameters_along_the_last_axis():
    with pytest.raises(ValueError, match="broadcast"):
        forward("group.gamma-beta-axis", RNG.normal(size=(2, 6, 4, 5)), gamma=np.arange(6.0))


def test_normalised_maps_of_zeros_are_nan_without_eps_and_zero_with_it():
    twin, right = forward("group.eps-missing", np.zeros((1, 6, 2, 2)), eps=1e-5)
    assert np.isnan(twin).all()
    assert not right.any()
