"""Tiny runs: one thread is faster than two, and tests in other processes are not disturbed."""

import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    torch.set_num_threads(1)
