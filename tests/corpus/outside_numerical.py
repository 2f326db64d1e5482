"""Wrong gradient checks that no code names: the checker has to say that it does not know."""

import numpy as np

from corpus.registry import program


def _partial(fn, x, dy, h, ix):
    e = np.zeros(x.shape)
    e[ix] = h
    return np.sum((fn(x + e) - fn(x - e)) * dy) / (2 * h)


@program(check="numerical_gradient", code="outside")
def random_direction(fn, x, dy, h):
    # SPSA: one random direction for all entries
    d = np.sign(np.random.default_rng(0).standard_normal(x.shape))
    return np.sum((fn(x + h * d) - fn(x - h * d)) * dy) / (2 * h) * d


@program(check="numerical_gradient", code="outside")
def absolute_slope(fn, x, dy, h):
    return np.reshape([abs(_partial(fn, x, dy, h, ix)) for ix in np.ndindex(x.shape)], x.shape)


@program(check="numerical_gradient", code="outside")
def dy_squared(fn, x, dy, h):
    g = np.zeros(x.shape)
    for ix in np.ndindex(x.shape):
        g[ix] = _partial(fn, x, dy**2, h, ix)
    return g


@program(check="numerical_gradient", code="outside")
def entries_in_reverse(fn, x, dy, h):
    g = [_partial(fn, x, dy, h, ix) for ix in np.ndindex(x.shape)]
    g.reverse()
    return np.array(g).reshape(x.shape)


@program(check="numerical_gradient", code="outside")
def second_derivative(fn, x, dy, h):
    g = np.zeros(x.shape)
    here = np.sum(fn(x * 1.0) * dy)
    for ix in np.ndindex(x.shape):
        e = np.zeros(x.shape)
        e[ix] = 1e-3
        g[ix] = (np.sum(fn(x + e) * dy) - 2 * here + np.sum(fn(x - e) * dy)) / 1e-6
    return g


@program(check="numerical_gradient", code="outside")
def last_entry_left_out(fn, x, dy, h):
    g = np.zeros(x.size)
    for k in range(x.size - 1):
        g[k] = _partial(fn, x, dy, h, np.unravel_index(k, x.shape))
    return g.reshape(x.shape)


@program(check="numerical_gradient", code="outside")
def relative_step_not_divided_out(fn, x, dy, h):
    # x(1 + h) 与 x(1 - h)
    g = np.zeros(x.shape)
    for ix in np.ndindex(x.shape):
        up, down = np.array(x, dtype=float), np.array(x, dtype=float)
        up[ix] *= 1 + h
        down[ix] *= 1 - h
        g[ix] = np.sum((fn(up) - fn(down)) * dy) / (2 * h)
    return g


@program(check="numerical_gradient", code="outside")
def dy_replaced_by_its_mean(fn, x, dy, h):
    flat = np.full(dy.shape, dy.mean())
    return np.reshape([_partial(fn, x, flat, h, ix) for ix in np.ndindex(x.shape)], x.shape)


@program(check="numerical_gradient", code="outside")
def unit_length(fn, x, dy, h):
    g = np.reshape([_partial(fn, x, dy, h, ix) for ix in np.ndindex(x.shape)], x.shape)
    return g / np.linalg.norm(g)
