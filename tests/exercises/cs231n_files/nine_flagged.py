"""All nine are right: batch norm has a flag for layer norm, channels first in rows, an object for a cache."""

# ruff: noqa
import numpy as np


class Kept:
    pass


def batchnorm_forward(x, gamma, beta, bn_param):
    layernorm = bn_param.get("layernorm", 0)
    mode = bn_param["mode"]
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    N, D = x.shape
    running_mean = bn_param.get("running_mean", np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get("running_var", np.zeros(D, dtype=x.dtype))
    if mode == "train":
        mu = 1 / N * np.sum(x, axis=0)
        xc = x - mu
        var = 1 / N * np.sum(xc**2, axis=0)
        std = np.sqrt(var + eps)
        norm = xc / std
        out = gamma * norm + beta
        cache = (norm, xc, std, var, eps, gamma, layernorm)
        if not layernorm:
            running_mean = momentum * running_mean + (1 - momentum) * mu
            running_var = momentum * running_var + (1 - momentum) * var
    else:
        out = gamma * ((x - running_mean) / np.sqrt(running_var + eps)) + beta
        cache = None
    bn_param["running_mean"] = running_mean
    bn_param["running_var"] = running_var
    return out, cache


def batchnorm_backward(dout, cache):
    norm, xc, std, var, eps, gamma, layernorm = cache
    N, D = dout.shape
    axis = 1 if layernorm else 0
    dgamma = np.sum(dout * norm, axis=axis)
    dbeta = np.sum(dout, axis=axis)
    dnorm = dout * gamma
    divar = np.sum(dnorm * xc, axis=0)
    dxc = dnorm / std
    dstd = -divar / std**2
    dvar = 0.5 * dstd / np.sqrt(var + eps)
    dxc += 2 / N * xc * dvar
    dmu = -np.sum(dxc, axis=0)
    return dxc + dmu / N, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
    norm, xc, std, var, eps, gamma, layernorm = cache
    N = dout.shape[0]
    axis = 1 if layernorm else 0
    dgamma = np.sum(dout * norm, axis=axis)
    dbeta = np.sum(dout, axis=axis)
    dfdz = dout * gamma
    dx = (dfdz - np.sum(dfdz, axis=0) / N - np.sum(dfdz * norm, axis=0) * norm / N) / std
    return dx, dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    ln_param.setdefault("mode", "train")
    ln_param.setdefault("layernorm", 1)
    [gamma, beta] = np.atleast_2d(gamma, beta)
    out, cache = batchnorm_forward(x.T, gamma.T, beta.T, ln_param)
    return out.T, cache


def layernorm_backward(dout, cache):
    dx, dgamma, dbeta = batchnorm_backward_alt(dout.T, cache)
    return dx.T, dgamma, dbeta


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    k = Kept()
    z = np.swapaxes(x, 0, 1)
    k.shape = z.shape
    out, k.inner = batchnorm_forward(z.reshape(x.shape[1], -1).T, gamma, beta, bn_param)
    return np.swapaxes(out.T.reshape(k.shape), 0, 1), k


def spatial_batchnorm_backward(dout, cache):
    d = np.swapaxes(dout, 0, 1).reshape(cache.shape[0], -1).T
    dx, dgamma, dbeta = batchnorm_backward(d, cache.inner)
    return np.swapaxes(dx.T.reshape(cache.shape), 0, 1), dgamma, dbeta


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    eps = gn_param.get("eps", 1e-5)
    k = Kept()
    k.x_hat, k.std, k.gamma, k.G = np.zeros_like(x), np.zeros((x.shape[0], G)), gamma, G
    size = x.shape[1] // G
    for n in range(x.shape[0]):
        for g in range(G):
            part = x[n, g * size : (g + 1) * size]
            k.std[n, g] = np.sqrt(part.var() + eps)
            k.x_hat[n, g * size : (g + 1) * size] = (part - part.mean()) / k.std[n, g]
    return gamma * k.x_hat + beta, k


def spatial_groupnorm_backward(dout, cache):
    x_hat, std, gamma, G = cache.x_hat, cache.std, cache.gamma, cache.G
    size = x_hat.shape[1] // G
    dx = np.zeros_like(dout)
    for n in range(len(dout)):
        for g in range(G):
            s = slice(g * size, (g + 1) * size)
            d = (dout * gamma)[n, s]
            dx[n, s] = (d - d.mean() - x_hat[n, s] * (d * x_hat[n, s]).mean()) / std[n, g]
    dgamma = (dout * x_hat).sum(axis=(0, 2, 3)).reshape(gamma.shape)
    return dx, dgamma, dout.sum(axis=(0, 2, 3)).reshape(gamma.shape)
