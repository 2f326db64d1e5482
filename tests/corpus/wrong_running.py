# ruff: noqa: F841, SIM, B007, PIE, C4
"""Wrong running statistics, as functions and as classes."""

import numpy as np

from corpus.registry import program

# --- running.weight-inverted


@program(check="running_stats", code="running.weight-inverted")
def cs231n_momentum(running_mean, running_var, x, momentum):
    sample_mean = x.mean(axis=0)
    sample_var = x.var(axis=0, ddof=1)
    running_mean = momentum * running_mean + (1 - momentum) * sample_mean
    running_var = momentum * running_var + (1 - momentum) * sample_var
    return running_mean, running_var


@program(check="running_stats", code="running.weight-inverted")
class KerasStyle:
    def __init__(self, D, new_weight):
        self.mean = np.zeros(D)
        self.var = np.ones(D)
        self.decay = new_weight

    def update(self, x):
        self.mean = self.decay * self.mean + (1.0 - self.decay) * np.mean(x, axis=0)
        self.var = self.decay * self.var + (1.0 - self.decay) * np.var(x, axis=0, ddof=1)


@program(check="running_stats", code="running.weight-inverted")
def lerp_from_the_other_end(mean, var, x, new_weight):
    def lerp(a, b, t):
        return a + t * (b - a)

    n = len(x)
    m = x.sum(0) / n
    v = ((x - m) ** 2).sum(0) / (n - 1)
    return lerp(m, mean, new_weight), lerp(v, var, new_weight)


# --- running.biased


@program(check="running_stats", code="running.biased")
def np_var_default(mean, var, x, new_weight):
    mu = x.mean(axis=0)
    sigma2 = x.var(axis=0)
    mean = (1 - new_weight) * mean + new_weight * mu
    var = (1 - new_weight) * var + new_weight * sigma2
    return mean, var


@program(check="running_stats", code="running.biased")
class BiasedRunning:
    def __init__(self, D, new_weight):
        self.mean, self.var, self.w = np.zeros(D), np.ones(D), new_weight

    def update(self, x):
        N = x.shape[0]
        mu = np.einsum("nd->d", x) / N
        xc = x - mu
        self.mean = self.mean + self.w * (mu - self.mean)
        self.var = self.var + self.w * (np.einsum("nd,nd->d", xc, xc) / N - self.var)
        return self


@program(check="running_stats", code="running.biased")
def ema_helper_with_population_variance(mean, var, x, new_weight):
    ema = lambda old, new: old * (1 - new_weight) + new * new_weight  # noqa: E731
    deviations = x - np.average(x, axis=0)
    return ema(mean, np.average(x, axis=0)), ema(var, np.average(deviations**2, axis=0))


# --- running.corrected-twice


@program(check="running_stats", code="running.corrected-twice")
def ddof_and_factor(mean, var, x, new_weight):
    n = x.shape[0]
    batch_var = np.var(x, axis=0, ddof=1)
    unbiased = batch_var * n / (n - 1)
    return (
        (1 - new_weight) * mean + new_weight * np.mean(x, axis=0),
        (1 - new_weight) * var + new_weight * unbiased,
    )


@program(check="running_stats", code="running.corrected-twice")
class CorrectedTwice:
    def __init__(self, D, new_weight):
        self.mean, self.var, self.momentum = np.zeros(D), np.ones(D), new_weight

    def unbiased(self, x):
        m = len(x)
        return ((x - x.mean(0)) ** 2).sum(0) / (m - 1)

    def update(self, x):
        m = len(x)
        self.mean = (1 - self.momentum) * self.mean + self.momentum * x.mean(0)
        # m/(m-1) * Var, as in the paper
        self.var = (1 - self.momentum) * self.var + self.momentum * m / (m - 1) * self.unbiased(x)


@program(check="running_stats", code="running.corrected-twice")
def bessel_squared(mean, var, x, new_weight):
    N, D = x.shape
    m, v = np.zeros(D), np.zeros(D)
    for d in range(D):
        m[d] = sum(x[:, d]) / N
        v[d] = sum((x[:, d] - m[d]) ** 2) / N
    bessel = N / (N - 1)
    v = v * bessel**2  # 不偏分散
    return mean + new_weight * (m - mean), var + new_weight * (v - var)


# --- running.std-stored


@program(check="running_stats", code="running.std-stored")
def std_in_var(mean, var, x, new_weight):
    mean = (1 - new_weight) * mean + new_weight * x.mean(axis=0)
    var = (1 - new_weight) * var + new_weight * x.std(axis=0, ddof=1)
    return mean, var


@program(check="running_stats", code="running.std-stored")
def sigma_square_rooted(mean, var, x, new_weight):
    mu = np.mean(x, 0)
    sigma = np.sqrt(np.sum((x - mu) ** 2, 0) / (x.shape[0] - 1))
    mean = mean * (1 - new_weight) + mu * new_weight
    var = var * (1 - new_weight) + sigma * new_weight
    return mean, var


@program(check="running_stats", code="running.std-stored")
class StdKeeper:
    def __init__(self, D, new_weight):
        self.stats = {"mean": np.zeros(D), "std": np.ones(D)}
        self.a = new_weight

    mean = property(lambda self: self.stats["mean"])
    var = property(lambda self: self.stats["std"])

    def update(self, x):
        new = {"mean": x.mean(0), "std": x.std(0, ddof=1)}
        for k in self.stats:
            self.stats[k] = (1 - self.a) * self.stats[k] + self.a * new[k]


# --- running.eps-stored


@program(check="running_stats", code="running.eps-stored")
def eps_added_before_storing(mean, var, x, new_weight, eps=1e-5):
    mu = x.mean(axis=0)
    v = x.var(axis=0, ddof=1) + eps
    return (1 - new_weight) * mean + new_weight * mu, (1 - new_weight) * var + new_weight * v


@program(check="running_stats", code="running.eps-stored")
class RunningWithEps:
    eps = 1e-5

    def __init__(self, D, new_weight):
        self.mean = np.zeros(D)
        self.var = np.ones(D)
        self.new_weight = new_weight

    def update(self, x):
        w = self.new_weight
        var_eps = np.var(x, 0, ddof=1) + self.eps
        self.mean = (1 - w) * self.mean + w * np.mean(x, 0)
        self.var = (1 - w) * self.var + w * var_eps


@program(check="running_stats", code="running.eps-stored")
def std_squared_back(mean, var, x, new_weight):
    n = x.shape[0]
    mu = x.sum(0) / n
    std = np.sqrt(((x - mu) ** 2).sum(0) / (n - 1) + 1e-5)
    # 표준편차를 다시 제곱해서 저장
    return mean + new_weight * (mu - mean), var + new_weight * (std**2 - var)


# --- running.mean-for-var


@program(check="running_stats", code="running.mean-for-var")
def copy_paste_line(mean, var, x, new_weight):
    batch_mean = np.mean(x, axis=0)
    batch_var = np.var(x, axis=0, ddof=1)
    mean = (1 - new_weight) * mean + new_weight * batch_mean
    var = (1 - new_weight) * var + new_weight * batch_mean
    return mean, var


@program(check="running_stats", code="running.mean-for-var")
def list_comprehension_same_stat(mean, var, x, new_weight):
    m = x.mean(0)
    return tuple(new_weight * m + (1 - new_weight) * old for old in (mean, var))


@program(check="running_stats", code="running.mean-for-var")
class SameStatTwice:
    def __init__(self, D, new_weight):
        self.mean, self.var = np.zeros(D), np.ones(D)
        self.w = new_weight

    def stat(self, x, fn=np.mean):
        return fn(x, axis=0)

    def update(self, x):
        self.mean = self.mean - self.w * (self.mean - self.stat(x))
        self.var = self.var - self.w * (self.var - self.stat(x))
        return self


# --- running.overwritten


@program(check="running_stats", code="running.overwritten")
def last_batch_wins(mean, var, x, new_weight):
    mean = x.mean(axis=0)
    var = x.var(axis=0, ddof=1)
    return mean, var


@program(check="running_stats", code="running.overwritten")
class LastBatch:
    def __init__(self, D, new_weight):
        self.D, self.new_weight = D, new_weight
        self.mean, self.var = np.zeros(D), np.ones(D)

    def update(self, x):
        n = len(x)
        self.mean = x.sum(0) / n
        self.var = np.square(x - self.mean).sum(0) / (n - 1)


@program(check="running_stats", code="running.overwritten")
def shadowed_names(mean, var, x, new_weight):
    n = x.shape[0]
    mean = np.einsum("nd->d", x) / n
    var = np.einsum("nd,nd->d", x - mean, x - mean) / (n - 1)
    # momento
    mean = (1 - new_weight) * mean + new_weight * mean
    var = (1 - new_weight) * var + new_weight * var
    return mean, var


# --- running.never-updated


@program(check="running_stats", code="running.never-updated")
def local_names_only(mean, var, x, new_weight):
    running_mean = (1 - new_weight) * mean + new_weight * x.mean(0)
    running_var = (1 - new_weight) * var + new_weight * x.var(0, ddof=1)
    return mean, var


@program(check="running_stats", code="running.never-updated")
class ForgotSelf:
    def __init__(self, D, new_weight):
        self.mean = np.zeros(D)
        self.var = np.ones(D)
        self.new_weight = new_weight

    def update(self, x):
        mean = (1 - self.new_weight) * self.mean + self.new_weight * np.mean(x, axis=0)
        var = (1 - self.new_weight) * self.var + self.new_weight * np.var(x, axis=0, ddof=1)


@program(check="running_stats", code="running.never-updated")
def training_flag_false(mean, var, x, new_weight, training=False):
    if training:
        mean = mean + new_weight * (x.mean(0) - mean)
        var = var + new_weight * (x.var(0, ddof=1) - var)
    return mean.copy(), var.copy()


# --- running.mean-never-updated


@program(check="running_stats", code="running.mean-never-updated")
def only_var_line(mean, var, x, new_weight):
    n = len(x)
    new_var = x.var(axis=0) * n / (n - 1)
    var = (1 - new_weight) * var + new_weight * new_var
    return mean, var


@program(check="running_stats", code="running.mean-never-updated")
class MeanTypo:
    def __init__(self, D, new_weight):
        self.mean = np.zeros(D)
        self.var = np.ones(D)
        self.new_weight = new_weight

    def update(self, x):
        w = self.new_weight
        self.running_mean = (1 - w) * self.mean + w * x.mean(0)  # another name
        self.var = (1 - w) * self.var + w * x.var(0, ddof=1)


@program(check="running_stats", code="running.mean-never-updated")
def mean_weight_of_zero(mean, var, x, new_weight):
    weights = {"mean": 0.0, "var": new_weight}
    m = x.mean(0)
    v = ((x - m) ** 2).sum(0) / (x.shape[0] - 1)
    return mean + weights["mean"] * (m - mean), var + weights["var"] * (v - var)


# --- running.var-never-updated


@program(check="running_stats", code="running.var-never-updated")
def only_mean_line(mean, var, x, new_weight):
    mean = (1 - new_weight) * mean + new_weight * np.mean(x, axis=0)
    return mean, var


@program(check="running_stats", code="running.var-never-updated")
class VarLeftAtOne:
    def __init__(self, D, new_weight):
        self.mean, self.var, self.new_weight = np.zeros(D), np.ones(D), new_weight

    def update(self, x):
        self.mean = self.new_weight * x.mean(0) + (1 - self.new_weight) * self.mean
        self.var = self.var  # 稍后再更新
        return self


@program(check="running_stats", code="running.var-never-updated")
def var_line_on_another_name(mean, var, x, new_weight):
    mu, s2 = x.mean(0), x.var(0, ddof=1)
    mean = np.add(mean, np.multiply(new_weight, np.subtract(mu, mean)))
    vars = np.add(var, np.multiply(new_weight, np.subtract(s2, var)))
    return mean, var


# --- running.no-decay


@program(check="running_stats", code="running.no-decay")
def plus_equals(mean, var, x, new_weight):
    return mean + new_weight * x.mean(axis=0), var + new_weight * x.var(axis=0, ddof=1)


@program(check="running_stats", code="running.no-decay")
class Accumulator:
    def __init__(self, D, new_weight):
        self.mean = np.zeros(D)
        self.var = np.ones(D)
        self.lr = new_weight

    def update(self, x):
        n = x.shape[0]
        mu = x.mean(0)
        self.mean = self.mean + self.lr * mu
        self.var = self.var + self.lr * ((x - mu) ** 2).sum(0) / (n - 1)


@program(check="running_stats", code="running.no-decay")
def old_weight_of_one(mean, var, x, new_weight):
    old_weight = 1
    stats = np.stack([np.mean(x, 0), np.var(x, 0, ddof=1)])
    out = old_weight * np.stack([mean, var]) + new_weight * stats
    return out[0], out[1]
