"""Wrong twins of group norm, forward. Chapters: small-batches, gradient-checking.

x (N, C, H, W), C channels in `groups` groups of neighbours. Read each beside the right lines:

    N, C, H, W = x.shape
    blocks = x.reshape(N, groups, C // groups, H, W)
    mu = blocks.mean(axis=(2, 3, 4), keepdims=True)
    var = blocks.var(axis=(2, 3, 4), keepdims=True)
    x_hat = ((blocks - mu) / np.sqrt(var + eps)).reshape(x.shape)
    return gamma[:, None, None] * x_hat + beta[:, None, None]
"""

# mypy: disable-error-code="no-any-return"
# (To mypy, arithmetic on arrays is Any. Saying otherwise in every twin would bury the slip.)

import numpy as np

from bncourse.conventions import Row
from bncourse.mistakes.twin import twin
from bncourse.reference.channels import Maps

__all__ = ["GROUP"]


@twin("group.size-for-number", "the version that takes the number of groups for their size")
def size_for_number(x: Maps, gamma: Row, beta: Row, groups: int, *, eps: float = 1e-5) -> np.ndarray:
    """groups channels in each of C/groups groups."""
    N, C, H, W = x.shape
    blocks = x.reshape(N, C // groups, groups, H, W)
    mu = blocks.mean(axis=(2, 3, 4), keepdims=True)
    var = blocks.var(axis=(2, 3, 4), keepdims=True)
    x_hat = ((blocks - mu) / np.sqrt(var + eps)).reshape(x.shape)
    return gamma[:, None, None] * x_hat + beta[:, None, None]


@twin("group.interleaved", "the version whose groups are every G-th channel, not neighbours")
def interleaved(x: Maps, gamma: Row, beta: Row, groups: int, *, eps: float = 1e-5) -> np.ndarray:
    """The two axes are there, and the statistics run over the wrong one."""
    N, C, H, W = x.shape
    blocks = x.reshape(N, C // groups, groups, H, W)
    mu = blocks.mean(axis=(1, 3, 4), keepdims=True)
    var = blocks.var(axis=(1, 3, 4), keepdims=True)
    x_hat = ((blocks - mu) / np.sqrt(var + eps)).reshape(x.shape)
    return gamma[:, None, None] * x_hat + beta[:, None, None]


@twin("group.per-pixel", "the version that normalises each pixel over the channels of its group")
def per_pixel(x: Maps, gamma: Row, beta: Row, groups: int, *, eps: float = 1e-5) -> np.ndarray:
    """The places are left out."""
    N, C, H, W = x.shape
    blocks = x.reshape(N, groups, C // groups, H, W)
    mu = blocks.mean(axis=2, keepdims=True)
    var = blocks.var(axis=2, keepdims=True)
    x_hat = ((blocks - mu) / np.sqrt(var + eps)).reshape(x.shape)
    return gamma[:, None, None] * x_hat + beta[:, None, None]


@twin("group.per-channel", "the version that normalises each channel by itself: instance norm")
def per_channel(x: Maps, gamma: Row, beta: Row, groups: int, *, eps: float = 1e-5) -> np.ndarray:
    """The channels of a group are not put together."""
    N, C, H, W = x.shape
    blocks = x.reshape(N, groups, C // groups, H, W)
    mu = blocks.mean(axis=(3, 4), keepdims=True)
    var = blocks.var(axis=(3, 4), keepdims=True)
    x_hat = ((blocks - mu) / np.sqrt(var + eps)).reshape(x.shape)
    return gamma[:, None, None] * x_hat + beta[:, None, None]


@twin("group.one-group", "the version with all channels in one group: layer norm")
def one_group(x: Maps, gamma: Row, beta: Row, groups: int, *, eps: float = 1e-5) -> np.ndarray:
    """The argument groups is never looked at."""
    N, C, H, W = x.shape
    blocks = x.reshape(N, groups, C // groups, H, W)
    mu = blocks.mean(axis=(1, 2, 3, 4), keepdims=True)
    var = blocks.var(axis=(1, 2, 3, 4), keepdims=True)
    x_hat = ((blocks - mu) / np.sqrt(var + eps)).reshape(x.shape)
    return gamma[:, None, None] * x_hat + beta[:, None, None]


@twin("group.batch-axis", "the version that shares its statistics over the batch as well")
def batch_axis(x: Maps, gamma: Row, beta: Row, groups: int, *, eps: float = 1e-5) -> np.ndarray:
    """An example depends on the others."""
    N, C, H, W = x.shape
    blocks = x.reshape(N, groups, C // groups, H, W)
    mu = blocks.mean(axis=(0, 2, 3, 4), keepdims=True)
    var = blocks.var(axis=(0, 2, 3, 4), keepdims=True)
    x_hat = ((blocks - mu) / np.sqrt(var + eps)).reshape(x.shape)
    return gamma[:, None, None] * x_hat + beta[:, None, None]


@twin("group.batch-norm", "the version that normalises each channel over the batch: batch norm")
def batch_norm(x: Maps, gamma: Row, beta: Row, groups: int, *, eps: float = 1e-5) -> np.ndarray:
    """The groups are there, and the axes are batch norm's."""
    N, C, H, W = x.shape
    blocks = x.reshape(N, groups, C // groups, H, W)
    mu = blocks.mean(axis=(0, 3, 4), keepdims=True)
    var = blocks.var(axis=(0, 3, 4), keepdims=True)
    x_hat = ((blocks - mu) / np.sqrt(var + eps)).reshape(x.shape)
    return gamma[:, None, None] * x_hat + beta[:, None, None]


@twin("group.without-width", "the version that leaves the last axis out of its statistics")
def without_width(x: Maps, gamma: Row, beta: Row, groups: int, *, eps: float = 1e-5) -> np.ndarray:
    """One axis is missing."""
    N, C, H, W = x.shape
    blocks = x.reshape(N, groups, C // groups, H, W)
    mu = blocks.mean(axis=(2, 3), keepdims=True)
    var = blocks.var(axis=(2, 3), keepdims=True)
    x_hat = ((blocks - mu) / np.sqrt(var + eps)).reshape(x.shape)
    return gamma[:, None, None] * x_hat + beta[:, None, None]


@twin("group.without-height", "the version that leaves the fourth axis out of its statistics")
def without_height(x: Maps, gamma: Row, beta: Row, groups: int, *, eps: float = 1e-5) -> np.ndarray:
    """One axis is missing."""
    N, C, H, W = x.shape
    blocks = x.reshape(N, groups, C // groups, H, W)
    mu = blocks.mean(axis=(2, 4), keepdims=True)
    var = blocks.var(axis=(2, 4), keepdims=True)
    x_hat = ((blocks - mu) / np.sqrt(var + eps)).reshape(x.shape)
    return gamma[:, None, None] * x_hat + beta[:, None, None]


@twin("group.n-for-d", "the version that divides both sums by N, not by the size of a block")
def n_for_d(x: Maps, gamma: Row, beta: Row, groups: int, *, eps: float = 1e-5) -> np.ndarray:
    """A line of batch norm, with only its axes changed."""
    N, C, H, W = x.shape
    blocks = x.reshape(N, groups, C // groups, H, W)
    mu = blocks.sum(axis=(2, 3, 4), keepdims=True) / N
    var = ((blocks - mu) ** 2).sum(axis=(2, 3, 4), keepdims=True) / N
    x_hat = ((blocks - mu) / np.sqrt(var + eps)).reshape(x.shape)
    return gamma[:, None, None] * x_hat + beta[:, None, None]


@twin("group.divided-by-channels", "the version that divides both sums by the channels of a group only")
def divided_by_channels(x: Maps, gamma: Row, beta: Row, groups: int, *, eps: float = 1e-5) -> np.ndarray:
    """The places are summed over and not counted."""
    N, C, H, W = x.shape
    blocks = x.reshape(N, groups, C // groups, H, W)
    mu = blocks.sum(axis=(2, 3, 4), keepdims=True) / (C // groups)
    var = ((blocks - mu) ** 2).sum(axis=(2, 3, 4), keepdims=True) / (C // groups)
    x_hat = ((blocks - mu) / np.sqrt(var + eps)).reshape(x.shape)
    return gamma[:, None, None] * x_hat + beta[:, None, None]


@twin("group.mean-of-variances", "the version whose variance is the mean of those of the channels")
def mean_of_variances(x: Maps, gamma: Row, beta: Row, groups: int, *, eps: float = 1e-5) -> np.ndarray:
    """How far the channels' means are apart is lost."""
    N, C, H, W = x.shape
    blocks = x.reshape(N, groups, C // groups, H, W)
    mu = blocks.mean(axis=(2, 3, 4), keepdims=True)
    var = blocks.var(axis=(3, 4), keepdims=True).mean(axis=2, keepdims=True)
    x_hat = ((blocks - mu) / np.sqrt(var + eps)).reshape(x.shape)
    return gamma[:, None, None] * x_hat + beta[:, None, None]


@twin("group.rms", "the version that leaves the mean in: RMS norm of the groups")
def rms(x: Maps, gamma: Row, beta: Row, groups: int, *, eps: float = 1e-5) -> np.ndarray:
    """Divided by the root of the mean square, and not centred."""
    N, C, H, W = x.shape
    blocks = x.reshape(N, groups, C // groups, H, W)
    var = (blocks**2).mean(axis=(2, 3, 4), keepdims=True)
    x_hat = (blocks / np.sqrt(var + eps)).reshape(x.shape)
    return gamma[:, None, None] * x_hat + beta[:, None, None]


@twin("group.bessel", "the version whose variance is divided by the size of a block − 1")
def bessel(x: Maps, gamma: Row, beta: Row, groups: int, *, eps: float = 1e-5) -> np.ndarray:
    """What torch.var does when it is not asked otherwise."""
    N, C, H, W = x.shape
    blocks = x.reshape(N, groups, C // groups, H, W)
    mu = blocks.mean(axis=(2, 3, 4), keepdims=True)
    var = blocks.var(axis=(2, 3, 4), ddof=1, keepdims=True)
    x_hat = ((blocks - mu) / np.sqrt(var + eps)).reshape(x.shape)
    return gamma[:, None, None] * x_hat + beta[:, None, None]


@twin("group.eps-outside", "the version with eps outside the root")
def eps_outside(x: Maps, gamma: Row, beta: Row, groups: int, *, eps: float = 1e-5) -> np.ndarray:
    """eps is added to the standard deviation."""
    N, C, H, W = x.shape
    blocks = x.reshape(N, groups, C // groups, H, W)
    mu = blocks.mean(axis=(2, 3, 4), keepdims=True)
    var = blocks.var(axis=(2, 3, 4), keepdims=True)
    x_hat = ((blocks - mu) / (np.sqrt(var) + eps)).reshape(x.shape)
    return gamma[:, None, None] * x_hat + beta[:, None, None]


@twin("group.eps-missing", "the version without eps")
def eps_missing(x: Maps, gamma: Row, beta: Row, groups: int, *, eps: float = 1e-5) -> np.ndarray:
    """No eps: a constant group divides 0 by 0."""
    N, C, H, W = x.shape
    blocks = x.reshape(N, groups, C // groups, H, W)
    mu = blocks.mean(axis=(2, 3, 4), keepdims=True)
    var = blocks.var(axis=(2, 3, 4), keepdims=True)
    x_hat = ((blocks - mu) / np.sqrt(var)).reshape(x.shape)
    return gamma[:, None, None] * x_hat + beta[:, None, None]


@twin("group.no-root", "the version that divides by the variance, without the root")
def no_root(x: Maps, gamma: Row, beta: Row, groups: int, *, eps: float = 1e-5) -> np.ndarray:
    """Divided by var + eps."""
    N, C, H, W = x.shape
    blocks = x.reshape(N, groups, C // groups, H, W)
    mu = blocks.mean(axis=(2, 3, 4), keepdims=True)
    var = blocks.var(axis=(2, 3, 4), keepdims=True)
    x_hat = ((blocks - mu) / (var + eps)).reshape(x.shape)
    return gamma[:, None, None] * x_hat + beta[:, None, None]


@twin("group.gamma-missing", "the version without gamma")
def gamma_missing(x: Maps, gamma: Row, beta: Row, groups: int, *, eps: float = 1e-5) -> np.ndarray:
    """No scale."""
    N, C, H, W = x.shape
    blocks = x.reshape(N, groups, C // groups, H, W)
    mu = blocks.mean(axis=(2, 3, 4), keepdims=True)
    var = blocks.var(axis=(2, 3, 4), keepdims=True)
    x_hat = ((blocks - mu) / np.sqrt(var + eps)).reshape(x.shape)
    return x_hat + beta[:, None, None]


@twin("group.beta-missing", "the version without beta")
def beta_missing(x: Maps, gamma: Row, beta: Row, groups: int, *, eps: float = 1e-5) -> np.ndarray:
    """No shift."""
    N, C, H, W = x.shape
    blocks = x.reshape(N, groups, C // groups, H, W)
    mu = blocks.mean(axis=(2, 3, 4), keepdims=True)
    var = blocks.var(axis=(2, 3, 4), keepdims=True)
    x_hat = ((blocks - mu) / np.sqrt(var + eps)).reshape(x.shape)
    return gamma[:, None, None] * x_hat


@twin("group.gamma-beta-axis", "the version with gamma and beta along the last axis")
def gamma_beta_axis(x: Maps, gamma: Row, beta: Row, groups: int, *, eps: float = 1e-5) -> np.ndarray:
    """Without [:, None, None] the C values meet the W columns: NumPy complains unless C = W."""
    N, C, H, W = x.shape
    blocks = x.reshape(N, groups, C // groups, H, W)
    mu = blocks.mean(axis=(2, 3, 4), keepdims=True)
    var = blocks.var(axis=(2, 3, 4), keepdims=True)
    x_hat = ((blocks - mu) / np.sqrt(var + eps)).reshape(x.shape)
    return gamma * x_hat + beta


GROUP = (
    size_for_number, interleaved, per_pixel, per_channel, one_group, batch_axis, batch_norm,
    without_width, without_height, n_for_d, divided_by_channels, mean_of_variances, rms, bessel,
    eps_outside, eps_missing, no_root, gamma_missing, beta_missing, gamma_beta_axis,
)  # fmt: skip
