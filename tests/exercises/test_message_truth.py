"""The numbers in the checker's messages are true: each is computed from the twin and the right function."""

import numpy as np
import pytest
from test_messages import messages

from bncourse import RunningStats, mistakes
from bncourse.reference.staged import staged_forward

ONE, ZERO = np.ones(1), np.zeros(1)
RNG = np.random.default_rng(0)


def column(mean, width, N=8):
    """One feature with exactly this mean and this (biased) standard deviation."""
    z = RNG.normal(size=(N, 1))
    return mean + width * (z - z.mean()) / z.std()


def both(code, *arguments, **settings):
    """The answers of the twin and of the right function."""
    found = mistakes.find(code)
    return found.fn(*arguments, **settings), mistakes.right(found.subject)(*arguments, **settings)


def forward(code, x, gamma=ONE, beta=ZERO, eps=1e-5):
    D = x.shape[1]
    rows = np.broadcast_to(gamma, (D,)).copy(), np.broadcast_to(beta, (D,)).copy()
    with np.errstate(all="ignore"):
        return both(code, x, *rows, eps=eps)


def too_wide(code, x, **settings):
    twin, right = forward(code, x, **settings)
    return twin.std() / right.std()


def backward(code, x, N=None, gamma=ONE, eps=1e-5):
    dy = RNG.normal(1, 1, x.shape)
    _, values = staged_forward(x, np.broadcast_to(gamma, x.shape[1:]).copy(), np.zeros(x.shape[1]), eps=eps)
    return *both(code, dy, values), values, dy


def along(dx, values):
    """The sum of dx times x_hat, feature by feature."""
    return (dx * values.x_hat).sum(axis=0)


def dx_ratio(code, x, **settings):
    (twin, _, _), (right, _, _), *_ = backward(code, x, **settings)
    return float(np.median(twin / right))


def dgamma_ratio(code, x, **settings):
    (_, twin, _), (_, right, _), *_ = backward(code, x, **settings)
    return float((twin / right)[0])


def dbeta_ratio(code, x):
    (*_, twin), (*_, right), *_ = backward(code, x)
    return float((twin / right)[0])


def variance_path(code, x, **settings):
    """How many times too strong the variance path is: what is removed along x_hat, by what should be."""
    (twin, _, _), (right, _, _), values, dy = backward(code, x, **settings)
    direct = along(values.gamma * values.inv_std * dy, values)
    return float(((direct - along(twin, values)) / (direct - along(right, values)))[0])


def mean_path(code, x):
    (twin, _, _), _, values, dy = backward(code, x)
    direct = (values.gamma * values.inv_std * dy).sum(axis=0)
    return float(((direct - twin.sum(axis=0)) / direct)[0])


def used(code, x, gamma=ONE, eps=1e-5, batches=1, new_weight=1.0):
    """The output in use of one feature, from the statistics that the twin and the right update remember."""
    answers = []
    for update in (mistakes.find(code).fn, RunningStats.update):
        stats = RunningStats.initial(1, new_weight=new_weight)
        for _ in range(batches):
            stats = update(stats, x)
        answers.append((x - stats.mean) / np.sqrt(stats.var + eps))
    return answers


def used_ratio(code, x, **settings):
    twin, right = used(code, x, **settings)
    return float(twin.std() / right.std())


def remembered(code, x, batches=1, new_weight=0.1):
    stats = RunningStats.initial(1, new_weight=new_weight)
    for _ in range(batches):
        stats = mistakes.find(code).fn(stats, x)
    return stats


def in_use(code, x, gamma=ONE, var=1.0, eps=1e-5, mean=0.0):
    twin, right = both(code, x, gamma, ZERO, RunningStats(np.array([mean]), np.array([var])), eps=eps)
    return float(twin.std() / right.std())


two_means = np.hstack([column(0, 1), column(100, 1)])
two_widths = np.hstack([column(0, 1), column(0, 100)])
row = np.array([[1000.0, 1, 2, 3], [1, 2, 3, 4]])
START = RunningStats.initial(1, new_weight=0.1)


def one_pass_variance(seed):
    """What the one-pass formula gives in float32 near 5000."""
    x = (5000 + 0.1 * np.random.default_rng(seed).normal(size=(100, 1))).astype(np.float32)
    return (x**2).mean() - x.mean() ** 2


def x_for_x_hat(code):
    """Whether the way through the variance is thousands of times too large."""
    (twin, _, _), (right, _, _), values, dy = backward(code, column(100, 1, 32))
    direct = values.gamma * values.inv_std * (dy - dy.mean(axis=0))
    return np.linalg.norm(direct - twin) > 1000 * np.linalg.norm(direct - right)


def left_of_x(code):
    x = column(100, 1)
    forward(code, x)
    return x.mean()


def against_the_right_one(code):
    (twin, _, _), (right, _, _), *_ = backward(code, column(0, 1))
    return np.sign((twin * right).sum())


def share_along_x_hat(code):
    (dx, _, _), _, values, _ = backward(code, column(3, 2))
    return abs(np.corrcoef(dx.ravel(), values.x_hat.ravel())[0, 1])


def spread_of_dx(code):
    return backward(code, column(3, 2))[0][0].std()


def dbeta_in_dgamma(code):
    (_, twin, _), (_, right, dbeta), values, _ = backward(code, column(100, 1))
    return (twin - values.std * right) / dbeta


def untouched(code):
    x = column(100, 3)
    twin, _ = both(code, x, ONE, ZERO, START, training=True)
    return (twin[0] / x).mean()


# A code, words of its message, what they mean computed, and the number.
CLAIMS = [
    ("forward.bessel", "6 % too narrow", lambda code: 1 - too_wide(code, column(0, 1)), 0.06),
    ("forward.bessel", "29 %", lambda code: 1 - too_wide(code, column(0, 1, N=2)), 0.29),
    ("forward.eps-outside", "5 % too wide", lambda code: too_wide(code, column(0, 0.01)) - 1, 0.05),
    ("forward.eps-squared", "3.3 times", lambda code: too_wide(code, column(0, 0.001)), 3.3),
    ("forward.eps-missing", "NaN", lambda code: forward(code, np.zeros((3, 1)))[0], np.nan),
    ("forward.eps-ignored", "5 % too wide", lambda code: too_wide(code, column(0, 0.1), eps=1e-3) - 1, 0.05),
    ("forward.no-root", "ten times too narrow", lambda code: 1 / too_wide(code, column(0, 10)), 10),
    ("forward.no-root", "nearly ten times too wide", lambda code: too_wide(code, column(0, 0.1)), 10),
    ("forward.axis-1", "near −0.58", lambda code: forward(code, row)[0][0, 1:], -0.58),
    (
        "forward.one-mean",
        "means −50 and 50",
        lambda code: forward(code, two_means)[0].mean(axis=0),
        [-50, 50],
    ),
    (
        "forward.one-mean-in-both",
        "means −1 and 1",
        lambda code: forward(code, two_means)[0].mean(axis=0),
        [-1, 1],
    ),
    (
        "forward.one-mean-in-both",
        "fifty times too narrow",
        lambda code: 1 / forward(code, two_means)[0].std(axis=0),
        50,
    ),
    (
        "forward.one-variance",
        "0.014 and 1.41 wide",
        lambda code: forward(code, two_widths)[0].std(axis=0),
        [0.0141, 1.41],
    ),
    (
        "forward.one-mean-one-variance",
        "a hundred times as wide",
        lambda code: np.divide(*forward(code, two_widths)[0].std(axis=0)[::-1]),
        100,
    ),
    (
        "forward.variance-about-zero",
        "ten times too narrow",
        lambda code: 1 / too_wide(code, column(10, 1)),
        10,
    ),
    ("forward.not-centred", "mean 100", lambda code: forward(code, column(100, 1))[0].mean(), 100),
    ("forward.gamma-beta-swapped", "every output is 1", lambda code: forward(code, column(3, 2))[0], 1),
    (
        "forward.gamma-missing",
        "ten times too wide",
        lambda code: too_wide(code, column(3, 2), gamma=0.1 * ONE),
        10,
    ),
    ("forward.beta-missing", "stays 0", lambda code: forward(code, column(3, 2), beta=5)[0].mean(), 0),
    (
        "forward.beta-inside",
        "arrives as 0.1",
        lambda code: forward(code, column(3, 2), gamma=0.1 * ONE, beta=ONE)[0].mean(),
        0.1,
    ),
    (
        "forward.integer-truncation",
        "becomes 0, 0, 1",
        lambda code: forward(code, np.array([[0], [1], [5]]))[0].ravel(),
        [0, 0, 1],
    ),
    (
        "forward.integer-truncation",
        "−0.93, −0.46, 1.39",
        lambda code: forward(code, np.array([[0], [1], [5]]))[1].ravel(),
        [-0.93, -0.46, 1.39],
    ),
    ("backward.diagonal-only", "1024 entries, and 992", lambda code: 32**2 - 32, 992),
    ("backward.mean-term-no-1/N", "32 times", lambda code: mean_path(code, column(0, 1, 32)), 32),
    ("backward.variance-term-no-1/N", "32 times", lambda code: variance_path(code, column(0, 1, 32)), 32),
    ("backward.no-1/N", "32 times", lambda code: mean_path(code, column(0, 1, 32)), 32),
    ("backward.no-1/N", "32 times", lambda code: variance_path(code, column(0, 1, 32)), 32),
    ("backward.n-times", "the power 15", lambda code: 10 * np.log10(dx_ratio(code, column(0, 1, 32))), 15),
    ("backward.one-nth", "the power 15", lambda code: -10 * np.log10(dx_ratio(code, column(0, 1, 32))), 15),
    ("backward.mean-term-sign", "twice", lambda code: 1 - mean_path(code, column(3, 2)), 2),
    ("backward.variance-term-sign", "twice as hard", lambda code: 1 - variance_path(code, column(3, 2)), 2),
    (
        "backward.gamma-missing",
        "ten times too large",
        lambda code: dx_ratio(code, column(3, 2), gamma=0.1 * ONE),
        10,
    ),
    (
        "backward.gamma-missing",
        "the other sign",
        lambda code: np.sign(dx_ratio(code, column(3, 2), gamma=-ONE)),
        -1,
    ),
    ("backward.xc-for-x-hat", "100 times too large", lambda code: variance_path(code, column(0, 10)), 100),
    (
        "backward.xc-for-x-hat",
        "nearly 100 times too small",
        lambda code: 1 / variance_path(code, column(0, 0.1)),
        100,
    ),
    ("backward.y-for-x-hat", "the same", lambda code: dx_ratio(code, column(3, 2)), 1),
    ("backward.std-multiplied", "100 times", lambda code: dx_ratio(code, column(0, 10)), 100),
    ("backward.bessel", "14 % too strong", lambda code: variance_path(code, column(0, 1)) - 1, 0.14),
    ("backward.bessel", "twice as strong", lambda code: variance_path(code, column(0, 1, N=2)), 2),
    (
        "backward.eps-fixed",
        "5 % too large",
        lambda code: dgamma_ratio(code, column(0, 0.1), eps=1e-3) - 1,
        0.05,
    ),
    (
        "backward.eps-fixed-in-std",
        "5 % too large",
        lambda code: dx_ratio(code, column(0, 0.1), eps=1e-3) - 1,
        0.05,
    ),
    (
        "backward.d-for-n",
        "four times too weak",
        lambda code: 1 / mean_path(code, np.hstack([column(0, 1, 32)] * 128)),
        4,
    ),
    ("backward.dvar-no-half", "twice as strong", lambda code: variance_path(code, column(0, 1)), 2),
    ("backward.dvar-no-two", "half as strong", lambda code: variance_path(code, column(0, 1)), 0.5),
    (
        "backward.dvar-exponent-one",
        "ten times too strong",
        lambda code: variance_path(code, column(0, 10)),
        10,
    ),
    (
        "backward.dvar-exponent-one",
        "ten times too weak",
        lambda code: 1 / variance_path(code, column(0, 0.1)),
        10,
    ),
    ("backward.dvar-exponent-sign", "a million times", lambda code: variance_path(code, column(0, 10)), 1e6),
    (
        "backward.cache-gamma-inv-std",
        "100 times too strong",
        lambda code: variance_path(code, column(0, 10)),
        100,
    ),
    (
        "backward.cache-xc-x-hat",
        "100 times too weak",
        lambda code: 1 / variance_path(code, column(0, 10)),
        100,
    ),
    ("backward.cache-xc-x-hat", "ten times too large", lambda code: dgamma_ratio(code, column(0, 10)), 10),
    ("backward.dgamma-mean", "32 times", lambda code: 1 / dgamma_ratio(code, column(0, 1, 32)), 32),
    ("backward.dbeta-mean", "32 times", lambda code: 1 / dbeta_ratio(code, column(0, 1, 32)), 32),
    ("backward.dgamma-xc", "ten times", lambda code: dgamma_ratio(code, column(0, 10)), 10),
    ("backward.dgamma-y", "the same", lambda code: dgamma_ratio(code, column(3, 2)), 1),
    (
        "backward.dgamma-extra-gamma",
        "dgamma is 0",
        lambda code: dgamma_ratio(code, column(3, 2), gamma=ZERO),
        0,
    ),
    (
        "running.weight-inverted",
        "nine tenths",
        lambda code: remembered(code, column(5, 1)).mean / 5,
        0.9,
    ),
    ("running.biased", "by half", lambda code: used_ratio(code, column(0, 1, N=2)) ** -2, 0.5),
    ("running.biased", "3 %", lambda code: 1 - used_ratio(code, column(0, 1, N=32)) ** -2, 0.03),
    ("running.corrected-twice", "twice too large", lambda code: used_ratio(code, column(0, 1, N=2)) ** -2, 2),
    (
        "running.corrected-twice",
        "29 % too narrow",
        lambda code: 1 - used_ratio(code, column(0, 1, N=2)),
        0.29,
    ),
    ("running.std-stored", "ten times too wide", lambda code: used_ratio(code, column(0, 100)), 10),
    ("running.eps-stored", "4 % too narrow", lambda code: 1 - used_ratio(code, column(0, 0.01)), 0.04),
    ("running.mean-for-var", "ten times too narrow", lambda code: 1 / used_ratio(code, column(100, 1)), 10),
    (
        "running.overwritten",
        "a third of the standard deviation",
        lambda code: RNG.normal(size=(20000, 8)).mean(axis=1).std(),
        0.35,
    ),
    ("running.never-updated", "mean 100", lambda code: used(code, column(100, 1))[0].mean(), 100),
    (
        "running.mean-never-updated",
        "with mean 100",
        lambda code: used(code, column(100, 1, 64))[0].mean(),
        100,
    ),
    ("running.var-never-updated", "ten times too wide", lambda code: used_ratio(code, column(0, 10, 64)), 10),
    (
        "running.no-decay",
        "ten times too large",
        lambda code: remembered(code, column(5, 1), batches=100).mean / 5,
        10,
    ),
    (
        "inference.batch-statistics",
        "always gets beta",
        lambda code: both(code, np.array([[7.0]]), ONE, 3 * ONE, START)[0],
        3,
    ),
    (
        "inference.eps-missing",
        "5 % too wide",
        lambda code: in_use(code, column(0, 0.1), var=0.01, eps=1e-3) - 1,
        0.05,
    ),
    (
        "inference.no-root",
        "ten times too narrow",
        lambda code: 1 / in_use(code, column(0, 10), var=100.0),
        10,
    ),
    (
        "inference.gamma-missing",
        "ten times too wide",
        lambda code: in_use(code, column(0, 1), gamma=0.1 * ONE),
        10,
    ),
    (
        "modes.running-in-training",
        "a mean of 90",
        lambda code: both(code, column(100, 1, 64), ONE, ZERO, START, training=True)[0][0].mean(),
        90,
    ),
    (
        "modes.batch-in-eval",
        "always gets beta",
        lambda code: both("inference.batch-statistics", np.array([[7.0]]), ONE, 3 * ONE, START)[0],
        3,
    ),
    (
        "forward.one-pass",
        "as 0 or as an even number",
        lambda code: [one_pass_variance(n) % 2 for n in range(20)],
        0,
    ),
    (
        "forward.one-pass",
        "perhaps a negative",
        lambda code: min(one_pass_variance(n) for n in range(20)) < 0,
        True,
    ),
    (
        "forward.float16-sums",
        "the mean becomes infinite",
        lambda code: np.full(32, 4000.0).mean(dtype=np.float16),
        np.inf,
    ),
    ("forward.in-place", "of mean 100 with mean 0", left_of_x, 0),
    ("backward.x-for-x-hat", "thousands of times too large", x_for_x_hat, True),
    ("backward.direct-term-sign", "points the other way", against_the_right_one, -1),
    ("backward.dxc-overwritten", "lies along x_hat", share_along_x_hat, 1),
    ("backward.dx-overwritten", "the same gradient", spread_of_dx, 0),
    ("backward.dgamma-x", "a hundred times dbeta", dbeta_in_dgamma, 100),
    ("modes.running-in-training-before", "nothing is normalised at all", untouched, 1),
    ("modes.updates-in-eval", "95 %", lambda code: 1 - 0.9**29, 0.95),
]


@pytest.mark.parametrize(("code", "words", "computed", "number"), CLAIMS)
def test_a_number_in_a_message_is_that_of_the_twin(code, words, computed, number):
    text = messages("en")[code]
    assert words in text["meaning"] + text["why"]
    with np.errstate(all="ignore"):
        found = np.asarray(computed(code), dtype=float)
    np.testing.assert_allclose(found, number, rtol=0.12, atol=1e-9)
