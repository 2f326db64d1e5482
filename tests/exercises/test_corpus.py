"""The checker against programs written without a look at its twins; `-s` prints the scores."""

from collections import Counter
from functools import cache, wraps

import numpy as np
import pytest
from corpus import PROGRAMS

from bncourse.exercises.judging import judge
from bncourse.exercises.specs import exercise
from bncourse.exercises.verdict import Verdict

RIGHT = [program for program in PROGRAMS if program.code is None]
OUTSIDE = [program for program in PROGRAMS if program.code == "outside"]
WRONG = [program for program in PROGRAMS if program.code not in (None, "outside")]
# Findings that are no accusation by name: weights are numbers, not a mistake of the list.
NO_NAME = {"unknown"} | {f"{exercise(program.check).subject}.coefficients" for program in PROGRAMS}

pytestmark = pytest.mark.slow


@cache
def judged(program, seed=0):
    return judge(exercise(program.check), program.fn, limit=20.0, rng=np.random.default_rng(seed))


def narrowed(value):
    """In float32, cache and all; integers stay what they are."""
    if isinstance(value, np.ndarray) and value.dtype == np.float64:
        return value.astype(np.float32)
    if hasattr(value, "__dataclass_fields__"):
        return type(value)(*(narrowed(getattr(value, name)) for name in value.__dataclass_fields__))
    return value


def in_float32(fn):
    """The same program, given narrow numbers; a class is given narrow batches."""
    if isinstance(fn, type):
        return type(fn.__name__, (fn,), {"update": lambda self, x: fn.update(self, narrowed(x))})

    @wraps(fn)
    def called(*args, **kwargs):
        return fn(*map(narrowed, args), **{name: narrowed(value) for name, value in kwargs.items()})

    return called


def kind_of_finding(program, verdict):
    """One word for what the checker made of a wrong program."""
    if program.code in verdict.codes:
        return "exact" if verdict.code == program.code and verdict.status == "fail" else "with another"
    if verdict:
        return "passed"
    return "no name" if set(verdict.codes) <= NO_NAME or verdict.status != "fail" else "named wrongly"


def misses(programs, wanted):
    return {
        f"{program.name} ({program.code})": f"{judged(program).status} {judged(program).code}"
        for program in programs
        if kind_of_finding(program, judged(program)) not in wanted
    }


def test_the_corpus_is_as_large_as_promised():
    assert (len(WRONG) >= 150, len(RIGHT) >= 60, len(OUTSIDE) >= 30) == (True, True, True)
    counts = Counter(program.code for program in WRONG)
    assert min(counts.values()) >= 2


def test_nineteen_of_twenty_wrong_programs_are_named_exactly_and_none_wrongly():
    rows = {}
    for program in WRONG:
        rows.setdefault(program.check, Counter())[kind_of_finding(program, judged(program))] += 1
    kinds = "exact", "with another", "no name", "passed", "named wrongly"
    print("\n" + f"{'exercise':22}" + "".join(f"{kind:>15}" for kind in (*kinds, "programs")))
    for name, counts in rows.items():
        print(f"{name:22}" + "".join(f"{counts[kind]:15}" for kind in kinds) + f"{counts.total():15}")
    total = sum(rows.values(), Counter())
    print(f"{'all':22}" + "".join(f"{total[kind]:15}" for kind in kinds) + f"{total.total():15}")
    print(*(f"  {name}: {found}" for name, found in misses(WRONG, {"exact"}).items()), sep="\n")
    assert total["exact"] >= 0.95 * len(WRONG)
    assert misses(WRONG, {"exact", "with another", "no name"}) == {}


SEEDS = [
    pytest.param(range(2), id="2-seeds"),
    pytest.param(range(2, 20), id="18-more-seeds", marks=pytest.mark.thorough),
]


@pytest.mark.parametrize("single", [False, True], ids=["float64", "float32"])
@pytest.mark.parametrize("seeds", SEEDS)
def test_no_right_program_is_accused(seeds, single):
    accused = {}
    for program in RIGHT:
        fn = in_float32(program.fn) if single else program.fn
        for seed in seeds:
            verdict = judge(exercise(program.check), fn, limit=20.0, rng=np.random.default_rng(seed))
            if verdict != Verdict(program.check, "pass"):
                accused.setdefault(program.name, []).append((seed, verdict.status, verdict.code))
    assert accused == {}


@pytest.mark.parametrize("seeds", [range(1), pytest.param(range(1, 5), marks=pytest.mark.thorough)])
def test_no_mistake_outside_the_list_is_given_a_name(seeds):
    named = {}
    for program in OUTSIDE:
        for seed in seeds:
            verdict = judged(program, seed)
            if verdict or not set(verdict.codes) <= NO_NAME:
                named.setdefault(program.name, []).append((seed, verdict.status, verdict.code))
    assert named == {}
