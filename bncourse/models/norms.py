"""A norm by its name, or by a function that builds it. Chapter: twelve-configurations."""

from collections.abc import Callable

from torch import nn

from bncourse.errors import StateError

__all__ = ["NORMS", "NormFactory", "make_norm"]

# (channels, dims) -> module; dims counts the spatial axes: 2 after a convolution, 0 after a dense layer.
NormFactory = Callable[[int, int], nn.Module]


def _none(channels: int, dims: int) -> nn.Module:
    return nn.Identity()


def _batch(channels: int, dims: int) -> nn.Module:
    return nn.BatchNorm2d(channels) if dims == 2 else nn.BatchNorm1d(channels)


NORMS: dict[str, NormFactory] = {"none": _none, "batch": _batch}


def make_norm(norm: str | NormFactory, channels: int, dims: int) -> nn.Module:
    """Build the norm for activations of shape (N, channels) and `dims` spatial axes after that.

    `norm` is a name in NORMS or a function of (channels, dims). Raises StateError for an unknown name.

    >>> make_norm("none", 32, dims=2)
    Identity()
    >>> type(make_norm("batch", 32, dims=2)).__name__
    'BatchNorm2d'
    >>> type(make_norm(lambda channels, dims: nn.GroupNorm(4, channels), 32, dims=2)).__name__
    'GroupNorm'
    """
    if callable(norm):
        return norm(channels, dims)
    if norm not in NORMS:
        raise StateError(f"norm is one of {', '.join(NORMS)}", got=repr(norm), hint='norm="batch"')
    return NORMS[norm](channels, dims)
