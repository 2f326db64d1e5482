"""Batch norm of images over its own axes: in test mode the batch is used, in the backward each image alone."""

# ruff: noqa
import numpy as np


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    eps, momentum = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    C = x.shape[1]
    mean = x.mean(axis=(0, 2, 3))
    var = x.var(axis=(0, 2, 3))
    if bn_param["mode"] == "train":
        bn_param["running_mean"] = (
            momentum * bn_param.get("running_mean", np.zeros(C)) + (1 - momentum) * mean
        )
        bn_param["running_var"] = momentum * bn_param.get("running_var", np.zeros(C)) + (1 - momentum) * var
    xhat = (x - mean[:, None, None]) / np.sqrt(var[:, None, None] + eps)
    out = gamma[:, None, None] * xhat + beta[:, None, None]
    return out, {"xhat": xhat, "var": var, "eps": eps, "gamma": gamma}


def spatial_batchnorm_backward(dout, cache):
    xhat, gamma = cache["xhat"], cache["gamma"]
    N, C, H, W = dout.shape
    dgamma = np.sum(dout * xhat, axis=(0, 2, 3))
    dbeta = np.sum(dout, axis=(0, 2, 3))
    g = dout * gamma.reshape(1, C, 1, 1)
    s1 = np.sum(g, axis=(2, 3), keepdims=True)
    s2 = np.sum(g * xhat, axis=(2, 3), keepdims=True)
    std = np.sqrt(cache["var"] + cache["eps"]).reshape(1, C, 1, 1)
    dx = (g - s1 / (H * W) - xhat * s2 / (H * W)) / std
    return dx, dgamma, dbeta
