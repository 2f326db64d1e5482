"""Wrong gradient checks: which entries move, what precision, and what dy does."""

import numpy as np

from corpus.registry import program

# --- numerical-gradient.float32


@program(check="numerical_gradient", code="numerical-gradient.float32")
def cast_at_the_top(fn, x, dy, h):
    x = x.astype(np.float32)
    grad = np.zeros_like(x)
    for ix in np.ndindex(x.shape):
        xp, xm = x.copy(), x.copy()
        xp[ix] += h
        xm[ix] -= h
        grad[ix] = np.sum((fn(xp) - fn(xm)) * dy) / (2 * h)
    return grad


@program(check="numerical_gradient", code="numerical-gradient.float32")
def torch_default_dtype(fn, x, dy, h):
    # torch.get_default_dtype() is float32
    dtype = np.float32
    x = np.array(x, dtype=dtype)
    dx = np.zeros(x.shape, dtype=np.float64)
    it = np.nditer(x, flags=["multi_index"])
    while not it.finished:
        i = it.multi_index
        e = np.zeros(x.shape, dtype=dtype)
        e[i] = h
        dx[i] = np.sum((fn(x + e) - fn(x - e)) * dy) / (2 * h)
        it.iternext()
    return dx


@program(check="numerical_gradient", code="numerical-gradient.float32")
def buffers_in_single_precision(fn, x, dy, h):
    up, down = np.empty(x.shape, np.float32), np.empty(x.shape, np.float32)
    g = np.zeros(x.shape)
    for ix in np.ndindex(x.shape):
        up[...] = x
        down[...] = x
        up[ix] += np.float32(h)
        down[ix] -= np.float32(h)
        g[ix] = (np.vdot(fn(up.copy()), dy) - np.vdot(fn(down.copy()), dy)) / (2 * h)
    return g


# --- numerical-gradient.not-restored


@program(check="numerical_gradient", code="numerical-gradient.not-restored")
def no_third_line(fn, x, dy, h):
    x = np.array(x, dtype=float)
    grad = np.zeros_like(x)
    for ix in np.ndindex(x.shape):
        x[ix] += h
        plus = np.sum(fn(x.copy()) * dy)
        x[ix] -= 2 * h
        minus = np.sum(fn(x.copy()) * dy)
        grad[ix] = (plus - minus) / (2 * h)
    return grad


@program(check="numerical_gradient", code="numerical-gradient.not-restored")
def cs231n_without_oldval(f, x, df, h):
    x = x.astype(np.float64)
    grad = np.zeros(x.shape)
    it = np.nditer(x, flags=["multi_index"], op_flags=["readwrite"])
    while not it.finished:
        ix = it.multi_index
        oldval = x[ix]
        x[ix] = oldval + h
        pos = f(x).copy()
        x[ix] = oldval - h
        neg = f(x).copy()
        grad[ix] = np.sum((pos - neg) * df) / (2 * h)
        it.iternext()
    return grad


@program(check="numerical_gradient", code="numerical-gradient.not-restored")
def restored_only_at_the_end(fn, x, dy, h):
    work = np.array(x, dtype=float).ravel()
    g = np.zeros(work.size)
    for k in range(work.size):
        work[k] = work[k] + h
        a = np.vdot(fn(work.reshape(x.shape)), dy)
        work[k] = work[k] - 2 * h
        b = np.vdot(fn(work.reshape(x.shape)), dy)
        g[k] = (a - b) / (2 * h)
    work = np.array(x).ravel()  # 원래대로
    return g.reshape(x.shape)


@program(check="numerical_gradient", code="numerical-gradient.not-restored")
def down_first_then_up(fn, x, dy, h):
    z = x * 1.0
    g = np.zeros_like(z)
    for ix in np.ndindex(z.shape):
        z[ix] -= h
        lower = np.sum(fn(z.copy()) * dy)
        z[ix] += 2 * h
        upper = np.sum(fn(z.copy()) * dy)
        g[ix] = (upper - lower) / (2 * h)
    return g


# --- numerical-gradient.all-at-once


@program(check="numerical_gradient", code="numerical-gradient.all-at-once")
def vectorised_step(fn, x, dy, h):
    return (fn(x + h) - fn(x - h)) / (2 * h) * dy


@program(check="numerical_gradient", code="numerical-gradient.all-at-once")
def index_forgotten(fn, x, dy, h):
    x = x.astype(float)
    grad = np.zeros_like(x)
    for ix in np.ndindex(x.shape):
        xp, xm = x.copy(), x.copy()
        xp += h
        xm -= h
        grad[ix] = np.sum((fn(xp) - fn(xm)) * dy) / (2 * h)
    return grad


@program(check="numerical_gradient", code="numerical-gradient.all-at-once")
def unit_vector_of_ones(fn, x, dy, h):
    dx = np.zeros(x.shape)
    it = np.nditer(dx, flags=["multi_index"])
    for _ in it:
        e = np.ones(x.shape)  # x[ix] を動かす
        slope = (fn(x + h * e) - fn(x - h * e)) / (2 * h)
        dx[it.multi_index] = np.vdot(slope, dy)
    return dx


@program(check="numerical_gradient", code="numerical-gradient.all-at-once")
def one_number_for_all(fn, x, dy, h):
    total = np.sum((fn(x + h) - fn(x - h)) * dy) / (2 * h)
    return np.full(x.shape, total)


# --- numerical-gradient.diagonal-only


@program(check="numerical_gradient", code="numerical-gradient.diagonal-only")
def same_index_in_and_out(fn, x, dy, h):
    x = x.astype(float)
    grad = np.zeros_like(x)
    for ix in np.ndindex(x.shape):
        xp, xm = x.copy(), x.copy()
        xp[ix] += h
        xm[ix] -= h
        grad[ix] = (fn(xp)[ix] - fn(xm)[ix]) / (2 * h) * dy[ix]
    return grad


@program(check="numerical_gradient", code="numerical-gradient.diagonal-only")
def jacobian_then_diag(fn, x, dy, h):
    n = x.size
    J = np.zeros((n, n))
    for k in range(n):
        e = np.zeros(n)
        e[k] = h
        e = e.reshape(x.shape)
        J[:, k] = ((fn(x + e) - fn(x - e)) / (2 * h)).ravel()
    return (np.diag(J) * dy.ravel()).reshape(x.shape)


@program(check="numerical_gradient", code="numerical-gradient.diagonal-only")
def derivative_then_chain_rule(fn, x, dy, h):
    derivada = np.empty(x.shape)
    for i, xi in np.ndenumerate(x):
        a = np.array(x, dtype=float)
        a[i] = xi + h
        b = np.array(x, dtype=float)
        b[i] = xi - h
        derivada[i] = (fn(a) - fn(b))[i] / (2 * h)
    return dy * derivada


# --- numerical-gradient.dy-ignored


@program(check="numerical_gradient", code="numerical-gradient.dy-ignored")
def sum_of_outputs(fn, x, dy, h):
    x = x.astype(float)
    grad = np.zeros_like(x)
    for ix in np.ndindex(x.shape):
        xp, xm = x.copy(), x.copy()
        xp[ix] += h
        xm[ix] -= h
        grad[ix] = (fn(xp).sum() - fn(xm).sum()) / (2 * h)
    return grad


@program(check="numerical_gradient", code="numerical-gradient.dy-ignored")
def dy_of_ones_inside(fn, x, dy, h):
    dy = np.ones_like(fn(x * 1.0))
    v = x.ravel() * 1.0

    def loss(t):
        return np.vdot(fn(t.reshape(x.shape)), dy)

    g = [(loss(v + e) - loss(v - e)) / (2 * h) for e in h * np.eye(v.size)]
    return np.reshape(g, x.shape)


@program(check="numerical_gradient", code="numerical-gradient.dy-ignored")
def cs231n_scalar_version(f, x, df=None, h=1e-5):
    x = np.array(x, dtype=float)
    grad = np.zeros_like(x)
    it = np.nditer(x, flags=["multi_index"])
    while not it.finished:
        ix = it.multi_index
        oldval = x[ix]
        x[ix] = oldval + h
        fxph = np.sum(f(x))
        x[ix] = oldval - h
        fxmh = np.sum(f(x))
        x[ix] = oldval
        grad[ix] = (fxph - fxmh) / (2 * h)
        it.iternext()
    return grad


# --- numerical-gradient.mean-for-sum


@program(check="numerical_gradient", code="numerical-gradient.mean-for-sum")
def mean_loss(fn, x, dy, h):
    x = x.astype(float)
    grad = np.zeros_like(x)
    for ix in np.ndindex(x.shape):
        xp, xm = x.copy(), x.copy()
        xp[ix] += h
        xm[ix] -= h
        grad[ix] = np.mean((fn(xp) - fn(xm)) * dy) / (2 * h)
    return grad


@program(check="numerical_gradient", code="numerical-gradient.mean-for-sum")
def loss_function_with_average(fn, x, dy, h):
    def loss(z):
        y = fn(z)
        return np.vdot(y, dy) / y.size

    out = np.zeros(x.shape)
    for ix in np.ndindex(x.shape):
        e = np.zeros(x.shape)
        e[ix] = h
        out[ix] = (loss(x + e) - loss(x - e)) / (2 * h)
    return out


@program(check="numerical_gradient", code="numerical-gradient.mean-for-sum")
def average_of_the_column(fn, x, dy, h):
    # 平均损失，像 reduction="mean"
    columns = []
    for k in range(x.size):
        e = np.zeros(x.size)
        e[k] = h
        e = e.reshape(x.shape)
        column = (fn(x + e) - fn(x - e)) / (2 * h)
        columns.append(np.average(column * dy))
    return np.asarray(columns).reshape(x.shape)
