"""Every twin is named, every right style passes, and nothing else is given a name."""

import itertools

import numpy as np
import pytest

from bncourse import mistakes
from bncourse.exercises.coefficients import rounded
from bncourse.exercises.contract import distance
from bncourse.exercises.diagnosis import EXACT, answer_of
from bncourse.exercises.judging import judge
from bncourse.exercises.specs import EXERCISES, exercise

SEEDS = range(100)
FUNCTIONS = [row for row in EXERCISES.values() if not row.takes_class]
# batchnorm_backward_alt has the twins and the probes of batchnorm_backward: one of the two is enough
TOLD_APART = [row for row in FUNCTIONS if row.name != "batchnorm_backward_alt"]
CASES = [pytest.param(row, code, id=f"{row.name}:{code}") for row in TOLD_APART for code in row.twins()]


def judged(row, fn, seed=0):
    return judge(row, fn, limit=10.0, rng=np.random.default_rng(seed))


@pytest.mark.parametrize(("row", "code"), CASES)
def test_every_twin_is_named_exactly_and_always_in_the_same_words(row, code):
    fn = row.twins()[code]
    verdicts = {judged(row, fn, seed) for seed in (1, 2)}  # the transcripts have seed 0
    assert [(v.status, v.code, v.evidence) for v in verdicts] == [("fail", code, "exact")]


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.parametrize(("row", "code"), CASES)
def test_every_twin_is_named_over_a_hundred_seeds(row, code):
    fn = row.twins()[code]
    assert {judged(row, fn, seed).code for seed in SEEDS} == {code}


@pytest.mark.parametrize("row", FUNCTIONS, ids=lambda row: row.name)
def test_the_right_function_passes_over_twenty_seeds(row):
    for seed in SEEDS[:20]:
        assert judged(row, row.right(), seed)


def least_margins(row, seeds):
    """For each pair of functions of a row, the right one included: the least distance over the seeds."""
    functions, least = {"right": row.right(), **row.twins()}, {}
    for seed in seeds:
        probes = row.probes(np.random.default_rng(seed))
        right = [answer_of(functions["right"], row, probe).outputs for probe in probes]
        given = {
            code: [answer_of(fn, row, probe, its) for probe, its in zip(probes, right, strict=True)]
            for code, fn in functions.items()
        }
        for pair in itertools.combinations(given, 2):
            apart = max(map(answers_apart, given[pair[0]], given[pair[1]]))
            least[pair] = min(least.get(pair, np.inf), apart)
    return least


def answers_apart(one, two):
    if one.outputs is None or two.outputs is None:
        return 0.0 if one.outputs is two.outputs else np.inf
    if one.changed != two.changed:
        return np.inf
    return max(map(distance, one.outputs, two.outputs))


@pytest.mark.parametrize("row", TOLD_APART, ids=lambda row: row.name)
def test_no_two_functions_are_near_each_other(row):
    assert min(least_margins(row, range(1)).values()) >= 10 * EXACT


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.parametrize("row", TOLD_APART, ids=lambda row: row.name)
def test_no_two_functions_are_near_each_other_over_a_hundred_seeds(row):
    for pair, margin in least_margins(row, SEEDS).items():
        assert margin >= 10 * EXACT, pair


@pytest.mark.parametrize(
    ("code", "fn"),
    [
        pytest.param(c, f, id=c + f.__name__)
        for row in FUNCTIONS
        for c, f in ((c, row.adapt(f)) for c, f in row.variants)
    ],
)
def test_another_way_to_the_same_mistake_has_the_same_name(code, fn):
    row = next(row for row in FUNCTIONS if code in dict(row.variants))
    assert {judged(row, fn, seed).code for seed in range(2)} == {code}


# One pair in twenty here, all of them every night.
PAIRS = [
    pytest.param(row, codes, id=" ".join(codes), marks=[pytest.mark.thorough] if number % 20 else [])
    for row in TOLD_APART
    for number, codes in enumerate(row.pairs())
]


@pytest.mark.slow
@pytest.mark.parametrize(("row", "codes"), PAIRS)
def test_two_slips_in_one_get_both_names_or_none(row, codes):
    verdict = judged(row, row.pairs()[codes])
    assert not verdict
    named = set(verdict.codes)
    assert named in (set(codes), {"unknown"}) or verdict.evidence == "coefficients" or len(named) == 1


def backward(dy, v, direct=1.0, mean=1.0, variance=1.0, dgamma=1.0, dbeta=1.0):
    g = dy * v.gamma
    dx = v.inv_std * (direct * g - mean * g.mean(axis=0) - variance * v.x_hat * (g * v.x_hat).mean(axis=0))
    return dx, dgamma * (dy * v.x_hat).sum(axis=0), dbeta * dy.sum(axis=0)


@pytest.mark.parametrize(
    ("weights", "output", "text"),
    [
        ({"mean": 3.0}, "dx", "mean 3"),
        ({"variance": 0.37}, "dx", "variance 0.37"),
        ({"direct": -0.5, "mean": -0.5, "variance": -0.5}, "dx", "direct -0.5, mean -0.5, variance -0.5"),
        ({"variance": 2.0, "dbeta": 2.0}, "dx, dbeta", "variance 2; dbeta 2"),
    ],
)
def test_weights_no_list_contains_are_told(weights, output, text):
    row = exercise("batchnorm_backward")
    for seed in range(5):
        verdict = judged(row, lambda dy, cache: backward(dy, cache, **weights), seed)
        assert (verdict.code, verdict.evidence) == ("backward.coefficients", "coefficients")
        assert (verdict.param("output"), verdict.param("weights")) == (output, text)


def test_a_twin_comes_before_weights():
    row = exercise("batchnorm_backward")
    assert judged(row, lambda dy, cache: backward(dy, cache, mean=0.0)).code == "backward.no-mean-path"


def test_each_output_can_have_its_own_slip():
    def three(dy, v):
        dx, dgamma, _ = backward(dy, v, mean=0.0)
        return dx, dgamma * v.gamma, dy.mean(axis=0)

    verdict = judged(exercise("batchnorm_backward"), three)
    assert verdict.codes == ("backward.no-mean-path", "backward.dgamma-extra-gamma", "backward.dbeta-mean")
    assert verdict.evidence == "pair"


def test_the_other_convention_is_recognised_as_two_known_versions():
    def cs231n(mean, var, x, new_weight):
        old = new_weight
        return old * mean + (1 - old) * x.mean(axis=0), old * var + (1 - old) * x.var(axis=0)

    assert set(judged(exercise("running_stats"), cs231n).codes) == {
        "running.weight-inverted",
        "running.biased",
    }


OUTSIDE = {
    "median": lambda x, g, b, eps: g * (x - np.median(x, axis=0)) / np.sqrt(x.var(axis=0) + eps) + b,
    "clipped": lambda x, g, b, eps: np.clip(g * (x - x.mean(0)) / np.sqrt(x.var(0) + eps) + b, -1, 1),
    "sorted": lambda x, g, b, eps: g * (np.sort(x, axis=0) - x.mean(0)) / np.sqrt(x.var(0) + eps) + b,
    "cubed": lambda x, g, b, eps: g**3 * (x - x.mean(0)) / np.sqrt(x.var(0) + eps) + b,
    "mean of some": lambda x, g, b, eps: g * (x - x[:2].mean(0)) / np.sqrt(x.var(0) + eps) + b,
    "eps in the mean": lambda x, g, b, eps: g * (x - x.mean(0) - eps) / np.sqrt(x.var(0) + eps) + b,
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_bug_of_no_name_gets_none(name):
    for seed in range(2):
        verdict = judged(exercise("batchnorm_forward"), OUTSIDE[name], seed)
        assert (verdict.status, verdict.code) == ("fail", "unknown")


def test_certain_facts_are_true_and_the_same_on_every_run():
    def wrong(dy, v):
        dx, dgamma, dbeta = backward(dy, v)
        return np.tanh(dx) + 0.1, dgamma, dbeta

    verdicts = {judged(exercise("batchnorm_backward"), wrong, seed) for seed in range(4)}
    assert len(verdicts) == 1
    facts = dict(verdicts.pop().facts)
    assert facts["agrees"] == (("output", "dgamma, dbeta"), ("other", "dx"))
    assert "column-sums" in facts


@pytest.mark.parametrize(
    ("value", "text"), [(0.3701, "0.37"), (-3.0, "-3"), (12345.0, "12000"), (1e-17, "0")]
)
def test_numbers_have_two_significant_digits(value, text):
    assert rounded(value) == text


def test_the_row_of_every_exercise_is_complete():
    for row in EXERCISES.values():
        assert row.subject in {mistake.subject for mistake in mistakes.MISTAKES}
        for probe in [*row.probes(np.random.default_rng(0)), *row.examples()]:
            assert len(probe.given) == len(row.parameters)
