"""Wrong twins of the layer in use, and of the switch between its modes.

Chapters: train-and-inference, gradient-checking.

Read the first ones beside the right line of `batchnorm_inference`:

    return gamma * (x - stats.mean) / np.sqrt(stats.var + eps) + beta

and the last ones beside `layer`, the right function with both modes.
"""

# mypy: disable-error-code="no-any-return"
# (To mypy, arithmetic on arrays is Any. Saying otherwise in every twin would bury the slip.)

import numpy as np

from bncourse.conventions import Batch, FloatBatch, Row
from bncourse.mistakes.twin import twin
from bncourse.reference.forward import batchnorm_forward
from bncourse.reference.running import RunningStats, batchnorm_inference

__all__ = ["INFERENCE", "MODES", "layer"]


@twin("inference.batch-statistics", "the version that normalises with the batch it was asked about")
def batch_statistics(
    x: Batch, gamma: Row, beta: Row, stats: RunningStats, *, eps: float = 1e-5
) -> FloatBatch:
    """The running statistics are never looked at."""
    return gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps) + beta


@twin("inference.eps-missing", "the version without eps")
def eps_missing(x: Batch, gamma: Row, beta: Row, stats: RunningStats, *, eps: float = 1e-5) -> FloatBatch:
    """Another function than the one that was trained."""
    return gamma * (x - stats.mean) / np.sqrt(stats.var) + beta


@twin("inference.no-root", "the version that divides by the variance, without the root")
def no_root(x: Batch, gamma: Row, beta: Row, stats: RunningStats, *, eps: float = 1e-5) -> FloatBatch:
    """As if the standard deviation had been stored."""
    return gamma * (x - stats.mean) / (stats.var + eps) + beta


@twin("inference.gamma-missing", "the version without gamma")
def gamma_missing(x: Batch, gamma: Row, beta: Row, stats: RunningStats, *, eps: float = 1e-5) -> FloatBatch:
    """No scale."""
    return (x - stats.mean) / np.sqrt(stats.var + eps) + beta


@twin("inference.beta-missing", "the version without beta")
def beta_missing(x: Batch, gamma: Row, beta: Row, stats: RunningStats, *, eps: float = 1e-5) -> FloatBatch:
    """No shift."""
    return gamma * (x - stats.mean) / np.sqrt(stats.var + eps)


@twin("inference.gamma-beta-missing", "the version without gamma and beta")
def gamma_beta_missing(
    x: Batch, gamma: Row, beta: Row, stats: RunningStats, *, eps: float = 1e-5
) -> FloatBatch:
    """Normalised, and left at that."""
    return (x - stats.mean) / np.sqrt(stats.var + eps)


def layer(
    x: Batch, gamma: Row, beta: Row, stats: RunningStats, *, eps: float = 1e-5, training: bool
) -> tuple[FloatBatch, RunningStats]:
    """The right layer with both modes: x (N, D) and statistics in, y (N, D) and statistics out.

    Training normalises with the batch and updates; otherwise it normalises with `stats` and leaves them.
    Raises ShapeError or StateError, as `batchnorm_forward` and `batchnorm_inference` do.

    >>> stats = RunningStats.initial(1, new_weight=0.5)
    >>> y, later = layer(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), stats, training=True)
    >>> y.round(2).ravel(), later.mean
    (array([-1.,  1.]), array([1.]))
    """
    if training:
        return batchnorm_forward(x, gamma, beta, eps=eps)[0], stats.update(x)
    return batchnorm_inference(x, gamma, beta, stats, eps=eps), stats


Output = tuple[FloatBatch, RunningStats]


@twin("modes.running-in-training", "the version that trains with the running statistics, updated first")
def running_in_training(
    x: Batch, gamma: Row, beta: Row, stats: RunningStats, *, eps: float = 1e-5, training: bool
) -> Output:
    """The gradient then misses the batch statistics altogether."""
    if training:
        stats = stats.update(x)
    return batchnorm_inference(x, gamma, beta, stats, eps=eps), stats


@twin("modes.running-in-training-before", "the version that trains with the running statistics of before")
def running_in_training_before(
    x: Batch, gamma: Row, beta: Row, stats: RunningStats, *, eps: float = 1e-5, training: bool
) -> Output:
    """The mode decides on the update only."""
    y = batchnorm_inference(x, gamma, beta, stats, eps=eps)
    return y, stats.update(x) if training else stats


@twin("modes.batch-in-eval", "the version that uses batch statistics in eval")
def batch_in_eval(
    x: Batch, gamma: Row, beta: Row, stats: RunningStats, *, eps: float = 1e-5, training: bool
) -> Output:
    """The mode decides on the update only."""
    y = batchnorm_forward(x, gamma, beta, eps=eps)[0]
    return y, stats.update(x) if training else stats


@twin("modes.updates-in-eval", "the version that updates its statistics in eval")
def updates_in_eval(
    x: Batch, gamma: Row, beta: Row, stats: RunningStats, *, eps: float = 1e-5, training: bool
) -> Output:
    """The answer is right, and the next one is not."""
    if training:
        return batchnorm_forward(x, gamma, beta, eps=eps)[0], stats.update(x)
    return batchnorm_inference(x, gamma, beta, stats, eps=eps), stats.update(x)


@twin("modes.always-training", "the version that never leaves training mode")
def always_training(
    x: Batch, gamma: Row, beta: Row, stats: RunningStats, *, eps: float = 1e-5, training: bool
) -> Output:
    """`training` is never looked at: batch statistics, and an update, in eval too."""
    return batchnorm_forward(x, gamma, beta, eps=eps)[0], stats.update(x)


INFERENCE = (batch_statistics, eps_missing, no_root, gamma_missing, beta_missing, gamma_beta_missing)
MODES = (
    running_in_training, running_in_training_before, batch_in_eval, updates_in_eval, always_training,
)  # fmt: skip
