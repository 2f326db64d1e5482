"""The norms of torch.nn.functional, by our own formulas. Chapters: convolutions, small-batches.

Names, arguments, dtypes, memory layout and the words of errors are PyTorch's, so that one can stand in for
the other; only batch_norm has one argument more, `backward`. What PyTorch's function refuses, it is asked to
refuse itself.

    N  examples    C  channels    *spatial  any number of axes    *normalized_shape  the last axes of x
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as native

from bncourse.errors import ShapeError
from bncourse.layers.normalise import normalise, shared_axes

__all__ = ["batch_norm", "group_norm", "instance_norm", "layer_norm", "rms_norm"]

Row = Float[Tensor, " C"] | None
# On these devices autocast runs layer, group and RMS norm in float32; batch and instance norm as they come.
_AUTOCAST_FLOAT32 = ("cuda", "xpu")


def _refuse(function: Callable[..., Tensor], x: Tensor, *arguments: Any) -> None:
    function(x, *arguments)  # which raises, in PyTorch's words
    name = function.__name__
    raise ShapeError(
        f"{name} is given real floating-point numbers, in shapes and dtypes that fit",
        got=f"shape {tuple(x.shape)} and dtype {x.dtype}",
        hint=f"torch.nn.functional.{name}, which takes them",
    )


def _rows_fit(x: Tensor, shape: tuple[int, ...], *rows: Tensor | None) -> bool:
    """All have that shape and the dtype of x, or all are float32 beside a shorter x."""
    given = [row for row in rows if row is not None]
    dtypes = {row.dtype for row in given} or {x.dtype}
    short = x.dtype in (torch.float16, torch.bfloat16)
    dtypes_fit = dtypes == {x.dtype} or (short and dtypes == {torch.float32})
    return x.is_floating_point() and dtypes_fit and all(row.shape == shape for row in given)


def _beside(row: Tensor, dims: int) -> Tensor:
    """One value a channel, with an axis of size 1 for each spatial axis of an x with `dims` axes."""
    return row.reshape(-1, *[1] * (dims - 2))


def _dense(x: Tensor) -> Tensor:
    """x as it is when its layout is channels_last, in the usual order otherwise: so is PyTorch's output."""
    layout = {4: torch.channels_last, 5: torch.channels_last_3d}.get(x.dim(), torch.contiguous_format)
    return x if x.is_contiguous(memory_format=layout) else x.contiguous()


def _autocast(x: Tensor, *rows: Tensor | None) -> tuple[Tensor, list[Tensor | None]]:
    """What autocast does before layer, group and RMS norm, and not before batch and instance norm."""
    if x.device.type not in _AUTOCAST_FLOAT32 or not torch.is_autocast_enabled(x.device.type):
        return x, list(rows)
    wide = [t if t is None or t.dtype == torch.float64 else t.float() for t in rows]
    return x if x.dtype == torch.float64 else x.float(), wide


def _update(running: Tensor | None, batch: Tensor, new_weight: float | Tensor) -> None:
    if running is not None:
        running.copy_((1 - new_weight) * running + new_weight * batch.detach().reshape(running.shape))


def _remembered(x: Tensor, mean: Row, var: Row, weight: Row, bias: Row, eps: float) -> Tensor:
    """Normalise with statistics that were remembered, not with those of x."""
    assert mean is not None
    assert var is not None
    wide, dims = torch.promote_types(x.dtype, torch.float32), x.dim()
    scale = torch.rsqrt(var.to(wide) + eps)
    y = (x - _beside(mean.to(wide), dims)) * _beside(scale if weight is None else scale * weight, dims)
    return (y if bias is None else y + _beside(bias, dims)).to(x.dtype)


def batch_norm(
    input: Float[Tensor, "N C *spatial"],
    running_mean: Row,
    running_var: Row,
    weight: Row = None,
    bias: Row = None,
    training: bool = False,
    momentum: float | Tensor = 0.1,
    eps: float = 1e-5,
    *,
    backward: str = "simplified",
) -> Float[Tensor, "N C *spatial"]:
    """Each channel over the batch and all spatial axes, then scaled and shifted.

    input (N, C, *spatial), all else (C,) or None -> y like input. In training the running statistics, where
    given, are changed in place: `momentum` is the weight of the new batch, and the variance they remember is
    unbiased. Otherwise they are what x is normalised with. Raises as torch.nn.functional.batch_norm does, and
    StateError for an unknown `backward`. Source: Ioffe and Szegedy 2015 (arXiv 1502.03167), section 3.2.

    >>> mean, var = torch.zeros(1), torch.ones(1)
    >>> batch_norm(torch.tensor([[1.0], [3.0]]), mean, var, training=True, momentum=0.5, eps=3.0).tolist()
    [[-0.5], [0.5]]
    >>> mean, var  # the batch has mean 2 and unbiased variance 2
    (tensor([1.]), tensor([1.5000]))
    """
    rows, dims = (running_mean, running_var, weight, bias), input.dim()
    n = math.prod(input.shape[:1] + input.shape[2:])
    fits = dims >= 2 and _rows_fit(input, (input.shape[1],), *rows)
    if training:
        fits = fits and n != 1 and eps > 0
    else:
        fits = fits and running_mean is not None and running_var is not None and eps >= 0
    if not fits:
        _refuse(native.batch_norm, input, *rows, training, momentum, eps)
    x = _dense(input)
    if not training:
        return _remembered(x, *rows, eps)
    gamma, beta = (None if row is None else _beside(row, dims) for row in (weight, bias))
    y, mu, var = normalise(x, gamma, beta, shared_axes("batch", dims), eps=eps, backward=backward)
    if n > 1:  # an empty batch leaves no trace
        _update(running_mean, mu, momentum)
        _update(running_var, var * (n / (n - 1)), momentum)
    return y


def instance_norm(
    input: Float[Tensor, "N C *spatial"],
    running_mean: Row = None,
    running_var: Row = None,
    weight: Row = None,
    bias: Row = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Float[Tensor, "N C *spatial"]:
    """Each channel of each example over its spatial axes, then scaled and shifted.

    input (N, C, *spatial), all else (C,) or None -> y like input. The running statistics, where given, take
    the mean over the batch of each example's own mean and unbiased variance, in place. Without
    `use_input_stats` they are what x is normalised with. Raises as torch.nn.functional.instance_norm does.
    Source: Ulyanov, Vedaldi and Lempitsky 2016 (arXiv 1607.08022).

    >>> instance_norm(torch.tensor([[[1.0, 3.0]]]), eps=3.0).tolist()
    [[[-0.5, 0.5]]]
    """
    rows, dims, n = (running_mean, running_var, weight, bias), input.dim(), math.prod(input.shape[2:])
    fits = dims >= 2 and _rows_fit(input, (input.shape[1],), *rows)
    if use_input_stats:
        fits = fits and n != 1
    else:
        fits = fits and running_mean is not None and running_var is not None
    if not fits:
        _refuse(native.instance_norm, input, *rows, use_input_stats, momentum, eps)
    x = input.contiguous()
    if not use_input_stats:
        return _remembered(x, *rows, eps)
    gamma, beta = (None if row is None else _beside(row, dims) for row in (weight, bias))
    y, mu, var = normalise(x, gamma, beta, shared_axes("instance", dims), eps=eps)
    if x.numel() > 0:
        _update(running_mean, mu.mean(0), momentum)
        _update(running_var, var.mean(0) * (n / (n - 1)), momentum)
    return y


def group_norm(
    input: Float[Tensor, "N C *spatial"],
    num_groups: int,
    weight: Row = None,
    bias: Row = None,
    eps: float = 1e-5,
) -> Float[Tensor, "N C *spatial"]:
    """Each group of neighbouring channels of each example, then each channel scaled and shifted.

    input (N, C, *spatial), weight and bias (C,) or None; num_groups divides C -> y like input.
    Raises as torch.nn.functional.group_norm does. Source: Wu and He 2018 (arXiv 1803.08494), section 3.

    >>> group_norm(torch.tensor([[1.0, 3.0, 5.0, 9.0]]), 2, eps=3.0)
    tensor([[-0.5000,  0.5000, -0.7559,  0.7559]])
    """
    x, (weight, bias) = _autocast(input, weight, bias)
    fits = x.dim() >= 2 and num_groups > 0 and _rows_fit(x, (x.shape[1],), weight, bias)
    if not fits or x.shape[1] % num_groups or math.prod(x.shape) == num_groups:
        _refuse(native.group_norm, input, num_groups, weight, bias, eps)
    N, C, *spatial = x.shape
    blocks = _dense(x).reshape(N, num_groups, C // num_groups, *spatial)
    gamma, beta = (
        None if row is None else row.reshape(num_groups, -1, *[1] * len(spatial)) for row in (weight, bias)
    )
    return normalise(blocks, gamma, beta, shared_axes("group", blocks.dim()), eps=eps)[0].reshape(x.shape)


def layer_norm(
    input: Float[Tensor, "*batch"],
    normalized_shape: Sequence[int],
    weight: Float[Tensor, "*normalized"] | None = None,
    bias: Float[Tensor, "*normalized"] | None = None,
    eps: float = 1e-5,
) -> Float[Tensor, "*batch"]:
    """The last axes, those of normalized_shape, together; then each of their places scaled and shifted.

    input (..., *normalized_shape), weight and bias of normalized_shape or None -> y like input.
    Raises as torch.nn.functional.layer_norm does.
    Source: Ba, Kiros and Hinton 2016 (arXiv 1607.06450), equation 3.

    >>> layer_norm(torch.tensor([[1.0, 3.0]]), (2,), eps=3.0).tolist()
    [[-0.5, 0.5]]
    """
    x, (weight, bias) = _autocast(input, weight, bias)
    shape = tuple(normalized_shape)
    if not (shape and x.shape[-len(shape) :] == shape and _rows_fit(x, shape, weight, bias)):
        _refuse(native.layer_norm, input, normalized_shape, weight, bias, eps)
    axes = shared_axes("layer", x.dim(), trailing=len(shape))
    return normalise(x.contiguous(), weight, bias, axes, eps=eps)[0]


def rms_norm(
    input: Float[Tensor, "*batch"],
    normalized_shape: Sequence[int],
    weight: Float[Tensor, "*normalized"] | None = None,
    eps: float | None = None,
) -> Float[Tensor, "*batch"]:
    """The last axes divided by the root of their mean square, then each of their places scaled.

    input (..., *normalized_shape), weight of normalized_shape or None -> y like input. eps None is the
    distance from 1 to the next number, in float32 for shorter dtypes. Raises as torch.nn.functional.rms_norm.
    Source: Zhang and Sennrich 2019 (arXiv 1910.07467), equation 4.

    >>> rms_norm(torch.tensor([[1.0, 3.0]]), (2,), eps=4.0)
    tensor([[0.3333, 1.0000]])
    """
    x, (weight,) = _autocast(input, weight)
    shape = tuple(normalized_shape)
    fits = shape and x.shape[-len(shape) :] == shape and x.is_floating_point()
    if not fits or (weight is not None and (weight.shape != shape or not weight.is_floating_point())):
        _refuse(native.rms_norm, input, normalized_shape, weight, eps)
    if eps is None:
        eps = torch.finfo(torch.promote_types(x.dtype, torch.float32)).eps
    axes = shared_axes("rms", x.dim(), trailing=len(shape))
    return normalise(_dense(x), weight, None, axes, eps=eps, centred=False)[0]
