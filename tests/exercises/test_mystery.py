"""Functions with one slip that a learner probes and names."""

import numpy as np
import pytest

from bncourse import check
from bncourse.errors import StateError
from bncourse.exercises import mystery as module
from bncourse.exercises.mystery import judge_name, mysteries, mystery
from bncourse.exercises.specs import EXERCISES, exercise
from bncourse.language import LANGUAGES

EVERY = [(name, n) for name, count in mysteries().items() if name in EXERCISES for n in range(1, count + 1)]


def hidden(name, number):
    return module._HIDDEN[name][number - 1]


@pytest.mark.parametrize(("name", "number"), EVERY)
def test_the_right_name_passes_and_every_other_fails(name, number):
    wrong = mystery(name, number)
    for code in exercise(name).twins():
        verdict = judge_name(wrong, code)
        assert verdict.status == ("pass" if code == hidden(name, number) else "fail"), code


@pytest.mark.parametrize(("name", "number"), EVERY)
def test_what_is_said_of_another_name_are_numbers_that_differ(name, number):
    for code in exercise(name).twins():
        verdict = judge_name(mystery(name, number), code)
        assert verdict.status == "pass" or verdict.evidence == "property"
        assert all(float(dict(params)["value"]) > 0 for _, params in verdict.facts)


@pytest.mark.parametrize(("name", "number"), EVERY)
def test_a_mystery_tells_nothing_of_itself(name, number):
    wrong, code = mystery(name, number), hidden(name, number)
    told = [repr(wrong), str(wrong), wrong.__doc__, *map(str, vars(type(wrong)).values())]
    told += [str(getattr(wrong, slot)) for slot in type(wrong).__slots__]
    assert not any(code in text or code.partition(".")[2] in text for text in told)
    with pytest.raises((TypeError, ValueError, AttributeError)) as caught:
        wrong("nothing that can be computed with")
    assert "mistakes" not in [entry.path.parent.name for entry in caught.traceback]


def test_it_answers_as_the_version_does():
    x = np.array([[0.0], [1.0], [5.0]])
    y = mystery("batchnorm_forward", 2)(x, np.ones(1), np.zeros(1), eps=1e-9)
    assert np.allclose(y, (x - 2) / x.std(ddof=1))


@pytest.mark.parametrize("nothing", [None, ""])
def test_no_name_is_not_attempted(nothing):
    verdict = judge_name(mystery("batchnorm_forward", 1), nothing)
    assert (verdict.status, bool(verdict)) == ("not_attempted", False)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_verdict_names_the_version_in_the_readers_language(lang):
    verdict = judge_name(mystery("batchnorm_forward", 1), "forward.bessel")
    text = verdict.text(lang)
    assert "{" not in text
    assert "N − 1" in text  # of the version's name
    assert ("the version" in text) == (lang == "en")
    assert "2.2" in text  # by how much
    assert judge_name(mystery("batchnorm_forward", 2), "forward.bessel").text(lang) != text


def test_calls_that_make_no_sense_say_what_to_do():
    wrong = mystery("batchnorm_forward", 1)
    with pytest.raises(StateError, match=r"try: check\.versions\(\"batchnorm_forward\"\) lists them"):
        judge_name(wrong, "forward.nothing-of-the-kind")
    with pytest.raises(StateError, match=r"code of a version of batchnorm_forward"):
        judge_name(wrong, "backward.no-mean-path")
    with pytest.raises(StateError, match=r"a mystery; got: function"):
        judge_name(lambda x: x, "forward.bessel")
    with pytest.raises(StateError, match=r"one of batchnorm_forward, .*got: 'inference_of'"):
        mystery("inference_of", 1)
    for number in (0, 5, "1", True):
        with pytest.raises(StateError, match=r"from 1 to 4"):
            mystery("batchnorm_forward", number)


def test_the_learner_types_it_at_check(capsys):
    wrong = check.mystery("batchnorm_forward", 1)
    assert not check.named(wrong, None)
    assert "not attempted" in capsys.readouterr().out
    check.versions("batchnorm_forward")
    assert "forward.bessel: the version whose variance is divided by N − 1" in capsys.readouterr().out


def test_mysteries_have_names_of_their_exercise():
    for name, codes in module._HIDDEN.items():
        assert len(set(codes)) == len(codes)
        if name in EXERCISES:
            assert set(codes) <= set(exercise(name).twins())
