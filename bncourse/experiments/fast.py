"""What makes the training loop fast without changing what it computes.

The loop itself needs no second version: the data lie on the device as bytes anyway, and the optimiser is
fused. Chapter: twelve-configurations.
"""

from contextlib import AbstractContextManager

import torch
from jaxtyping import Float
from torch import Tensor, nn

__all__ = ["autocast", "channels_last"]


class _FlattenLast(nn.Module):
    """`nn.Flatten` for maps whose channels lie last in memory: a view, where Flatten would copy."""

    def forward(self, x: Float[Tensor, "N C H W"]) -> Float[Tensor, "N H*W*C"]:
        return x.permute(0, 2, 3, 1).flatten(1)


def channels_last(model: nn.Module, sample: Float[Tensor, "N 3 H W"]) -> nn.Module:
    """Lay the weights of `model`, changed in place, out so that the channels come last.

    A dense layer right behind an `nn.Flatten` gets its columns in the new order, so the function is the same.
    `sample` is a batch to learn the shape of those maps from; only its shape matters.

    >>> net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(16, 2))
    >>> x = torch.randn(5, 3, 4, 4)
    >>> before = net(x)
    >>> torch.allclose(channels_last(net, x)(x), before, atol=1e-6)
    True
    """
    for chain in [m for m in model.modules() if isinstance(m, nn.Sequential)]:
        for at in range(len(chain) - 1):
            flatten, dense = chain[at], chain[at + 1]
            if isinstance(flatten, nn.Flatten) and isinstance(dense, nn.Linear):
                shape = _input_shape(model, flatten, sample)
                with torch.no_grad():
                    columns = dense.weight.view(-1, *shape).permute(0, 2, 3, 1)
                    dense.weight.copy_(columns.reshape(dense.weight.shape))
                chain[at] = _FlattenLast()
    return model.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def _input_shape(model: nn.Module, layer: nn.Module, sample: Tensor) -> torch.Size:
    """(C, H, W) of what `layer` is given."""
    shapes: list[torch.Size] = []
    hook = layer.register_forward_pre_hook(lambda _, args: shapes.append(args[0].shape[1:]))
    was_training = model.training
    try:
        # Without training no running statistic moves and dropout draws nothing.
        with torch.inference_mode():
            model.eval()(torch.zeros_like(sample))
    finally:
        hook.remove()
        model.train(was_training)
    return shapes[0]


def autocast(precision: str, device: torch.device) -> AbstractContextManager[object]:
    """For a `RunConfig.precision`: bfloat16 where PyTorch holds it safe, or everything as written.

    >>> with autocast("bf16", torch.device("cpu")):
    ...     nn.Linear(2, 1)(torch.ones(1, 2)).dtype
    torch.bfloat16
    """
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")
