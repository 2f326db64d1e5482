"""batchnorm_backward forgets gamma. Layer norm calls it on its side, and looks into the cache as well."""

# ruff: noqa
import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
    eps = bn_param.get("eps", 1e-5)
    if bn_param["mode"] == "test":
        std = np.sqrt(bn_param["running_var"] + eps)
        return (x - bn_param["running_mean"]) / std * gamma + beta, None
    mu, var = x.mean(axis=0), x.var(axis=0)
    keep = bn_param.get("momentum", 0.9)
    bn_param["running_mean"] = keep * bn_param.get("running_mean", 0) + (1 - keep) * mu
    bn_param["running_var"] = keep * bn_param.get("running_var", 0) + (1 - keep) * var
    std = np.sqrt(var + eps)
    x_hat = (x - mu) / std
    return x_hat * gamma + beta, (x_hat, std, gamma)


def batchnorm_backward(dout, cache):
    x_hat, std, gamma = cache
    dx = (dout - dout.mean(axis=0) - x_hat * (dout * x_hat).mean(axis=0)) / std
    return dx, np.sum(dout * x_hat, axis=0), np.sum(dout, axis=0)


def layernorm_forward(x, gamma, beta, ln_param):
    out, cache = batchnorm_forward(x.T, gamma[:, None], beta[:, None], {**ln_param, "mode": "train"})
    return out.T, cache


def layernorm_backward(dout, cache):
    x_hat = cache[0].T
    dx, _, _ = batchnorm_backward(dout.T, cache)
    return dx.T, np.sum(dout * x_hat, axis=0), np.sum(dout, axis=0)
