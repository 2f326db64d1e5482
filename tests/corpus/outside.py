"""Wrong forward passes that no code names: the checker has to say that it does not know."""

import numpy as np

from corpus.registry import program


@program(check="batchnorm_forward", code="outside")
def median_for_mean(x, gamma, beta, eps):
    med = np.median(x, axis=0)
    xc = x - med
    return gamma * xc / np.sqrt((xc**2).mean(axis=0) + eps) + beta


@program(check="batchnorm_forward", code="outside")
def tanh_on_top(x, gamma, beta, eps):
    x_hat = (x - x.mean(0)) / np.sqrt(x.var(0) + eps)
    return np.tanh(gamma * x_hat + beta)


@program(check="batchnorm_forward", code="outside")
def clipped_to_one_sigma(x, gamma, beta, eps):
    x_hat = (x - x.mean(0)) / np.sqrt(x.var(0) + eps)
    return gamma * np.clip(x_hat, -0.8, 0.8) + beta


@program(check="batchnorm_forward", code="outside")
def sorted_columns(x, gamma, beta, eps):
    x = np.sort(x, axis=0)
    return gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps) + beta


@program(check="batchnorm_forward", code="outside")
def mean_of_first_half(x, gamma, beta, eps):
    half = x[: max(1, len(x) // 2)]
    return gamma * (x - half.mean(0)) / np.sqrt(x.var(0) + eps) + beta


@program(check="batchnorm_forward", code="outside")
def mean_absolute_deviation(x, gamma, beta, eps):
    xc = x - x.mean(0)
    mad = np.abs(xc).mean(0)
    return gamma * xc / (mad + eps) + beta


@program(check="batchnorm_forward", code="outside")
def min_max_scaling(x, gamma, beta, eps):
    lo, hi = x.min(axis=0), x.max(axis=0)
    x_hat = (x - lo) / (hi - lo + eps)
    return gamma * x_hat + beta


@program(check="batchnorm_forward", code="outside")
def gamma_cubed(x, gamma, beta, eps):
    x_hat = (x - x.mean(0)) / np.sqrt(x.var(0) + eps)
    return gamma**3 * x_hat + beta


@program(check="batchnorm_forward", code="outside")
def absolute_gamma(x, gamma, beta, eps):
    # gamma must be positive
    return np.abs(gamma) * (x - x.mean(0)) / np.sqrt(x.var(0) + eps) + beta


@program(check="batchnorm_forward", code="outside")
def eps_added_to_mean(x, gamma, beta, eps):
    mu = x.mean(axis=0) + eps
    return gamma * (x - mu) / np.sqrt(x.var(axis=0) + eps) + beta


@program(check="batchnorm_forward", code="outside")
def last_example_not_counted(x, gamma, beta, eps):
    N, D = x.shape
    mu, var = np.zeros(D), np.zeros(D)
    for i in range(N - 1):
        mu += x[i] / N
    for i in range(N - 1):
        var += (x[i] - mu) ** 2 / N
    return gamma * (x - mu) / np.sqrt(var + eps) + beta


@program(check="batchnorm_forward", code="outside")
def sum_of_squares_not_mean(x, gamma, beta, eps):
    xc = x - x.mean(0)
    length = np.sqrt((xc**2).sum(0) + eps)
    return gamma * xc / length + beta


@program(check="batchnorm_forward", code="outside")
def normalised_twice(x, gamma, beta, eps):
    for _ in range(2):
        x = (x - x.mean(0)) / np.sqrt(x.var(0) + eps)
    return gamma * x + beta


@program(check="batchnorm_forward", code="outside")
def cube_root(x, gamma, beta, eps):
    return gamma * (x - x.mean(0)) * (x.var(0) + eps) ** (-1 / 3) + beta


@program(check="batchnorm_forward", code="outside")
def gamma_plus_one(x, gamma, beta, eps):
    # gamma is initialised with zero, so 1 + gamma
    return (1 + gamma) * (x - x.mean(0)) / np.sqrt(x.var(0) + eps) + beta


@program(check="batchnorm_forward", code="outside")
def rows_reversed(x, gamma, beta, eps):
    out = [gamma * (r - x.mean(0)) / np.sqrt(x.var(0) + eps) + beta for r in x]
    out.reverse()
    return np.array(out)


@program(check="batchnorm_forward", code="outside")
def whitened_with_cholesky(x, gamma, beta, eps):
    # 白色化：去相关
    N, D = x.shape
    xc = x - x.mean(0)
    L = np.linalg.cholesky(xc.T @ xc / N + eps * np.eye(D))
    return np.linalg.solve(L, xc.T).T * gamma + beta


@program(check="batchnorm_forward", code="outside")
def noise_for_robustness(x, gamma, beta, eps):
    rng = np.random.default_rng(0)
    x = x + 0.1 * rng.standard_normal(x.shape)
    return gamma * (x - x.mean(0)) / np.sqrt(x.var(0) + eps) + beta


@program(check="batchnorm_forward", code="outside")
def relu_fused(x, gamma, beta, eps):
    y = gamma * (x - x.mean(0)) / np.sqrt(x.var(0) + eps) + beta
    return np.where(y > 0, y, 0.0)


@program(check="batchnorm_forward", code="outside")
def rounded_for_printing(x, gamma, beta, eps):
    y = gamma * (x - x.mean(0)) / np.sqrt(x.var(0) + eps) + beta
    return np.round(y, 1)


# --- inference, running statistics, layers


@program(check="inference", code="outside")
def mean_added(x, gamma, beta, mean, var, eps):
    return gamma * (x + mean) / np.sqrt(var + eps) + beta


@program(check="inference", code="outside")
def statistics_averaged_with_the_batch(x, gamma, beta, mean, var, eps):
    m = (mean + x.mean(0)) / 2
    v = (var + x.var(0)) / 2
    return gamma * (x - m) / np.sqrt(v + eps) + beta


@program(check="inference", code="outside")
def eps_multiplied(x, gamma, beta, mean, var, eps):
    return gamma * (x - mean) / np.sqrt(var * (1 + eps)) + beta


@program(check="inference", code="outside")
def clipped_variance(x, gamma, beta, mean, var, eps):
    return gamma * (x - mean) / np.sqrt(np.maximum(var, 2.0) + eps) + beta


@program(check="inference", code="outside")
def features_rolled(x, gamma, beta, mean, var, eps):
    D = len(mean)
    y = np.empty(x.shape)
    for d in range(D):
        y[:, d] = gamma[d] * (x[:, d] - mean[d - 1]) / np.sqrt(var[d - 1] + eps) + beta[d]
    return y


@program(check="running_stats", code="outside")
def mixture_variance(mean, var, x, new_weight):
    # variance of the mixture: a between term comes in
    w = new_weight
    m = x.mean(0)
    new_mean = (1 - w) * mean + w * m
    new_var = (1 - w) * var + w * x.var(0, ddof=1) + w * (1 - w) * (m - mean) ** 2
    return new_mean, new_var


@program(check="running_stats", code="outside")
def std_averaged_then_squared(mean, var, x, new_weight):
    std = (1 - new_weight) * np.sqrt(var) + new_weight * x.std(axis=0, ddof=1)
    return (1 - new_weight) * mean + new_weight * x.mean(axis=0), std**2


@program(check="running_stats", code="outside")
def variance_about_the_running_mean(mean, var, x, new_weight):
    mean = (1 - new_weight) * mean + new_weight * x.mean(0)
    v = ((x - mean) ** 2).sum(0) / (len(x) - 1)
    return mean, (1 - new_weight) * var + new_weight * v


@program(check="running_stats", code="outside")
def first_row_only(mean, var, x, new_weight):
    for row in x:
        mean = (1 - new_weight) * mean + new_weight * row
        var = (1 - new_weight) * var + new_weight * (row - mean) ** 2
        break
    return mean, var


@program(check="running_stats", code="outside")
class KeepsTheLargest:
    def __init__(self, D, new_weight):
        self.mean, self.var, self.w = np.zeros(D), np.ones(D), new_weight

    def update(self, x):
        self.mean = np.maximum(self.mean, x.mean(0))
        self.var = np.maximum(self.var, x.var(0, ddof=1))


@program(check="batchnorm_layer", code="outside")
def flag_the_other_way_round(x, gamma, beta, mean, var, new_weight, eps, training):
    if not training:
        m, v = x.mean(0), x.var(0)
        mean = (1 - new_weight) * mean + new_weight * m
        var = (1 - new_weight) * var + new_weight * x.var(0, ddof=1)
    else:
        m, v = mean, var
    return gamma * (x - m) / np.sqrt(v + eps) + beta, mean, var


@program(check="batchnorm_layer", code="outside")
def statistics_of_the_output(x, gamma, beta, mean, var, new_weight, eps, training):
    m, v = (x.mean(0), x.var(0)) if training else (mean, var)
    y = gamma * (x - m) / np.sqrt(v + eps) + beta
    if training:
        mean = mean + new_weight * (y.mean(0) - mean)
        var = var + new_weight * (y.var(0, ddof=1) - var)
    return y, mean, var


@program(check="batchnorm_layer", code="outside")
def updated_twice(x, gamma, beta, mean, var, new_weight, eps, training):
    m, v = mean, var
    if training:
        m, v = x.mean(0), x.var(0)
        for _ in range(2):
            mean = mean + new_weight * (m - mean)
            var = var + new_weight * (x.var(0, ddof=1) - var)
    return gamma * (x - m) / np.sqrt(v + eps) + beta, mean, var
