"""The words of every verdict on a wrong twin, kept as text: whoever changes a word sees where it shows.

BNCOURSE_REGENERATE=1 writes the files anew; then read the difference before it is committed.
"""

import os
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from bncourse import mistakes
from bncourse.exercises.judging import judge
from bncourse.exercises.specs import exercise
from bncourse.exercises.verify import languages, names
from bncourse.language import LANGUAGES

GOLDEN = Path(__file__).parent / "golden"
# batchnorm_backward_alt asks for the same function: its words are those of batchnorm_backward.
NAMES = [name for name in names() if name != "batchnorm_backward_alt"]


@cache
def verdicts(name):
    """The verdict on each wrong twin of the exercise, and on the right function."""
    row = exercise(name)
    twins = row.twins()
    functions = [row.right(), *(twins[mistake.code] for mistake in mistakes.of(row.subject))]
    return [judge(row, fn, limit=20.0, rng=np.random.default_rng(0)) for fn in functions]


def right(x, gamma, beta, eps):
    return gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps) + beta


def raising(error):
    def raises(x, gamma, beta, eps):
        raise error

    return raises


def endless(x, gamma, beta, eps):
    while True:
        pass


def recursive(x, gamma, beta, eps):
    return recursive(x, gamma, beta, eps)


def changing(x, gamma, beta, eps):
    x *= 1.5
    return right(x, gamma, beta, eps)


def reseeding(x, gamma, beta, eps):
    np.random.seed(0)  # noqa: NPY002
    return right(x, gamma, beta, eps)


def patching(x, gamma, beta, eps):
    np.mean = np.median
    return right(x, gamma, beta, eps)


OTHERS = {
    "call.not-attempted": raising(NotImplementedError()),
    "call.exception": raising(ValueError("of the learner's own")),
    "call.none": lambda x, gamma, beta, eps: print(x),
    "call.exit": raising(SystemExit(1)),
    "call.input": lambda x, gamma, beta, eps: input(),
    "call.timeout": endless,
    "call.recursion": recursive,
    "call.memory": raising(MemoryError()),
    "contract.outputs": lambda dy, cache: (dy, dy.sum(axis=0)),
    "contract.shape": lambda x, gamma, beta, eps: right(x, gamma, beta, eps).T,
    "contract.dtype": lambda x, gamma, beta, eps: right(x, gamma, beta, eps) + 0j,
    "contract.not-finite": lambda x, gamma, beta, eps: right(x, gamma, beta, eps) * np.nan,
    "contract.input-changed": changing,
    "contract.not-repeatable": lambda x, gamma, beta, eps: x + np.random.normal(size=x.shape),  # noqa: NPY002
    "contract.reseeded": reseeding,
    "contract.patched": patching,
    "forward.coefficients": lambda x, gamma, beta, eps: right(x, gamma, 3 * beta, eps),
    "forward.bessel + forward.gamma-missing": lambda x, gamma, beta, eps: (
        (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0, ddof=1) + eps) + beta
    ),
    "unknown": lambda x, gamma, beta, eps: np.tanh(right(x, gamma, beta, eps)),
}


@cache
def other_verdicts():
    """What is said when there is no twin: calls, contracts, weights, a pair, nothing known."""
    found = []
    for code, fn in OTHERS.items():
        row = exercise("batchnorm_backward" if code == "contract.outputs" else "batchnorm_forward")
        limit = 0.5 if code == "call.timeout" else 20.0
        found.append(judge(row, fn, limit=limit, rng=np.random.default_rng(0)))
    return found


def transcript(name, lang):
    found = other_verdicts() if name == "others" else verdicts(name)
    return "\n".join(f"# {one.code or one.status}\n{one.text(lang)}\n" for one in found)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", [*NAMES, "others"])
def test_the_words_of_a_verdict_are_those_that_were_read(name, lang):
    if lang not in languages():
        pytest.skip("not translated yet")
    file = GOLDEN / lang / f"{name}.txt"
    text = transcript(name, lang)
    if os.environ.get("BNCOURSE_REGENERATE"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


def test_no_transcript_is_left_of_what_is_no_more():
    there = {path.relative_to(GOLDEN).as_posix() for path in GOLDEN.rglob("*.txt")}
    assert there == {f"{lang}/{name}.txt" for lang in languages() for name in [*NAMES, "others"]}


def test_every_code_of_the_exercises_has_its_transcript():
    told = {code for name in NAMES for verdict in verdicts(name) for code in verdict.codes}
    subjects = [exercise(name).subject for name in NAMES]
    assert told == {mistake.code for subject in subjects for mistake in mistakes.of(subject)}


def test_what_has_no_twin_is_what_it_was_written_for():
    assert [verdict.code for verdict in other_verdicts()] == list(OTHERS)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", [*NAMES, "others"])
def test_every_place_in_a_sentence_is_filled(name, lang):
    assert re.findall(r"{\w+}", transcript(name, lang)) == []
