"""Wrong twins of spatial batch norm, forward. Chapters: convolutions, gradient-checking.

x (N, C, H, W). Read each beside the right lines:

    mu = x.mean(axis=(0, 2, 3), keepdims=True)
    var = x.var(axis=(0, 2, 3), keepdims=True)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma[:, None, None] * x_hat + beta[:, None, None]

and those that reshape beside the same in rows:

    N, C, H, W = x.shape
    rows = x.transpose(0, 2, 3, 1).reshape(-1, C)
    x_hat = (rows - rows.mean(axis=0)) / np.sqrt(rows.var(axis=0) + eps)
    y = gamma * x_hat + beta
    return y.reshape(N, H, W, C).transpose(0, 3, 1, 2)
"""

# mypy: disable-error-code="no-any-return"
# (To mypy, arithmetic on arrays is Any. Saying otherwise in every twin would bury the slip.)

import numpy as np

from bncourse.conventions import Row
from bncourse.mistakes.twin import twin
from bncourse.reference.channels import Maps

__all__ = ["SPATIAL"]


@twin("spatial.per-instance", "the version that takes its statistics an image: instance norm")
def per_instance(x: Maps, gamma: Row, beta: Row, *, eps: float = 1e-5) -> np.ndarray:
    """The batch axis is left out."""
    mu = x.mean(axis=(2, 3), keepdims=True)
    var = x.var(axis=(2, 3), keepdims=True)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma[:, None, None] * x_hat + beta[:, None, None]


@twin("spatial.per-example", "the version that takes one mean and variance an image: layer norm")
def per_example(x: Maps, gamma: Row, beta: Row, *, eps: float = 1e-5) -> np.ndarray:
    """The channels are in, the batch is out."""
    mu = x.mean(axis=(1, 2, 3), keepdims=True)
    var = x.var(axis=(1, 2, 3), keepdims=True)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma[:, None, None] * x_hat + beta[:, None, None]


@twin("spatial.per-pixel", "the version that normalises each pixel over its channels")
def per_pixel(x: Maps, gamma: Row, beta: Row, *, eps: float = 1e-5) -> np.ndarray:
    """One mean and one variance a place."""
    mu = x.mean(axis=1, keepdims=True)
    var = x.var(axis=1, keepdims=True)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma[:, None, None] * x_hat + beta[:, None, None]


@twin("spatial.per-cell", "the version that takes its statistics a cell, over the batch only")
def per_cell(x: Maps, gamma: Row, beta: Row, *, eps: float = 1e-5) -> np.ndarray:
    """The serialised reading: every place of a map is a feature of its own."""
    mu = x.mean(axis=0, keepdims=True)
    var = x.var(axis=0, keepdims=True)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma[:, None, None] * x_hat + beta[:, None, None]


@twin("spatial.without-width", "the version that leaves out the last axis: statistics a channel and column")
def without_width(x: Maps, gamma: Row, beta: Row, *, eps: float = 1e-5) -> np.ndarray:
    """Two of the three axes."""
    mu = x.mean(axis=(0, 2), keepdims=True)
    var = x.var(axis=(0, 2), keepdims=True)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma[:, None, None] * x_hat + beta[:, None, None]


@twin("spatial.without-height", "the version that leaves out the third axis: statistics a channel and row")
def without_height(x: Maps, gamma: Row, beta: Row, *, eps: float = 1e-5) -> np.ndarray:
    """Two of the three axes."""
    mu = x.mean(axis=(0, 3), keepdims=True)
    var = x.var(axis=(0, 3), keepdims=True)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma[:, None, None] * x_hat + beta[:, None, None]


@twin("spatial.whole-tensor", "the version with one mean and one variance of everything")
def whole_tensor(x: Maps, gamma: Row, beta: Row, *, eps: float = 1e-5) -> np.ndarray:
    """No axis named, so NumPy takes all."""
    mu = x.mean(keepdims=True)
    var = x.var(keepdims=True)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma[:, None, None] * x_hat + beta[:, None, None]


@twin("spatial.mean-of-variances", "the version whose variance is the mean of the variances of the images")
def mean_of_variances(x: Maps, gamma: Row, beta: Row, *, eps: float = 1e-5) -> np.ndarray:
    """How far the images' means are apart is lost."""
    mu = x.mean(axis=(0, 2, 3), keepdims=True)
    var = x.var(axis=(2, 3), keepdims=True).mean(axis=0, keepdims=True)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma[:, None, None] * x_hat + beta[:, None, None]


@twin(
    "spatial.mean-of-cell-variances",
    "the version whose variance is the mean of the variances of the cells",
)
def mean_of_cell_variances(x: Maps, gamma: Row, beta: Row, *, eps: float = 1e-5) -> np.ndarray:
    """How far the places' means are apart is lost."""
    mu = x.mean(axis=(0, 2, 3), keepdims=True)
    var = x.var(axis=0, keepdims=True).mean(axis=(2, 3), keepdims=True)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma[:, None, None] * x_hat + beta[:, None, None]


@twin("spatial.divided-by-n", "the version that divides both sums by N, not by N·H·W")
def divided_by_n(x: Maps, gamma: Row, beta: Row, *, eps: float = 1e-5) -> np.ndarray:
    """The number of images, not of values."""
    mu = x.sum(axis=(0, 2, 3), keepdims=True) / len(x)
    var = ((x - mu) ** 2).sum(axis=(0, 2, 3), keepdims=True) / len(x)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma[:, None, None] * x_hat + beta[:, None, None]


@twin("spatial.mean-divided-by-n", "the version that divides the sum of the mean by N, not by N·H·W")
def mean_divided_by_n(x: Maps, gamma: Row, beta: Row, *, eps: float = 1e-5) -> np.ndarray:
    """The variance is that about the right mean."""
    mu = x.sum(axis=(0, 2, 3), keepdims=True) / len(x)
    var = x.var(axis=(0, 2, 3), keepdims=True)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma[:, None, None] * x_hat + beta[:, None, None]


@twin("spatial.variance-divided-by-n", "the version that divides the sum of the variance by N, not by N·H·W")
def variance_divided_by_n(x: Maps, gamma: Row, beta: Row, *, eps: float = 1e-5) -> np.ndarray:
    """The mean is right."""
    mu = x.mean(axis=(0, 2, 3), keepdims=True)
    var = ((x - mu) ** 2).sum(axis=(0, 2, 3), keepdims=True) / len(x)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma[:, None, None] * x_hat + beta[:, None, None]


@twin("spatial.bessel", "the version whose variance is divided by N·H·W − 1")
def bessel(x: Maps, gamma: Row, beta: Row, *, eps: float = 1e-5) -> np.ndarray:
    """The variance meant for the running statistics."""
    mu = x.mean(axis=(0, 2, 3), keepdims=True)
    var = x.var(axis=(0, 2, 3), ddof=1, keepdims=True)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma[:, None, None] * x_hat + beta[:, None, None]


@twin("spatial.eps-outside", "the version with eps outside the root")
def eps_outside(x: Maps, gamma: Row, beta: Row, *, eps: float = 1e-5) -> np.ndarray:
    """eps is added to the standard deviation."""
    mu = x.mean(axis=(0, 2, 3), keepdims=True)
    var = x.var(axis=(0, 2, 3), keepdims=True)
    x_hat = (x - mu) / (np.sqrt(var) + eps)
    return gamma[:, None, None] * x_hat + beta[:, None, None]


@twin("spatial.eps-missing", "the version without eps")
def eps_missing(x: Maps, gamma: Row, beta: Row, *, eps: float = 1e-5) -> np.ndarray:
    """No eps: a constant channel divides 0 by 0."""
    mu = x.mean(axis=(0, 2, 3), keepdims=True)
    var = x.var(axis=(0, 2, 3), keepdims=True)
    x_hat = (x - mu) / np.sqrt(var)
    return gamma[:, None, None] * x_hat + beta[:, None, None]


@twin("spatial.no-root", "the version that divides by the variance, without the root")
def no_root(x: Maps, gamma: Row, beta: Row, *, eps: float = 1e-5) -> np.ndarray:
    """Divided by var + eps."""
    mu = x.mean(axis=(0, 2, 3), keepdims=True)
    var = x.var(axis=(0, 2, 3), keepdims=True)
    x_hat = (x - mu) / (var + eps)
    return gamma[:, None, None] * x_hat + beta[:, None, None]


@twin("spatial.gamma-missing", "the version without gamma")
def gamma_missing(x: Maps, gamma: Row, beta: Row, *, eps: float = 1e-5) -> np.ndarray:
    """No scale."""
    mu = x.mean(axis=(0, 2, 3), keepdims=True)
    var = x.var(axis=(0, 2, 3), keepdims=True)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return x_hat + beta[:, None, None]


@twin("spatial.beta-missing", "the version without beta")
def beta_missing(x: Maps, gamma: Row, beta: Row, *, eps: float = 1e-5) -> np.ndarray:
    """No shift."""
    mu = x.mean(axis=(0, 2, 3), keepdims=True)
    var = x.var(axis=(0, 2, 3), keepdims=True)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma[:, None, None] * x_hat


@twin("spatial.gamma-beta-axis", "the version with gamma and beta along the last axis")
def gamma_beta_axis(x: Maps, gamma: Row, beta: Row, *, eps: float = 1e-5) -> np.ndarray:
    """Without [:, None, None] the C values meet the W columns: NumPy complains unless C = W."""
    mu = x.mean(axis=(0, 2, 3), keepdims=True)
    var = x.var(axis=(0, 2, 3), keepdims=True)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma * x_hat + beta


@twin("spatial.reshape-there", "the version that reshapes to rows of channels without a transpose first")
def reshape_there(x: Maps, gamma: Row, beta: Row, *, eps: float = 1e-5) -> np.ndarray:
    """The values of other channels stand in a column; the way back is right."""
    N, C, H, W = x.shape
    rows = x.reshape(-1, C)
    x_hat = (rows - rows.mean(axis=0)) / np.sqrt(rows.var(axis=0) + eps)
    y = gamma * x_hat + beta
    return y.reshape(N, H, W, C).transpose(0, 3, 1, 2)


@twin("spatial.reshape-back", "the version that reshapes the rows of channels back without a transpose")
def reshape_back(x: Maps, gamma: Row, beta: Row, *, eps: float = 1e-5) -> np.ndarray:
    """Every value is right and stands in another place."""
    N, C, H, W = x.shape
    rows = x.transpose(0, 2, 3, 1).reshape(-1, C)
    x_hat = (rows - rows.mean(axis=0)) / np.sqrt(rows.var(axis=0) + eps)
    y = gamma * x_hat + beta
    return y.reshape(N, C, H, W)


@twin("spatial.reshape-both", "the version that reshapes there and back without a transpose")
def reshape_both(x: Maps, gamma: Row, beta: Row, *, eps: float = 1e-5) -> np.ndarray:
    """Values come back to their places, with the statistics and the gamma of others."""
    N, C, H, W = x.shape
    rows = x.reshape(-1, C)
    x_hat = (rows - rows.mean(axis=0)) / np.sqrt(rows.var(axis=0) + eps)
    y = gamma * x_hat + beta
    return y.reshape(N, C, H, W)


SPATIAL = (
    per_instance, per_example, per_pixel, per_cell, without_width, without_height, whole_tensor,
    mean_of_variances, mean_of_cell_variances, divided_by_n, mean_divided_by_n, variance_divided_by_n,
    bessel, eps_outside, eps_missing, no_root, gamma_missing, beta_missing, gamma_beta_axis,
    reshape_there, reshape_back, reshape_both,
)  # fmt: skip
