# ruff: noqa: RET504, SIM, B007, PIE, C4
"""Wrong forward passes: over which axis the mean and the variance are taken."""

import numpy as np

from corpus.registry import program

# --- forward.axis-1


@program(check="batchnorm_forward", code="forward.axis-1")
def keepdims_axis_one(x, gamma, beta, eps):
    mu = x.mean(axis=1, keepdims=True)
    var = x.var(axis=1, keepdims=True)
    return gamma * (x - mu) / np.sqrt(var + eps) + beta


@program(check="batchnorm_forward", code="forward.axis-1")
def row_by_row(x, gamma, beta, eps):
    out = []
    for xi in x:  # each sample of the batch
        m = np.mean(xi)
        v = np.mean((xi - m) ** 2)
        out.append((xi - m) / np.sqrt(v + eps) * gamma + beta)
    return np.vstack(out)


@program(check="batchnorm_forward", code="forward.axis-1")
def transposed_twice(x, gamma, beta, eps):
    xt = x.T
    xt = (xt - xt.mean(0)) / np.sqrt(xt.var(0) + eps)
    return xt.T * gamma + beta


@program(check="batchnorm_forward", code="forward.axis-1")
def last_axis_like_torch(x, gamma, beta, eps):
    def normalize(t, dim=-1):
        mean = t.mean(dim)[..., None]
        c = t - mean
        return c * ((c * c).mean(dim)[..., None] + eps) ** -0.5

    return normalize(x) * gamma + beta


# --- forward.axis-1-as-rows


@program(check="batchnorm_forward", code="forward.axis-1-as-rows")
def axis_one_broadcast_as_row(x, gamma, beta, eps):
    mu = x.mean(axis=1)
    var = x.var(axis=1)
    return gamma * (x - mu) / np.sqrt(var + eps) + beta


@program(check="batchnorm_forward", code="forward.axis-1-as-rows")
def row_sums_without_keepdims(x, gamma, beta, eps):
    # 行ごとに平均
    n = x.shape[1]
    mean = np.sum(x, 1) / n
    var = np.sum((x - mean[:, None]) ** 2, 1) / n
    x_hat = (x - mean) / np.sqrt(var + eps)
    return x_hat * gamma + beta


# --- forward.one-mean


@program(check="batchnorm_forward", code="forward.one-mean")
def mean_without_axis(x, gamma, beta, eps):
    mu = np.mean(x)
    var = np.var(x, axis=0)
    return gamma * ((x - mu) / np.sqrt(var + eps)) + beta


@program(check="batchnorm_forward", code="forward.one-mean")
def grand_mean_then_std(x, gamma, beta, eps):
    N, D = x.shape
    grand = x.sum() / (N * D)
    sd = np.sqrt(x.std(axis=0) ** 2 + eps)
    return np.array([[gamma[j] * (x[i, j] - grand) / sd[j] + beta[j] for j in range(D)] for i in range(N)])


@program(check="batchnorm_forward", code="forward.one-mean")
def mean_of_means(x, gamma, beta, eps):
    col_means = x.mean(axis=0)
    var = ((x - col_means) ** 2).mean(axis=0)
    mu = col_means.mean()
    inv = (var + eps) ** (-0.5)
    x_hat = (x - mu) * inv
    return gamma * x_hat + beta, (x_hat, inv, gamma)


# --- forward.one-mean-in-both


@program(check="batchnorm_forward", code="forward.one-mean-in-both")
def scalar_mu_everywhere(x, gamma, beta, eps):
    mu = x.mean()
    xc = x - mu
    var = (xc**2).mean(axis=0)
    return gamma * xc / np.sqrt(var + eps) + beta


@program(check="batchnorm_forward", code="forward.one-mean-in-both")
def ravel_then_columns(X, gamma, beta, eps):
    m = sum(X.ravel()) / X.size
    Xc = X - m
    s2 = np.einsum("ij,ij->j", Xc, Xc) / X.shape[0]
    return Xc @ np.diag(gamma / np.sqrt(s2 + eps)) + beta


@program(check="batchnorm_forward", code="forward.one-mean-in-both")
def staged_with_scalar_mu(x, gamma, beta, eps):
    N = x.shape[0]
    mu = np.average(x)
    mu_rows = np.full(x.shape, mu)
    xc = x - mu_rows
    var = np.sum(xc * xc, axis=0) / N
    std = np.sqrt(var + eps)
    y = xc / std * gamma + beta
    return y


# --- forward.one-variance


@program(check="batchnorm_forward", code="forward.one-variance")
def var_without_axis(x, gamma, beta, eps):
    mu = np.mean(x, axis=0)
    var = np.var(x)
    return gamma * (x - mu) / np.sqrt(var + eps) + beta


@program(check="batchnorm_forward", code="forward.one-variance")
def std_of_everything(x, gamma, beta, eps):
    sigma = x.std()
    inv = 1.0 / (sigma**2 + eps) ** 0.5
    return np.column_stack([gamma[k] * (x[:, k] - x[:, k].mean()) * inv + beta[k] for k in range(x.shape[1])])


@program(check="batchnorm_forward", code="forward.one-variance")
def centred_then_flat_variance(x, gamma, beta, eps):
    # varianza de todo el batch
    m = x.mean(axis=0, keepdims=True)
    flat = x.reshape(-1)
    v = ((flat - flat.mean()) ** 2).sum() / flat.size
    z = (x - m) / np.sqrt(v + eps)
    return z * gamma + beta


@program(check="batchnorm_forward", code="forward.one-variance")
def axis_forgotten_on_second_line(x, gamma, beta, eps):
    mu = x.mean(axis=0)
    xmu = x - mu
    var = np.mean(xmu**2)
    return gamma * (xmu / np.sqrt(var + eps)) + beta


# --- forward.one-mean-one-variance


@program(check="batchnorm_forward", code="forward.one-mean-one-variance")
def no_axis_at_all(x, gamma, beta, eps):
    return gamma * (x - x.mean()) / np.sqrt(x.var() + eps) + beta


@program(check="batchnorm_forward", code="forward.one-mean-one-variance")
def flat_helper(x, gamma, beta, eps):
    def standardize(v):
        m = sum(v) / len(v)
        s = sum((a - m) ** 2 for a in v) / len(v)
        return np.array([(a - m) / np.sqrt(s + eps) for a in v])

    N, D = x.shape
    return standardize(x.flatten()).reshape(N, D) * gamma + beta


@program(check="batchnorm_forward", code="forward.one-mean-one-variance")
def axis_none_default(x, gamma, beta, eps, axis=None):
    mean = np.mean(x, axis=axis, keepdims=True)
    var = np.var(x, axis=axis, keepdims=True)
    rstd = 1 / np.sqrt(var + eps)
    x_hat = (x - mean) * rstd
    out = np.add(np.multiply(gamma, x_hat), beta)
    return out, (x_hat, rstd, gamma)


# --- forward.gamma-axis


@program(check="batchnorm_forward", code="forward.gamma-axis")
def gamma_as_column(x, gamma, beta, eps):
    x_hat = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps)
    return gamma[:, None] * x_hat + beta


@program(check="batchnorm_forward", code="forward.gamma-axis")
def gamma_from_the_left(x, gamma, beta, eps):
    mu, var = x.mean(0), x.var(0)
    Xn = (x - mu) / np.sqrt(var + eps)
    return np.diag(gamma) @ Xn + beta


@program(check="batchnorm_forward", code="forward.gamma-axis")
def gamma_by_example(x, gamma, beta, eps):
    x_hat = (x - x.mean(0)) * (x.var(0) + eps) ** -0.5
    return np.einsum("n,nd->nd", gamma, x_hat) + beta[np.newaxis, :]


# --- forward.beta-axis


@program(check="batchnorm_forward", code="forward.beta-axis")
def beta_reshaped_to_column(x, gamma, beta, eps):
    mu = x.mean(axis=0)
    var = x.var(axis=0)
    xhat = (x - mu) / np.sqrt(var + eps)
    return xhat * gamma + beta.reshape(-1, 1)


@program(check="batchnorm_forward", code="forward.beta-axis")
def beta_one_per_row(x, gamma, beta, eps):
    xc = x - x.mean(0)
    scaled = gamma * xc / np.sqrt((xc**2).mean(0) + eps)
    rows = []
    for r, b in zip(scaled, beta, strict=True):
        rows.append(r + b)
    return np.array(rows)


@program(check="batchnorm_forward", code="forward.beta-axis")
def beta_added_under_transpose(x, gamma, beta, eps):
    z = (x - x.mean(0)) / np.sqrt(x.var(0) + eps) * gamma
    return (z.T + beta).T


# --- forward.gamma-beta-axis


@program(check="batchnorm_forward", code="forward.gamma-beta-axis")
def both_as_columns(x, gamma, beta, eps):
    x_hat = (x - np.mean(x, axis=0)) / np.sqrt(np.var(x, axis=0) + eps)
    return np.expand_dims(gamma, 1) * x_hat + np.expand_dims(beta, 1)


@program(check="batchnorm_forward", code="forward.gamma-beta-axis")
def affine_on_the_transpose(x, gamma, beta, eps):
    h = ((x - x.mean(0)) / np.sqrt(x.var(0) + eps)).T
    h = h * gamma + beta
    return h.T.copy()


@program(check="batchnorm_forward", code="forward.gamma-beta-axis")
def affine_indexed_by_i(x, gamma, beta, eps):
    N, D = x.shape
    if len(gamma) != N:
        raise ValueError("gamma muss N Werte haben")
    mu, var = x.mean(0), x.var(0)
    out = np.zeros((N, D))
    for i in range(N):
        for j in range(D):
            out[i, j] = gamma[i] * (x[i, j] - mu[j]) / np.sqrt(var[j] + eps) + beta[i]
    return out
