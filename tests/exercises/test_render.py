"""A verdict in four languages: every place filled, every column below its own, no English left over."""

import functools
import re
from unicodedata import east_asian_width

import numpy as np
import pytest

from bncourse.exercises.judging import judge
from bncourse.exercises.mutation import judge_test
from bncourse.exercises.render import hints
from bncourse.exercises.specs import exercise
from bncourse.exercises.staged import judge_steps
from bncourse.exercises.verdict import Example, Verdict
from bncourse.exercises.words import word
from bncourse.language import LANGUAGES
from bncourse.reference.staged import staged_backward

BACKWARD = exercise("batchnorm_backward")
FORWARD = exercise("batchnorm_forward")


def quarter_and_mean(dy, v):
    """A quarter of the variance term, and a mean where dgamma is a sum."""
    dx, dgamma, dbeta = staged_backward(dy, v)
    dx = dx + 0.75 * v.gamma * v.inv_std * v.x_hat * (dy * v.x_hat).mean(axis=0)
    return dx, dgamma / len(dy), dbeta


def right(x, gamma, beta, eps):
    return gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps) + beta


def whole(x, gamma, beta, eps):
    return np.round(right(x, gamma, beta, eps)).astype(int)


def verdicts():
    """One of each kind of sentence that has places to fill."""
    yield judge(BACKWARD, quarter_and_mean)
    yield judge(FORWARD, lambda x, gamma, beta, eps: right(x, gamma, 3 * beta, eps))
    yield judge(FORWARD, lambda x, gamma, beta, eps: np.tanh(right(x, gamma, beta, eps)))
    yield judge(FORWARD, whole)
    yield judge(FORWARD, lambda x: x)
    yield judge(FORWARD, lambda x, gamma, beta, eps: x / not_defined)
    yield judge(FORWARD, np.add)
    yield judge(BACKWARD, lambda dy, cache: (dy, dy.sum(axis=0)))
    yield judge_steps({"dsq": lambda dvar, N: 3 * dvar / N})
    yield judge_steps({"dx": lambda dxc: dxc[None, None]})
    yield judge_steps({"dx": lambda dxc: "dx"})
    yield judge_test("inference", lambda fn: False)
    yield judge_test("inference", lambda fn: True)
    yield Verdict("my_tests(inference)", "pass", "tests.pass", params=(("of", "6"), ("caught", "6")))
    yield Verdict("running_stats", "fail", "running.biased + running.coefficients", "pair",
                  (("output", "mean"), ("weights", "old 0.5, new 2")))  # fmt: skip


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_place_is_left_unfilled(lang):
    for verdict in verdicts():
        for text in (verdict.text(lang), verdict.html(lang), *hints(verdict, lang)):
            assert not re.search(r"{\w*}", text), verdict


def test_a_pair_names_its_weights_and_says_so_once():
    verdict = judge(BACKWARD, quarter_and_mean)
    assert (verdict.evidence, "backward.coefficients" in verdict.codes) == ("pair", True)
    text = verdict.text("en")
    assert (
        "the right terms with other weights (the variance path with 0.25 instead of 1) and the version"
        in text
    )
    assert "Certain: Your answer (dx) equals the right terms with other weights" in text


@pytest.mark.parametrize("lang", ["ja", "zh", "ko"])
def test_no_english_stands_inside_another_language(lang):
    english = re.compile(r"floating|numbers|axes|axis|result|instead")
    for verdict in verdicts():
        own = verdict.param("error"), verdict.param("line")  # Python's words and the learner's stay
        text = verdict.text(lang)
        for part in own:
            text = text.replace(part, "") if part else text
        assert not english.search(text), verdict


def test_words_for_kinds_and_numbers_of_results():
    assert "y should hold floating-point numbers; it holds int64." in judge(FORWARD, whole).text("en")
    two = judge(BACKWARD, lambda dy, cache: (dy, dy.sum(axis=0)))
    assert "it returned: 2 result(s)." in two.text("en")
    assert "结果" in two.text("zh")
    deep = judge_steps({"dx": lambda dxc: dxc[None, None]})
    assert "dx should have shape (N, D); it has shape (1, 1, N, D)." in deep.text("en")


def places(line):
    return [len(line[: at.start()]) + sum(east_asian_width(one) in "WF" for one in line[: at.start()])
            for at in re.finditer(r"\[(?=\d)", line)]  # fmt: skip


@pytest.mark.parametrize("lang", LANGUAGES)
def test_rows_of_an_array_begin_below_each_other(lang):
    rows = "[[1. 2.]\n [3. 4.]]"
    example = Example((("x", rows),), (("y", rows),), (("y", rows),))
    lines = Verdict("inference", "fail", "unknown", example=example).text(lang).splitlines()[-6:]
    for first, second in zip(lines[::2], lines[1::2], strict=True):
        assert places(first) == places(second)


def test_full_width_signs_in_japanese_and_chinese():
    example = Example((), (("y", "1"),), (("y", "2"),))
    verdict = Verdict("inference", "fail", "unknown", example=example)
    for lang, yours in (("ja", "y（あなたの答え） = 1"), ("zh", "y（你的） = 1")):
        text = verdict.text(lang)
        assert yours in text
        assert ": " not in text
        assert text.startswith("inference：")
        assert "</code>：" in verdict.html(lang)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_exception_without_a_line_of_the_learner_ends_with_its_message(lang):
    seen = Verdict("inference", "error", "call.exception", params=(("error", "ValueError: x"), ("line", "")))
    assert seen.text(lang).splitlines()[1].endswith("ValueError: x")
    with_line = Verdict("inference", "error", "call.exception", params=(("error", "E"), ("line", "x = 1")))
    assert "x = 1" in with_line.text(lang)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_parameters_that_do_not_fit_are_named(lang):
    verdict = judge(FORWARD, lambda x, gamma: x)
    assert (verdict.status, verdict.code) == ("broken_contract", "call.signature")
    assert "x, gamma, beta, eps" in verdict.text(lang)


def test_a_default_or_a_star_is_no_other_signature():
    assert judge(FORWARD, lambda x, gamma, beta, eps, more=1: right(x, gamma, beta, eps))
    assert judge(FORWARD, lambda *given: right(*given))
    assert judge(FORWARD, functools.wraps(lambda x: x)(lambda *given: right(*given)))
    assert judge_test("inference", lambda one, other: True).code == "call.signature"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_pass_is_short(lang):
    assert len(judge(FORWARD, right).text(lang).splitlines()) == 3
    own = Verdict("my_tests(inference)", "pass", "tests.pass", params=(("of", "6"),))
    assert own.text(lang).splitlines()[1] == word("card", "colon", lang).format(
        first=word("card", "seen", lang), second=word("tests.pass", "seen", lang).format(of="6"))  # fmt: skip


def test_what_was_printed_is_shown_and_escaped():
    def prints(x, gamma, beta, eps):
        print("<b>\n&")
        return right(x, gamma, 3 * beta, eps)

    verdict = judge(FORWARD, prints)
    assert verdict.text("en").endswith("Printed by the function (first lines):\n  <b>\n  &")
    assert "&lt;b&gt;\n&amp;</pre>" in verdict.html("en")
    assert "<b>" not in verdict.html("en")
