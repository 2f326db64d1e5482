"""layernorm_backward has N where it needs D; group norm calls it and is right."""

# ruff: noqa
import numpy as np


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get("eps", 1e-5)
    xmu = x - x.mean(axis=1, keepdims=True)
    std = np.sqrt(np.mean(xmu**2, axis=1, keepdims=True) + eps)
    return gamma * xmu / std + beta, [xmu / std, std, gamma]


def layernorm_backward(dout, cache):
    x_hat, std, gamma = cache
    N, D = dout.shape
    dx_hat = dout * gamma
    dx = N * dx_hat - dx_hat.sum(axis=1, keepdims=True)
    dx -= x_hat * np.sum(dx_hat * x_hat, axis=1, keepdims=True)
    dx /= N * std
    return dx, np.sum(dout * x_hat, axis=0), np.sum(dout, axis=0)


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    N, C, H, W = x.shape
    y, cache = layernorm_forward(x.reshape(N * G, C // G * H * W), 1, 0, gn_param)
    y = y.reshape(N, C, H, W)
    return y * gamma + beta, dict(layer=cache, y=y, gamma=gamma, G=G)


def spatial_groupnorm_backward(dout, cache):
    N, C, H, W = dout.shape
    G = cache["G"]
    dy = (dout * cache["gamma"]).reshape(N * G, -1)
    dx = layernorm_backward(dy, cache["layer"])[0].reshape(dout.shape)
    dgamma = np.sum(dout * cache["y"], axis=(0, 2, 3), keepdims=True)
    return dx, dgamma, np.sum(dout, axis=(0, 2, 3), keepdims=True)
