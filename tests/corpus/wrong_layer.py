# ruff: noqa: RUF059, SIM, B007, PIE, C4
"""Wrong layers: what belongs to training happens in evaluation, or the other way round."""

import numpy as np

from corpus.registry import program


def _blend(old, new, w):
    return (1 - w) * old + w * new


def _normalise(x, mean, var, gamma, beta, eps):
    return gamma * (x - mean) / np.sqrt(var + eps) + beta


# --- modes.running-in-training


@program(check="batchnorm_layer", code="modes.running-in-training")
def update_then_use_running(x, gamma, beta, mean, var, new_weight, eps, training):
    if training:
        mean = (1 - new_weight) * mean + new_weight * x.mean(axis=0)
        var = (1 - new_weight) * var + new_weight * x.var(axis=0, ddof=1)
    y = gamma * (x - mean) / np.sqrt(var + eps) + beta
    return y, mean, var


@program(check="batchnorm_layer", code="modes.running-in-training")
def small_layer_object(x, gamma, beta, mean, var, new_weight, eps, training):
    class Layer:
        def __init__(self):
            self.running_mean, self.running_var = mean, var

        def update(self):
            n = len(x)
            m = x.sum(0) / n
            v = ((x - m) ** 2).sum(0) / (n - 1)
            self.running_mean = _blend(self.running_mean, m, new_weight)
            self.running_var = _blend(self.running_var, v, new_weight)

        def __call__(self, x):
            if training:
                self.update()
            x_hat = (x - self.running_mean) / np.sqrt(self.running_var + eps)
            return x_hat * gamma + beta

    layer = Layer()
    return layer(x), layer.running_mean, layer.running_var


@program(check="batchnorm_layer", code="modes.running-in-training")
def two_branches_running_used(x, g, b, rm, rv, w, eps, training):
    if not training:
        scale = g / np.sqrt(rv + eps)
        return x * scale + (b - rm * scale), rm, rv
    rm = rm + w * (np.mean(x, 0) - rm)
    rv = rv + w * (np.var(x, 0, ddof=1) - rv)
    # 移動平均で正規化
    out = np.einsum("d,nd->nd", g / np.sqrt(rv + eps), x - rm) + b
    return out, rm, rv


# --- modes.running-in-training-before


@program(check="batchnorm_layer", code="modes.running-in-training-before")
def use_running_then_update(x, gamma, beta, mean, var, new_weight, eps, training):
    y = gamma * (x - mean) / np.sqrt(var + eps) + beta
    if training:
        mean = (1 - new_weight) * mean + new_weight * x.mean(axis=0)
        var = (1 - new_weight) * var + new_weight * x.var(axis=0, ddof=1)
    return y, mean, var


@program(check="batchnorm_layer", code="modes.running-in-training-before")
def names_mixed_in_train_branch(x, gamma, beta, running_mean, running_var, momentum, eps, training):
    if training:
        sample_mean = np.mean(x, axis=0)
        sample_var = np.var(x, axis=0)
        n = x.shape[0]
        x_norm = (x - running_mean) / np.sqrt(running_var + eps)
        running_mean = momentum * sample_mean + (1 - momentum) * running_mean
        running_var = momentum * sample_var * n / (n - 1) + (1 - momentum) * running_var
    else:
        x_norm = (x - running_mean) / np.sqrt(running_var + eps)
    return gamma * x_norm + beta, running_mean, running_var


@program(check="batchnorm_layer", code="modes.running-in-training-before")
def one_return_expression(x, gamma, beta, mean, var, new_weight, eps, training):
    w = new_weight if training else 0.0
    new_mean = _blend(mean, x.mean(0), w)
    new_var = _blend(var, x.var(0, ddof=1) if training else var, w)
    return _normalise(x, mean, var, gamma, beta, eps), new_mean, new_var


# --- modes.batch-in-eval


@program(check="batchnorm_layer", code="modes.batch-in-eval")
def normalise_outside_the_if(x, gamma, beta, mean, var, new_weight, eps, training):
    mu = x.mean(axis=0)
    sigma2 = x.var(axis=0)
    if training:
        n = len(x)
        mean = (1 - new_weight) * mean + new_weight * mu
        var = (1 - new_weight) * var + new_weight * sigma2 * n / (n - 1)
    y = gamma * (x - mu) / np.sqrt(sigma2 + eps) + beta
    return y, mean, var


@program(check="batchnorm_layer", code="modes.batch-in-eval")
def test_branch_copied_from_train(x, gamma, beta, mean, var, new_weight, eps, training):
    if training:
        m, v = np.mean(x, 0), np.var(x, 0)
        out = _normalise(x, m, v, gamma, beta, eps)
        mean = _blend(mean, m, new_weight)
        var = _blend(var, np.var(x, 0, ddof=1), new_weight)
    else:
        m, v = np.mean(x, 0), np.var(x, 0)
        out = _normalise(x, m, v, gamma, beta, eps)
    return out, mean, var


@program(check="batchnorm_layer", code="modes.batch-in-eval")
def early_return_in_eval(x, gamma, beta, mean, var, new_weight, eps, training):
    N = x.shape[0]
    xc = x - x.sum(0) / N
    ss = (xc * xc).sum(0)
    y = xc * (ss / N + eps) ** -0.5 * gamma + beta
    if not training:
        return y, mean, var  # 평가 때는 갱신하지 않는다
    return y, mean + new_weight * (x.sum(0) / N - mean), var + new_weight * (ss / (N - 1) - var)


# --- modes.updates-in-eval


@program(check="batchnorm_layer", code="modes.updates-in-eval")
def update_after_both_branches(x, gamma, beta, mean, var, new_weight, eps, training):
    mu = x.mean(axis=0)
    sigma2 = x.var(axis=0)
    if training:
        y = gamma * (x - mu) / np.sqrt(sigma2 + eps) + beta
    else:
        y = gamma * (x - mean) / np.sqrt(var + eps) + beta
    mean = (1 - new_weight) * mean + new_weight * mu
    var = (1 - new_weight) * var + new_weight * x.var(axis=0, ddof=1)
    return y, mean, var


@program(check="batchnorm_layer", code="modes.updates-in-eval")
def statistics_chosen_then_blended(x, g, b, rm, rv, w, eps, training):
    N = len(x)
    bm = np.einsum("nd->d", x) / N
    bv = np.einsum("nd,nd->d", x - bm, x - bm) / N
    m, v = (bm, bv) if training else (rm, rv)
    out = g * ((x - m) / np.sqrt(v + eps)) + b
    return out, _blend(rm, bm, w), _blend(rv, bv * N / (N - 1), w)


@program(check="batchnorm_layer", code="modes.updates-in-eval")
def eval_branch_updates_too(x, gamma, beta, mean, var, new_weight, eps, training):
    new_mean = mean + new_weight * (x.mean(0) - mean)
    new_var = var + new_weight * (x.var(0, ddof=1) - var)
    if training:
        return _normalise(x, x.mean(0), x.var(0), gamma, beta, eps), new_mean, new_var
    return _normalise(x, mean, var, gamma, beta, eps), new_mean, new_var


@program(check="batchnorm_layer", code="modes.updates-in-eval")
def update_on_the_first_line(x, gamma, beta, mean, var, new_weight, eps, training):
    # сначала обновляем, потом выбираем
    mean = _blend(mean, x.mean(0), new_weight)
    var = _blend(var, x.var(0, ddof=1), new_weight)
    if training:
        y = _normalise(x, x.mean(0), x.var(0), gamma, beta, eps)
    else:
        y = _normalise(x, mean, var, gamma, beta, eps)
    return y, mean, var


# --- modes.always-training


@program(check="batchnorm_layer", code="modes.always-training")
def flag_ignored(x, gamma, beta, mean, var, new_weight, eps, training):
    mu = x.mean(axis=0)
    sigma2 = x.var(axis=0)
    y = gamma * (x - mu) / np.sqrt(sigma2 + eps) + beta
    mean = (1 - new_weight) * mean + new_weight * mu
    var = (1 - new_weight) * var + new_weight * sigma2 * len(x) / (len(x) - 1)
    return y, mean, var


@program(check="batchnorm_layer", code="modes.always-training")
def compares_with_a_string(x, gamma, beta, mean, var, new_weight, eps, training):
    mode = "train" if training is not None else "test"
    if mode == "train":
        m, v = x.mean(0), x.var(0)
        mean = _blend(mean, m, new_weight)
        var = _blend(var, x.var(0, ddof=1), new_weight)
    elif mode == "test":
        m, v = mean, var
    return _normalise(x, m, v, gamma, beta, eps), mean, var


@program(check="batchnorm_layer", code="modes.always-training")
def training_set_to_true(x, gamma, beta, mean, var, new_weight, eps, training):
    training = True  # default, como en PyTorch
    if not training:
        return _normalise(x, mean, var, gamma, beta, eps), mean, var
    N, D = x.shape
    m = np.ones(N) @ x / N
    ss = np.sum(np.square(x - m), axis=0)
    y = (x - m) @ np.diag(gamma / np.sqrt(ss / N + eps)) + beta
    return y, mean + new_weight * (m - mean), var + new_weight * (ss / (N - 1) - var)
