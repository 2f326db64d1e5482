"""Our gradient check rejects every twin a gradient can see; five popular checks let some through."""

import numpy as np
import pytest
from probes import layer_inputs, statistics

from bncourse import RunningStats, gradcheck, mistakes
from bncourse.mistakes.five_checks import CHECKS
from bncourse.reference.staged import staged_backward, staged_forward

EPS = 0.05  # with the default, every slip about eps hides
N, D = 7, 4
INPUTS = layer_inputs(np.random.default_rng(0), N, D)
SQUARE_INPUTS = layer_inputs(np.random.default_rng(1), D, D)  # gamma as a column fits only here


def ids(mistake):
    return mistake.code


def forward(x, gamma, beta):
    return staged_forward(x, gamma, beta, eps=EPS)


def in_the_place_of_the_forward(fn, inputs):
    return gradcheck(
        lambda x, gamma, beta: (fn(x, gamma, beta, eps=EPS), forward(x, gamma, beta)[1]),
        staged_backward,
        inputs,
    )


# In float64, near zero, these two have the right derivatives. Values tell them apart, on the inputs
# where they matter: float32 far from zero, and integers.
BLIND = {"forward.one-pass", "forward.integer-truncation"}
FORWARD = [mistake for mistake in mistakes.of("forward") if mistake.code not in BLIND]


def test_the_right_forward_and_backward_pass():
    assert in_the_place_of_the_forward(mistakes.right("forward"), INPUTS)
    assert in_the_place_of_the_forward(mistakes.right("forward"), SQUARE_INPUTS)
    assert gradcheck(forward, staged_backward, INPUTS)


@pytest.mark.parametrize("mistake", FORWARD, ids=ids)
def test_a_wrong_forward_is_rejected(mistake):
    square = mistake.code.endswith(("-axis", "-as-rows"))
    result = in_the_place_of_the_forward(mistake.fn, SQUARE_INPUTS if square else INPUTS)
    assert not result
    assert (result.changed == ("input 0",)) == (mistake.code == "forward.in-place")


@pytest.mark.parametrize("mistake", [m for m in FORWARD if m.code.endswith(("-axis", "-as-rows"))], ids=ids)
def test_a_row_laid_along_the_wrong_axis_cannot_even_run_unless_n_is_d(mistake):
    with pytest.raises(ValueError, match="broadcast"):
        mistake.fn(*INPUTS)


def test_one_pass_variance_passes_the_gradient_check_and_fails_on_values_far_from_zero():
    one_pass = mistakes.find("forward.one-pass").fn
    assert in_the_place_of_the_forward(one_pass, INPUTS)
    x, gamma, beta = INPUTS
    far = (x + 4e3).astype(np.float32)
    with np.errstate(invalid="ignore"):
        y = one_pass(far, gamma, beta)
    assert not np.allclose(y, mistakes.right("forward")(far, gamma, beta), rtol=0.01)


def test_integer_truncation_passes_the_gradient_check_and_fails_on_integers():
    truncated = mistakes.find("forward.integer-truncation").fn
    assert in_the_place_of_the_forward(truncated, INPUTS)
    whole = np.random.default_rng(0).integers(-9, 30, (N, D))
    y = truncated(whole, *INPUTS[1:])
    assert y.dtype.kind == "i"
    assert not np.allclose(y, mistakes.right("forward")(whole, *INPUTS[1:]), rtol=0.01)


def test_the_forward_changed_in_place_has_the_right_numbers():
    x = INPUTS[0].copy()
    y = mistakes.find("forward.in-place").fn(x, *INPUTS[1:])
    np.testing.assert_allclose(y, mistakes.right("forward")(*INPUTS), rtol=1e-12)
    assert not np.allclose(x, INPUTS[0])


@pytest.mark.parametrize("mistake", mistakes.of("backward"), ids=ids)
def test_a_wrong_backward_is_rejected(mistake):
    assert not gradcheck(forward, mistake.fn, INPUTS)


def inference_backward(dy, cache):
    x, gamma, stats = cache
    inv_std = 1 / np.sqrt(stats.var + EPS)
    return dy * gamma * inv_std, (dy * (x - stats.mean) * inv_std).sum(axis=0), dy.sum(axis=0)


def check_inference(fn):
    stats = statistics(np.random.default_rng(2), D)
    call = lambda x, gamma, beta: (fn(x, gamma, beta, stats, eps=EPS), (x, gamma, stats))  # noqa: E731
    return gradcheck(call, inference_backward, INPUTS)


@pytest.mark.parametrize("mistake", mistakes.of("inference"), ids=ids)
def test_a_wrong_inference_is_rejected_with_the_gradients_of_the_right_one(mistake):
    assert check_inference(mistakes.right("inference"))
    assert not check_inference(mistake.fn)


WEIGHT = 0.3


def update_backward(d, x):
    """Gradients of the updated mean and (unbiased) variance, one above the other, to x and the old ones."""
    dmean, dvar = d
    xc = x - x.mean(axis=0)
    return WEIGHT * (dmean / N + dvar * 2 * xc / (N - 1)), (1 - WEIGHT) * dmean, (1 - WEIGHT) * dvar


def check_update(fn):
    def call(x, mean, var):
        later = fn(RunningStats(mean, var, new_weight=WEIGHT), x)
        return np.stack([later.mean, later.var]), x

    stats = statistics(np.random.default_rng(2), D)
    return gradcheck(call, update_backward, (INPUTS[0], stats.mean, stats.var))


@pytest.mark.parametrize(
    "mistake", [m for m in mistakes.of("running") if m.code != "running.eps-stored"], ids=ids
)
def test_a_wrong_update_is_rejected_with_the_gradients_of_the_right_one(mistake):
    assert check_update(mistakes.right("running"))
    assert not check_update(mistake.fn)


def test_a_constant_added_has_no_gradient_so_stored_eps_is_seen_in_the_values_only():
    fn = mistakes.find("running.eps-stored").fn
    assert check_update(fn)
    stats = RunningStats.initial(D, new_weight=1.0)
    np.testing.assert_allclose(fn(stats, INPUTS[0]).var - stats.update(INPUTS[0]).var, 1e-5, rtol=1e-6)


def check_modes(fn, training):
    """Inputs, gradients and statistics of one mode. True when all of them are right."""
    stats = statistics(np.random.default_rng(2), D)

    def call(x, gamma, beta):
        y, _ = fn(x, gamma, beta, stats, eps=EPS, training=training)
        return y, forward(x, gamma, beta)[1] if training else (x, gamma, stats)

    gradients = gradcheck(call, staged_backward if training else inference_backward, INPUTS)
    _, later = fn(*INPUTS, stats, eps=EPS, training=training)
    expected = stats.update(INPUTS[0]) if training else stats
    kept = np.allclose(later.mean, expected.mean) and np.allclose(later.var, expected.var)
    return bool(gradients), kept


def test_the_right_layer_passes_in_both_modes():
    assert (
        check_modes(mistakes.right("modes"), True)
        == check_modes(mistakes.right("modes"), False)
        == (True, True)
    )


@pytest.mark.parametrize(
    ("code", "training", "verdict"),
    [
        ("modes.running-in-training", True, (False, True)),
        ("modes.running-in-training-before", True, (False, True)),
        ("modes.batch-in-eval", False, (False, True)),
        ("modes.updates-in-eval", False, (True, False)),  # no gradient can see it: y is right
        ("modes.always-training", False, (False, False)),
    ],
)
def test_a_layer_that_mixes_its_modes_is_rejected_where_it_does(code, training, verdict):
    fn = mistakes.find(code).fn
    assert check_modes(fn, training) == verdict
    assert check_modes(fn, not training) == (True, True)


# The five vacuous checks, by the names they have in the chapter.
EPS_HIDES = {"eps-fixed", "eps-fixed-in-std"}  # behind the default eps, in every one of them
ONES = {
    "no-variance-path", "variance-term-no-1/N", "n-times", "one-nth", "variance-term-sign",
    "gamma-missing", "xc-for-x-hat", "std-multiplied", "bessel", "dvar-no-half", "dvar-no-two",
    "dvar-exponent-one", "dvar-exponent-sign", "dxc-overwritten", "cache-gamma-inv-std",
    "cache-xc-x-hat", "dgamma-mean", "dgamma-xc", "dgamma-extra-gamma",
}  # fmt: skip
LET_THROUGH = {
    "dy = 1": ONES,
    "dy = 2y": {"n-times", "one-nth", "gamma-missing", "std-multiplied"},
    "N = 1": (ONES - {"bessel"}) | {"diagonal-only", "mean-term-no-1/N", "no-1/N", "dbeta-mean"},
    "N = 2": {"diagonal-only", "n-times", "one-nth", "gamma-missing", "std-multiplied"},
    "gamma = 1": {"gamma-missing", "dgamma-extra-gamma", "dbeta-extra-gamma"},
}


@pytest.mark.usefixtures("as_a_reader")  # thousands of calls: five times as fast
@pytest.mark.parametrize("name", CHECKS)
def test_a_check_accepts_the_right_backward_and_lets_these_wrong_ones_through(name):
    assert CHECKS[name](staged_backward)
    passed = {m.code.partition(".")[2] for m in mistakes.of("backward") if CHECKS[name](m.fn)}
    expected = LET_THROUGH[name] | EPS_HIDES if name in LET_THROUGH else set()  # a good check: none
    assert passed == expected


def test_five_checks_are_vacuous_and_one_is_not():
    assert set(CHECKS) - set(LET_THROUGH) == {"all the rules"}
    assert all(LET_THROUGH.values())
