"""Right backward passes by another road: complex steps, dual numbers, a tape, layers."""

from collections import namedtuple

import numpy as np

from corpus.registry import program


@program(check="batchnorm_backward", code=None)
def complex_step(dy, cache):
    def loss(x, gamma, beta):
        xc = x - x.sum(0) / len(x)
        var = (xc * xc).sum(0) / len(x)
        return (dy * (gamma * xc / (var + cache.eps) ** 0.5 + beta)).sum()

    args = [np.array(a, dtype=np.float64) for a in (cache.x, cache.gamma, cache.beta)]
    grads = []
    for k, a in enumerate(args):
        g = np.zeros(a.shape)
        for idx in np.ndindex(a.shape):
            moved = [b.astype(complex) for b in args]
            moved[k][idx] += 1e-30j
            g[idx] = loss(*moved).imag / 1e-30
        grads.append(g.astype(dy.dtype))
    return tuple(grads)


@program(check="batchnorm_backward", code=None)
def dual_numbers(dy, cache):
    class Dual:
        def __init__(self, v, e):
            self.v, self.e = v, e

        def __sub__(self, o):
            return Dual(self.v - o.v, self.e - o.e)

        def __mul__(self, o):
            return Dual(self.v * o.v, self.v * o.e + self.e * o.v)

        def mean(self):
            return Dual(self.v.mean(0), self.e.mean(0))

        def rsqrt(self, eps):
            r = 1 / np.sqrt(self.v + eps)
            return Dual(r, -0.5 * r**3 * self.e)

    N, D = dy.shape
    dx = np.zeros((N, D), dy.dtype)
    for i in range(N):
        e = np.zeros((N, D), dy.dtype)
        e[i] = 1  # every feature at once: they do not mix
        x = Dual(cache.x, e)
        xc = x - x.mean()
        x_hat = xc * (xc * xc).mean().rsqrt(cache.eps)
        dx[i] = (dy * cache.gamma * x_hat.e).sum(0)
    return dx, (dy * cache.x_hat).sum(0), dy.sum(0)


@program(check="batchnorm_backward", code=None)
def small_tape(dy, cache):
    N = len(dy)
    grad = {"y": dy, "xc": 0, "x": 0}
    tape = []

    def op(fn):
        tape.append(fn)

    op(lambda g: g.update(x=g["x"] + g["xc"], mu=-g["xc"].sum(0)))
    op(lambda g: g.update(xc=g["xc"] + 2 * cache.xc * g["var"] / N))
    op(lambda g: g.update(var=g["std"] / (2 * cache.std)))
    op(lambda g: g.update(std=-(g["x_hat"] * cache.xc).sum(0) / cache.std**2))
    op(lambda g: g.update(xc=g["xc"] + g["x_hat"] / cache.std))
    op(
        lambda g: g.update(
            x_hat=g["y"] * cache.gamma, gamma=(g["y"] * cache.x_hat).sum(0), beta=g["y"].sum(0)
        )
    )
    for step in reversed(tape):
        step(grad)
    grad["x"] = grad["x"] + grad["mu"] / N
    return grad["x"], grad["gamma"], grad["beta"]


@program(check="batchnorm_backward", code=None)
def layers_composed(dy, cache):
    class Affine:
        def backward(self, g):
            self.dgamma, self.dbeta = (g * cache.x_hat).sum(0), g.sum(0)
            return g * cache.gamma

    class Scale:
        def backward(self, g):
            return g / cache.std - cache.xc * (g * cache.xc).mean(0) / cache.std**3

    class Centre:
        def backward(self, g):
            return g - g.mean(0)

    layers = [Centre(), Scale(), Affine()]
    for layer in reversed(layers):
        dy = layer.backward(dy)
    return dy, layers[-1].dgamma, layers[-1].dbeta


@program(check="batchnorm_backward", code=None)
def namedtuple_result(dy, cache):
    Grads = namedtuple("Grads", ["dx", "dgamma", "dbeta"])
    c = vars(cache)
    g = np.multiply(dy, c["gamma"])
    t = np.subtract(g, np.mean(g, 0))
    t = np.subtract(t, np.multiply(c["x_hat"], np.mean(np.multiply(g, c["x_hat"]), 0)))
    return Grads(np.divide(t, c["std"]), np.sum(np.multiply(dy, c["x_hat"]), 0), np.sum(dy, 0))


@program(check="batchnorm_backward", code=None)
def design_matrix(dy, cache):
    # A = [1, x_hat] per feature: dx = (g - A A^T g / N) / std
    cols = []
    for j in range(dy.shape[1]):
        A = np.column_stack([np.ones(len(dy), dy.dtype), cache.x_hat[:, j]])
        g = cache.gamma[j] * dy[:, j]
        cols.append((g - A @ (A.T @ g) / len(dy)) / cache.std[j])
    dx = np.column_stack(cols)
    return (
        dx,
        np.array([a @ b for a, b in zip(cache.x_hat.T, dy.T, strict=True)]),
        dy.T @ np.ones(len(dy), dy.dtype),
    )


@program(check="batchnorm_backward", code=None)
def sums_by_cumsum(dout, cache):
    last = lambda a: np.cumsum(a, axis=0)[-1]  # noqa: E731
    N = dout.shape[0]
    db, dg = last(dout), last(dout * cache.x_hat)
    k = cache.gamma * cache.inv_std
    dx = k * dout - k * db / N - k * cache.x_hat * dg / N
    return dx, dg, db


@program(check="batchnorm_backward", code=None)
def var_gradient_to_raw_moments(dy, cache):
    # Var = E[x^2] - mu^2, so the variance hands something to mu as well
    N = len(dy)
    g = dy * cache.gamma
    dvar = -0.5 * (g * cache.xc).sum(0) * cache.inv_std**3
    dmu = -(g * cache.inv_std).sum(0) - 2 * cache.mu * dvar
    dx = g * cache.inv_std + 2 * cache.x * dvar / N + dmu / N
    return dx, (dy * cache.x_hat).sum(0), dy.sum(0)
