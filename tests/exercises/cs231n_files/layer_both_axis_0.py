"""Layer norm that is batch norm throughout: the backward is the derivative of a wrong forward."""

# ruff: noqa
import numpy as np


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get("eps", 1e-5)
    z = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps)
    return gamma * z + beta, (z, x.var(axis=0) + eps, gamma)


def layernorm_backward(dout, cache):
    z, v, gamma = cache
    dz = dout * gamma
    dx = (dz - dz.mean(axis=0) - z * np.mean(dz * z, axis=0)) * v**-0.5
    return dx, np.sum(z * dout, axis=0), np.sum(dout, axis=0)
