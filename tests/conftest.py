"""Every test runs with shapes and types of the whole package checked (jaxtyping with beartype)."""

from collections.abc import Iterator

import pytest
from hypothesis import Phase, settings
from jaxtyping import config, install_import_hook

install_import_hook("bncourse", "beartype.beartype")

# Tests may be slow on a loaded machine; that is no failure. The same examples are drawn every time.
settings.register_profile("default", deadline=None, derandomize=True)
settings.register_profile(
    # A mutant only has to be noticed: looking for the smallest counterexample would take a minute each.
    "mutants",
    deadline=None,
    derandomize=True,
    max_examples=10,
    phases=[Phase.explicit, Phase.generate],
    database=None,
)
settings.load_profile("default")


@pytest.fixture
def as_a_reader() -> Iterator[None]:
    """Without those checks: what a reader meets, who has only our own error texts."""
    config.update("jaxtyping_disable", True)
    yield
    config.update("jaxtyping_disable", False)


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """Each test starts and ends in English, whatever the one before chose."""
    from bncourse import use_language

    use_language("en")
    yield
    use_language("en")
