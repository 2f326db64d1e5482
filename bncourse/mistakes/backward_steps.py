"""Wrong twins of dx step by step: a factor, an exponent, a branch point, the cache.

Chapters: staged-backward, gradient-checking.

Read each beside the right lines, steps ⑮ back to ⓪ of `staged_gradients` with the repeated rows
left out. v holds the values of `staged_forward`.

    dx_hat = dy * v.gamma                                              # ⑫
    dvar = (dx_hat * v.xc).sum(axis=0) * -0.5 * (v.var + v.eps) ** -1.5  # ⑨ to ⑥
    dxc = dx_hat * v.inv_std + 2 * v.xc * dvar / len(dy)               # ⑨ and ④, added
    dx = dxc - dxc.sum(axis=0) / len(dy)                               # ③ and ①, added
    return dx, (dy * v.x_hat).sum(axis=0), dy.sum(axis=0)
"""

# mypy: disable-error-code="no-any-return"
# (To mypy, arithmetic on arrays is Any. Saying otherwise in every twin would bury the slip.)

from bncourse.conventions import Batch, FloatBatch, FloatRow
from bncourse.mistakes.twin import twin
from bncourse.reference.staged import StagedValues

__all__ = ["BACKWARD_STEPS"]

Gradients = tuple[FloatBatch, FloatRow, FloatRow]


@twin("backward.dvar-no-half", "the version whose dvar lacks the factor ½")
def dvar_no_half(dy: Batch, v: StagedValues) -> Gradients:
    """The derivative of a root without its ½."""
    dx_hat = dy * v.gamma
    dvar = (dx_hat * v.xc).sum(axis=0) * -1.0 * (v.var + v.eps) ** -1.5
    dxc = dx_hat * v.inv_std + 2 * v.xc * dvar / len(dy)
    dx = dxc - dxc.sum(axis=0) / len(dy)
    return dx, (dy * v.x_hat).sum(axis=0), dy.sum(axis=0)


@twin("backward.dvar-no-two", "the version that lacks the factor 2 of the square")
def dvar_no_two(dy: Batch, v: StagedValues) -> Gradients:
    """The derivative of xc² without its 2."""
    dx_hat = dy * v.gamma
    dvar = (dx_hat * v.xc).sum(axis=0) * -0.5 * (v.var + v.eps) ** -1.5
    dxc = dx_hat * v.inv_std + v.xc * dvar / len(dy)
    dx = dxc - dxc.sum(axis=0) / len(dy)
    return dx, (dy * v.x_hat).sum(axis=0), dy.sum(axis=0)


@twin("backward.dvar-exponent-one", "the version whose dvar has the exponent −1 for −3/2")
def dvar_exponent_one(dy: Batch, v: StagedValues) -> Gradients:
    """dstd = −dinv_std / std, where std² belongs."""
    dx_hat = dy * v.gamma
    dvar = (dx_hat * v.xc).sum(axis=0) * -0.5 * (v.var + v.eps) ** -1.0
    dxc = dx_hat * v.inv_std + 2 * v.xc * dvar / len(dy)
    dx = dxc - dxc.sum(axis=0) / len(dy)
    return dx, (dy * v.x_hat).sum(axis=0), dy.sum(axis=0)


@twin("backward.dvar-exponent-sign", "the version whose dvar has the exponent +3/2 for −3/2")
def dvar_exponent_sign(dy: Batch, v: StagedValues) -> Gradients:
    """Multiplied by std³ instead of divided."""
    dx_hat = dy * v.gamma
    dvar = (dx_hat * v.xc).sum(axis=0) * -0.5 * (v.var + v.eps) ** 1.5
    dxc = dx_hat * v.inv_std + 2 * v.xc * dvar / len(dy)
    dx = dxc - dxc.sum(axis=0) / len(dy)
    return dx, (dy * v.x_hat).sum(axis=0), dy.sum(axis=0)


@twin("backward.dxc-overwritten", "the version that overwrites dxc at its branch point instead of adding")
def dxc_overwritten(dy: Batch, v: StagedValues) -> Gradients:
    """What came back through x_hat is lost. (Losing the other part is backward.no-variance-path.)"""
    dx_hat = dy * v.gamma
    dvar = (dx_hat * v.xc).sum(axis=0) * -0.5 * (v.var + v.eps) ** -1.5
    dxc = dx_hat * v.inv_std
    dxc = 2 * v.xc * dvar / len(dy)
    dx = dxc - dxc.sum(axis=0) / len(dy)
    return dx, (dy * v.x_hat).sum(axis=0), dy.sum(axis=0)


@twin("backward.dx-overwritten", "the version that overwrites dx at its branch point instead of adding")
def dx_overwritten(dy: Batch, v: StagedValues) -> Gradients:
    """What came back through xc is lost. (Losing the other part is backward.no-mean-path.)"""
    dx_hat = dy * v.gamma
    dvar = (dx_hat * v.xc).sum(axis=0) * -0.5 * (v.var + v.eps) ** -1.5
    dxc = dx_hat * v.inv_std + 2 * v.xc * dvar / len(dy)
    dx = dxc
    dx = 0 * dx - dxc.sum(axis=0) / len(dy)
    return dx, (dy * v.x_hat).sum(axis=0), dy.sum(axis=0)


@twin(
    "backward.cache-gamma-inv-std",
    "the version that takes gamma and inv_std from the cache in the other order",
)
def cache_gamma_inv_std(dy: Batch, v: StagedValues) -> Gradients:
    """In the short form their product hides it; step by step it shows."""
    inv_std, gamma = v.gamma, v.inv_std
    dx_hat = dy * gamma
    dvar = (dx_hat * v.xc).sum(axis=0) * -0.5 * inv_std**3
    dxc = dx_hat * inv_std + 2 * v.xc * dvar / len(dy)
    dx = dxc - dxc.sum(axis=0) / len(dy)
    return dx, (dy * v.x_hat).sum(axis=0), dy.sum(axis=0)


@twin("backward.cache-xc-x-hat", "the version that takes xc and x_hat from the cache in the other order")
def cache_xc_x_hat(dy: Batch, v: StagedValues) -> Gradients:
    """Same shape, so nothing complains."""
    x_hat, xc = v.xc, v.x_hat
    dx_hat = dy * v.gamma
    dvar = (dx_hat * xc).sum(axis=0) * -0.5 * (v.var + v.eps) ** -1.5
    dxc = dx_hat * v.inv_std + 2 * xc * dvar / len(dy)
    dx = dxc - dxc.sum(axis=0) / len(dy)
    return dx, (dy * x_hat).sum(axis=0), dy.sum(axis=0)


BACKWARD_STEPS = (
    dvar_no_half, dvar_no_two, dvar_exponent_one, dvar_exponent_sign,
    dxc_overwritten, dx_overwritten, cache_gamma_inv_std, cache_xc_x_hat,
)  # fmt: skip
