"""Swap the batch norms of a net that exists for another norm, by name. Chapter: small-batches."""

import copy
from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from bncourse.errors import StateError
from bncourse.models.norms import NORMS, group_count

__all__ = ["convert"]

_TORCH = {nn.BatchNorm1d: 1, nn.BatchNorm2d: 2, nn.BatchNorm3d: 3}


def convert(module: nn.Module, norm: str) -> nn.Module:
    """A copy of a net in which every batch norm is another norm; the net passed in stays as it is.

    module: any net; its nn.BatchNorm1d, 2d, 3d and those of `bncourse.layers` are swapped, at any depth. The
            net may be such a norm itself
    norm:   a name of `make_norm`

    batch, batch-ours:      keep gamma, beta, eps, momentum and the running statistics; outputs are the same
    layer, group, instance: keep gamma, beta and eps; there are no running statistics any more
    none:                   passes its input on; gamma and beta are gone

    What is kept stays what it was: values, device, dtype, whether it needs a gradient, training or
    inference mode; a norm or a parameter used in two places stays one. Nothing is shared with the net
    passed in, so make the optimiser after converting. Hooks on the swapped norms are not taken along.

    Raises StateError for an unknown name; for a batch norm of another class (SyncBatchNorm, a subclass),
    which may compute something else; and for instance norm in the place of BatchNorm1d, which may get
    dense features, where instance norm does not exist.

    >>> net = nn.Sequential(nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16), nn.ReLU())
    >>> convert(net, "group")[1], net[1]
    (GroupNorm(8, 16, ...), BatchNorm2d(16, ...))
    """
    if norm not in NORMS:
        raise StateError(f"norm is one of {', '.join(NORMS)}", got=repr(norm), hint='norm="batch-ours"')
    return _swap(copy.deepcopy(module), norm, {}, "the net")


def _swap(module: nn.Module, norm: str, done: dict[nn.Module, nn.Module], path: str) -> nn.Module:
    """The module with its norms swapped in place; `done` keeps a module that is used twice one."""
    if module not in done:
        dims = _dims(module, path)
        done[module] = _instead(module, norm, dims, path) if dims else module
        if not dims:
            # A norm has no children, and named_children() would leave out the second use of one.
            for name, child in module._modules.items():
                if child is not None:
                    module._modules[name] = _swap(
                        child, norm, done, name if path == "the net" else f"{path}.{name}"
                    )
    return done[module]


def _dims(module: nn.Module, path: str) -> int:
    """1, 2 or 3 for a batch norm that can be swapped, 0 for any other module."""
    known = _TORCH | _ours()
    if type(module) in known:
        return known[type(module)]
    if isinstance(module, (_BatchNorm, *known)):
        raise StateError(
            "the batch norms are BatchNorm1d, 2d or 3d, of PyTorch or of bncourse.layers",
            got=f"{type(module).__name__} at {path}",
            hint="exchange that one by hand before",
        )
    return 0


def _ours() -> dict[type[nn.Module], int]:
    # Here, because a net with PyTorch's own norms needs none of ours.
    from bncourse import layers

    return {layers.BatchNorm1d: 1, layers.BatchNorm2d: 2, layers.BatchNorm3d: 3}


def _instead(old: Any, norm: str, dims: int, path: str) -> nn.Module:
    """The norm that takes the place of `old`, with what it keeps of it."""
    if norm == "none":
        new: nn.Module = nn.Identity()
    elif norm in ("batch", "batch-ours"):
        kinds = _TORCH if norm == "batch" else _ours()
        kind = next(kind for kind, size in kinds.items() if size == dims)
        if type(old) is kind:
            return old  # of the copy, so with every setting it had
        new = kind(old.num_features, old.eps, old.momentum, old.affine, old.track_running_stats)
        # The tensors themselves, not their values: dtype, device and shared use come along.
        new._buffers.update(old._buffers)
    elif norm == "instance":
        new = _instance(old, dims, path)
    else:
        groups = 1 if norm == "layer" else group_count(old.num_features)
        # On (N, C) GroupNorm(1, C) is layer norm, so it fits behind BatchNorm1d of either kind.
        new = nn.GroupNorm(groups, old.num_features, old.eps, old.affine)
    if norm != "none":
        new._parameters.update(old._parameters)
    return new.train(old.training)


def _instance(old: Any, dims: int, path: str) -> nn.Module:
    if dims == 1:
        raise StateError(
            "instance norm has spatial axes to average over",
            got=f"BatchNorm1d at {path}",
            hint='norm="layer", or exchange that one by hand before',
        )
    kind = nn.InstanceNorm2d if dims == 2 else nn.InstanceNorm3d
    return kind(old.num_features, old.eps, affine=old.affine)
