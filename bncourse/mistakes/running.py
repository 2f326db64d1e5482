"""Wrong twins of `RunningStats.update`. Chapters: train-and-inference, gradient-checking.

Read each beside the right lines. `_measured` gives, as the update does, the weight of the new batch,
its mean, and its variance as `stats.variance` asks for it: biased or unbiased.

    weight, mu, var = _measured(stats, x)
    mean = (1 - weight) * stats.mean + weight * mu
    var = (1 - weight) * stats.var + weight * var
    return replace(stats, mean=mean, var=var, batches=stats.batches + 1)
"""

# mypy: disable-error-code="no-any-return"
# (To mypy, arithmetic on arrays is Any. Saying otherwise in every twin would bury the slip.)

from dataclasses import replace

import numpy as np

from bncourse.conventions import Batch, FloatRow
from bncourse.mistakes.twin import twin
from bncourse.reference.running import RunningStats

__all__ = ["RUNNING"]


def _measured(stats: RunningStats, x: Batch) -> tuple[float, FloatRow, FloatRow]:
    weight = 1 / (stats.batches + 1) if stats.new_weight is None else stats.new_weight
    return weight, x.mean(axis=0), x.var(axis=0, ddof=1 if stats.variance == "unbiased" else 0)


@twin("running.weight-inverted", "the version with the weights of old and new exchanged")
def weight_inverted(stats: RunningStats, x: Batch) -> RunningStats:
    """The weight of the new batch is given to what was there."""
    weight, mu, var = _measured(stats, x)
    mean = weight * stats.mean + (1 - weight) * mu
    var = weight * stats.var + (1 - weight) * var
    return replace(stats, mean=mean, var=var, batches=stats.batches + 1)


@twin("running.biased", "the version that remembers the biased variance")
def biased(stats: RunningStats, x: Batch) -> RunningStats:
    """Divided by N where N − 1 was asked for. (Keras and Flax mean to do it.)"""
    weight, mu, _ = _measured(stats, x)
    mean = (1 - weight) * stats.mean + weight * mu
    var = (1 - weight) * stats.var + weight * x.var(axis=0)
    return replace(stats, mean=mean, var=var, batches=stats.batches + 1)


@twin("running.corrected-twice", "the version with Bessel's correction applied twice")
def corrected_twice(stats: RunningStats, x: Batch) -> RunningStats:
    """A variance that was unbiased already, times N / (N − 1)."""
    weight, mu, var = _measured(stats, x)
    mean = (1 - weight) * stats.mean + weight * mu
    var = (1 - weight) * stats.var + weight * var * len(x) / (len(x) - 1)
    return replace(stats, mean=mean, var=var, batches=stats.batches + 1)


@twin("running.std-stored", "the version that remembers the standard deviation as the variance")
def std_stored(stats: RunningStats, x: Batch) -> RunningStats:
    """A root that inference will take again."""
    weight, mu, var = _measured(stats, x)
    mean = (1 - weight) * stats.mean + weight * mu
    var = (1 - weight) * stats.var + weight * np.sqrt(var)
    return replace(stats, mean=mean, var=var, batches=stats.batches + 1)


@twin("running.eps-stored", "the version that remembers var + eps")
def eps_stored(stats: RunningStats, x: Batch) -> RunningStats:
    """An eps that inference will add again."""
    weight, mu, var = _measured(stats, x)
    mean = (1 - weight) * stats.mean + weight * mu
    var = (1 - weight) * stats.var + weight * (var + 1e-5)
    return replace(stats, mean=mean, var=var, batches=stats.batches + 1)


@twin("running.mean-for-var", "the version that uses the batch mean for the variance")
def mean_for_var(stats: RunningStats, x: Batch) -> RunningStats:
    """A line copied and half edited. (A negative mean is refused as a variance.)"""
    weight, mu, _ = _measured(stats, x)
    mean = (1 - weight) * stats.mean + weight * mu
    var = (1 - weight) * stats.var + weight * mu
    return replace(stats, mean=mean, var=var, batches=stats.batches + 1)


@twin("running.overwritten", "the version that keeps only the last batch")
def overwritten(stats: RunningStats, x: Batch) -> RunningStats:
    """No memory."""
    _, mu, var = _measured(stats, x)
    return replace(stats, mean=mu, var=var, batches=stats.batches + 1)


@twin("running.never-updated", "the version that never updates")
def never_updated(stats: RunningStats, x: Batch) -> RunningStats:
    """The new value is computed, or not, and never kept."""
    return replace(stats, batches=stats.batches + 1)


@twin("running.mean-never-updated", "the version that updates the variance but not the mean")
def mean_never_updated(stats: RunningStats, x: Batch) -> RunningStats:
    """One of the two lines is missing."""
    weight, _, var = _measured(stats, x)
    var = (1 - weight) * stats.var + weight * var
    return replace(stats, var=var, batches=stats.batches + 1)


@twin("running.var-never-updated", "the version that updates the mean but not the variance")
def var_never_updated(stats: RunningStats, x: Batch) -> RunningStats:
    """One of the two lines is missing."""
    weight, mu, _ = _measured(stats, x)
    mean = (1 - weight) * stats.mean + weight * mu
    return replace(stats, mean=mean, batches=stats.batches + 1)


@twin("running.no-decay", "the version in which the old statistics never fade")
def no_decay(stats: RunningStats, x: Batch) -> RunningStats:
    """The new part is added to the whole of the old."""
    weight, mu, var = _measured(stats, x)
    mean = stats.mean + weight * mu
    var = stats.var + weight * var
    return replace(stats, mean=mean, var=var, batches=stats.batches + 1)


RUNNING = (
    weight_inverted, biased, corrected_twice, std_stored, eps_stored, mean_for_var,
    overwritten, never_updated, mean_never_updated, var_never_updated, no_decay,
)  # fmt: skip
