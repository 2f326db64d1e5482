"""CS231n's layer norm, batch norm of images and group norm: slips that accuse one function and no other."""

import time
from pathlib import Path

import numpy as np
import pytest

from bncourse.exercises.cs231n import judge_file
from bncourse.exercises.cs231n_families import FAMILIES, FUNCTIONS
from bncourse.exercises.cs231n_stand_ins import STAND_INS, called_by, standing_in
from bncourse.exercises.judging import judge
from bncourse.exercises.loading import load

FILES = Path(__file__).parent / "cs231n_files"
LAYER, SPATIAL, GROUP = "layernorm_forward", "spatial_batchnorm_forward", "spatial_groupnorm_forward"


@pytest.mark.parametrize("name", ["nine_right", "nine_direct", "nine_turned", "nine_flagged"])
def test_nine_right_functions_are_judged_in_seconds(name):
    began = time.process_time()
    assert all(one.status == "pass" for one in judge_file(FILES / f"{name}.py", limit=20))
    assert time.process_time() - began < 5


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.forward)
def test_the_stand_ins_are_right_and_fit_each_other(family):
    for row, part in family.parts(STAND_INS[family.forward]):
        assert judge(row, part)

    def chained(dy, v):
        return STAND_INS[family.backwards[0]](dy, family.run(STAND_INS[family.forward], v)[1])

    assert judge(family.row(), chained)


def test_a_stand_in_takes_a_table_on_its_side_with_gamma_as_a_column():
    rng = np.random.default_rng(0)
    x, gamma, beta, dy = rng.normal(0, 1, (5, 3)), *rng.normal(1, 1, (2, 3)), rng.normal(1, 1, (5, 3))
    turned, cache = STAND_INS["batchnorm_forward"](x.T, gamma[:, None], beta[:, None], {"mode": "train"})
    y, its = STAND_INS["layernorm_forward"](x, gamma, beta, {})
    np.testing.assert_allclose(turned.T, y)
    found = STAND_INS["batchnorm_backward"](dy.T, cache)
    for one, other in zip(found, STAND_INS["layernorm_backward"](dy, its), strict=True):
        np.testing.assert_allclose(one.T, other)


@pytest.mark.parametrize("own_cache", [False, True])
def test_stand_ins_leave_as_they_came(own_cache):
    names = load(FILES / "nine_right.py").names
    before = dict(names)
    functions = {name: names[name] for name in FUNCTIONS}

    def stopped():
        with standing_in(functions, ["batchnorm_forward", "batchnorm_backward"], own_cache=own_cache):
            assert names["batchnorm_forward"] is not before["batchnorm_forward"]
            assert names["layernorm_forward"] is before["layernorm_forward"]
            raise RuntimeError("by the way")

    with pytest.raises(RuntimeError, match="by the way"):
        stopped()
    assert names == before


def test_what_a_function_calls_is_found_through_helpers_and_classes(tmp_path):
    path = tmp_path / "layers.py"
    path.write_text(
        "def batchnorm_forward(x): return x\n"
        "def layernorm_forward(x): return x\n"
        "bn = batchnorm_forward\n"
        "class Rows:\n"
        "    def through(self, x): return [bn(one) for one in x]\n"
        "def helper(x): return Rows().through(x)\n"
        "def spatial_batchnorm_forward(x): return helper(x)\n"
    )
    names = load(path).names
    functions = {name: names[name] for name in FUNCTIONS if name in names}
    assert called_by(names[SPATIAL], functions) == {"batchnorm_forward"}


def test_a_wrong_helper_of_the_learner_is_the_callers_own_fault(tmp_path):
    text = (FILES / "nine_turned.py").read_text()
    slip = text.replace("- dz.sum(axis=0) - z", "- z")
    assert slip != text
    (tmp_path / "layers.py").write_text(slip)
    found = {one.function: (one.code, one.inherited_from) for one in judge_file(tmp_path / "layers.py")}
    assert found["spatial_groupnorm_backward"] == ("group-backward.no-mean-path", None)
    assert found["layernorm_backward"] == found["spatial_batchnorm_backward"] == (None, "batchnorm_backward")


# file, a line of a forward, the slip in it, the function that is wrong by it
SLIPS = [
    ("nine_right", "mu = x.mean(axis=1, keepdims=True)", "mu = x.mean()", LAYER),
    ("nine_right", "mu = x.mean(axis=1, keepdims=True)", "mu = np.median(x, axis=1, keepdims=True)", LAYER),
    (
        "nine_right",
        "(xc**2).mean(axis=1, keepdims=True) + eps)",
        "(xc**2).mean(axis=1, keepdims=True)) + eps",
        LAYER,
    ),
    (
        "nine_right",
        "(xc**2).mean(axis=1, keepdims=True) + eps",
        "(xc**2).mean(axis=0, keepdims=True) + eps",
        LAYER,
    ),
    (
        "nine_right",
        "(xc**2).mean(axis=1, keepdims=True) + eps",
        "(xc**2).sum(axis=1, keepdims=True) / len(x) + eps",
        LAYER,
    ),
    (
        "nine_right",
        "return gamma * xhat + beta, (xhat, ivar, gamma)",
        "return xhat + beta, (xhat, ivar, gamma)",
        LAYER,
    ),
    (
        "nine_right",
        "rows = x.transpose(0, 2, 3, 1).reshape(-1, C)",
        "rows = x.transpose(0, 3, 2, 1).reshape(-1, C)",
        SPATIAL,
    ),
    ("nine_right", "rows = x.transpose(0, 2, 3, 1).reshape(-1, C)", "rows = x.reshape(C, -1).T", SPATIAL),
    (
        "nine_right",
        "out = out.reshape(N, H, W, C).transpose(0, 3, 1, 2)",
        "out = out.reshape(N, W, H, C).transpose(0, 3, 2, 1)",
        SPATIAL,
    ),
    (
        "nine_right",
        "out, cache = batchnorm_forward(rows, gamma, beta, bn_param)",
        "out, cache = batchnorm_forward(rows, beta, gamma, bn_param)",
        SPATIAL,
    ),
    (
        "nine_right",
        "out, cache = batchnorm_forward(rows, gamma, beta, bn_param)",
        "out, cache = layernorm_forward(rows, gamma, beta, bn_param)",
        SPATIAL,
    ),
    ("nine_right", "rows = x.reshape(N * G, -1)", "rows = x.reshape(N * C, -1)", GROUP),
    ("nine_right", "rows = x.reshape(N * G, -1)", "rows = x.reshape(N, -1)", GROUP),
    (
        "nine_right",
        "out = gamma * xhat + beta\n    return out, (cache",
        "out = xhat + beta\n    return out, (cache",
        GROUP,
    ),
    ("nine_right", "np.zeros(size), gn_param)", "np.zeros(size), {})", GROUP),
    (
        "nine_direct",
        "mu = x.mean(axis=PIX, keepdims=True)",
        "mu = x.mean(axis=(2, 3), keepdims=True)",
        SPATIAL,
    ),
    ("nine_direct", "mu = x.mean(axis=PIX, keepdims=True)", "mu = x.mean(axis=0, keepdims=True)", SPATIAL),
    (
        "nine_direct",
        "var = x.var(axis=PIX, keepdims=True)",
        "var = x.var(axis=(0, 2), keepdims=True)",
        SPATIAL,
    ),
    (
        "nine_direct",
        "var = x.var(axis=PIX, keepdims=True)",
        "var = x.var(axis=PIX, keepdims=True, ddof=1)",
        SPATIAL,
    ),
    (
        "nine_direct",
        '"sigma": np.sqrt(var + eps), "gamma": gamma}',
        '"sigma": np.sqrt(var), "gamma": gamma}',
        SPATIAL,
    ),
    (
        "nine_direct",
        'rv = bn_param.get("running_var", np.zeros((1, C, 1, 1)))',
        'rv = bn_param.get("running_var", np.ones((1, C, 1, 1)))',
        SPATIAL,
    ),
    (
        "nine_direct",
        "mu = z.mean(axis=(2, 3, 4), keepdims=True)",
        "mu = z.mean(axis=(1, 2, 3, 4), keepdims=True)",
        GROUP,
    ),
    (
        "nine_direct",
        "mu = z.mean(axis=(2, 3, 4), keepdims=True)",
        "mu = z.mean(axis=(3, 4), keepdims=True)",
        GROUP,
    ),
    (
        "nine_direct",
        "var = z.var(axis=(2, 3, 4), keepdims=True)",
        "var = z.var(axis=(2, 3), keepdims=True)",
        GROUP,
    ),
    (
        "nine_direct",
        "var = z.var(axis=(2, 3, 4), keepdims=True)",
        "var = z.std(axis=(2, 3, 4), keepdims=True)",
        GROUP,
    ),
    ("nine_direct", 'cache = {"h": h, "var": var', 'cache = {"h": h, "var": var**2', GROUP),
    ("nine_direct", "var = x.var(axis=1)[:, None]", "var = x.var(axis=1, ddof=1)[:, None]", LAYER),
    ("nine_direct", "mu = x.mean(axis=1)[:, None]", "mu = x.mean(axis=1)[:, None] / 2", LAYER),
    (
        "nine_turned",
        "xhat, cache = batchnorm_forward(x.T, ones, 0 * ones, ln_param)",
        "xhat, cache = batchnorm_forward(x.T, ones, 0 * ones, {'mode': 'train'})",
        LAYER,
    ),
    ("nine_turned", "z = x.reshape(N * G, -1).T\n    zhat", "z = x.reshape(-1, N * G)\n    zhat", GROUP),
    (
        "nine_turned",
        "z = x.reshape(N * G, -1).T\n    zhat",
        "z = x.reshape(N * C // G, -1).T\n    zhat",
        GROUP,
    ),
    ("nine_turned", "xhat = zhat.T.reshape(x.shape)", "xhat = zhat.reshape(x.shape)", GROUP),
    ("nine_flagged", "size = x.shape[1] // G\n    for", "size = G\n    for", GROUP),
    ("nine_flagged", "k.std[n, g] = np.sqrt(part.var() + eps)", "k.std[n, g] = part.std() + eps", GROUP),
    ("nine_flagged", "k.std[n, g] = np.sqrt(part.var() + eps)", "k.std[n, g] = part.var() + eps", GROUP),
    ("nine_flagged", "(part - part.mean()) / k.std[n, g]", "(part - x.mean()) / k.std[n, g]", GROUP),
    ("nine_flagged", "z = np.swapaxes(x, 0, 1)", "z = x", SPATIAL),
    (
        "nine_flagged",
        "out, cache = batchnorm_forward(x.T, gamma.T, beta.T, ln_param)",
        "out, cache = batchnorm_forward(x.T, beta.T, gamma.T, ln_param)",
        LAYER,
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize(("file", "line", "slip", "function"), SLIPS)
def test_a_slip_in_a_forward_is_laid_at_its_door_only(file, line, slip, function, tmp_path):
    text = (FILES / f"{file}.py").read_text()
    assert line in text
    (tmp_path / "layers.py").write_text(text.replace(line, slip, 1))
    findings = judge_file(tmp_path / "layers.py", limit=20)
    assert [one.function for one in findings if one.status != "pass" and not one.inherited_from] == [function]
    assert {one.inherited_from for one in findings} <= {function, None}
