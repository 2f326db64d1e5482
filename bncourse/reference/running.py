"""Running statistics and the layer at inference. Chapter: train-and-inference.

The word "momentum" means opposite things in different libraries, so it is not used here:
new_weight is the weight of the new batch (PyTorch's momentum), old_weight that of what was there
(momentum in Keras, Flax and the exercises of CS231n). They sum to 1.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from bncourse.conventions import Batch, FloatBatch, FloatRow, Row, check_eps, check_row
from bncourse.errors import ShapeError, StateError
from bncourse.reference.inputs import check_batch
from bncourse.reference.moments import batch_moments

__all__ = ["RunningStats", "Variance", "batchnorm_inference", "new_weight_from_old", "old_weight_from_new"]

Variance = Literal["biased", "unbiased"]


def _complement(weight: float, name: str) -> float:
    if not 0 <= weight <= 1:
        raise StateError(f"{name} lies between 0 and 1", got=f"{name} = {weight}", hint=f"{name}=0.9")
    return 1 - weight


def new_weight_from_old(old_weight: float) -> float:
    """The weight of the new batch, from that of the old statistics (Keras, Flax, CS231n).

    Raises StateError outside [0, 1].

    >>> round(new_weight_from_old(0.99), 12)
    0.01
    """
    return _complement(old_weight, "old_weight")


def old_weight_from_new(new_weight: float) -> float:
    """The weight of the old statistics, from that of the new batch (PyTorch).

    Raises StateError outside [0, 1].

    >>> old_weight_from_new(0.1)
    0.9
    """
    return _complement(new_weight, "new_weight")


@dataclass(frozen=True, eq=False)
class RunningStats:
    """Mean and variance remembered for inference. A value: `update` returns a new one.

    mean (D,), var (D,); `new_weight` in [0, 1] is the weight of each new batch, or None for the
    plain average over all batches; `variance` says which one is remembered: "unbiased" (divided by
    N − 1, as PyTorch and the paper have it) or "biased" (divided by N, as Keras and Flax);
    `batches` counts the updates.

    >>> stats = RunningStats.initial(1, new_weight=0.5)
    >>> later = stats.update(np.array([[1.0], [3.0]]))
    >>> later.mean, later.var, stats.mean
    (array([1.]), array([1.5]), array([0.]))
    """

    mean: FloatRow
    var: FloatRow
    new_weight: float | None = 0.1
    variance: Variance = "unbiased"
    batches: int = 0

    def __post_init__(self) -> None:
        D = np.size(self.mean)
        for name in ("mean", "var"):
            row = check_row(getattr(self, name), name, D).copy()
            row.flags.writeable = False  # a value stays what it is
            object.__setattr__(self, name, row)
        if (self.var < 0).any():
            raise ShapeError(
                "var is not negative", got=f"min(var) = {self.var.min()}", hint="var, not log(var)"
            )
        if self.new_weight is not None:
            _complement(self.new_weight, "new_weight")
        if self.variance not in ("biased", "unbiased"):
            raise StateError(
                'variance is "biased" or "unbiased"', got=repr(self.variance), hint='variance="unbiased"'
            )

    @classmethod
    def initial(
        cls,
        D: int,
        *,
        new_weight: float | None = 0.1,
        old_weight: float | None = None,
        variance: Variance = "unbiased",
    ) -> "RunningStats":
        """The start for D features, mean 0 and variance 1, with either weight by its name.

        Raises StateError for a weight outside [0, 1].

        >>> round(RunningStats.initial(3, old_weight=0.9).new_weight, 12)
        0.1
        """
        if old_weight is not None:
            new_weight = new_weight_from_old(old_weight)
        return cls(np.zeros(D), np.ones(D), new_weight, variance)

    def update(self, x: Batch) -> "RunningStats":
        """The statistics after one more training batch x (N, D), N >= 2; this value is unchanged.

        Raises ShapeError when x has another number of features, or holds NaN or infinity: one such
        batch would spoil every later prediction.

        >>> average = RunningStats.initial(1, new_weight=None, variance="biased")
        >>> average.update(np.array([[0.0], [2.0]])).update(np.array([[5.0], [5.0]])).mean
        array([3.])
        """
        batch = check_batch(x, training=True)
        N, D = batch.shape
        _check_features(D, self)
        mu, var = batch_moments(batch.astype(np.float64))
        if not (np.isfinite(mu).all() and np.isfinite(var).all()):
            raise ShapeError(
                "x is finite", got="NaN or infinity in x", hint="np.isfinite(x).all() before the update"
            )
        if self.variance == "unbiased":
            var = var * (N / (N - 1))
        weight = 1 / (self.batches + 1) if self.new_weight is None else self.new_weight
        return replace(
            self,
            mean=(1 - weight) * self.mean + weight * mu,
            var=(1 - weight) * self.var + weight * var,
            batches=self.batches + 1,
        )


def _check_features(D: int, stats: RunningStats) -> None:
    if stats.mean.shape != (D,):
        raise ShapeError(
            f"the statistics have one value a feature, shape ({D},)",
            got=f"shape {stats.mean.shape}",
            hint=f"RunningStats.initial({D})",
        )


def batchnorm_inference(
    x: Batch, gamma: Row, beta: Row, stats: RunningStats, *, eps: float = 1e-5
) -> FloatBatch:
    """The layer in use: normalise with remembered statistics, so each row stands by itself.

    x (N, D) with N >= 1, gamma (D,), beta (D,) -> y (N, D) in the dtype of x. `stats` is read,
    never changed. Raises ShapeError or StateError (see `bncourse.errors`).
    Source: Ioffe and Szegedy 2015, Algorithm 2, lines 10 and 11.

    >>> stats = RunningStats(mean=np.array([2.0]), var=np.array([4.0]))
    >>> batchnorm_inference(np.array([[6.0]]), np.ones(1), np.zeros(1), stats).round(3)
    array([[2.]])
    """
    batch, eps = check_batch(x, training=False), check_eps(eps)
    D = batch.shape[1]
    gamma, beta = check_row(gamma, "gamma", D), check_row(beta, "beta", D)
    _check_features(D, stats)
    y: np.ndarray = gamma * (batch - stats.mean) / np.sqrt(stats.var + eps) + beta
    return y.astype(batch.dtype)
