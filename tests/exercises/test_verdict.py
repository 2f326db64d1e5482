"""A verdict is a value; its words; what a learner types."""

import dataclasses
import statistics
import subprocess
import sys
import time

import numpy as np
import pytest

from bncourse import check
from bncourse.errors import BncourseError, StateError
from bncourse.exercises import show as showing
from bncourse.exercises.judging import judge
from bncourse.exercises.mutation import judge_test
from bncourse.exercises.specs import EXERCISES, exercise
from bncourse.exercises.staged import judge_steps
from bncourse.exercises.verdict import Example, Verdict
from bncourse.reference.staged import staged_backward, staged_forward

NO_ROOT = Verdict("inference", "fail", "inference.no-root", "exact")


def no_root(x, gamma, beta, mean, var, eps):
    return gamma * (x - mean) / (var + eps) + beta


def test_equal_findings_are_equal_values():
    one, two = (judge(exercise("inference"), no_root) for _ in range(2))
    assert one == two
    assert hash(one) == hash(two)
    assert not one
    assert repr(one) == "<inference: fail, inference.no-root>"
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.status = "pass"


def test_the_package_loads_no_checker_and_the_checker_loads_fast():
    code = (
        "import sys, time, bncourse; print(any('exercises' in name for name in sys.modules));"
        "began = time.process_time(); from bncourse import check; print(time.process_time() - began)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded, seconds = done.stdout.split()
    assert loaded == "False"
    assert float(seconds) < 0.3


def test_raise_if_failed():
    Verdict("inference", "pass").raise_if_failed()
    with pytest.raises(BncourseError, match="must hold: inference passes; got: inference: not yet right"):
        NO_ROOT.raise_if_failed()


def test_text_says_seen_meaning_why_and_next():
    text = judge(exercise("inference"), no_root).text("en")
    assert "Seen: Your answer equals the version that divides by the variance, without the root." in text
    for heading in ("Meaning: ", "Why it matters: ", "Next step: ", "The smallest example"):
        assert heading in text
    assert "y (expected) = [[0.]" in text


def test_html_escapes_what_a_learner_wrote_and_has_no_colours_of_its_own():
    verdict = Verdict(
        "inference", "error", "call.exception",
        params=(("error", "<script>"), ("line", "x < y & z")),
        example=Example((("x", "<b>"),), (("y", "1"),), (("y", "2"),)),
    )  # fmt: skip
    html = verdict.html("en")
    assert "<script>" not in html
    assert "<b>" not in html
    assert "&lt;script&gt;" in html
    assert "no answer" in html  # the status is a word
    assert "#" not in html.replace("&#", "")
    assert "background:none" in html


def test_every_code_of_the_engine_has_words():
    from bncourse.exercises.words import entry

    codes = [code for row in EXERCISES.values() for code in row.twins()]
    codes += ["unknown", "pass", "tests.missed", "tests.rejects-right"]
    codes += [f"{row.subject}.coefficients" for row in EXERCISES.values() if row.terms]
    codes += ["evidence.exact", "evidence.pair", "evidence.coefficients"]
    assert [code for code in codes if not entry(code, "en")] == []


def test_check_shows_prints_and_returns(capsys):
    verdict = check.inference(no_root)
    assert verdict.code == "inference.no-root"
    out = capsys.readouterr().out
    assert out == verdict.text() + "\n"
    for n in (1, 2, 3, 3):
        check.inference.hint()
        assert capsys.readouterr().out.startswith(f"Hint {n} of 3: ")


def test_a_hint_before_a_first_try(capsys):
    from bncourse.exercises.checks import Check

    Check("inference").hint()
    assert "no hint before" in capsys.readouterr().out


def test_a_result_in_the_place_of_a_function_is_refused():
    with pytest.raises(StateError, match=r"try: check.inference\(my_function\), without brackets"):
        check.inference(np.zeros(3))


def test_names_that_do_not_exist_are_answered_with_those_that_do():
    with pytest.raises(AttributeError, match="there is no exercise batchnorm; there are batchnorm_forward"):
        check.batchnorm  # noqa: B018
    with pytest.raises(StateError, match="the exercise is one of batchnorm_forward"):
        exercise("batchnorm")
    assert "inference" in dir(check)


class Shell:
    execution_count, kernel = 1, True


def test_in_a_notebook_a_verdict_is_shown_once_a_cell(monkeypatch):
    shown, shell = [], Shell()
    monkeypatch.setattr(showing, "_notebook", lambda: shell)
    monkeypatch.setattr(showing, "_display", lambda text, html: shown.append(html))
    verdict = check.inference(no_root)
    verdict._ipython_display_()
    assert len(shown) == 1
    shell.execution_count = 2
    verdict._ipython_display_()
    assert len(shown) == 2
    assert shown[0].startswith("<section")


def test_exactly_the_wrong_step_is_flagged_and_its_twin_named():
    verdict = judge_steps(
        {
            "dvar": lambda dstd, std: dstd / std,
            "dmu": lambda dmu_rows: dmu_rows.sum(axis=0),
            "dx": lambda dxc, dmu, N: dxc + dmu / N,
        }
    )
    assert (verdict.code, verdict.evidence) == ("backward.dvar-no-half", "exact")
    assert verdict.param("wrong_steps") == "dvar"


@pytest.mark.parametrize(
    ("step", "fn", "code"),
    [
        ("dgamma", lambda dy, x: (dy * x).sum(axis=0), "backward.dgamma-x"),
        ("dx", lambda dxc: dxc, "backward.no-mean-path"),
        ("dsq", lambda dvar: dvar, "backward.variance-term-no-1/N"),
        ("dsq", lambda dvar, N: 3 * dvar / N, "backward.coefficients"),
        ("dstd", lambda dinv_std, std: np.tanh(dinv_std) / std, "unknown"),
        ("dmu", lambda dxc: 1 / 0, "call.exception"),
        ("dmu", lambda dxc: None, "call.none"),
    ],
)
def test_steps(step, fn, code):
    if code == "call.none":

        def fn(dxc):  # a body that does something and returns nothing
            dxc.sum()

    assert judge_steps({step: fn}).code == code


def test_every_true_step_passes_and_a_row_may_stand_for_its_rows():
    assert judge_steps(
        {
            "dx_hat": lambda dy, gamma: dy * gamma,
            "dinv_std": lambda dx_hat, xc: (dx_hat * xc).sum(axis=0, keepdims=True),
            "dvar": lambda dinv_std, inv_std: -0.5 * dinv_std * inv_std**3,
            "dsq": lambda dvar, N: dvar / N,
            "dxc": lambda dxc_via_x_hat, dxc_via_sq: dxc_via_x_hat + dxc_via_sq,
        }
    )


def test_every_slip_of_a_step_is_wrong_and_told_from_the_others():
    from bncourse.exercises.specs import exercise
    from bncourse.exercises.staged import _everything, _slip
    from bncourse.exercises.staged_slips import SLIPS

    for seed in range(5):
        known = [_everything(p) for p in exercise("batchnorm_backward").probes(np.random.default_rng(seed))]
        for step, slips in SLIPS.items():
            for code, slip in slips.items():
                yours = [np.broadcast_to(slip(values), values[step].shape) for values in known]
                assert _slip(step, yours, known)[0] == code, (step, code)


def test_a_step_or_an_argument_of_another_name():
    with pytest.raises(StateError, match="a step is one of dy, dbeta_rows"):
        judge_steps({"dsigma": lambda x: x})
    with pytest.raises(StateError, match=r"the arguments of dvar .* got: 'sigma'"):
        judge_steps({"dvar": lambda sigma: sigma})


def good_test(fn):
    rng = np.random.default_rng(0)
    x = rng.normal(3, 1, (7, 4)) * [0.05, 0.3, 1, 2.5]
    _, values = staged_forward(x, np.array([0.5, -1.3, 2, 0.7]), rng.normal(size=4), eps=0.05)
    dy = rng.normal(1, 1, x.shape)
    for mine, its in zip(fn(dy, values), staged_backward(dy, values), strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-6, atol=1e-9)


def test_a_good_test_passes_and_weak_ones_are_told_what_they_let_through():
    verdict = judge_test("batchnorm_backward", good_test)
    assert (verdict.status, verdict.code, verdict.param("caught")) == ("pass", "tests.pass", "37")

    def only_dbeta(fn):
        _, values = staged_forward(np.arange(6.0).reshape(3, 2), np.ones(2), np.zeros(2))
        return np.allclose(fn(np.ones((3, 2)), values)[2], 3)

    weak = judge_test("batchnorm_backward", only_dbeta)
    assert weak.code == "tests.missed"
    assert "backward.no-mean-path" in weak.param("missed").split(", ")
    assert "catches 2 of 37" in weak.text("en")
    assert judge_test("batchnorm_backward", lambda fn: False).code == "tests.rejects-right"
    assert judge_test("batchnorm_backward", lambda fn: ...).status == "not_attempted"


@pytest.mark.parametrize("name", [name for name, row in EXERCISES.items() if not row.takes_class])
def test_a_right_answer_is_judged_in_under_fifty_milliseconds(name):
    row, fn = exercise(name), exercise(name).right()
    judge(row, fn)
    times = []
    for _ in range(15):
        began = time.process_time()
        assert judge(row, fn)
        times.append(time.process_time() - began)
    assert statistics.median(times) < 0.05
