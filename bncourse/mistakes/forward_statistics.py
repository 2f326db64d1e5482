"""Wrong twins of the forward pass: mean, variance, eps and root. Chapters: transform, gradient-checking.

Read each beside the right four lines, which are those of `batchnorm_forward`:

    mu = x.mean(axis=0)
    var = ((x - mu) ** 2).mean(axis=0)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma * x_hat + beta
"""

# mypy: disable-error-code="no-any-return"
# (To mypy, arithmetic on arrays is Any. Saying otherwise in every twin would bury the slip.)

import numpy as np

from bncourse.conventions import Batch, FloatBatch, Row
from bncourse.mistakes.twin import twin

__all__ = ["FORWARD_STATISTICS"]


@twin("forward.bessel", "the version whose variance is divided by N − 1")
def bessel(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> FloatBatch:
    """The batch is normalised with the variance meant for the running statistics."""
    mu = x.mean(axis=0)
    var = ((x - mu) ** 2).sum(axis=0) / (len(x) - 1)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma * x_hat + beta


@twin("forward.eps-outside", "the version with eps outside the root")
def eps_outside(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> FloatBatch:
    """eps is added to the standard deviation."""
    mu = x.mean(axis=0)
    var = ((x - mu) ** 2).mean(axis=0)
    x_hat = (x - mu) / (np.sqrt(var) + eps)
    return gamma * x_hat + beta


@twin("forward.eps-squared", "the version that squares eps")
def eps_squared(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> FloatBatch:
    """eps is taken for a standard deviation and squared."""
    mu = x.mean(axis=0)
    var = ((x - mu) ** 2).mean(axis=0)
    x_hat = (x - mu) / np.sqrt(var + eps**2)
    return gamma * x_hat + beta


@twin("forward.eps-missing", "the version without eps")
def eps_missing(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> FloatBatch:
    """No eps: a constant feature divides 0 by 0."""
    mu = x.mean(axis=0)
    var = ((x - mu) ** 2).mean(axis=0)
    x_hat = (x - mu) / np.sqrt(var)
    return gamma * x_hat + beta


@twin("forward.eps-ignored", "the version with eps = 1e-5, whatever eps was asked for")
def eps_ignored(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> FloatBatch:
    """The argument eps is never looked at."""
    mu = x.mean(axis=0)
    var = ((x - mu) ** 2).mean(axis=0)
    x_hat = (x - mu) / np.sqrt(var + 1e-5)
    return gamma * x_hat + beta


@twin("forward.no-root", "the version that divides by the variance, without the root")
def no_root(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> FloatBatch:
    """Divided by var + eps."""
    mu = x.mean(axis=0)
    var = ((x - mu) ** 2).mean(axis=0)
    x_hat = (x - mu) / (var + eps)
    return gamma * x_hat + beta


@twin("forward.axis-1", "the version that normalises each example over its features (axis 1)")
def axis_1(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> FloatBatch:
    """One mean and one variance an example: layer norm."""
    mu = x.mean(axis=1, keepdims=True)
    var = ((x - mu) ** 2).mean(axis=1, keepdims=True)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma * x_hat + beta


@twin(
    "forward.axis-1-as-rows",
    "the version that takes example statistics (axis 1) and lays them along features",
)
def axis_1_as_rows(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> FloatBatch:
    """Without keepdims the N means meet the D features: NumPy complains unless N = D."""
    mu = x.mean(axis=1)
    var = x.var(axis=1)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma * x_hat + beta


@twin("forward.one-mean", "the version that subtracts one mean of the whole table")
def one_mean(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> FloatBatch:
    """The mean of all features at once; the variance of each is right."""
    mu = x.mean()
    var = x.var(axis=0)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma * x_hat + beta


@twin("forward.one-mean-in-both", "the version with one mean of the whole table, in the variance too")
def one_mean_in_both(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> FloatBatch:
    """The mean of all features at once, and a variance a feature about that mean."""
    mu = x.mean()
    var = ((x - mu) ** 2).mean(axis=0)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma * x_hat + beta


@twin("forward.one-variance", "the version with one variance for all features")
def one_variance(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> FloatBatch:
    """Every feature has its own mean; the variance is that of the centred table."""
    mu = x.mean(axis=0)
    var = ((x - mu) ** 2).mean()
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma * x_hat + beta


@twin("forward.one-mean-one-variance", "the version with one mean and one variance of the whole table")
def one_mean_one_variance(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> FloatBatch:
    """The table is normalised, not its columns."""
    mu = x.mean()
    var = ((x - mu) ** 2).mean()
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma * x_hat + beta


@twin("forward.variance-about-zero", "the version whose variance is the mean of x², about zero")
def variance_about_zero(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> FloatBatch:
    """The mean square of x as it came, not of x − mu."""
    mu = x.mean(axis=0)
    var = (x**2).mean(axis=0)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma * x_hat + beta


@twin("forward.not-centred", "the version that divides but does not subtract the mean")
def not_centred(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> FloatBatch:
    """The variance is right; the numerator is x."""
    mu = x.mean(axis=0)
    var = ((x - mu) ** 2).mean(axis=0)
    x_hat = x / np.sqrt(var + eps)
    return gamma * x_hat + beta


@twin("forward.one-pass", "the version with the one-pass variance E[x²] − E[x]²")
def one_pass(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> FloatBatch:
    """Right on paper; far from zero, float32 loses every digit, and the root may be NaN."""
    mu = x.mean(axis=0)
    var = (x**2).mean(axis=0) - mu**2
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma * x_hat + beta


FORWARD_STATISTICS = (
    bessel, eps_outside, eps_squared, eps_missing, eps_ignored, no_root,
    axis_1, axis_1_as_rows, one_mean, one_mean_in_both, one_variance, one_mean_one_variance,
    variance_about_zero, not_centred, one_pass,
)  # fmt: skip
