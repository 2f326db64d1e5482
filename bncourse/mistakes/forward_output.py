"""Wrong twins of the forward pass: scale, shift, dtype, and the input itself.

Chapters: transform, gradient-checking.

Read each beside the right lines, which are those of `batchnorm_forward`:

    mu, var = x.mean(axis=0), x.var(axis=0)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma * x_hat + beta
"""

# mypy: disable-error-code="no-any-return"
# (To mypy, arithmetic on arrays is Any. Saying otherwise in every twin would bury the slip.)

import numpy as np

from bncourse.conventions import Batch, FloatBatch, Row
from bncourse.mistakes.twin import twin

__all__ = ["FORWARD_OUTPUT"]


@twin("forward.gamma-beta-swapped", "the version with gamma and beta exchanged")
def gamma_beta_swapped(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> FloatBatch:
    """beta scales and gamma shifts."""
    mu, var = x.mean(axis=0), x.var(axis=0)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return beta * x_hat + gamma


@twin("forward.gamma-missing", "the version without gamma")
def gamma_missing(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> FloatBatch:
    """No scale."""
    mu, var = x.mean(axis=0), x.var(axis=0)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return x_hat + beta


@twin("forward.beta-missing", "the version without beta")
def beta_missing(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> FloatBatch:
    """No shift."""
    mu, var = x.mean(axis=0), x.var(axis=0)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma * x_hat


@twin("forward.gamma-beta-missing", "the version without gamma and beta")
def gamma_beta_missing(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> FloatBatch:
    """x_hat is returned."""
    mu, var = x.mean(axis=0), x.var(axis=0)
    x_hat: FloatBatch = (x - mu) / np.sqrt(var + eps)
    return x_hat


@twin("forward.beta-inside", "the version with beta inside the bracket, where gamma scales it too")
def beta_inside(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> FloatBatch:
    """gamma (x_hat + beta)."""
    mu, var = x.mean(axis=0), x.var(axis=0)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma * (x_hat + beta)


@twin("forward.gamma-axis", "the version with gamma along the examples")
def gamma_axis(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> FloatBatch:
    """gamma as a column: NumPy complains unless N = D."""
    mu, var = x.mean(axis=0), x.var(axis=0)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma[:, None] * x_hat + beta


@twin("forward.beta-axis", "the version with beta along the examples")
def beta_axis(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> FloatBatch:
    """beta as a column: NumPy complains unless N = D."""
    mu, var = x.mean(axis=0), x.var(axis=0)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma * x_hat + beta[:, None]


@twin("forward.gamma-beta-axis", "the version with gamma and beta along the examples")
def gamma_beta_axis(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> FloatBatch:
    """Both as columns: NumPy complains unless N = D."""
    mu, var = x.mean(axis=0), x.var(axis=0)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma[:, None] * x_hat + beta[:, None]


@twin("forward.in-place", "the right answer, but x itself was changed")
def in_place(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> FloatBatch:
    """`-=` writes into the caller's array. (NumPy refuses it for integers.)"""
    mu, var = x.mean(axis=0), x.var(axis=0)
    x -= mu
    x_hat = x / np.sqrt(var + eps)
    return gamma * x_hat + beta


@twin("forward.integer-truncation", "the version that rounds its result down to the integers of x")
def integer_truncation(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> Batch:
    """The result is written into an array like x: for integers, everything behind the point is lost."""
    mu, var = x.mean(axis=0), x.var(axis=0)
    y = np.empty_like(x)
    y[:] = gamma * (x - mu) / np.sqrt(var + eps) + beta
    return y


@twin("forward.float16-sums", "the version that sums in float16")
def float16_sums(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> FloatBatch:
    """Three digits are left of the mean and of the variance."""
    mu = x.mean(axis=0, dtype=np.float16)
    var = ((x - mu) ** 2).mean(axis=0, dtype=np.float16)
    x_hat = (x - mu) / np.sqrt(var.astype(np.float64) + eps)
    return gamma * x_hat + beta


FORWARD_OUTPUT = (
    gamma_beta_swapped, gamma_missing, beta_missing, gamma_beta_missing, beta_inside,
    gamma_axis, beta_axis, gamma_beta_axis, in_place, integer_truncation, float16_sums,
)  # fmt: skip
