"""Wrong twins of dx in its short form: a term, its weight, its sign, its letters.

Chapters: simplified-backward, gradient-checking.

Read each beside the right two lines, those of `batchnorm_backward`. v holds the values of `staged_forward`.

    dx = v.gamma * v.inv_std * (dy - dy.mean(axis=0) - v.x_hat * (dy * v.x_hat).mean(axis=0))
    return dx, (dy * v.x_hat).sum(axis=0), dy.sum(axis=0)
"""

# mypy: disable-error-code="no-any-return"
# (To mypy, arithmetic on arrays is Any. Saying otherwise in every twin would bury the slip.)

import numpy as np

from bncourse.conventions import Batch, FloatBatch, FloatRow
from bncourse.mistakes.twin import twin
from bncourse.reference.staged import StagedValues

__all__ = ["BACKWARD_TERMS"]

Gradients = tuple[FloatBatch, FloatRow, FloatRow]


@twin("backward.no-mean-path", "the version without the mean path")
def no_mean_path(dy: Batch, v: StagedValues) -> Gradients:
    """mu is treated as a constant."""
    dx = v.gamma * v.inv_std * (dy - v.x_hat * (dy * v.x_hat).mean(axis=0))
    return dx, (dy * v.x_hat).sum(axis=0), dy.sum(axis=0)


@twin("backward.no-variance-path", "the version without the variance path")
def no_variance_path(dy: Batch, v: StagedValues) -> Gradients:
    """var is treated as a constant."""
    dx = v.gamma * v.inv_std * (dy - dy.mean(axis=0))
    return dx, (dy * v.x_hat).sum(axis=0), dy.sum(axis=0)


@twin("backward.constant-statistics", "the version that treats mean and variance as constants")
def constant_statistics(dy: Batch, v: StagedValues) -> Gradients:
    """Neither path: the gradient of a fixed scale and shift."""
    dx = v.gamma * v.inv_std * dy
    return dx, (dy * v.x_hat).sum(axis=0), dy.sum(axis=0)


@twin("backward.diagonal-only", "the version with only the diagonal of the Jacobian, no sum over the batch")
def diagonal_only(dy: Batch, v: StagedValues) -> Gradients:
    """Each example is told only of its own effect on itself."""
    dx = v.gamma * v.inv_std * dy * (1 - 1 / len(dy) - v.x_hat**2 / len(dy))
    return dx, (dy * v.x_hat).sum(axis=0), dy.sum(axis=0)


@twin("backward.mean-term-no-1/N", "the version that lacks 1/N on the mean path")
def mean_term_no_1_over_n(dy: Batch, v: StagedValues) -> Gradients:
    """A sum where the mean of dy belongs."""
    dx = v.gamma * v.inv_std * (dy - dy.sum(axis=0) - v.x_hat * (dy * v.x_hat).mean(axis=0))
    return dx, (dy * v.x_hat).sum(axis=0), dy.sum(axis=0)


@twin("backward.variance-term-no-1/N", "the version that lacks 1/N on the variance path")
def variance_term_no_1_over_n(dy: Batch, v: StagedValues) -> Gradients:
    """A sum where the mean of dy * x_hat belongs."""
    dx = v.gamma * v.inv_std * (dy - dy.mean(axis=0) - v.x_hat * (dy * v.x_hat).sum(axis=0))
    return dx, (dy * v.x_hat).sum(axis=0), dy.sum(axis=0)


@twin("backward.no-1/N", "the version that lacks 1/N on both paths")
def no_1_over_n(dy: Batch, v: StagedValues) -> Gradients:
    """Sums where both means belong."""
    dx = v.gamma * v.inv_std * (dy - dy.sum(axis=0) - v.x_hat * (dy * v.x_hat).sum(axis=0))
    return dx, (dy * v.x_hat).sum(axis=0), dy.sum(axis=0)


@twin("backward.n-times", "N times the right dx")
def n_times(dy: Batch, v: StagedValues) -> Gradients:
    """The form N dy − sum − x_hat sum, without the 1/N in front of it."""
    N = len(dy)
    dx = v.gamma * v.inv_std * (N * dy - dy.sum(axis=0) - v.x_hat * (dy * v.x_hat).sum(axis=0))
    return dx, (dy * v.x_hat).sum(axis=0), dy.sum(axis=0)


@twin("backward.one-nth", "the right dx divided by N once more")
def one_nth(dy: Batch, v: StagedValues) -> Gradients:
    """Means inside, and 1/N in front as well."""
    dx = v.gamma * v.inv_std * (dy - dy.mean(axis=0) - v.x_hat * (dy * v.x_hat).mean(axis=0)) / len(dy)
    return dx, (dy * v.x_hat).sum(axis=0), dy.sum(axis=0)


@twin("backward.direct-term-sign", "the version with the sign of the direct term turned")
def direct_term_sign(dy: Batch, v: StagedValues) -> Gradients:
    """−dy where dy belongs."""
    dx = v.gamma * v.inv_std * (-dy - dy.mean(axis=0) - v.x_hat * (dy * v.x_hat).mean(axis=0))
    return dx, (dy * v.x_hat).sum(axis=0), dy.sum(axis=0)


@twin("backward.mean-term-sign", "the version with the sign of the mean path turned")
def mean_term_sign(dy: Batch, v: StagedValues) -> Gradients:
    """+ mean(dy): the minus of x − mu is lost."""
    dx = v.gamma * v.inv_std * (dy + dy.mean(axis=0) - v.x_hat * (dy * v.x_hat).mean(axis=0))
    return dx, (dy * v.x_hat).sum(axis=0), dy.sum(axis=0)


@twin("backward.variance-term-sign", "the version with the sign of the variance path turned")
def variance_term_sign(dy: Batch, v: StagedValues) -> Gradients:
    """+ x_hat mean(dy * x_hat): the minus of d(1/std) = −1/std² is lost."""
    dx = v.gamma * v.inv_std * (dy - dy.mean(axis=0) + v.x_hat * (dy * v.x_hat).mean(axis=0))
    return dx, (dy * v.x_hat).sum(axis=0), dy.sum(axis=0)


@twin("backward.gamma-missing", "the version whose dx lacks gamma")
def gamma_missing(dy: Batch, v: StagedValues) -> Gradients:
    """dy stands where dx_hat = gamma * dy belongs."""
    dx = v.inv_std * (dy - dy.mean(axis=0) - v.x_hat * (dy * v.x_hat).mean(axis=0))
    return dx, (dy * v.x_hat).sum(axis=0), dy.sum(axis=0)


@twin("backward.x-for-x-hat", "the version whose dx uses x in the place of x_hat")
def x_for_x_hat(dy: Batch, v: StagedValues) -> Gradients:
    """The input as it came."""
    dx = v.gamma * v.inv_std * (dy - dy.mean(axis=0) - v.x * (dy * v.x).mean(axis=0))
    return dx, (dy * v.x_hat).sum(axis=0), dy.sum(axis=0)


@twin("backward.xc-for-x-hat", "the version whose dx uses x − mu in the place of x_hat")
def xc_for_x_hat(dy: Batch, v: StagedValues) -> Gradients:
    """Centred, not yet divided by std. (dvar with the exponent −½ for −3/2 gives the same numbers.)"""
    dx = v.gamma * v.inv_std * (dy - dy.mean(axis=0) - v.xc * (dy * v.xc).mean(axis=0))
    return dx, (dy * v.x_hat).sum(axis=0), dy.sum(axis=0)


@twin("backward.y-for-x-hat", "the version whose dx uses the output y in the place of x_hat")
def y_for_x_hat(dy: Batch, v: StagedValues) -> Gradients:
    """Scaled and shifted already."""
    dx = v.gamma * v.inv_std * (dy - dy.mean(axis=0) - v.y * (dy * v.y).mean(axis=0))
    return dx, (dy * v.x_hat).sum(axis=0), dy.sum(axis=0)


@twin("backward.std-multiplied", "the version that multiplies by std instead of dividing")
def std_multiplied(dy: Batch, v: StagedValues) -> Gradients:
    """Off by exactly var + eps, which is near 1 on standard normal data."""
    dx = v.gamma * v.std * (dy - dy.mean(axis=0) - v.x_hat * (dy * v.x_hat).mean(axis=0))
    return dx, (dy * v.x_hat).sum(axis=0), dy.sum(axis=0)


@twin("backward.bessel", "the version with N − 1 on the variance path of a forward that divided by N")
def bessel(dy: Batch, v: StagedValues) -> Gradients:
    """The gradient of another variance."""
    dx = v.gamma * v.inv_std * (dy - dy.mean(axis=0) - v.x_hat * (dy * v.x_hat).sum(axis=0) / (len(dy) - 1))
    return dx, (dy * v.x_hat).sum(axis=0), dy.sum(axis=0)


@twin("backward.eps-fixed", "the version that computes everything again with eps = 1e-5")
def eps_fixed(dy: Batch, v: StagedValues) -> Gradients:
    """The forward pass may have had another eps."""
    inv_std = 1 / np.sqrt(v.var + 1e-5)
    x_hat = v.xc * inv_std
    dx = v.gamma * inv_std * (dy - dy.mean(axis=0) - x_hat * (dy * x_hat).mean(axis=0))
    return dx, (dy * x_hat).sum(axis=0), dy.sum(axis=0)


@twin("backward.eps-fixed-in-std", "the version that computes std again with eps = 1e-5")
def eps_fixed_in_std(dy: Batch, v: StagedValues) -> Gradients:
    """x_hat comes from the forward pass, std does not."""
    inv_std = 1 / np.sqrt(v.var + 1e-5)
    dx = v.gamma * inv_std * (dy - dy.mean(axis=0) - v.x_hat * (dy * v.x_hat).mean(axis=0))
    return dx, (dy * v.x_hat).sum(axis=0), dy.sum(axis=0)


@twin("backward.d-for-n", "the version that divides by the number of features, D, for N")
def d_for_n(dy: Batch, v: StagedValues) -> Gradients:
    """`shape[1]` for `shape[0]`: unseen when N = D."""
    D = dy.shape[1]
    dx = v.gamma * v.inv_std * (dy - dy.sum(axis=0) / D - v.x_hat * (dy * v.x_hat).sum(axis=0) / D)
    return dx, (dy * v.x_hat).sum(axis=0), dy.sum(axis=0)


BACKWARD_TERMS = (
    no_mean_path, no_variance_path, constant_statistics, diagonal_only,
    mean_term_no_1_over_n, variance_term_no_1_over_n, no_1_over_n, n_times, one_nth,
    direct_term_sign, mean_term_sign, variance_term_sign, gamma_missing,
    x_for_x_hat, xc_for_x_hat, y_for_x_hat, std_multiplied, bessel, eps_fixed, eps_fixed_in_std, d_for_n,
)  # fmt: skip
