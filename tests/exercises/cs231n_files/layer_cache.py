"""layernorm_forward gives a right output and keeps a variance without eps as if it were one with eps."""

# ruff: noqa
import numpy as np


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get("eps", 1e-5)
    x_T = x.T
    mu = x_T.mean(axis=0)
    var = x_T.var(axis=0)
    out_T = (x_T - mu) / np.sqrt(var + eps)
    cache = (out_T, np.sqrt(var), gamma)
    return out_T.T * gamma + beta, cache


def layernorm_backward(dout, cache):
    x_hat, std, gamma = cache
    dz = (dout * gamma).T
    D = dz.shape[0]
    dx = (D * dz - dz.sum(axis=0) - x_hat * (dz * x_hat).sum(axis=0)) / D / std
    return dx.T, (dout * x_hat.T).sum(axis=0), dout.sum(axis=0)
