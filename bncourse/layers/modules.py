"""Modules that stand in for PyTorch's norms. Chapters: convolutions, small-batches.

Each is a subclass of the PyTorch module of its name: constructor, attributes, buffers, state_dict, checks of
the input and the words of errors are inherited, and `isinstance` holds. Only the arithmetic is ours.
"""

from typing import Any

import torch
from torch import Tensor, nn

from bncourse.layers.functional import batch_norm, group_norm, instance_norm, layer_norm, rms_norm
from bncourse.layers.normalise import check_backward

__all__ = [
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "GroupNorm",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "InstanceNorm3d",
    "LayerNorm",
    "RMSNorm",
]


class _BatchNorm(nn.modules.batchnorm._BatchNorm):
    # The arguments are passed on as they come: newer releases of PyTorch take more of them.
    def __init__(self, *arguments: Any, backward: str = "simplified", **named: Any) -> None:
        super().__init__(*arguments, **named)
        check_backward(backward)
        self.backward = backward

    def forward(self, input: Tensor) -> Tensor:
        """Normalise with the batch in training, with the running statistics otherwise."""
        self._check_input_dim(input)  # type: ignore[no-untyped-call]
        new_weight: float | Tensor = 0.0 if self.momentum is None else self.momentum
        seen = self.num_batches_tracked
        if self.training and self.track_running_stats and seen is not None:
            seen.add_(1)
            if self.momentum is None:  # the plain average over all batches
                new_weight = 1 / seen.to(torch.promote_types(input.dtype, torch.float32))
        in_use = not self.training or self.track_running_stats
        mean, var = (self.running_mean, self.running_var) if in_use else (None, None)
        training = self.training or (mean is None and var is None)
        return batch_norm(
            input, mean, var, self.weight, self.bias, training, new_weight, self.eps, backward=self.backward
        )

    def extra_repr(self) -> str:
        """PyTorch's, and the form of the backward pass where it is not the usual one."""
        words: str = super().extra_repr()  # type: ignore[no-untyped-call]
        return words if self.backward == "simplified" else f"{words}, backward={self.backward}"


class BatchNorm1d(_BatchNorm, nn.BatchNorm1d):
    """torch.nn.BatchNorm1d, for (N, C) and (N, C, L). `backward` is "simplified" or "staged".

    >>> layer = BatchNorm1d(1, momentum=None, eps=3.0, backward="staged")
    >>> layer(torch.tensor([[1.0], [3.0]])).tolist()
    [[-0.5], [0.5]]
    >>> layer.running_mean, layer.running_var
    (tensor([2.]), tensor([2.]))
    """


class BatchNorm2d(_BatchNorm, nn.BatchNorm2d):
    """torch.nn.BatchNorm2d, for (N, C, H, W). `backward` is "simplified" or "staged".

    >>> BatchNorm2d(3)(torch.zeros(2, 3, 4, 4)).shape
    torch.Size([2, 3, 4, 4])
    """


class BatchNorm3d(_BatchNorm, nn.BatchNorm3d):
    """torch.nn.BatchNorm3d, for (N, C, D, H, W). `backward` is "simplified" or "staged".

    >>> BatchNorm3d(3)(torch.zeros(2, 3, 2, 4, 4)).shape
    torch.Size([2, 3, 2, 4, 4])
    """


class _InstanceNorm(nn.modules.instancenorm._InstanceNorm):
    def _apply_instance_norm(self, input: Tensor) -> Tensor:
        of_input = self.training or not self.track_running_stats
        new_weight = 0.0 if self.momentum is None else self.momentum
        return instance_norm(
            input, self.running_mean, self.running_var, self.weight, self.bias, of_input, new_weight, self.eps
        )


class InstanceNorm1d(_InstanceNorm, nn.InstanceNorm1d):
    """torch.nn.InstanceNorm1d, for (N, C, L) and (C, L).

    >>> InstanceNorm1d(1, eps=3.0)(torch.tensor([[1.0, 3.0]])).tolist()
    [[-0.5, 0.5]]
    """


class InstanceNorm2d(_InstanceNorm, nn.InstanceNorm2d):
    """torch.nn.InstanceNorm2d, for (N, C, H, W) and (C, H, W).

    >>> InstanceNorm2d(3)(torch.zeros(2, 3, 4, 4)).shape
    torch.Size([2, 3, 4, 4])
    """


class InstanceNorm3d(_InstanceNorm, nn.InstanceNorm3d):
    """torch.nn.InstanceNorm3d, for (N, C, D, H, W) and (C, D, H, W).

    >>> InstanceNorm3d(3)(torch.zeros(2, 3, 2, 4, 4)).shape
    torch.Size([2, 3, 2, 4, 4])
    """


class LayerNorm(nn.LayerNorm):
    """torch.nn.LayerNorm, for (..., *normalized_shape).

    >>> LayerNorm(2, eps=3.0, elementwise_affine=False)(torch.tensor([[1.0, 3.0]])).tolist()
    [[-0.5, 0.5]]
    """

    def forward(self, input: Tensor) -> Tensor:
        """Normalise the last axes of each example."""
        return layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)


class GroupNorm(nn.GroupNorm):
    """torch.nn.GroupNorm, for (N, C, *spatial).

    >>> GroupNorm(1, 2, eps=3.0, affine=False)(torch.tensor([[1.0, 3.0]])).tolist()
    [[-0.5, 0.5]]
    """

    def forward(self, input: Tensor) -> Tensor:
        """Normalise each group of neighbouring channels of each example."""
        return group_norm(input, self.num_groups, self.weight, self.bias, self.eps)


class RMSNorm(nn.RMSNorm):
    """torch.nn.RMSNorm, for (..., *normalized_shape).

    >>> RMSNorm(2, eps=4.0, elementwise_affine=False)(torch.tensor([[1.0, 3.0]]))
    tensor([[0.3333, 1.0000]])
    """

    def forward(self, x: Tensor) -> Tensor:
        """Divide each example by the root of its mean square over the last axes."""
        return rms_norm(x, self.normalized_shape, self.weight, self.eps)
