"""Another style: a dictionary for a cache, in-place running statistics, a helper, xrange of old."""

# ruff: noqa
from builtins import range

import numpy as np
from past.builtins import xrange


def statistics(x):
    mean = sum(x[i] for i in xrange(len(x))) / len(x)
    return mean, sum((x[i] - mean) ** 2 for i in range(len(x))) / len(x)


def batchnorm_forward(x, gamma, beta, bn_param):
    eps, momentum = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    D = x.shape[1]
    bn_param.setdefault("running_mean", np.zeros(D))
    bn_param.setdefault("running_var", np.zeros(D))
    if bn_param["mode"] == "test":
        scale = gamma / np.sqrt(bn_param["running_var"] + eps)
        return x * scale + (beta - bn_param["running_mean"] * scale), None
    mean, var = statistics(x)
    bn_param["running_mean"] *= momentum
    bn_param["running_mean"] += (1 - momentum) * mean
    bn_param["running_var"] *= momentum
    bn_param["running_var"] += (1 - momentum) * var
    ivar = 1 / np.sqrt(var + eps)
    return gamma * (x - mean) * ivar + beta, {
        "x": x,
        "mean": mean,
        "ivar": ivar,
        "gamma": gamma,
        "param": bn_param,
    }


def batchnorm_backward(dout, cache):
    h = (cache["x"] - cache["mean"]) * cache["ivar"]
    g = dout * cache["gamma"]
    dx = (g - g.mean(axis=0) - h * (g * h).mean(axis=0)) * cache["ivar"]
    return dx, np.einsum("nd,nd->d", dout, h), np.einsum("nd->d", dout)
