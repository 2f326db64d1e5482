"""torch.compile in one graph and torch.export, in training and in use, forward and backward."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
PROGRAM = Path(__file__).with_name("compiled.py")
QUICK = {"aot_eager": ("staged",), "export-strict": ("staged",)}
needs_compiler = pytest.mark.skipif(not shutil.which("g++"), reason="inductor needs a C++ compiler")


def run(backend, *names):
    done = subprocess.run([sys.executable, PROGRAM, backend, *names], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert not [line for line in lines if not line.startswith("good")], done.stdout
    return len(lines)


@pytest.mark.parametrize("backend", QUICK)
def test_some(backend):
    assert run(backend, *QUICK[backend]) == 2 * len(QUICK[backend])


@pytest.mark.thorough
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    "backend", ["aot_eager", "export", "export-strict", pytest.param("inductor", marks=needs_compiler)]
)
def test_all(backend):
    assert run(backend) == 16
