"""One function a figure: it returns the runs the figure needs. Chapter: start-here."""

from collections.abc import Callable

from bncourse.experiments.config import RunConfig

__all__ = ["RECIPES", "Recipe", "first_look"]

# seeds -> configs. With more seeds the configs of fewer seeds stay the same: runs are only added.
Recipe = Callable[[int], list[RunConfig]]


def first_look(seeds: int = 1) -> list[RunConfig]:
    """Batch norm everywhere against none on all of CIFAR-10, at a usual and at a large learning rate.

    The arms of one seed share their initial weights and their batches. Nothing is chosen by the result.

    >>> [(config.norm, config.learning_rate) for config in first_look()]
    [('none', 0.001), ('batch', 0.001), ('none', 0.01), ('batch', 0.01)]
    """
    return [
        RunConfig(experiment="first-look", data="cifar10", norm=norm, learning_rate=rate, epochs=3, seed=seed)
        for seed in range(seeds)
        for rate in (1e-3, 1e-2)
        for norm in ("none", "batch")
    ]


RECIPES: dict[str, Recipe] = {"first-look": first_look}
