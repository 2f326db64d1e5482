"""Wrong twins of dgamma and dbeta. Chapters: staged-backward, gradient-checking.

Read each beside the right two lines, those of `batchnorm_backward`. v holds the values of `staged_forward`.

    dx = v.gamma * v.inv_std * (dy - dy.mean(axis=0) - v.x_hat * (dy * v.x_hat).mean(axis=0))
    return dx, (dy * v.x_hat).sum(axis=0), dy.sum(axis=0)
"""

# mypy: disable-error-code="no-any-return"
# (To mypy, arithmetic on arrays is Any. Saying otherwise in every twin would bury the slip.)

from bncourse.conventions import Batch, FloatBatch, FloatRow
from bncourse.mistakes.twin import twin
from bncourse.reference.staged import StagedValues

__all__ = ["BACKWARD_PARAMS"]

Gradients = tuple[FloatBatch, FloatRow, FloatRow]


@twin("backward.dgamma-mean", "the version whose dgamma is a mean, not a sum")
def dgamma_mean(dy: Batch, v: StagedValues) -> Gradients:
    """1/N too much: gamma is used N times, so N parts are added."""
    dx = v.gamma * v.inv_std * (dy - dy.mean(axis=0) - v.x_hat * (dy * v.x_hat).mean(axis=0))
    return dx, (dy * v.x_hat).mean(axis=0), dy.sum(axis=0)


@twin("backward.dbeta-mean", "the version whose dbeta is a mean, not a sum")
def dbeta_mean(dy: Batch, v: StagedValues) -> Gradients:
    """1/N too much: beta is used N times, so N parts are added."""
    dx = v.gamma * v.inv_std * (dy - dy.mean(axis=0) - v.x_hat * (dy * v.x_hat).mean(axis=0))
    return dx, (dy * v.x_hat).sum(axis=0), dy.mean(axis=0)


@twin("backward.dgamma-x", "the version whose dgamma uses x in the place of x_hat")
def dgamma_x(dy: Batch, v: StagedValues) -> Gradients:
    """The input as it came."""
    dx = v.gamma * v.inv_std * (dy - dy.mean(axis=0) - v.x_hat * (dy * v.x_hat).mean(axis=0))
    return dx, (dy * v.x).sum(axis=0), dy.sum(axis=0)


@twin("backward.dgamma-xc", "the version whose dgamma uses x − mu in the place of x_hat")
def dgamma_xc(dy: Batch, v: StagedValues) -> Gradients:
    """Centred, not yet divided by std."""
    dx = v.gamma * v.inv_std * (dy - dy.mean(axis=0) - v.x_hat * (dy * v.x_hat).mean(axis=0))
    return dx, (dy * v.xc).sum(axis=0), dy.sum(axis=0)


@twin("backward.dgamma-y", "the version whose dgamma uses the output y in the place of x_hat")
def dgamma_y(dy: Batch, v: StagedValues) -> Gradients:
    """Scaled and shifted already."""
    dx = v.gamma * v.inv_std * (dy - dy.mean(axis=0) - v.x_hat * (dy * v.x_hat).mean(axis=0))
    return dx, (dy * v.y).sum(axis=0), dy.sum(axis=0)


@twin("backward.dgamma-extra-gamma", "the version with a gamma too many in dgamma")
def dgamma_extra_gamma(dy: Batch, v: StagedValues) -> Gradients:
    """dx_hat stands where dy belongs."""
    dx = v.gamma * v.inv_std * (dy - dy.mean(axis=0) - v.x_hat * (dy * v.x_hat).mean(axis=0))
    return dx, (dy * v.gamma * v.x_hat).sum(axis=0), dy.sum(axis=0)


@twin("backward.dbeta-extra-gamma", "the version with a gamma too many in dbeta")
def dbeta_extra_gamma(dy: Batch, v: StagedValues) -> Gradients:
    """dx_hat stands where dy belongs."""
    dx = v.gamma * v.inv_std * (dy - dy.mean(axis=0) - v.x_hat * (dy * v.x_hat).mean(axis=0))
    return dx, (dy * v.x_hat).sum(axis=0), (dy * v.gamma).sum(axis=0)


@twin("backward.dgamma-dbeta-swapped", "the version with dgamma and dbeta exchanged")
def dgamma_dbeta_swapped(dy: Batch, v: StagedValues) -> Gradients:
    """Same shape, so nothing complains."""
    dx = v.gamma * v.inv_std * (dy - dy.mean(axis=0) - v.x_hat * (dy * v.x_hat).mean(axis=0))
    return dx, dy.sum(axis=0), (dy * v.x_hat).sum(axis=0)


BACKWARD_PARAMS = (
    dgamma_mean, dbeta_mean, dgamma_x, dgamma_xc, dgamma_y,
    dgamma_extra_gamma, dbeta_extra_gamma, dgamma_dbeta_swapped,
)  # fmt: skip
