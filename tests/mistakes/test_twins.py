"""The wrong twins: all there, wrong on the probes, and no two alike."""

import inspect
import itertools
import re

import numpy as np
import pytest
from network_list import NETWORK_LIST
from probes import SUBJECTS, all_answers, answers, distance

from bncourse import StateError, mistakes

# The list of the design, item by item: what a learner gets wrong, and the twins that stand for it.
LIST = {
    "N − 1 variance": ["forward.bessel"],
    "eps outside the root, squared, missing, ignored": [
        "forward.eps-outside",
        "forward.eps-squared",
        "forward.eps-missing",
        "forward.eps-ignored",
    ],
    "no root": ["forward.no-root"],
    "axis 1": ["forward.axis-1", "forward.axis-1-as-rows"],
    "one mean for all": [
        "forward.one-mean",
        "forward.one-mean-in-both",
        "forward.one-variance",
        "forward.one-mean-one-variance",
    ],
    "variance about zero": ["forward.variance-about-zero"],
    "not centred": ["forward.not-centred"],
    "one-pass variance": ["forward.one-pass"],
    "gamma/beta swapped": ["forward.gamma-beta-swapped"],
    "gamma/beta missing": ["forward.gamma-missing", "forward.beta-missing", "forward.gamma-beta-missing"],
    "gamma/beta inside the bracket": ["forward.beta-inside"],
    "gamma/beta on the wrong axis": ["forward.gamma-axis", "forward.beta-axis", "forward.gamma-beta-axis"],
    "input changed in place": ["forward.in-place"],
    "integer truncation": ["forward.integer-truncation"],
    "float16 sums": ["forward.float16-sums"],
    "no mean path": ["backward.no-mean-path"],
    "no variance path": ["backward.no-variance-path"],
    "neither": ["backward.constant-statistics"],
    "only the diagonal of the Jacobian": ["backward.diagonal-only"],
    "missing 1/N on one or both": [
        "backward.mean-term-no-1/N",
        "backward.variance-term-no-1/N",
        "backward.no-1/N",
    ],
    "N times or 1/N of the whole": ["backward.n-times", "backward.one-nth"],
    "a term's sign": [
        "backward.direct-term-sign",
        "backward.mean-term-sign",
        "backward.variance-term-sign",
    ],
    "overwritten instead of accumulated": ["backward.dxc-overwritten", "backward.dx-overwritten"],
    "½, 2, exponent in dvar": [
        "backward.dvar-no-half",
        "backward.dvar-no-two",
        "backward.dvar-exponent-one",
        "backward.dvar-exponent-sign",
    ],
    "gamma forgotten": ["backward.gamma-missing"],
    "x, x−mu or y used for x̂": ["backward.x-for-x-hat", "backward.xc-for-x-hat", "backward.y-for-x-hat"],
    "std multiplied": ["backward.std-multiplied"],
    "Bessel factor on a biased forward": ["backward.bessel"],
    "eps hard-coded": ["backward.eps-fixed", "backward.eps-fixed-in-std"],
    "D for N": ["backward.d-for-n"],
    "cache unpacked in another order": ["backward.cache-gamma-inv-std", "backward.cache-xc-x-hat"],
    "dgamma/dbeta: mean for sum": ["backward.dgamma-mean", "backward.dbeta-mean"],
    "dgamma: x for x̂": ["backward.dgamma-x", "backward.dgamma-xc", "backward.dgamma-y"],
    "dgamma/dbeta: extra gamma": ["backward.dgamma-extra-gamma", "backward.dbeta-extra-gamma"],
    "dgamma/dbeta: swapped": ["backward.dgamma-dbeta-swapped"],
    "weight inverted": ["running.weight-inverted"],
    "biased, or corrected twice": ["running.biased", "running.corrected-twice"],
    "std or var+eps stored": ["running.std-stored", "running.eps-stored"],
    "mean used for var": ["running.mean-for-var"],
    "overwritten, never updated, no decay": [
        "running.overwritten",
        "running.never-updated",
        "running.mean-never-updated",
        "running.var-never-updated",
        "running.no-decay",
    ],
    "normalises with running statistics while training": [
        "modes.running-in-training",
        "modes.running-in-training-before",
    ],
    "batch statistics in eval": ["inference.batch-statistics", "modes.batch-in-eval"],
    "updates in eval": ["modes.updates-in-eval", "modes.always-training"],
    "no eps, no root in eval": ["inference.eps-missing", "inference.no-root"],
    "gamma and beta forgotten in eval": [
        "inference.gamma-missing",
        "inference.beta-missing",
        "inference.gamma-beta-missing",
    ],
} | NETWORK_LIST
CODES = [mistake.code for mistake in mistakes.MISTAKES]


def test_every_mistake_of_the_list_has_its_twin_and_nothing_else_is_there():
    assert sorted(itertools.chain(*LIST.values())) == sorted(CODES)


def test_codes_are_unique_and_follow_one_pattern():
    assert len(set(CODES)) == len(CODES)
    for mistake in mistakes.MISTAKES:
        assert mistake.subject in PARAMETERS
        assert re.fullmatch(r"[a-z-]+\.[a-zA-Z0-9/-]+", mistake.code)


# What the twins of a subject are given, in order. The letter v stands for `values`.
X = "x gamma beta"
PARAMETERS = {
    "forward": f"{X} eps",
    "backward": "dy v",
    "running": "stats x",
    "inference": f"{X} stats eps",
    "modes": f"{X} stats eps training",
    "spatial": f"{X} eps",
    "spatial-backward": "dy cache",
    "layer": f"{X} eps",
    "layer-backward": "dy cache",
    "group": f"{X} groups eps",
    "group-backward": "dy cache",
    "folding": "W b gamma beta mean var eps",
    "merging": "count_a mean_a var_a count_b mean_b var_b",
    "sync-backward": "dys caches",
    "numerical-gradient": "fn x dy h",
    "param-groups": "model weight_decay",
    "block-order": "c_in c_out",
}


@pytest.mark.parametrize("subject", PARAMETERS)
def test_the_right_function_takes_the_arguments_of_its_twins(subject):
    own = {"stats": "self", "v": "values"} if subject in ("running", "backward") else {}
    expected = [own.get(name, name) for name in PARAMETERS[subject].split()]
    assert list(inspect.signature(mistakes.right(subject)).parameters) == expected


@pytest.mark.parametrize("mistake", mistakes.MISTAKES, ids=lambda mistake: mistake.code)
def test_a_twin_can_be_read_beside_the_right_function(mistake):
    fn = inspect.unwrap(mistake.fn)
    assert inspect.getdoc(fn)
    assert 4 <= len(inspect.getsource(fn).splitlines()) <= 16
    assert list(inspect.signature(fn).parameters) == PARAMETERS[mistake.subject].split()


@pytest.mark.parametrize("mistake", mistakes.MISTAKES, ids=lambda mistake: mistake.code)
def test_the_sentence_completes_your_answer_equals(mistake):
    assert re.match(r"(the (version|right) |N times )", mistake.equals)
    assert not mistake.equals.endswith(".")
    assert not re.search(r"\b(you|forgot|wrong|mistake)\b", mistake.equals)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_the_right_function_answers_every_probe(subject):
    assert None not in answers(mistakes.right(subject), subject, seed=0)


def smallest_margins(subject, seeds):
    """For each pair of functions of a subject, the right one included: the least distance over the seeds."""
    least = {}
    for seed in seeds:
        given = all_answers(subject, seed)
        for one, two in itertools.combinations(given, 2):
            apart = distance(given[one], given[two])
            least[one, two] = min(least.get((one, two), np.inf), apart)
    return least


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_twin_differs_from_the_right_function_and_from_every_other(subject):
    for pair, margin in smallest_margins(subject, range(2)).items():
        assert margin >= 1e-3, pair


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.parametrize("subject", SUBJECTS)
def test_the_margins_hold_over_a_hundred_seeds(subject):
    for pair, margin in smallest_margins(subject, range(100)).items():
        assert margin >= 1e-3, pair


def test_two_slips_with_the_same_numbers_share_a_code():
    """An exponent of −½ in dvar is x − mu in the place of x_hat, said in another way."""

    def exponent_half(dy, v):
        dx_hat = dy * v.gamma
        dvar = (dx_hat * v.xc).sum(axis=0) * -0.5 * (v.var + v.eps) ** -0.5
        dxc = dx_hat * v.inv_std + 2 * v.xc * dvar / len(dy)
        return dxc - dxc.sum(axis=0) / len(dy), (dy * v.x_hat).sum(axis=0), dy.sum(axis=0)

    other = mistakes.find("backward.xc-for-x-hat").fn
    assert distance(answers(exponent_half, "backward", 0), answers(other, "backward", 0)) < 1e-12


def test_find_of_and_right_agree():
    for subject in PARAMETERS:
        for mistake in mistakes.of(subject):
            assert mistake.subject == subject
            assert mistakes.find(mistake.code) is mistake
    assert sum(len(mistakes.of(subject)) for subject in PARAMETERS) == len(mistakes.MISTAKES)


ALL = ", ".join(PARAMETERS)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda: mistakes.find("backward.no-such"),
            "must hold: the code is that of a mistake; got: 'backward.no-such'; "
            "try: one of mistakes.of('backward')",
        ),
        (
            lambda: mistakes.find("no-mean-path"),
            f"must hold: the code is that of a mistake; got: 'no-mean-path'; try: a subject: {ALL}",
        ),
        (
            lambda: mistakes.of("sideways"),
            f"must hold: the subject is one of {ALL}; got: 'sideways'; try: mistakes.of('backward')",
        ),
        (
            lambda: mistakes.right("sideways"),
            f"must hold: the subject is one of {ALL}; got: 'sideways'; try: mistakes.of('backward')",
        ),
    ],
)
def test_a_name_that_does_not_exist_is_answered_with_those_that_do(call, text):
    with pytest.raises(StateError) as caught:
        call()
    assert str(caught.value) == text
