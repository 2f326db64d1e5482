"""The statistics of a group are those of all images together; the backward is its derivative."""

# ruff: noqa
import numpy as np


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    N, C, H, W = x.shape
    eps = gn_param.get("eps", 1e-5)
    x = np.reshape(x, (N, G, C // G, H, W))
    mean = np.mean(x, axis=(0, 2, 3, 4), keepdims=True)
    var = np.var(x, axis=(0, 2, 3, 4), keepdims=True)
    x = (x - mean) / np.sqrt(var + eps)
    x = np.reshape(x, (N, C, H, W))
    return x * gamma + beta, (x, var + eps, gamma, G)


def spatial_groupnorm_backward(dout, cache):
    xhat, v, gamma, G = cache
    N, C, H, W = dout.shape
    axes = (0, 2, 3, 4)
    g = (dout * gamma).reshape(N, G, C // G, H, W)
    h = xhat.reshape(g.shape)
    dx = (g - g.mean(axis=axes, keepdims=True) - h * (g * h).mean(axis=axes, keepdims=True)) / np.sqrt(v)
    axes = (0, 2, 3)
    return (
        dx.reshape(dout.shape),
        np.sum(dout * xhat, axis=axes, keepdims=True),
        np.sum(dout, axis=axes, keepdims=True),
    )
