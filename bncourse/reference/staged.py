"""Batch norm as a graph of 16 nodes, forward and backward, every value kept. Chapters: computational-graph,
staged-backward.

     ⓪ x ──┬──────────────▶ ③ xc ──┬────────────────────────────▶ ⑨ x_hat ─▶ ⑫ scaled ─▶ ⑮ y
           ▼                 ▲      ▼                                ▲           ▲          ▲
         ① mu ─▶ ② mu_rows ──┘    ④ sq ─▶ ⑤ var ─▶ ⑥ std ─▶ ⑦ inv_std ─▶ ⑧ inv_std_rows   │          │
                                                        ⑩ gamma ─▶ ⑪ gamma_rows ─┘          │
                                                        ⑬ beta ─▶ ⑭ beta_rows ──────────────┘

A name that ends in `_rows` is a row (D,) repeated for each of the N examples, shape (N, D). The
gradient of the loss with respect to a value z is dz. Where a value is used twice, its gradient is
the sum of two parts, named after the node each part comes through.

This form is for reading and for exercises; `batchnorm_backward` gives the same numbers in half as many
passes over memory, with one new array (N, D) instead of eight.
"""

from dataclasses import dataclass

import numpy as np

from bncourse.conventions import Batch, FloatBatch, FloatRow, Row
from bncourse.reference.inputs import check_dy, check_forward

__all__ = ["StagedGradients", "StagedValues", "staged_backward", "staged_forward", "staged_gradients"]


@dataclass(frozen=True, eq=False)
class StagedValues:
    """The value of every node, ⓪ to ⑮ in order, and eps: all that the backward pass may need.

    >>> _, values = staged_forward(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), eps=3.0)
    >>> values.xc.ravel(), values.var, values.std
    (array([-1.,  1.]), array([1.]), array([2.]))
    """

    x: FloatBatch
    mu: FloatRow
    mu_rows: FloatBatch
    xc: FloatBatch
    sq: FloatBatch
    var: FloatRow
    std: FloatRow
    inv_std: FloatRow
    inv_std_rows: FloatBatch
    x_hat: FloatBatch
    gamma: FloatRow
    gamma_rows: FloatBatch
    scaled: FloatBatch
    beta: FloatRow
    beta_rows: FloatBatch
    y: FloatBatch
    eps: float


@dataclass(frozen=True, eq=False)
class StagedGradients:
    """The gradient of every node, ⑮ back to ⓪, and the two parts that meet at ③ and at ⓪.

    >>> _, values = staged_forward(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), eps=3.0)
    >>> gradients = staged_gradients(np.array([[1.0], [0.0]]), values)
    >>> gradients.dvar, gradients.dx.ravel()
    (array([0.0625]), array([ 0.1875, -0.1875]))
    """

    dy: FloatBatch
    dbeta_rows: FloatBatch
    dbeta: FloatRow
    dscaled: FloatBatch
    dgamma_rows: FloatBatch
    dgamma: FloatRow
    dx_hat: FloatBatch
    dinv_std_rows: FloatBatch
    dinv_std: FloatRow
    dstd: FloatRow
    dvar: FloatRow
    dsq: FloatBatch
    dxc_via_sq: FloatBatch
    dxc_via_x_hat: FloatBatch
    dxc: FloatBatch
    dmu_rows: FloatBatch
    dmu: FloatRow
    dx_via_mu: FloatBatch
    dx_via_xc: FloatBatch
    dx: FloatBatch


def _sum(z: FloatBatch) -> FloatRow:
    """Sum over the batch, in float64 as everywhere in the reference, then back to the dtype of z."""
    return z.sum(axis=0, dtype=np.float64).astype(z.dtype)  # type: ignore[no-any-return]


def staged_forward(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> tuple[FloatBatch, StagedValues]:
    """Batch norm in training, node by node.

    x (N, D) with N >= 2, gamma (D,), beta (D,) -> y (N, D), and every node's value by name.
    Raises ShapeError or StateError, as `batchnorm_forward` does.
    Source: the graph follows Kratzert 2016, with the node numbers of the Japanese seed document.

    >>> y, values = staged_forward(np.array([[1.0], [3.0]]), np.array([4.0]), np.array([10.0]), eps=3.0)
    >>> y.ravel()
    array([ 8., 12.])
    """
    x, gamma, beta, eps = check_forward(x, gamma, beta, eps)  # ⓪ ⑩ ⑬
    N = len(x)
    mu = _sum(x) / N  # ①
    mu_rows = np.broadcast_to(mu, x.shape)  # ②
    xc = x - mu_rows  # ③
    sq = xc**2  # ④
    var = _sum(sq) / N  # ⑤
    std = np.sqrt(var + eps)  # ⑥
    inv_std = 1 / std  # ⑦
    inv_std_rows = np.broadcast_to(inv_std, x.shape)  # ⑧
    x_hat = xc * inv_std_rows  # ⑨
    gamma_rows = np.broadcast_to(gamma, x.shape)  # ⑪
    scaled = x_hat * gamma_rows  # ⑫
    beta_rows = np.broadcast_to(beta, x.shape)  # ⑭
    y = scaled + beta_rows  # ⑮
    values = StagedValues(
        x, mu, mu_rows, xc, sq, var, std, inv_std, inv_std_rows, x_hat,
        gamma, gamma_rows, scaled, beta, beta_rows, y, eps,
    )  # fmt: skip
    return y, values


def staged_gradients(dy: Batch, values: StagedValues) -> StagedGradients:
    """The gradient of every node, from ⑮ back to ⓪.

    dy (N, D) and the values of `staged_forward` -> gradients by name, each of the shape of its value.
    Raises ShapeError when dy has not the shape of y.

    >>> _, values = staged_forward(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), eps=3.0)
    >>> staged_gradients(np.ones((2, 1)), values).dx.ravel()
    array([0., 0.])
    """
    v = values
    dy = check_dy(dy, v.y)
    N = len(dy)
    dbeta_rows, dscaled = dy, dy  # ⑮ a sum passes the gradient on to both
    dbeta = _sum(dbeta_rows)  # ⑭ repeated on the way up, summed on the way down
    dx_hat, dgamma_rows = dscaled * v.gamma_rows, dscaled * v.x_hat  # ⑫ a product exchanges its factors
    dgamma = _sum(dgamma_rows)  # ⑪
    dxc_via_x_hat, dinv_std_rows = dx_hat * v.inv_std_rows, dx_hat * v.xc  # ⑨
    dinv_std = _sum(dinv_std_rows)  # ⑧
    dstd = -dinv_std / v.std**2  # ⑦
    dvar = dstd / (2 * v.std)  # ⑥
    dsq = np.broadcast_to(dvar / N, dy.shape)  # ⑤ a mean gives each example 1/N
    dxc_via_sq = 2 * v.xc * dsq  # ④
    dxc = dxc_via_x_hat + dxc_via_sq  # two ways lead out of ③, so two parts come back
    dx_via_xc, dmu_rows = dxc, -dxc  # ③
    dmu = _sum(dmu_rows)  # ②
    dx_via_mu = np.broadcast_to(dmu / N, dy.shape)  # ① again 1/N
    dx = dx_via_xc + dx_via_mu  # ⓪
    return StagedGradients(
        dy, dbeta_rows, dbeta, dscaled, dgamma_rows, dgamma, dx_hat, dinv_std_rows, dinv_std, dstd,
        dvar, dsq, dxc_via_sq, dxc_via_x_hat, dxc, dmu_rows, dmu, dx_via_mu, dx_via_xc, dx,
    )  # fmt: skip


def staged_backward(dy: Batch, values: StagedValues) -> tuple[FloatBatch, FloatRow, FloatRow]:
    """Gradients with respect to x, gamma and beta, by way of all the others.

    dy (N, D) and the values of `staged_forward` -> dx (N, D), dgamma (D,), dbeta (D,).
    Raises ShapeError when dy has not the shape of y.

    >>> _, values = staged_forward(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), eps=3.0)
    >>> staged_backward(np.array([[1.0], [0.0]]), values)[1]
    array([-0.5])
    """
    gradients = staged_gradients(dy, values)
    return gradients.dx, gradients.dgamma, gradients.dbeta
