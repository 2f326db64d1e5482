# ruff: noqa: N802
"""Right numerical gradients, of every kind that must be accepted."""

import itertools

import numpy as np

from corpus.registry import program


@program(check="numerical_gradient", code=None)
def central_difference(fn, x, dy, h):
    x = x.astype(float)
    grad = np.zeros_like(x)
    for ix in np.ndindex(x.shape):
        xp, xm = x.copy(), x.copy()
        xp[ix] += h
        xm[ix] -= h
        grad[ix] = np.sum((fn(xp) - fn(xm)) * dy) / (2 * h)
    return grad


@program(check="numerical_gradient", code=None)
def cs231n_eval_numerical_gradient_array(f, x, df, h=1e-5):
    x = np.array(x, dtype=float)
    grad = np.zeros_like(x)
    it = np.nditer(x, flags=["multi_index"], op_flags=["readwrite"])
    while not it.finished:
        ix = it.multi_index
        oldval = x[ix]
        x[ix] = oldval + h
        pos = f(x).copy()
        x[ix] = oldval - h
        neg = f(x).copy()
        x[ix] = oldval
        grad[ix] = np.sum((pos - neg) * df) / (2 * h)
        it.iternext()
    return grad


@program(check="numerical_gradient", code=None)
def changed_and_put_back(fn, x, dy, h):
    """In place on the given array when it holds floats; it is as it was at the end."""
    if x.dtype != np.float64:
        x = x.astype(np.float64)
    grad = np.zeros(x.shape)
    for ix in np.ndindex(x.shape):
        saved = x[ix]
        x[ix] = saved + h
        up = np.sum(fn(x) * dy)
        x[ix] = saved - h
        down = np.sum(fn(x) * dy)
        x[ix] = saved
        grad[ix] = (up - down) / (2 * h)
    return grad


@program(check="numerical_gradient", code=None)
def flat_unit_vectors(fn, x, dy, h):
    v = x.ravel() * 1.0

    def loss(t):
        return np.vdot(fn(t.reshape(x.shape)), dy)

    return np.array([(loss(v + e) - loss(v - e)) / (2 * h) for e in h * np.eye(v.size)]).reshape(x.shape)


@program(check="numerical_gradient", code=None)
def whole_jacobian_first(fn, x, dy, h):
    columns = []
    for k in range(x.size):
        e = np.zeros(x.size)
        e[k] = h
        e = e.reshape(x.shape)
        columns.append(((fn(x + e) - fn(x - e)) / (2 * h)).ravel())
    J = np.stack(columns, axis=1)  # outputs x inputs
    return (J.T @ dy.ravel()).reshape(x.shape)


@program(check="numerical_gradient", code=None)
def five_points(fn, x, dy, h):
    def L(z):
        return np.sum(fn(z) * dy)

    g = np.zeros(x.shape)
    for ix in np.ndindex(x.shape):
        e = np.zeros(x.shape)
        e[ix] = h
        g[ix] = (8 * (L(x + e) - L(x - e)) - (L(x + 2 * e) - L(x - 2 * e))) / (12 * h)
    return g


@program(check="numerical_gradient", code=None)
def mean_of_both_sides(fn, x, dy, h):
    # 左右の差分の平均
    def f(z):
        return float(np.sum(fn(z) * dy))

    here = f(x * 1.0)
    g = np.zeros(x.shape)
    for ix in np.ndindex(x.shape):
        e = np.zeros(x.shape)
        e[ix] = h
        right = (f(x + e) - here) / h
        left = (here - f(x - e)) / h
        g[ix] = (right + left) / 2
    return g


@program(check="numerical_gradient", code=None)
def half_a_step_each_side(fn, x, dy, h):
    halb = h / 2
    g = np.zeros(x.shape)
    for ix in np.ndindex(x.shape):
        e = np.zeros(x.shape)
        e[ix] = halb
        g[ix] = np.sum((fn(x + e) - fn(x - e)) * dy) / h
    return g


@program(check="numerical_gradient", code=None)
def divided_by_the_real_step(fn, x, dy, h):
    g = np.zeros(x.shape, dtype=np.float64)
    for ix, value in np.ndenumerate(x):
        a, b = np.array(x, dtype=np.float64), np.array(x, dtype=np.float64)
        a[ix], b[ix] = value + h, value - h
        g[ix] = np.tensordot(fn(a) - fn(b), dy, axes=dy.ndim) / (a[ix] - b[ix])
    return g


@program(check="numerical_gradient", code=None)
def indices_from_itertools(fn, x, dy, h):
    def shifted(ix, by):
        z = np.array(x, dtype=float)
        z[ix] += by
        return z

    grad = np.empty(x.shape)
    for ix in itertools.product(*map(range, x.shape)):
        weights = np.array([1.0, -1.0]) / (2 * h)
        values = [np.vdot(fn(shifted(ix, s)), dy) for s in (h, -h)]
        grad[ix] = weights @ values
    return grad


@program(check="numerical_gradient", code=None)
def recursive_partial(fn, x, dy, h):
    shape, n = x.shape, x.size

    def fill(k, done):
        if k == n:
            return done
        e = (np.arange(n) == k).reshape(shape) * h
        d = np.sum(dy * (fn(x + e) - fn(x - e))) / (2 * h)
        return fill(k + 1, [*done, d])

    return np.array(fill(0, [])).reshape(shape)
