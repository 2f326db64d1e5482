"""One autograd function behind every norm, and two ways to go back through it. Chapters: simplified-backward,
staged-backward, small-batches.

    x            input, of any shape               y  output, like x
    axes         those that one mean and one variance are shared over; `shared_axes` is the table of norms
    mu, var      mean and biased variance over axes, which keep size 1, so that they broadcast beside x
    gamma, beta  scale and shift, of a shape that broadcasts beside x, or None
    n            how many values one mean is taken of
    dz           gradient of the loss with respect to z, for any z

The backward pass keeps x, gamma, mu and var: no large array more than PyTorch's own layers keep. mu and var
are outputs as well, since a second derivative has to reach x through them. Sums, statistics and x_hat are
float32 where x is float16 or bfloat16.
"""

import math
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd import Function

from bncourse.errors import StateError

__all__ = ["BACKWARD", "SimplifiedNorm", "StagedNorm", "check_backward", "normalise", "shared_axes"]

Axes = tuple[int, ...]


class _Row(NamedTuple):
    """What the backward pass must know of beta, which it does not keep, and of gamma."""

    shape: torch.Size
    dtype: torch.dtype


Row = _Row | None
Outputs = tuple[Tensor, Tensor, Tensor]
Gradients = tuple[Tensor | None, Tensor | None, Tensor | None, None, None, None]


def shared_axes(norm: str, dims: int, *, trailing: int = 1) -> Axes:
    """The axes that one mean and one variance are shared over, for an input of `dims` axes.

    "batch" and "instance": of x (N, C, *spatial). "group": of x seen as (N, G, C/G, *spatial).
    "layer" and "rms": the last `trailing` axes of any x. Raises StateError for another name.

    >>> shared_axes("batch", 4), shared_axes("instance", 4), shared_axes("layer", 3)
    ((0, 2, 3), (2, 3), (2,))
    """
    table = {
        "batch": (0, *range(2, dims)),
        "instance": tuple(range(2, dims)),
        "group": tuple(range(2, dims)),
        "layer": tuple(range(dims - trailing, dims)),
        "rms": tuple(range(dims - trailing, dims)),
    }
    if norm not in table:
        raise StateError(f"norm is one of {', '.join(table)}", got=repr(norm), hint='"batch"')
    return table[norm]


def _count(x: Tensor, axes: Axes) -> int:
    return math.prod([x.shape[axis] for axis in axes])


def _is_constant(row: Row, dims: int, axes: Axes) -> bool:
    """Whether `row`, beside an input of `dims` axes, is the same for all the values of one mean."""
    return row is None or all(row.shape[a - dims] == 1 for a in axes if a - dims >= -len(row.shape))


def _wide(dy: Tensor | None, like: Tensor) -> Tensor:
    """dy in the dtype that is calculated in; zeros where nothing flows back, as when a loss uses only mu."""
    return torch.zeros_like(like) if dy is None else dy.to(like.dtype)


def _sum_like(z: Tensor, row: Row) -> Tensor | None:
    """z summed over the axes along which `row` was repeated; not z itself, which may be written to later."""
    if row is None:
        return None
    return (z.clone() if z.shape == row.shape else z.sum_to_size(row.shape)).to(row.dtype)


class SimplifiedNorm(Function):
    """y = gamma · (x − mu) / sqrt(var + eps) + beta; the backward pass in its short form.

    apply(x, gamma, beta, axes, eps, centred) -> y, mu, var. With g = dy · gamma and means over axes:

        dx = (g − mean(g) − x_hat · mean(g · x_hat)) / sqrt(var + eps)

    Not centred (RMS norm), mu is 0 and mean(g) is left out. dmu and dvar, what flows back into the other two
    outputs, add their part, when a loss or a second derivative uses them.
    Source: `bncourse.batchnorm_backward`, with the axes left open.

    >>> x = torch.tensor([[1.0], [3.0]], requires_grad=True)
    >>> y, mu, var = SimplifiedNorm.apply(x, None, None, (0,), 3.0, True)
    >>> torch.autograd.grad(y, x, torch.tensor([[1.0], [0.0]]))[0].tolist()
    [[0.1875], [-0.1875]]
    """

    generate_vmap_rule = True  # so that torch.func can take gradients for each example

    @staticmethod
    def forward(
        x: Tensor, gamma: Tensor | None, beta: Tensor | None, axes: Axes, eps: float, centred: bool
    ) -> Outputs:
        n, wide = _count(x, axes), torch.promote_types(x.dtype, torch.float32)
        mu = x.sum(axes, keepdim=True, dtype=wide) / n
        if not centred:
            mu = torch.zeros_like(mu)
        y = x - mu  # the only new array: fresh memory costs more than arithmetic, so it serves twice
        var = y.square_().sum(axes, keepdim=True) / n
        y.copy_(x).sub_(mu).mul_(torch.rsqrt(var + eps))
        if gamma is not None:
            y.mul_(gamma)
        if beta is not None:
            y.add_(beta)
        return y.to(x.dtype), mu, var

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Outputs) -> None:
        x, gamma, beta, ctx.axes, ctx.eps, ctx.centred = inputs
        ctx.save_for_backward(x, gamma, *output[1:])
        ctx.set_materialize_grads(False)  # None, not zeros, for an output that nothing flows back into
        ctx.rows = [None if row is None else _Row(row.shape, row.dtype) for row in (gamma, beta)]

    @staticmethod
    def backward(ctx: Any, dy: Tensor | None, dmu: Tensor | None, dvar: Tensor | None) -> Gradients:
        x, gamma, mu, var = ctx.saved_tensors
        gamma = 1.0 if gamma is None else gamma
        axes, n = ctx.axes, _count(x, ctx.axes)
        std = torch.sqrt(var + ctx.eps)
        x_hat = (x - mu).div_(std)
        g = _wide(dy, x_hat)
        work = x_hat * g  # x_hat stands first: the result, later dx, is stored in the order of x
        if all(_is_constant(row, x.dim(), axes) for row in ctx.rows):
            # One gamma for all the values of a mean waits until the sums are taken.
            sum_g, sum_g_x_hat = g.sum(axes, keepdim=True), work.sum(axes, keepdim=True)
            dgamma, dbeta = _sum_like(sum_g_x_hat, ctx.rows[0]), _sum_like(sum_g, ctx.rows[1])
            dx, outer = work.copy_(g), gamma / std
        else:
            dgamma, dbeta = _sum_like(work, ctx.rows[0]), _sum_like(g, ctx.rows[1])
            sum_g_x_hat = work.mul_(gamma).sum(axes, keepdim=True)
            dx, outer = work.copy_(g).mul_(gamma), 1 / std
            sum_g = dx.sum(axes, keepdim=True)
        dx.mul_(outer).addcmul_(x_hat, outer * sum_g_x_hat / -n)
        if ctx.centred:
            dx.sub_(outer * sum_g / n)
            dx = dx if dmu is None else dx + dmu / n
        dx = dx if dvar is None else dx + x_hat * (2 * std * dvar / n)
        return dx.to(x.dtype), dgamma, dbeta, None, None, None


class StagedNorm(SimplifiedNorm):
    """The same forward; the backward pass node by node. Numbers are those of `bncourse.reference.staged`.

    apply(x, gamma, beta, axes, eps, centred) -> y, mu, var. What flows back into mu and var joins at their
    nodes, ① and ⑤. For reading: it makes a new large array at most nodes.

    >>> x = torch.tensor([[1.0], [3.0]], requires_grad=True)
    >>> y, mu, var = StagedNorm.apply(x, None, None, (0,), 3.0, True)
    >>> torch.autograd.grad(y, x, torch.tensor([[1.0], [0.0]]))[0].tolist()
    [[0.1875], [-0.1875]]
    """

    @staticmethod
    def backward(ctx: Any, dy: Tensor | None, dmu: Tensor | None, dvar: Tensor | None) -> Gradients:
        x, gamma, mu, var = ctx.saved_tensors
        axes, n = ctx.axes, _count(x, ctx.axes)
        xc = x - mu  # ③
        std = torch.sqrt(var + ctx.eps)  # ⑥
        inv_std = 1 / std  # ⑦
        x_hat = xc * inv_std  # ⑨
        dscaled = _wide(dy, xc)  # ⑮ a sum passes the gradient on to both
        dbeta = _sum_like(dscaled, ctx.rows[1])  # ⑭ repeated on the way up, summed on the way down
        dgamma = _sum_like(x_hat * dscaled, ctx.rows[0])  # ⑪
        dx_hat = dscaled if gamma is None else dscaled * gamma  # ⑫ a product exchanges its factors
        dinv_std = (xc * dx_hat).sum(axes, keepdim=True)  # ⑧
        dstd = -dinv_std / std**2  # ⑦
        dvar = dstd / (2 * std) + (0 if dvar is None else dvar)  # ⑥
        dsq = dvar / n  # ⑤ a mean gives each value 1/n
        dxc = inv_std * dx_hat + 2 * xc * dsq  # ⑨ and ④: two ways lead out of ③
        if not ctx.centred:
            return dxc.to(x.dtype), dgamma, dbeta, None, None, None
        dmu = -dxc.sum(axes, keepdim=True) + (0 if dmu is None else dmu)  # ③ ②
        dx = dxc + dmu / n  # ① ⓪
        return dx.to(x.dtype), dgamma, dbeta, None, None, None


BACKWARD: dict[str, type[SimplifiedNorm]] = {"simplified": SimplifiedNorm, "staged": StagedNorm}


def normalise(
    x: Float[Tensor, "*shape"],
    gamma: Float[Tensor, "..."] | None,
    beta: Float[Tensor, "..."] | None,
    axes: Axes,
    *,
    eps: float = 1e-5,
    centred: bool = True,
    backward: str = "simplified",
) -> tuple[Float[Tensor, "*shape"], Float[Tensor, "..."], Float[Tensor, "..."]]:
    """x with mean 0 and variance 1 (but for eps) over `axes`, scaled and shifted; and that mean and variance.

    x of any shape, gamma and beta of shapes that broadcast beside it -> y of the shape and dtype of x, mu and
    var with size 1 along `axes`; each may be differentiated, more than once. The variance is biased and eps,
    in units of x squared, stands inside the root. `backward` is "simplified" or "staged": the same gradients
    by another way. Raises StateError for another name.
    Source: Wu and He 2018 (arXiv 1803.08494), equations 1 and 2.

    >>> y, mu, var = normalise(torch.tensor([[1.0, 3.0], [5.0, 5.0]]), None, None, (1,), eps=3.0)
    >>> y.tolist(), mu.tolist(), var.tolist()
    ([[-0.5, 0.5], [0.0, 0.0]], [[2.0], [5.0]], [[1.0], [0.0]])
    """
    function = check_backward(backward)
    # An exported program keeps no backward pass of ours: its own is taken from the operations of the forward.
    exporting = getattr(torch.compiler, "is_exporting", bool)()  # releases before 2.7 do not say
    call = function.forward if exporting else function.apply
    outputs: Outputs = call(x, gamma, beta, axes, eps, centred)
    return outputs


def check_backward(backward: str) -> type[SimplifiedNorm]:
    """The autograd function of that name. Raises StateError when there is none.

    >>> check_backward("staged").__name__
    'StagedNorm'
    """
    if backward not in BACKWARD:
        raise StateError(f"backward is one of {', '.join(BACKWARD)}", got=repr(backward), hint='"simplified"')
    return BACKWARD[backward]
