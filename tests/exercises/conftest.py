"""Checks are judged with the package as a reader has it, and with a short time limit."""

import pytest


@pytest.fixture(autouse=True)
def _as_a_reader(as_a_reader):
    """The learner's function gets our own errors, not those of the type checker."""
