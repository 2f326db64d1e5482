# ruff: noqa: RUF059, SIM, B007, PIE, C4
"""Right running statistics, inference and layers."""

from dataclasses import dataclass, replace

import numpy as np

from corpus.registry import program


@program(check="running_stats", code=None)
def textbook_running(mean, var, x, new_weight):
    mean = (1 - new_weight) * mean + new_weight * x.mean(axis=0)
    var = (1 - new_weight) * var + new_weight * x.var(axis=0, ddof=1)
    return mean, var


@program(check="running_stats", code=None)
def factor_from_the_paper(mean, var, x, new_weight):
    m = x.shape[0]
    batch_mean = x.sum(axis=0) / m
    batch_var = ((x - batch_mean) ** 2).sum(axis=0) / m
    unbiased = m / (m - 1) * batch_var
    return mean + new_weight * (batch_mean - mean), var + new_weight * (unbiased - var)


@program(check="running_stats", code=None)
def old_weight_named(running_mean, running_var, x, new_weight):
    momentum = 1 - new_weight  # CS231n 방식
    n = len(x)
    running_mean = momentum * running_mean + (1 - momentum) * np.mean(x, axis=0)
    running_var = momentum * running_var + (1 - momentum) * np.var(x, axis=0) * n / (n - 1)
    return running_mean, running_var


@program(check="running_stats", code=None)
class ChangesItself:
    def __init__(self, D, new_weight):
        self.mean = np.zeros(D)
        self.var = np.ones(D)
        self.new_weight = new_weight

    def update(self, x):
        self.mean = (1 - self.new_weight) * self.mean + self.new_weight * x.mean(axis=0)
        self.var = (1 - self.new_weight) * self.var + self.new_weight * x.var(axis=0, ddof=1)


@program(check="running_stats", code=None)
class InPlaceBuffers:
    def __init__(self, D, new_weight):
        self.mean, self.var, self.a = np.zeros(D), np.ones(D), new_weight

    def update(self, x):
        for buffer, new in ((self.mean, np.mean(x, 0)), (self.var, np.var(x, 0, ddof=1))):
            buffer *= 1 - self.a
            buffer += self.a * new
        return self


@dataclass(frozen=True)
class _Frozen:
    mean: np.ndarray
    var: np.ndarray
    w: float

    def update(self, x):
        def blend(old, new):
            return (1 - self.w) * old + self.w * new

        return replace(self, mean=blend(self.mean, x.mean(0)), var=blend(self.var, x.var(0, ddof=1)))


@program(check="running_stats", code=None)
class ReturnsANewOne(_Frozen):
    def __init__(self, D, new_weight):
        super().__init__(np.zeros(D), np.ones(D), new_weight)

    def update(self, x):
        return _Frozen(self.mean, self.var, self.w).update(x)


@program(check="running_stats", code=None)
def welford_then_blend(mean, var, x, new_weight):
    n, m, M2 = 0, 0.0, 0.0
    for row in x:
        n += 1
        d = row - m
        m = m + d / n
        M2 = M2 + d * (row - m)
    return (1 - new_weight) * mean + new_weight * m, (1 - new_weight) * var + new_weight * M2 / (n - 1)


@program(check="running_stats", code=None)
def pairs_give_unbiased(mean, var, x, new_weight):
    i, j = np.triu_indices(len(x), 1)
    s2 = ((x[i] - x[j]) ** 2).mean(0) / 2  # E[(a-b)^2]/2 über alle Paare
    old = np.array([mean, var])
    new = np.array([x.mean(0), s2])
    mean, var = old + new_weight * (new - old)
    return mean, var


@program(check="running_stats", code=None)
def weighted_average(mean, var, x, new_weight):
    w = [1 - new_weight, new_weight]
    s = np.sqrt(np.var(x, 0, ddof=1))
    return (
        np.average([mean, x.mean(0)], axis=0, weights=w),
        np.average([var, s * s], axis=0, weights=w),
    )


@program(check="running_stats", code=None)
def loops_over_features(mean, var, x, new_weight):
    N, D = x.shape
    new_mean, new_var = [], []
    for d in range(D):
        m = sum(x[:, d]) / N
        s = sum((v - m) ** 2 for v in x[:, d]) / (N - 1)
        new_mean.append(mean[d] * (1 - new_weight) + m * new_weight)
        new_var.append(var[d] * (1 - new_weight) + s * new_weight)
    return np.array(new_mean), np.array(new_var)


# --- inference


@program(check="inference", code=None)
def textbook_inference(x, gamma, beta, mean, var, eps):
    x_hat = (x - mean) / np.sqrt(var + eps)
    return gamma * x_hat + beta


@program(check="inference", code=None)
def folded_inference(x, gamma, beta, mean, var, eps):
    scale = gamma / np.sqrt(var + eps)
    shift = beta - mean * scale
    return x * scale + shift


@program(check="inference", code=None)
def by_name_only(x, *, gamma, beta, mean, var, eps):
    return np.einsum("nd,d->nd", x - mean, gamma * (var + eps) ** -0.5) + beta


@program(check="inference", code=None)
def rows_one_by_one(x, gamma, beta, mean, var, eps):
    rstd = np.reciprocal(np.sqrt(var + eps))
    return np.array([gamma * (row - mean) * rstd + beta for row in x])


@program(check="inference", code=None)
def one_matrix_product(x, gamma, beta, mean, var, eps):
    # [x, 1] @ [[A], [b]]
    a = gamma / np.sqrt(var + eps)
    W = np.vstack([np.diag(a), beta - a * mean])
    X = np.column_stack([x, np.ones(len(x), x.dtype)])
    return X @ W


@program(check="inference", code=None)
def y_and_nothing(x, gamma, beta, running_mean, running_var, eps):
    std = np.hypot(np.sqrt(running_var), np.sqrt(eps))
    out = np.subtract(x, running_mean)
    out = np.divide(out, std)
    return gamma * out + beta, None


# --- batchnorm_layer


@program(check="batchnorm_layer", code=None)
def textbook_layer(x, gamma, beta, mean, var, new_weight, eps, training):
    if training:
        mu, sigma2 = x.mean(axis=0), x.var(axis=0)
        n = len(x)
        mean = (1 - new_weight) * mean + new_weight * mu
        var = (1 - new_weight) * var + new_weight * sigma2 * n / (n - 1)
    else:
        mu, sigma2 = mean, var
    y = gamma * (x - mu) / np.sqrt(sigma2 + eps) + beta
    return y, mean, var


@program(check="batchnorm_layer", code=None)
def early_return(x, gamma, beta, mean, var, new_weight, eps, training):
    def normalise(m, v):
        return gamma * (x - m) / np.sqrt(v + eps) + beta

    if not training:
        return normalise(mean, var), mean.copy(), var.copy()
    m = x.mean(0)
    y = normalise(m, ((x - m) ** 2).mean(0))
    return y, mean + new_weight * (m - mean), var + new_weight * (x.var(0, ddof=1) - var)


@program(check="batchnorm_layer", code=None)
def zero_weight_in_eval(x, gamma, beta, mean, var, new_weight, eps, training):
    w = new_weight * bool(training)
    bm, bv = np.mean(x, 0), np.var(x, 0)
    m, v = np.where(training, bm, mean), np.where(training, bv, var)
    y = gamma * ((x - m) / np.sqrt(v + eps)) + beta
    return y, (1 - w) * mean + w * bm, (1 - w) * var + w * np.var(x, 0, ddof=1)


@program(check="batchnorm_layer", code=None)
def small_module(x, gamma, beta, mean, var, new_weight, eps, training):
    class BatchNorm1d:
        def __init__(self):
            self.weight, self.bias = gamma, beta
            self.running_mean, self.running_var = mean, var
            self.training = training

        def __call__(self, x):
            m, v = self.running_mean, self.running_var
            if self.training:
                m, v = x.mean(0), x.var(0)
                self.track(x)
            return (x - m) / np.sqrt(v + eps) * self.weight + self.bias

        def track(self, x):
            self.running_mean = self.running_mean * (1 - new_weight) + x.mean(0) * new_weight
            self.running_var = self.running_var * (1 - new_weight) + x.var(0, ddof=1) * new_weight

    bn = BatchNorm1d()
    y = bn(x)
    return y, bn.running_mean, bn.running_var


@program(check="batchnorm_layer", code=None)
def cs231n_modes(x, gamma, beta, mean, var, new_weight, eps, training):
    mode = "train" if training else "test"
    bn_param = {"mode": mode, "momentum": 1 - new_weight, "running_mean": mean, "running_var": var}
    N, D = x.shape
    momentum = bn_param["momentum"]
    if mode == "train":
        sample_mean = np.mean(x, axis=0)
        ss = np.sum((x - sample_mean) ** 2, axis=0)
        out = gamma * (x - sample_mean) / np.sqrt(ss / N + eps) + beta
        bn_param["running_mean"] = momentum * mean + (1 - momentum) * sample_mean
        bn_param["running_var"] = momentum * var + (1 - momentum) * ss / (N - 1)
    elif mode == "test":
        # gefaltet: eine Multiplikation, eine Addition
        a = gamma / np.sqrt(var + eps)
        out = x * a + (beta - mean * a)
    else:
        raise ValueError(f'Invalid forward batchnorm mode "{mode}"')
    return out, bn_param["running_mean"], bn_param["running_var"]


@program(check="batchnorm_layer", code=None)
def update_in_both_but_kept_in_one(x, gamma, beta, mean, var, new_weight, eps, training):
    candidates = {
        True: (x.mean(0), x.var(0), *(_ema(mean, var, x, new_weight))),
        False: (mean, var, mean, var),
    }
    m, v, mean, var = candidates[bool(training)]
    return np.einsum("d,nd->nd", gamma / np.sqrt(v + eps), x - m) + beta, mean, var


def _ema(mean, var, x, a):
    return mean + a * (x.mean(0) - mean), var + a * (x.var(0, ddof=1) - var)
