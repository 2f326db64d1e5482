"""A norm by its name, or by a function that builds it. Chapters: small-batches, twelve-configurations."""

from collections.abc import Callable

from torch import nn

from bncourse.errors import StateError

__all__ = ["NORMS", "NormFactory", "group_count", "make_norm"]

# (channels, dims) -> module; dims counts the spatial axes: 2 after a convolution, 0 after a dense layer.
NormFactory = Callable[[int, int], nn.Module]

_BATCH = (nn.BatchNorm1d, nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
_INSTANCE = (None, nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d)


def group_count(channels: int) -> int:
    """How many groups share the channels: the most up to 8 that go in evenly, two channels or more in each.

    A group of one channel of a dense layer would be a single number, and normalised to zero.

    Source: the fixed number of groups is Wu & He 2018 (arXiv 1803.08494), section 3.2; they use 32 for
    wider nets.

    >>> [group_count(channels) for channels in (64, 16, 12, 8, 6, 7, 1)]
    [8, 8, 6, 4, 3, 1, 1]
    """
    return max((g for g in range(1, 9) if channels % g == 0 and channels >= 2 * g), default=1)


def _none(channels: int, dims: int) -> nn.Module:
    return nn.Identity()


def _batch(channels: int, dims: int) -> nn.Module:
    return _BATCH[dims](channels)


def _batch_ours(channels: int, dims: int) -> nn.Module:
    # Here, because a net with PyTorch's own norms needs none of ours.
    from bncourse import layers

    return (layers.BatchNorm1d, layers.BatchNorm1d, layers.BatchNorm2d, layers.BatchNorm3d)[dims](channels)


def _batch_noisy(channels: int, dims: int) -> nn.Module:
    from bncourse.models.noisy import NoisyBatchNorm

    return NoisyBatchNorm(channels, dims)


def _layer(channels: int, dims: int) -> nn.Module:
    # On maps, layer norm as Wu & He mean it: statistics over C, H, W, but gamma and beta per channel.
    return nn.GroupNorm(1, channels) if dims else nn.LayerNorm(channels)


def _group(channels: int, dims: int) -> nn.Module:
    return nn.GroupNorm(group_count(channels), channels)


def _instance(channels: int, dims: int) -> nn.Module:
    norm = _INSTANCE[dims]
    if norm is None:
        raise StateError(
            "instance norm has spatial axes to average over",
            got="dims=0, one number a channel",
            hint='where="conv", or norm="layer"',
        )
    return norm(channels, affine=True)  # PyTorch's default has no gamma and beta; the other norms do


NORMS: dict[str, NormFactory] = {
    "none": _none,
    "batch": _batch,
    "batch-ours": _batch_ours,
    "batch-noisy": _batch_noisy,
    "layer": _layer,
    "group": _group,
    "instance": _instance,
}


def make_norm(norm: str | NormFactory, channels: int, dims: int) -> nn.Module:
    """Build the norm for activations of shape (N, channels) and `dims` spatial axes after that, 0 to 3.

    `norm` is a name in NORMS or a function of (channels, dims):

    none:       passes its input on
    batch:      PyTorch's batch norm; batch-ours: the one of `bncourse.layers`
    batch-noisy: batch norm with noise behind it, see `NoisyBatchNorm`; an experiment, of use nowhere else
    layer:      over all features of an example; over C, H and W of a map
    group:      `group_count(channels)` groups
    instance:   over H and W of each channel of each example; does not exist on dense features

    Each has a gamma and a beta per channel. Raises StateError for an unknown name, for instance norm
    with dims=0, and for dims outside 0 to 3.

    >>> make_norm("none", 32, dims=2)
    Identity()
    >>> make_norm("group", 32, dims=2)
    GroupNorm(8, 32, ...)
    >>> make_norm(lambda channels, dims: nn.GroupNorm(4, channels), 32, dims=2).num_groups
    4
    """
    if callable(norm):
        return norm(channels, dims)
    if norm not in NORMS:
        raise StateError(f"norm is one of {', '.join(NORMS)}", got=repr(norm), hint='norm="batch"')
    if dims not in range(4):
        raise StateError("dims, the number of spatial axes, is 0 to 3", got=f"dims={dims}", hint="dims=2")
    return NORMS[norm](channels, dims)
