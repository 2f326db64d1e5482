"""All nine are right: layer norm is batch norm on its side, groups lie on their side too, caches have names."""

# ruff: noqa
from collections import namedtuple

import numpy as np

Cache = namedtuple("Cache", "xhat istd gamma")


def standardise(z, eps):
    """Columns of z to mean 0, width 1."""
    zc = z - z.mean(axis=0)
    istd = 1.0 / np.sqrt((zc * zc).mean(axis=0) + eps)
    return zc * istd, istd


def through(dz, z, istd):
    M = len(dz)
    return istd / M * (M * dz - dz.sum(axis=0) - z * (dz * z).sum(axis=0))


def batchnorm_forward(x, gamma, beta, bn_param):
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    zeros = np.zeros(x.shape[1])
    if bn_param["mode"] == "train":
        xhat, istd = standardise(x, eps)
        for key, new in (("running_mean", x.mean(axis=0)), ("running_var", x.var(axis=0))):
            bn_param[key] = momentum * bn_param.get(key, zeros) + (1 - momentum) * new
        return gamma * xhat + beta, Cache(xhat, istd, gamma)
    std = np.sqrt(bn_param.get("running_var", zeros) + eps)
    return gamma * ((x - bn_param.get("running_mean", zeros)) / std) + beta, None


def batchnorm_backward(dout, cache):
    dx = through(dout * cache.gamma, cache.xhat, cache.istd)
    return dx, np.sum(dout * cache.xhat, axis=0), np.sum(dout, axis=0)


def batchnorm_backward_alt(dout, cache):
    xhat, istd, gamma = cache
    M = dout.shape[0]
    A = np.eye(M) - 1.0 / M
    dx = np.empty_like(dout)
    for j in range(dout.shape[1]):
        J = istd[j] * (A - np.outer(xhat[:, j], xhat[:, j]) / M)
        dx[:, j] = J @ (dout[:, j] * gamma[j])
    return dx, np.sum(dout * xhat, axis=0), np.sum(dout, axis=0)


def layernorm_forward(x, gamma, beta, ln_param):
    ones = np.ones(x.shape[0])
    ln_param["mode"] = "train"
    xhat, cache = batchnorm_forward(x.T, ones, 0 * ones, ln_param)
    return gamma * xhat.T + beta, (cache, gamma)


def layernorm_backward(dout, cache):
    bn_cache, gamma = cache
    dx, _, _ = batchnorm_backward((dout * gamma).T, bn_cache)
    return dx.T, np.sum(dout * bn_cache.xhat.T, axis=0), np.sum(dout, axis=0)


def to_rows(x):
    return np.moveaxis(x, 1, 3).reshape(-1, x.shape[1])


def to_maps(rows, like):
    N, C, H, W = like.shape
    return np.moveaxis(rows.reshape(N, H, W, C), 3, 1)


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    y, cache = batchnorm_forward(to_rows(x), gamma, beta, bn_param)
    return to_maps(y, x), cache


def spatial_batchnorm_backward(dout, cache):
    dx, dgamma, dbeta = batchnorm_backward(to_rows(dout), cache)
    return to_maps(dx, dout), dgamma, dbeta


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    N, C, H, W = x.shape
    z = x.reshape(N * G, -1).T
    zhat, istd = standardise(z, gn_param.get("eps", 1e-5))
    xhat = zhat.T.reshape(x.shape)
    return xhat * gamma.reshape(1, C, 1, 1) + beta.reshape(1, C, 1, 1), [zhat, istd, gamma, G]


def spatial_groupnorm_backward(dout, cache):
    zhat, istd, gamma, G = cache
    N, C, H, W = dout.shape
    xhat = zhat.T.reshape(dout.shape)
    dgamma = np.einsum("nchw,nchw->c", dout, xhat)[None, :, None, None]
    dbeta = np.einsum("nchw->c", dout)[None, :, None, None]
    dz = (dout * gamma).reshape(N * G, -1).T
    return through(dz, zhat, istd).T.reshape(dout.shape), dgamma, dbeta
