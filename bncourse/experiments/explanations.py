"""The recipe that asks which explanation of batch norm holds. Chapter: why-it-works."""

from bncourse.experiments.config import RunConfig

__all__ = ["RATES", "why_it_works"]

# A ladder of half decades, for every norm the same.
RATES = (0.03, 0.1, 0.3, 1.0)


def why_it_works(seeds: int = 1) -> list[RunConfig]:
    """No norm, batch norm, and batch norm with noise behind it, at four learning rates, measured on the way.

    A quarter of the seed CNN's width, the norm before the ReLU, on 10,000 images of CIFAR-10, three times
    each. SGD without momentum: the step that `experiments.landscape` measures is the one that is made. The
    arms of one seed share their batches and first weights. 5,000 training images are held out: a norm's rate
    may be chosen by them, and no rate is chosen here.

    Source: Santurkar et al. 2018 (arXiv 1805.11604), sections 2 and 3. Larger nets, trained longer.

    >>> len(why_it_works()), sorted({config.norm for config in why_it_works()})
    (12, ['batch', 'batch-noisy', 'none'])
    """
    return [
        RunConfig(
            experiment="why-it-works",
            data="cifar10",
            train_size=10_000,
            validation_size=5_000,
            norm=norm,
            width=0.25,
            placement="before",
            optimiser="sgd",
            momentum=0.0,
            learning_rate=rate,
            batch_size=64,
            epochs=3,
            seed=seed,
            log_every=26,
            fast=True,
            measure_every=26,
        )
        for seed in range(seeds)
        for rate in RATES
        for norm in ("none", "batch", "batch-noisy")
    ]
