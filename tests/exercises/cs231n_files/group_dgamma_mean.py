"""dgamma is a mean where it is a sum."""

# ruff: noqa
import numpy as np


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    N, C, H, W = x.shape
    z = x.reshape(N, G, C // G, H, W)
    zc = z - z.mean((2, 3, 4), keepdims=True)
    std = np.sqrt((zc**2).mean((2, 3, 4), keepdims=True) + gn_param.get("eps", 1e-5))
    xhat = (zc / std).reshape(x.shape)
    return gamma * xhat + beta, (xhat, std, gamma, G)


def spatial_groupnorm_backward(dout, cache):
    xhat, std, gamma, G = cache
    z = xhat.reshape(len(dout), G, -1, *dout.shape[2:])
    g = (dout * gamma).reshape(z.shape)
    dx = (g - g.mean((2, 3, 4), keepdims=True) - z * (g * z).mean((2, 3, 4), keepdims=True)) / std
    return (
        dx.reshape(dout.shape),
        (dout * xhat).mean((0, 2, 3), keepdims=True),
        dout.sum((0, 2, 3), keepdims=True),
    )
