"""The forward for images is as it came, its backward is written."""

# ruff: noqa
import numpy as np


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    out, cache = None, None
    ###########################################################################
    # TODO: Implement the forward pass for spatial batch normalization.       #
    ###########################################################################
    pass
    return out, cache


def spatial_batchnorm_backward(dout, cache):
    xhat, std, gamma = cache
    dgamma = (dout * xhat).sum(axis=(0, 2, 3))
    dbeta = dout.sum(axis=(0, 2, 3))
    M = dout.size // dout.shape[1]
    row = lambda z: z.reshape(1, -1, 1, 1)
    dx = row(gamma / std) * (dout - row(dbeta) / M - xhat * row(dgamma) / M)
    return dx, dgamma, dbeta
