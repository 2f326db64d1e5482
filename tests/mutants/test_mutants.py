"""Our own tests must notice a broken reference: each mutant is a copy of the package with one slip.

A mutant is killed when some test of tests/reference fails on it. The slips are the classical ones of
forward, backward and running statistics; those of the staged form and its idioms lie in staged_slips.py,
those of images, of other norms, of folding and of workers in network_slips.py.
"""

import multiprocessing
import shutil
from pathlib import Path

import pytest
from child import run_reference_tests
from network_slips import NETWORK_SLIPS
from staged_slips import STAGED_SLIPS

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        "forkserver" not in multiprocessing.get_all_start_methods(), reason="needs a fork server"
    ),
]

MOMENTS, FORWARD, BACKWARD, RUNNING = (
    f"bncourse/reference/{name}.py" for name in ("moments", "forward", "simplified", "running")
)
DX = """\
    dx = x_hat * -mean_dy_x_hat  # the formula above, in place: one new array instead of three
    dx += upstream
    dx -= mean_dy
    dx *= gamma * inv_std
"""
CONVENTIONS = "bncourse/conventions.py"
NORMS = ("channels", "normalise")
# Whose tests look at a file of the reference, where they are not called like it.
TESTS = {MOMENTS: "test_forward.py", BACKWARD: "test_backward.py", CONVENTIONS: "test_forward.py"}
TESTS |= {f"bncourse/reference/{name}.py": "test_family.py" for name in NORMS}
MU = "mu = batch.mean(axis=0, dtype=np.float64)"
X_HAT = "x_hat = (batch - mu) * inv_std"
VAR = "var = np.square(batch - mu).mean(axis=0)"
INV_STD = "inv_std = 1 / np.sqrt(var + eps)"
Y = "    y = gamma * x_hat + beta\n"  # the module docstring has it too, without the indent
INFERENCE = "y: np.ndarray = gamma * (batch - stats.mean) / np.sqrt(stats.var + eps) + beta"

# name: (file, what stands there, the slip)
MUTANTS = (
    {
        "forward: axis 1": (MOMENTS, MU, "mu = np.resize(batch.mean(axis=1), batch.shape[1])"),
        "forward: float16 sums": (MOMENTS, MU, "mu = batch.mean(axis=0, dtype=np.float16)"),
        "forward: input changed in place": (FORWARD, X_HAT, "batch -= mu\n        x_hat = batch * inv_std"),
        "forward: integer truncation": (CONVENTIONS, "return array.astype(np.float64)", "return array"),
        "backward: only the diagonal": (
            BACKWARD,
            DX,
            "    dx = gamma * inv_std * upstream * (1 - 1 / N - x_hat**2 / N)\n",
        ),
        "backward: y used for x_hat": (FORWARD, "BatchNormCache(x_hat, inv_std", "BatchNormCache(y, inv_std"),
        "backward: Bessel factor": (BACKWARD, "(dgamma / N)", "(dgamma / (N - 1))"),
        "backward: factor 2": (
            BACKWARD,
            DX,
            "    dx = gamma * inv_std * (upstream - mean_dy - 2 * x_hat * mean_dy_x_hat)\n",
        ),
        "running: var + eps stored": (RUNNING, "+ weight * var,", "+ weight * (var + 1e-5),"),
        "forward: variance divided by N-1": (
            MOMENTS,
            VAR,
            "var = np.square(batch - mu).sum(axis=0) / (len(batch) - 1)",
        ),
        "forward: variance about zero": (MOMENTS, VAR, "var = np.square(batch).mean(axis=0)"),
        "forward: one-pass variance": (
            MOMENTS,
            VAR,
            "var = (batch**2).mean(axis=0) - batch.mean(axis=0) ** 2",
        ),
        "forward: one variance for all": (
            MOMENTS,
            VAR,
            "var = np.full(mu.shape, np.square(batch - mu).mean())",
        ),
        "forward: one mean for all": (
            MOMENTS,
            MU,
            "mu = np.full(batch.shape[1], batch.mean())",
        ),
        "forward: eps outside the root": (
            FORWARD,
            INV_STD,
            "inv_std = 1 / (np.sqrt(var) + eps)",
        ),
        "forward: eps squared": (FORWARD, INV_STD, "inv_std = 1 / np.sqrt(var + eps**2)"),
        "forward: eps ignored": (FORWARD, INV_STD, "inv_std = 1 / np.sqrt(var + batch.dtype.type(1e-5))"),
        "forward: no root": (FORWARD, INV_STD, "inv_std = 1 / (var + eps)"),
        "forward: not centred": (FORWARD, X_HAT, "x_hat = batch * inv_std"),
        "forward: gamma and beta swapped": (FORWARD, Y, "    y = beta * x_hat + gamma\n"),
        "forward: gamma missing": (FORWARD, Y, "    y = x_hat + beta\n"),
        "forward: beta missing": (FORWARD, Y, "    y = gamma * x_hat\n"),
        "forward: beta inside the bracket": (FORWARD, Y, "    y = gamma * (x_hat + beta)\n"),
        "backward: no mean path": (
            BACKWARD,
            DX,
            "    dx = gamma * inv_std * (upstream - x_hat * mean_dy_x_hat)\n",
        ),
        "backward: no variance path": (BACKWARD, DX, "    dx = gamma * inv_std * (upstream - mean_dy)\n"),
        "backward: statistics as constants": (BACKWARD, DX, "    dx = gamma * inv_std * upstream\n"),
        "backward: a term's sign": (
            BACKWARD,
            DX,
            "    dx = gamma * inv_std * (upstream - mean_dy + x_hat * mean_dy_x_hat)\n",
        ),
        "backward: gamma forgotten": (
            BACKWARD,
            DX,
            "    dx = inv_std * (upstream - mean_dy - x_hat * mean_dy_x_hat)\n",
        ),
        "backward: std multiplied": (BACKWARD, DX, DX.replace("gamma * inv_std", "gamma / inv_std")),
        "backward: missing 1/N on both": (
            BACKWARD,
            "mean_dy, mean_dy_x_hat = (dbeta / N)",
            "N = 1\n    mean_dy, mean_dy_x_hat = (dbeta / N)",
        ),
        "backward: D for N": (BACKWARD, "N = len(x_hat)", "N = x_hat.shape[1]"),
        "backward: 1/N of the whole": (BACKWARD, DX, DX + "    dx /= N\n"),
        "backward: mean for sum in dbeta": (
            BACKWARD,
            "return dx, dgamma",
            "dbeta = dbeta / N\n    return dx, dgamma",
        ),
        "backward: extra gamma in dgamma": (
            BACKWARD,
            "return dx, dgamma",
            "dgamma = dgamma * gamma\n    return dx, dgamma",
        ),
        "backward: dgamma and dbeta swapped": (
            BACKWARD,
            "return dx, dgamma.astype(x_hat.dtype), dbeta.astype(x_hat.dtype)",
            "return dx, dbeta.astype(x_hat.dtype), dgamma.astype(x_hat.dtype)",
        ),
        "running: weight inverted": (
            RUNNING,
            "else self.new_weight\n        return",
            "else 1 - self.new_weight\n        return",
        ),
        "running: biased": (RUNNING, "var = var * (N / (N - 1))", "pass"),
        "running: corrected twice": (RUNNING, "var = var * (N / (N - 1))", "var = var * (N / (N - 1)) ** 2"),
        "running: std stored": (RUNNING, "+ weight * var,", "+ weight * np.sqrt(var),"),
        "running: mean used for var": (RUNNING, "+ weight * var,", "+ weight * mu,"),
        "running: overwritten": (RUNNING, "mean=(1 - weight) * self.mean + weight * mu,", "mean=mu,"),
        "running: never updated": (
            RUNNING,
            "mean=(1 - weight) * self.mean + weight * mu,",
            "mean=self.mean,",
        ),
        "running: no decay": (RUNNING, "var=(1 - weight) * self.var", "var=self.var"),
        "inference: batch statistics": (
            RUNNING,
            INFERENCE,
            "y = gamma * (batch - batch.mean(axis=0)) / np.sqrt(batch.var(axis=0) + eps) + beta",
        ),
        "inference: no eps": (RUNNING, INFERENCE, INFERENCE.replace(" + eps)", ")")),
        "inference: no root": (
            RUNNING,
            INFERENCE,
            INFERENCE.replace("np.sqrt(stats.var + eps)", "(stats.var + eps)"),
        ),
        "inference: gamma and beta forgotten": (
            RUNNING,
            INFERENCE,
            "y = (batch - stats.mean) / np.sqrt(stats.var + eps)",
        ),
    }
    | STAGED_SLIPS
    | NETWORK_SLIPS
)


def run(folder, file=FORWARD):
    """Status and output of the reference's tests on the copy in `folder`, those of the file changed first.

    A fork server imports PyTorch and the rest once; a fresh process each would take seconds to start.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["torch", "hypothesis.extra.numpy", "jaxtyping", "beartype", "pytest"])
    output = folder / "output.txt"
    first = f"tests/reference/{TESTS.get(file, f'test_{Path(file).stem}.py')}"
    process = context.Process(target=run_reference_tests, args=(str(folder), str(output), first))
    process.start()
    process.join()
    return process.exitcode, output.read_text(encoding="utf-8")[-2000:]


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mutant")
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "bncourse", folder / "bncourse", ignore=ignore)
    shutil.copytree(ROOT / "tests" / "reference", folder / "tests" / "reference", ignore=ignore)
    for name in ("conventions_of_libraries", "symbolic"):  # slow, and of no use here
        (folder / "tests" / "reference" / f"test_{name}.py").unlink()
    for name in ("pyproject.toml", "tests/conftest.py"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def test_the_reference_itself_passes(copy):
    status, output = run(copy)
    assert status == 0, output


# About three seconds each: the slips of the norms for images wait for the night.
CASES = [pytest.param(n, marks=[pytest.mark.thorough] if n in NETWORK_SLIPS else [], id=n) for n in MUTANTS]


@pytest.mark.parametrize("name", CASES)
def test_a_slip_in_the_reference_makes_a_test_fail(copy, name):
    file, right, wrong = MUTANTS[name]
    source = (ROOT / file).read_text(encoding="utf-8")
    assert source.count(right) == 1, f"the mutant is out of date: {right!r} is not in {file}"
    (copy / file).write_text(source.replace(right, wrong), encoding="utf-8")
    try:
        status, output = run(copy, file)
    finally:
        (copy / file).write_text(source, encoding="utf-8")
    # 1: a test failed. Anything else (2: the mutant could not be imported) would prove nothing.
    assert status == 1, output
    assert "FAILED tests/reference" in output
