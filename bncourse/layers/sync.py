"""Batch norm over several workers, as if their batches were one. Chapter: ship-and-scale.

    worker w     has a batch of its own, x (N_w, C, *spatial); the sizes may differ, one of them may be 0
    n            values a channel on all workers together
    mu, var      mean and biased variance of those n values, (C,), the same numbers on every worker
    group        the process group of torch.distributed whose workers share statistics; None is all of them

torch.nn.SyncBatchNorm does the same and wants a GPU. Here the backend is free: gloo on a CPU, nccl on a GPU.
Two messages a layer and step: forward gathers count, mean and sum of squared deviations, backward adds two
sums a channel. The variance is merged from those of the workers, never taken as E[x²] − E[x]².
"""

import copy
import math
from collections.abc import Callable
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn import functional as native

from bncourse.errors import ShapeError, StateError
from bncourse.layers.functional import _beside, _dense, _refuse, _rows_fit, _update
from bncourse.layers.modules import BatchNorm1d, BatchNorm2d, BatchNorm3d, _BatchNorm
from bncourse.layers.normalise import shared_axes

__all__ = ["SyncBatchNorm1d", "SyncBatchNorm2d", "SyncBatchNorm3d", "synchronise"]

Moments = tuple[Tensor, Tensor, Tensor]


def _workers(group: Any) -> int:
    """How many share statistics; 1 outside of a process group."""
    return dist.get_world_size(group) if dist.is_available() and dist.is_initialized() else 1


def _merged(count: int, mean: Tensor, deviations: Tensor, group: Any) -> Moments:
    """n, mu and var of all workers, from every worker's count, mean (C,) and sum of squared deviations (C,).

    The formula of `bncourse.merge_stats`, for any number of parts at once. Each worker gets the same numbers
    in the same order, so all results are equal to the last bit. float64: it is a message of a few kilobytes.
    """
    own = torch.cat([mean.new_tensor([count], dtype=torch.float64), mean.double(), deviations.double()])
    parts = [torch.empty_like(own) for _ in range(_workers(group))]
    dist.all_gather(parts, own, group=group)
    counts, means, within = torch.stack(parts).split([1, len(mean), len(mean)], dim=1)
    n = counts.sum()
    # Every worker sees whether it may be so; only then it asks, which a GPU would have to be waited for.
    if count < 2 and n == 1:
        raise ShapeError(
            "all workers together have at least two values a channel",
            got="one",
            hint="a larger batch on any of them",
        )
    share = counts / n.clamp(min=1)
    mu = means[0] + (share * (means - means[0])).sum(0)
    between = counts * (means - mu).square()
    return n, mu, (within + between).sum(0) / n.clamp(min=1)


class _SyncNorm(Function):
    """apply(x, gamma, beta, eps, group) -> y, n, mu, var.

    Backward, with the sums Σ over all workers and g = dy:

        dx = gamma / sqrt(var + eps) · (g − Σg / n − x_hat · Σ(g · x_hat) / n)

    dgamma and dbeta are this worker's own sums: DistributedDataParallel takes the mean over workers of every
    parameter's gradient, theirs included. Source: `bncourse.reference.sync`.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, gamma: Tensor | None, beta: Tensor | None, eps: float, group: Any
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        axes, dims, wide = shared_axes("batch", x.dim()), x.dim(), torch.promote_types(x.dtype, torch.float32)
        count = math.prod([x.shape[axis] for axis in axes])
        mean = x.sum(axes, dtype=wide) / max(count, 1)
        y = x - _beside(mean, dims)  # the only new array: it serves twice
        n, mu, var = _merged(count, mean, y.square_().sum(axes), group)
        mu, var = mu.to(wide), var.to(wide)
        y.copy_(x).sub_(_beside(mu, dims)).mul_(_beside(torch.rsqrt(var + eps), dims))
        if gamma is not None:
            y.mul_(_beside(gamma, dims))
        if beta is not None:
            y.add_(_beside(beta, dims))
        ctx.save_for_backward(x, gamma, n, mu, var)
        ctx.mark_non_differentiable(n, mu, var)
        ctx.eps, ctx.group = eps, group
        ctx.dtypes = [None if row is None else row.dtype for row in (gamma, beta)]
        return y.to(x.dtype), n, mu, var

    @staticmethod
    @once_differentiable  # the messages leave no trace for a second derivative
    def backward(ctx: Any, dy: Tensor, *_: Any) -> tuple[Tensor | None, ...]:
        x, gamma, n, mu, var = ctx.saved_tensors
        axes, dims = shared_axes("batch", x.dim()), x.dim()
        inv_std = torch.rsqrt(var + ctx.eps)
        x_hat = (x - _beside(mu, dims)).mul_(_beside(inv_std, dims))
        g = dy.to(x_hat.dtype)
        sums = torch.stack([(x_hat * g).sum(axes), g.sum(axes)])
        own = [None if dtype is None else row.to(dtype) for row, dtype in zip(sums, ctx.dtypes, strict=True)]
        if not ctx.needs_input_grad[0]:  # a first layer: no worker waits for a message
            return None, *own, None, None
        everyone = sums.clone()
        dist.all_reduce(everyone, group=ctx.group)
        mean_g_x_hat, mean_g = everyone / n.clamp(min=1).to(sums.dtype)
        scale = inv_std if gamma is None else inv_std * gamma
        dx = x_hat.mul_(_beside(-mean_g_x_hat, dims)).add_(g).sub_(_beside(mean_g, dims))
        return dx.mul_(_beside(scale, dims)).to(x.dtype), *own, None, None


class _SyncBatchNorm(_BatchNorm):
    def __init__(self, *arguments: Any, process_group: Any = None, **named: Any) -> None:
        super().__init__(*arguments, **named)
        if self.backward != "simplified":
            raise StateError(
                "over workers the backward pass is the simplified one",
                got=f"backward={self.backward!r}",
                hint=f"{type(self).__name__.removeprefix('Sync')}, which has both",
            )
        self.process_group = process_group

    def forward(self, input: Tensor) -> Tensor:
        """Normalise with the batches of all workers in training, with the running statistics otherwise."""
        # In inference no worker waits for another, so that one may evaluate alone.
        if not self.training or _workers(self.process_group) <= 1:
            return super().forward(input)
        self._check_input_dim(input)  # type: ignore[no-untyped-call]
        rows = (self.running_mean, self.running_var) if self.track_running_stats else (None, None)
        rows_fit = _rows_fit(input, (input.shape[1],), *rows, self.weight, self.bias)
        if not (rows_fit and self.eps > 0):
            _refuse(native.batch_norm, input, *rows, self.weight, self.bias, True, 0.0, self.eps)
        call: Callable[..., tuple[Tensor, ...]] = _SyncNorm.apply
        y, n, mu, var = call(_dense(input), self.weight, self.bias, self.eps, self.process_group)
        new_weight: float | Tensor = 0.0 if self.momentum is None else self.momentum
        if self.track_running_stats and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            if self.momentum is None:  # the plain average over all batches
                new_weight = 1 / self.num_batches_tracked.to(mu.dtype)
        new_weight = new_weight * (n > 0).double()  # batches that are all empty leave no trace
        _update(rows[0], mu, new_weight)
        _update(rows[1], var * (n / (n - 1).clamp(min=1)).to(var.dtype), new_weight)
        return y


class SyncBatchNorm1d(_SyncBatchNorm, BatchNorm1d):
    """`BatchNorm1d`, for (N, C) and (N, C, L), with the statistics of all workers in training.

    Arguments, attributes and the keys of the state dict are those of torch.nn.BatchNorm1d; `process_group` is
    as in torch.nn.SyncBatchNorm. In training every worker calls it as often and in the same order, since each
    waits for the others; the sizes N may differ. Gradients of gamma and beta are the worker's own part, which
    DistributedDataParallel averages. Running statistics, with the unbiased variance of all n values, come out
    the same on every worker. With one worker, outside of a process group and in inference it is
    `BatchNorm1d`. With more workers there are no second derivatives. Raises as torch.nn.BatchNorm1d does, but
    ShapeError where all workers together have one value a channel.
    Source: Peng et al. 2018 (arXiv 1711.07240), cross-GPU batch normalisation; `bncourse.reference.sync`
    has the formulas on a list of batches.

    >>> layer = SyncBatchNorm1d(1, momentum=None, eps=3.0)
    >>> layer(torch.tensor([[1.0], [3.0]])).tolist()  # one worker
    [[-0.5], [0.5]]
    """


class SyncBatchNorm2d(_SyncBatchNorm, BatchNorm2d):
    """`BatchNorm2d`, for (N, C, H, W), with the statistics of all workers; see `SyncBatchNorm1d`.

    >>> SyncBatchNorm2d(3)(torch.zeros(2, 3, 4, 4)).shape
    torch.Size([2, 3, 4, 4])
    """


class SyncBatchNorm3d(_SyncBatchNorm, BatchNorm3d):
    """`BatchNorm3d`, for (N, C, D, H, W), with the statistics of all workers; see `SyncBatchNorm1d`.

    >>> SyncBatchNorm3d(3)(torch.zeros(2, 3, 2, 4, 4)).shape
    torch.Size([2, 3, 2, 4, 4])
    """


_KINDS: dict[type[nn.Module], type[_SyncBatchNorm]] = {
    nn.BatchNorm1d: SyncBatchNorm1d,
    nn.BatchNorm2d: SyncBatchNorm2d,
    nn.BatchNorm3d: SyncBatchNorm3d,
    BatchNorm1d: SyncBatchNorm1d,
    BatchNorm2d: SyncBatchNorm2d,
    BatchNorm3d: SyncBatchNorm3d,
}


def synchronise(module: nn.Module, process_group: Any = None) -> nn.Module:
    """A copy of a net in which every batch norm is synchronised; the net passed in stays as it is.

    As with `bncourse.models.convert`, which knows the other norms: the batch norms of torch.nn and of
    `bncourse.layers` are swapped at any depth, and the net may be one itself. Parameters, running statistics,
    settings, mode, dtype and device are kept, and a norm used in two places stays one. Nothing is shared with
    the net passed in: make the optimiser afterwards. Hooks on the swapped norms are not taken along. Raises
    StateError for a batch norm of another class, which may compute something else.

    >>> net = nn.Sequential(nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16), nn.ReLU())
    >>> synchronise(net)[1], net[1]
    (SyncBatchNorm2d(16, ...), BatchNorm2d(16, ...))
    """
    return _swap(copy.deepcopy(module), process_group, {})


def _swap(module: nn.Module, group: Any, done: dict[nn.Module, nn.Module]) -> nn.Module:
    if module not in done:
        done[module] = _instead(module, group)
        # A norm has no children, and named_children() would leave out the second use of one.
        for name, child in module._modules.items():
            if child is not None:
                module._modules[name] = _swap(child, group, done)
    return done[module]


def _instead(old: Any, group: Any) -> nn.Module:
    """The synchronised norm that takes the place of `old`, or `old` itself."""
    if type(old) in _KINDS:
        kept = old.num_features, old.eps, old.momentum, old.affine, old.track_running_stats
        new = _KINDS[type(old)](*kept, process_group=group)
        # The tensors themselves, not their values: dtype, device and shared use come along.
        new._buffers.update(old._buffers)
        new._parameters.update(old._parameters)
        return new.train(old.training)
    if isinstance(old, nn.modules.batchnorm._BatchNorm) and not isinstance(old, _SyncBatchNorm):
        raise StateError(
            "the batch norms are BatchNorm1d, 2d or 3d, of PyTorch or of bncourse.layers",
            got=type(old).__name__,
            hint="exchange that one by hand before",
        )
    return old  # type: ignore[no-any-return]
