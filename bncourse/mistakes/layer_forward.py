"""Wrong twins of layer norm, forward. Chapters: small-batches, gradient-checking.

x (N, D). Read each beside the right lines:

    mu = x.mean(axis=1, keepdims=True)
    var = ((x - mu) ** 2).mean(axis=1, keepdims=True)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma * x_hat + beta
"""

# mypy: disable-error-code="no-any-return"
# (To mypy, arithmetic on arrays is Any. Saying otherwise in every twin would bury the slip.)

import numpy as np

from bncourse.conventions import Batch, Row
from bncourse.mistakes.twin import twin

__all__ = ["LAYER"]


@twin("layer.batch-axis", "the version that normalises over the batch (axis 0): batch norm")
def batch_axis(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> np.ndarray:
    """The other axis."""
    mu = x.mean(axis=0, keepdims=True)
    var = ((x - mu) ** 2).mean(axis=0, keepdims=True)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma * x_hat + beta


@twin("layer.whole-table", "the version with one mean and one variance of the whole table")
def whole_table(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> np.ndarray:
    """No axis named, so NumPy takes all."""
    mu = x.mean(keepdims=True)
    var = ((x - mu) ** 2).mean(keepdims=True)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma * x_hat + beta


@twin("layer.n-for-d", "the version that divides both sums by N, not by D")
def n_for_d(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> np.ndarray:
    """A line of batch norm, with only its axis changed."""
    mu = x.sum(axis=1, keepdims=True) / len(x)
    var = ((x - mu) ** 2).sum(axis=1, keepdims=True) / len(x)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma * x_hat + beta


@twin("layer.mean-n-for-d", "the version that divides the sum of the mean by N, not by D")
def mean_n_for_d(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> np.ndarray:
    """The variance is taken about that mean."""
    mu = x.sum(axis=1, keepdims=True) / len(x)
    var = ((x - mu) ** 2).mean(axis=1, keepdims=True)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma * x_hat + beta


@twin("layer.variance-n-for-d", "the version that divides the sum of the variance by N, not by D")
def variance_n_for_d(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> np.ndarray:
    """The mean is right."""
    mu = x.mean(axis=1, keepdims=True)
    var = ((x - mu) ** 2).sum(axis=1, keepdims=True) / len(x)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma * x_hat + beta


@twin("layer.rms", "the version that leaves the mean in: RMS norm")
def rms(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> np.ndarray:
    """Divided by the root of the mean square, and not centred."""
    var = (x**2).mean(axis=1, keepdims=True)
    x_hat = x / np.sqrt(var + eps)
    return gamma * x_hat + beta


@twin("layer.variance-about-zero", "the version whose variance is the mean of x², about zero")
def variance_about_zero(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> np.ndarray:
    """The mean is subtracted above the fraction only."""
    mu = x.mean(axis=1, keepdims=True)
    var = (x**2).mean(axis=1, keepdims=True)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma * x_hat + beta


@twin("layer.not-centred", "the version that divides but does not subtract the mean")
def not_centred(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> np.ndarray:
    """The variance is right; the numerator is x."""
    mu = x.mean(axis=1, keepdims=True)
    var = ((x - mu) ** 2).mean(axis=1, keepdims=True)
    x_hat = x / np.sqrt(var + eps)
    return gamma * x_hat + beta


@twin("layer.bessel", "the version whose variance is divided by D − 1")
def bessel(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> np.ndarray:
    """What torch.std does when it is not asked otherwise."""
    mu = x.mean(axis=1, keepdims=True)
    var = ((x - mu) ** 2).sum(axis=1, keepdims=True) / (x.shape[1] - 1)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma * x_hat + beta


@twin("layer.eps-outside", "the version with eps outside the root")
def eps_outside(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> np.ndarray:
    """eps is added to the standard deviation."""
    mu = x.mean(axis=1, keepdims=True)
    var = ((x - mu) ** 2).mean(axis=1, keepdims=True)
    x_hat = (x - mu) / (np.sqrt(var) + eps)
    return gamma * x_hat + beta


@twin("layer.bessel-eps-outside", "the version with x.std(ddof=1) + eps below the fraction")
def bessel_eps_outside(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> np.ndarray:
    """Two slips that come together: D − 1, and eps outside the root."""
    mu = x.mean(axis=1, keepdims=True)
    var = ((x - mu) ** 2).sum(axis=1, keepdims=True) / (x.shape[1] - 1)
    x_hat = (x - mu) / (np.sqrt(var) + eps)
    return gamma * x_hat + beta


@twin("layer.eps-missing", "the version without eps")
def eps_missing(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> np.ndarray:
    """No eps: a constant row divides 0 by 0."""
    mu = x.mean(axis=1, keepdims=True)
    var = ((x - mu) ** 2).mean(axis=1, keepdims=True)
    x_hat = (x - mu) / np.sqrt(var)
    return gamma * x_hat + beta


@twin("layer.no-root", "the version that divides by the variance, without the root")
def no_root(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> np.ndarray:
    """Divided by var + eps."""
    mu = x.mean(axis=1, keepdims=True)
    var = ((x - mu) ** 2).mean(axis=1, keepdims=True)
    x_hat = (x - mu) / (var + eps)
    return gamma * x_hat + beta


@twin("layer.gamma-missing", "the version without gamma")
def gamma_missing(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> np.ndarray:
    """No scale."""
    mu = x.mean(axis=1, keepdims=True)
    var = ((x - mu) ** 2).mean(axis=1, keepdims=True)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return x_hat + beta


@twin("layer.beta-missing", "the version without beta")
def beta_missing(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> np.ndarray:
    """No shift."""
    mu = x.mean(axis=1, keepdims=True)
    var = ((x - mu) ** 2).mean(axis=1, keepdims=True)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma * x_hat


@twin("layer.gamma-beta-axis", "the version with gamma and beta down the examples, as columns")
def gamma_beta_axis(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> np.ndarray:
    """One value an example: NumPy complains unless N = D."""
    mu = x.mean(axis=1, keepdims=True)
    var = ((x - mu) ** 2).mean(axis=1, keepdims=True)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma[:, None] * x_hat + beta[:, None]


LAYER = (
    batch_axis, whole_table, n_for_d, mean_n_for_d, variance_n_for_d, rms, variance_about_zero,
    not_centred, bessel, eps_outside, bessel_eps_outside, eps_missing, no_root, gamma_missing,
    beta_missing, gamma_beta_axis,
)  # fmt: skip
