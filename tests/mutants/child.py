"""Runs in a process of its own: the reference's tests, on the copy of the package in `folder`."""

import os
import sys


def run_reference_tests(folder: str, output: str) -> None:
    """Exit with pytest's status; what it printed goes to the file `output`."""
    import pytest

    os.chdir(folder)
    sys.path.insert(0, folder)
    with open(output, "w", encoding="utf-8") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        status = pytest.main(
            [
                "-x",
                "-q",
                "-p",
                "no:cacheprovider",
                "-W",
                "ignore::pytest.PytestAssertRewriteWarning",
                "--hypothesis-profile=mutants",
                "tests/reference",
            ]
        )
        sys.stdout.flush()
        os._exit(int(status))
