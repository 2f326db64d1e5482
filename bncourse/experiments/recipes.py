"""One function a figure: it returns the runs it needs. Chapters: start-here, placement, small-batches."""

import inspect
from collections.abc import Callable
from pathlib import Path

from bncourse.errors import StateError
from bncourse.experiments import explanations, grids
from bncourse.experiments.config import RunConfig

__all__ = ["RECIPES", "Recipe", "batch_size", "first_look", "has_full", "placement", "plan"]

# seeds -> configs. With more seeds the configs of fewer seeds stay the same: runs are only added.
Recipe = Callable[..., list[RunConfig]]


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


def batch_size(seeds: int = 1) -> list[RunConfig]:
    """Batch norm and group norm at 32, 16, 8, 4 and 2 images a step: the question of Wu & He's figure.

    A small residual net on 32,000 images of CIFAR-10, twice each, whatever the batch size: 2,000 steps
    of 32, or 32,000 steps of 2. SGD with momentum 0.9, no weight decay, no augmentation, one cosine from the
    first rate to 0. The first rate follows the linear rule, base · batch size / 32. Batch norm is evaluated
    with its running statistics, PyTorch's momentum 0.1. Group norm has 8 groups.

    The base was chosen at 32 images a step, for each norm by the accuracy on 5,000 held-out images, with one
    seed that is none of those recorded, and not looked at again:

        base          0.00625   0.0125   0.025    0.05     0.1      0.2
        batch                                     0.6036   0.6152   0.5924
        group         0.5114    0.5416   0.5350   0.5254   0.4984

    Other than in the paper: there, 8 devices share a step, so the net sees 8 batches of that size a step.
    Here the batch of the norm is the batch of the step.

    Source: Wu & He 2018 (arXiv 1803.08494), figure 1 and section 4.1.

    >>> [(c.norm, c.batch_size, c.learning_rate) for c in batch_size()][-2:]
    [('batch', 2, 0.00625), ('group', 2, 0.00078125)]
    """
    base = {"batch": 0.1, "group": 0.0125}  # at 32 images a step
    return [
        RunConfig(
            experiment="batch-size",
            data="cifar10",
            train_size=32_000,
            validation_size=5_000,
            model="small-resnet",
            norm=norm,
            optimiser="sgd",
            learning_rate=base[norm] * size / 32,
            schedule="cosine",
            batch_size=size,
            epochs=2,
            seed=seed,
            log_every=3_200 // size,
        )
        for seed in range(seeds)
        for size in (32, 16, 8, 4, 2)
        for norm in ("batch", "group")
    ]


def placement(seeds: int = 1) -> list[RunConfig]:
    """Batch norm before or after the ReLU of the seed CNN, at a usual and at a large learning rate.

    The article's text has the norm before the activation, and no bias; its code has it after. The net is
    half as wide as the article's, on 32,000 images of CIFAR-10, twice each. The arms of one seed share
    their batches and the initial weights that both have. Nothing is chosen by the result.

    >>> [(config.placement, config.learning_rate) for config in placement()]
    [('before', 0.001), ('after', 0.001), ('before', 0.01), ('after', 0.01)]
    """
    return [
        RunConfig(
            experiment="placement",
            data="cifar10",
            train_size=32_000,
            validation_size=5_000,
            norm="batch",
            width=0.5,
            placement=place,
            learning_rate=rate,
            epochs=2,
            seed=seed,
        )
        for seed in range(seeds)
        for rate in (1e-3, 1e-2)
        for place in ("before", "after")
    ]


RECIPES: dict[str, Recipe] = {
    "first-look": first_look,
    "batch-size": batch_size,
    "placement": placement,
    "twelve-configurations": grids.twelve_configurations,
    "twelve-search": grids.twelve_search,
    "twelve-honest": grids.twelve_honest,
    "input-scale": grids.input_scale,
    "initialisation": grids.initialisation,
    "precision": grids.precision,
    "why-it-works": explanations.why_it_works,
}


def has_full(name: str) -> bool:
    """Whether an experiment has two budgets, of which `full=True` is the large one, for a GPU.

    >>> has_full("first-look"), has_full("input-scale")
    (False, True)
    """
    return "full" in inspect.signature(RECIPES[name]).parameters


def plan(
    name: str, seeds: int = 1, *, full: bool = False, folder: Path | str | None = None
) -> list[RunConfig]:
    """The runs of an experiment. Some rest on rows recorded in `folder`, see `twelve_honest`.

    Raises StateError for an unknown name, for `full` where there is one budget only, and while rows that the
    plan rests on are missing.

    >>> len(plan("first-look", 3)), plan("input-scale", full=True)[0].precision
    (12, 'bf16')
    """
    if name not in RECIPES:
        raise StateError(f"an experiment is one of {', '.join(RECIPES)}", got=repr(name), hint="first-look")
    if full and not has_full(name):
        raise StateError(
            f"an experiment with a full budget is one of {', '.join(filter(has_full, RECIPES))}",
            got=f"full=True for {name}",
            hint="leave full out",
        )
    known = inspect.signature(RECIPES[name]).parameters
    options = {"full": full, "folder": folder}
    return RECIPES[name](seeds, **{key: value for key, value in options.items() if key in known})
