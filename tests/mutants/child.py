"""Runs in a process of its own: the reference's tests, on the copy of the package in `folder`."""

import os
import sys


def run_reference_tests(folder: str, output: str, first: str) -> None:
    """Exit with pytest's status; what it printed goes to the file `output`.

    The tests `first` are run before all others: mostly they notice, and then the rest need not run.
    """
    import pytest

    os.chdir(folder)
    sys.path.insert(0, folder)
    with open(output, "w", encoding="utf-8") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        options = ["-x", "-q", "-p", "no:cacheprovider", "--hypothesis-profile=mutants"]
        options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
        status = pytest.main([*options, first])
        if status == 0:
            status = pytest.main([*options, "tests/reference", f"--ignore={first}"])
        sys.stdout.flush()
        os._exit(int(status))
