"""Files of CS231n's assignment 2: every function judged, and a fault laid where it was made."""

import sys
import time
from pathlib import Path

import numpy as np
import pytest

from bncourse.exercises.cs231n import FUNCTIONS, Finding, judge_file, judge_functions
from bncourse.exercises.cs231n_rows import modes_row, running_row
from bncourse.exercises.judging import judge
from bncourse.exercises.loading import load

FILES = Path(__file__).parent / "cs231n_files"
FORWARD, BACKWARD, ALT = "batchnorm_forward", "batchnorm_backward", "batchnorm_backward_alt"
LAYER, LAYER_BACK = "layernorm_forward", "layernorm_backward"
SPATIAL, SPATIAL_BACK = "spatial_batchnorm_forward", "spatial_batchnorm_backward"
GROUP, GROUP_BACK = "spatial_groupnorm_forward", "spatial_groupnorm_backward"
RIGHT = ("pass", None, None)
INHERITED = ("pass", None, FORWARD)
NO_CACHE = ("broken_contract", None, FORWARD)
UNWRITTEN = ("not_attempted", "call.not-attempted", None)
NINE_RIGHT = dict.fromkeys(FUNCTIONS, RIGHT)


def wrong(code):
    return "fail", code, None


def given_by(function):
    return "pass", None, function


# file -> function -> status, code, inherited_from
EXPECTED = {
    "all_right": {FORWARD: RIGHT, BACKWARD: RIGHT, ALT: RIGHT},
    "dictionary": {FORWARD: RIGHT, BACKWARD: RIGHT},
    "no_eps": {FORWARD: wrong("forward.eps-missing"), BACKWARD: INHERITED, ALT: INHERITED},
    "bessel": {FORWARD: wrong("forward.bessel"), BACKWARD: INHERITED, ALT: INHERITED},
    "bessel_throughout": {FORWARD: wrong("forward.bessel"), BACKWARD: INHERITED, ALT: INHERITED},
    "swapped_gamma_beta": {FORWARD: wrong("forward.gamma-beta-swapped"), BACKWARD: RIGHT, ALT: RIGHT},
    "momentum_inverted": {FORWARD: wrong("running.weight-inverted"), BACKWARD: RIGHT, ALT: RIGHT},
    "batch_in_test": {FORWARD: wrong("modes.batch-in-eval"), BACKWARD: RIGHT, ALT: RIGHT},
    "no_root_in_test": {FORWARD: wrong("inference.no-root"), BACKWARD: RIGHT, ALT: RIGHT},
    "no_mean_path": {
        FORWARD: RIGHT,
        BACKWARD: wrong("backward.no-mean-path"),
        ALT: wrong("backward.no-mean-path"),
    },
    "dgamma_mean": {
        FORWARD: RIGHT,
        BACKWARD: wrong("backward.dgamma-mean"),
        ALT: wrong("backward.coefficients"),
    },
    "both_wrong": {
        FORWARD: wrong("forward.eps-missing"),
        BACKWARD: wrong("backward.no-mean-path"),
        ALT: INHERITED,
    },
    "wrong_cache": {FORWARD: wrong("unknown"), BACKWARD: INHERITED, ALT: RIGHT},
    "unwritten": {FORWARD: UNWRITTEN, BACKWARD: UNWRITTEN, ALT: UNWRITTEN},
    "forward_unwritten": {FORWARD: UNWRITTEN, BACKWARD: NO_CACHE, ALT: NO_CACHE},
    "no_test_mode": {FORWARD: ("error", "call.none", None), BACKWARD: RIGHT, ALT: RIGHT},
    "stops": {FORWARD: ("error", "call.exception", None), BACKWARD: NO_CACHE, ALT: NO_CACHE},
    "endless_function": {FORWARD: RIGHT, BACKWARD: ("timeout", "call.timeout", None), ALT: RIGHT},
    "other_functions": {
        FORWARD: RIGHT,
        BACKWARD: RIGHT,
        ALT: RIGHT,
        LAYER: wrong("unknown"),
        LAYER_BACK: UNWRITTEN,
    },
    "nine_right": NINE_RIGHT,
    "nine_direct": NINE_RIGHT,
    "nine_turned": NINE_RIGHT,
    "nine_flagged": NINE_RIGHT,
    "layer_wrong_axis": {LAYER: wrong("layer.batch-axis"), LAYER_BACK: given_by(LAYER)},
    "layer_both_axis_0": {LAYER: wrong("layer.batch-axis"), LAYER_BACK: given_by(LAYER)},
    "layer_n_for_d": {
        LAYER: RIGHT,
        LAYER_BACK: wrong("layer-backward.n-for-d"),
        GROUP: RIGHT,
        GROUP_BACK: given_by(LAYER_BACK),
    },
    "layer_cache": {LAYER: wrong("unknown"), LAYER_BACK: given_by(LAYER)},
    "own_cache_read": {
        FORWARD: RIGHT,
        BACKWARD: wrong("backward.gamma-missing"),
        LAYER: RIGHT,
        LAYER_BACK: given_by(BACKWARD),
    },
    "spatial_reshape": {
        FORWARD: RIGHT,
        BACKWARD: RIGHT,
        SPATIAL: wrong("spatial.reshape-both"),
        SPATIAL_BACK: given_by(SPATIAL),
    },
    "spatial_reshape_back": {
        FORWARD: RIGHT,
        BACKWARD: RIGHT,
        SPATIAL: RIGHT,
        SPATIAL_BACK: wrong("spatial-backward.reshape-back"),
    },
    "spatial_no_eps": {
        FORWARD: wrong("forward.eps-missing"),
        BACKWARD: INHERITED,
        SPATIAL: INHERITED,
        SPATIAL_BACK: INHERITED,
    },
    "spatial_no_mean_path": {
        FORWARD: RIGHT,
        BACKWARD: wrong("backward.no-mean-path"),
        SPATIAL: RIGHT,
        SPATIAL_BACK: given_by(BACKWARD),
    },
    "spatial_calls_unwritten": {
        FORWARD: UNWRITTEN,
        BACKWARD: UNWRITTEN,
        SPATIAL: INHERITED,
        SPATIAL_BACK: INHERITED,
    },
    "spatial_direct": {
        SPATIAL: wrong("modes.batch-in-eval"),
        SPATIAL_BACK: wrong("spatial-backward.per-instance"),
    },
    "spatial_unwritten": {SPATIAL: UNWRITTEN, SPATIAL_BACK: ("broken_contract", None, SPATIAL)},
    "group_size": {GROUP: wrong("group.size-for-number"), GROUP_BACK: given_by(GROUP)},
    "group_over_batch": {GROUP: wrong("group.batch-axis"), GROUP_BACK: given_by(GROUP)},
    "group_gamma_axis": {GROUP: wrong("group.gamma-beta-axis")},
    "group_gradients": {GROUP: RIGHT, GROUP_BACK: ("broken_contract", "contract.shape", None)},
    "group_dgamma_mean": {GROUP: RIGHT, GROUP_BACK: wrong("group-backward.dgamma-mean")},
    "import_error": {"import_error.py": ("error", "call.exception", None)},
    "endless_import": {"endless_import.py": ("timeout", "call.timeout", None)},
    "leaves": {"leaves.py": ("error", "call.exit", None)},
}


def test_every_file_has_its_line_here():
    assert {path.stem for path in FILES.glob("*.py")} - {"conftest"} == EXPECTED.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_each_function_is_judged_and_a_fault_laid_where_it_was_made(name):
    began = time.monotonic()
    endless = name.startswith("endless")
    findings = judge_file(FILES / f"{name}.py", limit=2 if endless else 20, import_limit=1 if endless else 20)
    found = {one.function: (one.status, one.code, one.inherited_from) for one in findings}
    assert found == EXPECTED[name]
    assert list(found) == [function for function in FUNCTIONS if function in found] or len(found) == 1
    assert all(one.message for one in findings if not one.right)
    if endless:
        assert time.monotonic() - began < 4


def test_a_file_leaves_no_trace(tmp_path):
    before = set(sys.modules), list(sys.path)
    judge_file(FILES / "dictionary.py")
    assert (set(sys.modules), list(sys.path)) == before
    assert not (FILES / "__pycache__").exists()


def test_a_file_of_a_package_may_import_its_neighbours_and_is_read_anew(tmp_path):
    folder = tmp_path / "cs231n"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "parts.py").write_text("value = 1\n")
    (folder / "layers.py").write_text("from .parts import value\n")
    assert load(folder / "layers.py").names["value"] == 1
    (folder / "parts.py").write_text("value = 'another'\n")
    assert load(folder / "layers.py").names["value"] == "another"


def test_a_file_that_does_not_compile_is_told_with_its_line(tmp_path):
    path = tmp_path / "layers.py"
    path.write_text("def batchnorm_forward(x, gamma, beta, bn_param)\n    return x, None\n")
    (finding,) = judge_file(path)
    assert (finding.function, finding.status) == ("layers.py", "error")
    assert "SyntaxError: expected ':' (layers.py, line 1)" in finding.message


@pytest.mark.parametrize("row", [running_row(), modes_row()], ids=["running", "modes"])
def test_every_twin_of_this_convention_is_named(row):
    for seed in range(5):
        assert judge(row, row.right(), rng=np.random.default_rng(seed))
        for code, fn in row.twins().items():
            assert judge(row, fn, rng=np.random.default_rng(seed)).code == code


def test_a_backward_without_a_forward_cannot_be_judged():
    names = load(FILES / "all_right.py").names
    (finding,) = judge_functions({BACKWARD: names[BACKWARD]})
    assert (finding.status, finding.inherited_from) == ("broken_contract", FORWARD)


def test_what_is_right():
    assert Finding(BACKWARD, "pass").right
    assert not Finding(BACKWARD, "pass", inherited_from=FORWARD).right
    assert not Finding(BACKWARD, "fail").right
    assert Finding(BACKWARD, "not_attempted").right


SLIPS = [  # one line of the forward, and what becomes of it
    ("np.sqrt(sample_var + eps)", "np.sqrt(sample_var) + eps"),
    ("np.sqrt(sample_var + eps)", "np.sqrt(sample_var + eps**2)"),
    ("np.sqrt(sample_var + eps)", "(sample_var + eps)"),
    ("np.sqrt(sample_var + eps)", "np.sqrt(sample_var + 1e-5)"),
    ("np.mean(x, axis=0)", "np.mean(x)"),
    ("np.mean(x, axis=0)", "np.median(x, axis=0)"),
    ("np.mean(x, axis=0)", "running_mean"),
    ("np.var(x, axis=0)", "np.var(x)"),
    ("np.var(x, axis=0)", "np.mean(x**2, axis=0)"),
    ("np.var(x, axis=0)", "np.var(x, axis=1, keepdims=True)"),
    ("xmu = x - sample_mean", "xmu = x"),
    ("xmu = x - sample_mean", "xmu = np.abs(x - sample_mean)"),
    ("xmu = x - sample_mean", "x -= sample_mean\n        xmu = x"),
    ("gamma * x_hat + beta\n        running", "x_hat + beta\n        running"),
    ("gamma * x_hat + beta\n        running", "gamma * (x_hat + beta)\n        running"),
    ("gamma * x_hat + beta\n        running", "np.tanh(gamma * x_hat + beta)\n        running"),
    ("momentum * running_mean + (1 - momentum) * sample_mean", "momentum * running_mean"),
    ("cache = (x_hat, xmu, std, ", "cache = (x_hat, 2 * xmu, std, "),
    ("cache = (x_hat, xmu, std, gamma, sample_var", "cache = (x_hat, xmu, std, gamma, running_var"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("line", "slip"), SLIPS)
def test_a_right_backward_is_not_accused_whatever_its_forward_does(line, slip, tmp_path):
    text = (FILES / "all_right.py").read_text()
    assert line in text
    (tmp_path / "layers.py").write_text(text.replace(line, slip, 1))
    forward, *backwards = judge_file(tmp_path / "layers.py", limit=20)
    assert forward.status in ("fail", "broken_contract")
    assert [one.status for one in backwards] == ["pass", "pass"]
