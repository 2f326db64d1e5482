"""Right answers in the styles real people write, in float64 and float32: never accused."""

import numpy as np
import pytest

from bncourse.exercises.judging import judge
from bncourse.exercises.specs import exercise


def plain(x, gamma, beta, eps=1e-5):
    mu, var = x.mean(axis=0), x.var(axis=0)
    return gamma * (x - mu) / np.sqrt(var + eps) + beta, {"mu": mu}


def keyword_only(x, gamma, beta, *, eps):
    return plain(x, gamma, beta, eps)[0]


def folded(x, gamma, beta, eps):
    scale = gamma / np.sqrt(x.var(axis=0) + eps)
    return scale * x + (beta - scale * x.mean(axis=0))


def var_that_holds_the_std(x, gamma, beta, eps):
    xc = x - x.mean(0, keepdims=True)
    var = (np.einsum("nd,nd->d", xc, xc) / x.shape[0] + eps) ** 0.5
    return (xc / var * gamma + beta,)


def loops(x, gamma, beta, eps):
    N, D = x.shape
    y = np.zeros((N, D))
    for d in range(D):
        mu = sum(x[n, d] for n in range(N)) / N
        var = sum((x[n, d] - mu) ** 2 for n in range(N)) / N
        for n in range(N):
            y[n, d] = gamma[d] * (x[n, d] - mu) / (var + eps) ** 0.5 + beta[d]
    return y, None


def welford(x, gamma, beta, eps):
    mean, M2 = np.zeros(x.shape[1]), np.zeros(x.shape[1])
    for n, row in enumerate(x, start=1):
        delta = row - mean
        mean = mean + delta / n
        M2 = M2 + delta * (row - mean)
    return gamma * (x - mean) / np.sqrt(M2 / len(x) + eps) + beta


def matrix(x, gamma, beta, eps):
    centre = np.eye(len(x)) - 1 / len(x)
    xc = centre @ x
    return xc @ np.diag(gamma / np.sqrt(np.diag(xc.T @ xc) / len(x) + eps)) + beta


FORWARDS = [plain, keyword_only, folded, var_that_holds_the_std, loops, welford, matrix]


def short(dy, cache):
    g = dy * cache.gamma
    dx = (g - g.mean(0) - cache.x_hat * (g * cache.x_hat).mean(0)) * cache.inv_std
    return dx, np.sum(dy * cache.x_hat, axis=0), np.sum(dy, axis=0)


def cs231n_alt(dout, cache):
    N = dout.shape[0]
    dbeta, dgamma = dout.sum(0), (dout * cache.x_hat).sum(0)
    dx = cache.gamma / cache.std / N * (N * dout - dbeta - cache.x_hat * dgamma)
    return dx, dgamma, dbeta


def paper(dy, c):
    N = len(dy)
    dx_hat = dy * c.gamma
    dvar = np.sum(dx_hat * (c.x - c.mu) * -0.5 * (c.var + c.eps) ** -1.5, axis=0)
    dmu = np.sum(dx_hat * -1 / np.sqrt(c.var + c.eps), axis=0) + dvar * np.mean(-2 * (c.x - c.mu), axis=0)
    dx = dx_hat / np.sqrt(c.var + c.eps) + dvar * 2 * (c.x - c.mu) / N + dmu / N
    return [dx, np.sum(dy * c.x_hat, axis=0), np.sum(dy, axis=0)]


def without_the_term_that_is_zero(dy, c):
    N = len(dy)
    dx_hat = dy * c.gamma
    dvar = (dx_hat * c.xc).sum(0) * -0.5 * c.inv_std**3
    dmu = -(dx_hat * c.inv_std).sum(0) + 17 * dvar * c.xc.mean(0)
    return dx_hat * c.inv_std + dvar * 2 * c.xc / N + dmu / N, (dy * c.x_hat).sum(0), dy.sum(0)


def jacobian(dy, c):
    N, D = dy.shape
    dx = np.empty((N, D))
    for d in range(D):
        J = np.eye(N) - 1 / N - np.outer(c.x_hat[:, d], c.x_hat[:, d]) / N
        dx[:, d] = c.gamma[d] * c.inv_std[d] * (J @ dy[:, d])
    return dx, np.einsum("ij,ij->j", dy, c.x_hat), np.einsum("ij->j", dy)


def computed_again(dy, c):
    xc = c.x - c.x.mean(0)
    s = np.sqrt((xc**2).mean(0) + c.eps)
    h = xc / s
    return c.gamma / s * (dy - dy.mean(0) - h * (dy * h).mean(0)), (dy * h).sum(0), dy.sum(0)


BACKWARDS = [short, cs231n_alt, paper, without_the_term_that_is_zero, jacobian, computed_again]


def update(mean, var, x, new_weight):
    N = len(x)
    return mean + new_weight * (x.mean(0) - mean), var + new_weight * (x.var(0) * N / (N - 1) - var)


def update_in_loops(mean, var, x, new_weight):
    m = np.array([np.mean(column) for column in x.T])
    v = np.array([np.var(column, ddof=1) for column in x.T])
    return [(1 - new_weight) * mean + new_weight * m, (1 - new_weight) * var + new_weight * v]


def use(x, gamma, beta, mean, var, eps):
    return gamma * (x - mean) / np.sqrt(var + eps) + beta


def use_folded(x, gamma, beta, mean, var, *, eps):
    scale = gamma / np.sqrt(var + eps)
    return x * scale + (beta - mean * scale)


def layer(x, gamma, beta, mean, var, new_weight, eps, training):
    if not training:
        return use(x, gamma, beta, mean, var, eps), mean, var
    return plain(x, gamma, beta, eps)[0], *update(mean, var, x, new_weight)


class Changes:
    def __init__(self, D, new_weight):
        self.mean, self.var, self.w = np.zeros(D), np.ones(D), new_weight

    def update(self, x):
        self.mean, self.var = update(self.mean, self.var, x, self.w)


class Returns:
    def __init__(self, D, new_weight=0.1, mean=None, var=None):
        self.D, self.new_weight = D, new_weight
        self.mean = np.zeros(D) if mean is None else mean
        self.var = np.ones(D) if var is None else var

    def update(self, x):
        return Returns(self.D, self.new_weight, *update(self.mean, self.var, x, self.new_weight))


PROGRAMS = (
    [("batchnorm_forward", fn) for fn in FORWARDS]
    + [("batchnorm_backward", fn) for fn in BACKWARDS]
    + [("running_stats", fn) for fn in (update, update_in_loops)]
    + [("inference", fn) for fn in (use, use_folded)]
    + [("batchnorm_layer", layer)]
)


def narrowed(value):
    """In float32, cache and all; integers stay what they are."""
    if isinstance(value, np.ndarray) and value.dtype == np.float64:
        return value.astype(np.float32)
    if hasattr(value, "__dataclass_fields__"):
        parts = (narrowed(getattr(value, name)) for name in value.__dataclass_fields__)
        return type(value)(*parts)
    return value


def in_float32(fn):
    return lambda *args, **kwargs: fn(*(narrowed(arg) for arg in args), **kwargs)


@pytest.mark.parametrize(("check", "fn"), PROGRAMS, ids=lambda value: getattr(value, "__name__", value))
@pytest.mark.parametrize("single", [False, True], ids=["float64", "float32"])
def test_a_right_answer_is_never_accused(check, fn, single):
    row = exercise(check)
    if single:
        called = in_float32(fn)
        asked = (
            called
            if fn not in (keyword_only, use_folded)
            else (lambda *args: called(*args[:-1], eps=args[-1]))
        )
    for seed in range(20):
        verdict = judge(row, asked if single else fn, rng=np.random.default_rng(seed))
        assert verdict, (seed, verdict.text())


@pytest.mark.parametrize("kind", [Changes, Returns])
def test_a_class_that_changes_itself_and_one_that_returns_another_pass(kind):
    for seed in range(20):
        assert judge(exercise("running_stats"), kind, rng=np.random.default_rng(seed))


def test_a_class_with_a_slip_is_named():
    class Keeps(Changes):
        def update(self, x):
            self.mean = self.w * self.mean + (1 - self.w) * x.mean(axis=0)
            self.var = self.w * self.var + (1 - self.w) * x.var(axis=0, ddof=1)

    verdict = judge(exercise("running_stats"), Keeps)
    assert (verdict.check, verdict.code) == ("running_stats", "running.weight-inverted")
