# ruff: noqa: RUF059, SIM, B007, PIE, C4
"""Wrong layer norm: Bessel, eps, the root, gamma and beta."""

import numpy as np

from corpus.registry import program

# --- layer.bessel


@program(check="layernorm_forward", code="layer.bessel")
def ddof_one(x, gamma, beta, eps):
    mu = x.mean(-1, keepdims=True)
    var = x.var(-1, ddof=1, keepdims=True)
    return gamma * (x - mu) / np.sqrt(var + eps) + beta


@program(check="layernorm_forward", code="layer.bessel")
def d_minus_one(x, gamma, beta, eps):
    N, D = x.shape
    xc = x - np.sum(x, axis=1, keepdims=True) / D
    s2 = np.einsum("nd,nd->n", xc, xc) / (D - 1)
    return np.einsum("nd,n,d->nd", xc, 1 / np.sqrt(s2 + eps), gamma) + beta


@program(check="layernorm_forward", code="layer.bessel")
def covariance_of_rows(x, gamma, beta, eps):
    var = np.diag(np.atleast_2d(np.cov(x)))  # np.cov divides by D - 1
    z = (x.T - x.mean(axis=1)) / np.sqrt(var + eps)
    return z.T * gamma + beta


# --- layer.eps-outside


@program(check="layernorm_forward", code="layer.eps-outside")
def annotated_transformer_numpy(x, a_2, b_2, eps):
    mean = x.mean(-1, keepdims=True)
    std = x.std(-1, keepdims=True)
    return a_2 * (x - mean) / (std + eps) + b_2


@program(check="layernorm_forward", code="layer.eps-outside")
def root_then_eps(x, gamma, beta, eps):
    out = np.zeros(x.shape)
    for n in range(x.shape[0]):
        v = x[n] - x[n].mean()
        s = np.sqrt((v**2).mean()) + eps
        out[n] = gamma * v / s + beta
    return out


@program(check="layernorm_forward", code="layer.eps-outside")
def linalg_norm_plus_eps(x, gamma, beta, eps):
    D = x.shape[1]
    xc = x - x.sum(1)[:, None] / D
    sigma = np.linalg.norm(xc, axis=1, keepdims=True) / np.sqrt(D)
    x_hat = xc / (sigma + eps)
    return x_hat * gamma + beta


# --- layer.bessel-eps-outside


@program(check="layernorm_forward", code="layer.bessel-eps-outside")
def annotated_transformer_torch_std(x, a_2, b_2, eps):
    mean = x.mean(-1, keepdims=True)
    std = x.std(-1, ddof=1, keepdims=True)  # x.std(-1) of PyTorch
    return a_2 * (x - mean) / (std + eps) + b_2


@program(check="layernorm_forward", code="layer.bessel-eps-outside")
def statistics_stdev(x, gamma, beta, eps):
    from statistics import stdev

    rows = []
    for r in x:
        s = stdev(map(float, r))
        rows.append(gamma * (r - np.mean(r)) / (s + eps) + beta)
    return np.vstack(rows)


@program(check="layernorm_forward", code="layer.bessel-eps-outside")
def sample_deviation_plus_eps(x, gamma, beta, eps):
    N, D = x.shape
    m = np.einsum("nd->n", x) / D
    d = x - m[:, None]
    sd = (np.einsum("nd,nd->n", d, d) / (D - 1)) ** 0.5 + eps
    return (d / sd[:, None]) * gamma + beta


# --- layer.eps-missing


@program(check="layernorm_forward", code="layer.eps-missing")
def std_alone(x, gamma, beta, eps):
    return gamma * (x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True) + beta


@program(check="layernorm_forward", code="layer.eps-missing")
def zscore_helper(x, gamma, beta, eps=1e-5):
    def zscore(v):
        return (v - v.mean()) / v.std()

    return np.apply_along_axis(zscore, 1, x.astype(float)) * gamma + beta


@program(check="layernorm_forward", code="layer.eps-missing")
def eps_read_but_unused(x, gamma, beta, eps):
    ln_param = {"eps": eps}
    D = x.shape[1]
    mu = x.sum(axis=1, keepdims=True) / D
    xc = x - mu
    var = (xc**2).sum(axis=1, keepdims=True) / D
    out = gamma * xc * var**-0.5 + beta
    return out, ln_param


# --- layer.no-root


@program(check="layernorm_forward", code="layer.no-root")
def over_variance(x, gamma, beta, eps):
    mu = x.mean(axis=1, keepdims=True)
    var = x.var(axis=1, keepdims=True)
    return gamma * (x - mu) / (var + eps) + beta


@program(check="layernorm_forward", code="layer.no-root")
def reciprocal_of_the_variance(x, gamma, beta, eps):
    xt = x.T - x.mean(axis=1)
    ivar = np.reciprocal(np.mean(xt * xt, axis=0) + eps)
    return (xt * ivar).T * gamma + beta


@program(check="layernorm_forward", code="layer.no-root")
def squared_std(x, gamma, beta, eps):
    # écart-type ?
    y = []
    for ligne in x:
        ecart = np.std(ligne) ** 2 + eps
        y.append((ligne - ligne.mean()) / ecart)
    return np.array(y) * gamma + beta


# --- layer.gamma-missing


@program(check="layernorm_forward", code="layer.gamma-missing")
def beta_only(x, gamma, beta, eps):
    x_hat = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + eps)
    return x_hat + beta


@program(check="layernorm_forward", code="layer.gamma-missing")
def scaled_then_overwritten(x, gamma, beta, eps):
    xc = x - np.mean(x, axis=-1, keepdims=True)
    x_hat = xc / np.sqrt(np.mean(xc * xc, axis=-1, keepdims=True) + eps)
    y = gamma * x_hat
    y[...] = x_hat + beta
    return y


@program(check="layernorm_forward", code="layer.gamma-missing")
def elementwise_affine_half(x, gamma, beta, eps):
    N, D = x.shape
    y = np.empty((N, D))
    for i in range(N):
        m, v = x[i].mean(), x[i].var()
        for j in range(D):
            y[i, j] = (x[i, j] - m) / np.sqrt(v + eps) + beta[j]
    return y


# --- layer.beta-missing


@program(check="layernorm_forward", code="layer.beta-missing")
def gamma_only(x, gamma, beta, eps):
    x_hat = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + eps)
    return gamma * x_hat


@program(check="layernorm_forward", code="layer.beta-missing")
def bias_false(x, weight, bias, eps):
    mean = x.mean(-1, keepdims=True)
    rstd = 1 / np.sqrt(((x - mean) ** 2).mean(-1, keepdims=True) + eps)
    return (x - mean) * rstd * weight  # bias=False


@program(check="layernorm_forward", code="layer.beta-missing")
def diagonal_matrix_only(x, gamma, beta, eps):
    D = x.shape[1]
    H = np.eye(D) - 1 / D
    xc = x @ H
    s = 1 / np.sqrt((xc**2).sum(1) / D + eps)
    return np.diag(s) @ xc @ np.diag(gamma)


# --- layer.gamma-beta-axis


@program(check="layernorm_forward", code="layer.gamma-beta-axis")
def columns_of_parameters(x, gamma, beta, eps):
    x_hat = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + eps)
    return gamma[:, None] * x_hat + beta[:, None]


@program(check="layernorm_forward", code="layer.gamma-beta-axis")
def batchnorm_of_the_transpose(x, gamma, beta, eps):
    xt = x.T
    mu, var = xt.mean(axis=0), xt.var(axis=0)
    out = gamma * (xt - mu) / np.sqrt(var + eps) + beta
    return out.T


@program(check="layernorm_forward", code="layer.gamma-beta-axis")
def one_gamma_an_example(x, gamma, beta, eps):
    rows = []
    for row, g, b in zip(x, gamma, beta, strict=True):
        rows.append(g * (row - row.mean()) / np.sqrt(row.var() + eps) + b)
    return np.array(rows)
