# ruff: noqa: N802
"""Wrong gradient checks: the difference, its divisor, and the step."""

import numpy as np

from corpus.registry import program

# --- numerical-gradient.one-sided


@program(check="numerical_gradient", code="numerical-gradient.one-sided")
def forward_difference(fn, x, dy, h):
    x = x.astype(float)
    grad = np.zeros_like(x)
    f0 = np.sum(fn(x) * dy)
    for ix in np.ndindex(x.shape):
        xp = x.copy()
        xp[ix] += h
        grad[ix] = (np.sum(fn(xp) * dy) - f0) / h
    return grad


@program(check="numerical_gradient", code="numerical-gradient.one-sided")
def flat_forward_difference(fn, x, dy, h):
    flat = np.array(x, dtype=np.float64).ravel()

    def loss(v):
        return float((fn(v.reshape(x.shape)) * dy).sum())

    base = loss(flat)
    steps = np.eye(flat.size) * h
    return np.array([(loss(flat + s) - base) / h for s in steps]).reshape(x.shape)


@program(check="numerical_gradient", code="numerical-gradient.one-sided")
def nditer_one_side(fn, x, dy, h):
    x = np.array(x, dtype=float)
    dx = np.zeros(x.shape)
    y = np.array(fn(x.copy()))
    it = np.nditer(x, flags=["multi_index"])
    for _ in it:
        i = it.multi_index
        old = x[i]
        x[i] = old + h
        dx[i] = ((fn(x.copy()) - y) / h * dy).sum()
        x[i] = old
    return dx


# --- numerical-gradient.one-sided-below


@program(check="numerical_gradient", code="numerical-gradient.one-sided-below")
def backward_difference(fn, x, dy, h):
    x = x.astype(float)
    grad = np.zeros_like(x)
    f0 = np.sum(fn(x) * dy)
    for ix in np.ndindex(x.shape):
        xm = x.copy()
        xm[ix] -= h
        grad[ix] = (f0 - np.sum(fn(xm) * dy)) / h
    return grad


@program(check="numerical_gradient", code="numerical-gradient.one-sided-below")
def minus_a_unit_vector(fn, x, dy, h):
    g = np.empty(x.size)
    for k in range(x.size):
        e = np.zeros(x.size)
        e[k] = h
        e = e.reshape(x.shape)
        g[k] = np.vdot(fn(x * 1.0) - fn(x - e), dy) / h
    return g.reshape(x.shape)


@program(check="numerical_gradient", code="numerical-gradient.one-sided-below")
def negative_step_forward_formula(fn, x, dy, h):
    h = -h  # von links

    def L(z):
        return np.tensordot(fn(z), dy, axes=dy.ndim)

    out = np.zeros(x.shape)
    for ix, _ in np.ndenumerate(x):
        z = np.array(x, dtype=float)
        z[ix] = z[ix] + h
        out[ix] = (L(z) - L(np.array(x, dtype=float))) / h
    return out


# --- numerical-gradient.twice


@program(check="numerical_gradient", code="numerical-gradient.twice")
def central_over_h(fn, x, dy, h):
    x = x.astype(float)
    grad = np.zeros_like(x)
    for ix in np.ndindex(x.shape):
        xp, xm = x.copy(), x.copy()
        xp[ix] += h
        xm[ix] -= h
        grad[ix] = np.sum((fn(xp) - fn(xm)) * dy) / h
    return grad


@program(check="numerical_gradient", code="numerical-gradient.twice")
def precedence_of_the_two(fn, x, dy, h):
    dx = np.zeros(x.shape)
    for i in range(x.size):
        idx = np.unravel_index(i, x.shape)
        v = np.array(x, dtype=float)
        mid = v[idx]
        v[idx] = mid + h
        plus = (fn(v.copy()) * dy).sum()
        v[idx] = mid - h
        minus = (fn(v.copy()) * dy).sum()
        dx[idx] = 2 * (plus - minus) / (2 * h)
    return dx


@program(check="numerical_gradient", code="numerical-gradient.twice")
def both_sides_added(fn, x, dy, h):
    # suma de la diferencia de la derecha y la de la izquierda
    def f(z):
        return np.sum(fn(z) * dy)

    g = np.zeros(x.shape)
    for ix in np.ndindex(*x.shape):
        e = np.zeros(x.shape)
        e[ix] = h
        right = (f(x + e) - f(x + 0.0)) / h
        left = (f(x + 0.0) - f(x - e)) / h
        g[ix] = right + left
    return g


# --- numerical-gradient.half


@program(check="numerical_gradient", code="numerical-gradient.half")
def forward_over_two_h(fn, x, dy, h):
    x = x.astype(float)
    grad = np.zeros_like(x)
    f0 = np.sum(fn(x) * dy)
    for ix in np.ndindex(x.shape):
        xp = x.copy()
        xp[ix] += h
        grad[ix] = (np.sum(fn(xp) * dy) - f0) / (2 * h)
    return grad


@program(check="numerical_gradient", code="numerical-gradient.half")
def minus_never_stepped(fn, x, dy, h):
    grad = np.zeros(x.shape)
    for ix in np.ndindex(x.shape):
        plus = np.array(x, dtype=float)
        minus = np.array(x, dtype=float)
        plus[ix] += h
        minus[ix] - h
        grad[ix] = (fn(plus) * dy - fn(minus) * dy).sum() / (2.0 * h)
    return grad


@program(check="numerical_gradient", code="numerical-gradient.half")
def stepped_up_and_back(fn, x, dy, h):
    z = np.array(x, dtype=float)
    grad = np.zeros_like(z)
    for ix in np.ndindex(z.shape):
        old = z[ix]
        z[ix] = old + h
        up = np.sum(fn(z.copy()) * dy)
        z[ix] = z[ix] - h  # 一歩戻る：これで x - h のつもり
        down = np.sum(fn(z.copy()) * dy)
        z[ix] = old
        grad[ix] = (up - down) / (2 * h)
    return grad


# --- numerical-gradient.not-divided


@program(check="numerical_gradient", code="numerical-gradient.not-divided")
def only_the_difference(fn, x, dy, h):
    x = x.astype(float)
    grad = np.zeros_like(x)
    for ix in np.ndindex(x.shape):
        xp, xm = x.copy(), x.copy()
        xp[ix] += h
        xm[ix] -= h
        grad[ix] = np.sum((fn(xp) - fn(xm)) * dy)
    return grad


@program(check="numerical_gradient", code="numerical-gradient.not-divided")
def change_of_the_loss(fn, x, dy, h):
    def L(v):
        return (fn(v.reshape(x.shape)) * dy).sum()

    v = x.reshape(-1) * 1.0
    E = h * np.eye(v.size)
    return np.array([L(v + e) - L(v - e) for e in E]).reshape(x.shape)


@program(check="numerical_gradient", code="numerical-gradient.not-divided")
def quotient_not_stored(fn, x, dy, h):
    g = np.zeros(x.shape)
    for ix in np.ndindex(x.shape):
        e = np.zeros(x.shape)
        e[ix] = h
        diff = np.vdot(fn(x + e), dy) - np.vdot(fn(x - e), dy)
        slope = diff / (2 * h)
        assert slope.ndim == 0
        g[ix] = diff
    return g


@program(check="numerical_gradient", code="numerical-gradient.not-divided")
def divided_by_two_alone(fn, x, dy, h):
    # Mittel der beiden Seiten
    g = np.zeros(x.shape)
    for ix in np.ndindex(x.shape):
        e = np.zeros(x.shape)
        e[ix] = h
        g[ix] = np.sum((fn(x + e) - fn(x - e)) * dy) / 2
    return g


# --- numerical-gradient.sign


@program(check="numerical_gradient", code="numerical-gradient.sign")
def minus_less_plus(fn, x, dy, h):
    x = x.astype(float)
    grad = np.zeros_like(x)
    for ix in np.ndindex(x.shape):
        xp, xm = x.copy(), x.copy()
        xp[ix] += h
        xm[ix] -= h
        grad[ix] = np.sum((fn(xm) - fn(xp)) * dy) / (2 * h)
    return grad


@program(check="numerical_gradient", code="numerical-gradient.sign")
def first_minus_h(fn, x, dy, h):
    dx = []
    flat = np.array(x, dtype=float).flatten()
    for k in range(len(flat)):
        losses = []
        for step in (-h, h):
            moved = flat.copy()
            moved[k] += step
            losses.append(np.sum(fn(moved.reshape(x.shape)) * dy))
        dx.append((losses[0] - losses[1]) / (2 * h))
    return np.array(dx).reshape(x.shape)


@program(check="numerical_gradient", code="numerical-gradient.sign")
def descent_direction(fn, x, dy, h):
    # 梯度下降的方向
    def partial(ix):
        e = np.zeros(x.shape)
        e[ix] = 1.0
        return np.tensordot((fn(x + h * e) - fn(x - h * e)) / (2 * h), dy, axes=dy.ndim)

    out = np.zeros(x.shape)
    for ix in np.ndindex(x.shape):
        out[ix] -= partial(ix)
    return out


# --- numerical-gradient.step-too-small


@program(check="numerical_gradient", code="numerical-gradient.step-too-small")
def as_small_as_possible(fn, x, dy, h):
    h = 1e-14
    grad = np.zeros(x.shape)
    for ix in np.ndindex(x.shape):
        xp, xm = np.array(x, dtype=float), np.array(x, dtype=float)
        xp[ix] += h
        xm[ix] -= h
        grad[ix] = np.sum((fn(xp) - fn(xm)) * dy) / (2 * h)
    return grad


@program(check="numerical_gradient", code="numerical-gradient.step-too-small")
def limit_h_to_zero(fn, x, dy, h=1e-14):
    tiny = 1e-15  # lim h -> 0
    out = np.zeros(x.size)
    for k in range(x.size):
        e = np.zeros(x.size)
        e[k] = tiny
        e = e.reshape(x.shape)
        out[k] = np.vdot(fn(x + e) - fn(x - e), dy) / (2 * tiny)
    return out.reshape(x.shape)


@program(check="numerical_gradient", code="numerical-gradient.step-too-small")
def machine_epsilon_step(fn, x, dy, h):
    h = 50 * np.finfo(np.float64).eps  # the machine can tell it apart from zero
    z = np.array(x, dtype=np.float64)
    g = np.zeros_like(z)
    for ix in np.ndindex(z.shape):
        keep = z[ix]
        z[ix] = keep + h
        a = np.sum(fn(z.copy()) * dy)
        z[ix] = keep - h
        b = np.sum(fn(z.copy()) * dy)
        z[ix] = keep
        g[ix] = (a - b) / (2 * h)
    return g


# --- numerical-gradient.step-too-large


@program(check="numerical_gradient", code="numerical-gradient.step-too-large")
def unit_steps(fn, x, dy, h):
    h = 1.0
    grad = np.zeros(x.shape)
    for ix in np.ndindex(x.shape):
        xp, xm = np.array(x, dtype=float), np.array(x, dtype=float)
        xp[ix] += h
        xm[ix] -= h
        grad[ix] = np.sum((fn(xp) - fn(xm)) * dy) / (2 * h)
    return grad


@program(check="numerical_gradient", code="numerical-gradient.step-too-large")
def one_hot_added(fn, x, dy, h):
    basis = np.eye(x.size).reshape(x.size, *x.shape)
    slopes = [np.sum((fn(x + e) - fn(x - e)) / 2 * dy) for e in basis]
    return np.array(slopes).reshape(x.shape)


@program(check="numerical_gradient", code="numerical-gradient.step-too-large")
def tenth_of_a_unit(fn, x, dy, h):
    pas = 0.1
    g = np.zeros(x.shape)
    for ix in np.ndindex(x.shape):
        e = np.zeros(x.shape)
        e[ix] = pas
        g[ix] = np.sum((fn(x + e) - fn(x - e)) * dy) / (2 * pas)
    return g
