"""Checks of images, other norms, folding, merging, workers and the numerical gradient: what is their own."""

import numpy as np
import pytest

from bncourse.exercises.judging import judge
from bncourse.exercises.specs import exercise
from bncourse.exercises.specs_networks import NETWORK_ROWS
from bncourse.exercises.verify import solution

ROWS = {row.name: row for row in NETWORK_ROWS}


def judged(name, fn, seed=0):
    return judge(exercise(name), fn, limit=20.0, rng=np.random.default_rng(seed))


def named(text, name="fn"):
    """A program, as a learner's file would hold it."""
    scope = {"np": np}
    exec(compile(text, "learner.py", "exec"), scope)
    return scope[name]


def with_weight(name, before, after):
    """The solution with one factor put in."""
    text = solution(name)
    assert text.count(before) == 1, before
    return named(text.replace(before, after), name)


WEIGHTS = [
    ("spatial_batchnorm_forward", "+ beta", "+ 3 * beta", "y", "shift 3"),
    ("spatial_batchnorm_backward", "(g - mean_g", "(g - 3 * mean_g", "dx", "mean 3"),
    ("layernorm_forward", "return gamma * x_hat", "return 0.37 * gamma * x_hat", "y", "x 0.37, mu 0.37"),
    ("layernorm_backward", "- x_hat * mean", "- 0.37 * x_hat * mean", "dx", "variance 0.37"),
    ("groupnorm_forward", "- mu)", "- 2 * mu)", "y", "mu 2"),
    ("groupnorm_backward", "(g - mean_g", "(-0.5 * g - mean_g", "dx", "direct -0.5"),
    ("fold_batchnorm", "return W *", "return 3 * W *", "W", "weights 3"),
    ("fold_batchnorm", "(b - mean)", "(2 * b - mean)", "b", "bias 2"),
    ("merge_stats", "within + between", "within + 3 * between", "var", "between 3"),
    ("merge_stats", "mean = share_a", "mean = 2 * share_a", "mean", "a 2"),
    ("syncbn_backward", "- mean_dy -", "- 0.37 * mean_dy -", "dxs", "mean 0.37"),
    ("numerical_gradient", "(2 * h)", "(6 * h)", "dx", "dx 0.33"),
]


@pytest.mark.parametrize(("name", "before", "after", "output", "text"), WEIGHTS)
def test_weights_no_list_contains_are_told(name, before, after, output, text):
    fn = with_weight(name, before, after)
    for seed in range(2):
        verdict = judged(name, fn, seed)
        assert (verdict.evidence, verdict.code) == ("coefficients", f"{exercise(name).subject}.coefficients")
        assert (verdict.param("output"), verdict.param("weights")) == (output, text)


def test_every_row_with_terms_adds_up_to_the_right_answer():
    for row in ROWS.values():
        for probe in row.probes(np.random.default_rng(0)):
            right = row.arrays(row.right()(*probe.given), probe.given)
            for output, its in zip(row.outputs, right, strict=True):
                found = sum(row.terms(probe)[output].values())
                np.testing.assert_allclose(found, its, rtol=2e-3, atol=2e-3 * np.abs(its).max())


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.name)
def test_every_twin_has_an_example_that_shows_it(row):
    for code, fn in row.twins().items():
        verdict = judged(row.name, fn)
        assert verdict.example, code
        assert "0x" not in str(verdict.example)
        assert not any(line.isspace() for line in verdict.text().splitlines())


def test_a_slip_that_only_fits_square_inputs_is_named_all_the_same():
    def columns(dy, cache):
        dx, dgamma, _ = exercise("layernorm_backward").right()(dy, cache)
        return dx, dgamma, dy.sum(axis=1)

    assert judged("layernorm_backward", columns).code == "layer-backward.dbeta-axis"

    def flat(dy, cache):
        dx, dgamma, dbeta = exercise("layernorm_backward").right()(dy, cache)
        return dx, dgamma, dbeta[:1]

    verdict = judged("layernorm_backward", flat)
    assert (verdict.code, verdict.param("output")) == ("contract.shape", "dbeta")


IN_PLACE = """
def fn(x, gamma, beta, eps):
    x -= x.mean(axis=1, keepdims=True)
    x /= np.sqrt((x ** 2).mean(axis=1, keepdims=True) + eps)
    x *= gamma
    x += beta
    return x
"""


def test_a_result_that_is_an_argument_worked_on_in_place_is_told_apart_from_a_mere_change():
    verdict = judged("layernorm_forward", named(IN_PLACE))
    assert (verdict.status, verdict.code) == ("broken_contract", "contract.alias")
    assert (verdict.param("output"), verdict.param("argument")) == ("y", "x")
    copied = named(IN_PLACE.replace("return x", "return x.copy()"))
    assert judged("layernorm_forward", copied).code == "contract.input-changed"
    wrong = named(IN_PLACE.replace("    x += beta\n", "    x += 7\n"))
    assert judged("layernorm_forward", wrong).code != "contract.alias"


def test_an_argument_as_it_came_is_an_alias_even_when_nothing_was_changed():
    # One row of statistics beside an empty one is all that is needed: the values are right.
    from dataclasses import replace

    from bncourse.exercises.judging import _Trial
    from bncourse.exercises.probes import Probe

    probe = Probe((3, np.ones(2), np.ones(2), 0, np.zeros(2), np.zeros(2)))
    row = exercise("merge_stats")

    def handed_on(count_a, mean_a, var_a, count_b, mean_b, var_b):
        return count_a, mean_a, var_a

    assert _Trial(row, handed_on, 5.0, [probe]).verdict().params == (
        ("output", "mean"),
        ("argument", "mean_a"),
    )
    allowed = replace(row, handed_on=("mean", "var"))
    assert _Trial(allowed, handed_on, 5.0, [probe]).verdict()
    views = _Trial(row, lambda *given: (given[0], given[1].copy()[:], given[2].copy().T), 5.0, [probe])
    assert views.verdict()


def restored_exactly(fn, x, dy, h):
    dx = np.zeros_like(x)
    it = np.nditer(x, flags=["multi_index"], op_flags=["readwrite"])
    while not it.finished:
        at = it.multi_index
        old = x[at]
        x[at] = old + h
        above = fn(x).copy()
        x[at] = old - h
        below = fn(x).copy()
        x[at] = old
        dx[at] = np.sum((above - below) * dy) / (2 * h)
        it.iternext()
    return dx


def restored_up_to_rounding(fn, x, dy, h):
    dx = np.zeros_like(x)
    for at in np.ndindex(x.shape):
        x[at] += h
        above = fn(x)
        x[at] -= 2 * h
        below = fn(x)
        x[at] += h
        dx[at] = np.sum(above * dy) / (2 * h) - np.sum(below * dy) / (2 * h)
    return dx


def one_direction_at_a_time(fn, x, dy, h):
    flat = []
    for one in np.eye(x.size):
        step = h * one.reshape(x.shape)
        flat.append(np.tensordot(fn(x + step) - fn(x - step), dy, axes=np.ndim(dy)) / (2 * h))
    return np.array(flat).reshape(x.shape)


@pytest.mark.parametrize("fn", [restored_exactly, restored_up_to_rounding, one_direction_at_a_time])
def test_a_numerical_gradient_may_step_its_argument_there_and_back(fn):
    for seed in range(5):
        assert judged("numerical_gradient", fn, seed)


def test_a_numerical_gradient_that_calls_its_function_with_another_shape_is_told_its_line():
    def flat(fn, x, dy, h):
        return fn(x.ravel() + h)

    verdict = judged("numerical_gradient", flat)
    assert (verdict.status, verdict.code) == ("error", "call.exception")
    assert verdict.param("line") == "return fn(x.ravel() + h)"


def test_a_numerical_gradient_that_leaves_its_argument_changed_is_told_so():
    def kept(fn, x, dy, h):
        right = exercise("numerical_gradient").right()(fn, x, dy, h)
        x += h
        return right

    assert judged("numerical_gradient", kept).code == "contract.input-changed"


def workers(change):
    """The right answer for workers, with its list of dx changed."""

    def fn(dys, caches):
        dxs, dgamma, dbeta = exercise("syncbn_backward").right()(dys, caches)
        return change(dxs), dgamma, dbeta

    return fn


def test_the_dx_of_workers_come_as_a_list_of_their_shapes():
    assert judged("syncbn_backward", workers(tuple))
    assert judged("syncbn_backward", workers(iter))
    for change in (np.concatenate, lambda dxs: dxs[:1], lambda dxs: [dx.T for dx in dxs], lambda dxs: 3.0):
        verdict = judged("syncbn_backward", workers(change))
        assert (verdict.status, verdict.code) == ("broken_contract", "contract.shape")
        assert verdict.param("output") == "dxs"
        assert verdict == judged("syncbn_backward", workers(change), seed=1)
    assert judged("syncbn_backward", workers(lambda dxs: None)).code == "contract.outputs"
    assert judged("syncbn_backward", lambda dys, caches: dys).code == "contract.outputs"
    assert judged("syncbn_backward", lambda dys, caches: (None, None, None)).status == "not_attempted"


def test_a_count_may_be_a_float_and_statistics_may_come_as_a_list():
    def merged(*given):
        count, mean, var = exercise("merge_stats").right()(*given)
        return [float(count), mean, var]

    assert judged("merge_stats", merged)


def test_a_folded_layer_without_a_bias_of_its_own_still_gets_one():
    def none(W, b, gamma, beta, mean, var, eps):
        folded, bias = exercise("fold_batchnorm").right()(W, b, gamma, beta, mean, var, eps)
        return folded, (None if b is None else bias)

    assert judged("fold_batchnorm", none).code == "contract.outputs"


def test_a_bug_of_no_name_gets_none():
    def median(x, gamma, beta, eps):
        mu = np.median(x, axis=1, keepdims=True)
        return gamma * (x - mu) / np.sqrt(x.var(axis=1, keepdims=True) + eps) + beta

    def clipped(dy, cache):
        dx, dgamma, dbeta = exercise("groupnorm_backward").right()(dy, cache)
        return np.clip(dx, -1, 1), dgamma, dbeta

    for name, fn in (("layernorm_forward", median), ("groupnorm_backward", clipped)):
        verdict = judged(name, fn)
        assert (verdict.status, verdict.code) == ("fail", "unknown")
        assert "column" not in str(verdict.facts), "those of dx are batch norm's"


def test_one_pass_variance_far_from_zero_is_seen_by_the_float32_probe_alone():
    def one_pass(x, gamma, beta, eps):
        mu = x.mean(axis=1, keepdims=True)
        return gamma * (x - mu) / np.sqrt((x**2).mean(axis=1, keepdims=True) - mu**2 + eps) + beta

    assert judged("layernorm_forward", one_pass).facts == (("float32", ()),)
